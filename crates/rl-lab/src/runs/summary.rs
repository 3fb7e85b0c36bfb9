//! Results of a run, as `summary.json` has them.

use serde::{Deserialize, Serialize};

/// Part of `summary.json` that runs are listed and compared by. A number that the run does not have is
/// `None`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct RunSummary {
    /// `finished`, `reached`, `interrupted` or `failed`.
    pub outcome: String,
    /// Environment steps.
    pub env_steps: u64,
    /// Updates.
    pub updates: u64,
    /// Finished episodes.
    pub episodes: u64,
    /// Seconds that all updates took.
    pub wall_s: f64,
    /// Mean return of late, of drawn actions.
    pub final_return_mean: Option<f64>,
    /// The largest such mean.
    pub best_return_mean: Option<f64>,
    /// Returns of the final policy's likeliest actions, of a run that is complete.
    pub evaluation: Option<EvaluationSummary>,
    /// Returns of its drawn actions.
    pub evaluation_stochastic: Option<EvaluationSummary>,
    /// Mean return of the initial policy's drawn actions.
    #[serde(default)]
    pub initial_return_mean: Option<f64>,
    /// Policy file that it started from, if it did.
    #[serde(default)]
    pub init_from: Option<String>,
    /// Flag: drawn actions of the final policy return more than those of the initial one.
    #[serde(default)]
    pub learned: Option<bool>,
    /// Signs that it did not learn, in words.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// Undiscounted returns of a run's final policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvaluationSummary {
    /// Number of episodes.
    pub episodes: u64,
    /// Mean of their returns.
    pub return_mean: f64,
    /// Expected return, exact, where it is known.
    #[serde(default)]
    pub return_expected: Option<f64>,
    /// Standard deviation of their returns.
    pub return_std: f64,
    /// The least return.
    pub return_min: f64,
    /// The largest return.
    pub return_max: f64,
}

impl EvaluationSummary {
    /// The expected return where it is known, else the mean of the episodes.
    pub fn score(&self) -> f64 {
        self.return_expected.unwrap_or(self.return_mean)
    }
}

//! Summaries of complete runs.

use serde::Deserialize;

use crate::runs::EvaluationSummary;

/// The part of `summary.json` that many runs are compared by.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct RunSummary {
    pub env_steps: u64,
    /// Environment steps at which the last update began to gather its own.
    pub env_steps_before_last_update: u64,
    pub updates: u64,
    /// Seconds from the first step to the last update.
    pub wall_s: f64,
    pub env_steps_per_s: f64,
    /// Returns of the final policy's likeliest actions.
    pub evaluation: EvaluationSummary,
    /// Returns of actions that are drawn from the final policy.
    pub evaluation_stochastic: EvaluationSummary,
}

impl RunSummary {
    /// The score of the likeliest actions.
    pub fn score(&self) -> f64 {
        self.evaluation.score()
    }
}

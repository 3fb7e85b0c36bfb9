//! Runs that are complete.

use serde::Deserialize;

use super::Claim;

/// Completed run of a claim's preset with one seed.
#[derive(Clone, Debug, PartialEq)]
pub struct CompletedRun {
    pub claim: &'static Claim,
    pub seed: u64,
    pub summary: RunSummary,
}

/// The part of `summary.json` that evidence is made of.
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
}

/// Undiscounted returns of a run's final policy.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct EvaluationSummary {
    pub episodes: u64,
    pub return_mean: f64,
    pub return_std: f64,
    pub return_min: f64,
    pub return_max: f64,
}

impl CompletedRun {
    /// The mean return of its evaluation.
    pub fn score(&self) -> f64 {
        self.summary.evaluation.return_mean
    }

    /// Returns `true` if it started its last update within the budget.
    pub fn is_within_budget(&self) -> bool {
        self.summary.env_steps_before_last_update <= self.claim.budget
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::claims::CLAIMS;

    #[test]
    fn a_run_keeps_its_budget_if_its_last_update_starts_within_it() {
        let claim: &'static Claim = &CLAIMS[0];
        let run = |env_steps_before_last_update| CompletedRun {
            claim,
            seed: 0,
            summary: RunSummary {
                env_steps: 2 * claim.budget,
                env_steps_before_last_update,
                updates: 10,
                wall_s: 1.0,
                env_steps_per_s: 1.0,
                evaluation: EvaluationSummary {
                    episodes: 1,
                    return_mean: 0.0,
                    return_std: 0.0,
                    return_min: 0.0,
                    return_max: 0.0,
                },
            },
        };
        assert!(run(claim.budget).is_within_budget());
        assert!(!run(claim.budget + 1).is_within_budget());
    }
}

//! Runs that are complete.

use super::Claim;
use crate::jobs::RunSummary;

/// Completed run of a claim's preset with one seed.
#[derive(Clone, Debug, PartialEq)]
pub struct CompletedRun {
    pub claim: &'static Claim,
    pub seed: u64,
    pub summary: RunSummary,
}

impl CompletedRun {
    /// The score of the likeliest actions.
    pub fn score(&self) -> f64 {
        self.summary.score()
    }

    /// Returns `true` if its score is one that was to be reached.
    pub fn is_there(&self) -> bool {
        self.score() >= self.claim.threshold
    }

    /// Returns `true` if it started its last update within the budget.
    pub fn is_within_budget(&self) -> bool {
        self.summary.env_steps_before_last_update <= self.claim.budget
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::evidence::claims::CLAIMS;
    use crate::runs::EvaluationSummary;

    /// A run of the first claim.
    pub fn run(seed: u64, score: f64, env_steps_before_last_update: u64) -> CompletedRun {
        let evaluation = |return_mean: f64| EvaluationSummary {
            episodes: 100,
            return_mean,
            return_expected: None,
            return_std: 1.0,
            return_min: return_mean - 1.0,
            return_max: return_mean + 1.0,
        };
        CompletedRun {
            claim: &CLAIMS[0],
            seed,
            summary: RunSummary {
                env_steps: 2 * env_steps_before_last_update,
                env_steps_before_last_update,
                updates: 2,
                wall_s: 1.5 + seed as f64,
                env_steps_per_s: 1000.0,
                evaluation: evaluation(score),
                evaluation_stochastic: evaluation(score - 10.0),
            },
        }
    }

    #[test]
    fn a_run_keeps_its_budget_if_its_last_update_starts_within_it() {
        let budget = CLAIMS[0].budget;
        assert!(run(0, 0.0, budget).is_within_budget());
        assert!(!run(0, 0.0, budget + 1).is_within_budget());
    }
}

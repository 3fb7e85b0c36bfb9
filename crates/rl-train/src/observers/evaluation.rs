//! Evaluation while a run goes on.

use std::ops::ControlFlow;

use rl_core::{ActionChoice, BoxError, Metrics};

use crate::config::RunConfig;
use crate::evaluate::{EvaluationConfig, evaluate_run};
use crate::observer::Observer;
use crate::view::RunView;

/// Evaluation of the policy every so many updates, and after the last, on episodes that no training
/// sees.
///
/// It adds the metrics `eval_return_mean` and `eval_return_std` (the likeliest actions),
/// `eval_drawn_return_mean` and `eval_drawn_return_std` (drawn ones); NaN in updates between.
#[derive(Clone, Copy, Debug)]
pub struct PeriodicEvaluation {
    every: u64,
    config: EvaluationConfig,
}

impl PeriodicEvaluation {
    /// Evaluation over `episodes` episodes after every `every` updates; 0 counts as 1. Episode `k`
    /// starts as Gymnasium's `reset(seed=1000000 + k)`.
    pub fn every(every: u64, episodes: usize) -> Self {
        Self {
            every: every.max(1),
            config: EvaluationConfig {
                episodes,
                seed: 1_000_000,
                ..EvaluationConfig::default()
            },
        }
    }
}

impl From<&RunConfig> for PeriodicEvaluation {
    /// As the keys of a run have it.
    fn from(keys: &RunConfig) -> Self {
        let mut every = Self::every(keys.eval_every, keys.eval_episodes);
        every.config.gamma = keys.eval_gamma;
        every
    }
}

impl Observer for PeriodicEvaluation {
    fn update(
        &mut self,
        run: &dyn RunView,
        metrics: &mut Metrics,
    ) -> Result<ControlFlow<()>, BoxError> {
        let mut metric = [f64::NAN; 4];
        let clock = run.clock();
        if clock.updates.is_multiple_of(self.every) || clock.has_spent(run.budget()) {
            let judge = |choice| evaluate_run(run, choice, self.config);
            let likeliest = judge(ActionChoice::Mode)?;
            let drawn = judge(ActionChoice::Sample)?;
            metric = [
                likeliest.return_mean,
                likeliest.return_std,
                drawn.return_mean,
                drawn.return_std,
            ];
        }
        let names = [
            "eval_return_mean",
            "eval_return_std",
            "eval_drawn_return_mean",
            "eval_drawn_return_std",
        ];
        for (name, metric) in names.into_iter().zip(metric) {
            metrics.put(name, metric);
        }
        Ok(ControlFlow::Continue(()))
    }
}

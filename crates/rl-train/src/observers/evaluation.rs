//! Evaluation while a run goes on.

use std::ops::ControlFlow;

use rl_core::{ActionChoice, BoxError, Metrics};

use crate::evaluate::evaluate_run;
use crate::observer::Observer;
use crate::view::RunView;

/// Evaluation of the policy every so many updates, and after the last, on episodes that no training
/// sees.
///
/// It adds the metrics `eval_return_mean` and `eval_return_std` (the likeliest actions), and
/// `eval_drawn_return_mean` (drawn ones); NaN in updates between.
#[derive(Clone, Copy, Debug)]
pub struct PeriodicEvaluation {
    every: u64,
    episodes: usize,
    seed: u64,
}

impl PeriodicEvaluation {
    /// Evaluation over `episodes` episodes after every `every` updates; 0 counts as 1. Episode `k`
    /// starts as Gymnasium's `reset(seed=1000000 + k)`.
    pub fn every(every: u64, episodes: usize) -> Self {
        Self {
            every: every.max(1),
            episodes,
            seed: 1_000_000,
        }
    }
}

impl Observer for PeriodicEvaluation {
    fn update(
        &mut self,
        run: &dyn RunView,
        metrics: &mut Metrics,
    ) -> Result<ControlFlow<()>, BoxError> {
        let [mut mean, mut std, mut drawn] = [f64::NAN; 3];
        let clock = run.clock();
        if clock.updates.is_multiple_of(self.every) || clock.has_spent(run.budget()) {
            let judge = |choice| evaluate_run(run, choice, self.episodes, self.seed);
            let likeliest = judge(ActionChoice::Mode)?;
            (mean, std) = (likeliest.return_mean, likeliest.return_std);
            drawn = judge(ActionChoice::Sample)?.return_mean;
        }
        metrics.put("eval_return_mean", mean);
        metrics.put("eval_return_std", std);
        metrics.put("eval_drawn_return_mean", drawn);
        Ok(ControlFlow::Continue(()))
    }
}

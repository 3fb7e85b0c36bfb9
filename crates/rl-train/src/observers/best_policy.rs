//! The best policy of a run.

use std::ops::ControlFlow;
use std::path::PathBuf;

use rl_core::{BoxError, Metrics, StateError, StateReader, StateWriter};

use crate::observer::Observer;
use crate::view::RunView;

/// The policy with the best evaluation, kept in a file. It comes after the
/// [`PeriodicEvaluation`](crate::PeriodicEvaluation) that it judges by.
///
/// The file's metadata has the evaluation as `return_mean` and the number of the update as `update`.
/// The best evaluation is part of a checkpoint, so that a resumed run does not replace a better
/// file.
#[derive(Clone, Debug)]
pub struct BestPolicy {
    path: PathBuf,
    best: Option<f64>,
}

impl BestPolicy {
    /// The best policy in a file at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            best: None,
        }
    }

    /// The best mean return of an evaluation; `None` before the first.
    pub fn best(&self) -> Option<f64> {
        self.best
    }
}

impl Observer for BestPolicy {
    fn update(
        &mut self,
        run: &dyn RunView,
        metrics: &mut Metrics,
    ) -> Result<ControlFlow<()>, BoxError> {
        let mean = metrics.get("eval_return_mean");
        if let Some(mean) = mean.filter(|mean| mean.is_finite())
            && self.best.is_none_or(|best| mean > best)
        {
            let mut record = run.policy().record();
            let update = run.clock().updates.to_string();
            record
                .metadata
                .push(("return_mean".into(), mean.to_string()));
            record.metadata.push(("update".into(), update));
            rl_nets::save_policy(&self.path, &record)?;
            self.best = Some(mean);
        }
        Ok(ControlFlow::Continue(()))
    }

    fn name(&self) -> &'static str {
        "best_policy"
    }

    fn save(&self, out: &mut dyn StateWriter) {
        out.f64s("best", self.best.as_slice());
    }

    fn load(&mut self, from: &dyn StateReader) -> Result<(), StateError> {
        let mut best = vec![0.0; from.length("best").unwrap_or(0).min(1)];
        from.f64s("best", &mut best)?;
        self.best = best.first().copied();
        Ok(())
    }
}

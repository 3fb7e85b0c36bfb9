//! Ends of a run before its budget is spent.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rl_core::{BoxError, Metrics};

use crate::observer::Observer;
use crate::view::{Outcome, RunView};

/// Early stop at a mean return: of an evaluation where there is one
/// ([`PeriodicEvaluation`](crate::PeriodicEvaluation), given before), otherwise of late episodes.
#[derive(Clone, Copy, Debug)]
pub struct StopAt {
    threshold: f64,
    reached: bool,
}

impl StopAt {
    /// A stop once the mean return is `threshold` or more.
    pub fn mean_return(threshold: f64) -> Self {
        Self {
            threshold,
            reached: false,
        }
    }
}

impl Observer for StopAt {
    fn update(
        &mut self,
        run: &dyn RunView,
        metrics: &mut Metrics,
    ) -> Result<ControlFlow<()>, BoxError> {
        let mean = metrics
            .get("eval_return_mean")
            .unwrap_or_else(|| run.recent_returns().mean());
        self.reached = mean >= self.threshold;
        Ok(if self.reached {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        })
    }

    fn outcome(&self) -> Outcome {
        match self.reached {
            true => Outcome::Reached,
            false => Outcome::Interrupted,
        }
    }
}

/// Stop once a time has passed since the run began or went on. The update that is being made is
/// finished, and the run can be resumed, for as long again.
#[derive(Clone, Copy, Debug)]
pub struct StopAfter {
    limit: Duration,
    begin: Instant,
}

impl StopAfter {
    /// A stop after `limit`.
    pub fn new(limit: Duration) -> Self {
        Self {
            limit,
            begin: Instant::now(),
        }
    }
}

impl Observer for StopAfter {
    fn start(&mut self, _run: &dyn RunView) -> Result<(), BoxError> {
        self.begin = Instant::now();
        Ok(())
    }

    fn update(
        &mut self,
        _run: &dyn RunView,
        _metrics: &mut Metrics,
    ) -> Result<ControlFlow<()>, BoxError> {
        Ok(match self.begin.elapsed() >= self.limit {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        })
    }

    fn outcome(&self) -> Outcome {
        Outcome::TimeLimit
    }
}

/// Stop that is asked for from elsewhere: by a signal, another thread, or a button.
#[derive(Clone, Debug)]
pub struct StopFlag(Arc<AtomicBool>);

impl StopFlag {
    /// A stop at the end of the update in which `flag` became true.
    pub fn new(flag: Arc<AtomicBool>) -> Self {
        Self(flag)
    }
}

impl Observer for StopFlag {
    fn update(
        &mut self,
        _run: &dyn RunView,
        _metrics: &mut Metrics,
    ) -> Result<ControlFlow<()>, BoxError> {
        Ok(if self.0.load(Ordering::Relaxed) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        })
    }
}

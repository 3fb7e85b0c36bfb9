//! Progress in lines.

use std::io::{Stderr, Write, stderr};
use std::ops::ControlFlow;
use std::time::Instant;

use rl_core::{BoxError, Metrics};

use crate::observer::Observer;
use crate::view::RunView;

/// Lines of progress: one after the first update, and one per tenth of the run.
///
/// A reader that is gone ends the lines, not the training.
pub struct Progress<W> {
    out: Option<W>,
    tenths: u32,
    begin: Instant,
    /// Environment steps of the run when this observer began to hear of it.
    steps_before: u64,
}

impl Progress<Stderr> {
    /// Progress on standard error.
    pub fn stderr() -> Self {
        Self::new(stderr())
    }
}

impl<W: Write> Progress<W> {
    /// Progress written to `out`.
    pub fn new(out: W) -> Self {
        Self {
            out: Some(out),
            tenths: 0,
            begin: Instant::now(),
            steps_before: 0,
        }
    }
}

impl<W: Write> Observer for Progress<W> {
    fn start(&mut self, run: &dyn RunView) -> Result<(), BoxError> {
        self.begin = Instant::now();
        self.steps_before = run.clock().env_steps;
        self.tenths = (10.0 * run.clock().share_of(run.budget())) as u32;
        Ok(())
    }

    fn update(
        &mut self,
        run: &dyn RunView,
        _metrics: &mut Metrics,
    ) -> Result<ControlFlow<()>, BoxError> {
        let clock = run.clock();
        let done = clock.share_of(run.budget());
        let tenths = (10.0 * done) as u32;
        if tenths > self.tenths || clock.updates == 1 {
            self.tenths = tenths;
            let seconds = self.begin.elapsed().as_secs_f64();
            let mean = match run.recent_returns().mean() {
                mean if mean.is_nan() => "-".to_owned(),
                mean => format!("{mean:.1}"),
            };
            let line = format!(
                "update {:>4}  steps {:>9}  mean return {mean:>8}  {:>9.0} steps/s",
                clock.updates,
                clock.env_steps,
                (clock.env_steps - self.steps_before) as f64 / seconds,
            );
            if let Some(out) = &mut self.out
                && writeln!(out, "{line}").is_err()
            {
                self.out = None;
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

//! Schedule of the step size.

use rl_core::Budget;
use rl_learn::{ConfigError, Range, config};

use crate::schedule::{Decay, Schedule};

config! {
    /// Step size `α` by the environment step.
    pub struct StepSizeConfig {
        /// Step size at the beginning, 0 to 1.
        pub alpha_start: f64 = 0.1, Range::Unit;
        /// Step size at the end of its schedule, 0 to 1.
        pub alpha_end: f64 = 0.01, Range::Unit;
        /// Course from the one to the other: `constant` (none), `linear`, `exponential`, `harmonic`.
        pub alpha_decay: Decay = Decay::Constant;
        /// Share of the run's steps at which the schedule ends, above 0 and up to 1.
        pub alpha_fraction: f64 = 1.0, Range::Between(1e-6, 1.0);
    }
}

impl StepSizeConfig {
    /// The environment step at which the schedule ends; `None` for a horizon that is not in steps.
    pub fn end_step(&self, horizon: Budget) -> Option<f64> {
        self.schedule().end_step(horizon)
    }

    pub(super) fn schedule(&self) -> Schedule {
        Schedule {
            start: self.alpha_start,
            end: self.alpha_end,
            decay: self.alpha_decay,
            fraction: self.alpha_fraction,
        }
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        ConfigError::unless(
            self.alpha_start > 0.0,
            "alpha_start",
            self.alpha_start,
            "a number above 0 and up to 1",
        )?;
        self.schedule().check(["alpha_start", "alpha_end"])
    }
}

//! Schedules of numbers over a run.

use rl_core::{Budget, Clock};
use rl_learn::{ConfigError, ScheduleSpan, words};
use serde::{Deserialize, Serialize};

/// Course of a number from its start to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decay {
    /// It stays at its start.
    Constant,
    /// `x₀ + (x₁ - x₀) t / T`.
    Linear,
    /// `x₀ (x₁ / x₀)^(t / T)`.
    Exponential,
    /// `x₀ / (1 + c t)`, which is `x₁` at `T`.
    Harmonic,
}

words!(Decay: Constant, Linear, Exponential, Harmonic);

/// Schedule of a number, a function of the environment steps of a run alone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Schedule {
    pub start: f64,
    pub end: f64,
    pub decay: Decay,
    /// Share of the run at which it ends.
    pub fraction: f64,
}

impl Schedule {
    /// The number at a moment of a run.
    pub fn at(&self, clock: &Clock) -> f64 {
        let done = (clock.done() / self.fraction).min(1.0);
        let Self { start, end, .. } = *self;
        match self.decay {
            Decay::Constant => start,
            Decay::Linear => start + (end - start) * done,
            Decay::Exponential => start * (end / start).powf(done),
            Decay::Harmonic => start / (1.0 + (start / end - 1.0) * done),
        }
    }

    pub fn end_step(&self, horizon: Budget) -> Option<f64> {
        match (self.decay, horizon) {
            (Decay::Constant, _) => Some(0.0),
            (_, Budget::Steps(steps)) => Some(self.fraction * steps as f64),
            _ => None,
        }
    }

    /// Start and end of the schedule of a number with a symbol.
    pub fn span(&self, symbol: &'static str, horizon: Budget) -> ScheduleSpan {
        match self.decay {
            Decay::Constant => ScheduleSpan::constant(symbol, self.start),
            _ => ScheduleSpan {
                symbol,
                start: self.start,
                end: self.end,
                share: self.fraction,
                end_step: self.end_step(horizon),
            },
        }
    }

    /// Refuses a decay that divides by 0, and never reaches its end.
    pub fn check(&self, [start, end]: [&'static str; 2]) -> Result<(), ConfigError> {
        if !matches!(self.decay, Decay::Exponential | Decay::Harmonic) {
            return Ok(());
        }
        for (key, value) in [(start, self.start), (end, self.end)] {
            let allowed = "a number above 0 for an exponential or a harmonic schedule, which would \
                           never end";
            ConfigError::unless(value > 0.0, key, value, allowed)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_go_from_start_to_end_by_the_steps_of_the_run_whatever_the_episodes() {
        let mut clock = Clock::start(Budget::Steps(1000));
        for (decay, halfway, end) in [
            (Decay::Constant, 0.8, 0.8),
            (Decay::Linear, 0.5, 0.2),
            (Decay::Exponential, 0.4, 0.2),
            (Decay::Harmonic, 0.32, 0.2),
        ] {
            let schedule = Schedule {
                start: 0.8,
                end: 0.2,
                decay,
                fraction: 0.5,
            };
            let constant = decay == Decay::Constant;
            let end_step = if constant { 0.0 } else { 500.0 };
            assert_eq!(schedule.end_step(Budget::Steps(1000)), Some(end_step));
            for (steps, expected) in [(0, 0.8), (250, halfway), (500, end), (900, end)] {
                clock.env_steps = steps;
                for episodes in [0, 7] {
                    clock.episodes = episodes;
                    let found = schedule.at(&clock);
                    assert!(
                        (found - expected).abs() < 1e-12,
                        "{decay:?} {steps}: {found}"
                    );
                }
            }
        }
    }
}

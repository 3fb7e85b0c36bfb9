//! Schedule of the exploration.

use rl_core::{Budget, Clock};
use rl_learn::{ConfigError, Range, config};

use crate::schedule::{Decay, Schedule};

config! {
    /// Probability `ε` of a random action, by what is done of a run's budget.
    pub struct ExplorationConfig {
        /// Probability of a random action at the beginning, 0 to 1.
        pub epsilon_start: f64 = 1.0, Range::Unit;
        /// Probability of a random action at the end of its schedule, 0 to 1.
        pub epsilon_end: f64 = 0.05, Range::Unit;
        /// Course from the one to the other: `constant` (none), `linear`, `exponential`, `harmonic`.
        pub epsilon_decay: Decay = Decay::Linear;
        /// Share of the run at which the schedule ends, above 0 and up to 1.
        pub exploration_fraction: f64 = 0.1, Range::Between(1e-6, 1.0);
    }
}

impl ExplorationConfig {
    /// The probability at a moment of a run: a function of what is done of its budget, whatever the
    /// episodes.
    pub fn at(&self, clock: &Clock) -> f64 {
        self.schedule().at(clock)
    }

    /// The environment step at which the schedule ends; `None` for a horizon that is not in steps.
    pub fn end_step(&self, horizon: Budget) -> Option<f64> {
        self.schedule().end_step(horizon)
    }

    pub(crate) fn schedule(&self) -> Schedule {
        Schedule {
            start: self.epsilon_start,
            end: self.epsilon_end,
            decay: self.epsilon_decay,
            fraction: self.exploration_fraction,
        }
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        self.schedule().check(["epsilon_start", "epsilon_end"])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rl_core::Budget;

    #[test]
    fn epsilon_falls_with_the_steps_of_the_run_and_no_episode_starts_it_again() {
        let config = ExplorationConfig {
            epsilon_start: 0.9,
            epsilon_end: 0.1,
            exploration_fraction: 0.5,
            ..ExplorationConfig::default()
        };
        let mut clock = Clock::start(Budget::Steps(1000));
        for (steps, epsilon) in [(0, 0.9), (250, 0.5), (500, 0.1), (750, 0.1), (2000, 0.1)] {
            clock.env_steps = steps;
            for episodes in [0, 7] {
                clock.episodes = episodes;
                assert!((config.at(&clock) - epsilon).abs() < 1e-12, "{steps}");
            }
        }
    }
}

//! Schedule of the exploration.

use rl_core::Clock;
use rl_learn::{Range, config};

config! {
    /// Probability `ε` of a random action, which falls linearly and then stays.
    pub struct ExplorationConfig {
        /// Probability of a random action at the beginning, 0 to 1.
        pub epsilon_start: f64 = 1.0, Range::Unit;
        /// Probability of a random action once it has fallen, 0 to 1.
        pub epsilon_end: f64 = 0.05, Range::Unit;
        /// Share of the run over which the probability falls, above 0 and up to 1.
        pub exploration_fraction: f64 = 0.1, Range::Between(1e-6, 1.0);
    }
}

impl ExplorationConfig {
    /// The probability at a moment of a run: a function of what is done of its budget, whatever the
    /// episodes.
    pub fn at(&self, clock: &Clock) -> f64 {
        let fallen = (clock.done() / self.exploration_fraction).min(1.0);
        self.epsilon_start + fallen * (self.epsilon_end - self.epsilon_start)
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

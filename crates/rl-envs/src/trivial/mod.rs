//! Environments whose optimal returns are known beforehand, to test that learning works at all.
//!
//! Each isolates one thing an algorithm must do: prefer the better of its actions ([`Bandit`]), act
//! by what it observes ([`Identity`]), value what a time limit cuts off ([`ConstantReward`]),
//! credit an action with what comes much later ([`DelayedReward`]).
//!
//! ```
//! use rl_core::{Environment, Stream};
//! use rl_envs::trivial::Identity;
//!
//! let mut rng = Stream::from_seed(0);
//! let mut environment = Identity::<3>::new(10)?;
//! let symbol = environment.reset(&mut rng)?.iter().position(|&x| x == 1.0).unwrap_or_default();
//! assert_eq!(environment.step(&symbol, &mut rng)?.reward, 1.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bandit;
mod constant_reward;
mod delayed_reward;
mod identity;

pub use bandit::{Arm, Bandit};
pub use constant_reward::ConstantReward;
pub use delayed_reward::DelayedReward;
pub use identity::Identity;

use rl_core::error::SpaceError;
use rl_core::{Discrete, EnvironmentError, Space};

use crate::saved::{Saved, optional};

/// A trivial environment that cannot exist.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TrivialError {
    /// A number of actions that no space has.
    #[error("the actions: {0}")]
    Actions(#[from] SpaceError),
    /// An arm whose rewards are no numbers.
    #[error(
        "arm {arm} pays {mean} on average with standard deviation {deviation}; both must be \
         finite, the deviation at least 0"
    )]
    Arm {
        /// Index of the arm.
        arm: usize,
        /// Its mean reward.
        mean: f64,
        /// The standard deviation of its rewards.
        deviation: f64,
    },
    /// An episode without a step.
    #[error("an episode has at least one step")]
    NoSteps,
}

/// Steps left of an episode of known length; `None` before the first reset.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct StepsLeft(Option<usize>);

impl StepsLeft {
    /// At least one, if a step may be taken.
    fn get(self) -> Result<usize, EnvironmentError> {
        match self.0 {
            None => Err(EnvironmentError::NotReset),
            Some(0) => Err(EnvironmentError::EpisodeOver),
            Some(steps) => Ok(steps),
        }
    }

    fn save(self) -> [f64; 2] {
        optional(self.0.map(|steps| steps as f64))
    }

    /// The steps left that were saved of an episode of at most `steps` steps.
    fn restored(saved: &mut Saved<'_>, steps: usize) -> Result<Self, EnvironmentError> {
        saved.optional_count(steps).map(Self)
    }
}

/// An error unless `action` is one of `space`.
fn check_action(action: usize, space: Discrete) -> Result<(), EnvironmentError> {
    if space.contains(action) {
        Ok(())
    } else {
        Err(EnvironmentError::outside(action, &Space::Discrete(space)))
    }
}

/// Two actions.
const TWO_ACTIONS: Discrete = Discrete::constant(2);

/// The box `[low, high]ᴺ`, for bounds written in the program.
fn cube<const N: usize>(low: f32, high: f32) -> Space {
    Space::within([(low, high); N])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TimeLimit;
    use crate::conformance::{ConformanceConfig, check_environment};

    #[test]
    fn trivial_environments_conform() {
        let config = ConformanceConfig::default();
        let deterministic = ConformanceConfig {
            deterministic: true,
            ..config
        };
        let gaussian =
            [(0.0, 1.0), (1.0, 2.0), (2.0, 0.5)].map(|(mean, deviation)| Arm { mean, deviation });
        let report = check_environment(|| Bandit::gaussian(&gaussian).unwrap(), &config).unwrap();
        assert_eq!(report.terminated, report.steps);
        let make = || Bandit::deterministic(&[0.0, 1.0]).unwrap();
        assert!(check_environment(make, &deterministic).unwrap().restored > 0);

        let report = check_environment(|| Identity::<4>::new(10).unwrap(), &config).unwrap();
        assert_eq!(report.truncated, report.steps / 10);
        assert!(report.restored > 0);
        let make = || TimeLimit::new(ConstantReward::new(), 10);
        let report = check_environment(make, &deterministic).unwrap();
        assert_eq!(report.truncated, report.steps / 10);
        let report = check_environment(ConstantReward::new, &deterministic).unwrap();
        assert!(report.restored > 0);
        let report = check_environment(|| DelayedReward::new(10).unwrap(), &deterministic).unwrap();
        assert_eq!(report.terminated, report.steps / 10);
        assert!(report.restored > 0);
    }
}

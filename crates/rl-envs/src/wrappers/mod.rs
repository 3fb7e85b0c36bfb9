//! Wrappers: an environment around another that changes one thing about it.
//!
//! Each wraps any [`FlatEnvironment`] and is one. What a wrapper does not change it passes through,
//! the status of a step always; and a step that the environment within refuses leaves the wrapper
//! as it was.

mod clip_action;
mod episode_statistics;
mod frame_skip;
mod normalize_observation;
mod normalize_reward;
mod normalizer;
mod rescale_action;

pub use clip_action::ClipAction;
pub use episode_statistics::EpisodeStatistics;
pub use frame_skip::FrameSkip;
pub use normalize_observation::NormalizeObservation;
pub use normalize_reward::NormalizeReward;
pub use normalizer::Updating;
pub use rescale_action::RescaleAction;

use rl_core::{BoxSpace, FlatEnvironment, Space};

/// Why an environment cannot be wrapped, or wrappers not be synchronized.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum WrapperError {
    /// A wrapper of continuous actions around discrete ones.
    #[error("{wrapper} needs a box of actions, not {space}")]
    NotABox {
        /// The wrapper.
        wrapper: &'static str,
        /// The action space of the environment.
        space: Space,
    },
    /// An action space that no affine map fills.
    #[error(
        "RescaleAction needs finite bounds, but dimension {dimension} of the action space runs \
         from {low} to {high}"
    )]
    InfiniteBounds {
        /// Index of the dimension.
        dimension: usize,
        /// Its lower bound.
        low: f32,
        /// Its upper bound.
        high: f32,
    },
    /// A range of actions that is empty or infinite.
    #[error("actions are rescaled from a finite low to a higher finite high, not {low} to {high}")]
    ActionRange {
        /// The lower end.
        low: f32,
        /// The upper end.
        high: f32,
    },
    /// A discount that is none.
    #[error("gamma lies in [0, 1], not {0}")]
    Gamma(f64),
    /// A bound that clips nothing or everything.
    #[error("rewards are clipped to a bound above 0, not {0}")]
    RewardClip(f64),
    /// A number of things that must be at least one.
    #[error("{0} must be at least 1, not 0")]
    Zero(&'static str),
    /// Statistics of something else.
    #[error("statistics of {found} dimensions cannot normalise {expected}")]
    Dimensions {
        /// Dimensions of the statistics.
        found: usize,
        /// Dimensions of what they were to normalise.
        expected: usize,
    },
    /// A wrapper among the synchronized that keeps its statistics to itself.
    #[error("environment {environment} updates its statistics {updating:?}, not OnSynchronize")]
    NotSynchronized {
        /// Its index among those synchronized.
        environment: usize,
        /// When it updates them.
        updating: Updating,
    },
}

/// The box of an environment's actions, for a wrapper that needs one.
fn box_of_actions(
    wrapper: &'static str,
    environment: &impl FlatEnvironment,
) -> Result<BoxSpace, WrapperError> {
    match environment.action_space() {
        Space::Box(space) => Ok(space),
        space @ Space::Discrete(_) => Err(WrapperError::NotABox { wrapper, space }),
    }
}

/// Access to the environment within a wrapper.
macro_rules! inner {
    ($wrapper:ident) => {
        impl<E> $wrapper<E> {
            /// The environment within.
            pub fn inner(&self) -> &E {
                &self.environment
            }

            /// The environment within, to change it; the wrapper sees none of the steps it takes.
            pub fn inner_mut(&mut self) -> &mut E {
                &mut self.environment
            }

            /// The environment without the wrapper.
            pub fn into_inner(self) -> E {
                self.environment
            }
        }
    };
}
use inner;

/// Environments to wrap in tests.
#[cfg(test)]
mod toys {
    use rl_core::{BoxSpace, Environment, EnvironmentError, Space, Status, Step, Stream};

    /// A point on a line: the action, in `[low, high]`, is added to it, and is the reward. It ends
    /// beyond 10.
    #[derive(Clone, Debug)]
    pub struct Line {
        pub low: f32,
        pub high: f32,
        pub position: f32,
    }

    impl Line {
        pub fn new(low: f32, high: f32) -> Self {
            Self {
                low,
                high,
                position: f32::NAN,
            }
        }
    }

    impl Environment for Line {
        type Observation = [f32; 1];
        type Action = [f32; 1];

        fn observation_space(&self) -> BoxSpace {
            BoxSpace::symmetric(&[f32::INFINITY]).unwrap()
        }

        fn action_space(&self) -> Space {
            Space::Box(BoxSpace::new(vec![self.low], vec![self.high]).unwrap())
        }

        fn reset(&mut self, _rng: &mut Stream) -> [f32; 1] {
            self.position = 0.0;
            [0.0]
        }

        fn step(
            &mut self,
            action: &[f32; 1],
            _rng: &mut Stream,
        ) -> Result<Step<[f32; 1]>, EnvironmentError> {
            if !self.action_space().contains(action) {
                return Err(EnvironmentError::outside(action, &self.action_space()));
            }
            if self.position > 10.0 {
                return Err(EnvironmentError::EpisodeOver);
            }
            self.position += action[0];
            let status = if self.position > 10.0 {
                Status::Terminated
            } else {
                Status::Running
            };
            Ok(Step {
                observation: [self.position],
                reward: action[0].into(),
                status,
            })
        }
    }
}

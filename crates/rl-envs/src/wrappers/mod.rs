//! Wrappers: an environment around another that changes one thing about it.
//!
//! Each wraps any [`FlatEnvironment`] and is one. What a wrapper does not change it passes through,
//! the status of a step always; and a step that the environment within refuses leaves the wrapper
//! as it was.

mod clip_action;
mod deadline;
mod episode_statistics;
mod error;
mod frame_skip;
mod normalize_observation;
mod normalize_reward;
mod normalizer;
mod rescale_action;
mod updating;

pub use clip_action::ClipAction;
pub use deadline::Deadline;
pub use episode_statistics::EpisodeStatistics;
pub use error::WrapperError;
pub use frame_skip::FrameSkip;
pub use normalize_observation::NormalizeObservation;
pub use normalize_reward::NormalizeReward;
pub use rescale_action::RescaleAction;
pub use updating::Updating;

use rl_core::{BoxSpace, FlatEnvironment, Space};

/// The box of an environment's actions, for a wrapper that needs one.
fn box_of_actions(
    wrapper: &'static str,
    environment: &impl FlatEnvironment,
) -> Result<BoxSpace, WrapperError> {
    match environment.spaces().action {
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
    use rl_core::{Environment, EnvironmentError, Space, Status, Step, Stream};

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

        fn observation_space(&self) -> Space {
            Space::unbounded(1)
        }

        fn action_space(&self) -> Space {
            Space::within([(self.low, self.high)])
        }

        fn reset(&mut self, _rng: &mut Stream) -> Result<[f32; 1], EnvironmentError> {
            self.position = 0.0;
            Ok([0.0])
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

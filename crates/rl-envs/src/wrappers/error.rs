//! Errors of wrappers.

use rl_core::Space;

use super::updating::Updating;

/// Refusal to wrap an environment, or to synchronize wrappers.
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
    /// A discount out of its range.
    #[error("gamma lies in [0, 1], not {0}")]
    Gamma(f64),
    /// A bound that clips nothing or everything.
    #[error("rewards are clipped to a bound above 0, not {0}")]
    RewardClip(f64),
    /// A number of things that must be at least one.
    #[error("{0} must be at least 1, not 0")]
    Zero(&'static str),
    /// A time limit of nothing.
    #[error("a call needs a time limit above 0 s")]
    NoTime,
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
        /// The moment at which it updates them.
        updating: Updating,
    },
}

//! Replays: episodes of a run's policies, recorded for a page that draws them.
//!
//! The shapes that an environment draws itself by ([`Scene`](rl_envs::draw::Scene)) are kept for every step, each distinct one
//! once, beside what the policy made of the observation.

mod cast;
mod episode;
mod outlook;
mod recording;
mod shapes;

use rl_core::EnvironmentError;
use rl_train::error::EvaluateError;

pub use cast::{Cast, Role, cast};
pub use outlook::{Outlook, OutlookKind};
pub use recording::{Replay, replay};

/// Reason why there is no replay.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// A policy that does not fit its environment, or whose environment the program does not know.
    #[error(transparent)]
    Policy(#[from] EvaluateError),
    /// An environment that refused an action, or failed.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// An environment that does not draw itself.
    #[error("the environment '{0}' does not draw itself")]
    NoPicture(String),
    /// A run that has left no policy.
    #[error("the run has left no policy yet")]
    NoPolicy,
    /// A policy that cannot be read.
    #[error("{0}")]
    Unreadable(String),
}

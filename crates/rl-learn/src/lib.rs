//! Learners: networks that an optimizer moves down the gradient of a loss.
//!
//! There are two. [`BurnLearner`] computes on any device through Burn's tape; [`FusedLearner`]
//! computes the same numbers on the CPU without one. An algorithm holds a `Box<dyn Learner>` and
//! does not know which of the two it is.

mod config_error;
mod learner;
mod loss;
mod optimizer;
mod samples;

pub use config_error::ConfigError;
pub use learner::{BurnLearner, FusedLearner, Learner, UpdateError};
pub use loss::{Loss, PolicyLoss, Surrogate, ValueLoss};
pub use optimizer::{LearnerKind, Optimizer, OptimizerConfig};
pub use samples::{FitReport, Plan, Samples};

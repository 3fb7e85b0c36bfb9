//! Learners: networks that an optimizer moves down the gradient of a loss.
//!
//! A loss is a list of [`Term`]s. There are two learners: [`BurnLearner`] computes on any device
//! through Burn's tape; [`FusedLearner`] computes the same numbers on the CPU without one. An
//! algorithm holds a `Box<dyn Learner>` and does not know which of the two it is; [`fit`] takes it
//! through epochs of minibatches.

mod algorithm;
mod burn_learner;
mod config;
mod config_error;
mod error;
mod fit;
mod fused_learner;
mod host_optimizer;
mod init;
mod key;
mod learner;
mod measurements;
mod minibatch;
mod networks_config;
mod noise;
mod noisy_learner;
mod optimizer;
mod own_networks;
mod own_optimizer;
mod range;
mod row;
mod samples;
mod schedule_span;
mod term;
mod terms;

pub use algorithm::{Algorithm, Setup, Valid};
pub use burn_learner::BurnLearner;
pub use config::Keys;
pub use config_error::ConfigError;
pub use error::UpdateError;
pub use fit::{Plan, fit};
pub use fused_learner::FusedLearner;
pub use key::{Key, KeyValue, ValueKind, word};
pub use learner::{Learner, NaturalGradient, Session, SessionBody};
pub use measurements::{FitReport, Measurements};
pub use minibatch::Minibatch;
pub use networks_config::{NetworksConfig, ValueLayers};
pub use noise::Noise;
pub use optimizer::{LearnerKind, Optimizer, OptimizerConfig};
pub use own_networks::OwnNetworks;
pub use own_optimizer::OwnOptimizer;
pub use range::Range;
pub use row::{Derivatives, Row};
pub use samples::{Batch, Samples};
pub use schedule_span::ScheduleSpan;
pub use term::{FusedQuantileTerm, FusedTerm, Input, Term};
pub use terms::{
    ClipFraction, EntropyBonus, QuantileError, Surrogate, TdError, TdLoss, ValueError,
};

//! Policy-gradient algorithms on Burn.
//!
//! ```
//! use rl_core::{Agent, Collector, FlatEnvironment, Purpose, Stream};
//! use rl_envs::CartPole;
//! use rl_nets::{Device, PolicyConfig};
//! use rl_pg::VpgConfig;
//!
//! let mut collector = Collector::new(vec![CartPole::v1()], 0, 1)?;
//! let action_space = FlatEnvironment::action_space(&CartPole::v1());
//! let weights = PolicyConfig::new(4, &action_space)
//!     .draw(&mut Stream::derive(0, Purpose::Initialization, 0));
//! let mut agent = VpgConfig::default().init(weights, &Device::default())?;
//! for _ in 0..2 {
//!     let batch = collector.collect(&agent.policy(), 200)?;
//!     let report = agent.update(&batch.trajectories)?;
//!     assert!(report.kl >= 0.0);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod grad_clip;
mod learner;
mod vpg;
mod weighting;

pub use grad_clip::clip_global_norm;
pub use learner::{Batch, LearnerConfig, LossReport, PolicyLearner, UpdateError};
pub use vpg::{Vpg, VpgConfig, VpgReport, policy_gradient_loss};
pub use weighting::{Weighting, normalize};

/// A configuration value outside its range.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{key} = {value} is out of range: {allowed}")]
pub struct ConfigError {
    /// The field.
    pub key: &'static str,
    /// Its value.
    pub value: String,
    /// What is allowed.
    pub allowed: &'static str,
}

impl ConfigError {
    /// `Ok` if `valid`.
    pub(crate) fn unless(
        valid: bool,
        key: &'static str,
        value: impl ToString,
        allowed: &'static str,
    ) -> Result<(), Self> {
        if valid {
            Ok(())
        } else {
            Err(Self {
                key,
                value: value.to_string(),
                allowed,
            })
        }
    }
}

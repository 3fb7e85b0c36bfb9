//! The policy-gradient family on Burn: [`Reinforce`], [`Vpg`], [`A2c`], [`A3c`], [`Ppo`] and
//! [`Trpo`], which share their estimators, baselines and learners.
//!
//! ```
//! use rl_core::{Agent, Collector, FlatEnvironment, Purpose, Stream};
//! use rl_envs::CartPole;
//! use rl_nets::{Device, PolicyConfig};
//! use rl_pg::VpgConfig;
//!
//! let mut collector = Collector::new(vec![CartPole::v1()], 0)?;
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

mod a2c;
mod a3c;
mod baseline;
mod ppo;
mod reinforce;
mod report;
mod rollout_values;
mod trpo;
mod value_function;
mod vpg;
mod weighting;

pub use a2c::{A2c, A2cConfig};
pub use a3c::A3c;
pub use baseline::Baseline;
pub use ppo::{Ppo, PpoConfig};
pub use reinforce::{Reinforce, ReinforceConfig};
pub use report::UpdateReport;
pub use trpo::{Trpo, TrpoConfig};
pub use value_function::ValueTargets;
pub use vpg::{Vpg, VpgConfig};
pub use weighting::Weighting;

use rl_core::Threads;
use rl_learn::{ConfigError, Learner};
use rl_nets::{MlpWeights, Networks, PolicyWeights};

/// What all algorithms have beside [`rl_core::Agent`].
pub trait PolicyGradient {
    /// Tells what share of the run is done, 0 to 1, for what is annealed over it.
    fn set_progress(&mut self, done: f64);

    /// Gives updates threads to work on, which changes no bit of them.
    fn set_threads(&mut self, threads: &Threads);

    /// The networks as of the last update.
    fn networks(&self) -> Networks;
}

/// The policy that an agent starts from.
fn policy_of(networks: &Networks) -> Result<PolicyWeights, ConfigError> {
    let missing = || ConfigError::new("networks", "a value function", "a policy among them");
    networks.policy_weights().ok_or_else(missing)
}

/// The value function that an actor-critic starts from.
fn value_of(networks: &Networks) -> Result<MlpWeights, ConfigError> {
    let missing = || ConfigError::new("networks", "a policy", "a value function beside it");
    networks.value_weights().ok_or_else(missing)
}

/// A value function that shares no layer with the policy, as `key = value` needs.
fn separate_value_of(
    networks: &Networks,
    key: &'static str,
    value: &'static str,
) -> Result<MlpWeights, ConfigError> {
    let missing = || {
        let allowed = "used with a value function that shares no layer with the policy";
        ConfigError::new(key, value, allowed)
    };
    match networks.mlps() {
        [_, _] => value_of(networks),
        _ => Err(missing()),
    }
}

/// The policy of a learner that has one.
#[expect(
    clippy::expect_used,
    reason = "agents put a policy into the learners that they ask for one"
)]
fn policy_weights(learner: &dyn Learner) -> PolicyWeights {
    let networks = learner.networks();
    networks
        .policy_weights()
        .expect("a learner of a policy holds one")
}

/// The word that configurations use for a value of an enum.
fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

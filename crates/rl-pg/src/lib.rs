//! The policy-gradient family on Burn: REINFORCE ([`ReinforceConfig`]), vanilla policy gradient
//! ([`VpgConfig`]), [A2C](A2cConfig), [A3C](A3cConfig), [PPO](PpoConfig) and [TRPO](TrpoConfig).
//!
//! An algorithm is a configuration with an [`UpdateRule`]; the agent around it is [`PolicyGradient`],
//! the same for all but A3C.
//!
//! ```
//! use rl_core::{Budget, Clock, Interact, Metrics};
//! use rl_envs::CartPole;
//! use rl_learn::{Algorithm, Setup};
//! use rl_pg::VpgConfig;
//!
//! let setup = Setup { environments: 4, ..Setup::new(CartPole::v1, Budget::Updates(2))? };
//! let mut clock = Clock::start(setup.horizon);
//! let config = VpgConfig { steps_per_update: 200, ..VpgConfig::default() };
//! let (mut agent, mut episodes) = VpgConfig::build(&config.validate(setup)?)?;
//! for _ in 0..2 {
//!     let mut metrics = Metrics::default();
//!     episodes.update(&mut agent, &mut clock, &mut metrics)?;
//!     assert!(metrics.get("kl").is_some_and(|kl| kl >= 0.0));
//! }
//! assert!(clock.env_steps >= 400);
//! # Ok::<(), rl_core::BoxError>(())
//! ```

mod a2c;
mod a3c;
mod actor_learner;
mod agent;
mod baseline;
mod estimates;
mod extra_terms;
mod gradient;
mod ppo;
mod reinforce;
mod trpo;
mod value_function;
mod vpg;
mod weighting;

pub use a2c::A2cConfig;
pub use a3c::A3cConfig;
pub use actor_learner::ActorLearner;
pub use agent::{PolicyGradient, UpdateRule};
pub use baseline::Baseline;
pub use extra_terms::ExtraTerms;
pub use gradient::Gradient;
pub use ppo::PpoConfig;
pub use reinforce::ReinforceConfig;
pub use trpo::TrpoConfig;
pub use value_function::ValueTargets;
pub use vpg::VpgConfig;
pub use weighting::Weighting;

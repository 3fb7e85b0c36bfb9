//! Tabular methods: a value for each state and action, changed at every step.
//!
//! ```
//! use rl_core::{Agent, Budget, Clock, Interact, Metrics};
//! use rl_envs::FrozenLake;
//! use rl_learn::{Algorithm, Setup};
//! use rl_value::tabular::QLearningConfig;
//!
//! let setup = Setup { environments: 1, ..Setup::new(FrozenLake::v1, Budget::Steps(20_000))? };
//! let mut clock = Clock::start(setup.horizon);
//! let config = QLearningConfig::default();
//! let (mut agent, mut steps) = QLearningConfig::build(&config.validate(setup)?)?;
//! while !clock.has_spent(clock.horizon) {
//!     steps.update(&mut agent, &mut clock, &mut Metrics::default())?;
//!     clock.updates += 1;
//! }
//! assert!(agent.policy().values().iter().any(|&value| value > 0.0));
//! # Ok::<(), rl_core::BoxError>(())
//! ```

mod agent;
mod config;
mod lane;
mod policy;
mod step_size;

pub use agent::Tabular;
pub use config::{ExpectedSarsaConfig, QLearningConfig, SarsaConfig, TableConfig};
pub use policy::TablePolicy;
pub use step_size::StepSizeConfig;

//! The value-based family on Burn: methods that learn what actions are worth, and act by the best one.
//! Deep Q-networks ([`DqnConfig`]) learn from [replay]; parallelised Q-networks ([`PqnConfig`]) from short
//! rollouts of many environments; [tabular] methods have a number for each state and action.
//!
//! ```
//! use rl_core::{Budget, Clock, Interact, Metrics};
//! use rl_envs::CartPole;
//! use rl_learn::{Algorithm, Setup};
//! use rl_value::DqnConfig;
//!
//! let setup = Setup { environments: 1, ..Setup::new(CartPole::v1, Budget::Steps(1000))? };
//! let mut clock = Clock::start(setup.horizon);
//! let config = DqnConfig { learning_starts: 200, ..DqnConfig::default() };
//! let (mut agent, mut rounds) = DqnConfig::build(&config.validate(setup)?)?;
//! while !clock.has_spent(clock.horizon) {
//!     rounds.update(&mut agent, &mut clock, &mut Metrics::default())?;
//!     clock.updates += 1;
//! }
//! assert_eq!(agent.gradient_steps(), (1200 - 200) / 4);
//! # Ok::<(), rl_core::BoxError>(())
//! ```

mod action_values;
mod dqn;
mod evaluator;
mod exploration;
mod greedy;
mod noisy;
mod pqn;
pub mod replay;
mod schedule;
pub mod tabular;
mod target;

pub use action_values::ActionValues;
pub use dqn::{Dqn, DqnConfig};
pub use exploration::ExplorationConfig;
pub use greedy::GreedyPolicy;
pub use pqn::{Pqn, PqnConfig};
pub use schedule::Decay;
pub use target::{TargetNetwork, write_targets};

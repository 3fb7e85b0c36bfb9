//! Reinforcement learning on [Burn](https://burn.dev): agents for environments of one's own, in
//! plain Rust, seeded and reproducible to the bit.
//!
//! ```
//! use rl::prelude::*;
//!
//! fn main() -> Result<(), BoxError> {
//!     let mut trainer = Trainer::new(VpgConfig::default(), CartPole::v1).updates(30).build()?;
//!     trainer.run(&mut [&mut Progress::stderr()])?;
//!     assert!(trainer.recent_returns().mean() > 150.0);
//!     Ok(())
//! }
//! ```
//!
//! A [`Trainer`](train::Trainer) is a run: a configuration of an algorithm, a source of
//! environments, a budget. [`Observer`](train::Observer)s watch it, stop it, and keep its files.
//! Everything that this takes is in the [`prelude`]; each part is a module, and a crate of its own:
//!
//! | module | what it holds |
//! |---|---|
//! | [`core`] | spaces, environments, policies, collection, estimators, random streams |
//! | [`envs`] | CartPole, Pendulum, MountainCar, Acrobot, LunarLander; wrappers; a check of one's own |
//! | [`nets`] | networks, distributions of actions, files of policies |
//! | [`learn`] | losses as lists of terms, learners, optimizers |
//! | [`pg`] | REINFORCE, VPG, A2C, A3C, TRPO, PPO |
//! | [`value`] | DQN, PQN, replay, tables of action values |
//! | [`train`] | trainers, observers, run directories, registries |
//!
//! # Features
//! `flex` (the default), `ndarray`, `wgpu`, `vulkan`, `metal` and `cuda` compile Burn's backends
//! in; at least one is needed.
//!
//! # Speed
//! A program whose profile lowers the `opt-level` of its dependencies must leave 3 to these crates
//! and to the kernels below them: `docs/downstream.md` of the repository shows the lines.

pub use rl_core as core;
pub use rl_envs as envs;
pub use rl_learn as learn;
pub use rl_nets as nets;
pub use rl_pg as pg;
pub use rl_train as train;
pub use rl_value as value;

pub mod prelude;

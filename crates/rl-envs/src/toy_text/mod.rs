//! Gymnasium's toy-text environments: few states, each seen as its index, with every transition in
//! a table.
//!
//! The tables are Gymnasium's entry for entry, and outcomes are drawn from them with Gymnasium's
//! numbers, one per reset and one per step. As a [`FiniteMdp`](rl_core::finite_mdp::FiniteMdp) they
//! are solved exactly.
//!
//! ```
//! use rl_core::{Environment, Stream};
//! use rl_core::finite_mdp::SolverConfig;
//! use rl_envs::toy_text::{FrozenLake, LakeMap};
//!
//! let mut rng = Stream::from_seed(0); // as gymnasium.make("FrozenLake-v1").reset(seed=0)
//! let mut lake = FrozenLake::v1();
//! assert_eq!(lake.reset(&mut rng)?, 0);
//! assert_eq!(lake.step(&2, &mut rng)?.observation, 4); // slipped down
//!
//! let mdp = FrozenLake::table_of(LakeMap::Small, true).to_mdp(0.99)?;
//! let optimum = mdp.value_iteration(&SolverConfig::default())?;
//! assert!((optimum.values[0] - 0.542).abs() < 1e-3);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub(crate) mod cliff_walking;
pub(crate) mod frozen_lake;
mod heuristic;
mod map;
mod table;
pub(crate) mod taxi;
mod walk;

pub use cliff_walking::CliffWalking;
pub use frozen_lake::{FrozenLake, LakeMap, Tile};
pub use heuristic::ToyTextHeuristic;
pub use map::{ActionMark, Cell, GridMap, MapView};
pub use table::{Outcome, TransitionTable};
pub use taxi::{Taxi, TaxiConfig, TaxiState};

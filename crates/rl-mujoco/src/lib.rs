//! Gymnasium's MuJoCo tasks through MuJoCo's own library, without Python.
//!
//! ```
//! use rl_core::{Environment, Stream};
//! use rl_mujoco::HalfCheetah;
//!
//! let mut rng = Stream::from_seed(42); // as gymnasium.make("HalfCheetah-v5").reset(seed=42)
//! let mut environment = HalfCheetah::v5()?;
//! let observation = environment.reset(&mut rng)?;
//! assert_eq!(observation[0], -0.012_224_312);
//! let step = environment.step(&[0.5; 6], &mut rng)?;
//! assert!(step.reward.is_finite());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Models, rules, resets and numbers are those of Gymnasium's versions `v5`. An environment saves its whole state, the
//! warm start of MuJoCo's solver included, and goes on from it to the bit.
//!
//! # Features
//! - `library`: the tasks. It needs `libmujoco` of the version that the crate `mujoco-rs` is made for, 3.17.0: `cargo
//!   xtask mujoco` of this repository puts it into place. Without the feature, this crate is empty.
//! - `parity`: replaying recorded traces of the reference (`rl_mujoco::parity`).

#![cfg(feature = "library")]

mod ant;
mod environment;
mod error;
mod half_cheetah;
mod hopper;
mod inverted_double_pendulum;
mod inverted_pendulum;
mod model;
#[cfg(feature = "parity")]
pub mod parity;
mod picture;
mod reacher;
mod reward;
mod rules;
mod swimmer;
mod task;
mod walker2d;

pub use {
    ant::{Ant, AntRules},
    environment::MujocoEnvironment,
    error::{MujocoError, VERSION},
    half_cheetah::{HalfCheetah, HalfCheetahRules},
    hopper::{Hopper, HopperRules},
    inverted_double_pendulum::{InvertedDoublePendulum, InvertedDoublePendulumRules},
    inverted_pendulum::{InvertedPendulum, InvertedPendulumRules},
    model::Simulation,
    reacher::{Reacher, ReacherRules},
    rules::{Rules, View},
    swimmer::{Swimmer, SwimmerRules},
    task::MujocoTask,
    walker2d::{Walker2d, Walker2dRules},
};

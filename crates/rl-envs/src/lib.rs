//! Environments in plain Rust, without Python and system libraries: the classic-control and the
//! toy-text ones with Gymnasium's physics, and a lunar lander with physics of its own under
//! Gymnasium's rules.
//!
//! ```
//! use rl_core::{Environment, Stream};
//! use rl_envs::CartPole;
//!
//! let mut rng = Stream::from_seed(42); // as gymnasium.make("CartPole-v1").reset(seed=42)
//! let mut environment = CartPole::v1();
//! assert_eq!(environment.reset(&mut rng)?[0], 0.027395604);
//! let step = environment.step(&1, &mut rng)?;
//! assert_eq!(step.reward, 1.0);
//! # Ok::<(), rl_core::EnvironmentError>(())
//! ```
//!
//! # Features
//! - `draw`: pictures of the environments, as PNG and GIF files (`rl_envs::draw`);
//! - `parity`: replaying recorded traces of the reference (`rl_envs::parity`).

mod acrobot;
mod cartpole;
pub mod conformance;
#[cfg(feature = "draw")]
pub mod draw;
mod heuristic;
pub mod lunar_lander;
mod mountain_car;
mod mountain_car_continuous;
#[cfg(feature = "parity")]
pub mod parity;
mod pendulum;
pub mod physics;
mod registry;
mod reset_bounds;
mod saved;
mod simd_batch;
mod simulation;
mod time_limit;
pub mod toy_text;
pub mod trivial;
pub mod wrappers;

pub use acrobot::Acrobot;
pub use cartpole::CartPole;
pub use heuristic::Heuristic;
#[doc(inline)]
pub use lunar_lander::{LunarLander, LunarLanderContinuous};
pub use mountain_car::MountainCar;
pub use mountain_car_continuous::MountainCarContinuous;
pub use pendulum::Pendulum;
pub use registry::{EnvironmentId, UnknownEnvironment};
pub use reset_bounds::{ResetBounds, ResetBoundsError};
pub use simd_batch::SimdBatch;
pub use time_limit::TimeLimit;
#[doc(inline)]
pub use toy_text::{CliffWalking, FrozenLake, Taxi};

/// Physics of the classic environments in a form that [`SimdBatch`] steps many at a time.
pub mod simd {
    pub use crate::acrobot::AcrobotPhysics;
    pub use crate::cartpole::CartPolePhysics;
    pub use crate::mountain_car::MountainCarPhysics;
    pub use crate::mountain_car_continuous::MountainCarContinuousPhysics;
    pub use crate::pendulum::PendulumPhysics;
    pub use crate::simulation::Simulation;
}

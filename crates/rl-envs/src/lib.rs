//! Environments in plain Rust, without Python and system libraries: the classic-control ones with
//! Gymnasium's physics, and a lunar lander with physics of its own under Gymnasium's rules.
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
mod conformance;
#[cfg(feature = "draw")]
pub mod draw;
mod heuristic;
mod lunar_lander;
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
pub mod trivial;
mod wrappers;

pub use acrobot::{Acrobot, AcrobotPhysics};
pub use cartpole::{CartPole, CartPolePhysics};
pub use conformance::{
    ConformanceConfig, ConformanceReport, Misuse, Moment, NonConformance, check_batch,
    check_environment,
};
pub use heuristic::Heuristic;
pub use lunar_lander::{
    LunarLander, LunarLanderConfig, LunarLanderConfigError, LunarLanderContinuous, LunarLanderEnd,
    LunarLanderHeuristic, LunarLanderScene, LunarLanderState, Pose, Wind,
};
pub use mountain_car::{MountainCar, MountainCarPhysics};
pub use mountain_car_continuous::{MountainCarContinuous, MountainCarContinuousPhysics};
pub use pendulum::{Pendulum, PendulumPhysics};
pub use registry::{EnvironmentId, UnknownEnvironment};
pub use reset_bounds::{ResetBounds, ResetBoundsError};
pub use simd_batch::SimdBatch;
pub use simulation::Simulation;
pub use time_limit::TimeLimit;
pub use wrappers::{
    ClipAction, EpisodeStatistics, FrameSkip, NormalizeObservation, NormalizeReward, RescaleAction,
    Updating, WrapperError,
};

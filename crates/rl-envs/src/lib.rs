//! Environments whose physics are Gymnasium's, in plain Rust: no Python, no system libraries.
//!
//! ```
//! use rl_core::{Environment, Stream};
//! use rl_envs::CartPole;
//!
//! let mut rng = Stream::from_seed(42); // as gymnasium.make("CartPole-v1").reset(seed=42)
//! let mut environment = CartPole::v1();
//! assert_eq!(environment.reset(&mut rng)[0], 0.027395604);
//! let step = environment.step(&1, &mut rng)?;
//! assert_eq!(step.reward, 1.0);
//! # Ok::<(), rl_core::EnvironmentError>(())
//! ```

mod cartpole;
mod lunar_lander;
mod registry;
mod time_limit;

pub use cartpole::{CartPole, CartPoleState};
pub use lunar_lander::{
    LunarLander, LunarLanderConfig, LunarLanderConfigError, LunarLanderContinuous, LunarLanderEnd,
    LunarLanderHeuristic, LunarLanderScene, LunarLanderState, Pose, Wind,
};
pub use registry::{EnvironmentId, UnknownEnvironment};
pub use time_limit::TimeLimit;

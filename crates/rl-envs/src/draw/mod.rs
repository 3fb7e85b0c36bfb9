//! Pictures of the environments, in the sizes, layout and colours of Gymnasium's.
//!
//! ```
//! use rl_core::{Environment, Stream};
//! use rl_envs::CartPole;
//! use rl_envs::draw::{Animation, Draw};
//!
//! let mut rng = Stream::from_seed(0);
//! let mut environment = CartPole::v1();
//! let mut animation = Animation::new(environment.steps_per_second());
//! environment.reset(&mut rng);
//! animation.push(environment.draw())?;
//! while environment.step(&1, &mut rng)?.status.end().is_none() {
//!     animation.push(environment.draw())?;
//! }
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join("cartpole.gif");
//! animation.write_gif(&path)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod acrobot;
mod animation;
mod canvas;
mod cartpole;
mod file;
mod frame;
mod gif_frame;
mod lunar_lander;
mod mountain_car;
mod pendulum;
mod png_sequence;
mod wrapped;

use rl_core::FlatEnvironment;

use crate::{
    Acrobot, CartPole, EnvironmentId, LunarLander, LunarLanderContinuous, MountainCar,
    MountainCarContinuous, Pendulum,
};

pub use animation::Animation;
pub use file::DrawError;
pub use frame::Frame;
pub use png_sequence::PngSequence;

/// An environment that can be seen.
pub trait Draw {
    /// How many steps a second of its animation shows: Gymnasium's `render_fps`.
    fn steps_per_second(&self) -> f64;

    /// A picture of the state, after the end of an episode of its last one. The same state gives
    /// the same bytes; before the first reset there is a scene without anything that moves.
    fn draw(&self) -> Frame;
}

/// An environment that can be acted upon and seen: every one that can do both is one.
pub trait Drawable: FlatEnvironment + Draw {}

impl<E: FlatEnvironment + Draw> Drawable for E {}

impl EnvironmentId {
    /// Makes the environment as [`make`](Self::make) does, to be drawn too.
    pub fn make_drawable(self) -> Box<dyn Drawable> {
        match self {
            Self::CartPole => Box::new(CartPole::v1()),
            Self::Pendulum => Box::new(Pendulum::v1()),
            Self::MountainCar => Box::new(MountainCar::v0()),
            Self::MountainCarContinuous => Box::new(MountainCarContinuous::v0()),
            Self::Acrobot => Box::new(Acrobot::v1()),
            Self::LunarLander => Box::new(LunarLander::v0()),
            Self::LunarLanderContinuous => Box::new(LunarLanderContinuous::v0()),
        }
    }
}

#[cfg(test)]
mod tests {
    use rl_core::{EnvironmentError, Policy, RandomPolicy, Stream};

    use super::*;

    /// The size of Gymnasium's pictures.
    fn size(id: EnvironmentId) -> [u16; 2] {
        match id {
            EnvironmentId::Pendulum | EnvironmentId::Acrobot => [500, 500],
            _ => [600, 400],
        }
    }

    #[test]
    fn every_state_has_a_picture_before_within_and_after_an_episode() {
        for &id in EnvironmentId::ALL {
            let mut environment = id.make_drawable();
            let mut rng = Stream::from_seed(0);
            let mut observation = vec![0.0; environment.observation_space().dim()];
            let mut action = vec![0.0; environment.action_space().flat_dim()];
            let mut policy = RandomPolicy::new(environment.action_space());
            let empty = environment.draw();
            environment.reset_into(&mut rng, &mut observation);
            let start = environment.draw();
            let mut length = 0;
            let refusal = loop {
                policy.act(&observation, std::slice::from_mut(&mut rng), &mut action);
                match environment.step_into(&action, &mut rng, &mut observation) {
                    Ok(_) => length += 1,
                    Err(refusal) => break refusal,
                }
            };
            let end = environment.draw();
            assert_eq!(refusal, EnvironmentError::EpisodeOver);
            for frame in [&empty, &start, &end] {
                assert_eq!(frame.size(), size(id), "{id}");
                assert_eq!(
                    frame.rgb().len(),
                    size(id).map(usize::from).iter().product::<usize>() * 3
                );
            }
            assert!(empty != start && start != end, "{id}, {length} steps");
            assert_eq!(end, environment.draw(), "{id}: the same state");
        }
    }

    #[test]
    fn numbers_that_are_not_finite_leave_things_out() {
        let mut environment = CartPole::new();
        let empty = environment.draw();
        environment.reset_to([f64::NAN, 0.0, f64::INFINITY, 0.0]);
        assert_eq!(environment.draw(), empty);
    }
}

//! Pictures of the environments, in the sizes, layout and colours of Gymnasium's.
//!
//! ```
//! use rl_core::{Environment, Stream};
//! use rl_envs::CartPole;
//! use rl_envs::draw::Draw;
//!
//! let mut environment = CartPole::v1();
//! environment.reset(&mut Stream::from_seed(0))?;
//! assert_eq!(environment.draw().width(), 600);
//! # Ok::<(), rl_core::EnvironmentError>(())
//! ```
//!
//! With the feature `film`, pictures become files: animations (`Animation`) and numbered pictures
//! (`PngSequence`).

mod acrobot;
#[cfg(feature = "film")]
mod animation;
mod cartpole;
mod cliff_walking;
mod fields;
mod file;
mod frame;
mod frozen_lake;
#[cfg(feature = "film")]
mod gif_frame;
mod lunar_lander;
mod mountain_car;
mod pendulum;
#[cfg(feature = "film")]
mod png_sequence;
mod raster;
mod scene;
mod taxi;
mod wrapped;

use rl_core::FlatEnvironment;

use crate::{
    Acrobot, CartPole, CliffWalking, EnvironmentId, FrozenLake, LunarLander, LunarLanderContinuous,
    MountainCar, MountainCarContinuous, Pendulum, Taxi,
};

#[cfg(feature = "film")]
pub use animation::Animation;
pub use file::DrawError;
pub use frame::Frame;
#[cfg(feature = "film")]
pub use png_sequence::PngSequence;
pub use scene::{Colour, Point, Scene, Shape};

/// Environment with a picture.
pub trait Draw {
    /// Number of steps that a second of its animation shows: Gymnasium's `render_fps`.
    fn steps_per_second(&self) -> f64;

    /// The shapes of a picture of the current state, or of the last state of an episode that is over. The
    /// same state gives the same shapes. Before the first reset, only the parts that do not move are
    /// there.
    fn picture(&self) -> Scene;

    /// The same picture in pixels. The same state gives the same bytes.
    fn draw(&self) -> Frame {
        self.picture().to_frame()
    }
}

/// Environment with flat actions and a picture; implemented for every type that has both.
pub trait Drawable: FlatEnvironment + Draw {}

impl<E: FlatEnvironment + Draw> Drawable for E {}

impl EnvironmentId {
    /// Makes the environment as [`make`](rl_core::EnvironmentSource::make) does, with pictures.
    pub fn make_drawable(self) -> Box<dyn Drawable> {
        match self {
            Self::CartPole => Box::new(CartPole::v1()),
            Self::Pendulum => Box::new(Pendulum::v1()),
            Self::MountainCar => Box::new(MountainCar::v0()),
            Self::MountainCarContinuous => Box::new(MountainCarContinuous::v0()),
            Self::Acrobot => Box::new(Acrobot::v1()),
            Self::LunarLander => Box::new(LunarLander::v0()),
            Self::LunarLanderContinuous => Box::new(LunarLanderContinuous::v0()),
            Self::FrozenLake => Box::new(FrozenLake::v1()),
            Self::FrozenLake8x8 => Box::new(FrozenLake::v1_8x8()),
            Self::CliffWalking => Box::new(CliffWalking::v1()),
            Self::Taxi => Box::new(Taxi::v4()),
        }
    }
}

#[cfg(test)]
mod tests {
    use rl_core::{EnvironmentError, Policy, RandomPolicy, Stream};

    use super::*;

    /// Width and height of Gymnasium's pictures, in pixels.
    fn size(id: EnvironmentId) -> [u16; 2] {
        match id {
            EnvironmentId::Pendulum | EnvironmentId::Acrobot => [500, 500],
            EnvironmentId::FrozenLake => [256, 256],
            EnvironmentId::FrozenLake8x8 => [512, 512],
            EnvironmentId::CliffWalking => [720, 240],
            EnvironmentId::Taxi => [550, 350],
            _ => [600, 400],
        }
    }

    #[test]
    fn every_state_has_a_picture_before_within_and_after_an_episode() {
        for &id in EnvironmentId::ALL {
            let mut environment = id.make_drawable();
            let mut rng = Stream::from_seed(0);
            let spaces = environment.spaces();
            let mut observation = vec![0.0; spaces.observation.flat_dim()];
            let mut action = vec![0.0; spaces.action.flat_dim()];
            let mut policy = RandomPolicy::new(spaces.action);
            let empty = environment.draw();
            environment.reset_into(&mut rng, &mut observation).unwrap();
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
                assert_eq!([frame.width(), frame.height()], size(id), "{id}");
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

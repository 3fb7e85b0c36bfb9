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

use rl_core::FlatEnvironment;

use crate::{
    Acrobot, CartPole, EnvironmentId, MountainCar, MountainCarContinuous, Pendulum, TimeLimit,
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

impl<E: Draw> Draw for TimeLimit<E> {
    fn steps_per_second(&self) -> f64 {
        self.inner().steps_per_second()
    }

    fn draw(&self) -> Frame {
        self.inner().draw()
    }
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
        }
    }
}

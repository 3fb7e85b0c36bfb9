//! Environments with pictures in pixels.

use rl_core::FlatEnvironment;
use rl_envs::draw::Frame;

/// Environment with a picture in pixels alone, where a [`Drawable`](rl_envs::draw::Drawable) one has shapes.
pub trait Filmed: FlatEnvironment {
    /// Number of steps that a second of its animation shows.
    fn steps_per_second(&self) -> f64;

    /// The picture of the current state, or of the last state of an episode that is over.
    fn frame(&self) -> Frame;
}

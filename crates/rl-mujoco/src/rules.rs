//! Rules of a task around its model.

use mujoco_rs::prelude::MjModel;
use rl_core::Stream;

use crate::model::Simulation;

/// A task's model and rules: how episodes begin and end, what is observed, and what is rewarded.
///
/// `O` is the number of numbers in an observation, `A` that of actuators.
pub trait Rules<const O: usize, const A: usize>: 'static {
    /// Name of the task.
    const NAME: &'static str;
    /// The model, in MJCF.
    const MODEL: &'static str;
    /// MuJoCo's steps in a step of the environment.
    const FRAME_SKIP: usize;
    /// Steps after which an episode is truncated.
    const MAX_STEPS: usize;
    /// Flag: the rules look at `cfrc_ext`, the forces on bodies, which MuJoCo computes only when asked to.
    const NEEDS_FORCES: bool = false;
    /// View of the model in pictures.
    const VIEW: View;

    /// The text that MuJoCo loads: the model, unless something is to be changed.
    fn source() -> String {
        Self::MODEL.to_owned()
    }

    /// The model that the simulation runs, from what MuJoCo loaded.
    ///
    /// # Errors
    /// MuJoCo's reason.
    fn finish(model: MjModel) -> Result<MjModel, String> {
        Ok(model)
    }

    /// Draws the initial state into `qpos` and `qvel`, which hold the model's own.
    fn draw(qpos: &mut [f64], qvel: &mut [f64], rng: &mut Stream);

    /// The observation of a state.
    fn observe(simulation: &Simulation) -> [f64; O];

    /// The position that the task measures progress by, in metres; 0 where it measures none.
    fn position(simulation: &Simulation) -> f64;

    /// The reward of a step of an action, and `true` if it leads to a terminal state. `velocity` is that of
    /// [`position`](Self::position) over the step, in m/s.
    fn judge(simulation: &Simulation, velocity: f64, action: &[f32; A]) -> (f64, bool);
}

/// View of a model in a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// Axes of the world, from 0, to the right and upwards.
    pub axes: [usize; 2],
    /// The point in the middle of the picture, in metres; from the body that it follows, but for the height.
    pub centre: [f64; 2],
    /// Width of the picture, in metres.
    pub width: f64,
    /// The body that the picture follows over tiles of a metre, if any.
    pub follows: Option<usize>,
}

/// Draws numbers around those that are there: uniform within `±scale`.
pub(crate) fn add_uniform(numbers: &mut [f64], scale: f64, rng: &mut Stream) {
    for number in numbers {
        *number += rng.uniform(-scale, scale);
    }
}

/// Draws numbers around those that are there: normal with the standard deviation `scale`.
pub(crate) fn add_normal(numbers: &mut [f64], scale: f64, rng: &mut Stream) {
    for number in numbers {
        *number += scale * rng.standard_normal();
    }
}

/// Numbers one after the other as an observation; what is missing at the end is 0, what is too much left out.
pub(crate) fn observation<const O: usize>(parts: impl IntoIterator<Item = f64>) -> [f64; O] {
    let mut observation = [0.0; O];
    for (place, number) in observation.iter_mut().zip(parts) {
        *place = number;
    }
    observation
}

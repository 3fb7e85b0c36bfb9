//! InvertedPendulum: a pole on a cart.

use rl_core::Stream;
use rl_envs::TimeLimit;

use crate::environment::MujocoEnvironment;
use crate::error::MujocoError;
use crate::model::Simulation;
use crate::rules::{Rules, View, add_uniform, observation};

/// Gymnasium's InvertedPendulum without its time limit; [`InvertedPendulum::v5`] has it.
///
/// | | |
/// |---|---|
/// | state, observation | position of the cart, angle of the pole (m, rad), their velocities |
/// | action | force on the cart, clipped to ±3, for 0.04 s |
/// | reward | 1, and 0 at the end |
/// | reset | all uniform in ±0.01 |
/// | terminated | the angle beyond ±0.2 |
pub type InvertedPendulum = MujocoEnvironment<InvertedPendulumRules, 4, 1>;

/// The rules of `InvertedPendulum-v5`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InvertedPendulumRules;

impl Rules<4, 1> for InvertedPendulumRules {
    const NAME: &'static str = "inverted-pendulum";
    const MODEL: &'static str = include_str!("../assets/inverted_pendulum.xml");
    const FRAME_SKIP: usize = 2;
    const MAX_STEPS: usize = 1000;
    const VIEW: View = View {
        axes: [0, 2],
        centre: [0.0, 0.3],
        width: 2.4,
        follows: None,
    };

    fn draw(qpos: &mut [f64], qvel: &mut [f64], rng: &mut Stream) {
        add_uniform(qpos, 0.01, rng);
        add_uniform(qvel, 0.01, rng);
    }

    fn observe(simulation: &Simulation) -> [f64; 4] {
        observation(simulation.qpos().iter().chain(simulation.qvel()).copied())
    }

    fn position(_simulation: &Simulation) -> f64 {
        0.0
    }

    fn judge(simulation: &Simulation, _velocity: f64, _action: &[f32; 1]) -> (f64, bool) {
        let observed = Self::observe(simulation);
        let is_over = !observed.iter().all(|x| x.is_finite()) || observed[1].abs() > 0.2;
        (if is_over { 0.0 } else { 1.0 }, is_over)
    }
}

impl InvertedPendulum {
    /// `InvertedPendulum-v5`: episodes are truncated after 1000 steps.
    ///
    /// # Errors
    /// [`MujocoError`].
    pub fn v5() -> Result<TimeLimit<Self>, MujocoError> {
        Self::limited()
    }
}

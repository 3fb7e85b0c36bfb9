//! InvertedDoublePendulum: two poles on a cart.

use rl_core::Stream;
use rl_envs::TimeLimit;

use crate::environment::MujocoEnvironment;
use crate::error::MujocoError;
use crate::model::Simulation;
use crate::rules::{Rules, View, add_normal, add_uniform, observation};

/// Gymnasium's InvertedDoublePendulum without its time limit; [`InvertedDoublePendulum::v5`] has it.
///
/// | | |
/// |---|---|
/// | state | position of the cart, angle of the first pole, angle of the second to the first (m, rad), their velocities |
/// | observation | the position, the sines, the cosines, the velocities and the force that keeps the cart on its rail, both clipped to ±10, 9 numbers |
/// | action | force on the cart, clipped to ±1, for 0.05 s |
/// | reward | 10, and 0 at the end, − 0.01 x² − (y − 2)² of the tip (m) − 0.001 ω₁² − 0.005 ω₂² |
/// | reset | positions uniform in ±0.1, velocities normal with standard deviation 0.1 |
/// | terminated | the tip at most 1 m high |
pub type InvertedDoublePendulum = MujocoEnvironment<InvertedDoublePendulumRules, 9, 1>;

/// The rules of `InvertedDoublePendulum-v5`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InvertedDoublePendulumRules;

impl Rules<9, 1> for InvertedDoublePendulumRules {
    const NAME: &'static str = "inverted-double-pendulum";
    const MODEL: &'static str = include_str!("../assets/inverted_double_pendulum.xml");
    const FRAME_SKIP: usize = 5;
    const MAX_STEPS: usize = 1000;
    const VIEW: View = View {
        axes: [0, 2],
        centre: [0.0, 0.5],
        width: 3.2,
        follows: None,
    };

    fn draw(qpos: &mut [f64], qvel: &mut [f64], rng: &mut Stream) {
        add_uniform(qpos, 0.1, rng);
        add_normal(qvel, 0.1, rng);
    }

    fn observe(simulation: &Simulation) -> [f64; 9] {
        let (place, angles) = simulation.qpos().split_at(1);
        let forces = simulation.qfrc_constraint().iter().take(1);
        let clipped = simulation.qvel().iter().chain(forces);
        let sines = angles.iter().map(|x| x.sin());
        let cosines = angles.iter().map(|x| x.cos());
        let clipped = clipped.map(|x| x.clamp(-10.0, 10.0));
        observation(
            place
                .iter()
                .copied()
                .chain(sines)
                .chain(cosines)
                .chain(clipped),
        )
    }

    fn position(_simulation: &Simulation) -> f64 {
        0.0
    }

    fn judge(simulation: &Simulation, _velocity: f64, _action: &[f32; 1]) -> (f64, bool) {
        let [x, _, y] = simulation.site_xpos()[0];
        let [first, second] = [1, 2].map(|i| simulation.qvel()[i]);
        let is_over = y <= 1.0;
        let distance = 0.01 * (x * x) + (y - 2.0) * (y - 2.0);
        let speed = 1e-3 * (first * first) + 5e-3 * (second * second);
        let alive = if is_over { 0.0 } else { 10.0 };
        (alive - distance - speed, is_over)
    }
}

impl InvertedDoublePendulum {
    /// `InvertedDoublePendulum-v5`: episodes are truncated after 1000 steps.
    ///
    /// # Errors
    /// [`MujocoError`].
    pub fn v5() -> Result<TimeLimit<Self>, MujocoError> {
        Self::limited()
    }
}

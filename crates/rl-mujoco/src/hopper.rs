//! Hopper: one leg, which must not fall.

use rl_core::Stream;
use rl_envs::TimeLimit;

use crate::environment::MujocoEnvironment;
use crate::error::MujocoError;
use crate::model::Simulation;
use crate::reward::control_cost;
use crate::rules::{Rules, View, add_uniform, observation};

/// Gymnasium's Hopper without its time limit; [`Hopper::v5`] has it.
///
/// | | |
/// |---|---|
/// | state | position, height and angle of the trunk, the angles of thigh, leg and foot (m, rad); their velocities |
/// | observation | the state without the position, velocities clipped to ±10, 11 numbers |
/// | action | torques of the 3 joints, clipped to ±1, for 0.008 s |
/// | reward | forward velocity (m/s) + 1 in a healthy state − 0.001 Σ torque², before clipping |
/// | reset | positions and velocities uniform in ±0.005 around the upright |
/// | terminated | unless healthy: height above 0.7, angle within ±0.2, all other numbers within ±100 |
pub type Hopper = MujocoEnvironment<HopperRules, 11, 3>;

/// The rules of `Hopper-v5`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HopperRules;

impl Rules<11, 3> for HopperRules {
    const NAME: &'static str = "hopper";
    const MODEL: &'static str = include_str!("../assets/hopper.xml");
    const FRAME_SKIP: usize = 4;
    const MAX_STEPS: usize = 1000;
    const VIEW: View = View {
        axes: [0, 2],
        centre: [0.0, 0.8],
        width: 3.6,
        follows: Some(1),
    };

    fn draw(qpos: &mut [f64], qvel: &mut [f64], rng: &mut Stream) {
        add_uniform(qpos, 5e-3, rng);
        add_uniform(qvel, 5e-3, rng);
    }

    fn observe(simulation: &Simulation) -> [f64; 11] {
        let positions = simulation.qpos().iter().skip(1).copied();
        let velocities = simulation.qvel().iter().map(|x| x.clamp(-10.0, 10.0));
        observation(positions.chain(velocities))
    }

    fn position(simulation: &Simulation) -> f64 {
        simulation.qpos()[0]
    }

    fn judge(simulation: &Simulation, velocity: f64, action: &[f32; 3]) -> (f64, bool) {
        let [height, angle] = [1, 2].map(|i| simulation.qpos()[i]);
        let others = simulation.qpos()[2..].iter().chain(simulation.qvel());
        let is_bounded = others.into_iter().all(|x| -100.0 < *x && *x < 100.0);
        let is_healthy = 0.7 < height && -0.2 < angle && angle < 0.2 && is_bounded;
        let alive = if is_healthy { 1.0 } else { 0.0 };
        (velocity + alive - control_cost(action, 1e-3), !is_healthy)
    }
}

impl Hopper {
    /// `Hopper-v5`: episodes are truncated after 1000 steps.
    ///
    /// # Errors
    /// [`MujocoError`].
    pub fn v5() -> Result<TimeLimit<Self>, MujocoError> {
        Self::limited()
    }
}

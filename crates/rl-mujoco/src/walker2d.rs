//! Walker2d: two legs in a plane, which must not fall.

use rl_core::Stream;
use rl_envs::TimeLimit;

use crate::environment::MujocoEnvironment;
use crate::error::MujocoError;
use crate::model::Simulation;
use crate::reward::control_cost;
use crate::rules::{Rules, View, add_uniform, observation};

/// Gymnasium's Walker2d without its time limit; [`Walker2d::v5`] has it.
///
/// | | |
/// |---|---|
/// | state | position, height and angle of the trunk, the angles of right and left thigh, leg and foot (m, rad); their velocities |
/// | observation | the state without the position, velocities clipped to ±10, 17 numbers |
/// | action | torques of the 6 joints, clipped to ±1, for 0.008 s |
/// | reward | forward velocity (m/s) + 1 in a healthy state − 0.001 Σ torque², before clipping |
/// | reset | positions and velocities uniform in ±0.005 around the upright |
/// | terminated | unless healthy: height between 0.8 and 2, angle within ±1.0 |
pub type Walker2d = MujocoEnvironment<Walker2dRules, 17, 6>;

/// The rules of `Walker2d-v5`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Walker2dRules;

impl Rules<17, 6> for Walker2dRules {
    const NAME: &'static str = "walker2d";
    const MODEL: &'static str = include_str!("../assets/walker2d_v5.xml");
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

    fn observe(simulation: &Simulation) -> [f64; 17] {
        let positions = simulation.qpos().iter().skip(1).copied();
        let velocities = simulation.qvel().iter().map(|x| x.clamp(-10.0, 10.0));
        observation(positions.chain(velocities))
    }

    fn position(simulation: &Simulation) -> f64 {
        simulation.qpos()[0]
    }

    fn judge(simulation: &Simulation, velocity: f64, action: &[f32; 6]) -> (f64, bool) {
        let [height, angle] = [1, 2].map(|i| simulation.qpos()[i]);
        let is_healthy = 0.8 < height && height < 2.0 && -1.0 < angle && angle < 1.0;
        let alive = if is_healthy { 1.0 } else { 0.0 };
        (velocity + alive - control_cost(action, 1e-3), !is_healthy)
    }
}

impl Walker2d {
    /// `Walker2d-v5`: episodes are truncated after 1000 steps.
    ///
    /// # Errors
    /// [`MujocoError`].
    pub fn v5() -> Result<TimeLimit<Self>, MujocoError> {
        Self::limited()
    }
}

//! Swimmer: three links in a viscous fluid.

use rl_core::Stream;
use rl_envs::TimeLimit;

use crate::environment::MujocoEnvironment;
use crate::error::MujocoError;
use crate::model::Simulation;
use crate::reward::control_cost;
use crate::rules::{Rules, View, add_uniform, observation};

/// Gymnasium's Swimmer without its time limit; [`Swimmer::v5`] has it.
///
/// | | |
/// |---|---|
/// | state | position of the nose, angle of the first link, angles of the two joints (m, rad); their velocities |
/// | observation | the state without the position, 8 numbers |
/// | action | torques of the two joints, clipped to ±1, for 0.04 s |
/// | reward | forward velocity (m/s) − 0.0001 Σ torque², before clipping |
/// | reset | positions and velocities uniform in ±0.1 |
/// | terminated | never |
pub type Swimmer = MujocoEnvironment<SwimmerRules, 8, 2>;

/// The rules of `Swimmer-v5`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SwimmerRules;

impl Rules<8, 2> for SwimmerRules {
    const NAME: &'static str = "swimmer";
    const MODEL: &'static str = include_str!("../assets/swimmer.xml");
    const FRAME_SKIP: usize = 4;
    const MAX_STEPS: usize = 1000;
    const VIEW: View = View {
        axes: [0, 1],
        centre: [0.0, 0.0],
        width: 6.0,
        follows: Some(1),
    };

    fn draw(qpos: &mut [f64], qvel: &mut [f64], rng: &mut Stream) {
        add_uniform(qpos, 0.1, rng);
        add_uniform(qvel, 0.1, rng);
    }

    fn observe(simulation: &Simulation) -> [f64; 8] {
        let positions = simulation.qpos().iter().skip(2);
        observation(positions.chain(simulation.qvel()).copied())
    }

    fn position(simulation: &Simulation) -> f64 {
        simulation.qpos()[0]
    }

    fn judge(_simulation: &Simulation, velocity: f64, action: &[f32; 2]) -> (f64, bool) {
        (velocity - control_cost(action, 1e-4), false)
    }
}

impl Swimmer {
    /// `Swimmer-v5`: episodes are truncated after 1000 steps.
    ///
    /// # Errors
    /// [`MujocoError`].
    pub fn v5() -> Result<TimeLimit<Self>, MujocoError> {
        Self::limited()
    }
}

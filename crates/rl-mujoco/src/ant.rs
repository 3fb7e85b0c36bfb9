//! Ant: four legs with two joints each, in space.

use rl_core::Stream;
use rl_envs::TimeLimit;

use crate::environment::MujocoEnvironment;
use crate::error::MujocoError;
use crate::model::Simulation;
use crate::reward::{control_cost, sum_of_squares};
use crate::rules::{Rules, View, add_normal, add_uniform, observation};

/// Gymnasium's Ant without its time limit; [`Ant::v5`] has it.
///
/// | | |
/// |---|---|
/// | state | place and orientation of the trunk, angles of the eight joints (m, rad); their velocities |
/// | observation | the state without the place on the ground, and the forces on the 13 bodies, clipped to ±1, 105 numbers |
/// | action | torques of the joints, clipped to ±1, for 0.05 s |
/// | reward | forward velocity (m/s) + 1 in a healthy state − 0.5 Σ torque², before clipping − 0.0005 Σ force² |
/// | reset | positions uniform in ±0.1, velocities normal with standard deviation 0.1 |
/// | terminated | the trunk not between 0.2 and 1 m high |
pub type Ant = MujocoEnvironment<AntRules, 105, 8>;

/// The rules of `Ant-v5`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AntRules;

impl Rules<105, 8> for AntRules {
    const NAME: &'static str = "ant";
    const MODEL: &'static str = include_str!("../assets/ant.xml");
    const FRAME_SKIP: usize = 5;
    const MAX_STEPS: usize = 1000;
    const NEEDS_FORCES: bool = true;
    const VIEW: View = View {
        axes: [0, 1],
        centre: [0.0, 0.0],
        width: 6.0,
        follows: Some(1),
    };

    fn draw(qpos: &mut [f64], qvel: &mut [f64], rng: &mut Stream) {
        add_uniform(qpos, 0.1, rng);
        add_normal(qvel, 0.1, rng);
    }

    fn observe(simulation: &Simulation) -> [f64; 105] {
        let positions = simulation.qpos().iter().skip(2);
        // The first body is the world.
        let forces = simulation.cfrc_ext().as_flattened().iter().skip(6);
        let forces = forces.map(|x| x.clamp(-1.0, 1.0));
        observation(positions.chain(simulation.qvel()).copied().chain(forces))
    }

    /// That of the trunk, which MuJoCo computes at the beginning of its last small step.
    fn position(simulation: &Simulation) -> f64 {
        simulation.xpos()[1][0]
    }

    fn judge(simulation: &Simulation, velocity: f64, action: &[f32; 8]) -> (f64, bool) {
        let mut state = simulation.qpos().iter().chain(simulation.qvel());
        let height = simulation.qpos()[2];
        let is_healthy = state.all(|x| x.is_finite()) && (0.2..=1.0).contains(&height);
        let alive = if is_healthy { 1.0 } else { 0.0 };
        let forces = simulation.cfrc_ext().as_flattened().iter();
        let costs =
            control_cost(action, 0.5) + 5e-4 * sum_of_squares(forces.map(|x| x.clamp(-1.0, 1.0)));
        (velocity + alive - costs, !is_healthy)
    }
}

impl Ant {
    /// `Ant-v5`: episodes are truncated after 1000 steps.
    ///
    /// # Errors
    /// [`MujocoError`].
    pub fn v5() -> Result<TimeLimit<Self>, MujocoError> {
        Self::limited()
    }
}

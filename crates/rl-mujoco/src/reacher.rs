//! Reacher: an arm of two links, whose tip is to reach a target.

use rl_core::Stream;
use rl_envs::TimeLimit;

use crate::environment::MujocoEnvironment;
use crate::error::MujocoError;
use crate::model::Simulation;
use crate::reward::control_cost;
use crate::rules::{Rules, View, add_uniform, observation};

/// Gymnasium's Reacher without its time limit; [`Reacher::v5`] has it.
///
/// | | |
/// |---|---|
/// | state | angles of the two joints, place of the target (rad, m); their velocities |
/// | observation | cosines and sines of the angles, the target, the joints' velocities, the way from the target to the tip, 10 numbers |
/// | action | torques of the joints, clipped to ±1, for 0.02 s |
/// | reward | −distance to the target (m) − Σ torque², before clipping |
/// | reset | angles uniform in ±0.1, velocities in ±0.005, the target in a disc of radius 0.2 |
/// | terminated | never |
pub type Reacher = MujocoEnvironment<ReacherRules, 10, 2>;

/// The rules of `Reacher-v5`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReacherRules;

/// Index of the body of the arm's tip.
const TIP: usize = 3;
/// Index of the body of the target.
const TARGET: usize = 4;

/// The way from the target to the tip, in metres.
fn way(simulation: &Simulation) -> [f64; 3] {
    let places = simulation.xpos();
    [0, 1, 2].map(|axis| places[TIP][axis] - places[TARGET][axis])
}

impl Rules<10, 2> for ReacherRules {
    const NAME: &'static str = "reacher";
    const MODEL: &'static str = include_str!("../assets/reacher.xml");
    const FRAME_SKIP: usize = 2;
    const MAX_STEPS: usize = 50;
    const VIEW: View = View {
        axes: [0, 1],
        centre: [0.0, 0.0],
        width: 1.05,
        follows: None,
    };

    fn draw(qpos: &mut [f64], qvel: &mut [f64], rng: &mut Stream) {
        add_uniform(qpos, 0.1, rng);
        let target = loop {
            let [x, y] = [(); 2].map(|()| rng.uniform(-0.2, 0.2));
            if (x * x + y * y).sqrt() < 0.2 {
                break [x, y];
            }
        };
        add_uniform(qvel, 0.005, rng);
        qpos[2..].copy_from_slice(&target);
        qvel[2..].fill(0.0);
    }

    fn observe(simulation: &Simulation) -> [f64; 10] {
        let (angles, target) = simulation.qpos().split_at(2);
        let cosines = angles.iter().map(|x| x.cos());
        let sines = angles.iter().map(|x| x.sin());
        let velocities = simulation.qvel().iter().take(2).copied();
        let way = way(simulation).into_iter().take(2);
        let parts = cosines.chain(sines).chain(target.iter().copied());
        observation(parts.chain(velocities).chain(way))
    }

    fn position(_simulation: &Simulation) -> f64 {
        0.0
    }

    fn judge(simulation: &Simulation, _velocity: f64, action: &[f32; 2]) -> (f64, bool) {
        let [x, y, z] = way(simulation);
        let distance = (x * x + y * y + z * z).sqrt();
        (-distance - control_cost(action, 1.0), false)
    }
}

impl Reacher {
    /// `Reacher-v5`: episodes are truncated after 50 steps.
    ///
    /// # Errors
    /// [`MujocoError`].
    pub fn v5() -> Result<TimeLimit<Self>, MujocoError> {
        Self::limited()
    }
}

//! HalfCheetah: a runner in a plane that cannot fall out of an episode.

use mujoco_rs::prelude::{MjData, MjModel};
use rl_core::Stream;
use rl_envs::TimeLimit;

use crate::environment::MujocoEnvironment;
use crate::error::MujocoError;
use crate::model::Simulation;
use crate::reward::control_cost;
use crate::rules::{Rules, View, add_normal, add_uniform, observation};

/// Gymnasium's HalfCheetah without its time limit; [`HalfCheetah::v5`] has it.
///
/// | | |
/// |---|---|
/// | state | position, height and angle of the trunk, the angles of back and front thigh, shin and foot (m, rad); their velocities |
/// | observation | the state without the position, 17 numbers |
/// | action | torques of the six joints, clipped to ±1, for 0.05 s |
/// | reward | forward velocity (m/s) − 0.1 Σ torque², before clipping |
/// | reset | positions uniform in ±0.1, velocities normal with standard deviation 0.1 |
/// | terminated | never |
pub type HalfCheetah = MujocoEnvironment<HalfCheetahRules, 17, 6>;

/// The rules of `HalfCheetah-v5`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HalfCheetahRules;

/// Attribute of the model's compiler that is deprecated: MuJoCo warns of it on standard error and in a file in the
/// current directory, and says what to do instead.
const TOTAL_MASS: &str = "settotalmass=\"14\"";

impl Rules<17, 6> for HalfCheetahRules {
    const NAME: &'static str = "half-cheetah";
    const MODEL: &'static str = include_str!("../assets/half_cheetah.xml");
    const FRAME_SKIP: usize = 5;
    const MAX_STEPS: usize = 1000;
    const VIEW: View = View {
        axes: [0, 2],
        centre: [0.0, 0.6],
        width: 4.0,
        follows: Some(1),
    };

    fn source() -> String {
        Self::MODEL.replace(TOTAL_MASS, "")
    }

    /// The masses scaled to 14 kg.
    fn finish(mut model: MjModel) -> Result<MjModel, String> {
        model.set_totalmass(14.0);
        let mut data = MjData::try_new(Box::new(model)).map_err(|error| error.to_string())?;
        data.set_const();
        // MuJoCo's compiler measures these after scaling, `set_const` leaves them alone. The solver's tolerance is
        // relative to the inertia.
        let statistic = data.model_stat_mut();
        statistic.meanmass = 2.000_000_000_000_000_4;
        statistic.meaninertia = 3.722_702_429_381_685;
        Ok(data.model().clone())
    }

    fn draw(qpos: &mut [f64], qvel: &mut [f64], rng: &mut Stream) {
        add_uniform(qpos, 0.1, rng);
        add_normal(qvel, 0.1, rng);
    }

    fn observe(simulation: &Simulation) -> [f64; 17] {
        let positions = simulation.qpos().iter().skip(1);
        observation(positions.chain(simulation.qvel()).copied())
    }

    fn position(simulation: &Simulation) -> f64 {
        simulation.qpos()[0]
    }

    fn judge(_simulation: &Simulation, velocity: f64, action: &[f32; 6]) -> (f64, bool) {
        (velocity - control_cost(action, 0.1), false)
    }
}

impl HalfCheetah {
    /// `HalfCheetah-v5`: episodes are truncated after 1000 steps.
    ///
    /// # Errors
    /// [`MujocoError`].
    pub fn v5() -> Result<TimeLimit<Self>, MujocoError> {
        Self::limited()
    }
}

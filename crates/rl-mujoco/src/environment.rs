//! An environment made of a task's rules.

use std::marker::PhantomData;

use mujoco_rs::prelude::MjtState;
use rl_core::{BoxSpace, Environment, EnvironmentError, Space, Status, Step, Stream};
use rl_envs::TimeLimit;
use rl_envs::draw::Scene;

use crate::error::MujocoError;
use crate::model::{Simulation, simulation};
use crate::rules::Rules;

/// MuJoCo's integration state: everything that its next step depends on.
const STATE: u32 = MjtState::mjSTATE_INTEGRATION as u32;

/// Numbers of a saved state before MuJoCo's: the phase and the position.
const OWN: usize = 2;

/// Width and height of a picture, in pixels.
pub(crate) const CANVAS: [u16; 2] = [480, 320];

/// The environment whose rules are `R`: episodes end by termination alone.
pub struct MujocoEnvironment<R, const O: usize, const A: usize> {
    simulation: Simulation,
    phase: Phase,
    /// The position after the last step, as the task measures it.
    position: f64,
    /// Seconds of a step.
    duration: f64,
    actions: Space,
    /// An empty picture.
    canvas: Scene,
    rules: PhantomData<fn() -> R>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Phase {
    NotStarted,
    Running,
    Over,
}

impl<R: Rules<O, A>, const O: usize, const A: usize> MujocoEnvironment<R, O, A> {
    /// Makes one.
    ///
    /// # Errors
    /// [`MujocoError`].
    pub fn new() -> Result<Self, MujocoError> {
        let simulation = simulation(R::NAME, R::source, R::finish)?;
        let model = simulation.model();
        let ranges = model.actuator_ctrlrange();
        if ranges.len() != A {
            return Err(MujocoError::Size {
                task: R::NAME,
                quantity: "actuators",
                found: ranges.len(),
                expected: A,
            });
        }
        let (low, high) = ranges
            .iter()
            .map(|[low, high]| (*low as f32, *high as f32))
            .unzip();
        let wrong = |reason: String| MujocoError::Model {
            task: R::NAME,
            reason,
        };
        let actions = BoxSpace::new(low, high).map_err(|error| wrong(error.to_string()))?;
        let [width, height] = CANVAS;
        let canvas =
            Scene::new(width, height, [255; 3]).map_err(|error| wrong(error.to_string()))?;
        Ok(Self {
            phase: Phase::NotStarted,
            position: 0.0,
            duration: model.opt().timestep * R::FRAME_SKIP as f64,
            actions: Space::Box(actions),
            canvas,
            rules: PhantomData,
            simulation,
        })
    }

    /// One with the task's time limit.
    ///
    /// # Errors
    /// [`MujocoError`].
    pub fn limited() -> Result<TimeLimit<Self>, MujocoError> {
        Ok(TimeLimit::new(Self::new()?, R::MAX_STEPS))
    }

    /// The simulation.
    pub fn simulation(&self) -> &Simulation {
        &self.simulation
    }

    /// Seconds of a step.
    pub fn duration(&self) -> f64 {
        self.duration
    }

    /// An empty picture.
    pub(crate) fn canvas(&self) -> Scene {
        self.canvas.clone()
    }

    /// `true` from the first reset on.
    pub(crate) fn has_begun(&self) -> bool {
        self.phase != Phase::NotStarted
    }

    /// Starts an episode from a given state and returns its first observation.
    ///
    /// # Errors
    /// [`EnvironmentError::State`] for other numbers of positions and velocities than the model has.
    pub fn reset_to(&mut self, qpos: &[f64], qvel: &[f64]) -> Result<[f32; O], EnvironmentError> {
        let [nq, nv] = [self.simulation.qpos().len(), self.simulation.qvel().len()];
        if [qpos.len(), qvel.len()] != [nq, nv] {
            return Err(EnvironmentError::state(format!(
                "{} positions and {} velocities where {nq} and {nv} are needed",
                qpos.len(),
                qvel.len()
            )));
        }
        self.simulation.reset();
        self.simulation.qpos_mut().copy_from_slice(qpos);
        self.simulation.qvel_mut().copy_from_slice(qvel);
        Ok(self.begin())
    }

    /// Begins an episode in the state that was set.
    fn begin(&mut self) -> [f32; O] {
        self.simulation.forward();
        self.position = R::position(&self.simulation);
        self.phase = Phase::Running;
        self.observation()
    }

    #[inline]
    fn observation(&self) -> [f32; O] {
        R::observe(&self.simulation).map(|number| number as f32)
    }
}

impl<R: Rules<O, A>, const O: usize, const A: usize> Environment for MujocoEnvironment<R, O, A> {
    type Observation = [f32; O];
    type Action = [f32; A];

    fn observation_space(&self) -> Space {
        Space::Box(BoxSpace::unbounded(O))
    }

    fn action_space(&self) -> Space {
        self.actions.clone()
    }

    fn reset(&mut self, rng: &mut Stream) -> Result<[f32; O], EnvironmentError> {
        self.simulation.reset();
        let mut qpos = self.simulation.qpos().to_vec();
        let mut qvel = self.simulation.qvel().to_vec();
        R::draw(&mut qpos, &mut qvel, rng);
        self.simulation.qpos_mut().copy_from_slice(&qpos);
        self.simulation.qvel_mut().copy_from_slice(&qvel);
        Ok(self.begin())
    }

    #[inline]
    fn step(
        &mut self,
        action: &[f32; A],
        _rng: &mut Stream,
    ) -> Result<Step<[f32; O]>, EnvironmentError> {
        match self.phase {
            Phase::NotStarted => return Err(EnvironmentError::NotReset),
            Phase::Over => return Err(EnvironmentError::EpisodeOver),
            Phase::Running => {}
        }
        if !action.iter().all(|x| x.is_finite()) {
            return Err(EnvironmentError::outside(action, &self.actions));
        }
        // MuJoCo clips them to the actuators' ranges.
        self.simulation
            .ctrl_mut()
            .copy_from_slice(&action.map(f64::from));
        for _ in 0..R::FRAME_SKIP {
            self.simulation.step();
        }
        if R::NEEDS_FORCES {
            self.simulation.rne_post_constraint();
        }
        let position = R::position(&self.simulation);
        let velocity = (position - self.position) / self.duration;
        self.position = position;
        let (reward, terminated) = R::judge(&self.simulation, velocity, action);
        let status = if terminated {
            self.phase = Phase::Over;
            Status::Terminated
        } else {
            Status::Running
        };
        Ok(Step {
            observation: self.observation(),
            reward,
            status,
        })
    }

    /// The phase (0 before the first reset, 1 in an episode, 2 after one), the position, and MuJoCo's
    /// `mjSTATE_INTEGRATION`, of which positions and velocities are only a part.
    fn save_state(&self) -> Option<Vec<f64>> {
        let phase = match self.phase {
            Phase::NotStarted => 0.0,
            Phase::Running => 1.0,
            Phase::Over => 2.0,
        };
        let own: [f64; OWN] = [phase, self.position];
        Some([&own[..], &self.simulation.state(STATE)].concat())
    }

    fn restore_state(&mut self, state: &[f64]) -> Result<(), EnvironmentError> {
        let needed = OWN + self.simulation.model().state_size(STATE);
        if state.len() != needed {
            let reason = format!("{} numbers where {needed} are needed", state.len());
            return Err(EnvironmentError::state(reason));
        }
        let (own, integration) = state.split_at(OWN);
        let phase = match own[0] {
            0.0 => Phase::NotStarted,
            1.0 => Phase::Running,
            2.0 => Phase::Over,
            other => {
                let reason = format!("{other} is no integer from 0 to 2");
                return Err(EnvironmentError::state(reason));
            }
        };
        let set = |simulation: &mut Simulation| {
            let done = simulation.set_state(integration, STATE);
            done.map_err(|error| EnvironmentError::state(error.to_string()))
        };
        set(&mut self.simulation)?;
        // What a picture shows is computed from the state, and the computation leaves another warm start.
        self.simulation.forward();
        set(&mut self.simulation)?;
        (self.phase, self.position) = (phase, own[1]);
        Ok(())
    }
}

impl<R, const O: usize, const A: usize> std::fmt::Debug for MujocoEnvironment<R, O, A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MujocoEnvironment")
            .field("phase", &self.phase)
            .field("qpos", &self.simulation.qpos())
            .field("qvel", &self.simulation.qvel())
            .finish_non_exhaustive()
    }
}

//! One environment.

use std::sync::{Mutex, PoisonError};

use numpy::PyArray3;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use rl_core::state::Array;
use rl_core::{Snapshot, Spaces, State, StateReader, Status, Stream};
use rl_envs::EnvironmentId;
use rl_envs::draw::Drawable;

use crate::{actions, errors, observations, snapshot};

/// Environment with its stream of random numbers.
#[pyclass(module = "rl_py._native")]
pub struct Environment {
    id: EnvironmentId,
    /// Never locked: Python's class is shared by threads, its borrow is exclusive.
    environment: Mutex<Box<dyn Drawable>>,
    rng: Stream,
    spaces: Spaces,
    action: Vec<f32>,
    observation: Vec<f32>,
    /// Steps of the episode so far.
    steps: usize,
}

#[pymethods]
impl Environment {
    /// The environment of a name: `cartpole`, `CartPole-v1`.
    ///
    /// # Errors
    /// `ValueError` for a name that no environment has.
    #[new]
    pub fn new(name: &str) -> PyResult<Self> {
        let id = errors::find(name)?;
        let environment = id.make_drawable();
        let spaces = environment.spaces();
        Ok(Self {
            id,
            environment: Mutex::new(environment),
            rng: Stream::from_seed(0),
            action: vec![0.0; spaces.action.flat_dim()],
            observation: vec![0.0; spaces.observation.flat_dim()],
            spaces,
            steps: 0,
        })
    }

    /// Draws from NumPy's generator of a seed from now on, as Gymnasium's environments do after `reset(seed=seed)`.
    fn seed(&mut self, seed: u64) {
        self.rng = Stream::from_seed(seed);
    }

    /// Starts an episode and returns its first observation.
    ///
    /// # Errors
    /// `RuntimeError` for the environment's own.
    fn reset<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let environment = own(&mut self.environment);
        environment
            .reset_into(&mut self.rng, &mut self.observation)
            .map_err(|error| errors::of_environment(py, &error))?;
        self.steps = 0;
        observations::one(py, &self.spaces.observation, &self.observation)
    }

    /// Takes a step: `(observation, reward, terminated, truncated, info)`.
    ///
    /// # Errors
    /// `TypeError` or `ValueError` for an action, `ResetNeeded` outside an episode.
    fn step<'py>(
        &mut self,
        py: Python<'py>,
        action: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        actions::read_one(action, &self.spaces.action, &mut self.action)?;
        let environment = own(&mut self.environment);
        let (reward, status) = environment
            .step_into(&self.action, &mut self.rng, &mut self.observation)
            .map_err(|error| errors::of_environment(py, &error))?;
        self.steps += 1;
        // As with Gymnasium's time limit, an episode may end in both ways at once.
        let is_last = self.steps >= self.id.max_episode_steps();
        let step = (
            observations::one(py, &self.spaces.observation, &self.observation)?,
            reward,
            status == Status::Terminated,
            status == Status::Truncated || is_last,
            PyDict::new(py),
        );
        step.into_pyobject(py)
    }

    /// A picture of the current state: `[height, width, 3]` of `uint8`.
    fn render<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyArray3<u8>>> {
        observations::picture(py, &own(&mut self.environment).draw())
    }

    /// Everything that the future depends on, as arrays.
    fn save<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let mut snapshot = Snapshot::default();
        self.rng.save(&mut snapshot);
        snapshot.insert("steps", Array::U64(vec![self.steps as u64]));
        if let Some(state) = own(&mut self.environment).save_flat() {
            snapshot.insert("state", Array::F64(state));
        }
        snapshot::to_python(py, &snapshot)
    }

    /// Takes up what [`save`](Self::save) returned.
    ///
    /// # Errors
    /// `ValueError` for the state of another environment.
    fn load(&mut self, arrays: &Bound<'_, PyDict>) -> PyResult<()> {
        let snapshot = snapshot::from_python(arrays)?;
        self.rng
            .load(&snapshot)
            .map_err(|error| snapshot::misfit(&error))?;
        let mut steps = [0];
        let read = snapshot.u64s("steps", &mut steps);
        read.map_err(|error| snapshot::misfit(&error))?;
        self.steps = usize::try_from(steps[0]).map_err(|error| snapshot::misfit(&error))?;
        if let Some(length) = snapshot.length("state") {
            let mut state = vec![0.0; length];
            let read = snapshot.f64s("state", &mut state);
            read.map_err(|error| snapshot::misfit(&error))?;
            let restored = own(&mut self.environment).restore_flat(&state);
            restored.map_err(|error| snapshot::misfit(&error))?;
        }
        Ok(())
    }
}

/// The content of a lock that nobody else holds.
pub fn own<T: ?Sized>(lock: &mut Mutex<T>) -> &mut T {
    lock.get_mut().unwrap_or_else(PoisonError::into_inner)
}

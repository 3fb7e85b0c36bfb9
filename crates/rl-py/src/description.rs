//! Descriptions of the environments: what Python builds spaces and entries of Gymnasium's registry from.

use numpy::PyArray1;
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use rl_core::Space;
use rl_envs::EnvironmentId;

use crate::errors;

/// Description of an environment that is not made yet: its spaces, time limit and frame rate.
#[pyclass(module = "rl_py._native", frozen)]
pub struct Description {
    id: EnvironmentId,
    observation: Space,
    action: Space,
    steps_per_second: f64,
}

#[pymethods]
impl Description {
    /// The description of the environment of a name: `cartpole`, `CartPole-v1`.
    ///
    /// # Errors
    /// `ValueError` for a name that no environment has.
    #[new]
    fn new(name: &str) -> PyResult<Self> {
        let id = errors::find(name)?;
        let environment = id.make_drawable();
        let spaces = environment.spaces();
        Ok(Self {
            id,
            observation: spaces.observation,
            action: spaces.action,
            steps_per_second: environment.steps_per_second(),
        })
    }

    /// Id with a version: `CartPole-v1`.
    #[getter]
    fn id(&self) -> &'static str {
        self.id.id()
    }

    /// Short name: `cartpole`.
    #[getter]
    fn name(&self) -> &'static str {
        EnvironmentId::name(self.id)
    }

    /// Number of steps after which an episode is cut off.
    #[getter]
    fn max_episode_steps(&self) -> usize {
        self.id.max_episode_steps()
    }

    /// Mean return at which it counts as solved; `None` where there is no such number.
    #[getter]
    fn reward_threshold(&self) -> Option<f64> {
        self.id.solved_at()
    }

    /// Steps that a second of an animation shows.
    #[getter]
    fn render_fps(&self) -> f64 {
        self.steps_per_second
    }

    /// Space of observations: the number of elements of a discrete space, or the bounds of a box.
    #[getter]
    fn observation_space<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        describe(py, &self.observation)
    }

    /// Space of actions, in the same form.
    #[getter]
    fn action_space<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        describe(py, &self.action)
    }
}

/// Ids of all environments.
#[pyfunction]
pub fn environments() -> Vec<&'static str> {
    EnvironmentId::ALL.iter().map(|id| id.id()).collect()
}

/// A space in Python: `n`, or the arrays `(low, high)`.
pub fn describe<'py>(py: Python<'py>, space: &Space) -> PyResult<Bound<'py, PyAny>> {
    match space {
        Space::Discrete(space) => space.n().into_bound_py_any(py),
        Space::Box(space) => {
            let bounds = [space.low(), space.high()].map(|bound| PyArray1::from_slice(py, bound));
            bounds.into_bound_py_any(py)
        }
    }
}

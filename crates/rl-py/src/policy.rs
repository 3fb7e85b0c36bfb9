//! Trained policies.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use numpy::{PyArray1, PyArray2};
use pyo3::exceptions::{PyFileNotFoundError, PyValueError};
use pyo3::prelude::*;
use rl_core::{ActionChoice, EnvironmentSource as _, Policy as _, Space, Stream, Transformed};
use rl_envs::EnvironmentId;
use rl_nets::error::PolicyFileError;
use rl_nets::{Actor, PolicyFile};

use crate::environment::own;
use crate::observations;

/// Policy of a file, as it acts on observations of its environment.
#[pyclass(module = "rl_py._native")]
pub struct Policy {
    path: PathBuf,
    env: String,
    algo: String,
    action_space: Space,
    /// The likeliest actions, and drawn ones. Never locked: Python's class is shared by threads, its borrow is exclusive.
    actors: Mutex<[Transformed<Actor>; 2]>,
    /// Numbers per observation; for an index, 1.
    dim: usize,
    /// One stream per row of the largest batch so far.
    rngs: Vec<Stream>,
    seed: u64,
}

#[pymethods]
impl Policy {
    /// The policy of a run directory or of a file.
    ///
    /// # Errors
    /// `FileNotFoundError`, `OSError`, or `ValueError` for a file that is no policy.
    #[new]
    fn new(path: PathBuf, is_best: bool, seed: u64) -> PyResult<Self> {
        let path = find(&path, is_best)?;
        let file = PolicyFile::load(&path).map_err(|error| match error {
            PolicyFileError::Io { source, .. } => PyErr::from(source),
            error => PyValueError::new_err(error.to_string()),
        })?;
        let inputs = file.weights.mlp.input_size();
        Ok(Self {
            actors: Mutex::new(
                [ActionChoice::Mode, ActionChoice::Sample].map(|choice| file.policy(choice)),
            ),
            dim: observation_dim(&file.env, inputs),
            path,
            env: file.env,
            algo: file.algo,
            action_space: file.action_space,
            rngs: Vec::new(),
            seed,
        })
    }

    /// Path of the file.
    #[getter]
    fn path(&self) -> PathBuf {
        self.path.clone()
    }

    /// Name of the environment that it was trained on.
    #[getter]
    fn env(&self) -> &str {
        &self.env
    }

    /// Name of the algorithm that trained it.
    #[getter]
    fn algo(&self) -> &str {
        &self.algo
    }

    /// Numbers per observation; 1 for the index of a discrete space.
    #[getter]
    fn observation_dim(&self) -> usize {
        self.dim
    }

    /// Space of its actions: the number of elements of a discrete space, or the bounds of a box.
    #[getter]
    fn action_space<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        crate::description::describe(py, &self.action_space)
    }

    /// Actions for `n` observations, `[n * observation_dim]`: `n` integers for a discrete space, or an array
    /// `[n, action_dim]` within the bounds of a box. With `is_single`, that of the only observation by itself.
    ///
    /// # Errors
    /// `ValueError` for an observation that is not finite, or no index of the environment's.
    fn act<'py>(
        &mut self,
        py: Python<'py>,
        observations: numpy::PyReadonlyArray1<'py, f32>,
        is_single: bool,
        is_deterministic: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let seen = observations.as_slice()?;
        let (n, width) = (seen.len() / self.dim, self.action_space.flat_dim());
        while self.rngs.len() < n {
            let row = self.rngs.len() as u64;
            self.rngs
                .push(Stream::from_seed(self.seed.wrapping_add(row)));
        }
        let mut actions = vec![0.0; n * width];
        let [mode, sample] = own(&mut self.actors);
        let actor = if is_deterministic { mode } else { sample };
        actor.act(seen, &mut self.rngs[..n], &mut actions);
        if let Some(at) = actions.iter().position(|action| !action.is_finite()) {
            let row = &seen[at / width * self.dim..][..self.dim];
            return Err(PyValueError::new_err(format!(
                "no action for the observation {row:?}: it is not finite, or no index of {}",
                self.env
            )));
        }
        self.action_space.clip(&mut actions);
        match &self.action_space {
            space if is_single => observations::one(py, space, &actions),
            Space::Discrete(_) => {
                let indices = actions.iter().map(|&action| action as i64);
                Ok(PyArray1::from_iter(py, indices).into_any())
            }
            Space::Box(_) => {
                let array = PyArray2::<f32>::zeros(py, [n, width], false);
                observations::write_to(&array, |flat| {
                    flat.copy_from_slice(&actions);
                    Ok(())
                })?;
                Ok(array.into_any())
            }
        }
    }
}

/// The file of a policy: the path itself, or the one in a run directory.
fn find(path: &Path, is_best: bool) -> PyResult<PathBuf> {
    if !path.is_dir() {
        if is_best {
            let message = format!(
                "the best policy is one of a run directory, not {}",
                path.display()
            );
            return Err(PyValueError::new_err(message));
        }
        return Ok(path.to_owned());
    }
    let name = if is_best {
        "best.safetensors"
    } else {
        "policy.safetensors"
    };
    let file = path.join(name);
    if file.is_file() {
        return Ok(file);
    }
    let message = format!("the directory {} has no {name}", path.display());
    Err(PyFileNotFoundError::new_err(message))
}

/// Numbers per observation of an environment, for a network with so many inputs: those of the environment if it is
/// known, the inputs otherwise.
fn observation_dim(env: &str, inputs: usize) -> usize {
    let known = env.parse::<EnvironmentId>().ok();
    let space = known.and_then(|id| Some(id.make().ok()?.spaces().observation));
    match space {
        Some(space) if space.network_inputs() == inputs => space.flat_dim(),
        _ => inputs,
    }
}

//! Environments that step together.

use std::sync::Mutex;

use numpy::{PyArray1, PyArray3, PyReadonlyArray1};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use rl_core::lane::LaneState;
use rl_core::{BatchEnvironment as _, EnvironmentSource as _, Snapshot, Spaces, Status, Stream};
use rl_envs::EnvironmentId;

use crate::autoreset::{Autoreset, Mode, ended};
use crate::environment::own;
use crate::{actions, errors, observations, snapshot};

/// Number of environments from which on a step lets other threads of Python run.
const LARGE: usize = 64;

/// Batch of environments, each with its stream of random numbers.
#[pyclass(module = "rl_py._native")]
pub struct Batch {
    /// Never locked: Python's class is shared by threads, its borrow is exclusive.
    batch: Mutex<Autoreset>,
    id: EnvironmentId,
    n: usize,
    spaces: Spaces,
    /// `[n, action_dim]`.
    actions: Vec<f32>,
}

#[pymethods]
impl Batch {
    /// `n` environments of a name (`cartpole`, `CartPole-v1`) in a mode of Gymnasium's `AutoresetMode`, by its value.
    ///
    /// # Errors
    /// `ValueError` for a name or a mode that there is not, and for no environment at all.
    #[new]
    fn new(py: Python<'_>, name: &str, n: usize, mode: &str) -> PyResult<Self> {
        let id = errors::find(name)?;
        if n == 0 {
            return Err(PyValueError::new_err("num_envs is 0; at least 1 is needed"));
        }
        let mode = Mode::from_value(mode).ok_or_else(|| {
            PyValueError::new_err(format!(
                "the autoreset mode is {mode:?}; there are NextStep, SameStep, Disabled"
            ))
        })?;
        let batch = id.batch(vec![Stream::from_seed(0); n]);
        let batch = batch.map_err(|error| errors::of_environment(py, &error))?;
        let spaces = batch.spaces();
        Ok(Self {
            batch: Mutex::new(Autoreset::new(batch, mode)),
            id,
            n,
            actions: vec![0.0; n * spaces.action.flat_dim()],
            spaces,
        })
    }

    /// Starts an episode in every environment, or in those of a mask, with a seed where there is one, and returns the
    /// observations of all.
    ///
    /// # Errors
    /// `ValueError` for seeds or a mask of another length than the batch.
    fn reset<'py>(
        &mut self,
        py: Python<'py>,
        seeds: Vec<Option<u64>>,
        mask: Option<PyReadonlyArray1<'py, bool>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let n = self.n;
        let mask = mask.map_or_else(|| vec![true; n], |mask| mask.as_array().to_vec());
        if [seeds.len(), mask.len()] != [n; 2] {
            let (seeds, mask) = (seeds.len(), mask.len());
            let message = format!("{seeds} seeds and a mask of {mask} for {n} environments");
            return Err(PyValueError::new_err(message));
        }
        let batch = own(&mut self.batch);
        for (lane, (seed, is_on)) in seeds.into_iter().zip(mask).enumerate() {
            if is_on {
                let started = batch.restart(lane, seed.map(Stream::from_seed));
                started.map_err(|error| errors::of_batch(py, &error))?;
            }
        }
        observations::all(py, &self.spaces.observation, n, |flat| {
            flat.copy_from_slice(&batch.shown);
            Ok(())
        })
    }

    /// Takes a step in every environment: `(observations, rewards, terminations, truncations, ends)`. Where no episode
    /// ended, `ends` is `None`; otherwise it is `(mask, final_observations, returns, lengths)`, an array each.
    ///
    /// # Errors
    /// `TypeError` or `ValueError` for actions, `ResetNeeded` outside an episode.
    fn step<'py>(
        &mut self,
        py: Python<'py>,
        actions: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let n = self.n;
        actions::read_all(actions, &self.spaces.action, n, &mut self.actions)?;
        let (batch, actions) = (own(&mut self.batch), self.actions.as_mut_slice());
        if let Some(lane) = batch.needs_reset() {
            let message = format!(
                "environment {lane}: step after the end of the episode; call reset with \
                 options={{\"reset_mask\": terminations | truncations}} first"
            );
            return Err(errors::reset_needed(py, message));
        }
        let rewards = PyArray1::<f64>::zeros(py, n, false);
        let observed = observations::all(py, &self.spaces.observation, n, |observations| {
            observations::write_to(&rewards, |rewards| {
                let stepped = if n < LARGE {
                    batch.step(actions, observations, rewards)
                } else {
                    py.detach(|| batch.step(actions, observations, rewards))
                };
                stepped.map_err(|error| errors::of_batch(py, &error))
            })
        })?;
        let (results, limit) = (batch.results(), self.id.max_episode_steps());
        let statuses = results.statuses.iter();
        let terminations = statuses.clone().map(|status| *status == Status::Terminated);
        // As with Gymnasium's time limit, an episode may end in both ways at once.
        let truncations = statuses
            .zip(&results.episode_lengths)
            .map(|(status, length)| {
                let is_last = *status == Status::Terminated && *length >= limit;
                *status == Status::Truncated || is_last
            });
        let step = (
            observed,
            rewards,
            PyArray1::from_iter(py, terminations),
            PyArray1::from_iter(py, truncations),
            ends(py, batch, &self.spaces)?,
        );
        step.into_pyobject(py)
    }

    /// Pictures of the current states, each `[height, width, 3]` of `uint8`.
    ///
    /// # Errors
    /// `RuntimeError` for a state that cannot be taken up.
    fn render<'py>(&mut self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyArray3<u8>>>> {
        let mut environment = self.id.make_drawable();
        let batch = own(&mut self.batch);
        let mut picture = |lane| {
            let mut snapshot = Snapshot::default();
            let is_saved = batch.batch().save(lane, &mut snapshot);
            if is_saved && let Some(episode) = LaneState::load(&snapshot).map_err(failed)?.episode {
                environment.restore_flat(&episode.state).map_err(failed)?;
            }
            observations::picture(py, &environment.draw())
        };
        (0..self.n).map(&mut picture).collect()
    }

    /// Everything that the future depends on: a dictionary of arrays per environment, and arrays of the batch.
    fn save<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let batch = own(&mut self.batch);
        let mut lanes = Vec::with_capacity(self.n);
        for lane in 0..self.n {
            let mut snapshot = Snapshot::default();
            batch.batch().save(lane, &mut snapshot);
            lanes.push(snapshot::to_python(py, &snapshot)?);
        }
        let [first, shown] =
            [&batch.first, &batch.shown].map(|numbers| PyArray1::from_slice(py, numbers));
        (lanes, batch.over.clone(), first, shown).into_pyobject(py)
    }

    /// Takes up what `save` returned.
    ///
    /// # Errors
    /// `ValueError` for the state of another batch.
    fn load(
        &mut self,
        lanes: Vec<Bound<'_, PyDict>>,
        over: Vec<bool>,
        first: Vec<f32>,
        shown: Vec<f32>,
    ) -> PyResult<()> {
        let batch = own(&mut self.batch);
        let numbers = self.n * self.spaces.observation.flat_dim();
        let found = [lanes.len(), over.len(), first.len(), shown.len()];
        let expected = [self.n, self.n, numbers, numbers];
        if found != expected {
            let message = format!("its arrays hold {found:?}, not {expected:?}");
            return Err(snapshot::misfit(&message));
        }
        for (lane, arrays) in lanes.iter().enumerate() {
            let loaded = batch.batch().load(lane, &snapshot::from_python(arrays)?);
            loaded.map_err(|error| snapshot::misfit(&error))?;
        }
        (batch.over, batch.first, batch.shown) = (over, first, shown);
        Ok(())
    }
}

fn failed(error: impl std::fmt::Display) -> PyErr {
    PyRuntimeError::new_err(format!("an environment cannot be drawn: {error}"))
}

/// The episodes that ended in the last step.
fn ends<'py>(
    py: Python<'py>,
    batch: &Autoreset,
    spaces: &Spaces,
) -> PyResult<Option<Bound<'py, PyTuple>>> {
    let results = batch.results();
    let n = results.statuses.len();
    let mut ends = ended(&results.statuses).peekable();
    if ends.peek().is_none() {
        return Ok(None);
    }
    let dim = spaces.observation.flat_dim();
    let (mut mask, mut returns, mut lengths) = (vec![false; n], vec![0.0; n], vec![0_i64; n]);
    let mut last: Vec<Py<PyAny>> = (0..n).map(|_| py.None()).collect();
    for (lane, _) in ends {
        let flat = &results.final_observations[lane * dim..][..dim];
        last[lane] = observations::one(py, &spaces.observation, flat)?.unbind();
        mask[lane] = true;
        returns[lane] = results.episode_returns[lane];
        lengths[lane] = results.episode_lengths[lane] as i64;
    }
    let ends = (
        PyArray1::from_vec(py, mask),
        PyArray1::from_vec(py, last),
        PyArray1::from_vec(py, returns),
        PyArray1::from_vec(py, lengths),
    );
    ends.into_pyobject(py).map(Some)
}

//! Errors as the exceptions that Gymnasium's users expect.

use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyType;
use rl_core::EnvironmentError;
use rl_core::error::BatchError;
use rl_envs::EnvironmentId;

/// The environment of a name.
///
/// # Errors
/// `ValueError` with the names that there are.
pub fn find(name: &str) -> PyResult<EnvironmentId> {
    name.parse().map_err(|error| {
        let ids: Vec<&str> = EnvironmentId::ALL.iter().map(|id| id.id()).collect();
        PyValueError::new_err(format!("{error}; there are {}", ids.join(", ")))
    })
}

/// `gymnasium.error.ResetNeeded`.
pub fn reset_needed(py: Python<'_>, message: String) -> PyErr {
    let class = || -> PyResult<Bound<'_, PyType>> {
        let errors = py.import("gymnasium.error")?;
        Ok(errors.getattr("ResetNeeded")?.cast_into()?)
    };
    match class() {
        Ok(class) => PyErr::from_type(class, (message,)),
        Err(error) => error,
    }
}

/// `ValueError` for an action, `ResetNeeded` for a step outside an episode, `RuntimeError` for a failure.
pub fn of_environment(py: Python<'_>, error: &EnvironmentError) -> PyErr {
    raise(py, error, error.to_string())
}

/// The same for an environment of a batch, which it names.
pub fn of_batch(py: Python<'_>, error: &BatchError) -> PyErr {
    match error {
        BatchError::Environment { source, .. } => raise(py, source, error.to_string()),
        BatchError::Length { .. } | BatchError::Lane { .. } => {
            PyValueError::new_err(error.to_string())
        }
    }
}

fn raise(py: Python<'_>, error: &EnvironmentError, message: String) -> PyErr {
    match error {
        EnvironmentError::ActionOutsideSpace { .. } => PyValueError::new_err(message),
        EnvironmentError::NotReset | EnvironmentError::EpisodeOver | EnvironmentError::Failed => {
            reset_needed(py, message)
        }
        _ => PyRuntimeError::new_err(message),
    }
}

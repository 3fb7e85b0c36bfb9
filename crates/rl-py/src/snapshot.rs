//! Saved states as dictionaries of NumPy arrays, which Python can pickle.

use numpy::{PyArray1, PyArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use rl_core::Snapshot;
use rl_core::state::Array;

/// The arrays by their names.
pub fn to_python<'py>(py: Python<'py>, snapshot: &Snapshot) -> PyResult<Bound<'py, PyDict>> {
    let arrays = PyDict::new(py);
    for (name, array) in snapshot.arrays() {
        match array {
            Array::F32(values) => arrays.set_item(name, PyArray1::from_slice(py, values))?,
            Array::F64(values) => arrays.set_item(name, PyArray1::from_slice(py, values))?,
            Array::U64(values) => arrays.set_item(name, PyArray1::from_slice(py, values))?,
        }
    }
    Ok(arrays)
}

/// The state that [`to_python`] made a dictionary of.
///
/// # Errors
/// `ValueError` for anything that is no array of such numbers.
pub fn from_python(arrays: &Bound<'_, PyDict>) -> PyResult<Snapshot> {
    let mut snapshot = Snapshot::default();
    for (name, array) in arrays {
        let name: String = name.extract()?;
        let array = if let Ok(array) = array.cast::<PyArray1<f32>>() {
            Array::F32(array.readonly().to_vec().map_err(PyErr::from)?)
        } else if let Ok(array) = array.cast::<PyArray1<f64>>() {
            Array::F64(array.readonly().to_vec().map_err(PyErr::from)?)
        } else if let Ok(array) = array.cast::<PyArray1<u64>>() {
            Array::U64(array.readonly().to_vec().map_err(PyErr::from)?)
        } else {
            let message = format!("a saved state whose {name} is {array}, not an array of numbers");
            return Err(PyValueError::new_err(message));
        };
        snapshot.insert(name, array);
    }
    Ok(snapshot)
}

/// `ValueError` for a state that does not fit.
pub fn misfit(error: &impl std::fmt::Display) -> PyErr {
    PyValueError::new_err(format!("a saved state that does not fit: {error}"))
}

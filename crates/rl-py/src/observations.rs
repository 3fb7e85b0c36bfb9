//! Observations and pictures as NumPy arrays and integers.

use numpy::{PyArray1, PyArray2, PyArray3, PyArrayMethods};
use pyo3::IntoPyObjectExt;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use rl_core::Space;
use rl_envs::draw::Frame;

/// One observation: an integer for a discrete space, a new array `[observation_dim]` of `float32` for a box.
pub fn one<'py>(py: Python<'py>, space: &Space, flat: &[f32]) -> PyResult<Bound<'py, PyAny>> {
    match (space, flat) {
        (Space::Discrete(_), [index]) => (*index as i64).into_bound_py_any(py),
        _ => Ok(PyArray1::from_slice(py, flat).into_any()),
    }
}

/// Lets `write` fill the memory of `n` observations, `[n, observation_dim]`: that of a new array of `float32` for a box.
/// The indices of a discrete space become an array of `n` `int64`.
pub fn all<'py>(
    py: Python<'py>,
    space: &Space,
    n: usize,
    write: impl FnOnce(&mut [f32]) -> PyResult<()>,
) -> PyResult<Bound<'py, PyAny>> {
    if let Space::Discrete(_) = space {
        let mut flat = vec![0.0; n];
        write(&mut flat)?;
        let indices = flat.iter().map(|&index| index as i64);
        return Ok(PyArray1::from_iter(py, indices).into_any());
    }
    let array = PyArray2::<f32>::zeros(py, [n, space.flat_dim()], false);
    write_to(&array, write)?;
    Ok(array.into_any())
}

/// Lets `write` fill the memory of a new array.
pub fn write_to<'py, T: numpy::Element, D: numpy::ndarray::Dimension>(
    array: &Bound<'py, numpy::PyArray<T, D>>,
    write: impl FnOnce(&mut [T]) -> PyResult<()>,
) -> PyResult<()> {
    let no_memory = |error: &dyn std::fmt::Display| {
        PyRuntimeError::new_err(format!("a new array cannot be written: {error}"))
    };
    let mut array = array.try_readwrite().map_err(|error| no_memory(&error))?;
    write(array.as_slice_mut().map_err(|error| no_memory(&error))?)
}

/// A picture, `[height, width, 3]`.
pub fn picture<'py>(py: Python<'py>, frame: &Frame) -> PyResult<Bound<'py, PyArray3<u8>>> {
    let shape = [frame.height().into(), frame.width().into(), 3];
    PyArray1::from_slice(py, frame.rgb()).reshape(shape)
}

//! Actions of Python as flat numbers.

use numpy::{PyArray1, PyArray2, PyArrayMethods, PyUntypedArrayMethods};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use rl_core::{EnvironmentError, Space};

/// Writes the flat form of one action, `[action_dim]`: of a number that is an integer for a discrete space, of an array
/// or a sequence of numbers for a box.
///
/// # Errors
/// `TypeError` or `ValueError`.
pub fn read_one(action: &Bound<'_, PyAny>, space: &Space, flat: &mut [f32]) -> PyResult<()> {
    match (space, flat) {
        (Space::Discrete(_), [number]) => *number = index(action.extract()?, space)?,
        (_, flat) => numbers(action, flat, &[space.flat_dim()])?,
    }
    Ok(())
}

/// Writes the flat form of `n` actions, `[n, action_dim]`: of `n` integers for a discrete space, of an array of shape
/// `[n, action_dim]` for a box.
///
/// # Errors
/// `TypeError` or `ValueError`.
pub fn read_all(
    actions: &Bound<'_, PyAny>,
    space: &Space,
    n: usize,
    flat: &mut [f32],
) -> PyResult<()> {
    if matches!(space, Space::Box(_)) {
        return numbers(actions, flat, &[n, space.flat_dim()]);
    }
    let Ok(array) = actions.cast::<PyArray1<i64>>() else {
        let kind: String = actions.getattr("dtype")?.getattr("kind")?.extract()?;
        if !["i", "u"].contains(&kind.as_str()) {
            let dtype = actions.getattr("dtype")?;
            let message = format!("actions of the space {space} are integers, not {dtype}");
            return Err(PyTypeError::new_err(message));
        }
        check_shape(&actions.getattr("shape")?.extract::<Vec<usize>>()?, &[n])?;
        let wide = actions.call_method1("astype", ("int64",))?;
        return read_all(&wide, space, n, flat);
    };
    check_shape(array.shape(), &[n])?;
    let array = array.try_readonly().map_err(shared)?;
    for (number, &action) in flat.iter_mut().zip(array.as_array()) {
        // What is outside the space stays outside: the batch refuses it with the number of its environment.
        *number = if (0..=1 << 24).contains(&action) {
            action as f32
        } else {
            -1.0
        };
        if *number < 0.0 {
            index(action, space)?;
        }
    }
    Ok(())
}

/// The index of an element of a discrete space as a flat action.
fn index(action: i64, space: &Space) -> PyResult<f32> {
    let flat = action as f32;
    if action < 1 << 24 && space.contains(&[flat]) {
        return Ok(flat);
    }
    let error = EnvironmentError::ActionOutsideSpace {
        action: action.to_string(),
        space: space.to_string(),
    };
    Err(PyValueError::new_err(error.to_string()))
}

/// Copies the numbers of an array of a shape.
fn numbers(from: &Bound<'_, PyAny>, into: &mut [f32], shape: &[usize]) -> PyResult<()> {
    if let Ok(array) = from.cast::<PyArray2<f32>>() {
        check_shape(array.shape(), shape)?;
        copy(
            array.try_readonly().map_err(shared)?.as_array().iter(),
            into,
        );
        return Ok(());
    }
    if let Ok(array) = from.cast::<PyArray1<f32>>() {
        check_shape(array.shape(), shape)?;
        copy(
            array.try_readonly().map_err(shared)?.as_array().iter(),
            into,
        );
        return Ok(());
    }
    // Other kinds of numbers, lists and scalars.
    let array = (from.py().import("numpy")?).call_method1("asarray", (from,))?;
    let found: Vec<usize> = array.getattr("shape")?.extract()?;
    check_shape(&found, shape)?;
    let array = array.call_method1("astype", ("float32",))?;
    numbers(&array, into, shape)
}

fn copy<'a>(from: impl Iterator<Item = &'a f32>, into: &mut [f32]) {
    for (number, &value) in into.iter_mut().zip(from) {
        *number = value;
    }
}

fn check_shape(found: &[usize], expected: &[usize]) -> PyResult<()> {
    if found == expected {
        return Ok(());
    }
    let message = format!("the shape of the action is {found:?}, not {expected:?}");
    Err(PyValueError::new_err(message))
}

fn shared(error: impl std::fmt::Display) -> PyErr {
    PyValueError::new_err(format!("the array of actions cannot be read: {error}"))
}

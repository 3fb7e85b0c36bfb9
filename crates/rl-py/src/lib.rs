//! The environments and the trained policies in Python, as the module `rl_py._native`. The package `rl_py` around it, in
//! `python/`, is what users see: `gymnasium.Env`, `gymnasium.vector.VectorEnv` and `Policy`.
//!
//! Python needs no cast to `f32`, no flat actions and no streams: this crate turns NumPy's arrays into the slices of
//! [`rl_core`], and lets environments write observations into the memory of new arrays.

mod actions;
mod autoreset;
mod batch;
mod description;
mod environment;
mod errors;
mod observations;
mod policy;
mod snapshot;

use pyo3::prelude::pymodule;

/// Native part of the Python package `rl_py`.
#[pymodule]
mod _native {
    #[pymodule_export]
    use crate::batch::Batch;
    #[pymodule_export]
    use crate::description::{Description, environments};
    #[pymodule_export]
    use crate::environment::Environment;
    #[pymodule_export]
    use crate::policy::Policy;
}

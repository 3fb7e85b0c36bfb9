//! Trainings whose time was taken.

use std::collections::BTreeMap;

use serde::Serialize;

/// Training of one side whose time was taken.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TimedRun {
    /// Name of the workload.
    pub workload: &'static str,
    /// `rl`, `rl-1-thread`, `rl-N-threads`, or a program in Python, such as `torch-fast`.
    pub side: String,
    /// Its seed, which is also its number.
    pub seed: u64,
    /// Environment steps.
    pub steps: u64,
    /// Seconds of training: acting, environments, learning.
    pub wall_s: f64,
    /// Environment steps per second of training.
    pub steps_per_s: f64,
    /// Seconds from the start of the process to its end.
    pub process_s: f64,
    /// Largest resident memory, in bytes.
    pub peak_bytes: Option<u64>,
    /// Seconds that were spent compiling, beside `wall_s`.
    pub compile_s: Option<f64>,
    /// Seconds from the start of a process of its own to the end of its first update.
    pub first_update_s: Option<f64>,
    /// Seconds of training until the mean return was reached that the workload ends at; infinite, and null in JSON, if it
    /// was not, and none where it asks for no return.
    pub solved_s: Option<f64>,
    /// Versions of Python packages.
    pub versions: BTreeMap<String, String>,
}

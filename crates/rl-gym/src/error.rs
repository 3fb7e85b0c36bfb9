//! Errors of workers and their environments.

use std::time::Duration;

/// Reason why an environment of Gymnasium could not be made, or failed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum GymError {
    /// An interpreter that cannot be started.
    #[error(
        "cannot start Python '{python}': {reason}. Install Python 3.10 or later, activate a virtual \
         environment, or name another interpreter: --python PATH (in Rust GymConfig::python)"
    )]
    NoPython {
        /// The interpreter.
        python: String,
        /// The system's reason.
        reason: String,
    },
    /// An interpreter without Gymnasium.
    #[error(
        "{reason}: Python '{python}' has no Gymnasium. Install it with: {python} -m pip install \
         gymnasium. Another interpreter is named with --python PATH (in Rust GymConfig::python)"
    )]
    NoGymnasium {
        /// The interpreter.
        python: String,
        /// Python's reason.
        reason: String,
    },
    /// A Gymnasium that is too old.
    #[error(
        "Gymnasium {found} of Python '{python}' is too old; 1.0 or later is needed: {python} -m pip \
         install --upgrade gymnasium"
    )]
    OldGymnasium {
        /// The interpreter.
        python: String,
        /// The version.
        found: String,
    },
    /// An id that nobody registered.
    #[error(
        "gym:{id}: {reason} An environment of one's own is registered by a module: --import MODULE, \
         or gym:ID?import=MODULE"
    )]
    UnknownId {
        /// The id.
        id: String,
        /// Gymnasium's reason.
        reason: String,
    },
    /// A package or module that is missing.
    #[error("gym:{id}: {reason} (Python '{python}')")]
    Missing {
        /// The id.
        id: String,
        /// Package or module, and how to install it.
        reason: String,
        /// The interpreter.
        python: String,
    },
    /// Spaces that agents here do not understand.
    #[error(
        "gym:{id}: {reason}, in an environment that a module of one's own registers (--import MODULE, or \
         gym:ID?import=MODULE)"
    )]
    Space {
        /// The id.
        id: String,
        /// The space, and what would make it fit.
        reason: String,
    },
    /// An environment that cannot be made.
    #[error("gym:{id} cannot be made: {reason}")]
    Make {
        /// The id.
        id: String,
        /// Python's reason.
        reason: String,
    },
    /// An environment that raised an exception.
    #[error("gym:{id}, {place}: {traceback}")]
    Raised {
        /// The id.
        id: String,
        /// Seed, episode and step.
        place: String,
        /// The exception with its traceback.
        traceback: String,
    },
    /// A number that is NaN or infinite.
    #[error("gym:{id}, {place}: {quantity} {value} is not a finite number")]
    NonFinite {
        /// The id.
        id: String,
        /// Seed, episode and step.
        place: String,
        /// `reward` or `observation[i] =`.
        quantity: String,
        /// The number.
        value: f64,
    },
    /// A worker that did not answer.
    #[error("gym:{id}, {place}: no answer within {} s, so that the worker was ended; --deadline SECONDS (in Rust \
         GymConfig::deadline) gives it longer{stderr}", deadline.as_secs_f64())]
    Deadline {
        /// The id.
        id: String,
        /// Seed, episode and step.
        place: String,
        /// The time that it had.
        deadline: Duration,
        /// The last lines of its standard error.
        stderr: String,
    },
    /// A worker that ended.
    #[error("gym:{id}, {place}: the worker ended by itself ({status}){stderr}")]
    Ended {
        /// The id.
        id: String,
        /// Seed, episode and step.
        place: String,
        /// Its exit status.
        status: String,
        /// The last lines of its standard error.
        stderr: String,
    },
    /// A worker whose answers make no sense.
    #[error("gym:{id}, {place}: the worker answers with what is no answer: {found}{stderr}")]
    Rubbish {
        /// The id.
        id: String,
        /// Seed, episode and step.
        place: String,
        /// Words or bytes that it answered.
        found: String,
        /// The last lines of its standard error.
        stderr: String,
    },
}

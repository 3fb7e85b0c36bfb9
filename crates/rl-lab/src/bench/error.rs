//! Errors of measuring trainings.

use std::fmt::Display;
use std::io;
use std::path::PathBuf;

use rl_train::UsageError;
use serde_json::{Map, Value};

use crate::files::FileError;
use crate::settings::differences;

/// Reason why trainings could not be measured.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// A configuration that is refused.
    #[error(transparent)]
    Usage(#[from] UsageError),
    /// A program that could not be started.
    #[error("cannot start {}: {source}", program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// Reason of the system.
        source: io::Error,
    },
    /// A training that ended with an error of its own.
    #[error("{training}: {message}")]
    Failed {
        /// Workload and side.
        training: String,
        /// Its last line.
        message: String,
    },
    /// A side that ran another configuration than the one asked for: its speed would say nothing.
    #[error("{training} ran another configuration: {difference}")]
    Differs {
        /// Workload and side.
        training: String,
        /// A key with both values.
        difference: String,
    },
    /// A file that could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
}

impl BenchError {
    pub(super) fn failed(training: &str, message: impl Display) -> Self {
        let message = message.to_string();
        Self::Failed {
            training: training.to_owned(),
            message: message.trim().trim_start_matches("error: ").to_owned(),
        }
    }

    /// An error for the first key of a training that ran otherwise than it was asked for.
    pub(super) fn unless_same(
        training: &str,
        asked: &Map<String, Value>,
        ran: &Map<String, Value>,
    ) -> Result<(), Self> {
        match differences(asked, ran).first() {
            None => Ok(()),
            Some(difference) => Err(Self::Differs {
                training: training.to_owned(),
                difference: difference.to_string(),
            }),
        }
    }
}

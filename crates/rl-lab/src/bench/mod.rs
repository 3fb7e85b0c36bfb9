//! How fast things are: environments alone, and whole trainings beside those of Python.

mod environments;
mod goals;
mod machine;
mod own;
mod peers;
mod process;
mod scaling;
mod scaling_report;
mod train;
mod train_peers;
mod train_report;
mod workload;

use std::io;
use std::path::{Path, PathBuf};

pub use environments::{BATCH_SIZES, BenchConfig, Form, Speed, bench_environment};
pub use machine::Machine;
pub use peers::{PeerSpeed, PeersError, measure_peers};
pub use scaling::{ScalingAxis, ScalingConfig, ScalingPoint, bench_scaling};
pub use scaling_report::{scaling_table, write_scaling};
pub use train::{Peer, TrainBench, TrainBenchConfig, TrainBenchRun, bench_train};
pub use train_report::{TrainSpeed, write_train_bench};
pub use workload::{Quoted, WORKLOADS, Workload};

use rl_train::UsageError;

/// Why trainings could not be measured.
#[derive(Debug, thiserror::Error)]
pub enum TrainBenchError {
    /// The call is wrong.
    #[error(transparent)]
    Usage(#[from] UsageError),
    /// A program could not be started.
    #[error("cannot start {}: {source}", program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A training ended with an error of its own.
    #[error("{what}: {message}")]
    Failed {
        /// Workload and side.
        what: String,
        /// Its last words.
        message: String,
    },
    /// A side ran another configuration than the one asked for: its speed would say nothing.
    #[error("{what} ran another configuration: {difference}")]
    Differs {
        /// Workload and side.
        what: String,
        /// A key with both values.
        difference: String,
    },
    /// The file system said no.
    #[error("cannot {verb} {}: {source}", path.display())]
    Io {
        /// `read` or `write`.
        verb: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl TrainBenchError {
    fn io(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { verb, path, source }
    }

    fn failed(what: &str, message: impl std::fmt::Display) -> Self {
        let message = message.to_string();
        Self::Failed {
            what: what.to_owned(),
            message: message.trim().trim_start_matches("error: ").to_owned(),
        }
    }
}

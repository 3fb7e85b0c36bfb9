//! Speed: of environments alone, of replay buffers, and of whole trainings beside those of programs in Python.

mod environments;
mod error;
mod machine;
mod own;
mod process;
mod python;
mod rate;
mod replay;
mod scaling;
mod train;

use machine::Machine;

pub use environments::{BATCH_SIZES, BatchForm, EnvironmentBench, EnvironmentSpeed};
pub use error::BenchError;
pub use python::{PythonError, PythonSpeed};
pub use replay::{ReplayBench, ReplayOperation, ReplayReport, ReplaySpeed};
pub use scaling::{ScalingAxis, ScalingBench, ScalingPoint, ScalingReport};
pub use train::{Framework, TimedRun, TrainBench, TrainReport, TrainSpeed, WORKLOADS, Workload};

//! Workloads, frameworks and shares that trainings are measured with.

use std::path::PathBuf;

use super::Workload;

/// Framework in Python that programs beside this project are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framework {
    /// PyTorch.
    Torch,
    /// Stable-Baselines3.
    Sb3,
    /// JAX.
    Jax,
    /// None: plain Python.
    Python,
}

impl Framework {
    /// Every framework.
    pub const ALL: [Self; 4] = [Self::Torch, Self::Sb3, Self::Jax, Self::Python];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Torch => "torch",
            Self::Sb3 => "sb3",
            Self::Jax => "jax",
            Self::Python => "python",
        }
    }

    /// Returns `true` if a side, such as `torch-fast`, is written in it.
    pub(super) fn has(self, side: &str) -> bool {
        side.split('-').next() == Some(self.name())
    }
}

/// Measurement of whole trainings.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainBench {
    /// The workloads.
    pub workloads: Vec<Workload>,
    /// Frameworks to train beside.
    pub against: Vec<Framework>,
    /// Runs of each side, with the seeds from 0.
    pub runs: usize,
    /// Share of a workload's updates that this project makes.
    pub share: f64,
    /// Share that the others make.
    pub peer_share: f64,
    /// The Python interpreter.
    pub python: String,
    /// The binary `rl`.
    pub program: PathBuf,
}

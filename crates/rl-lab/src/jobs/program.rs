//! The program of the runs.

use std::path::PathBuf;

/// The binary `rl`, and options that each of its trainings gets beside those of its run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Program {
    /// Path of the binary.
    pub path: PathBuf,
    /// Further words of the command line.
    pub options: Vec<String>,
}

impl From<PathBuf> for Program {
    fn from(path: PathBuf) -> Self {
        Self {
            path,
            options: Vec::new(),
        }
    }
}

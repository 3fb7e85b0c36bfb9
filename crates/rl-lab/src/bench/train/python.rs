//! Trainings by programs in Python, with the libraries that their users would take.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::Workload;
use crate::bench::process::{self, Pin};
use crate::bench::{BenchError, own};
use crate::files::FileError;

/// The files of the program, by their names.
const FILES: [(&str, &str); 10] = [
    (
        "__main__.py",
        include_str!("../../../peers/train/__main__.py"),
    ),
    (
        "dqn_sb3.py",
        include_str!("../../../peers/train/dqn_sb3.py"),
    ),
    (
        "dqn_torch.py",
        include_str!("../../../peers/train/dqn_torch.py"),
    ),
    (
        "ppo_jax.py",
        include_str!("../../../peers/train/ppo_jax.py"),
    ),
    (
        "ppo_sb3.py",
        include_str!("../../../peers/train/ppo_sb3.py"),
    ),
    (
        "ppo_torch.py",
        include_str!("../../../peers/train/ppo_torch.py"),
    ),
    (
        "pqn_torch.py",
        include_str!("../../../peers/train/pqn_torch.py"),
    ),
    (
        "q_learning.py",
        include_str!("../../../peers/train/q_learning.py"),
    ),
    ("shared.py", include_str!("../../../peers/train/shared.py")),
    ("vpg.py", include_str!("../../../peers/train/vpg.py")),
];

/// The program, unpacked, and its interpreter.
pub struct PythonTrainings {
    python: PathBuf,
    place: TempDir,
}

/// Output of a training.
#[derive(Debug, Deserialize)]
pub struct PythonRun {
    pub steps: u64,
    pub wall_s: f64,
    pub compile_s: Option<f64>,
    /// Configuration, read back from the objects that ran.
    pub config: Map<String, Value>,
    pub versions: BTreeMap<String, String>,
    #[serde(skip)]
    pub process_s: f64,
    #[serde(skip)]
    pub peak_bytes: Option<u64>,
}

impl PythonTrainings {
    /// Unpacks the program for the interpreter `python`.
    pub fn new(python: &str) -> Result<Self, BenchError> {
        let place = own::temporary()?;
        for (name, text) in FILES {
            let path = place.path().join(name);
            fs::write(&path, text).map_err(FileError::new("write", &path))?;
        }
        Ok(Self {
            python: PathBuf::from(python),
            place,
        })
    }

    /// Trains, and makes sure that the configuration was the workload's.
    pub fn train(
        &self,
        workload: &Workload,
        side: &str,
        seed: u64,
        pin: &Pin,
    ) -> Result<PythonRun, BenchError> {
        let training = format!("{} by {side}", workload.name);
        let request = json!({
            "workload": workload.name, "side": side, "seed": seed, "config": workload.config,
        });
        let directory: &Path = self.place.path();
        let words = [&directory.to_string_lossy(), &*request.to_string()];
        let finished = process::run(&training, &self.python, &words, pin, directory)?;
        let run: PythonRun = finished
            .stdout
            .lines()
            .last()
            .ok_or_else(|| BenchError::failed(&training, "no output"))
            .and_then(|line| {
                serde_json::from_str(line).map_err(|error| BenchError::failed(&training, error))
            })?;
        BenchError::unless_same(&training, &workload.config, &run.config)?;
        Ok(PythonRun {
            process_s: finished.wall_s,
            peak_bytes: finished.peak_bytes,
            ..run
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_no_interpreter_is_an_error_that_names_the_side() {
        let trainings = PythonTrainings::new("false").unwrap();
        let workload = Workload::named("ppo-zoo").unwrap();
        let error = trainings.train(&workload, "sb3", 0, &Pin::default());
        let message = error.unwrap_err().to_string();
        assert!(message.starts_with("ppo-zoo by sb3: "), "{message}");
    }
}

//! Trainings by this project: `rl train` in a process of its own.

use std::fs;
use std::path::Path;

use rl_train::{Config, Outcome};
use serde::Deserialize;
use tempfile::TempDir;
use toml::Table;

use super::BenchError;
use super::process::{self, Pin};
use crate::files::FileError;
use crate::files::read;
use crate::settings::of_table;

/// The part of `summary.json` that speeds are made of.
#[derive(Deserialize)]
pub struct Trained {
    outcome: String,
    pub env_steps: u64,
    /// Seconds from the first environment step to the last update.
    pub wall_s: f64,
    /// Seconds of these that acting and environments took.
    pub acting_s: f64,
}

impl Trained {
    /// Seconds until the mean return was reached that the run was to end at; infinite if it was not.
    pub fn solved_s(&self) -> f64 {
        match self.outcome == Outcome::Reached.name() {
            true => self.wall_s,
            false => f64::INFINITY,
        }
    }
}

/// A training by this project.
pub struct OwnRun {
    pub trained: Trained,
    /// Seconds from the start of the process to its end.
    pub process_s: f64,
    /// Seconds from the start of the process to the end of the last update.
    pub last_update_s: Option<f64>,
    pub peak_bytes: Option<u64>,
}

/// Trains by the binary `program`, in the name of a training that its error gives.
pub fn train(
    training: &str,
    program: &Path,
    config: &Config,
    pin: &Pin,
) -> Result<OwnRun, BenchError> {
    let place = temporary()?;
    let (file, run) = (place.path().join("run.toml"), place.path().join("run"));
    let asked = config.to_repeat()?;
    let text = toml::to_string(&asked).map_err(|error| BenchError::failed(training, error))?;
    fs::write(&file, text).map_err(FileError::new("write", &file))?;
    let words = [
        "train",
        "--quiet",
        "--config",
        &file.to_string_lossy(),
        "--out",
        &run.to_string_lossy(),
    ];
    let finished = process::run(training, program, &words, pin, place.path())?;

    let ran: Table = read(&run.join("config.toml"))?
        .parse()
        .map_err(|error| BenchError::failed(training, error))?;
    BenchError::unless_same(training, &of_table(&asked), &of_table(&ran))?;
    let trained = serde_json::from_str(&read(&run.join("summary.json"))?)
        .map_err(|error| BenchError::failed(training, error))?;
    // Each update appends a row to the metrics.
    let metrics = run.join("metrics.csv");
    let written = fs::metadata(&metrics).and_then(|file| file.modified());
    let last_update = written.map_err(FileError::new("read", &metrics))?;
    Ok(OwnRun {
        trained,
        process_s: finished.wall_s,
        last_update_s: last_update
            .duration_since(finished.start)
            .ok()
            .map(|duration| duration.as_secs_f64()),
        peak_bytes: finished.peak_bytes,
    })
}

/// A directory that goes when it is dropped.
pub fn temporary() -> Result<TempDir, BenchError> {
    Ok(tempfile::tempdir().map_err(FileError::new("write", &std::env::temp_dir()))?)
}

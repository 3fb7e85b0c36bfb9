//! Our side: `rl train` in a process of its own.

use std::fs;
use std::path::Path;

use serde::Deserialize;
use tempfile::TempDir;

use super::TrainBenchError;
use super::process::{self, Pin};
use rl_train::Config;

/// The part of `summary.json` that speeds are made of.
#[derive(Deserialize)]
pub struct Trained {
    pub env_steps: u64,
    /// From the first environment step to the last update, in seconds.
    pub wall_s: f64,
    /// Of which acting and environments.
    pub acting_s: f64,
}

/// A training by this project.
pub struct OwnRun {
    pub trained: Trained,
    /// The process, from its start to its end.
    pub process_s: f64,
    /// From the start of the process to the end of the last update.
    pub last_update_s: Option<f64>,
    pub peak_bytes: Option<u64>,
}

/// Trains by the binary `program`; `what` it is for is told when it fails.
pub fn train(
    what: &str,
    program: &Path,
    config: &Config,
    pin: &Pin,
) -> Result<OwnRun, TrainBenchError> {
    let place = temporary()?;
    let (file, run) = (place.path().join("run.toml"), place.path().join("run"));
    let asked = config.to_toml()?;
    fs::write(&file, &asked).map_err(TrainBenchError::io("write", &file))?;
    let words = [
        "train",
        "--quiet",
        "--config",
        &file.to_string_lossy(),
        "--out",
        &run.to_string_lossy(),
    ];
    let finished = process::run(what, program, &words, pin, place.path())?;

    let read = |name: &str| {
        let path = run.join(name);
        fs::read_to_string(&path).map_err(TrainBenchError::io("read", &path))
    };
    let ran = read("config.toml")?;
    if ran != asked {
        let of = |here: &str, there: &str| {
            let missing = |line: &&str| !there.lines().any(|other| other == *line);
            here.lines()
                .find(missing)
                .unwrap_or("nothing else")
                .to_owned()
        };
        let difference = format!("{}, asked for was {}", of(&ran, &asked), of(&asked, &ran));
        let what = what.to_owned();
        return Err(TrainBenchError::Differs { what, difference });
    }
    let trained = serde_json::from_str(&read("summary.json")?)
        .map_err(|error| TrainBenchError::failed(what, error))?;
    // Each update appends a row to the metrics.
    let metrics = run.join("metrics.csv");
    let written = fs::metadata(&metrics).and_then(|file| file.modified());
    let last_update = written.map_err(TrainBenchError::io("read", &metrics))?;
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
pub fn temporary() -> Result<TempDir, TrainBenchError> {
    tempfile::tempdir().map_err(TrainBenchError::io("write", &std::env::temp_dir()))
}

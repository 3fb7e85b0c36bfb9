//! The directory that a run leaves behind.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::{Config, Row, Summary};

/// A run's directory: `config.toml`, `metrics.csv`, `policy.safetensors`, `summary.json`.
#[derive(Debug)]
pub struct RunDirectory {
    path: PathBuf,
    metrics: BufWriter<File>,
}

/// Why the directory of a run could not be made or written.
#[derive(Debug, thiserror::Error)]
pub enum RunDirectoryError {
    /// It holds something already.
    #[error(
        "output directory {} (from --out) exists and is not empty; nothing was changed. Choose a \
         new or empty one", .0.display()
    )]
    NotEmpty(PathBuf),
    /// The file system said no.
    #[error("cannot write {}: {source}", path.display())]
    Io {
        /// What was written.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> RunDirectoryError {
    let path = path.to_owned();
    |source| RunDirectoryError::Io { path, source }
}

impl RunDirectory {
    /// Makes the directory that the configuration names, or the first free one of
    /// `runs/ENV-ALGO-seedN`, `runs/ENV-ALGO-seedN-2`, …, and writes the configuration.
    ///
    /// # Errors
    /// [`RunDirectoryError`]; a directory that holds anything is left as it is.
    pub fn create(config: &Config, toml: &str) -> Result<Self, RunDirectoryError> {
        let path = match &config.out {
            Some(path) => {
                let mut entries = match fs::read_dir(path) {
                    Ok(entries) => entries,
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {
                        fs::create_dir_all(path).map_err(io_error(path))?;
                        fs::read_dir(path).map_err(io_error(path))?
                    }
                    Err(error) => return Err(io_error(path)(error)),
                };
                if entries.next().is_some() {
                    return Err(RunDirectoryError::NotEmpty(path.clone()));
                }
                path.clone()
            }
            None => {
                let runs = Path::new("runs");
                fs::create_dir_all(runs).map_err(io_error(runs))?;
                let name = format!(
                    "{}-{}-seed{}",
                    config.env,
                    config.algo.algo().name(),
                    config.seed
                );
                let mut attempt = 1;
                loop {
                    let suffix = if attempt == 1 {
                        String::new()
                    } else {
                        format!("-{attempt}")
                    };
                    let path = runs.join(format!("{name}{suffix}"));
                    // Creating it is the test: two runs at once never share one.
                    match fs::create_dir(&path) {
                        Ok(()) => break path,
                        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => attempt += 1,
                        Err(error) => return Err(io_error(&path)(error)),
                    }
                }
            }
        };
        let config_path = path.join("config.toml");
        fs::write(&config_path, toml).map_err(io_error(&config_path))?;
        let metrics_path = path.join("metrics.csv");
        let metrics = File::create(&metrics_path).map_err(io_error(&metrics_path))?;
        let mut directory = Self {
            path,
            metrics: BufWriter::new(metrics),
        };
        directory.line(Row::HEADER)?;
        Ok(directory)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the policy goes.
    pub fn policy_path(&self) -> PathBuf {
        self.path.join("policy.safetensors")
    }

    /// Appends a row to `metrics.csv`.
    ///
    /// # Errors
    /// [`RunDirectoryError::Io`].
    pub fn append(&mut self, row: &Row) -> Result<(), RunDirectoryError> {
        self.line(&row.to_string())
    }

    /// Writes `summary.json`.
    ///
    /// # Errors
    /// [`RunDirectoryError::Io`].
    pub fn finish(&mut self, summary: &Summary) -> Result<(), RunDirectoryError> {
        let path = self.path.join("summary.json");
        let text = serde_json::to_string_pretty(summary)
            .map_err(|error| io_error(&path)(io::Error::other(error)))?;
        fs::write(&path, text + "\n").map_err(io_error(&path))
    }

    fn line(&mut self, line: &str) -> Result<(), RunDirectoryError> {
        writeln!(self.metrics, "{line}")
            .and_then(|()| self.metrics.flush())
            .map_err(io_error(&self.path.join("metrics.csv")))
    }
}

//! Runs that are planned, each a process of its own.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rl_train::RunDirectory;
use serde_json::{Map, Value};
use toml::Table;

use super::{JobError, Program, RunSummary};
use crate::files::{FileError, read};
use crate::settings::{differences, of_table};

/// Environment variable with the process that a training belongs to: it ends when that one does.
pub const PARENT_VARIABLE: &str = "RL_PARENT";

/// Message of a run that failed, in its directory, where such runs are kept.
const FAILURE: &str = "failure.txt";

/// Exit code of a training that does not begin: here, for a directory that is not empty.
const WRONG_CALL: i32 = 2;

/// Longest wait for the end of a training that an earlier call left.
const PATIENCE: Duration = Duration::from_secs(60);

/// Planned run with one seed.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// The noun that its label is an instance of, such as `preset`.
    pub kind: &'static str,
    /// Its name in messages, the same for all seeds.
    pub label: String,
    pub seed: u64,
    /// Options of `rl train` but for those that every job has.
    pub arguments: Vec<OsString>,
    /// Its whole configuration.
    pub config: Map<String, Value>,
    /// Name of its directory.
    pub name: String,
}

/// Outcome of a run that need not be repeated.
#[derive(Clone, Debug, PartialEq)]
pub enum JobResult {
    Finished(RunSummary),
    /// A run that ended with an error of its own, such as a loss that is not finite.
    Failed(String),
}

impl JobResult {
    /// The summary of a finished run.
    pub fn summary(&self) -> Option<&RunSummary> {
        match self {
            Self::Finished(summary) => Some(summary),
            Self::Failed(_) => None,
        }
    }
}

impl Job {
    /// The result in `directory`, which must be of the planned run.
    pub fn read(&self, directory: &Path) -> Result<JobResult, JobError> {
        let path = directory.join(RunDirectory::CONFIG);
        let ran: Table =
            read(&path)?
                .parse()
                .map_err(|error: toml::de::Error| JobError::Damaged {
                    path,
                    reason: error.message().to_owned(),
                })?;
        let differences: Vec<String> = differences(&self.config, &of_table(&ran))
            .iter()
            .map(|x| format!("{} is {} there and {} here", x.key, x.ran, x.asked))
            .collect();
        if !differences.is_empty() {
            return Err(JobError::OtherRun {
                directory: directory.to_owned(),
                differences: differences.join(", "),
            });
        }
        let failure = directory.join(FAILURE);
        if failure.exists() {
            return Ok(JobResult::Failed(read(&failure)?.trim().to_owned()));
        }
        let path = directory.join(RunDirectory::SUMMARY);
        let summary = serde_json::from_str(&read(&path)?);
        let summary = summary.map_err(|error| JobError::Damaged {
            path,
            reason: error.to_string(),
        })?;
        Ok(JobResult::Finished(summary))
    }

    /// Trains into a directory, from which what was unfinished is removed.
    fn train(&self, program: &Program, partial: &Path) -> Result<Output, JobError> {
        remove(partial)?;
        let mut train = Command::new(&program.path);
        train
            .args(["train", "--quiet", "--no-report"])
            .args(&program.options)
            .args(&self.arguments);
        train.args(["--seed", &self.seed.to_string()]);
        train.arg("--out").arg(partial).stdin(Stdio::null());
        train.env(PARENT_VARIABLE, std::process::id().to_string());
        train.output().map_err(|source| JobError::Start {
            program: program.path.clone(),
            source,
        })
    }

    /// Runs it in a process of its own. Its directory gets its name when it is complete, so that an
    /// interrupted run is not taken for a complete one. With `keep_failed`, a run that ended with an error
    /// of its own is complete too.
    pub fn execute(
        &self,
        program: &Program,
        directory: &Path,
        keep_failed: bool,
    ) -> Result<JobResult, JobError> {
        let partial = directory.join(format!("{}.partial", self.name));
        let mut output = self.train(program, &partial)?;
        // A training that a killed call had just begun may have made the directory in between. It ends soon, and there is
        // no other.
        if output.status.code() == Some(WRONG_CALL) && partial.exists() {
            output = self.train(program, &partial)?;
        }
        if !output.status.success() {
            let errors = String::from_utf8_lossy(&output.stderr);
            let errors = errors.trim().trim_start_matches("error: ");
            let reason = match errors {
                "" => output.status.to_string(),
                errors => errors.to_owned(),
            };
            if !keep_failed || !has_failed(&partial) {
                return Err(JobError::Failed(reason));
            }
            let path = partial.join(FAILURE);
            fs::write(&path, reason + "\n").map_err(FileError::new("write", &path))?;
        }
        let result = self.read(&partial)?;
        let whole = directory.join(&self.name);
        fs::rename(&partial, &whole).map_err(FileError::new("write", &whole))?;
        Ok(result)
    }
}

/// Removes what an earlier call left unfinished, once no process works in it: the training of a call that was killed ends
/// soon after it, with its update.
fn remove(partial: &Path) -> Result<(), JobError> {
    let start = Instant::now();
    while matches!(RunDirectory::is_in_use(partial), Ok(true)) {
        if start.elapsed() > PATIENCE {
            return Err(JobError::InUse {
                directory: partial.to_owned(),
            });
        }
        thread::sleep(Duration::from_millis(50));
    }
    match fs::remove_dir_all(partial) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(FileError::new("write", partial)(error).into())
        }
        _ => Ok(()),
    }
}

/// Returns `true` if the summary says that the run itself failed: not the machine, nor the call.
fn has_failed(directory: &Path) -> bool {
    let summary = fs::read_to_string(directory.join(RunDirectory::SUMMARY));
    let summary = summary.map(|text| serde_json::from_str::<Value>(&text).unwrap_or_default());
    summary.is_ok_and(|summary| summary["outcome"] == "failed")
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A job of nothing.
    pub fn job(label: &str, seed: u64) -> Job {
        Job {
            kind: "preset",
            label: label.to_owned(),
            seed,
            arguments: Vec::new(),
            config: Map::new(),
            name: format!("{label}-seed{seed}"),
        }
    }
}

//! A run as its directory has it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rl_train::RunDirectory;
use serde::Serialize;
use toml::{Table, Value};

use super::error::RunsError;
use super::metrics::MetricsTable;
use super::summary::{EvaluationSummary, RunSummary};
use crate::files::{FileError, read};

/// State of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// A process writes to the directory.
    Running,
    /// The budget is spent.
    Finished,
    /// The goal was reached early.
    Reached,
    /// Its time was up; it can go on.
    TimeLimit,
    /// It was stopped or killed before its end.
    Interrupted,
    /// It ended with an error.
    Failed,
}

impl RunState {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Finished => "finished",
            Self::Reached => "reached",
            Self::TimeLimit => "time_limit",
            Self::Interrupted => "interrupted",
            Self::Failed => "failed",
        }
    }

    /// Returns `true` if the run came to its end.
    pub fn is_complete(self) -> bool {
        matches!(self, Self::Finished | Self::Reached)
    }
}

/// A run that was stored in a directory, or is being so.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredRun {
    directory: PathBuf,
    config: Table,
    state: RunState,
    summary: Option<RunSummary>,
    last: Option<MetricsTable>,
    modified: SystemTime,
}

impl StoredRun {
    /// The run in a directory: its configuration, its state, its summary, and the last row of its metrics.
    ///
    /// # Errors
    /// [`RunsError`].
    pub fn read(directory: &Path) -> Result<Self, RunsError> {
        let path = directory.join(RunDirectory::CONFIG);
        if !path.is_file() {
            return Err(RunsError::NoRun(directory.to_owned()));
        }
        // The lock before the files: a run that ends meanwhile has written them by then.
        let is_running =
            RunDirectory::is_in_use(directory).map_err(FileError::new("read", directory))?;
        let config = read(&path)?;
        let config: Table = config
            .parse()
            .map_err(|error: toml::de::Error| RunsError::damaged(&path, error.message()))?;
        let metrics = directory.join(RunDirectory::METRICS);
        let last = metrics.is_file().then(|| MetricsTable::read_last(&metrics));
        let last = last.transpose()?;
        let updates = last
            .as_ref()
            .and_then(|last| last.last("update"))
            .unwrap_or(0.0);
        // A summary of fewer updates is that of an earlier part of the run, and so is any while it goes on.
        let summary = summary(directory)?;
        let summary = summary.filter(|s| !is_running && s.updates as f64 >= updates);
        let state = match summary.as_ref().map(|summary| summary.outcome.as_str()) {
            _ if is_running => RunState::Running,
            None | Some("interrupted") => RunState::Interrupted,
            Some("finished") => RunState::Finished,
            Some("reached") => RunState::Reached,
            Some("time_limit") => RunState::TimeLimit,
            Some("failed") => RunState::Failed,
            Some(other) => {
                let allowed = "allowed are finished, reached, time_limit, interrupted and failed";
                let reason = format!("outcome = '{other}': {allowed}");
                return Err(RunsError::damaged(
                    &directory.join(RunDirectory::SUMMARY),
                    reason,
                ));
            }
        };
        let names = [
            RunDirectory::CONFIG,
            RunDirectory::METRICS,
            RunDirectory::SUMMARY,
        ];
        let modified = names.iter().filter_map(|name| {
            let metadata = fs::metadata(directory.join(name)).ok()?;
            metadata.modified().ok()
        });
        Ok(Self {
            directory: directory.to_owned(),
            modified: modified.max().unwrap_or(SystemTime::UNIX_EPOCH),
            config,
            state,
            summary,
            last,
        })
    }

    /// Its directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Name of its directory.
    pub fn name(&self) -> String {
        let path = fs::canonicalize(&self.directory).unwrap_or_else(|_| self.directory.clone());
        let name = path.file_name().unwrap_or(self.directory.as_os_str());
        name.to_string_lossy().into_owned()
    }

    /// Every key of its configuration.
    pub fn config(&self) -> &Table {
        &self.config
    }

    /// The word that a key of its configuration has, if it has one.
    pub fn word(&self, key: &str) -> &str {
        let word = self.config.get(key).and_then(Value::as_str);
        word.unwrap_or_default()
    }

    /// Name of the environment.
    pub fn env(&self) -> &str {
        self.word("env")
    }

    /// Name of the algorithm.
    pub fn algo(&self) -> &str {
        self.word("algo")
    }

    /// The seed.
    pub fn seed(&self) -> u64 {
        let seed = self.config.get("seed").and_then(Value::as_integer);
        seed.map_or(0, |seed| seed as u64)
    }

    /// Its state.
    pub fn state(&self) -> RunState {
        self.state
    }

    /// Its summary; none while it goes on, nor of a run that was killed.
    pub fn summary(&self) -> Option<&RunSummary> {
        self.summary.as_ref()
    }

    /// Time of the last change of its files.
    pub fn modified(&self) -> SystemTime {
        self.modified
    }

    /// Environment steps so far.
    pub fn env_steps(&self) -> u64 {
        let summary = self.summary.as_ref().map(|summary| summary.env_steps);
        summary.unwrap_or_else(|| self.last("env_steps").unwrap_or(0.0) as u64)
    }

    /// Updates so far.
    pub fn updates(&self) -> u64 {
        let summary = self.summary.as_ref().map(|summary| summary.updates);
        summary.unwrap_or_else(|| self.last("update").unwrap_or(0.0) as u64)
    }

    /// Score of the final policy's likeliest actions, of a run that is complete.
    pub fn evaluation(&self) -> Option<f64> {
        let evaluation = self.summary.as_ref()?.evaluation.as_ref();
        evaluation.map(EvaluationSummary::score)
    }

    /// Mean return of late while it trained; of a run without a summary, that of its last row.
    pub fn training_return(&self) -> Option<f64> {
        let summary = self
            .summary
            .as_ref()
            .map(|summary| summary.final_return_mean);
        summary.unwrap_or_else(|| self.last("return_mean"))
    }

    /// Number of a metric in the last row.
    fn last(&self, metric: &str) -> Option<f64> {
        self.last.as_ref()?.last(metric)
    }

    /// All of its metrics.
    ///
    /// # Errors
    /// [`RunsError`].
    pub fn metrics(&self) -> Result<MetricsTable, RunsError> {
        MetricsTable::read(&self.directory.join(RunDirectory::METRICS))
    }
}

/// The summary in a directory, if there is one.
fn summary(directory: &Path) -> Result<Option<RunSummary>, RunsError> {
    let path = directory.join(RunDirectory::SUMMARY);
    if !path.is_file() {
        return Ok(None);
    }
    let text = read(&path)?;
    let summary = serde_json::from_str(&text).map_err(|error| RunsError::damaged(&path, error))?;
    Ok(Some(summary))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Written, run};
    use super::*;

    #[test]
    fn the_state_of_a_run_is_that_of_its_summary_unless_it_went_on() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path();
        for (outcome, state) in [
            ("finished", RunState::Finished),
            ("reached", RunState::Reached),
            ("time_limit", RunState::TimeLimit),
            ("interrupted", RunState::Interrupted),
            ("failed", RunState::Failed),
        ] {
            let written = Written {
                outcome: Some(outcome),
                ..run(&[10.0, 20.0])
            };
            let stored = written.read(&path.join(outcome));
            assert_eq!((stored.state(), stored.state().name()), (state, outcome));
            assert_eq!((stored.updates(), stored.env_steps()), (2, 200));
        }
        let killed = Written {
            outcome: None,
            ..run(&[10.0, 20.0])
        };
        let killed = killed.read(&path.join("killed"));
        assert_eq!(killed.state(), RunState::Interrupted);
        assert_eq!(
            (killed.training_return(), killed.env_steps()),
            (Some(20.0), 200)
        );
        // Resumed beyond its summary, and killed.
        let directory = path.join("finished");
        let metrics = directory.join("metrics.csv");
        let text = fs::read_to_string(&metrics).unwrap() + "3,300,3,30,0.3\n";
        fs::write(&metrics, text).unwrap();
        let stored = StoredRun::read(&directory).unwrap();
        assert_eq!(
            (stored.state(), stored.updates()),
            (RunState::Interrupted, 3)
        );
        assert_eq!(stored.summary(), None);
    }

    #[test]
    fn a_directory_that_a_process_holds_is_of_a_run_that_goes_on() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("held");
        run(&[1.0]).read(&path);
        let held = RunDirectory::open(&path).unwrap();
        assert_eq!(StoredRun::read(&path).unwrap().state(), RunState::Running);
        drop(held);
        assert_eq!(StoredRun::read(&path).unwrap().state(), RunState::Finished);
    }

    #[test]
    fn a_directory_of_no_run_and_damaged_files_are_errors_that_name_them() {
        let place = tempfile::tempdir().unwrap();
        let error = StoredRun::read(place.path()).unwrap_err();
        assert!(error.is_usage() && error.to_string().contains("is not the directory of a run"));
        for (name, text, word) in [
            ("config.toml", "seed = ", "config.toml is damaged"),
            ("summary.json", "{", "summary.json is damaged"),
            ("metrics.csv", "update\nx\n", "update is 'x'"),
        ] {
            let path = place.path().join(name);
            run(&[1.0]).read(&path);
            fs::write(path.join(name), text).unwrap();
            let error = StoredRun::read(&path).unwrap_err();
            assert!(
                !error.is_usage() && error.to_string().contains(word),
                "{error}"
            );
        }
    }
}

//! Trials: values of the tuned keys, and what became of their runs.

use std::path::Path;

use serde::Serialize;

use super::sampler::Places;
use crate::files::FileError;
use crate::jobs::{JobResult, Recipe};

/// Weight of the final policy's score in an objective; the rest is that of the returns on the way.
const FINAL: f64 = 0.9;

/// State of a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TrialState {
    /// All its seeds have run.
    Complete,
    /// It ended after its first seed, whose objective was below the median of such.
    Pruned,
    /// A run failed by itself.
    Failed,
    /// All its seeds have run, and as one of the best it had further ones.
    Finalist,
}

impl TrialState {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Pruned => "pruned",
            Self::Failed => "failed",
            Self::Finalist => "finalist",
        }
    }
}

/// Values of the tuned keys, and what became of their runs.
#[derive(Clone, Debug)]
pub struct Trial {
    /// From 0, which is the base.
    pub number: usize,
    /// Texts of the values of the tuned keys.
    pub values: Vec<String>,
    pub places: Places,
    pub recipe: Recipe,
    /// Its whole configuration.
    pub keys: serde_json::Map<String, serde_json::Value>,
    pub state: TrialState,
    /// Measurements of its runs, by seed from 0 on.
    pub runs: Vec<Measured>,
}

/// Measurement of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// Mean return of the final policy's likeliest actions; `-inf` for a run that failed.
    pub score: f64,
    /// Mean of the returns of the updates, those of drawn actions.
    pub on_the_way: f64,
}

impl Measured {
    /// The measurement of a result, whose run is in `directory`.
    ///
    /// # Errors
    /// [`FileError`] for curves that cannot be read.
    pub fn of(result: &JobResult, directory: &Path) -> Result<Self, FileError> {
        let Some(summary) = result.summary() else {
            let none = f64::NEG_INFINITY;
            return Ok(Self {
                score: none,
                on_the_way: none,
            });
        };
        let path = directory.join("metrics.csv");
        let refuse = |error: csv::Error| FileError::new("read", &path)(error.into());
        let mut reader = csv::Reader::from_path(&path).map_err(refuse)?;
        let mut names = reader.headers().map_err(refuse)?.iter();
        let column = names.position(|name| name == "return_mean");
        let mut returns = Vec::new();
        for row in reader.records() {
            let row = row.map_err(refuse)?;
            let cell = column.and_then(|column| row.get(column));
            returns.extend(cell.and_then(|cell| cell.parse::<f64>().ok()));
        }
        let score = summary.score();
        Ok(Self {
            score,
            on_the_way: match returns.len() {
                0 => score,
                n => returns.iter().sum::<f64>() / n as f64,
            },
        })
    }

    /// Objective, which the search maximises: the weighted sum of the score and the mean return on the way.
    pub fn objective(&self) -> f64 {
        FINAL * self.score + (1.0 - FINAL) * self.on_the_way
    }
}

impl Trial {
    /// The mean objective of its runs; `-inf` where one failed.
    pub fn objective(&self) -> f64 {
        mean(self.runs.iter().map(Measured::objective))
    }

    /// The mean score of its runs.
    pub fn score(&self) -> f64 {
        mean(self.runs.iter().map(|run| run.score))
    }

    /// The lowest score of its runs.
    pub fn worst(&self) -> f64 {
        let scores = self.runs.iter().map(|run| run.score);
        scores.fold(f64::INFINITY, f64::min)
    }
}

fn mean(numbers: impl ExactSizeIterator<Item = f64>) -> f64 {
    let n = numbers.len() as f64;
    numbers.sum::<f64>() / n
}

//! Scores of runs.

use serde::Serialize;

use crate::runs::{RunGroup, RunsError, StoredRun};

/// Number that runs are compared by: the same for all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Score {
    /// Mean return of the evaluation at the end of a run, which complete runs have.
    Evaluation,
    /// Mean return of late while it trained.
    Training,
}

impl Score {
    /// The score that all runs have: the evaluation, or else the returns of training.
    ///
    /// # Errors
    /// [`RunsError::NotComparable`] where a run has neither.
    pub fn of(groups: &[RunGroup]) -> Result<Self, RunsError> {
        let mut runs = groups.iter().flat_map(|group| &group.runs);
        if runs
            .clone()
            .all(|run| Self::Evaluation.value(run).is_some())
        {
            return Ok(Self::Evaluation);
        }
        match runs.find(|run| Self::Training.value(run).is_none()) {
            None => Ok(Self::Training),
            Some(run) => Err(RunsError::NotComparable(format!(
                "{} has no return yet: it is {} after {} updates",
                run.directory().display(),
                run.state().name(),
                run.updates()
            ))),
        }
    }

    /// The score in words.
    pub fn description(self) -> &'static str {
        match self {
            Self::Evaluation => "mean return of the evaluation of the final policy",
            Self::Training => {
                "mean return of late while training, since not every run has an evaluation"
            }
        }
    }

    fn value(self, run: &StoredRun) -> Option<f64> {
        match self {
            Self::Evaluation => run.evaluation(),
            Self::Training => run.training_return(),
        }
    }

    /// The scores of a group, by seed.
    pub fn of_group(self, group: &RunGroup) -> Vec<f64> {
        group
            .runs
            .iter()
            .filter_map(|run| self.value(run))
            .collect()
    }
}

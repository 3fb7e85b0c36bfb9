//! Runs whose types are not named.

use rl_core::{Budget, Metrics, Snapshot};

use crate::error::TrainError;
use crate::observer::Observer;
use crate::view::{Outcome, RunView};

/// A run of any algorithm in any environment: a [`Trainer`](crate::Trainer) whose types are not
/// named, as the command line holds it.
pub trait Run: RunView + Send {
    /// Makes one update and returns its metrics.
    ///
    /// # Errors
    /// [`TrainError::Update`]; the run can still be saved.
    fn step(&mut self) -> Result<Metrics, TrainError>;

    /// Takes up a saved state, with any number of threads. Returns the indices of environments that
    /// could not be saved in the middle of an episode, and start anew.
    ///
    /// # Errors
    /// [`TrainError::State`] for the state of another run; the run is then of no use.
    fn restore(&mut self, state: &Snapshot) -> Result<Vec<usize>, TrainError>;

    /// Sets the budget at which the run ends. Schedules keep their horizon, which the configuration
    /// then names, so that it still repeats the run.
    fn set_budget(&mut self, budget: Budget);

    /// Makes updates until the budget is spent or an observer ends the run.
    ///
    /// # Errors
    /// [`TrainError`] of an update or an observer. Observers that keep states have stored the run
    /// before, unless its agent failed in the middle of an update.
    fn run(&mut self, observers: &mut [&mut dyn Observer]) -> Result<Outcome, TrainError>;
}

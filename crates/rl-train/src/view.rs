//! Views of a run, for observers.

use std::sync::Arc;
use std::time::Duration;

use rl_core::{Budget, Clock, EnvironmentSource, Episode, Snapshot, Spaces, StateWriter};
use toml::Table;

use crate::recent_returns::RecentReturns;
use crate::trained_policy::TrainedPolicy;

/// View of a run, for observers: shared borrows and owned copies, so that nothing they keep borrows
/// the run.
pub trait RunView {
    /// Counters, and the budget that schedules are annealed over.
    fn clock(&self) -> &Clock;

    /// Budget at which the run ends.
    fn budget(&self) -> Budget;

    /// Name of the algorithm.
    fn algorithm(&self) -> &'static str;

    /// Source of the environments.
    fn source(&self) -> &Arc<dyn EnvironmentSource>;

    /// Spaces of the environments.
    fn spaces(&self) -> &Spaces;

    /// Seed of every stream of the run.
    fn seed(&self) -> u64;

    /// The complete configuration, enough to repeat the run.
    fn config(&self) -> Table;

    /// The policy as of the last update, with the normalisation of observations; its likeliest
    /// actions are taken unless it is told otherwise.
    fn policy(&self) -> TrainedPolicy;

    /// Episodes that ended in the last update, in the environments' own rewards.
    fn episodes(&self) -> &[Episode];

    /// Actions of the last update, `[steps, action_dim]`, as they were drawn; empty where an agent that
    /// learns at every step keeps none.
    fn actions(&self) -> &[f32];

    /// Mean returns of late.
    fn recent_returns(&self) -> &RecentReturns;

    /// Time that the last update spent acting.
    fn acting(&self) -> Duration;

    /// Writes everything that the run's future depends on.
    fn save(&self, out: &mut dyn StateWriter);

    /// The state in memory.
    fn snapshot(&self) -> Snapshot {
        let mut snapshot = Snapshot::default();
        self.save(&mut snapshot);
        snapshot
    }
}

/// End of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Its budget is spent.
    Finished,
    /// An observer ended it, whose goal is reached.
    Reached,
    /// Its time was up; it can be resumed.
    TimeLimit,
    /// An observer ended it; it can be resumed.
    Interrupted,
    /// An update or an observer failed.
    Failed,
}

impl Outcome {
    /// Its word in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Reached => "reached",
            Self::TimeLimit => "time_limit",
            Self::Interrupted => "interrupted",
            Self::Failed => "failed",
        }
    }
}

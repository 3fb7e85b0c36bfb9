//! Moments at which statistics change.

/// Moment at which a normalising wrapper updates the statistics it normalises by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Updating {
    /// With everything it sees, before normalising it, as in Gymnasium: for one environment alone.
    /// The statistics outlive an episode, so that the same seed need not give the same episode.
    EveryStep,
    /// At the call of `synchronize`: environments side by side share their statistics, and what
    /// they show does not depend on which of them was stepped first.
    OnSynchronize,
    /// Never: for evaluation, with the statistics of the training.
    Never,
}

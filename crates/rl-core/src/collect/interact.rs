//! Interactions: the turns that an agent and its environments take.

use std::time::Duration;

use crate::collect::{CollectError, Normalization};
use crate::{Agent, BoxError, Clock, Episode, Metrics, StateError, StateReader, StateWriter};

/// Turns of acting and learning that make an update: whole episodes
/// ([`Episodes`](crate::Episodes)), rollouts ([`Rollouts`](crate::Rollouts)) or single steps
/// ([`Steps`](crate::Steps)).
pub trait Interact<A: Agent>: Send {
    /// Makes one update of the agent. The clock's steps and episodes advance, its updates do not.
    ///
    /// # Errors
    /// [`InteractError`]; agent and interaction can still be saved, and updated again.
    fn update(
        &mut self,
        agent: &mut A,
        clock: &mut Clock,
        metrics: &mut Metrics,
    ) -> Result<(), InteractError>;

    /// Normalisation of observations as of the last update.
    fn normalization(&self) -> &Normalization;

    /// Episodes that ended in the last update, in the environments' own rewards, ordered by
    /// environment and then by time.
    fn episodes(&self) -> &[Episode];

    /// Actions of the last update, `[steps, action_dim]`, as they were drawn; empty for an interaction
    /// that keeps none.
    fn actions(&self) -> &[f32] {
        &[]
    }

    /// Number of episodes, beyond those of the last update, that a mean return of late is over.
    fn recent_episodes(&self) -> usize {
        100
    }

    /// Time that the last update spent acting.
    fn acting(&self) -> Duration;

    /// Writes streams, environments, running episodes and moments.
    fn save(&self, out: &mut dyn StateWriter);

    /// Takes up a state, with any number of threads; returns the indices of environments that could
    /// not be saved in the middle of an episode, and start anew.
    ///
    /// # Errors
    /// [`StateError`].
    fn load(&mut self, from: &dyn StateReader) -> Result<Vec<usize>, StateError>;
}

/// Reason why an update failed.
#[derive(Debug, thiserror::Error)]
pub enum InteractError {
    /// The experience could not be gathered.
    #[error(transparent)]
    Collect(#[from] CollectError),
    /// The agent could not learn from it.
    #[error(transparent)]
    Learn(BoxError),
}

/// Adds the statistics of finished episodes; NaN where none ended.
pub(super) fn put_episodes(metrics: &mut Metrics, episodes: &[Episode]) {
    let n = episodes.len() as f64;
    let returns = || episodes.iter().map(|episode| episode.total_reward);
    let mean = |sum: f64| if n > 0.0 { sum / n } else { f64::NAN };
    let steps: usize = episodes.iter().map(|episode| episode.length).sum();
    metrics.put("return_mean", mean(returns().sum()));
    metrics.put("return_min", returns().fold(f64::NAN, f64::min));
    metrics.put("return_max", returns().fold(f64::NAN, f64::max));
    metrics.put("length_mean", mean(steps as f64));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mean, least and greatest return, and mean length.
    fn statistics(episodes: &[Episode]) -> [f64; 4] {
        let mut metrics = Metrics::default();
        put_episodes(&mut metrics, episodes);
        ["return_mean", "return_min", "return_max", "length_mean"]
            .map(|name| metrics.get(name).unwrap())
    }

    #[test]
    fn the_statistics_of_episodes_are_means_and_extremes_and_nan_without_any() {
        let episodes = [(3.0, 1), (-1.0, 4), (4.0, 10)].map(|(total_reward, length)| Episode {
            total_reward,
            length,
        });
        assert_eq!(statistics(&episodes), [2.0, -1.0, 4.0, 5.0]);
        assert!(statistics(&[]).iter().all(|x| x.is_nan()));
    }
}

//! Interactions: the turns that an agent and its environments take.

use std::time::Duration;

use crate::collect::{CollectError, Normalization};
use crate::{
    Agent, BoxError, Clock, End, Episode, Metrics, Space, StateError, StateReader, StateWriter,
};

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

/// Observations that the scale is measured on, at most and nearly.
const SAMPLE: usize = 1000;

/// Adds the share of episodes that were truncated, NaN where none ended; and the scale of observations
/// `[n, observation_dim]` in a box, as the networks see them: the largest root mean square of an entry, over 1,000
/// of them or a few more at equal distances.
pub(super) fn put_experience(
    metrics: &mut Metrics,
    ends: impl Iterator<Item = End>,
    space: &Space,
    observations: &[f32],
) {
    let (mut truncated, mut episodes) = (0_u32, 0_u32);
    for end in ends {
        episodes += 1;
        truncated += u32::from(end == End::Truncated);
    }
    let share = f64::from(truncated) / f64::from(episodes);
    metrics.put("truncated_share", share);
    let Space::Box(_) = space else { return };
    let dim = space.flat_dim().max(1);
    let step = (observations.len() / dim / SAMPLE).max(1);
    let mut squares = vec![0.0; dim];
    let mut count = 0;
    for observation in observations.chunks_exact(dim).step_by(step) {
        count += 1;
        for (square, &x) in squares.iter_mut().zip(observation) {
            *square += f64::from(x) * f64::from(x);
        }
    }
    let largest = squares.iter().copied().fold(f64::NAN, f64::max);
    metrics.put("observation_scale", (largest / f64::from(count)).sqrt());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BoxSpace;

    /// Mean, least and greatest return, and mean length.
    fn statistics(episodes: &[Episode]) -> [f64; 4] {
        let mut metrics = Metrics::default();
        put_episodes(&mut metrics, episodes);
        ["return_mean", "return_min", "return_max", "length_mean"]
            .map(|name| metrics.get(name).unwrap())
    }

    #[test]
    fn the_scale_of_observations_is_that_of_their_largest_entry() {
        let space = Space::Box(BoxSpace::new(vec![-9.0; 2], vec![9.0; 2]).unwrap());
        let measured = |ends: &[End], space: &Space, observations: &[f32]| {
            let mut metrics = Metrics::default();
            put_experience(&mut metrics, ends.iter().copied(), space, observations);
            ["truncated_share", "observation_scale"].map(|name| metrics.get(name))
        };
        let ends = [
            End::Truncated,
            End::Terminated,
            End::Truncated,
            End::Truncated,
        ];
        let small = measured(&ends, &space, &[1.0, -3.0, 2.0, 4.0]);
        assert_eq!(small, [Some(0.75), Some(12.5_f64.sqrt())]);
        // Every fifth of 5,000, of which all have the same entries.
        let many = measured(&[], &space, &[1.0, -2.0].repeat(5_000));
        assert!(many[0].is_some_and(f64::is_nan));
        assert_eq!(many[1], Some(2.0));
        // The number of a state has no scale.
        assert_eq!(measured(&ends, &Space::discrete(500), &[499.0])[1], None);
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

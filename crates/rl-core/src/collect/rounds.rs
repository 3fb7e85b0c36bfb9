//! Rounds: several short rollouts, each with its update of the agent, that count as one.

use std::time::Duration;

use super::interact::put_episodes;
use crate::collect::{CollectError, InteractError, Normalization};
use crate::{
    Agent, Clock, CollectConfig, Episode, Interact, Learns, Metrics, Policy, Rollout, Rollouts,
    StateError, StateReader, StateWriter,
};

/// Rounds of acting and learning, for agents that learn after a few steps, as deep Q-networks do:
/// each round is a short [rollout](Rollouts) and what the agent learns after it. So many rounds count
/// as one update, with one row of metrics.
///
/// The agent's own metrics are those of the last round.
pub struct Rounds<P> {
    rollouts: Rollouts<P>,
    rounds: usize,
    episodes: Vec<Episode>,
    acting: Duration,
}

impl<P> Rounds<P> {
    /// `rounds` rounds per update, at least one, of `steps` steps of each environment.
    ///
    /// # Errors
    /// As [`Rollouts::new`].
    pub fn new(config: CollectConfig, steps: usize, rounds: usize) -> Result<Self, CollectError> {
        Ok(Self {
            rollouts: Rollouts::new(config, steps)?,
            rounds: rounds.max(1),
            episodes: Vec::new(),
            acting: Duration::ZERO,
        })
    }
}

impl<A: Learns<Rollout>> Interact<A> for Rounds<<A as Agent>::Policy>
where
    A::Policy: Policy,
{
    fn update(
        &mut self,
        agent: &mut A,
        clock: &mut Clock,
        metrics: &mut Metrics,
    ) -> Result<(), InteractError> {
        self.episodes.clear();
        self.acting = Duration::ZERO;
        for _ in 0..self.rounds {
            self.rollouts.update(agent, clock, metrics)?;
            let rollouts: &dyn Interact<A> = &self.rollouts;
            self.acting += rollouts.acting();
            self.episodes.extend_from_slice(rollouts.episodes());
        }
        put_episodes(metrics, &self.episodes);
        Ok(())
    }

    fn normalization(&self) -> &Normalization {
        self.rollouts.normalization()
    }

    fn episodes(&self) -> &[Episode] {
        &self.episodes
    }

    fn actions(&self) -> &[f32] {
        self.rollouts.batch().rollout.actions()
    }

    fn acting(&self) -> Duration {
        self.acting
    }

    fn save(&self, out: &mut dyn StateWriter) {
        Interact::<A>::save(&self.rollouts, out);
    }

    fn load(&mut self, from: &dyn StateReader) -> Result<Vec<usize>, StateError> {
        Interact::<A>::load(&mut self.rollouts, from)
    }
}

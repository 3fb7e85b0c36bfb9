//! Single steps, for agents that learn at every one of them.

use std::time::Duration;

use super::error::{FirstError, Phase};
use super::interact::put_episodes;
use super::members::Members;
use super::shard::{bad_reward, check_observation};
use crate::collect::{CollectError, InteractError, Normalization};
use crate::{
    Agent, Clock, CollectConfig, Episode, Interact, LearnsOnline, Metrics, StateError, StateReader,
    StateWriter, Threads,
};

/// Steps of environments side by side, for agents that learn at every step ([`LearnsOnline`]).
///
/// An update is a fixed number of steps of each environment. Within a step the environments take
/// their turns in order, on one thread. Observations and rewards are the environments' own: moments
/// that move would change what a step that is remembered means.
pub struct Steps<P> {
    members: Members<P>,
    steps: usize,
    episodes: Vec<Episode>,
    /// Environments that have an action chosen and not yet taken.
    chosen: Vec<bool>,
}

impl<P> Steps<P> {
    /// Updates of `steps` steps of each environment.
    ///
    /// # Errors
    /// [`CollectError`] for a value out of its range, normalisation among them, or environments that
    /// cannot be made.
    pub fn new(config: CollectConfig, steps: usize) -> Result<Self, CollectError> {
        if steps == 0 {
            return Err(CollectError::NoStep);
        }
        let transform = &config.transform;
        for (key, set) in [
            ("normalize_observations", transform.normalize_observations),
            ("normalize_rewards", transform.normalize_rewards),
        ] {
            if set {
                return Err(CollectError::Config {
                    key,
                    value: "true".into(),
                    allowed: "false for an agent that learns at every step",
                });
            }
        }
        let members = Members::new(
            CollectConfig {
                threads: Threads::default(),
                ..config
            },
            1,
        )?;
        Ok(Self {
            chosen: vec![false; members.len()],
            members,
            steps,
            episodes: Vec::new(),
        })
    }
}

impl<A: LearnsOnline> Interact<A> for Steps<<A as Agent>::Policy> {
    fn update(
        &mut self,
        agent: &mut A,
        clock: &mut Clock,
        metrics: &mut Metrics,
    ) -> Result<(), InteractError> {
        self.episodes.clear();
        let mut errors = FirstError::default();
        let Members {
            shards,
            transform,
            spaces,
            ..
        } = &mut self.members;
        let (dim, action_dim) = (spaces.observation.flat_dim(), spaces.action.flat_dim());
        // One thread has one shard.
        for shard in shards {
            let n = shard.batch.len();
            for lane in 0..n {
                self.chosen[lane] &= shard.running[lane];
            }
            shard.start(&mut errors);
            for lane in 0..n {
                if shard.running[lane] && !std::mem::replace(&mut self.chosen[lane], true) {
                    let observation = &shard.buffers.observations[lane * dim..][..dim];
                    let action = &mut shard.actions[lane * action_dim..][..action_dim];
                    let rng = &mut shard.action_rngs[lane];
                    agent.start(lane, observation, clock, rng, action);
                }
            }
            for step in 1..=self.steps {
                if !errors.is_none() || !shard.step(step, &mut errors) {
                    break;
                }
                for lane in 0..n {
                    if !shard.running[lane] {
                        continue;
                    }
                    let row = lane * dim..(lane + 1) * dim;
                    let (reward, status) =
                        (shard.buffers.rewards[lane], shard.buffers.statuses[lane]);
                    let (environment, length) = (shard.first + lane, shard.lengths[lane]);
                    let frozen = &transform.frozen;
                    let after = if status.continues() {
                        &shard.buffers.observations[row.clone()]
                    } else {
                        &shard.buffers.final_observations[row.clone()]
                    };
                    let learned = frozen
                        .reward(&mut shard.moments[lane], reward)
                        .ok_or_else(|| bad_reward(environment, shard.seed, length, reward, frozen))
                        .and_then(|learned| {
                            check_observation(after, shard.seed, environment, length)?;
                            Ok(learned)
                        });
                    let learned = match learned {
                        Ok(learned) => learned,
                        Err(error) => {
                            shard.running[lane] = false;
                            errors.note(step, Phase::Reward, error);
                            continue;
                        }
                    };
                    clock.env_steps += 1;
                    shard.lengths[lane] = if status.continues() { length + 1 } else { 0 };
                    let action = &mut shard.actions[lane * action_dim..][..action_dim];
                    let rng = &mut shard.action_rngs[lane];
                    let step_taken = agent.step(lane, learned, status, after, clock, rng, action);
                    if let Err(error) = step_taken {
                        // These have moved, and the agent has not answered.
                        self.chosen[lane..].fill(false);
                        return Err(InteractError::Learn(error));
                    }
                    if !status.continues() {
                        self.episodes.push(Episode {
                            total_reward: shard.buffers.episode_returns[lane],
                            length: shard.buffers.episode_lengths[lane],
                        });
                        clock.episodes += 1;
                        let observation = &shard.buffers.observations[row];
                        if let Err(error) =
                            check_observation(observation, shard.seed, environment, 0)
                        {
                            shard.running[lane] = false;
                            errors.note(step, Phase::Reset, error);
                            continue;
                        }
                        agent.start(lane, observation, clock, rng, action);
                    }
                }
            }
        }
        errors.result()?;
        put_episodes(metrics, &self.episodes);
        agent.report(metrics);
        Ok(())
    }

    fn normalization(&self) -> &Normalization {
        self.members.normalization()
    }

    fn episodes(&self) -> &[Episode] {
        &self.episodes
    }

    fn acting(&self) -> Duration {
        Duration::ZERO
    }

    fn save(&self, out: &mut dyn StateWriter) {
        self.members.save(out);
        let chosen: Vec<u64> = self.chosen.iter().map(|&chosen| chosen.into()).collect();
        out.u64s("chosen", &chosen);
        let actions: Vec<f32> = self
            .members
            .shards
            .iter()
            .flat_map(|shard| &shard.actions)
            .copied()
            .collect();
        out.f32s("actions", &actions);
    }

    fn load(&mut self, from: &dyn StateReader) -> Result<Vec<usize>, StateError> {
        self.members.load(from, true)?;
        let mut chosen = vec![0; self.chosen.len()];
        from.u64s("chosen", &mut chosen)?;
        for (own, chosen) in self.chosen.iter_mut().zip(chosen) {
            *own = chosen == 1;
        }
        for shard in &mut self.members.shards {
            from.f32s("actions", &mut shard.actions)?;
        }
        Ok(self.members.restarted().to_vec())
    }
}

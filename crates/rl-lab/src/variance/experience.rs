//! Batches of whole episodes, with everything that the estimators need to know of each step.

use rl_core::collect::CollectError;
use rl_core::{CollectConfig, Episodes, Policy, TrajectoryStore};

/// A fixed number of whole episodes, all of them over for good: after a time limit as after
/// termination there is nothing left to earn, and nothing is bootstrapped from.
pub struct Batch {
    pub episodes: TrajectoryStore,
    /// The steps of each episode, `[episodes]`.
    pub lengths: Vec<usize>,
    /// The value function at each step, `[steps]`.
    pub values: Vec<f32>,
    /// `π(aₜ|oₜ) / μ(aₜ|oₜ)` of the policy π that the gradient is of and the policy μ that acted,
    /// `[steps]`; all 1 where they are the same.
    pub ratios: Vec<f64>,
}

impl Batch {
    /// Episodes that the policy itself played.
    pub fn on_policy(episodes: TrajectoryStore, values: Vec<f32>) -> Self {
        let ratios = vec![1.0; episodes.steps()];
        Self::off_policy(episodes, values, ratios)
    }

    /// Episodes that another policy played.
    pub fn off_policy(episodes: TrajectoryStore, values: Vec<f32>, ratios: Vec<f64>) -> Self {
        Self {
            lengths: episodes.iter().map(|episode| episode.len()).collect(),
            episodes,
            values,
            ratios,
        }
    }
}

/// Environments side by side that play an episode each, whose random streams go on from one to the
/// next.
pub struct Players<P>(Episodes<P>);

impl<P: Policy + Clone + Send> Players<P> {
    pub fn new(config: CollectConfig) -> Result<Self, CollectError> {
        Ok(Self(Episodes::new(config, 1)?))
    }

    /// An episode of each environment by `policy`.
    pub fn play(&mut self, policy: &P) -> Result<TrajectoryStore, CollectError> {
        // Every environment ends the episode that it is in, and a step each is all that is asked.
        Ok(self.0.collect(policy, 1)?.trajectories.clone())
    }

    /// At least `n` episodes.
    pub fn play_many(&mut self, policy: &P, n: usize) -> Result<TrajectoryStore, CollectError> {
        let mut episodes = self.play(policy)?;
        while episodes.len() < n {
            episodes.append(&self.0.collect(policy, 1)?.trajectories);
        }
        Ok(episodes)
    }
}

#[cfg(test)]
mod tests {
    use rl_core::{RandomPolicy, Space};
    use rl_envs::EnvironmentId;

    use super::*;

    #[test]
    fn a_batch_is_an_episode_of_each_environment_and_the_next_is_another() {
        let config = CollectConfig::new(EnvironmentId::CartPole).environments(5);
        let mut players = Players::new(config).unwrap();
        let policy = RandomPolicy::new(Space::discrete(2));
        let batches = [(); 3].map(|()| players.play(&policy).unwrap());
        assert!(batches.iter().all(|batch| batch.len() == 5));
        assert_ne!(batches[0], batches[1]);
        assert_eq!(players.play_many(&policy, 11).unwrap().len(), 15);
    }
}

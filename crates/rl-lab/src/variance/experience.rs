//! Batches of whole episodes, with what the estimators need to know about each step.

use std::slice;

use rl_core::{Environment, EnvironmentError, Policy, Purpose, Stream, TrajectoryStore};

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

/// Plays `n` episodes. `index` tells the batches of a seed apart.
pub fn play<E: Environment<Action = usize>>(
    environment: &mut E,
    policy: &mut impl Policy,
    n: usize,
    seed: u64,
    index: u32,
) -> Result<TrajectoryStore, EnvironmentError> {
    let mut rng = Stream::derive(seed, Purpose::Environment, index);
    let mut action_rng = Stream::derive(seed, Purpose::Action, index);
    let mut store = TrajectoryStore::new(environment.observation_space().dim(), 1);
    let mut action = [0.0];
    for _ in 0..n {
        let mut observation = environment.reset(&mut rng);
        let mut episode = store.begin(observation.as_ref());
        loop {
            let row = slice::from_mut(&mut action_rng);
            policy.act(observation.as_ref(), row, &mut action);
            let step = environment.step(&(action[0] as usize), &mut rng)?;
            let (reward, next) = (step.reward as f32, step.observation);
            match step.status.end() {
                None => episode.push(&action, reward, next.as_ref()),
                Some(end) => {
                    episode.finish(&action, reward, next.as_ref(), end);
                    break;
                }
            }
            observation = next;
        }
    }
    Ok(store)
}

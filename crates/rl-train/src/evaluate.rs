//! Judging a policy.

use rl_core::{EnvironmentError, Episode, Purpose, Stream, run_episode};
use serde::Serialize;

use crate::Player;

/// The returns of a policy over some episodes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// The environment.
    pub env: String,
    /// Number of episodes.
    pub episodes: usize,
    /// Seed of the first episode's reset.
    pub seed: u64,
    /// How the actions were taken: `the likeliest`, `drawn`, `random` or `a rule of thumb`.
    pub actions: &'static str,
    /// Mean return.
    pub return_mean: f64,
    /// Standard deviation of the returns (of the sample, divided by n).
    pub return_std: f64,
    /// Smallest return.
    pub return_min: f64,
    /// Largest return.
    pub return_max: f64,
    /// Mean length.
    pub length_mean: f64,
    /// The return of each episode.
    pub returns: Vec<f64>,
}

/// Why a policy could not be judged.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum EvaluateError {
    /// The policy was trained on something else.
    #[error(
        "the policy of environment '{env}' takes {takes} numbers per observation and acts in \
         {acts}; the environment has {has} numbers and the actions {actions}"
    )]
    Mismatch {
        /// The environment.
        env: String,
        /// Inputs of the network.
        takes: usize,
        /// Action space of the policy.
        acts: String,
        /// Observation dimension of the environment.
        has: usize,
        /// Its action space.
        actions: String,
    },
    /// The environment of the policy does not exist here.
    #[error("the policy is for environment '{0}', which does not exist")]
    UnknownEnvironment(String),
    /// No episodes.
    #[error("an evaluation needs at least 1 episode")]
    NoEpisodes,
    /// The environment refused an action.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
}

/// Plays `episodes` episodes.
///
/// Episode `k` starts where Gymnasium's `reset(seed=seed + k)` does; actions are drawn from a
/// stream of the same seed.
///
/// # Errors
/// [`EvaluateError`].
pub fn evaluate(player: &Player, episodes: usize, seed: u64) -> Result<Evaluation, EvaluateError> {
    let (id, mut policy) = player.cast()?;
    let mut environment = id.make();
    if episodes == 0 {
        return Err(EvaluateError::NoEpisodes);
    }
    let played: Result<Vec<Episode>, EnvironmentError> = (seed..)
        .take(episodes)
        .map(|seed| {
            let mut environment_rng = Stream::from_seed(seed);
            let mut action_rng = Stream::derive(seed, Purpose::Action, 0);
            run_episode(
                &mut environment,
                &mut policy,
                &mut environment_rng,
                &mut action_rng,
            )
        })
        .collect();
    let played = played?;

    let n = episodes as f64;
    let returns: Vec<f64> = played.iter().map(|episode| episode.total_reward).collect();
    let return_mean = returns.iter().sum::<f64>() / n;
    let variance = returns
        .iter()
        .map(|x| (x - return_mean).powi(2))
        .sum::<f64>()
        / n;
    Ok(Evaluation {
        env: id.name().to_owned(),
        episodes,
        seed,
        actions: player.actions(),
        return_mean,
        return_std: variance.sqrt(),
        return_min: returns.iter().copied().fold(f64::INFINITY, f64::min),
        return_max: returns.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        length_mean: played
            .iter()
            .map(|episode| episode.length as f64)
            .sum::<f64>()
            / n,
        returns,
    })
}

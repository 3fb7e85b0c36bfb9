//! Judging a policy.

use rl_core::{EnvironmentError, Episode, FlatEnvironment, Purpose, Stream, run_episode};
use rl_envs::EnvironmentId;
use rl_nets::{ActionChoice, PolicyFile};
use serde::Serialize;

/// The returns of a policy over some episodes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// The environment.
    pub env: String,
    /// Number of episodes.
    pub episodes: usize,
    /// Seed of the first episode's reset.
    pub seed: u64,
    /// Whether actions were drawn rather than the likeliest taken.
    pub stochastic: bool,
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

/// The environment that a policy was trained on, if it is still what the policy knows.
pub(crate) fn environment_of(policy: &PolicyFile) -> Result<EnvironmentId, EvaluateError> {
    let unknown = || EvaluateError::UnknownEnvironment(policy.env.clone());
    let id: EnvironmentId = policy.env.parse().map_err(|_| unknown())?;
    let environment = id.make();
    let (has, actions) = (
        environment.observation_space().dim(),
        environment.action_space(),
    );
    let takes = policy.weights.mlp.input_size();
    if takes != has || policy.action_space != actions {
        return Err(EvaluateError::Mismatch {
            env: policy.env.clone(),
            takes,
            acts: policy.action_space.to_string(),
            has,
            actions: actions.to_string(),
        });
    }
    Ok(id)
}

/// Plays `episodes` episodes of a policy.
///
/// Episode `k` starts where Gymnasium's `reset(seed=seed + k)` does; stochastic actions come from
/// a stream of the same seed.
///
/// # Errors
/// [`EvaluateError`].
pub fn evaluate(
    policy: &PolicyFile,
    episodes: usize,
    seed: u64,
    choice: ActionChoice,
) -> Result<Evaluation, EvaluateError> {
    let mut environment = environment_of(policy)?.make();
    if episodes == 0 {
        return Err(EvaluateError::NoEpisodes);
    }

    let mut actor = policy.actor(choice);
    let played: Result<Vec<Episode>, EnvironmentError> = (seed..)
        .take(episodes)
        .map(|seed| {
            let mut environment_rng = Stream::from_seed(seed);
            let mut action_rng = Stream::derive(seed, Purpose::Action, 0);
            run_episode(
                &mut environment,
                &mut actor,
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
        env: policy.env.clone(),
        episodes,
        seed,
        stochastic: choice == ActionChoice::Sample,
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

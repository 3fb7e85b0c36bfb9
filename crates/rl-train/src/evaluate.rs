//! Judging a policy.

use rl_core::{EnvironmentError, EnvironmentSource, Episode, Policy, Purpose, Stream, run_episode};
use serde::Serialize;

/// Returns of a policy over some episodes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// Name of the environment.
    pub env: String,
    /// Number of episodes.
    pub episodes: usize,
    /// Seed of the first episode's reset.
    pub seed: u64,
    /// Choice of the actions: `the likeliest`, `drawn`, `random` or `a rule of thumb`.
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

/// Reason why a policy could not be judged.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum EvaluateError {
    /// A policy that was trained on something else.
    #[error(
        "the policy of environment '{env}' takes {takes} numbers per observation and acts in \
         {acts}; the environment has {has} numbers and the actions {actions}"
    )]
    Mismatch {
        /// Name of the environment.
        env: String,
        /// Inputs of the network.
        takes: usize,
        /// Action space of the policy.
        acts: String,
        /// Inputs that a network for the environment has.
        has: usize,
        /// Its action space.
        actions: String,
    },
    /// A policy of an environment that does not exist here.
    #[error("the policy is for environment '{0}', which does not exist")]
    UnknownEnvironment(String),
    /// An environment without a rule of thumb.
    #[error("the environment '{0}' has no rule of thumb")]
    NoHeuristic(String),
    /// No episodes.
    #[error("an evaluation needs at least 1 episode")]
    NoEpisodes,
    /// An environment that refused an action, or failed.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
}

/// Plays `episodes` episodes of a policy; `actions` says in words how it chooses.
///
/// Episode `k` starts where Gymnasium's `reset(seed=seed + k)` does; actions are drawn from a
/// stream of the same seed.
///
/// ```
/// use rl_core::{RandomPolicy, Space};
/// use rl_envs::EnvironmentId;
///
/// let mut policy = RandomPolicy::new(Space::discrete(2));
/// let evaluation = rl_train::evaluate(&mut policy, &EnvironmentId::CartPole, 10, 0, "random")?;
/// assert!(evaluation.return_mean < 100.0);
/// # Ok::<(), rl_train::EvaluateError>(())
/// ```
///
/// # Errors
/// [`EvaluateError`].
pub fn evaluate(
    policy: &mut dyn Policy,
    source: &dyn EnvironmentSource,
    episodes: usize,
    seed: u64,
    actions: &'static str,
) -> Result<Evaluation, EvaluateError> {
    if episodes == 0 {
        return Err(EvaluateError::NoEpisodes);
    }
    let mut environment = source.make()?;
    let played: Result<Vec<Episode>, EnvironmentError> = (seed..)
        .take(episodes)
        .map(|seed| {
            let mut environment_rng = Stream::from_seed(seed);
            let mut action_rng = Stream::derive(seed, Purpose::Action, 0);
            run_episode(
                &mut environment,
                policy,
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
        env: source.name().to_owned(),
        episodes,
        seed,
        actions,
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

//! Judging a policy.

use rl_core::{
    ActionChoice, EnvironmentError, EnvironmentSource, EpisodeEvent, Policy, Purpose, Stream,
    play_episode,
};
use serde::Serialize;

use crate::usage::UsageError;
use crate::view::RunView;

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
    /// Discount of the returns from the first step on; 1 for none.
    pub gamma: f64,
    /// Mean return.
    pub return_mean: f64,
    /// The 95 % interval of the mean return, as of the normal distribution: the mean ± 1.96 standard
    /// errors, whose deviation is divided by n − 1. `None` for a single episode.
    pub return_mean_interval: Option<[f64; 2]>,
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

impl Evaluation {
    fn of(
        env: &str,
        seed: u64,
        actions: &'static str,
        gamma: f64,
        returns: Vec<f64>,
        length_mean: f64,
    ) -> Self {
        let (return_mean, variance) = moments(&returns);
        Self {
            env: env.to_owned(),
            episodes: returns.len(),
            seed,
            actions,
            gamma,
            return_mean,
            return_mean_interval: interval(return_mean, variance, returns.len()),
            return_std: variance.sqrt(),
            return_min: returns.iter().copied().fold(f64::INFINITY, f64::min),
            return_max: returns.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            length_mean,
            returns,
        }
    }

    /// Share of the episodes, 0 to 1, whose return is `threshold` or more.
    pub fn share_from(&self, threshold: f64) -> f64 {
        let reached = self.returns.iter().filter(|r| **r >= threshold).count();
        reached as f64 / self.returns.len() as f64
    }

    /// Returns `true` if its mean return is larger than another's by more than two standard errors
    /// of the difference: by chance alone, one time in 44.
    pub fn is_better_than(&self, other: &Self) -> bool {
        are_better(&self.returns, &other.returns)
    }
}

/// Mean and variance (of the sample, divided by n).
pub(crate) fn moments(returns: &[f64]) -> (f64, f64) {
    let n = returns.len() as f64;
    let mean = returns.iter().sum::<f64>() / n;
    let squares = returns.iter().map(|x| (x - mean).powi(2));
    (mean, squares.sum::<f64>() / n)
}

/// The interval of a mean over so many returns, of this variance (divided by n).
fn interval(mean: f64, variance: f64, n: usize) -> Option<[f64; 2]> {
    /// Quantile 0.975 of the standard normal distribution.
    const QUANTILE: f64 = 1.959_963_984_540_054;
    let half = QUANTILE * (variance / (n as f64 - 1.0)).sqrt();
    (n > 1).then_some([mean - half, mean + half])
}

/// The comparison of [`Evaluation::is_better_than`].
pub(crate) fn are_better(returns: &[f64], others: &[f64]) -> bool {
    let [(mean, error), (other_mean, other_error)] = [returns, others].map(|returns| {
        let (mean, variance) = moments(returns);
        (mean, variance / returns.len() as f64)
    });
    mean - other_mean > 2.0 * (error + other_error).sqrt()
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
    /// A policy of an environment of a family, such as `gym:`, whose name is none or that is not in this program.
    #[error("the policy cannot be judged: {0}")]
    Family(UsageError),
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

/// Plays `episodes` episodes of a policy; `actions` says in words how it chooses. Returns are
/// `Σ γᵗ rₜ` over the steps of an episode from its first on, for a discount `gamma` from 0 to 1.
///
/// Episode `k` starts where Gymnasium's `reset(seed=seed + k)` does; actions are drawn from a
/// stream of the same seed.
///
/// ```
/// use rl_core::{RandomPolicy, Space};
/// use rl_envs::EnvironmentId;
///
/// let mut policy = RandomPolicy::new(Space::discrete(2));
/// let evaluation = rl_train::evaluate(&mut policy, &EnvironmentId::CartPole, 10, 0, "random", 1.0)?;
/// assert!(evaluation.return_mean < 100.0);
/// # Ok::<(), rl_train::error::EvaluateError>(())
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
    gamma: f64,
) -> Result<Evaluation, EvaluateError> {
    if episodes == 0 {
        return Err(EvaluateError::NoEpisodes);
    }
    let mut environment = source.make()?;
    let (mut returns, mut lengths) = (Vec::with_capacity(episodes), 0.0);
    for seed in (seed..).take(episodes) {
        let mut environment_rng = Stream::from_seed(seed);
        let mut action_rng = Stream::derive(seed, Purpose::Action, 0);
        let (mut discounted, mut power) = (0.0, 1.0);
        let episode = play_episode(
            &mut environment,
            policy,
            &mut environment_rng,
            &mut action_rng,
            |_, event| {
                if let EpisodeEvent::Step { reward, .. } = event {
                    discounted += power * reward;
                    power *= gamma;
                }
                Ok::<_, EnvironmentError>(())
            },
        )?;
        returns.push(discounted);
        lengths += episode.length as f64;
    }
    let length_mean = lengths / episodes as f64;
    Ok(Evaluation::of(
        source.name(),
        seed,
        actions,
        gamma,
        returns,
        length_mean,
    ))
}

/// Evaluation of the policy of a run, by its likeliest actions or by drawn ones.
///
/// # Errors
/// [`EvaluateError`].
pub(crate) fn evaluate_run(
    run: &dyn RunView,
    choice: ActionChoice,
    episodes: usize,
    seed: u64,
    gamma: f64,
) -> Result<Evaluation, EvaluateError> {
    let mut policy = run.policy().with_choice(choice);
    let source = run.source().as_ref();
    let actions = actions_by(choice);
    evaluate(&mut policy, source, episodes, seed, actions, gamma)
}

/// A choice of actions in a word or two.
pub(crate) fn actions_by(choice: ActionChoice) -> &'static str {
    match choice {
        ActionChoice::Mode => "the likeliest",
        ActionChoice::Sample => "drawn",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_is_better_by_more_than_two_standard_errors_of_the_difference() {
        let flat = [-200.0; 20];
        assert!(!are_better(&flat, &flat), "equal is no better");
        assert!(are_better(&[-199.0; 4], &flat));
        // Deviation 4 of 16 returns on both sides: a standard error of 1 each, of the difference √2.
        let around = |mean: f64| [mean - 4.0, mean + 4.0].repeat(8);
        assert!(!are_better(&around(12.8), &around(10.0)));
        assert!(are_better(&around(12.9), &around(10.0)));
    }

    #[test]
    fn the_interval_of_a_mean_is_1_96_standard_errors_to_each_side() {
        let evaluation = Evaluation::of("own", 0, "drawn", 1.0, vec![1.0, 2.0, 3.0, 6.0], 1.0);
        // Of 4 returns the deviation is √(14/3), its standard error √(14/12).
        let half = 1.96 * (14.0_f64 / 12.0).sqrt();
        let [low, high] = evaluation.return_mean_interval.unwrap();
        assert!((low - (3.0 - half)).abs() < 1e-3 && (high - (3.0 + half)).abs() < 1e-3);
        assert_eq!(evaluation.share_from(3.0), 0.5);
        let one = Evaluation::of("own", 0, "drawn", 1.0, vec![1.0], 1.0);
        assert_eq!(one.return_mean_interval, None);
    }

    #[test]
    fn returns_are_discounted_from_the_first_step_on() {
        let source = rl_envs::EnvironmentId::CartPole;
        let mut policy = rl_core::RandomPolicy::new(rl_core::Space::discrete(2));
        let mut judge = |gamma| evaluate(&mut policy, &source, 5, 3, "random", gamma).unwrap();
        let (plain, discounted) = (judge(1.0), judge(0.9));
        assert_eq!(discounted.length_mean, plain.length_mean);
        for (length, found) in plain.returns.iter().zip(&discounted.returns) {
            // A reward of 1 for each step.
            let expected = (1.0 - 0.9_f64.powf(*length)) / 0.1;
            assert!((found - expected).abs() < 1e-9, "{found} {expected}");
        }
    }
}

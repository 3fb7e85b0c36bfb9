//! Judging a policy.

use rl_core::finite_mdp::{SolveError, TableError, TabularPolicy};
use rl_core::{
    ActionChoice, EnvironmentError, EnvironmentSource, EpisodeEvent, Policy, Purpose, Stream,
    play_episode,
};
use serde::Serialize;

use crate::usage::UsageError;
use crate::view::RunView;

/// Episodes that a policy is judged by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EvaluationConfig {
    /// Number of episodes, at least 1.
    pub episodes: usize,
    /// Seed of the first: episode `k` starts where Gymnasium's `reset(seed=seed + k)` does.
    pub seed: u64,
    /// Choice that the policy makes its actions by.
    pub actions: Actions,
    /// Discount of the returns from the first step on, 0 to 1.
    pub gamma: f64,
}

impl Default for EvaluationConfig {
    /// 100 episodes from seed 0 on of the likeliest actions, without a discount.
    fn default() -> Self {
        Self {
            episodes: 100,
            seed: 0,
            actions: Actions::Likeliest,
            gamma: 1.0,
        }
    }
}

/// Choice of the actions of a policy that is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Actions {
    /// The likeliest of a trained policy: the same in a state whenever it is observed.
    #[serde(rename = "the likeliest")]
    Likeliest,
    /// Drawn from the distribution of a trained policy.
    #[serde(rename = "drawn")]
    Drawn,
    /// Drawn uniformly.
    #[serde(rename = "random")]
    Random,
    /// By the environment's rule of thumb.
    #[serde(rename = "a rule of thumb")]
    RuleOfThumb,
}

impl From<ActionChoice> for Actions {
    fn from(choice: ActionChoice) -> Self {
        match choice {
            ActionChoice::Mode => Self::Likeliest,
            ActionChoice::Sample => Self::Drawn,
        }
    }
}

/// Returns of a policy over some episodes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// Name of the environment.
    pub env: String,
    /// Number of episodes.
    pub episodes: usize,
    /// Seed of the first episode's reset.
    pub seed: u64,
    /// Choice of the actions.
    pub actions: Actions,
    /// Discount of the returns from the first step on; 1 for none.
    pub gamma: f64,
    /// Mean return.
    pub return_mean: f64,
    /// The 95 % interval of the mean return, as of the normal distribution: the mean ± 1.96 standard
    /// errors, whose deviation is divided by n − 1. `None` for a single episode.
    pub return_mean_interval: Option<[f64; 2]>,
    /// Expected return of the likeliest actions, exact, of an environment whose table of transitions and time
    /// limit are known; the mean of the episodes scatters around it.
    pub return_expected: Option<f64>,
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
        config: &EvaluationConfig,
        return_expected: Option<f64>,
        returns: Vec<f64>,
        length_mean: f64,
    ) -> Self {
        let (return_mean, variance) = moments(&returns);
        Self {
            env: env.to_owned(),
            episodes: returns.len(),
            seed: config.seed,
            actions: config.actions,
            gamma: config.gamma,
            return_mean,
            return_mean_interval: interval(return_mean, variance, returns.len()),
            return_expected,
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
    /// A table of transitions that is none, or is for a discount that is none.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A table of transitions that another number of states or actions belongs to.
    #[error(transparent)]
    Expected(#[from] SolveError),
}

/// Plays episodes of a policy. Returns are `Σ γᵗ rₜ` over the steps of an episode from its first on; actions are
/// drawn from a stream of the episode's seed.
///
/// ```
/// use rl_core::{RandomPolicy, Space};
/// use rl_envs::EnvironmentId;
/// use rl_train::{Actions, EvaluationConfig, evaluate};
///
/// let mut policy = RandomPolicy::new(Space::discrete(2));
/// let config = EvaluationConfig { episodes: 10, actions: Actions::Random, ..EvaluationConfig::default() };
/// let evaluation = evaluate(&mut policy, &EnvironmentId::CartPole, &config)?;
/// assert!(evaluation.return_mean < 100.0);
/// # Ok::<(), rl_train::error::EvaluateError>(())
/// ```
///
/// # Errors
/// [`EvaluateError`].
pub fn evaluate(
    policy: &mut dyn Policy,
    source: &dyn EnvironmentSource,
    config: &EvaluationConfig,
) -> Result<Evaluation, EvaluateError> {
    if config.episodes == 0 {
        return Err(EvaluateError::NoEpisodes);
    }
    let expected = match config.actions {
        Actions::Likeliest => expected_return(policy, source, config.gamma)?,
        Actions::Drawn | Actions::Random | Actions::RuleOfThumb => None,
    };
    let mut environment = source.make()?;
    let (mut returns, mut lengths) = (Vec::with_capacity(config.episodes), 0.0);
    for seed in (config.seed..).take(config.episodes) {
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
                    power *= config.gamma;
                }
                Ok::<_, EnvironmentError>(())
            },
        )?;
        returns.push(discounted);
        lengths += episode.length as f64;
    }
    let length_mean = lengths / config.episodes as f64;
    Ok(Evaluation::of(
        source.name(),
        config,
        expected,
        returns,
        length_mean,
    ))
}

/// The exact expected return of a policy that always takes the same action in a state; `None` where the transitions
/// or the time limit are not known, where it has no action for a state that an episode can be in, and where it draws
/// another one for another stream.
fn expected_return(
    policy: &mut dyn Policy,
    source: &dyn EnvironmentSource,
    gamma: f64,
) -> Result<Option<f64>, EvaluateError> {
    /// Streams that a state's action is asked with.
    const STREAMS: usize = 4;
    let Some((mdp, steps)) = source.finite_mdp(gamma).zip(source.time_limit()) else {
        return Ok(None);
    };
    let mdp = mdp?;
    let mut choices = vec![0; mdp.states()];
    let reachable = mdp.reachable();
    for (state, choice) in choices.iter_mut().enumerate().filter(|s| reachable[s.0]) {
        let mut actions = [f32::NAN; STREAMS];
        let mut rngs = std::array::from_fn::<_, STREAMS, _>(|seed| Stream::from_seed(seed as u64));
        policy.act(&[state as f32; STREAMS], &mut rngs, &mut actions);
        let is_one = (0.0..mdp.actions() as f32).contains(&actions[0]);
        if !is_one || actions.iter().any(|action| *action != actions[0]) {
            return Ok(None);
        }
        *choice = actions[0] as usize;
    }
    let choices = TabularPolicy::deterministic(mdp.actions(), &choices)?;
    Ok(Some(mdp.expected_return_within(&choices, steps)?))
}

/// Evaluation of the policy of a run, by its likeliest actions or by drawn ones.
///
/// # Errors
/// [`EvaluateError`].
pub(crate) fn evaluate_run(
    run: &dyn RunView,
    choice: ActionChoice,
    config: EvaluationConfig,
) -> Result<Evaluation, EvaluateError> {
    let mut policy = run.policy().with_choice(choice);
    let config = EvaluationConfig {
        actions: choice.into(),
        ..config
    };
    evaluate(&mut policy, run.source().as_ref(), &config)
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
        let drawn = EvaluationConfig {
            actions: Actions::Drawn,
            ..EvaluationConfig::default()
        };
        let evaluation = Evaluation::of("own", &drawn, None, vec![1.0, 2.0, 3.0, 6.0], 1.0);
        // Of 4 returns the deviation is √(14/3), its standard error √(14/12).
        let half = 1.96 * (14.0_f64 / 12.0).sqrt();
        let [low, high] = evaluation.return_mean_interval.unwrap();
        assert!((low - (3.0 - half)).abs() < 1e-3 && (high - (3.0 + half)).abs() < 1e-3);
        assert_eq!(evaluation.share_from(3.0), 0.5);
        let one = Evaluation::of("own", &drawn, None, vec![1.0], 1.0);
        assert_eq!(one.return_mean_interval, None);
    }

    #[test]
    fn returns_are_discounted_from_the_first_step_on() {
        let source = rl_envs::EnvironmentId::CartPole;
        let mut policy = rl_core::RandomPolicy::new(rl_core::Space::discrete(2));
        let mut judge = |gamma| {
            let config = EvaluationConfig {
                episodes: 5,
                seed: 3,
                actions: Actions::Random,
                gamma,
            };
            evaluate(&mut policy, &source, &config).unwrap()
        };
        let (plain, discounted) = (judge(1.0), judge(0.9));
        assert_eq!(discounted.length_mean, plain.length_mean);
        for (length, found) in plain.returns.iter().zip(&discounted.returns) {
            // A reward of 1 for each step.
            let expected = (1.0 - 0.9_f64.powf(*length)) / 0.1;
            assert!((found - expected).abs() < 1e-9, "{found} {expected}");
        }
    }

    /// Policy with an action for each state.
    struct Table(Vec<f32>);

    impl Policy for Table {
        fn act(&mut self, observations: &[f32], _: &mut [Stream], actions: &mut [f32]) {
            for (state, action) in observations.iter().zip(actions) {
                *action = self.0[*state as usize];
            }
        }
    }

    #[test]
    fn the_expected_return_is_what_the_mean_of_many_episodes_tends_to() {
        use rl_envs::EnvironmentId;
        // Down and right by turns: some episodes of the slippery lake end in a hole, some at the goal.
        let mut policy = Table([1.0, 2.0].repeat(8));
        let config = EvaluationConfig {
            episodes: 4000,
            ..EvaluationConfig::default()
        };
        let lake = EnvironmentId::FrozenLake;
        let evaluation = evaluate(&mut policy, &lake, &config).unwrap();
        let expected = evaluation.return_expected.unwrap();
        let [low, high] = evaluation.return_mean_interval.unwrap();
        assert!(
            low < expected && expected < high && expected > 0.01,
            "{expected}"
        );
        // By drawn actions, and where no table is known, there is none.
        let drawn = EvaluationConfig {
            actions: Actions::Drawn,
            episodes: 1,
            ..config
        };
        let none = |source: EnvironmentId, config| {
            let mut policy = Table(vec![1.0; 500]);
            evaluate(&mut policy, &source, &config)
                .unwrap()
                .return_expected
        };
        assert_eq!(none(lake, drawn), None);
        let likeliest = EvaluationConfig {
            actions: Actions::Likeliest,
            ..drawn
        };
        assert_eq!(none(EnvironmentId::MountainCar, likeliest), None);
        // A policy that draws is not taken for one that does not.
        let mut random = rl_core::RandomPolicy::new(rl_core::Space::discrete(4));
        let judged = evaluate(&mut random, &lake, &likeliest).unwrap();
        assert_eq!(judged.return_expected, None);
        // Up for ever: the time limit of 1000 steps ends it.
        let mut up = Table(vec![0.0; 48]);
        let cliff = evaluate(&mut up, &EnvironmentId::CliffWalking, &likeliest).unwrap();
        assert_eq!(cliff.return_expected, Some(-1000.0));
    }
}

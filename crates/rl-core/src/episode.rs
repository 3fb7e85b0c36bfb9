//! Episodes: the statistics of one, and playing one.

use crate::{EnvironmentError, FlatEnvironment, Policy, Status, Stream};

/// Steps that an episode may have where nothing else is said.
pub const LONGEST_EPISODE: usize = 1_000_000;

/// Statistics of a finished episode, in the environment's own rewards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Episode {
    /// The undiscounted sum of its rewards.
    pub total_reward: f64,
    /// Number of steps.
    pub length: usize,
}

/// Event of an episode that is played.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum EpisodeEvent<'a> {
    /// The episode has begun.
    Reset {
        /// The first observation.
        observation: &'a [f32],
    },
    /// A step was taken.
    Step {
        /// The action as the policy chose it, before it was clipped.
        action: &'a [f32],
        /// The reward of the step.
        reward: f64,
        /// Standing of the episode after the step.
        status: Status,
        /// The observation after the step.
        observation: &'a [f32],
    },
}

/// Plays one episode of `policy` from a reset, and returns its statistics; `visit` sees the
/// environment after the reset and after every step. Actions are clipped to the bounds of a box
/// ([`Space::clip`](crate::Space::clip)).
///
/// ```
/// use rl_core::finite_mdp::{FiniteMdpEnvironment, chain};
/// use rl_core::{EpisodeEvent, RandomPolicy, Space, Stream, play_episode};
///
/// let mut environment = FiniteMdpEnvironment::new(chain(4, 1.0)?)?;
/// let mut policy = RandomPolicy::new(Space::discrete(2));
/// let (mut resets, mut actions) = (Stream::from_seed(0), Stream::from_seed(1));
/// let mut states = Vec::new();
/// let episode = play_episode(
///     &mut environment,
///     &mut policy,
///     &mut resets,
///     &mut actions,
///     |environment, event| {
///         states.extend(environment.state());
///         if let EpisodeEvent::Step { reward, .. } = event {
///             println!("a reward of {reward}");
///         }
///         Ok::<_, rl_core::EnvironmentError>(())
///     },
/// )?;
/// assert_eq!(states.len(), episode.length + 1);
/// assert_eq!(states.last(), Some(&3));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`EnvironmentError`] if the environment refuses an action of the policy, or fails, for a number
/// that is not finite, for an episode of more than [`LONGEST_EPISODE`] steps, and whatever `visit`
/// returns.
pub fn play_episode<E, X>(
    environment: &mut E,
    policy: &mut (impl Policy + ?Sized),
    environment_rng: &mut Stream,
    action_rng: &mut Stream,
    mut visit: impl FnMut(&E, EpisodeEvent<'_>) -> Result<(), X>,
) -> Result<Episode, X>
where
    E: FlatEnvironment + ?Sized,
    X: From<EnvironmentError>,
{
    let spaces = environment.spaces();
    let mut observation = vec![0.0; spaces.observation.flat_dim()];
    let mut action = vec![0.0; spaces.action.flat_dim()];
    let mut clipped = action.clone();
    let mut episode = Episode {
        total_reward: 0.0,
        length: 0,
    };
    environment.reset_into(environment_rng, &mut observation)?;
    check_finite(0, "observation", &observation)?;
    let observed = &observation;
    visit(
        environment,
        EpisodeEvent::Reset {
            observation: observed,
        },
    )?;
    loop {
        policy.act(&observation, std::slice::from_mut(action_rng), &mut action);
        let step = episode.length;
        if step == LONGEST_EPISODE {
            return Err(EnvironmentError::Endless { steps: step }.into());
        }
        check_finite(step, "the policy's action", &action)?;
        clipped.copy_from_slice(&action);
        spaces.action.clip(&mut clipped);
        let (reward, status) =
            environment.step_into(&clipped, environment_rng, &mut observation)?;
        check_finite(step, "observation", &observation)?;
        if !reward.is_finite() {
            let (quantity, value) = ("reward".into(), reward);
            return Err(EnvironmentError::NonFinite {
                step,
                quantity,
                value,
            }
            .into());
        }
        episode.total_reward += reward;
        episode.length += 1;
        let event = EpisodeEvent::Step {
            action: &action,
            reward,
            status,
            observation: &observation,
        };
        visit(environment, event)?;
        if status.end().is_some() {
            return Ok(episode);
        }
    }
}

/// Refuses numbers that are not finite.
fn check_finite(step: usize, name: &str, numbers: &[f32]) -> Result<(), EnvironmentError> {
    match numbers.iter().position(|x| !x.is_finite()) {
        None => Ok(()),
        Some(i) => Err(EnvironmentError::NonFinite {
            step,
            quantity: format!("{name}[{i}] ="),
            value: numbers[i].into(),
        }),
    }
}

/// Plays one episode of `policy` from a reset, and returns its statistics: [`play_episode`]
/// without a visitor.
///
/// # Errors
/// [`EnvironmentError`], as [`play_episode`].
pub fn run_episode(
    environment: &mut (impl FlatEnvironment + ?Sized),
    policy: &mut (impl Policy + ?Sized),
    environment_rng: &mut Stream,
    action_rng: &mut Stream,
) -> Result<Episode, EnvironmentError> {
    play_episode(environment, policy, environment_rng, action_rng, |_, _| {
        Ok(())
    })
}

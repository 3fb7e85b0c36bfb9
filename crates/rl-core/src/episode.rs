//! Episodes: what is known of one, and playing one.

use crate::{EnvironmentError, FlatEnvironment, Policy, Stream};

/// What is known of a finished episode, in the environment's own rewards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Episode {
    /// The undiscounted sum of its rewards.
    pub total_reward: f64,
    /// Number of steps.
    pub length: usize,
}

/// Runs one episode of `policy` from a reset, and returns its statistics. Actions are clipped to the
/// bounds of a box ([`Space::clip`](crate::Space::clip)).
///
/// # Errors
/// [`EnvironmentError`] if the environment refuses an action of the policy.
pub fn run_episode(
    environment: &mut impl FlatEnvironment,
    policy: &mut impl Policy,
    environment_rng: &mut Stream,
    action_rng: &mut Stream,
) -> Result<Episode, EnvironmentError> {
    let mut observation = vec![0.0; environment.observation_space().dim()];
    let action_space = environment.action_space();
    let mut action = vec![0.0; action_space.flat_dim()];
    let mut episode = Episode {
        total_reward: 0.0,
        length: 0,
    };
    environment.reset_into(environment_rng, &mut observation);
    loop {
        policy.act(&observation, std::slice::from_mut(action_rng), &mut action);
        action_space.clip(&mut action);
        let (reward, status) = environment.step_into(&action, environment_rng, &mut observation)?;
        episode.total_reward += reward;
        episode.length += 1;
        if status.end().is_some() {
            return Ok(episode);
        }
    }
}

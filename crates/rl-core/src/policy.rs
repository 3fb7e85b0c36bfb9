//! Policies: from observations to actions.

use crate::{Space, Stream};

/// A policy π(a|o): from observations, through distributions, to actions.
pub trait Policy {
    /// Chooses an action for each of `n` observations.
    ///
    /// `observations` is `[n, observation_dim]`, `actions` is `[n, action_dim]`, and row `i` draws
    /// from `rngs[i]`: the action of an observation depends on its own stream alone, not on what
    /// else is in the batch.
    fn act(&mut self, observations: &[f32], rngs: &mut [Stream], actions: &mut [f32]);
}

impl<P: Policy + ?Sized> Policy for Box<P> {
    fn act(&mut self, observations: &[f32], rngs: &mut [Stream], actions: &mut [f32]) {
        (**self).act(observations, rngs, actions);
    }
}

/// Choice of an action from the distribution that a policy gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionChoice {
    /// A draw from it, to explore.
    Sample,
    /// Its mode, to be judged.
    Mode,
}

/// Actions drawn from the action space, whatever is observed.
///
/// ```
/// use rl_core::{Policy, RandomPolicy, Space, Stream};
/// let mut policy = RandomPolicy::new(Space::discrete(2));
/// let mut action = [f32::NAN];
/// policy.act(&[], &mut [Stream::from_seed(0)], &mut action);
/// assert!(action == [0.0] || action == [1.0]);
/// ```
#[derive(Clone, Debug)]
pub struct RandomPolicy {
    space: Space,
}

impl RandomPolicy {
    /// The uniform policy of an action space.
    pub fn new(space: Space) -> Self {
        Self { space }
    }
}

impl Policy for RandomPolicy {
    fn act(&mut self, _observations: &[f32], rngs: &mut [Stream], actions: &mut [f32]) {
        for (rng, action) in rngs
            .iter_mut()
            .zip(actions.chunks_exact_mut(self.space.flat_dim()))
        {
            self.space.sample(rng, action);
        }
    }
}

//! Policies act, agents also learn.

use std::convert::Infallible;

use crate::{Space, Stream, TrajectoryStore};

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

/// A policy together with the way it learns.
pub trait Agent {
    /// What acts for the agent between two updates; clones act alike.
    type Policy: Policy + Clone + Send;
    /// What it learns from: whole episodes in a [`TrajectoryStore`](crate::TrajectoryStore), or
    /// steps in a [`Rollout`](crate::Rollout).
    type Experience: ?Sized;
    /// What an update tells about itself.
    type Report;
    /// Why an update can fail.
    type Error;

    /// The policy as of the last update.
    fn policy(&self) -> Self::Policy;

    /// Learns from experience that the policy gathered.
    ///
    /// # Errors
    /// The agent's own.
    fn update(&mut self, experience: &Self::Experience) -> Result<Self::Report, Self::Error>;
}

/// Actions drawn from the action space, whatever is observed.
///
/// ```
/// use rl_core::{Discrete, Policy, RandomPolicy, Space, Stream};
/// let mut policy = RandomPolicy::new(Space::Discrete(Discrete::new(2)?));
/// let mut action = [f32::NAN];
/// policy.act(&[], &mut [Stream::from_seed(0)], &mut action);
/// assert!(action == [0.0] || action == [1.0]);
/// # Ok::<(), rl_core::SpaceError>(())
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

/// An agent that acts at random and learns nothing: the floor of every comparison.
#[derive(Clone, Debug)]
pub struct RandomAgent {
    policy: RandomPolicy,
}

impl RandomAgent {
    /// The random agent of an action space.
    pub fn new(space: Space) -> Self {
        Self {
            policy: RandomPolicy::new(space),
        }
    }
}

impl Agent for RandomAgent {
    type Policy = RandomPolicy;
    type Experience = TrajectoryStore;
    type Report = ();
    type Error = Infallible;

    fn policy(&self) -> RandomPolicy {
        self.policy.clone()
    }

    fn update(&mut self, _experience: &TrajectoryStore) -> Result<(), Infallible> {
        Ok(())
    }
}

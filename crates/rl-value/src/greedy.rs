//! Greedy policies of action values, and ε-greedy ones.

use rl_core::{ActionChoice, Policy, PolicyRecord, SavedPolicy, Stream};
use rl_nets::Actor;

/// Policy that takes the action of the highest value, and with a probability `ε` any action, drawn
/// uniformly.
#[derive(Clone, Debug)]
pub struct GreedyPolicy {
    actor: Actor,
    actions: usize,
    epsilon: f64,
}

impl GreedyPolicy {
    /// The greedy policy of a network of so many action values.
    pub fn new(actor: Actor, actions: usize) -> Self {
        Self {
            actor,
            actions,
            epsilon: 0.0,
        }
    }

    /// The policy with another probability of a random action, 0 to 1.
    #[must_use]
    pub fn with_epsilon(mut self, epsilon: f64) -> Self {
        self.epsilon = epsilon;
        self
    }

    /// Replaces the probability of a random action, 0 to 1.
    pub fn set_epsilon(&mut self, epsilon: f64) {
        self.epsilon = epsilon;
    }

    /// Probability of a random action.
    pub fn epsilon(&self) -> f64 {
        self.epsilon
    }

    /// Number of actions.
    pub fn actions(&self) -> usize {
        self.actions
    }

    /// Writes the action values `[n, actions]` of observations as the network takes them,
    /// `[n, inputs]`.
    pub fn values(&mut self, inputs: &[f32], values: &mut [f32]) {
        self.actor.evaluate(inputs, values);
    }
}

impl Policy for GreedyPolicy {
    fn act(&mut self, observations: &[f32], rngs: &mut [Stream], actions: &mut [f32]) {
        self.actor.act(observations, rngs, actions);
        if self.epsilon > 0.0 {
            for (rng, action) in rngs.iter_mut().zip(actions) {
                let (explores, any) = (rng.next_f64() < self.epsilon, rng.below(self.actions));
                // Where there is no action, chance gives none either.
                if explores && action.is_finite() {
                    *action = any as f32;
                }
            }
        }
    }
}

impl SavedPolicy for GreedyPolicy {
    fn record(&self) -> PolicyRecord {
        self.actor.record()
    }

    /// Keeps the policy as it is: a greedy policy has no distribution to sample from.
    fn set_choice(&mut self, _: ActionChoice) {}

    fn boxed_clone(&self) -> Box<dyn SavedPolicy> {
        Box::new(self.clone())
    }
}

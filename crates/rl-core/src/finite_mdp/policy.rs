//! Policies of a finite MDP, as tables.

use super::environment::{draw, state_of};
use super::error::{Entry, Row, TableError};
use super::mdp::{MAX_ENTRIES, check_distribution, check_finite, check_length};
use crate::{Policy, Stream};

/// Stochastic policy `π(a|s)`, as a table.
///
/// It is a [`Policy`] for the observations of a
/// [`FiniteMdpEnvironment`](super::FiniteMdpEnvironment). An observation that is not one-hot gets
/// the action NaN, which every environment refuses.
#[derive(Clone, Debug, PartialEq)]
pub struct TabularPolicy {
    states: usize,
    actions: usize,
    probabilities: Vec<f64>,
}

impl TabularPolicy {
    /// The policy of given `probabilities`, `[states, actions]`.
    ///
    /// # Errors
    /// [`TableError`] for no state or no action, another length, a probability outside `[0, 1]` or
    /// a row that does not sum to 1 within 1e-9.
    pub fn new(states: usize, actions: usize, probabilities: Vec<f64>) -> Result<Self, TableError> {
        let entries = entry_count(states, actions)?;
        check_length("policy probabilities", entries, probabilities.len())?;
        for (state, row) in probabilities.chunks_exact(actions).enumerate() {
            check_distribution(row, Row::Policy { state }, |action| Entry::Policy {
                state,
                action,
            })?;
        }
        Ok(Self {
            states,
            actions,
            probabilities,
        })
    }

    /// The policy that takes every action with the same probability.
    ///
    /// # Errors
    /// [`TableError::Size`] for no state or no action.
    pub fn uniform(states: usize, actions: usize) -> Result<Self, TableError> {
        entry_count(states, actions)?;
        Ok(Self::uniform_of(states, actions))
    }

    /// The policy that takes action `choices[s]`, of `actions`, in state `s`; `choices` is
    /// `[states]`.
    ///
    /// # Errors
    /// [`TableError::Size`] for no state or no action, [`TableError::Action`] for one that does
    /// not exist.
    pub fn deterministic(actions: usize, choices: &[usize]) -> Result<Self, TableError> {
        entry_count(choices.len(), actions)?;
        match choices.iter().position(|&action| action >= actions) {
            None => Ok(Self::of_choices(actions, choices)),
            Some(state) => Err(TableError::Action {
                state,
                action: choices[state],
                actions,
            }),
        }
    }

    /// [`uniform`](Self::uniform), for the shape of an MDP.
    pub(super) fn uniform_of(states: usize, actions: usize) -> Self {
        Self {
            states,
            actions,
            probabilities: vec![1.0 / actions as f64; states * actions],
        }
    }

    /// [`deterministic`](Self::deterministic), for choices that exist.
    pub(super) fn of_choices(actions: usize, choices: &[usize]) -> Self {
        let mut probabilities = vec![0.0; choices.len() * actions];
        for (row, &action) in probabilities.chunks_exact_mut(actions).zip(choices) {
            row[action] = 1.0;
        }
        Self {
            states: choices.len(),
            actions,
            probabilities,
        }
    }

    /// Number of states.
    pub fn states(&self) -> usize {
        self.states
    }

    /// Number of actions.
    pub fn actions(&self) -> usize {
        self.actions
    }

    /// The whole table `π(a|s)`, `[states, actions]`.
    pub fn probabilities(&self) -> &[f64] {
        &self.probabilities
    }

    /// The distribution `π(·|s)` of the action, `[actions]`.
    ///
    /// # Panics
    /// If there is no such state.
    pub fn row(&self, state: usize) -> &[f64] {
        &self.probabilities[state * self.actions..][..self.actions]
    }
}

impl Policy for TabularPolicy {
    fn act(&mut self, observations: &[f32], rngs: &mut [Stream], actions: &mut [f32]) {
        let rows = observations.chunks_exact(self.states);
        for ((observation, rng), action) in rows.zip(rngs).zip(actions) {
            let state = state_of(observation);
            *action = state.map_or(f32::NAN, |state| draw(self.row(state), rng) as f32);
        }
    }
}

/// Softmax policy of a table of logits, `π(a|s) = exp θ[s,a] / Σ_b exp θ[s,b]`, whose policy
/// gradient is known exactly.
#[derive(Clone, Debug, PartialEq)]
pub struct SoftmaxPolicy {
    logits: Vec<f64>,
    policy: TabularPolicy,
}

impl SoftmaxPolicy {
    /// The policy of `logits` θ, `[states, actions]`.
    ///
    /// # Errors
    /// [`TableError`] for no state or no action, another length or a logit that is not finite.
    pub fn new(states: usize, actions: usize, logits: Vec<f64>) -> Result<Self, TableError> {
        let entries = entry_count(states, actions)?;
        check_length("logits", entries, logits.len())?;
        let mut probabilities = logits.clone();
        for (state, row) in probabilities.chunks_exact_mut(actions).enumerate() {
            for (action, &logit) in row.iter().enumerate() {
                check_finite(logit, Entry::Logit { state, action })?;
            }
            // Subtracting the largest logit from all does not change the softmax, and no
            // exponential overflows.
            let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            row.iter_mut().for_each(|x| *x = (*x - largest).exp());
            let sum: f64 = row.iter().sum();
            row.iter_mut().for_each(|x| *x /= sum);
        }
        Ok(Self {
            logits,
            policy: TabularPolicy {
                states,
                actions,
                probabilities,
            },
        })
    }

    /// The policy whose logits are all 0: the uniform one.
    ///
    /// # Errors
    /// [`TableError::Size`] for no state or no action.
    pub fn zeros(states: usize, actions: usize) -> Result<Self, TableError> {
        let entries = entry_count(states, actions)?;
        Self::new(states, actions, vec![0.0; entries])
    }

    /// The logits θ, `[states, actions]`.
    pub fn logits(&self) -> &[f64] {
        &self.logits
    }

    /// The probabilities `π(a|s)`.
    pub fn probabilities(&self) -> TabularPolicy {
        self.policy.clone()
    }

    pub(super) fn as_tabular(&self) -> &TabularPolicy {
        &self.policy
    }

    /// The score `∇θ log π(a|s)`, `[states, actions]`: `𝟙[b = a] − π(b|s)` at `[s, b]`, and 0 in
    /// the rows of other states.
    ///
    /// # Panics
    /// If there is no such state or action.
    pub fn score(&self, state: usize, action: usize) -> Vec<f64> {
        let mut score = vec![0.0; self.logits.len()];
        self.add_score(state, action, 1.0, &mut score);
        score
    }

    /// Adds `weight · ∇θ log π(a|s)` to `gradient`, `[states, actions]`, without a table of its own
    /// for the score.
    ///
    /// # Panics
    /// If there is no such state or action, or `gradient` is of another shape.
    pub fn add_score(&self, state: usize, action: usize, weight: f64, gradient: &mut [f64]) {
        assert!(action < self.policy.actions, "action {action} exists");
        assert_eq!(
            gradient.len(),
            self.logits.len(),
            "a gradient has the shape of the logits"
        );
        let row = &mut gradient[state * self.policy.actions..][..self.policy.actions];
        for (gradient, probability) in row.iter_mut().zip(self.policy.row(state)) {
            *gradient -= weight * probability;
        }
        row[action] += weight;
    }
}

/// Number of entries, `states · actions`; an error if it is 0 or too large.
fn entry_count(states: usize, actions: usize) -> Result<usize, TableError> {
    states
        .checked_mul(actions)
        .filter(|&count| (1..=MAX_ENTRIES).contains(&count))
        .ok_or(TableError::Size { states, actions })
}

#[cfg(test)]
mod tests {
    use super::super::testing::assert_close;
    use super::*;

    #[test]
    fn softmax_of_logarithms_is_their_ratio() {
        let logits = vec![1_f64.ln(), 3_f64.ln(), 5.0, 5.0];
        let policy = SoftmaxPolicy::new(2, 2, logits).unwrap().probabilities();
        assert_close(policy.probabilities(), &[0.25, 0.75, 0.5, 0.5], 1e-15);
        assert_eq!(policy.row(1), [0.5, 0.5]);
    }

    #[test]
    fn extreme_logits_have_probabilities() {
        let policy = SoftmaxPolicy::new(1, 2, vec![f64::MAX, f64::MIN]).unwrap();
        assert_eq!(policy.probabilities().probabilities(), [1.0, 0.0]);
    }

    #[test]
    fn score_is_the_derivative_of_the_log_probability() {
        let logits = vec![0.3, -1.2, 0.7, 2.0, 0.0, -0.4];
        let policy = SoftmaxPolicy::new(2, 3, logits.clone()).unwrap();
        let h = 1e-5;
        for (state, action) in [(0, 0), (0, 2), (1, 1)] {
            let log_prob = |i: usize, h: f64| {
                let mut logits = logits.clone();
                logits[i] += h;
                let policy = SoftmaxPolicy::new(2, 3, logits).unwrap().probabilities();
                policy.row(state)[action].ln()
            };
            let differences: Vec<f64> = (0..6)
                .map(|i| (log_prob(i, h) - log_prob(i, -h)) / (2.0 * h))
                .collect();
            assert_close(&policy.score(state, action), &differences, 1e-9);
        }
    }

    #[test]
    fn scores_add_up_with_their_weights() {
        let policy = SoftmaxPolicy::zeros(2, 2).unwrap();
        let mut gradient = vec![1.0; 4];
        policy.add_score(1, 0, 4.0, &mut gradient);
        assert_eq!(gradient, [1.0, 1.0, 3.0, -1.0]);
    }

    #[test]
    fn impossible_policies_are_errors_with_their_message() {
        let refused = |probabilities: &[f64]| {
            let policy = TabularPolicy::new(2, 2, probabilities.to_vec());
            policy.unwrap_err().to_string()
        };
        assert_eq!(
            refused(&[1.0]),
            "the table of policy probabilities holds 1 numbers; its shape needs 4"
        );
        assert_eq!(
            refused(&[0.5, 0.5, 2.0, -1.0]),
            "policy π(a=0 | s=1) is 2; a probability lies in 0 to 1"
        );
        assert_eq!(
            refused(&[0.5, 0.5, 0.5, 0.25]),
            "policy π(· | s=1) sums to 0.75; a distribution sums to 1 within 1e-9"
        );
        let logits = SoftmaxPolicy::new(1, 2, vec![0.0, f64::NAN]);
        assert_eq!(
            logits.unwrap_err().to_string(),
            "logit θ[s=0, a=1] is NaN; it must be finite"
        );
        assert_eq!(
            TabularPolicy::deterministic(2, &[0, 2])
                .unwrap_err()
                .to_string(),
            "the action of state 1 is 2; there are 2, from 0"
        );
        for (states, actions) in [(0, 1), (1, 0), (usize::MAX, 2)] {
            assert_eq!(
                TabularPolicy::uniform(states, actions),
                Err(TableError::Size { states, actions })
            );
        }
    }

    #[test]
    fn actions_are_drawn_as_often_as_their_probabilities_say() {
        let mut policy = TabularPolicy::new(2, 3, vec![1.0, 0.0, 0.0, 0.2, 0.0, 0.8]).unwrap();
        let mut rngs = [Stream::from_seed(1), Stream::from_seed(2)];
        let (mut actions, mut counts) = ([f32::NAN; 2], [0_u32; 3]);
        for _ in 0..10_000 {
            policy.act(&[1.0, 0.0, 0.0, 1.0], &mut rngs, &mut actions);
            assert_eq!(actions[0], 0.0);
            counts[actions[1] as usize] += 1;
        }
        // 99.9 % of a binomial(10000, 0.2) lies within 3.3 standard deviations of 40.
        assert!(counts[0].abs_diff(2000) < 132, "{counts:?}");
        assert_eq!(counts[1], 0);
    }

    #[test]
    fn an_observation_of_no_state_gets_no_action() {
        let mut policy = TabularPolicy::uniform(2, 2).unwrap();
        let mut action = [0.0];
        policy.act(&[0.5, 0.5], &mut [Stream::from_seed(0)], &mut action);
        assert!(action[0].is_nan());
    }
}

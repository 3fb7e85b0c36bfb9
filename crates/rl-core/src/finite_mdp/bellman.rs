//! The Bellman equations: backups of values, and residuals of values that do not satisfy them.

use super::error::SolveError;
use super::mdp::FiniteMdp;
use super::policy::TabularPolicy;

impl FiniteMdp {
    /// The Bellman residual `max_s |Rπ(s) + γ Σ_s' Pπ(s'|s) V(s') − V(s)|` of `values`, `[states]`.
    /// For γ < 1 it is 0 for `Vπ` only.
    ///
    /// # Errors
    /// [`SolveError::Shape`] for a policy of another shape, [`SolveError::Length`] for another
    /// number of values.
    pub fn bellman_residual(
        &self,
        policy: &TabularPolicy,
        values: &[f64],
    ) -> Result<f64, SolveError> {
        self.check_policy(policy)?;
        self.check_values(values)?;
        let action_values = self.backup(values);
        let expected = action_values
            .chunks_exact(self.actions())
            .enumerate()
            .map(|(state, row)| dot(policy.row(state), row));
        Ok(distance(expected, values))
    }

    /// The residual `max_s |max_a (R(s,a) + γ Σ_s' P(s'|s,a) V(s')) − V(s)|` of the Bellman
    /// optimality equation for `values`, `[states]`. For γ < 1 it is 0 for `V*` only.
    ///
    /// # Errors
    /// [`SolveError::Length`] for another number of values.
    pub fn optimality_residual(&self, values: &[f64]) -> Result<f64, SolveError> {
        self.check_values(values)?;
        let best = best_values(&self.backup(values), self.actions());
        Ok(distance(best.into_iter(), values))
    }

    /// The action values `R(s,a) + γ Σ_s' P(s'|s,a) V(s')`, `[states, actions]`. The value of a
    /// terminal state counts as 0, whatever its entry in `values`.
    pub(super) fn backup(&self, values: &[f64]) -> Vec<f64> {
        let mut action_values = Vec::with_capacity(self.states() * self.actions());
        for state in 0..self.states() {
            for action in 0..self.actions() {
                let next = self.transition(state, action).iter().zip(values);
                let running = next.zip(&self.tables().terminal);
                let future: f64 = running
                    .filter(|&(_, &terminal)| !terminal)
                    .map(|((p, v), _)| p * v)
                    .sum();
                action_values.push(self.reward(state, action) + self.gamma() * future);
            }
        }
        action_values
    }

    /// The transitions that are possible and lead to a state that is not terminal.
    pub(super) fn possible(&self) -> Possible<'_> {
        let mut possible = Possible {
            mdp: self,
            next: Vec::new(),
            ends: Vec::with_capacity(self.states() * self.actions()),
        };
        for state in 0..self.states() {
            for action in 0..self.actions() {
                let row = self.transition(state, action).iter().copied().enumerate();
                let next = row.filter(|&(next, p)| p > 0.0 && !self.is_terminal(next));
                possible.next.extend(next);
                possible.ends.push(possible.next.len());
            }
        }
        possible
    }

    /// The mean reward `Rπ(s) = Σ_a π(a|s) R(s,a)` of a state.
    pub(super) fn policy_reward(&self, policy: &TabularPolicy, state: usize) -> f64 {
        let rewards = &self.tables().rewards[state * self.actions()..];
        dot(policy.row(state), rewards)
    }

    pub(super) fn check_policy(&self, policy: &TabularPolicy) -> Result<(), SolveError> {
        let (states, actions) = (self.states(), self.actions());
        if (policy.states(), policy.actions()) == (states, actions) {
            Ok(())
        } else {
            Err(SolveError::Shape {
                policy_states: policy.states(),
                policy_actions: policy.actions(),
                states,
                actions,
            })
        }
    }

    fn check_values(&self, values: &[f64]) -> Result<(), SolveError> {
        let (found, states) = (values.len(), self.states());
        if found == states {
            Ok(())
        } else {
            Err(SolveError::Length { found, states })
        }
    }
}

/// Transitions of an MDP without those of probability 0, most of all in many: a backup over them
/// gives the bits of [`FiniteMdp::backup`] for values that are finite.
pub(super) struct Possible<'a> {
    mdp: &'a FiniteMdp,
    /// Next states with their probabilities, one state and action after the other.
    next: Vec<(usize, f64)>,
    /// The end of those of each state and action, `[states · actions]`.
    ends: Vec<usize>,
}

impl Possible<'_> {
    /// As [`FiniteMdp::backup`].
    pub(super) fn backup(&self, values: &[f64]) -> Vec<f64> {
        let mut start = 0;
        let rows = self.ends.iter().zip(&self.mdp.tables().rewards);
        rows.map(|(&end, reward)| {
            let next = &self.next[std::mem::replace(&mut start, end)..end];
            let future: f64 = next.iter().map(|&(next, p)| p * values[next]).sum();
            reward + self.mdp.gamma() * future
        })
        .collect()
    }
}

/// The best action value `max_a Q(s,a)` of each state, `[states]`.
pub(super) fn best_values(action_values: &[f64], actions: usize) -> Vec<f64> {
    let rows = action_values.chunks_exact(actions);
    rows.map(|row| row.iter().copied().fold(f64::NEG_INFINITY, f64::max))
        .collect()
}

pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The largest absolute difference; NaN if any is NaN.
pub(super) fn distance(a: impl Iterator<Item = f64>, b: &[f64]) -> f64 {
    a.zip(b).fold(0.0, |largest, (a, b)| {
        let difference = (a - b).abs();
        if largest.is_nan() || difference <= largest {
            largest
        } else {
            difference
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::{chain, garnet, two_state};
    use super::*;
    use crate::Stream;

    #[test]
    fn transitions_that_are_impossible_make_no_difference() {
        for branches in [2, 7] {
            let mdp = garnet(7, 3, branches, 2, 0.9, &mut Stream::from_seed(0)).unwrap();
            let mut rng = Stream::from_seed(1);
            let values: Vec<f64> = (0..7).map(|_| rng.uniform(-9.0, 9.0)).collect();
            let possible = mdp.possible();
            assert_eq!(possible.backup(&values), mdp.backup(&values));
            assert!(possible.next.len() <= 7 * 3 * branches);
        }
    }

    #[test]
    fn terminal_states_are_worth_nothing_whatever_is_claimed() {
        let mdp = chain(2, 0.5).unwrap();
        let forward = TabularPolicy::deterministic(2, &[1, 0]).unwrap();
        for (values, residual) in [([1.0, 0.0], 0.0), ([1.0, 8.0], 8.0), ([4.0, 0.0], 3.0)] {
            assert_eq!(mdp.bellman_residual(&forward, &values), Ok(residual));
        }
        assert_eq!(mdp.optimality_residual(&[1.0, 8.0]), Ok(8.0));
        assert!(mdp.optimality_residual(&[f64::NAN, 8.0]).unwrap().is_nan());
    }

    #[test]
    fn values_of_another_number_of_states_are_an_error() {
        let mdp = two_state(0.9).unwrap();
        assert_eq!(
            mdp.optimality_residual(&[0.0]).unwrap_err().to_string(),
            "1 values were given; the MDP has 2 states"
        );
    }
}

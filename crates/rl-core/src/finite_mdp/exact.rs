//! What a policy is worth, by linear equations.

use super::error::SolveError;
use super::linear;
use super::mdp::FiniteMdp;
use super::optimal::best_values;
use super::policy::TabularPolicy;

/// The values of a policy. All are 0 in terminal states.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyValues {
    /// `Vπ(s)`, `[states]`.
    pub values: Vec<f64>,
    /// `Qπ(s,a)`, `[states, actions]`.
    pub action_values: Vec<f64>,
    /// `Aπ(s,a) = Qπ(s,a) − Vπ(s)`, `[states, actions]`.
    pub advantages: Vec<f64>,
}

impl FiniteMdp {
    /// The values of a policy: the solution of `Vπ = Rπ + γ Pπ Vπ` (Sutton & Barto 2018, eq. 4.3),
    /// and `Qπ(s,a) = R(s,a) + γ Σ_s' P(s'|s,a) Vπ(s')`.
    ///
    /// # Errors
    /// [`SolveError::Shape`] for a policy of another shape; [`SolveError::NeverEnds`] if γ = 1 and
    /// from some state the policy never reaches a terminal one; [`SolveError::Singular`] if
    /// double precision is not enough.
    pub fn evaluate(&self, policy: &TabularPolicy) -> Result<PolicyValues, SolveError> {
        self.check_policy(policy)?;
        let rewards = (0..self.states()).map(|state| self.policy_reward(policy, state));
        let values = self.solve(policy, self.gamma(), rewards.collect(), Side::Values)?;
        let action_values = self.backup(&values);
        let advantages = action_values
            .iter()
            .enumerate()
            .map(|(i, action_value)| action_value - values[i / self.actions()])
            .collect();
        Ok(PolicyValues {
            values,
            action_values,
            advantages,
        })
    }

    /// The expected return `J(π) = E[Σ_t γᵗ r_t] = Σ_s P(s_0 = s) Vπ(s)`.
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate).
    pub fn expected_return(&self, policy: &TabularPolicy) -> Result<f64, SolveError> {
        let values = self.evaluate(policy)?.values;
        Ok(self.initial().iter().zip(values).map(|(p, v)| p * v).sum())
    }

    /// The Bellman residual `max_s |Rπ(s) + γ Σ_s' Pπ(s'|s) V(s') − V(s)|` of `values`,
    /// `[states]`: 0 for `Vπ` alone where γ < 1.
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
    /// optimality equation for `values`, `[states]`: 0 for `V*` alone where γ < 1.
    ///
    /// # Errors
    /// [`SolveError::Length`] for another number of values.
    pub fn optimality_residual(&self, values: &[f64]) -> Result<f64, SolveError> {
        self.check_values(values)?;
        let best = best_values(&self.backup(values), self.actions());
        Ok(distance(best.into_iter(), values))
    }

    /// `R(s,a) + γ Σ_s' P(s'|s,a) V(s')`, `[states, actions]`, where terminal states are worth 0
    /// whatever `values` says.
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

    /// `Rπ(s) = Σ_a π(a|s) R(s,a)`.
    pub(super) fn policy_reward(&self, policy: &TabularPolicy, state: usize) -> f64 {
        let rewards = &self.tables().rewards[state * self.actions()..];
        dot(policy.row(state), rewards)
    }

    /// `Pπ(s'|s) = Σ_a π(a|s) P(s'|s,a)`, `[states]`.
    fn policy_transition(&self, policy: &TabularPolicy, state: usize) -> Vec<f64> {
        let mut transition = vec![0.0; self.states()];
        for (action, probability) in policy.row(state).iter().enumerate() {
            for (sum, p) in transition.iter_mut().zip(self.transition(state, action)) {
                *sum += probability * p;
            }
        }
        transition
    }

    /// The solution `x` of `x = b + γ Pπ x` or of `x = b + γ Pπᵀ x`, over the states that are not
    /// terminal; 0 in those that are.
    pub(super) fn solve(
        &self,
        policy: &TabularPolicy,
        gamma: f64,
        b: Vec<f64>,
        side: Side,
    ) -> Result<Vec<f64>, SolveError> {
        let n = self.states();
        let transitions: Vec<Vec<f64>> = (0..n)
            .map(|state| self.policy_transition(policy, state))
            .collect();
        if gamma == 1.0 {
            self.check_ends(&transitions)?;
        }
        let mut matrix = vec![0.0; n * n];
        for (state, row) in transitions.iter().enumerate() {
            for (next, p) in row.iter().enumerate() {
                if !self.is_terminal(next) {
                    let index = match side {
                        Side::Values => state * n + next,
                        Side::Visitation => next * n + state,
                    };
                    matrix[index] -= gamma * p;
                }
            }
            matrix[state * n + state] += 1.0;
        }
        linear::solve(matrix, b).ok_or(SolveError::Singular)
    }

    /// Whether a terminal state can be reached from every state, by `Pπ`.
    fn check_ends(&self, transitions: &[Vec<f64>]) -> Result<(), SolveError> {
        let mut ends = self.tables().terminal.clone();
        let mut ending = ends.iter().filter(|&&ends| ends).count();
        loop {
            for (state, row) in transitions.iter().enumerate() {
                ends[state] |= row.iter().zip(&ends).any(|(&p, &ends)| p > 0.0 && ends);
            }
            let more = ends.iter().filter(|&&ends| ends).count();
            if more == ending {
                break;
            }
            ending = more;
        }
        match ends.iter().position(|&ends| !ends) {
            Some(state) => Err(SolveError::NeverEnds { state }),
            None => Ok(()),
        }
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

/// Which unknowns a linear system of a policy has.
#[derive(Clone, Copy, Debug)]
pub(super) enum Side {
    Values,
    Visitation,
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The largest difference; NaN if there is one.
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
    use proptest::prelude::*;

    use super::super::testing::random;
    use super::super::{chain, two_state};
    use super::*;

    proptest! {
        #[test]
        fn values_satisfy_the_bellman_equations(seed: u64, gamma in 0.0_f64..0.99) {
            let (mdp, policy) = random(seed, gamma);
            let policy = policy.probabilities();
            let PolicyValues { values, action_values, advantages } = mdp.evaluate(&policy).unwrap();
            prop_assert!(mdp.bellman_residual(&policy, &values).unwrap() < 1e-11);
            for state in 0..mdp.states() {
                let mut value = 0.0;
                for action in 0..mdp.actions() {
                    let i = state * mdp.actions() + action;
                    let future = dot(mdp.transition(state, action), &values);
                    let expected = mdp.reward(state, action) + gamma * future;
                    prop_assert!((action_values[i] - expected).abs() < 1e-11);
                    prop_assert_eq!(advantages[i], action_values[i] - values[state]);
                    value += policy.row(state)[action] * action_values[i];
                }
                prop_assert!((values[state] - value).abs() < 1e-11);
                prop_assert!(!mdp.is_terminal(state) || values[state] == 0.0);
            }
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
    fn a_policy_that_never_ends_has_no_undiscounted_answer() {
        // Back and back again: the walk never leaves the first state.
        let mdp = chain(4, 1.0).unwrap();
        let never = TabularPolicy::deterministic(2, &[0, 0, 1, 0]).unwrap();
        let error = mdp.evaluate(&never).unwrap_err();
        assert_eq!(error, SolveError::NeverEnds { state: 0 });
        assert_eq!(
            error.to_string(),
            "from state 0 the policy never reaches a terminal state, so that undiscounted sums \
             (gamma = 1) have no limit"
        );
        let discounted = mdp.with_gamma(0.9).unwrap();
        assert!(discounted.evaluate(&never).is_ok());
    }

    #[test]
    fn a_policy_that_hardly_ever_ends_is_singular() {
        let hardly = vec![1.0, 1e-20, 1.0, 1e-20, 1.0, 0.0];
        let policy = TabularPolicy::new(3, 2, hardly).unwrap();
        let mdp = chain(3, 1.0).unwrap();
        assert_eq!(mdp.evaluate(&policy), Err(SolveError::Singular));
    }

    #[test]
    fn policies_and_values_of_other_shapes_are_errors() {
        let mdp = two_state(0.9).unwrap();
        let policy = TabularPolicy::uniform(3, 2).unwrap();
        assert_eq!(
            mdp.evaluate(&policy).unwrap_err().to_string(),
            "the policy is for 3 states and 2 actions, the MDP has 2 states and 2 actions"
        );
        assert_eq!(
            mdp.optimality_residual(&[0.0]).unwrap_err().to_string(),
            "1 values were given; the MDP has 2 states"
        );
    }
}

//! Values of a policy, by linear equations.

use super::error::SolveError;
use super::linear;
use super::mdp::FiniteMdp;
use super::policy::TabularPolicy;

/// Values of a policy. All are 0 in terminal states.
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

    /// The expected return of the first `steps` steps, `E[Σ_{t<steps} γᵗ r_t]`: that of episodes that are truncated
    /// then. The value of `k` steps is `Vₖ = Rπ + γ Pπ Vₖ₋₁`, that of none 0.
    ///
    /// # Errors
    /// [`SolveError::Shape`] for a policy of another shape.
    pub fn expected_return_within(
        &self,
        policy: &TabularPolicy,
        steps: usize,
    ) -> Result<f64, SolveError> {
        self.check_policy(policy)?;
        let states = 0..self.states();
        let rewards: Vec<f64> = states
            .clone()
            .map(|s| self.policy_reward(policy, s))
            .collect();
        let follows = |state| -> Vec<(usize, f64)> {
            let next = self
                .policy_transition(policy, state)
                .into_iter()
                .enumerate();
            next.filter(|&(_, p)| p > 0.0).collect()
        };
        let follows: Vec<Vec<(usize, f64)>> = states.clone().map(follows).collect();
        let mut values = vec![0.0; self.states()];
        for _ in 0..steps {
            let value = |state: usize| match self.is_terminal(state) {
                true => 0.0,
                false => {
                    let next = follows[state].iter().map(|&(next, p)| p * values[next]);
                    rewards[state] + self.gamma() * next.sum::<f64>()
                }
            };
            values = states.clone().map(value).collect();
        }
        Ok(self.initial().iter().zip(values).map(|(p, v)| p * v).sum())
    }

    /// `Pπ(s'|s) = Σ_a π(a|s) P(s'|s,a)`, `[states]`.
    pub(super) fn policy_transition(&self, policy: &TabularPolicy, state: usize) -> Vec<f64> {
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

    /// Checks that a terminal state can be reached from every state by the transitions `Pπ`.
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
}

/// Unknowns of a policy's linear equations: values, with `Pπ`, or visitations, with `Pπᵀ`.
#[derive(Clone, Copy, Debug)]
pub(super) enum Side {
    Values,
    Visitation,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::bellman::dot;
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
    fn the_return_within_a_time_limit_is_that_of_the_steps_before_it() {
        // Three steps forward, the last of them with a reward of 1.
        let forward = TabularPolicy::deterministic(2, &[1; 4]).unwrap();
        for (gamma, whole) in [(1.0, 1.0), (0.5, 0.25)] {
            let mdp = chain(4, gamma).unwrap();
            let within = |steps| mdp.expected_return_within(&forward, steps).unwrap();
            assert_eq!([0, 2, 3, 100].map(within), [0.0, 0.0, whole, whole]);
        }
    }

    proptest! {
        #[test]
        fn the_return_within_more_and_more_steps_tends_to_the_expected_one(seed: u64, gamma in 0.0_f64..0.9) {
            let (mdp, policy) = random(seed, gamma);
            let policy = policy.probabilities();
            let whole = mdp.expected_return(&policy).unwrap();
            let within = mdp.expected_return_within(&policy, 400).unwrap();
            prop_assert!((whole - within).abs() < 1e-9, "{} {}", whole, within);
        }
    }

    #[test]
    fn a_policy_that_never_ends_has_no_undiscounted_answer() {
        // Always back in the first state: the walk never leaves it.
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
    fn a_policy_of_another_shape_is_an_error() {
        let mdp = two_state(0.9).unwrap();
        let policy = TabularPolicy::uniform(3, 2).unwrap();
        assert_eq!(
            mdp.evaluate(&policy).unwrap_err().to_string(),
            "the policy is for 3 states and 2 actions, the MDP has 2 states and 2 actions"
        );
    }
}

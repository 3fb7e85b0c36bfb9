//! State visitations of a policy, and the gradient of its return by its logits.

use super::error::SolveError;
use super::exact::Side;
use super::mdp::FiniteMdp;
use super::policy::{SoftmaxPolicy, TabularPolicy};

/// Weight of a state in a policy gradient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateWeighting {
    /// `d(s) = Σ_t γᵗ P(s_t = s)`, the weights of the policy gradient theorem, whose result is
    /// `∇J`.
    Discounted,
    /// `d(s) = Σ_t P(s_t = s)`, the weights of most implementations, in whose batches late steps
    /// count as much as early ones, while advantages are discounted. The result is not the gradient
    /// of any function unless γ = 1 (Nota & Thomas 2020, "Is the policy gradient a gradient?").
    /// Episodes must end.
    Undiscounted,
}

impl FiniteMdp {
    /// The state visitation `d(s)`, `[states]`, of a policy from the initial distribution: the
    /// solution of `d = d_0 + γ Pπᵀ d` (Sutton et al. 2000), with γ = 1 for
    /// [`StateWeighting::Undiscounted`].
    ///
    /// Only states in which an action is taken are counted, so that terminal states have 0. The sum
    /// over the states is the expected number of steps of an episode, with step `t` counted `γᵗ`
    /// times, which is `1 / (1 − γ)` for an MDP without terminal states.
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate), with γ = 1 for [`StateWeighting::Undiscounted`].
    pub fn visitation(
        &self,
        policy: &TabularPolicy,
        weighting: StateWeighting,
    ) -> Result<Vec<f64>, SolveError> {
        self.check_policy(policy)?;
        let gamma = match weighting {
            StateWeighting::Discounted => self.gamma(),
            StateWeighting::Undiscounted => 1.0,
        };
        self.solve(policy, gamma, self.initial().to_vec(), Side::Visitation)
    }

    /// The gradient of the expected return by the logits, `[states, actions]`:
    /// `∇J = Σ_s d(s) Σ_a π(a|s) Aπ(s,a) ∇ log π(a|s)`, the policy gradient theorem (Sutton et al.
    /// 2000, theorem 1) with `Vπ` as the baseline.
    ///
    /// `weighting` chooses `d`: with [`StateWeighting::Discounted`] the result is `∇J`.
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate) and [`visitation`](Self::visitation).
    pub fn policy_gradient(
        &self,
        policy: &SoftmaxPolicy,
        weighting: StateWeighting,
    ) -> Result<Vec<f64>, SolveError> {
        let probabilities = policy.as_tabular();
        let visitation = self.visitation(probabilities, weighting)?;
        let advantages = self.evaluate(probabilities)?.advantages;
        let mut gradient = vec![0.0; advantages.len()];
        for (state, weight) in visitation.iter().enumerate() {
            for (action, probability) in probabilities.row(state).iter().enumerate() {
                let advantage = advantages[state * self.actions() + action];
                policy.add_score(
                    state,
                    action,
                    weight * probability * advantage,
                    &mut gradient,
                );
            }
        }
        Ok(gradient)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::chain;
    use super::super::testing::{assert_close, random};
    use super::*;

    /// Central differences of `J` by the logits.
    fn finite_differences(mdp: &FiniteMdp, policy: &SoftmaxPolicy) -> Vec<f64> {
        let h = 1e-5;
        let expected_return = |i: usize, h: f64| {
            let mut logits = policy.logits().to_vec();
            logits[i] += h;
            let policy = SoftmaxPolicy::new(mdp.states(), mdp.actions(), logits).unwrap();
            mdp.expected_return(&policy.probabilities()).unwrap()
        };
        (0..policy.logits().len())
            .map(|i| (expected_return(i, h) - expected_return(i, -h)) / (2.0 * h))
            .collect()
    }

    /// `Σ_t γᵗ P(s_t = s)` over the states that are not terminal, step by step.
    fn visitation_by_steps(mdp: &FiniteMdp, policy: &TabularPolicy, gamma: f64) -> Vec<f64> {
        let mut visitation = vec![0.0; mdp.states()];
        let mut now = mdp.initial().to_vec();
        let mut discount = 1.0;
        for _ in 0..10_000 {
            let mut next = vec![0.0; mdp.states()];
            for state in (0..mdp.states()).filter(|&state| !mdp.is_terminal(state)) {
                visitation[state] += discount * now[state];
                for (action, probability) in policy.row(state).iter().enumerate() {
                    for (next, p) in next.iter_mut().zip(mdp.transition(state, action)) {
                        *next += now[state] * probability * p;
                    }
                }
            }
            (now, discount) = (next, discount * gamma);
        }
        visitation
    }

    proptest! {
        #[test]
        fn expected_return_is_the_reward_of_the_visited_states(seed: u64, gamma in 0.0_f64..0.99) {
            let (mdp, policy) = random(seed, gamma);
            let policy = policy.probabilities();
            let visitation = mdp.visitation(&policy, StateWeighting::Discounted).unwrap();
            let rewards = (0..mdp.states()).map(|state| mdp.policy_reward(&policy, state));
            let paid: f64 = visitation.iter().zip(rewards).map(|(d, r)| d * r).sum();
            prop_assert!((mdp.expected_return(&policy).unwrap() - paid).abs() < 1e-10);
        }

        #[test]
        fn visitation_sums_to_the_discounted_number_of_steps(seed: u64, gamma in 0.0_f64..0.99) {
            let (mdp, policy) = random(seed | 1, gamma);
            let visitation = mdp.visitation(&policy.probabilities(), StateWeighting::Discounted);
            let sum: f64 = visitation.unwrap().iter().sum();
            prop_assert!((sum - 1.0 / (1.0 - gamma)).abs() < 1e-9);
        }
    }

    #[test]
    fn visitation_counts_the_states_step_by_step() {
        for seed in 0..20 {
            let (mdp, policy) = random(seed, 0.9);
            let policy = policy.probabilities();
            let visitation = mdp.visitation(&policy, StateWeighting::Discounted).unwrap();
            let counted = visitation_by_steps(&mdp, &policy, 0.9);
            assert_close(&visitation, &counted, 1e-10);
            if seed % 2 == 0 {
                let visitation = mdp
                    .visitation(&policy, StateWeighting::Undiscounted)
                    .unwrap();
                let counted = visitation_by_steps(&mdp, &policy, 1.0);
                assert_close(&visitation, &counted, 1e-9);
            }
        }
    }

    #[test]
    fn policy_gradient_equals_finite_differences_of_the_expected_return() {
        for seed in 0..40 {
            // Even seeds have terminal states, so that they need no discount.
            let gammas = if seed % 2 == 0 {
                [0.5, 1.0]
            } else {
                [0.0, 0.95]
            };
            for gamma in gammas {
                let (mdp, policy) = random(seed, gamma);
                let gradient = mdp
                    .policy_gradient(&policy, StateWeighting::Discounted)
                    .unwrap();
                assert_close(&gradient, &finite_differences(&mdp, &policy), 1e-6);
            }
        }
    }

    #[test]
    fn without_discount_both_weightings_give_the_same_gradient() {
        let (mdp, policy) = random(4, 1.0);
        let [discounted, undiscounted] = [StateWeighting::Discounted, StateWeighting::Undiscounted]
            .map(|weighting| mdp.policy_gradient(&policy, weighting).unwrap());
        assert_eq!(discounted, undiscounted);
        assert!(discounted.iter().any(|x| x.abs() > 1e-3));
    }

    #[test]
    fn the_gradient_of_practice_counts_late_states_in_full() {
        // A chain of two steps under γ = 1/2, at random: V(0) = V(0)/4 + V(1)/4 and
        // V(1) = V(0)/4 + 1/2, so that V(0) = 2/11 and V(1) = 6/11; Q(0,·) = (1, 3)/11 and
        // Q(1,·) = (1, 11)/11, the advantages ∓1/11 and ∓5/11.
        let mdp = chain(3, 0.5).unwrap();
        let policy = SoftmaxPolicy::zeros(3, 2).unwrap();
        // The score of the action taken is 1/2, that of the other −1/2.
        let gradient = |d: [f64; 2]| {
            let (first, second) = (d[0] * 0.5 / 11.0, d[1] * 2.5 / 11.0);
            [-first, first, -second, second, 0.0, 0.0]
        };
        for (weighting, d) in [
            // d(0) = 1 + d(0)/4 + d(1)/4 and d(1) = d(0)/4.
            (StateWeighting::Discounted, [16.0 / 11.0, 4.0 / 11.0]),
            // d(0) = 1 + d(0)/2 + d(1)/2 and d(1) = d(0)/2.
            (StateWeighting::Undiscounted, [4.0, 2.0]),
        ] {
            let visitation = mdp.visitation(&policy.probabilities(), weighting).unwrap();
            assert_close(&visitation, &[d[0], d[1], 0.0], 1e-14);
            let found = mdp.policy_gradient(&policy, weighting).unwrap();
            assert_close(&found, &gradient(d), 1e-14);
        }
    }

    #[test]
    fn a_policy_that_never_ends_has_no_undiscounted_visitation() {
        let mdp = chain(4, 0.9).unwrap();
        let never = TabularPolicy::deterministic(2, &[0, 0, 1, 0]).unwrap();
        let visitation = mdp.visitation(&never, StateWeighting::Undiscounted);
        assert_eq!(visitation, Err(SolveError::NeverEnds { state: 0 }));
        assert!(mdp.visitation(&never, StateWeighting::Discounted).is_ok());
    }
}

//! Returns over n steps that bootstrap from the value of the observation after them.
//!
//! Sums run in `f64` and are rounded once.

use std::num::NonZeroUsize;

use crate::ValuedSteps;

/// Writes the n-step returns `Gₜ = Σₖ₌₀ⁿ⁻¹ γᵏ rₜ₊ₖ + γⁿ V(oₜ₊ₙ)`, `[T]` (Sutton & Barto 2018, eq.
/// 7.1). They are targets for a value function.
///
/// The sum ends at the end of the episode or of the rollout, if that comes before `n` steps; `V` is
/// then the value of the last observation, or zero after termination. `gamma` is from 0 to 1.
///
/// # Panics
/// If the lengths differ.
pub fn n_step_returns(steps: ValuedSteps<'_>, gamma: f64, n: NonZeroUsize, returns: &mut [f32]) {
    let length = steps.check(returns.len());
    // The sum slides over the rewards: one comes in at the front, one goes out at the back.
    let (mut sum, mut window, mut decay, mut bootstrap) = (0.0, 0, 1.0, 0.0);
    for (t, out) in returns.iter_mut().enumerate().rev() {
        let step = steps.get(t);
        if !step.continues || t + 1 == length {
            (sum, window, decay, bootstrap) = (0.0, 0, 1.0, step.bootstrap);
        }
        sum = step.reward + gamma * sum;
        if window < n.get() {
            window += 1;
            decay *= gamma;
        } else {
            sum -= decay * f64::from(steps.rewards()[t + window]);
        }
        if window == n.get() {
            bootstrap = steps.get(t + window - 1).bootstrap;
        }
        *out = (sum + decay * bootstrap) as f32;
    }
}

/// Writes the TD(0) targets `rₜ + γ V(oₜ₊₁)`, `[T]`: the returns over one step. `gamma` is from 0
/// to 1.
///
/// # Panics
/// If the lengths differ.
pub fn td_targets(steps: ValuedSteps<'_>, gamma: f64, targets: &mut [f32]) {
    n_step_returns(steps, gamma, NonZeroUsize::MIN, targets);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Status;
    use crate::valued_steps::testing::{OwnedRollout, close, reward_one_for_ever, rollouts, unit};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn n_step_returns_equal_the_quadratic_definition(
            rollout in rollouts(),
            gamma in unit(),
            n in prop_oneof![1_usize..8, Just(usize::MAX)],
        ) {
            let steps = NonZeroUsize::new(n).unwrap();
            let returns = rollout.map(|rollout, out| n_step_returns(rollout, gamma, steps, out));
            close(&returns, |t| rollout.n_step(t, gamma, n))?;
        }
    }

    #[test]
    fn n_step_returns_of_four_rewards_by_hand() {
        let rollout = OwnedRollout::new(&[
            (1.0, 8.0, 0.0, Status::Running),
            (2.0, 16.0, 0.0, Status::Running),
            (4.0, 32.0, 64.0, Status::Truncated),
            (8.0, 128.0, 0.0, Status::Terminated),
        ]);
        let n_step = |n| {
            let n = NonZeroUsize::new(n).unwrap();
            rollout.map(|steps, out| n_step_returns(steps, 0.5, n, out))
        };
        assert_eq!(n_step(1), [9.0, 18.0, 36.0, 8.0]);
        assert_eq!(n_step(2), [10.0, 20.0, 36.0, 8.0]);
        assert_eq!(n_step(3), [11.0, 20.0, 36.0, 8.0]);
        assert_eq!(n_step(9), n_step(3));
    }

    #[test]
    fn the_value_of_reward_one_for_ever_is_the_fixed_point_under_a_time_limit() {
        let rollout = reward_one_for_ever(4.0, Status::Truncated);
        for n in [1, 3, 9] {
            let n = NonZeroUsize::new(n).unwrap();
            let returns = rollout.map(|steps, out| n_step_returns(steps, 0.75, n, out));
            assert_eq!(returns, [4.0; 10]);
        }
    }

    #[test]
    #[should_panic(expected = "one next value per reward")]
    fn lengths_that_differ_are_refused() {
        let mut rollout = reward_one_for_ever(2.0, Status::Truncated);
        rollout.next_values.pop();
        rollout.map(|steps, out| td_targets(steps, 0.5, out));
    }
}

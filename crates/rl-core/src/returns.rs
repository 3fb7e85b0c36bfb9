//! Returns of a trajectory, as pure functions on its rewards.
//!
//! Sums run in `f64` and are rounded once.

/// The return `R(τ) = Σₜ rₜ` of a trajectory.
pub fn sum_of_rewards(rewards: &[f32]) -> f32 {
    discounted_return(rewards, 1.0)
}

/// The discounted return `Σₜ γᵗ rₜ` of a trajectory.
pub fn discounted_return(rewards: &[f32], gamma: f64) -> f32 {
    // Horner's rule from the last reward.
    rewards
        .iter()
        .rev()
        .fold(0.0, |sum, &reward| f64::from(reward) + gamma * sum) as f32
}

/// Writes the rewards-to-go `R̂ₜ = Σ_{t' ≥ t} r_{t'}` into `out`, of the same length (Spinning Up,
/// "Don't let the past distract you").
///
/// # Panics
/// If the lengths differ.
pub fn reward_to_go(rewards: &[f32], out: &mut [f32]) {
    discounted_reward_to_go(rewards, 1.0, 0.0, out);
}

/// Writes the discounted rewards-to-go `R̂ₜ = Σ_{t' ≥ t} γ^{t'-t} r_{t'} + γ^{T-t} v` into `out`,
/// of the same length.
///
/// `final_value` is `v`, the value of the final observation: zero after termination, an estimate
/// (or zero, for the plain Monte Carlo return) after truncation.
///
/// # Panics
/// If the lengths differ.
pub fn discounted_reward_to_go(rewards: &[f32], gamma: f64, final_value: f32, out: &mut [f32]) {
    assert_eq!(rewards.len(), out.len(), "one reward-to-go per reward");
    let mut sum = f64::from(final_value);
    for (out, &reward) in out.iter_mut().zip(rewards).rev() {
        sum = f64::from(reward) + gamma * sum;
        *out = sum as f32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn returns_of_three_rewards_by_hand() {
        let rewards = [1.0, 2.0, 4.0];
        let mut out = [0.0; 3];
        assert_eq!(sum_of_rewards(&rewards), 7.0);
        assert_eq!(discounted_return(&rewards, 0.5), 3.0);
        reward_to_go(&rewards, &mut out);
        assert_eq!(out, [7.0, 6.0, 4.0]);
        discounted_reward_to_go(&rewards, 0.5, 0.0, &mut out);
        assert_eq!(out, [3.0, 4.0, 4.0]);
        discounted_reward_to_go(&rewards, 0.5, 8.0, &mut out);
        assert_eq!(out, [4.0, 6.0, 8.0]);
    }

    #[test]
    fn a_long_sum_keeps_small_rewards() {
        let mut rewards = vec![1e-3_f32; 1_000_000];
        rewards[0] = 1e5;
        assert_eq!(sum_of_rewards(&rewards), 101_000.0);
    }

    proptest! {
        #[test]
        fn reward_to_go_equals_the_quadratic_definition(
            rewards in prop::collection::vec(-10.0_f32..10.0, 1..60),
            gamma in 0.0_f64..=1.0,
            value in -10.0_f32..10.0,
        ) {
            let mut out = vec![0.0; rewards.len()];
            discounted_reward_to_go(&rewards, gamma, value, &mut out);
            for t in 0..rewards.len() {
                let mut expected = gamma.powi((rewards.len() - t) as i32) * f64::from(value);
                for (k, &reward) in rewards[t..].iter().enumerate() {
                    expected += gamma.powi(k as i32) * f64::from(reward);
                }
                prop_assert!((f64::from(out[t]) - expected).abs() <= 1e-4);
            }
            discounted_reward_to_go(&rewards, gamma, 0.0, &mut out);
            prop_assert_eq!(out[0], discounted_return(&rewards, gamma));
        }
    }
}

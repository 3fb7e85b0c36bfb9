//! The estimators: weights of the score of each step.
//!
//! All are estimators of the gradient of the expected undiscounted return,
//! `∇J ≈ 1/n Σ ∇ ln π(aₜ|oₜ) wₜ` over the steps of `n` episodes; they differ in `wₜ`.

use std::num::NonZeroUsize;

use rl_core::baselines::{
    Peers, batch_baseline, group_advantages, group_baseline, spread_over_steps, time_baseline,
};
use rl_core::{
    End, GaeConfig, ValuedSteps, discounted_reward_to_go, n_step_returns, reward_to_go,
    sum_of_rewards,
};
use serde::Serialize;

use super::experience::Batch;

/// Discount of the estimators that have one.
const DISCOUNT: f64 = 0.95;

/// The mean of an estimator by theory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Theory {
    /// It is the gradient.
    Unbiased,
    /// It is something else.
    Biased,
}

impl Theory {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unbiased => "unbiased",
            Self::Biased => "biased",
        }
    }
}

/// Condition under which an estimator is unbiased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unbiased {
    /// Any value function.
    Always,
    /// A value function that is the policy's own; one that is fitted has errors, and hands them on.
    WithExactValues,
    /// None.
    Never,
}

/// Policy that played the episodes of an estimator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behavior {
    /// The policy whose gradient is estimated.
    OnPolicy,
    /// Another one, like it.
    OffPolicy,
}

/// An estimator with a baseline.
pub struct Estimator {
    pub name: &'static str,
    pub baseline: &'static str,
    pub unbiased: Unbiased,
    pub behavior: Behavior,
    /// The weights `wₜ`, `[steps]`.
    pub weights: fn(&Batch) -> Vec<f32>,
}

impl Estimator {
    /// The mean where the value function is exact, or is not.
    pub fn theory(&self, exact_values: bool) -> Theory {
        match self.unbiased {
            Unbiased::Always => Theory::Unbiased,
            Unbiased::WithExactValues if exact_values => Theory::Unbiased,
            _ => Theory::Biased,
        }
    }
}

const fn estimator(
    name: &'static str,
    baseline: &'static str,
    unbiased: Unbiased,
    weights: fn(&Batch) -> Vec<f32>,
) -> Estimator {
    Estimator {
        name,
        baseline,
        unbiased,
        behavior: Behavior::OnPolicy,
        weights,
    }
}

/// Every estimator, the plainest first.
pub const ESTIMATORS: [Estimator; 17] = [
    estimator("total return", "none", Unbiased::Always, |batch| {
        spread(batch, &returns(batch))
    }),
    estimator("total return", "group, others", Unbiased::Always, |batch| {
        group(batch, Peers::Others)
    }),
    estimator("total return", "group, all", Unbiased::Never, |batch| {
        group(batch, Peers::All)
    }),
    estimator("total return", "GRPO advantage", Unbiased::Never, |batch| {
        let mut advantages = vec![0.0; batch.lengths.len()];
        group_advantages(&returns(batch), &mut advantages);
        spread(batch, &advantages)
    }),
    estimator("reward-to-go", "none", Unbiased::Always, rewards_to_go),
    estimator("reward-to-go", "batch, others", Unbiased::Always, |batch| {
        less(batch, rewards_to_go(batch), Peers::Others, batch_baseline)
    }),
    estimator("reward-to-go", "batch, all", Unbiased::Never, |batch| {
        less(batch, rewards_to_go(batch), Peers::All, batch_baseline)
    }),
    estimator(
        "reward-to-go",
        "time step, others",
        Unbiased::Always,
        |batch| less(batch, rewards_to_go(batch), Peers::Others, time_baseline),
    ),
    estimator("reward-to-go", "time step, all", Unbiased::Never, |batch| {
        less(batch, rewards_to_go(batch), Peers::All, time_baseline)
    }),
    estimator(
        "reward-to-go",
        "value function",
        Unbiased::Always,
        |batch| difference(rewards_to_go(batch), &batch.values),
    ),
    estimator(
        "reward-to-go, γ = 0.95",
        "none",
        Unbiased::Never,
        discounted_rewards_to_go,
    ),
    estimator(
        "reward-to-go, γ = 0.95",
        "time step, others",
        Unbiased::Never,
        |batch| {
            let returns = discounted_rewards_to_go(batch);
            less(batch, returns, Peers::Others, time_baseline)
        },
    ),
    estimator(
        "5-step return",
        "value function",
        Unbiased::WithExactValues,
        five_step_advantages,
    ),
    estimator(
        "GAE(λ = 0.95)",
        "value function",
        Unbiased::WithExactValues,
        |batch| gae(batch, 0.95),
    ),
    estimator(
        "GAE(λ = 0)",
        "value function",
        Unbiased::WithExactValues,
        |batch| gae(batch, 0.0),
    ),
    Estimator {
        behavior: Behavior::OffPolicy,
        ..estimator(
            "importance-weighted",
            "none",
            Unbiased::Always,
            importance_weighted,
        )
    },
    Estimator {
        behavior: Behavior::OffPolicy,
        ..estimator("ratios left out", "none", Unbiased::Never, rewards_to_go)
    },
];

/// Numbers per step, made episode by episode from their rewards and values.
fn per_episode(batch: &Batch, mut estimate: impl FnMut(&[f32], &[f32], &mut [f32])) -> Vec<f32> {
    let mut out = vec![0.0; batch.episodes.steps()];
    let (mut rest, mut values) = (out.as_mut_slice(), batch.values.as_slice());
    for episode in batch.episodes.iter() {
        let (out, after) = rest.split_at_mut(episode.len());
        let (own, others) = values.split_at(episode.len());
        estimate(episode.rewards, own, out);
        (rest, values) = (after, others);
    }
    out
}

fn returns(batch: &Batch) -> Vec<f32> {
    let episodes = batch.episodes.iter();
    episodes
        .map(|episode| sum_of_rewards(episode.rewards))
        .collect()
}

fn spread(batch: &Batch, per_episode: &[f32]) -> Vec<f32> {
    let mut out = vec![0.0; batch.episodes.steps()];
    spread_over_steps(per_episode, &batch.lengths, &mut out);
    out
}

fn group(batch: &Batch, peers: Peers) -> Vec<f32> {
    let returns = returns(batch);
    let mut baselines = vec![0.0; returns.len()];
    group_baseline(&returns, peers, &mut baselines);
    spread(batch, &difference(returns, &baselines))
}

fn rewards_to_go(batch: &Batch) -> Vec<f32> {
    per_episode(batch, |rewards, _, out| reward_to_go(rewards, out))
}

fn discounted_rewards_to_go(batch: &Batch) -> Vec<f32> {
    per_episode(batch, |rewards, _, out| {
        discounted_reward_to_go(rewards, DISCOUNT, 0.0, out);
    })
}

type Baseline = fn(&[f32], &[usize], Peers, &mut [f32]);

fn less(batch: &Batch, returns: Vec<f32>, peers: Peers, baseline: Baseline) -> Vec<f32> {
    let mut baselines = vec![0.0; returns.len()];
    baseline(&returns, &batch.lengths, peers, &mut baselines);
    difference(returns, &baselines)
}

fn five_step_advantages(batch: &Batch) -> Vec<f32> {
    let n = NonZeroUsize::MIN.saturating_add(4);
    let returns = per_episode(batch, |rewards, values, out| {
        n_step_returns(valued(rewards, values), 1.0, n, out);
    });
    difference(returns, &batch.values)
}

#[expect(clippy::expect_used, reason = "the λ of the table are in range")]
fn gae(batch: &Batch, lambda: f64) -> Vec<f32> {
    let config = GaeConfig { gamma: 1.0, lambda };
    let gae = config.validate().expect("γ and λ are from 0 to 1");
    per_episode(batch, |rewards, values, out| {
        gae.advantages(valued(rewards, values), out);
    })
}

fn valued<'a>(rewards: &'a [f32], values: &'a [f32]) -> ValuedSteps<'a> {
    ValuedSteps::Trajectory {
        rewards,
        values,
        final_value: 0.0,
        end: End::Terminated,
    }
}

/// `Σ_{t' ≥ t} ρ_{0:t'} r_{t'}`: each reward counts by the likelihood ratio of the actions up to
/// it (per-decision importance sampling; Precup, Sutton & Singh 2000, "Eligibility traces for
/// off-policy policy evaluation").
fn importance_weighted(batch: &Batch) -> Vec<f32> {
    let mut ratios = batch.ratios.iter();
    per_episode(batch, |rewards, _, out| {
        let mut ratio = 1.0;
        let weighted = rewards.iter().zip(&mut ratios).map(|(&reward, step)| {
            ratio *= step;
            (f64::from(reward) * ratio) as f32
        });
        reward_to_go(&weighted.collect::<Vec<_>>(), out);
    })
}

fn difference(mut returns: Vec<f32>, baselines: &[f32]) -> Vec<f32> {
    for (x, baseline) in returns.iter_mut().zip(baselines) {
        *x -= baseline;
    }
    returns
}

#[cfg(test)]
mod tests {
    use super::*;
    use rl_core::TrajectoryStore;

    /// Two episodes, of the rewards 1, 2 and 4.
    fn batch() -> Batch {
        let mut store = TrajectoryStore::new(1, 1);
        let mut first = store.begin(&[0.0]);
        first.push(&[0.0], 1.0, &[0.0]);
        first.finish(&[1.0], 2.0, &[0.0], End::Terminated);
        let second = store.begin(&[0.0]);
        second.finish(&[0.0], 4.0, &[0.0], End::Truncated);
        Batch::off_policy(store, vec![0.5, 1.0, 2.0], vec![2.0, 0.5, 3.0])
    }

    fn weights(name: &str, baseline: &str) -> Vec<f32> {
        let matching = |e: &&Estimator| (e.name, e.baseline) == (name, baseline);
        (ESTIMATORS.iter().find(matching).unwrap().weights)(&batch())
    }

    #[test]
    fn weights_of_two_episodes_by_hand() {
        assert_eq!(weights("total return", "none"), [3.0, 3.0, 4.0]);
        assert_eq!(weights("total return", "group, others"), [-1.0, -1.0, 1.0]);
        assert_eq!(weights("total return", "group, all"), [-0.5, -0.5, 0.5]);
        assert_eq!(weights("reward-to-go", "none"), [3.0, 2.0, 4.0]);
        assert_eq!(weights("reward-to-go", "batch, others"), [-1.0, -2.0, 1.5]);
        assert_eq!(weights("reward-to-go", "time step, all"), [-0.5, 0.0, 0.5]);
        assert_eq!(weights("reward-to-go", "value function"), [2.5, 1.0, 2.0]);
        assert_eq!(weights("GAE(λ = 0)", "value function"), [1.5, 1.0, 2.0]);
        assert_eq!(weights("5-step return", "value function"), [2.5, 1.0, 2.0]);
        assert_eq!(weights("importance-weighted", "none"), [4.0, 2.0, 12.0]);
    }

    #[test]
    fn the_name_of_the_discounted_row_tells_its_discount() {
        let name = format!("reward-to-go, γ = {DISCOUNT}");
        assert_eq!(
            weights(&name, "none"),
            [1.0 + DISCOUNT as f32 * 2.0, 2.0, 4.0]
        );
    }
}

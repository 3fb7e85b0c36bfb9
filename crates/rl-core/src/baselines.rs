//! Baselines without a value function: means of other returns, which a return is compared with.
//!
//! A baseline `b` does not change the mean of the policy gradient `Σₜ ∇ ln π(aₜ|oₜ) (R̂ₜ - b)` if
//! it does not depend on the action (Williams 1992, "Simple statistical gradient-following
//! algorithms"). A mean over a batch that includes the action's own trajectory does depend on it:
//!
//! | baseline | with all peers | with the others ([`Peers::Others`]) |
//! |---|---|---|
//! | [`group_baseline`] of `n` trajectories, under their returns | gradient times `1 - 1/n` | unbiased |
//! | [`batch_baseline`] | biased, of order `1/n` | unbiased |
//! | [`time_baseline`] | biased, of order `1/n(t)` | unbiased |
//! | [`group_advantages`], divided by the deviation | biased, whatever the baseline | |
//!
//! `n(t)` is the number of trajectories that reach step `t`; where only one does, it is its own
//! baseline, and nothing is learned from it. Leaving out always means the whole trajectory, because
//! the returns of its other steps depend on the action too.
//!
//! *Unbiased* holds for a fixed number of independent trajectories. Where trajectories are
//! collected up to a number of steps, their number depends on their lengths, and a bias remains
//! that vanishes with the size of the batch.
//!
//! Trajectories lie one after the other, as in a [`TrajectoryStore`](crate::TrajectoryStore):
//! `returns` is `[steps]` and `lengths`, the number of steps of each, is `[trajectories]`. Sums run
//! in `f64` and are rounded once.

/// Trajectories that the return of one trajectory is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peers {
    /// All trajectories, its own included.
    All,
    /// All other trajectories (leave-one-out; Kool et al. 2019, "Buy 4 REINFORCE samples, get a
    /// baseline for free!"). Where there is no other, the baseline is zero.
    Others,
}

/// A sum of returns and their number.
#[derive(Clone, Copy, Default)]
struct Total {
    sum: f64,
    count: usize,
}

impl Total {
    fn of<'a>(returns: impl IntoIterator<Item = &'a f32>) -> Self {
        let mut total = Self::default();
        for &x in returns {
            total.sum += f64::from(x);
            total.count += 1;
        }
        total
    }

    /// The baseline of a trajectory whose part of this total is `own`.
    fn baseline(self, own: Self, peers: Peers) -> f64 {
        let Self { sum, count } = match peers {
            Peers::All => self,
            Peers::Others => Self {
                sum: self.sum - own.sum,
                count: self.count - own.count,
            },
        };
        if count == 0 { 0.0 } else { sum / count as f64 }
    }
}

/// Writes the mean return over the steps of a batch into `baselines` `[steps]`.
///
/// Each step counts once, so that long trajectories weigh more than short ones.
///
/// # Panics
/// If the lengths don't add up to `[steps]`, or returns and baselines differ in length.
pub fn batch_baseline(returns: &[f32], lengths: &[usize], peers: Peers, baselines: &mut [f32]) {
    check(returns, lengths, baselines);
    let total = Total::of(returns);
    let mut start = 0;
    for &length in lengths {
        let steps = start..start + length;
        let own = Total::of(&returns[steps.clone()]);
        baselines[steps].fill(total.baseline(own, peers) as f32);
        start += length;
    }
}

/// Writes the mean return at the same step of the episode, over the trajectories that reach it,
/// into `baselines` `[steps]`.
///
/// With rewards-to-go as returns it estimates `E[R̂ₜ]`, the best baseline that depends on the time
/// step alone if all gradients of the log-probabilities are of the same size. It takes
/// `O(longest length × trajectories)` time.
///
/// # Panics
/// If the lengths don't add up to `[steps]`, or returns and baselines differ in length.
pub fn time_baseline(returns: &[f32], lengths: &[usize], peers: Peers, baselines: &mut [f32]) {
    check(returns, lengths, baselines);
    for t in 0..lengths.iter().copied().max().unwrap_or(0) {
        let total = Total::of(indices_at(t, lengths).map(|index| &returns[index]));
        for index in indices_at(t, lengths) {
            let own = Total::of([&returns[index]]);
            baselines[index] = total.baseline(own, peers) as f32;
        }
    }
}

/// Writes the mean return over a group of trajectories, from the same initial state say, into
/// `baselines`. Both slices are `[trajectories of the group]`, one return per trajectory.
///
/// # Panics
/// If the lengths differ.
pub fn group_baseline(returns: &[f32], peers: Peers, baselines: &mut [f32]) {
    assert_eq!(baselines.len(), returns.len(), "one baseline per return");
    let total = Total::of(returns);
    for (baseline, own) in baselines.iter_mut().zip(returns) {
        *baseline = total.baseline(Total::of([own]), peers) as f32;
    }
}

/// Writes the advantages `(Rᵢ - mean(R)) / std(R)` within a group of trajectories from the same
/// initial state, as in GRPO (Shao et al. 2024, "DeepSeekMath", section 4.1.2). Returns and
/// advantages are `[trajectories of the group]`, one per trajectory.
///
/// The deviation is that of a sample (divided by `n - 1`); equal returns, and a group of one, have
/// advantages of zero. The division gives all groups the same scale, and makes the gradient biased:
/// the deviation depends on the action, and groups whose returns differ little, because the state
/// is easy or hopeless, weigh as much as any other (Liu et al. 2025, "Understanding R1-Zero-like
/// training"). The returns minus [`group_baseline`] are the advantages without the division.
/// Leaving the trajectory itself out of the mean would only multiply all advantages of the group by
/// `n / (n - 1)`.
///
/// # Panics
/// If the lengths differ.
pub fn group_advantages(returns: &[f32], advantages: &mut [f32]) {
    assert_eq!(advantages.len(), returns.len(), "one advantage per return");
    let total = Total::of(returns);
    let mean = total.baseline(Total::default(), Peers::All);
    let squares = returns.iter().map(|&x| (f64::from(x) - mean).powi(2));
    let variance = squares.sum::<f64>() / total.count.saturating_sub(1).max(1) as f64;
    let scale = 1.0 / (variance.sqrt() + EPSILON);
    for (advantage, &x) in advantages.iter_mut().zip(returns) {
        *advantage = ((f64::from(x) - mean) * scale) as f32;
    }
}

/// Number added to a deviation, against division by zero.
const EPSILON: f64 = 1e-8;

/// Copies a number per trajectory, `[trajectories]`, to each of its steps, `[steps]`.
///
/// # Panics
/// If there is not one number per length, or the lengths don't add up to `[steps]`.
pub fn spread_over_steps(per_trajectory: &[f32], lengths: &[usize], per_step: &mut [f32]) {
    assert_eq!(per_trajectory.len(), lengths.len(), "one number per length");
    let steps = lengths.iter().sum::<usize>();
    assert_eq!(per_step.len(), steps, "one result per step");
    let mut rest = per_step;
    for (&x, &length) in per_trajectory.iter().zip(lengths) {
        let (steps, after) = rest.split_at_mut(length);
        steps.fill(x);
        rest = after;
    }
}

fn check(returns: &[f32], lengths: &[usize], baselines: &[f32]) {
    let steps = lengths.iter().sum::<usize>();
    assert_eq!(returns.len(), steps, "one return per step");
    assert_eq!(baselines.len(), steps, "one baseline per step");
}

/// Indices of the steps `t` of the trajectories that have one.
fn indices_at(t: usize, lengths: &[usize]) -> impl Iterator<Item = usize> {
    lengths
        .iter()
        .scan(0, |next, &length| {
            let start = *next;
            *next += length;
            Some((start, length))
        })
        .filter(move |&(_, length)| t < length)
        .map(move |(start, _)| start + t)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reward_to_go;

    type Baseline = fn(&[f32], &[usize], Peers, &mut [f32]);

    const RETURNS: [f32; 6] = [6.0, 4.0, 1.0, 2.0, 3.0, 8.0];
    const LENGTHS: [usize; 3] = [3, 2, 1];

    fn of(baseline: Baseline, peers: Peers) -> [f32; 6] {
        let mut out = [f32::NAN; 6];
        baseline(&RETURNS, &LENGTHS, peers, &mut out);
        out
    }

    #[test]
    fn batch_baselines_by_hand() {
        assert_eq!(of(batch_baseline, Peers::All), [4.0; 6]);
        let first = 13.0 / 3.0;
        assert_eq!(
            of(batch_baseline, Peers::Others),
            [first, first, first, 4.75, 4.75, 3.2]
        );
    }

    #[test]
    fn time_baselines_by_hand() {
        let first = 16.0 / 3.0;
        assert_eq!(
            of(time_baseline, Peers::All),
            [first, 3.5, 1.0, first, 3.5, first]
        );
        assert_eq!(
            of(time_baseline, Peers::Others),
            [5.0, 3.0, 0.0, 7.0, 4.0, 4.0]
        );
    }

    #[test]
    fn group_baselines_by_hand() {
        let of = |returns: &[f32], peers| {
            let mut out = vec![f32::NAN; returns.len()];
            group_baseline(returns, peers, &mut out);
            out
        };
        assert_eq!(of(&[1.0, 3.0, 8.0], Peers::All), [4.0; 3]);
        assert_eq!(of(&[1.0, 3.0, 8.0], Peers::Others), [5.5, 4.5, 2.0]);
        assert_eq!(of(&[7.0], Peers::Others), [0.0]);
        assert!(of(&[], Peers::All).is_empty());
    }

    #[test]
    fn group_advantages_are_measured_in_deviations() {
        let of = |returns: &[f32]| {
            let mut out = vec![f32::NAN; returns.len()];
            group_advantages(returns, &mut out);
            out
        };
        assert_eq!(of(&[1.0, 3.0, 5.0]), [-1.0, 0.0, 1.0]);
        assert_eq!(of(&[0.1, 0.1, 0.1]), [0.0; 3]);
        assert_eq!(of(&[9.0]), [0.0]);
        assert!(of(&[]).is_empty());
    }

    #[test]
    fn every_step_gets_the_number_of_its_trajectory() {
        let mut per_step = [f32::NAN; 6];
        spread_over_steps(&[1.0, 2.0, 3.0], &LENGTHS, &mut per_step);
        assert_eq!(per_step, [1.0, 1.0, 1.0, 2.0, 2.0, 3.0]);
    }

    #[test]
    #[should_panic(expected = "one return per step")]
    fn lengths_that_leave_out_a_step_are_refused() {
        batch_baseline(&RETURNS, &LENGTHS[1..], Peers::All, &mut [0.0; 6]);
    }

    /// Trajectory of a small MDP: the first action, 1 with probability `P`, either ends the episode
    /// or leads to a second action, which is 1 with the same probability.
    struct Outcome {
        probability: f64,
        rewards: &'static [f32],
        /// `d ln π(aₜ) / d logit` per step.
        scores: &'static [f64],
    }

    const P: f64 = 0.3;

    const OUTCOMES: [Outcome; 3] = [
        Outcome {
            probability: 1.0 - P,
            rewards: &[2.0],
            scores: &[-P],
        },
        Outcome {
            probability: P * (1.0 - P),
            rewards: &[1.0, -3.0],
            scores: &[1.0 - P, -P],
        },
        Outcome {
            probability: P * P,
            rewards: &[1.0, 5.0],
            scores: &[1.0 - P, 1.0 - P],
        },
    ];

    /// The exact mean, over every batch of three trajectories, of the policy gradient per
    /// trajectory with the rewards-to-go minus a baseline.
    fn mean_gradient(baseline: impl Fn(&[f32], &[usize], &mut [f32])) -> f64 {
        let mut mean = 0.0;
        for batch in 0..27 {
            let batch = [batch / 9, batch / 3 % 3, batch % 3].map(|i: usize| &OUTCOMES[i]);
            let lengths = batch.map(|outcome| outcome.rewards.len());
            let mut returns = vec![0.0; lengths.iter().sum()];
            let mut rest = returns.as_mut_slice();
            for outcome in batch {
                let (steps, after) = rest.split_at_mut(outcome.rewards.len());
                reward_to_go(outcome.rewards, steps);
                rest = after;
            }
            let mut baselines = vec![f32::NAN; returns.len()];
            baseline(&returns, &lengths, &mut baselines);

            let probability: f64 = batch.iter().map(|outcome| outcome.probability).product();
            let scores = batch.iter().flat_map(|outcome| outcome.scores);
            let gradient: f64 = scores
                .zip(returns.iter().zip(&baselines))
                .map(|(score, (&x, &b))| score * (f64::from(x) - f64::from(b)))
                .sum();
            mean += probability * gradient / 3.0;
        }
        mean
    }

    fn exact_gradient() -> f64 {
        mean_gradient(|_, _, baselines| baselines.fill(0.0))
    }

    #[test]
    fn leaving_the_trajectory_out_leaves_the_gradient_as_it_is() {
        for baseline in [batch_baseline as Baseline, time_baseline] {
            let gradient = mean_gradient(|x, lengths, b| baseline(x, lengths, Peers::Others, b));
            assert!((gradient - exact_gradient()).abs() < 1e-6, "{gradient}");
        }
    }

    #[test]
    fn a_mean_that_includes_the_trajectory_is_biased() {
        for baseline in [batch_baseline as Baseline, time_baseline] {
            let gradient = mean_gradient(|x, lengths, b| baseline(x, lengths, Peers::All, b));
            assert!((gradient - exact_gradient()).abs() > 1e-2, "{gradient}");
        }
    }

    /// The mean gradient with a baseline made of the returns of whole trajectories.
    fn mean_group_gradient(peers: Peers) -> f64 {
        mean_gradient(|returns, lengths, baselines| {
            // The return of each step is that of its trajectory: undo the reward-to-go.
            let totals: Vec<f32> = indices_at(0, lengths).map(|i| returns[i]).collect();
            let mut per_trajectory = vec![0.0; totals.len()];
            group_baseline(&totals, peers, &mut per_trajectory);
            spread_over_steps(&per_trajectory, lengths, baselines);
            let mut own = vec![0.0; returns.len()];
            spread_over_steps(&totals, lengths, &mut own);
            for (b, (own, x)) in baselines.iter_mut().zip(own.iter().zip(returns)) {
                *b -= own - x;
            }
        })
    }

    #[test]
    fn the_mean_of_a_group_that_includes_the_trajectory_shrinks_the_gradient_by_one_part_in_n() {
        let all = mean_group_gradient(Peers::All);
        assert!(
            (all - exact_gradient() * (1.0 - 1.0 / 3.0)).abs() < 1e-6,
            "{all}"
        );
        let others = mean_group_gradient(Peers::Others);
        assert!((others - exact_gradient()).abs() < 1e-6, "{others}");
    }

    #[test]
    fn returns_that_hardly_differ_are_not_blown_up() {
        let mut advantages = [f32::NAN; 2];
        group_advantages(&[0.0, 2e-8], &mut advantages);
        // A deviation of 1.41e-8, and 1e-8 against division by zero.
        assert!((advantages[1] - 0.4142).abs() < 1e-4, "{advantages:?}");
        assert_eq!(advantages[0], -advantages[1]);
    }
}

//! The statistics of a few runs: interquartile mean, median, probability of improvement, performance
//! profile, and their bootstrap intervals.

mod improvement;
mod profile;
mod quantile;

use rl_core::Stream;

pub use improvement::{improvement_interval, probability_of_improvement};
pub use profile::{profile_intervals, share_above};
use quantile::{percentiles, quantile_of_sorted};

/// Resamples of a bootstrap interval, as many as in Agarwal et al. 2021.
pub const RESAMPLES: usize = 50_000;

/// The interquartile mean (IQM): the mean of what is left without the lowest and the highest
/// `⌊n/4⌋` values (Agarwal et al. 2021, "Deep reinforcement learning at the edge of the
/// statistical precipice").
///
/// This is `scipy.stats.trim_mean(values, 0.25)`, which `rliable.metrics.aggregate_iqm` calls:
/// whole values are left out, none in part. Fewer than four values give the plain mean, none NaN.
pub fn interquartile_mean(values: &[f64]) -> f64 {
    iqm_of_sorted(&sorted(values))
}

fn iqm_of_sorted(sorted: &[f64]) -> f64 {
    let cut = sorted.len() / 4;
    let middle = &sorted[cut..sorted.len() - cut];
    middle.iter().sum::<f64>() / middle.len() as f64
}

/// The 95 % percentile-bootstrap interval of the interquartile mean, or `None` for fewer than two
/// values, which say nothing of how much others would differ.
///
/// Runs are drawn with replacement, as often as there are, `resamples` times. This is rliable's
/// `get_interval_estimates` for one environment: its strata are environments.
pub fn bootstrap_interval(
    values: &[f64],
    resamples: usize,
    stream: &mut Stream,
) -> Option<[f64; 2]> {
    if values.len() < 2 || resamples == 0 {
        return None;
    }
    let mut resample = vec![0.0; values.len()];
    let iqms = (0..resamples).map(|_| {
        resample.fill_with(|| values[stream.below(values.len())]);
        resample.sort_unstable_by(f64::total_cmp);
        iqm_of_sorted(&resample)
    });
    Some(percentiles(iqms.collect()))
}

/// The median: of an even number of values the mean of the two in the middle, of none NaN.
pub fn median(values: &[f64]) -> f64 {
    quantile_of_sorted(&sorted(values), 0.5)
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;

    #[test]
    fn the_interquartile_mean_leaves_out_a_quarter_rounded_down_on_each_side() {
        for (values, iqm) in [
            (vec![7.0], 7.0),
            (vec![1.0, 2.0], 1.5),
            (vec![9.0, 1.0, 2.0], 4.0),
            // One of four or five on each side, two of ten.
            (vec![100.0, 1.0, 3.0, -50.0], 2.0),
            (vec![16.0, 2.0, 8.0, 1.0, 4.0], 14.0 / 3.0),
            ((0..10).map(|x| f64::from(x * x)).collect(), 139.0 / 6.0),
        ] {
            assert_eq!(interquartile_mean(&values), iqm, "{values:?}");
        }
        assert!(interquartile_mean(&[]).is_nan());
    }

    #[test]
    fn the_median_of_an_even_number_lies_between_the_two_in_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 10.0]), 3.0);
        assert_eq!(median(&[5.0]), 5.0);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn an_interval_needs_two_runs_and_repeats_with_its_stream() {
        let interval =
            |values: &[f64], seed| bootstrap_interval(values, 1000, &mut Stream::from_seed(seed));
        assert_eq!(interval(&[], 0), None);
        assert_eq!(interval(&[1.0], 0), None);
        assert_eq!(interval(&[2.0, 2.0], 0), Some([2.0, 2.0]));
        let values = [1.0, 2.0, 4.0, 8.0, 16.0];
        assert_eq!(interval(&values, 1), interval(&values, 1));
    }

    /// Point of a statistic, and the ranges that the bounds of its interval lie in.
    #[derive(serde::Deserialize)]
    struct Answer {
        point: f64,
        low: [f64; 2],
        high: [f64; 2],
    }

    impl Answer {
        #[track_caller]
        fn compare(&self, point: f64, interval: [f64; 2]) {
            assert!(
                (point - self.point).abs() <= 1e-12 * self.point.abs().max(1.0),
                "{point}, not {}",
                self.point
            );
            for (bound, [least, most]) in interval.into_iter().zip([self.low, self.high]) {
                let is_within = (least - 1e-9..=most + 1e-9).contains(&bound);
                assert!(is_within, "{bound}, not within {least} and {most}");
            }
        }
    }

    #[derive(serde::Deserialize)]
    struct Group {
        scores: Vec<f64>,
        iqm: Answer,
        thresholds: Vec<f64>,
        profile: Vec<Answer>,
    }

    #[derive(serde::Deserialize)]
    struct Pair {
        x: Vec<f64>,
        y: Vec<f64>,
        improvement: Answer,
    }

    #[derive(serde::Deserialize)]
    struct Answers {
        groups: Vec<Group>,
        pairs: Vec<Pair>,
    }

    /// `tests/python/rliable_scores.py` made the answers, and says how its ranges follow from a confidence of
    /// 99.9 %.
    #[test]
    fn points_and_intervals_are_rliables() {
        let text = include_str!("../tests/data/rliable.json");
        let answers: Answers = serde_json::from_str(text).unwrap();
        assert_eq!((answers.groups.len(), answers.pairs.len()), (6, 4));
        let stream = &mut Stream::from_seed(0);
        for Group {
            scores,
            iqm,
            thresholds,
            profile,
        } in &answers.groups
        {
            let interval = bootstrap_interval(scores, RESAMPLES, stream).unwrap();
            iqm.compare(interquartile_mean(scores), interval);
            let intervals = profile_intervals(scores, thresholds, RESAMPLES, stream).unwrap();
            for ((answer, interval), &threshold) in profile.iter().zip(intervals).zip(thresholds) {
                answer.compare(share_above(scores, threshold), interval);
            }
        }
        for Pair { x, y, improvement } in &answers.pairs {
            let interval = improvement_interval(x, y, RESAMPLES, stream).unwrap();
            improvement.compare(probability_of_improvement(x, y), interval);
        }
    }

    #[test]
    fn the_interval_nears_that_of_all_resamples() {
        let values = [1.0, 2.0, 4.0, 8.0, 16.0];
        let mut all: Vec<f64> = (0..5_usize.pow(5))
            .map(|code| {
                let draw = |i| values[code / 5_usize.pow(i) % 5];
                interquartile_mean(&[draw(0), draw(1), draw(2), draw(3), draw(4)])
            })
            .collect();
        all.sort_by(f64::total_cmp);
        let [low, high] =
            bootstrap_interval(&values, RESAMPLES, &mut Stream::from_seed(0)).unwrap();
        // The share below a bound is binomial: 99.9 % lie within 3.3 √(0.025 · 0.975 / 50000).
        let tolerance = 0.0024;
        let share = |bound: f64, below: fn(&f64, &f64) -> bool| {
            all.iter().filter(|iqm| below(iqm, &bound)).count() as f64 / all.len() as f64
        };
        for (bound, share_) in [(low, 0.025), (high, 0.975)] {
            assert!(share(bound, |iqm, bound| iqm < bound) <= share_ + tolerance);
            assert!(share(bound, |iqm, bound| iqm <= bound) >= share_ - tolerance);
        }
    }

    #[test]
    fn the_interval_covers_the_true_value_nearly_as_often_as_promised() {
        const REPETITIONS: usize = 400;
        let mut stream = Stream::from_seed(3);
        let covered = (0..REPETITIONS)
            .filter(|_| {
                // Standard normal, by Box and Muller.
                let values: [f64; 10] = std::array::from_fn(|_| {
                    let radius = (-2.0 * (1.0 - stream.next_f64()).ln()).sqrt();
                    radius * (TAU * stream.next_f64()).cos()
                });
                // The mean of a symmetric distribution is its interquartile mean.
                bootstrap_interval(&values, 2000, &mut stream)
                    .is_some_and(|[low, high]| low <= 0.0 && 0.0 <= high)
            })
            .count();
        let share = covered as f64 / REPETITIONS as f64;
        assert!((0.90..=0.98).contains(&share), "{share}");
    }
}

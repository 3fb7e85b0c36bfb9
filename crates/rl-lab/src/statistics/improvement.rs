//! The probability that a run of one group is better than a run of another.

use rl_core::Stream;

use super::quantile::percentiles;

/// The probability of improvement (Agarwal et al. 2021, section 4.3): the share of all pairs of a score of
/// `x` and one of `y` in which that of `x` is higher, ties counting half. This is Mann and Whitney's U
/// over the number of pairs, `rliable.metrics.probability_of_improvement` of one environment. NaN for no pairs.
pub fn probability_of_improvement(x: &[f64], y: &[f64]) -> f64 {
    let halves: u64 = x
        .iter()
        .flat_map(|&x| y.iter().map(move |&y| halves(x, y)))
        .sum();
    halves as f64 / (2 * x.len() * y.len()) as f64
}

/// Halves of a win of `x` over `y`: 2 for more, 1 for as much, 0 for less.
fn halves(x: f64, y: f64) -> u64 {
    match x.total_cmp(&y) {
        _ if x == y => 1,
        std::cmp::Ordering::Greater => 2,
        _ => 0,
    }
}

/// The 95 % percentile-bootstrap interval of the probability of improvement, both groups drawn anew with
/// replacement, or `None` where one has fewer than two scores.
pub fn improvement_interval(
    x: &[f64],
    y: &[f64],
    resamples: usize,
    stream: &mut Stream,
) -> Option<[f64; 2]> {
    if x.len() < 2 || y.len() < 2 || resamples == 0 {
        return None;
    }
    let pairs: Vec<Vec<u64>> = x
        .iter()
        .map(|&x| y.iter().map(|&y| halves(x, y)).collect())
        .collect();
    let mut columns = vec![0; y.len()];
    let drawn = (0..resamples).map(|_| {
        columns.fill_with(|| stream.below(y.len()));
        let mut sum = 0;
        for _ in x {
            let row = &pairs[stream.below(x.len())];
            sum += columns.iter().map(|&column| row[column]).sum::<u64>();
        }
        sum as f64 / (2 * x.len() * y.len()) as f64
    });
    Some(percentiles(drawn.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wins_count_whole_and_ties_half() {
        assert_eq!(
            probability_of_improvement(&[1.0, 2.0], &[0.0, 2.0]),
            2.5 / 4.0
        );
        assert_eq!(probability_of_improvement(&[1.0], &[2.0]), 0.0);
        assert_eq!(probability_of_improvement(&[3.0, 3.0], &[3.0]), 0.5);
        assert!(probability_of_improvement(&[], &[1.0]).is_nan());
    }

    #[test]
    fn an_interval_needs_two_scores_on_both_sides() {
        let interval =
            |x: &[f64], y: &[f64]| improvement_interval(x, y, 1000, &mut Stream::from_seed(0));
        assert_eq!(interval(&[1.0], &[0.0, 2.0]), None);
        assert_eq!(interval(&[1.0, 2.0], &[0.0]), None);
        assert_eq!(interval(&[5.0, 6.0], &[1.0, 2.0]), Some([1.0, 1.0]));
    }
}

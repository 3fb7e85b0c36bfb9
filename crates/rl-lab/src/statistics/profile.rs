//! Performance profiles: the share of runs above each threshold.

use rl_core::Stream;

use super::quantile::percentiles;

/// The share of scores above a threshold; NaN for no scores.
pub fn share_above(scores: &[f64], threshold: f64) -> f64 {
    let above = scores.iter().filter(|&&score| score > threshold).count();
    above as f64 / scores.len() as f64
}

/// The 95 % percentile-bootstrap intervals of the shares above some thresholds (Agarwal et al. 2021, section
/// 4.2; `rliable.library.create_performance_profile` of one environment), or `None` for fewer than two scores.
pub fn profile_intervals(
    scores: &[f64],
    thresholds: &[f64],
    resamples: usize,
    stream: &mut Stream,
) -> Option<Vec<[f64; 2]>> {
    if scores.len() < 2 || resamples == 0 {
        return None;
    }
    let mut shares = vec![Vec::with_capacity(resamples); thresholds.len()];
    let mut resample = vec![0.0; scores.len()];
    for _ in 0..resamples {
        resample.fill_with(|| scores[stream.below(scores.len())]);
        resample.sort_unstable_by(f64::total_cmp);
        for (shares, &threshold) in shares.iter_mut().zip(thresholds) {
            let up_to = resample.partition_point(|&score| score <= threshold);
            shares.push(1.0 - up_to as f64 / scores.len() as f64);
        }
    }
    Some(shares.into_iter().map(percentiles).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_at_the_threshold_is_not_above_it() {
        assert_eq!(share_above(&[1.0, 2.0, 3.0, 4.0], 2.0), 0.5);
        let certain = profile_intervals(&[5.0, 5.0], &[5.0, 4.0], 10, &mut Stream::from_seed(0));
        assert_eq!(certain, Some(vec![[0.0; 2], [1.0; 2]]));
        assert_eq!(
            profile_intervals(&[5.0], &[1.0], 10, &mut Stream::from_seed(0)),
            None
        );
    }
}

//! Running moments: mean and variance of the vectors so far.

use serde::{Deserialize, Serialize};

/// Count, mean and variance per dimension of a sequence of vectors, in `f64`.
///
/// Two of them merge into the moments of both sequences together (Chan, Golub & LeVeque 1983,
/// "Algorithms for computing the sample variance", eq. 2.1), so that each environment can count its
/// own observations and the moments are merged afterwards.
///
/// ```
/// use rl_core::RunningMoments;
/// let mut moments = RunningMoments::new(1);
/// for x in [1.0_f32, 2.0, 6.0] {
///     moments.update(&[x]);
/// }
/// assert_eq!((moments.mean()[0], moments.count()), (3.0, 3.0));
/// assert!((moments.variance()[0] - 14.0 / 3.0).abs() < 1e-12);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "UncheckedMoments")]
pub struct RunningMoments {
    count: f64,
    mean: Vec<f64>,
    variance: Vec<f64>,
}

/// Error for numbers that are not moments of any sequence.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum MomentsError {
    /// Means and variances of different lengths.
    #[error("moments need as many variances as means, not {mean} means and {variance} variances")]
    Lengths {
        /// Number of means.
        mean: usize,
        /// Number of variances.
        variance: usize,
    },
    /// A count that is negative, NaN or infinite.
    #[error("the count of moments is finite and at least 0, not {0}")]
    Count(f64),
    /// A mean or a variance that no sequence can have.
    #[error(
        "dimension {dimension} has mean {mean} and variance {variance}; both must be finite, the \
         variance at least 0"
    )]
    Value {
        /// Index of the dimension.
        dimension: usize,
        /// Its mean.
        mean: f64,
        /// Its variance.
        variance: f64,
    },
}

#[derive(Deserialize)]
struct UncheckedMoments {
    count: f64,
    mean: Vec<f64>,
    variance: Vec<f64>,
}

impl TryFrom<UncheckedMoments> for RunningMoments {
    type Error = MomentsError;
    fn try_from(moments: UncheckedMoments) -> Result<Self, MomentsError> {
        Self::from_parts(moments.count, moments.mean, moments.variance)
    }
}

/// Number added to a variance, against division by zero (Gymnasium's epsilon).
const EPSILON: f64 = 1e-8;

impl RunningMoments {
    /// Greatest absolute value of a normalised number (Stable-Baselines3's `clip_obs`).
    pub const CLIP: f32 = 10.0;

    /// The moments of an empty sequence of vectors `[dim]`: mean 0 and variance 1 by convention,
    /// with a count of 0, so that the first vector replaces them.
    pub fn new(dim: usize) -> Self {
        Self {
            count: 0.0,
            mean: vec![0.0; dim],
            variance: vec![1.0; dim],
        }
    }

    /// Prior moments of mean 0 and variance 1, `[dim]` each, as if of `count` vectors. The count
    /// need not be an integer: a small one makes a weak prior.
    ///
    /// # Panics
    /// Unless `count` is finite and at least 0.
    pub fn with_prior(dim: usize, count: f64) -> Self {
        assert!(count.is_finite() && count >= 0.0, "a count of {count}");
        Self {
            count,
            ..Self::new(dim)
        }
    }

    /// Moments with a given `mean` and `variance`, `[dim]` each, as if of `count` vectors. The
    /// count need not be an integer: a small one makes a weak prior.
    ///
    /// # Errors
    /// [`MomentsError`].
    pub fn from_parts(
        count: f64,
        mean: Vec<f64>,
        variance: Vec<f64>,
    ) -> Result<Self, MomentsError> {
        if mean.len() != variance.len() {
            return Err(MomentsError::Lengths {
                mean: mean.len(),
                variance: variance.len(),
            });
        }
        if !count.is_finite() || count < 0.0 {
            return Err(MomentsError::Count(count));
        }
        for (dimension, (&mean, &variance)) in mean.iter().zip(&variance).enumerate() {
            if !mean.is_finite() || !variance.is_finite() || variance < 0.0 {
                return Err(MomentsError::Value {
                    dimension,
                    mean,
                    variance,
                });
            }
        }
        Ok(Self {
            count,
            mean,
            variance,
        })
    }

    /// Number of dimensions.
    pub fn dim(&self) -> usize {
        self.mean.len()
    }

    /// Number of vectors so far, plus the count of the prior if there was one.
    pub fn count(&self) -> f64 {
        self.count
    }

    /// The mean, `[dim]`.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// The variance, `[dim]`: the mean squared deviation, divided by the count and not by the count
    /// minus 1.
    pub fn variance(&self) -> &[f64] {
        &self.variance
    }

    /// Adds a vector, `[dim]`. One with a number that is not finite is left out: a single NaN would
    /// stay in the moments for good.
    ///
    /// # Panics
    /// If `x` is not `[dim]`.
    pub fn update<T: Copy + Into<f64>>(&mut self, x: &[T]) {
        assert_eq!(
            x.len(),
            self.dim(),
            "moments are updated by their dimensions"
        );
        if x.iter().all(|&x| x.into().is_finite()) {
            self.add(1.0, x.iter().map(|&x| (x.into(), 0.0)));
        }
    }

    /// Adds all vectors of the other moments.
    ///
    /// # Panics
    /// If `other` has another number of dimensions.
    pub fn merge(&mut self, other: &Self) {
        assert_eq!(
            other.dim(),
            self.dim(),
            "moments merge dimension by dimension"
        );
        if other.count > 0.0 {
            let parts = other
                .mean
                .iter()
                .copied()
                .zip(other.variance.iter().copied());
            self.add(other.count, parts);
        }
    }

    /// The standard deviation of a dimension, `√(variance + 1e-8)`, which is never 0.
    pub fn deviation(&self, dimension: usize) -> f64 {
        (self.variance[dimension] + EPSILON).sqrt()
    }

    /// Normalises a vector, `[dim]`, in place: `x ↦ clip((x − mean) / √(variance + 1e-8), ±10)`.
    /// NaN stays NaN.
    pub fn normalize(&self, x: &mut [f32]) {
        for (d, x) in x.iter_mut().enumerate().take(self.dim()) {
            let normalized = (f64::from(*x) - self.mean[d]) / self.deviation(d);
            *x = (normalized as f32).clamp(-Self::CLIP, Self::CLIP);
        }
    }

    /// A copy with mean and variance rounded to `f32` and a count of 0, as a policy's file holds
    /// it.
    #[must_use]
    pub fn frozen(&self) -> Self {
        let round = |xs: &[f64]| xs.iter().map(|&x| f64::from(x as f32)).collect();
        Self {
            count: 0.0,
            mean: round(&self.mean),
            variance: round(&self.variance),
        }
    }

    /// Removes all vectors, as after [`new`](Self::new).
    pub fn clear(&mut self) {
        self.count = 0.0;
        self.mean.fill(0.0);
        self.variance.fill(1.0);
    }

    /// Adds `count` vectors whose mean and variance per dimension are `parts`.
    fn add(&mut self, count: f64, parts: impl Iterator<Item = (f64, f64)>) {
        let total = self.count + count;
        let (ours, theirs) = (self.count / total, count / total);
        let moments = self.mean.iter_mut().zip(&mut self.variance);
        for ((mean, variance), (other_mean, other_variance)) in moments.zip(parts) {
            let delta = other_mean - *mean;
            *mean += delta * theirs;
            *variance = *variance * ours + other_variance * theirs + delta * delta * ours * theirs;
        }
        self.count = total;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Stream;

    /// Rows far from zero, where the textbook `E[x²] − E[x]²` would lose every digit.
    fn rows(n: usize) -> Vec<[f64; 2]> {
        let mut rng = Stream::from_seed(3);
        let mut row = || [rng.uniform(-1.0, 1.0), 1e6 + rng.uniform(0.0, 1e-3)];
        (0..n).map(|_| row()).collect()
    }

    fn of(rows: &[[f64; 2]]) -> RunningMoments {
        let mut moments = RunningMoments::new(2);
        rows.iter().for_each(|row| moments.update(row));
        moments
    }

    fn assert_close(a: &RunningMoments, b: &RunningMoments) {
        assert_eq!(a.count(), b.count());
        for d in 0..a.dim() {
            let (mean, variance) = (a.mean()[d] - b.mean()[d], a.variance()[d] - b.variance()[d]);
            // A mean near 1e6 is rounded by 1e-10, and the variance beside it is only 8e-8.
            assert!(mean.abs() <= 1e-14 * a.mean()[d].abs(), "{a:?} {b:?}");
            assert!(variance.abs() < 1e-5 * a.variance()[d], "{a:?} {b:?}");
        }
    }

    #[test]
    fn normalising_shifts_scales_and_clips() {
        let moments = RunningMoments::from_parts(5.0, vec![1.0, 2.0], vec![4.0, 0.0]).unwrap();
        let mut x = [5.0, 2.0];
        moments.normalize(&mut x);
        assert_eq!(x, [2.0, 0.0]);
        let mut x = [-1e9, f32::NAN];
        moments.normalize(&mut x);
        assert!(x[0] == -10.0 && x[1].is_nan());
    }

    #[test]
    fn frozen_moments_are_those_of_single_precision() {
        let moments = RunningMoments::from_parts(5.0, vec![0.1], vec![0.3]).unwrap();
        let frozen = moments.frozen();
        assert_eq!(frozen.mean(), [f64::from(0.1_f32)]);
        assert_eq!(frozen.variance(), [f64::from(0.3_f32)]);
        assert_eq!((frozen.count(), frozen.frozen()), (0.0, frozen));
    }

    #[test]
    fn updates_one_by_one_give_the_two_pass_mean_and_variance() {
        let rows = rows(1000);
        let n = rows.len() as f64;
        let mean: Vec<f64> = (0..2)
            .map(|d| rows.iter().map(|row| row[d]).sum::<f64>() / n)
            .collect();
        let variance = (0..2)
            .map(|d| {
                rows.iter()
                    .map(|row| (row[d] - mean[d]).powi(2))
                    .sum::<f64>()
                    / n
            })
            .collect();
        let two_pass = RunningMoments::from_parts(n, mean, variance).unwrap();
        assert_close(&of(&rows), &two_pass);
    }

    #[test]
    fn merging_is_associative_and_equals_one_sequence() {
        let rows = rows(1000);
        let [a, b, c] = [&rows[..10], &rows[10..400], &rows[400..]].map(of);
        let mut left = a.clone();
        left.merge(&b);
        left.merge(&c);
        let mut right_tail = b;
        right_tail.merge(&c);
        let mut right = a;
        right.merge(&right_tail);
        assert_close(&left, &right);
        assert_close(&left, &of(&rows));
    }

    #[test]
    fn moments_of_nothing_are_neutral() {
        let some = of(&rows(7));
        let mut merged = some.clone();
        merged.merge(&RunningMoments::new(2));
        assert_eq!(merged, some);
        let mut merged = RunningMoments::new(2);
        merged.merge(&some);
        assert_eq!(merged, some);
        merged.merge(&some);
        merged.clear();
        assert_eq!(merged, RunningMoments::new(2));
    }

    #[test]
    fn a_constant_has_no_variance() {
        let mut moments = RunningMoments::new(1);
        (0..1000).for_each(|_| moments.update(&[0.1_f32]));
        assert_eq!(
            (moments.mean()[0], moments.variance()[0]),
            (0.1_f32.into(), 0.0)
        );
    }

    #[test]
    fn a_vector_that_is_not_finite_is_left_out() {
        let mut moments = of(&rows(5));
        for x in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            moments.update(&[0.0, x]);
        }
        assert_eq!(moments, of(&rows(5)));
    }

    #[test]
    fn impossible_moments_are_refused_also_when_read_from_a_file() {
        let refused = |count, mean: &[f64], variance: &[f64]| {
            let parts = RunningMoments::from_parts(count, mean.to_vec(), variance.to_vec());
            parts.unwrap_err().to_string()
        };
        assert_eq!(
            refused(1.0, &[0.0], &[]),
            "moments need as many variances as means, not 1 means and 0 variances"
        );
        assert_eq!(
            refused(f64::NAN, &[0.0], &[1.0]),
            "the count of moments is finite and at least 0, not NaN"
        );
        assert_eq!(
            refused(1.0, &[0.0, 0.0], &[1.0, -1.0]),
            "dimension 1 has mean 0 and variance -1; both must be finite, the variance at least 0"
        );
        let text = r#"{"count":1.0,"mean":[0.0],"variance":[-1.0]}"#;
        assert!(serde_json::from_str::<RunningMoments>(text).is_err());
    }

    #[test]
    fn moments_survive_serialisation() {
        let moments = RunningMoments::from_parts(3.0, vec![0.5, -8.0], vec![0.0, 0.25]).unwrap();
        let text = serde_json::to_string(&moments).unwrap();
        assert_eq!(
            serde_json::from_str::<RunningMoments>(&text).unwrap(),
            moments
        );
    }

    #[test]
    fn prior_moments_weigh_as_much_as_their_count() {
        let mut moments = RunningMoments::with_prior(1, 2.0);
        moments.update(&[3.0]);
        assert_eq!(moments.count(), 3.0);
        assert_eq!(moments.mean(), [1.0]);
        // Squares about the mean: 2 of the prior, and 6 that the mean moved by.
        assert!((moments.variance()[0] - 8.0 / 3.0).abs() < 1e-15);
    }
}

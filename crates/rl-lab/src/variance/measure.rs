//! Measurement from batches to rows, the same in every setting.

use std::time::Instant;

use super::estimators::{Behavior, ESTIMATORS, Estimator, Theory};
use super::experience::Batch;
use super::statistics::{Interval, length_of_mean, mean, squared_norm, total_variance};
use super::{VarianceError, VarianceRow, VarianceSetting};

/// A fixed policy in an environment.
pub struct Measured<G> {
    pub setting: VarianceSetting,
    /// Batches that the policy played.
    pub on_policy: Vec<Batch>,
    /// As many that another one played.
    pub off_policy: Vec<Batch>,
    /// The gradient, `[parameters]`, if it is known; then so are the values.
    pub exact: Option<Vec<f64>>,
    /// `1/n Σ ∇ ln π(aₜ|oₜ) wₜ` over the steps of a batch of `n` episodes, `[parameters]`, for the
    /// weights `w`, `[steps]`.
    pub gradient: G,
}

impl<G: FnMut(&Batch, &[f32]) -> Result<Vec<f64>, VarianceError>> Measured<G> {
    /// A row for every estimator.
    pub fn rows(mut self) -> Result<Vec<VarianceRow>, VarianceError> {
        let (references, squared_length) = match &self.exact {
            Some(exact) => (vec![exact.clone()], squared_norm(exact)),
            None => self.means_of_unbiased()?,
        };
        let mut rows: Vec<VarianceRow> = Vec::with_capacity(ESTIMATORS.len());
        for estimator in &ESTIMATORS {
            let (mut gradients, ns_per_step) = self.gradients(estimator)?;
            let variance = total_variance(&gradients);
            let own = squared_length_of_mean(&gradients, &variance);
            // Batch by batch, what the two have in common cancels.
            for (gradient, reference) in gradients.iter_mut().zip(references.iter().cycle()) {
                gradient
                    .iter_mut()
                    .zip(reference)
                    .for_each(|(x, r)| *x -= r);
            }
            let bias = relative(length_of_mean(&gradients), squared_length.sqrt());
            let noise_to_signal = variance.estimate / own;
            let variance = relative(variance, squared_length);
            let plainest = rows.first().map_or(variance.estimate, |row| row.variance);
            rows.push(VarianceRow {
                env: self.setting,
                estimator: estimator.name,
                baseline: estimator.baseline,
                theory: estimator.theory(self.exact.is_some()),
                bias: bias.estimate,
                bias_half_width: bias.half_width,
                variance: variance.estimate,
                variance_half_width: variance.half_width,
                ratio: variance.estimate / plainest,
                noise_to_signal,
                ns_per_step,
            });
        }
        Ok(rows)
    }

    /// The gradients of the batches, and the nanoseconds per step that their weights take: the
    /// median over batches, which what else the machine does hardly moves.
    fn gradients(&mut self, estimator: &Estimator) -> Result<(Vec<Vec<f64>>, f64), VarianceError> {
        let Self {
            on_policy,
            off_policy,
            gradient,
            ..
        } = self;
        let batches = match estimator.behavior {
            Behavior::OnPolicy => on_policy,
            Behavior::OffPolicy => off_policy,
        };
        let mut gradients = Vec::with_capacity(batches.len());
        let mut times = Vec::with_capacity(batches.len());
        for batch in &*batches {
            let start = Instant::now();
            let weights = (estimator.weights)(batch);
            times.push(1e9 * start.elapsed().as_secs_f64() / weights.len() as f64);
            gradients.push(gradient(batch, &weights)?);
        }
        times.sort_by(f64::total_cmp);
        let median = times.get(times.len() / 2).copied();
        Ok((gradients, median.unwrap_or(f64::NAN)))
    }

    /// For each batch the mean of the unbiased on-policy estimators, and the squared length of
    /// what they estimate.
    fn means_of_unbiased(&mut self) -> Result<(Vec<Vec<f64>>, f64), VarianceError> {
        let unbiased: Vec<_> = ESTIMATORS
            .iter()
            .filter(|e| e.theory(false) == Theory::Unbiased && e.behavior == Behavior::OnPolicy)
            .collect();
        let mut means: Vec<Vec<f64>> = Vec::new();
        for estimator in &unbiased {
            let (gradients, _) = self.gradients(estimator)?;
            if means.is_empty() {
                means = gradients;
                continue;
            }
            for (sum, gradient) in means.iter_mut().zip(gradients) {
                sum.iter_mut().zip(gradient).for_each(|(sum, x)| *sum += x);
            }
        }
        let n = unbiased.len() as f64;
        means.iter_mut().flatten().for_each(|sum| *sum /= n);
        let noise = total_variance(&means).estimate / means.len() as f64;
        let length = squared_norm(&mean(&means));
        // Of too few batches nothing but noise can be left.
        let squared_length = if length > noise {
            length - noise
        } else {
            length
        };
        Ok((means, squared_length))
    }
}

/// The squared length of the expectation of rows with a total variance: what noise adds to that of
/// their mean is taken off, unless they are so few that nothing else is there.
fn squared_length_of_mean(rows: &[Vec<f64>], variance: &Interval) -> f64 {
    let noise = variance.estimate / rows.len() as f64;
    let length = squared_norm(&mean(rows));
    if length > noise {
        length - noise
    } else {
        length
    }
}

fn relative(interval: Interval, unit: f64) -> Interval {
    Interval {
        estimate: interval.estimate / unit,
        half_width: interval.half_width / unit,
    }
}

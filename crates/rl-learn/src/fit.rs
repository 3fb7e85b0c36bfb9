//! Epochs of minibatches over one batch of experience.

use rl_core::{Reduce, Stream};

use crate::measurements::Tally;
use crate::{Batch, FitReport, Learner, Samples, Term, UpdateError};

/// Plan of a fit: the passes over the samples, and the pieces that they are learned in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    /// Number of passes over the samples.
    pub epochs: usize,
    /// Number of samples per optimizer step, the last of an epoch having the rest.
    pub minibatch_size: usize,
    /// Step size.
    pub learning_rate: f64,
    /// Normalisation of the advantages of each minibatch to mean 0 and deviation 1.
    pub normalize_advantages: bool,
    /// Mean approximate divergence of an epoch beyond which no other one starts.
    pub max_kl: Option<f64>,
}

impl Plan {
    /// One step on all samples.
    pub fn whole(learning_rate: f64) -> Self {
        Self {
            epochs: 1,
            minibatch_size: usize::MAX,
            learning_rate,
            normalize_advantages: false,
            max_kl: None,
        }
    }
}

/// Takes an optimizer step down the gradient of the loss `Σ c · term` for each minibatch of the
/// plan.
///
/// Every epoch goes through the samples in an order drawn from `shuffling`, or in their own without
/// it. Gradients are averaged over the processes of `reduce` before they are clipped, and so is the
/// divergence that ends a fit: all processes take the same steps.
///
/// ```
/// use rl_core::{SingleProcess, Space, Stream};
/// use rl_learn::{OptimizerConfig, Plan, Samples, Surrogate, fit};
/// use rl_nets::{Device, Networks, PolicyConfig};
///
/// let policy = PolicyConfig::new(1, &Space::discrete(2)).draw(&mut Stream::from_seed(0));
/// let mut learner = OptimizerConfig::adam(0.1).init(Networks::policy(policy), &Device::flex())?;
/// // Action 0 was better than expected, action 1 worse.
/// let samples = Samples {
///     observations: &[1.0, 1.0],
///     actions: &[0.0, 1.0],
///     advantages: &[1.0, -1.0],
///     ..Samples::default()
/// };
/// let plan = Plan { epochs: 10, ..Plan::whole(0.1) };
/// let terms: &[&dyn rl_learn::Term] = &[&Surrogate::LogProb];
/// let report = fit(learner.as_mut(), &samples, terms, &plan, None, &SingleProcess)?;
/// assert_eq!(report.steps, 10);
/// let mut log_probs = [0.0; 2];
/// learner.evaluate(samples.observations, samples.actions, &mut log_probs, &mut [])?;
/// assert!(log_probs[0] > log_probs[1]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`UpdateError`]; parameters may have moved before it.
pub fn fit(
    learner: &mut dyn Learner,
    samples: &Samples<'_>,
    terms: &[&dyn Term],
    plan: &Plan,
    mut shuffling: Option<&mut Stream>,
    reduce: &dyn Reduce,
) -> Result<FitReport, UpdateError> {
    let steps = samples.steps(learner.networks().observation_dim());
    let size = plan.minibatch_size.min(steps);
    if size == 0 || plan.epochs == 0 {
        return Err(UpdateError::NoExperience);
    }
    let mut tally = Tally::new(steps.div_ceil(size));
    // Orders are drawn a session at a time: a fit may end long before its last epoch.
    let most = if shuffling.is_some() {
        (MOST_ROWS / steps).max(1)
    } else {
        plan.epochs
    };
    let (mut order, mut epoch, mut over) = (Vec::new(), 0, false);
    while epoch < plan.epochs && !over {
        let epochs = most.min(plan.epochs - epoch);
        if let Some(rng) = shuffling.as_deref_mut() {
            permutations(steps, epochs, rng, &mut order);
        }
        let batch = Batch {
            samples: *samples,
            terms,
            order: &order,
            minibatch_size: size,
            epochs,
        };
        let first_epoch = epoch;
        let rest = learner.session(&batch, &mut |session| {
            while epoch < first_epoch + epochs && !over {
                let first = match order.len() {
                    0 => 0,
                    _ => (epoch - first_epoch) * steps,
                };
                for start in (0..steps).step_by(size) {
                    let rows = first + start..first + (start + size).min(steps);
                    session.gradient(rows, plan.normalize_advantages)?;
                    if reduce.ranks() > 1 {
                        session.exchange(&mut |gradient| reduced(reduce.mean_f32(gradient)))?;
                    }
                    session.step(plan.learning_rate)?;
                }
                epoch += 1;
                if let Some(max_kl) = plan.max_kl
                    && epoch < plan.epochs
                {
                    let measured = session.measurements()?;
                    measured.iter().for_each(|measured| tally.add(measured));
                    over = mean_over_ranks(tally.epoch_kl(), reduce)? > max_kl;
                }
            }
            Ok(())
        })?;
        rest.iter().for_each(|measured| tally.add(measured));
    }
    let mut report = tally.report(terms);
    if samples.log_probs.is_empty() {
        report.approx_kl = f64::NAN;
    }
    Ok(report)
}

/// Rows whose order is drawn at once, unless an epoch has more.
const MOST_ROWS: usize = 1 << 20;

/// Writes a permutation of the rows for each epoch, one after the other (Fisher-Yates).
fn permutations(rows: usize, epochs: usize, rng: &mut Stream, order: &mut Vec<u32>) {
    order.clear();
    for _ in 0..epochs {
        let start = order.len();
        order.extend(0..rows as u32);
        let epoch = &mut order[start..];
        for i in (1..rows).rev() {
            epoch.swap(i, rng.below(i + 1));
        }
    }
}

/// The mean of a number over the processes.
fn mean_over_ranks(number: f64, reduce: &dyn Reduce) -> Result<f64, UpdateError> {
    if reduce.ranks() == 1 {
        return Ok(number);
    }
    let mut sum = [number];
    reduced(reduce.sum_f64(&mut sum))?;
    Ok(sum[0] / reduce.ranks() as f64)
}

fn reduced(result: Result<(), rl_core::BoxError>) -> Result<(), UpdateError> {
    result.map_err(|error| UpdateError::Reduce(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_permutation_of_an_epoch_is_as_likely() {
        let mut rng = Stream::from_seed(0);
        let mut counts = std::collections::BTreeMap::new();
        let (epochs, mut order) = (6_000, Vec::new());
        permutations(3, epochs, &mut rng, &mut order);
        for epoch in order.chunks_exact(3) {
            *counts.entry(epoch.to_vec()).or_insert(0.0) += 1.0;
        }
        let expected = epochs as f64 / 6.0;
        let squares = counts
            .values()
            .map(|n: &f64| (n - expected).powi(2) / expected);
        // χ² with 5 degrees of freedom: 20.5 at 99.9 %.
        assert_eq!(counts.len(), 6);
        assert!(squares.sum::<f64>() < 20.5, "{counts:?}");
    }
}

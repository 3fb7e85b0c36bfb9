//! Measurements of gradients and of whole fits.

use rl_core::Metrics;

use crate::{Term, UpdateError};

/// Measurements of a minibatch's gradient, before its step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measurements {
    /// Each term of the loss without its coefficient, in their order.
    pub terms: Vec<f64>,
    /// `E[r - 1 - ln r]`, an estimate of `KL(old ‖ present)` that is never negative (Schulman
    /// 2020, "Approximating KL divergence", k3); 0 for samples without old log-probs.
    pub approx_kl: f64,
    /// Largest `|r - 1|` of an importance ratio; 0 for samples without old log-probs.
    pub ratio_error: f64,
    /// Global norm of the gradient, before clipping.
    pub grad_norm: f64,
}

impl Measurements {
    /// Refuses numbers that are not finite.
    pub(crate) fn check(&self, terms: &[&dyn Term]) -> Result<(), UpdateError> {
        let of_terms = terms.iter().map(|term| term.name()).zip(self.terms.iter());
        let mut named = of_terms.chain([
            ("approx_kl", &self.approx_kl),
            ("grad_norm", &self.grad_norm),
            ("largest change of a ratio", &self.ratio_error),
        ]);
        match named.find(|(_, value)| !value.is_finite()) {
            None => Ok(()),
            Some((quantity, &value)) => Err(UpdateError::NonFinite { quantity, value }),
        }
    }
}

/// Measurements of a fit: means over its gradients, each taken before its step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FitReport {
    /// Name of each term of the loss and its mean, without its coefficient.
    pub terms: Vec<(&'static str, f64)>,
    /// Mean `E[r - 1 - ln r]` of the last epoch, an estimate of `KL(old ‖ present)`; NaN for
    /// samples without old log-probs.
    pub approx_kl: f64,
    /// Global norm of the gradient before clipping.
    pub grad_norm: f64,
    /// Largest `|r - 1|` of the first minibatch, which is learned from before any step.
    pub first_ratio_error: f64,
    /// Number of optimizer steps.
    pub steps: usize,
    /// Number of epochs that were started.
    pub epochs: usize,
}

impl FitReport {
    /// The mean of the term with this name; `None` without such a term.
    pub fn term(&self, name: &str) -> Option<f64> {
        let mut terms = self.terms.iter();
        terms.find(|term| term.0 == name).map(|term| term.1)
    }

    /// The report of some gradients of a loss.
    pub fn of(measured: &[Measurements], terms: &[&dyn Term]) -> Self {
        let mut tally = Tally::new(measured.len());
        measured.iter().for_each(|measured| tally.add(measured));
        tally.report(terms)
    }

    /// Adds a share of the numbers of another report, as for a mean over several fits of one loss;
    /// steps and epochs are counted.
    pub fn add(&mut self, other: &Self, share: f64) {
        if self.terms.is_empty() {
            self.terms = other.terms.iter().map(|term| (term.0, 0.0)).collect();
        }
        for (mean, term) in self.terms.iter_mut().zip(&other.terms) {
            mean.1 += term.1 * share;
        }
        self.approx_kl += other.approx_kl * share;
        self.grad_norm += other.grad_norm * share;
        self.first_ratio_error = self.first_ratio_error.max(other.first_ratio_error);
        self.steps += other.steps;
        self.epochs += other.epochs;
    }

    /// Adds the terms by their names, then `approx_kl` if it was measured, and `grad_norm`.
    pub fn put(&self, metrics: &mut Metrics) {
        for &(name, value) in &self.terms {
            metrics.put(name, value);
        }
        if self.approx_kl.is_finite() {
            metrics.put("approx_kl", self.approx_kl);
        }
        metrics.put("grad_norm", self.grad_norm);
    }
}

/// Sums of the measurements of a fit.
#[derive(Debug)]
pub(crate) struct Tally {
    steps_per_epoch: usize,
    terms: Vec<f64>,
    grad_norm: f64,
    steps: usize,
    /// Of the last epoch.
    approx_kl: f64,
    first_ratio_error: f64,
}

impl Tally {
    pub fn new(steps_per_epoch: usize) -> Self {
        Self {
            steps_per_epoch: steps_per_epoch.max(1),
            terms: Vec::new(),
            grad_norm: 0.0,
            steps: 0,
            approx_kl: 0.0,
            first_ratio_error: 0.0,
        }
    }

    pub fn add(&mut self, measured: &Measurements) {
        if self.steps == 0 {
            self.first_ratio_error = measured.ratio_error;
        }
        if self.steps.is_multiple_of(self.steps_per_epoch) {
            self.approx_kl = 0.0;
        }
        self.terms.resize(measured.terms.len(), 0.0);
        for (sum, x) in self.terms.iter_mut().zip(&measured.terms) {
            *sum += x;
        }
        self.grad_norm += measured.grad_norm;
        self.approx_kl += measured.approx_kl;
        self.steps += 1;
    }

    /// Mean approximate divergence of the last epoch.
    pub fn epoch_kl(&self) -> f64 {
        let of_epoch = self.steps.saturating_sub(1) % self.steps_per_epoch + 1;
        self.approx_kl / of_epoch as f64
    }

    pub fn report(&self, terms: &[&dyn Term]) -> FitReport {
        let n = self.steps.max(1) as f64;
        let names = terms.iter().map(|term| term.name());
        FitReport {
            terms: names.zip(self.terms.iter().map(|sum| sum / n)).collect(),
            approx_kl: self.epoch_kl(),
            grad_norm: self.grad_norm / n,
            first_ratio_error: self.first_ratio_error,
            steps: self.steps,
            epochs: self.steps.div_ceil(self.steps_per_epoch),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EntropyBonus;

    fn measured(x: f64) -> Measurements {
        Measurements {
            terms: vec![x],
            approx_kl: 2.0 * x,
            grad_norm: 3.0 * x,
            ratio_error: 4.0 * x,
        }
    }

    #[test]
    fn a_report_of_gradients_has_their_means_and_the_first_ratio_error() {
        let term = EntropyBonus(0.1);
        let report = FitReport::of(&[measured(1.0), measured(3.0)], &[&term]);
        let expected = FitReport {
            terms: vec![(term.name(), 2.0)],
            approx_kl: 4.0,
            grad_norm: 6.0,
            first_ratio_error: 4.0,
            steps: 2,
            epochs: 1,
        };
        assert_eq!(report, expected);
        assert_eq!(report.term(term.name()), Some(2.0));
        assert_eq!(report.term("another"), None);
    }

    #[test]
    fn reports_add_up_by_their_shares() {
        let report = |x, steps, epochs| FitReport {
            terms: vec![("one", x), ("two", -x)],
            approx_kl: 2.0 * x,
            grad_norm: 3.0 * x,
            first_ratio_error: x,
            steps,
            epochs,
        };
        let mut mean = FitReport::default();
        mean.add(&report(4.0, 3, 2), 0.25);
        mean.add(&report(1.0, 5, 4), 0.75);
        let expected = FitReport {
            first_ratio_error: 4.0,
            ..report(1.75, 8, 6)
        };
        assert_eq!(mean, expected);
    }

    #[test]
    fn a_divergence_that_was_not_measured_is_no_metric() {
        let names = |approx_kl| {
            let mut metrics = Metrics::default();
            let report = FitReport {
                terms: vec![("one", 1.0)],
                approx_kl,
                ..FitReport::default()
            };
            report.put(&mut metrics);
            metrics
                .iter()
                .map(|(name, _)| name.to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(names(0.5), ["one", "approx_kl", "grad_norm"]);
        assert_eq!(names(f64::NAN), ["one", "grad_norm"]);
    }
}

//! Sums over the rows of a minibatch.

use crate::Measurements;

/// Gradient of some rows' share of the loss, and sums of their measurements.
#[derive(Clone, Debug, Default)]
pub(super) struct Sums {
    pub gradient: Vec<f32>,
    pub measured: MeasuredSums,
}

impl Sums {
    /// Zeros for so many parameters and terms.
    pub fn clear(&mut self, parameters: usize, terms: usize) {
        self.gradient.clear();
        self.gradient.resize(parameters, 0.0);
        self.measured.clear(terms);
    }

    pub fn add(&mut self, other: &Self) {
        for (sum, d) in self.gradient.iter_mut().zip(&other.gradient) {
            *sum += d;
        }
        self.measured.join(&other.measured);
    }
}

/// Sums of measurements over rows.
#[derive(Clone, Debug, Default)]
pub(super) struct MeasuredSums {
    /// Per term of the loss.
    pub terms: Vec<f64>,
    pub approx_kl: f64,
    /// The largest, not a sum.
    pub ratio_error: f64,
    /// Of the gradient over all rows.
    pub squared_norm: f64,
}

impl MeasuredSums {
    fn clear(&mut self, terms: usize) {
        let mut of_terms = std::mem::take(&mut self.terms);
        of_terms.clear();
        of_terms.resize(terms, 0.0);
        *self = Self {
            terms: of_terms,
            ..Self::default()
        };
    }

    /// Adds the sums over other rows, or those of another network.
    pub fn join(&mut self, other: &Self) {
        if self.terms.len() < other.terms.len() {
            self.terms.resize(other.terms.len(), 0.0);
        }
        for (sum, x) in self.terms.iter_mut().zip(&other.terms) {
            *sum += x;
        }
        self.approx_kl += other.approx_kl;
        self.ratio_error = self.ratio_error.max(other.ratio_error);
        self.squared_norm += other.squared_norm;
    }

    /// The measurements of a minibatch of `rows` rows.
    pub fn mean(self, rows: usize) -> Measurements {
        let n = rows as f64;
        Measurements {
            terms: self.terms.iter().map(|sum| sum / n).collect(),
            approx_kl: self.approx_kl / n,
            ratio_error: self.ratio_error,
            grad_norm: f64::from(self.squared_norm.sqrt() as f32),
        }
    }
}

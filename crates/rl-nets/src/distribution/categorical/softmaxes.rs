//! Softmaxes of several rows of few logits, a row in each lane of the machine's registers.

use super::host::{SUMS, index, weighted};
use crate::distribution::exp::{exp, ln};

/// Number of rows of a batch that are computed together, one in each lane of the machine's
/// registers.
pub(in crate::distribution) const ROWS: usize = 16;

/// Softmaxes of [`ROWS`] rows of up to [`SUMS`] logits, with the same bits as that of each row
/// alone.
pub(in crate::distribution) struct Softmaxes {
    n: usize,
    /// `x - max x`.
    shifted: [[f32; ROWS]; SUMS],
    /// Exponentials of `shifted`, and their sums over the logits.
    weights: [[f32; ROWS]; SUMS],
    totals: [f32; ROWS],
    log_totals: [f32; ROWS],
    /// `Σ p (x - max x)`.
    means: [f32; ROWS],
}

impl Softmaxes {
    /// Returns `true` if a row may have `n` logits.
    pub(in crate::distribution) fn fit(n: usize) -> bool {
        n <= SUMS
    }

    /// The softmaxes of the first `n` numbers of each row of `outputs`, `[rows, width]`; those of
    /// missing rows are left open.
    #[inline(always)]
    pub(in crate::distribution) fn new(outputs: &[f32], width: usize, n: usize) -> Self {
        let mut shifted = [[0.0; ROWS]; SUMS];
        for (i, row) in outputs.chunks_exact(width).take(ROWS).enumerate() {
            for (lane, &x) in shifted.iter_mut().zip(&row[..n]) {
                lane[i] = x;
            }
        }
        let mut maxima = [f32::NEG_INFINITY; ROWS];
        for lane in &shifted[..n] {
            for (max, &x) in maxima.iter_mut().zip(lane) {
                *max = if x > *max { x } else { *max };
            }
        }
        let mut weights = [[0.0; ROWS]; SUMS];
        let mut weighted_shifts = [[0.0; ROWS]; SUMS];
        for k in 0..n {
            for i in 0..ROWS {
                let x = shifted[k][i] - maxima[i];
                shifted[k][i] = x;
                weights[k][i] = exp(x);
                weighted_shifts[k][i] = weighted(weights[k][i], x);
            }
        }
        let total = |lanes: &[[f32; ROWS]; SUMS]| -> [f32; ROWS] {
            let [a, b, c, d, e, f, g, h] = lanes;
            std::array::from_fn(|i| {
                ((a[i] + e[i]) + (b[i] + f[i])) + ((c[i] + g[i]) + (d[i] + h[i]))
            })
        };
        let totals = total(&weights);
        let mut means = total(&weighted_shifts);
        let mut log_totals = totals;
        for i in 0..ROWS {
            log_totals[i] = ln(totals[i]);
            means[i] /= totals[i];
        }
        Self {
            n,
            shifted,
            weights,
            totals,
            log_totals,
            means,
        }
    }

    /// [`log_prob`](super::host::log_prob) of an action of one row.
    #[inline(always)]
    pub(in crate::distribution) fn log_prob(&self, row: usize, action: &[f32]) -> f32 {
        match self.shifted[..self.n].get(index(action)) {
            Some(shifted) => shifted[row] - self.log_totals[row],
            None => f32::NEG_INFINITY,
        }
    }

    /// [`entropy`](super::host::entropy) of one row.
    #[inline(always)]
    pub(in crate::distribution) fn entropy(&self, row: usize) -> f32 {
        self.log_totals[row] - self.means[row]
    }

    /// [`backward`](super::host::backward) of all rows, into the first `n` numbers of each row of
    /// `d_outputs`, `[rows, width]`.
    #[inline(always)]
    pub(in crate::distribution) fn backward(
        &self,
        actions: &[f32],
        d_log_prob: &[f32; ROWS],
        d_entropy: &[f32; ROWS],
        d_outputs: &mut [f32],
        width: usize,
    ) {
        let mut gradients = [[0.0; ROWS]; SUMS];
        let columns = self.weights.iter().zip(&self.shifted);
        for (gradient, (weights, shifted)) in gradients[..self.n].iter_mut().zip(columns) {
            for i in 0..ROWS {
                let p = weights[i] / self.totals[i];
                let excess = weighted(p, shifted[i] - self.means[i]);
                gradient[i] = -d_log_prob[i] * p - d_entropy[i] * excess;
            }
        }
        let rows = d_outputs.chunks_exact_mut(width).zip(actions);
        for (i, (row, action)) in rows.take(ROWS).enumerate() {
            for (d, gradient) in row[..self.n].iter_mut().zip(&gradients) {
                *d = gradient[i];
            }
            if let Some(d) = row[..self.n].get_mut(*action as usize) {
                *d += d_log_prob[i];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::host::{backward, entropy, log_prob};
    use super::*;
    use approx::assert_abs_diff_eq;
    use rl_core::Stream;

    #[test]
    fn a_softmax_among_others_is_that_of_its_row_alone() {
        let mut rng = Stream::from_seed(0);
        for n in 1..=SUMS {
            let width = n + 1;
            let mut number = || rng.uniform(-5.0, 5.0) as f32;
            let outputs: Vec<f32> = (0..ROWS * width).map(|_| number()).collect();
            let (d_log_prob, d_entropy): ([f32; ROWS], [f32; ROWS]) = (
                std::array::from_fn(|_| number()),
                std::array::from_fn(|_| number()),
            );
            let actions: [f32; ROWS] = std::array::from_fn(|i| (i % n) as f32);
            let softmaxes = Softmaxes::new(&outputs, width, n);
            let mut d_outputs = vec![7.0; ROWS * width];
            softmaxes.backward(&actions, &d_log_prob, &d_entropy, &mut d_outputs, width);
            for (i, row) in outputs.chunks(width).enumerate() {
                let (logits, action) = (&row[..n], &actions[i..=i]);
                assert_eq!(softmaxes.log_prob(i, action), log_prob(logits, action));
                assert_eq!(softmaxes.entropy(i), entropy(logits));
                let mut expected = vec![0.0; n];
                backward(logits, action, d_log_prob[i], d_entropy[i], &mut expected);
                for (a, b) in d_outputs[i * width..][..n].iter().zip(expected) {
                    assert_abs_diff_eq!(*a, b, epsilon = 1e-5);
                }
                assert_eq!(d_outputs[i * width + n], 7.0, "what is not a logit's");
            }
        }
    }
}

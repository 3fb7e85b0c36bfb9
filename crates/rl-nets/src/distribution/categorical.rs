//! The categorical distribution, from logits.

use burn::tensor::{Tensor, TensorData, activation};
use rl_core::Stream;

use super::exp::{exp, ln};

/// Categorical distributions over `n` actions, one per observation of a batch.
#[derive(Clone, Debug)]
pub struct Categorical {
    /// `ln p`, `[batch, n]`.
    log_probs: Tensor<2>,
}

impl Categorical {
    /// The distributions `softmax(logits)` for logits `[batch, n]`.
    pub fn from_logits(logits: Tensor<2>) -> Self {
        Self {
            log_probs: activation::log_softmax(logits, 1),
        }
    }

    /// `ln p` of every action, `[batch, n]`.
    pub fn log_probs(&self) -> Tensor<2> {
        self.log_probs.clone()
    }

    /// The same distributions, apart from the tape that they were recorded on.
    pub fn detached(&self) -> Self {
        Self {
            log_probs: self.log_probs.clone().inner(),
        }
    }

    /// Draws an index per observation, `[batch, 1]`: the first whose cumulative probability
    /// exceeds a uniform number.
    pub fn sample(&self, rng: &mut Stream) -> Tensor<2> {
        let [batch, n] = self.log_probs.dims();
        let uniforms = (0..batch).map(|_| rng.next_f64() as f32).collect();
        let uniforms = Tensor::<2>::from_data(
            TensorData::new(uniforms, [batch, 1]),
            &self.log_probs.device(),
        );
        let passed = self
            .log_probs
            .clone()
            .inner()
            .exp()
            .cumsum(1)
            .lower_equal(uniforms.inner());
        // Rounding may leave the last cumulative probability below 1.
        passed.float().sum_dim(1).clamp_max((n - 1) as f32)
    }

    /// `ln p` of the actions `[batch, 1]`, `[batch]`.
    pub fn log_prob(&self, actions: Tensor<2>) -> Tensor<1> {
        self.log_probs
            .clone()
            .gather(1, actions.int())
            .squeeze_dim(1)
    }

    /// `-Σ p ln p`, `[batch]`.
    pub fn entropy(&self) -> Tensor<1> {
        (self.log_probs.clone().exp() * self.log_probs.clone())
            .sum_dim(1)
            .neg()
            .squeeze_dim(1)
    }

    /// The likeliest index, `[batch, 1]`.
    pub fn mode(&self) -> Tensor<2> {
        self.log_probs.clone().argmax(1).float()
    }

    /// `KL(self ‖ other) = Σ p (ln p - ln q)`, `[batch]`.
    pub fn kl(&self, other: &Self) -> Tensor<1> {
        let difference = self.log_probs.clone() - other.log_probs.clone();
        (self.log_probs.clone().exp() * difference)
            .sum_dim(1)
            .squeeze_dim(1)
    }
}

/// Sums are kept in this many lanes, so that their order is fixed and still vectorises.
const LANES: usize = 8;

/// `Σ f(x, y)` over pairs, lane by lane, then over the lanes.
#[inline(always)]
fn sum_pairs(xs: &[f32], ys: &[f32], f: impl Fn(f32, f32) -> f32) -> f32 {
    let mut sums = [0.0; LANES];
    let (x_chunks, x_rest) = xs.as_chunks::<LANES>();
    let (y_chunks, y_rest) = ys.as_chunks::<LANES>();
    for (xs, ys) in x_chunks.iter().zip(y_chunks) {
        for ((sum, &x), &y) in sums.iter_mut().zip(xs).zip(ys) {
            *sum += f(x, y);
        }
    }
    for ((sum, &x), &y) in sums.iter_mut().zip(x_rest).zip(y_rest) {
        *sum += f(x, y);
    }
    let [a, b, c, d, e, f, g, h] = sums;
    ((a + e) + (b + f)) + ((c + g) + (d + h))
}

/// `Σ f(x)` in the same order.
#[inline(always)]
fn sum(xs: &[f32], f: impl Fn(f32) -> f32) -> f32 {
    sum_pairs(xs, xs, |x, _| f(x))
}

#[inline(always)]
fn max(logits: &[f32]) -> f32 {
    let mut maxima = [f32::NEG_INFINITY; LANES];
    let (chunks, rest) = logits.as_chunks::<LANES>();
    let larger = |max: &mut f32, x: f32| *max = if x > *max { x } else { *max };
    for chunk in chunks {
        maxima
            .iter_mut()
            .zip(chunk)
            .for_each(|(m, &x)| larger(m, x));
    }
    maxima.iter_mut().zip(rest).for_each(|(m, &x)| larger(m, x));
    maxima.into_iter().fold(f32::NEG_INFINITY, f32::max)
}

/// `p f(ln p)`, 0 where the probability is.
#[inline(always)]
fn weighted(p: f32, x: f32) -> f32 {
    if p == 0.0 { 0.0 } else { p * x }
}

/// The index that a flat action holds.
#[inline(always)]
fn index(action: &[f32]) -> usize {
    action.first().map_or(usize::MAX, |&index| index as usize)
}

/// `ln p` of the action's index under `softmax(logits)`; `-∞` for one that there is not.
#[inline]
pub(super) fn log_prob(logits: &[f32], action: &[f32]) -> f32 {
    let Some(logit) = logits.get(index(action)) else {
        return f32::NEG_INFINITY;
    };
    let max = max(logits);
    (logit - max) - ln(sum(logits, |x| exp(x - max)))
}

/// `-Σ p ln p`.
#[inline]
pub(super) fn entropy(logits: &[f32]) -> f32 {
    let max = max(logits);
    let total = sum(logits, |x| exp(x - max));
    ln(total) - sum(logits, |x| weighted(exp(x - max), x - max)) / total
}

/// `Σ p (ln p - ln q)`, in `f64`: the terms of similar distributions cancel.
#[inline]
pub(super) fn kl(p: &[f32], q: &[f32]) -> f64 {
    let (p_max, q_max) = (f64::from(max(p)), f64::from(max(q)));
    let (mut p_total, mut q_total, mut mean) = (0.0, 0.0, 0.0);
    for (&p, &q) in p.iter().zip(q) {
        let (p, q) = (f64::from(p) - p_max, f64::from(q) - q_max);
        let weight = p.exp();
        p_total += weight;
        q_total += q.exp();
        if weight != 0.0 {
            mean += weight * (p - q);
        }
    }
    mean / p_total - (p_total.ln() - q_total.ln())
}

/// `d_log_prob (1ₐ - p) - d_entropy p (ln p + H)` into `d_logits`.
#[inline]
pub(super) fn backward(
    logits: &[f32],
    action: &[f32],
    d_log_prob: f32,
    d_entropy: f32,
    d_logits: &mut [f32],
) {
    let max = max(logits);
    for (d, &x) in d_logits.iter_mut().zip(logits) {
        *d = exp(x - max);
    }
    let total = sum(d_logits, |weight| weight);
    let scale = total.recip();
    if d_entropy == 0.0 {
        d_logits.iter_mut().for_each(|d| *d *= -d_log_prob * scale);
    } else {
        // ln p + H = (x - max) - Σ p (x - max): the normaliser cancels.
        let mean = sum(logits, |x| weighted(exp(x - max), x - max)) * scale;
        for (d, &x) in d_logits.iter_mut().zip(logits) {
            let p = *d * scale;
            *d = -d_log_prob * p - d_entropy * weighted(p, (x - max) - mean);
        }
    }
    if let Some(d) = d_logits.get_mut(index(action)) {
        *d += d_log_prob;
    }
}

/// `(diag(p) - p pᵀ) v` into `d_logits`.
#[inline]
pub(super) fn fisher_product(logits: &[f32], v: &[f32], d_logits: &mut [f32]) {
    let max = max(logits);
    for (d, &x) in d_logits.iter_mut().zip(logits) {
        *d = exp(x - max);
    }
    let scale = sum(d_logits, |weight| weight).recip();
    let mean = sum_pairs(d_logits, v, |weight, v| weight * v) * scale;
    for (d, &v) in d_logits.iter_mut().zip(v) {
        *d *= (v - mean) * scale;
    }
}

/// Rows of a batch that are computed together, one in each lane of the machine's registers.
pub(super) const ROWS: usize = 16;

/// The softmax of [`ROWS`] rows of up to [`LANES`] logits, with the same bits as that of each
/// alone.
pub(super) struct Softmaxes {
    n: usize,
    /// `x - max x`.
    shifted: [[f32; ROWS]; LANES],
    /// Their exponentials, and the sums of these.
    weights: [[f32; ROWS]; LANES],
    totals: [f32; ROWS],
    log_totals: [f32; ROWS],
    /// `Σ p (x - max x)`.
    means: [f32; ROWS],
}

impl Softmaxes {
    /// Whether there is a form for `n` logits.
    pub(super) fn fit(n: usize) -> bool {
        n <= LANES
    }

    /// For rows of `n` logits that are `width` apart; of missing rows, anything.
    #[inline(always)]
    pub(super) fn new(outputs: &[f32], width: usize, n: usize) -> Self {
        let mut shifted = [[0.0; ROWS]; LANES];
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
        let mut weights = [[0.0; ROWS]; LANES];
        let mut weighted_shifts = [[0.0; ROWS]; LANES];
        for k in 0..n {
            for i in 0..ROWS {
                let x = shifted[k][i] - maxima[i];
                shifted[k][i] = x;
                weights[k][i] = exp(x);
                weighted_shifts[k][i] = weighted(weights[k][i], x);
            }
        }
        let total = |lanes: &[[f32; ROWS]; LANES]| -> [f32; ROWS] {
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

    /// [`log_prob`] of the row's action.
    #[inline(always)]
    pub(super) fn log_prob(&self, row: usize, action: &[f32]) -> f32 {
        match self.shifted[..self.n].get(index(action)) {
            Some(shifted) => shifted[row] - self.log_totals[row],
            None => f32::NEG_INFINITY,
        }
    }

    /// [`entropy`] of the row.
    #[inline(always)]
    pub(super) fn entropy(&self, row: usize) -> f32 {
        self.log_totals[row] - self.means[row]
    }

    /// [`backward`] of the rows.
    #[inline(always)]
    pub(super) fn backward(
        &self,
        actions: &[f32],
        d_log_prob: &[f32; ROWS],
        d_entropy: &[f32; ROWS],
        d_outputs: &mut [f32],
        width: usize,
    ) {
        let mut gradients = [[0.0; ROWS]; LANES];
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

/// The first index whose cumulative probability exceeds a uniform number.
#[inline]
pub(super) fn sample(logits: &[f32], rng: &mut Stream) -> usize {
    let max = max(logits);
    let weight = |logit: &f32| f64::from(exp(logit - max));
    // The weights of few logits are computed together.
    let mut few = [f32::NEG_INFINITY; LANES];
    let weights = match few.get_mut(..logits.len()) {
        None => &[],
        Some(few_logits) => {
            few_logits.copy_from_slice(logits);
            for x in &mut few {
                *x = exp(*x - max);
            }
            &few[..logits.len()]
        }
    };
    if !weights.is_empty() {
        let mut left = rng.next_f64() * f64::from(sum(weights, |weight| weight));
        for (index, &weight) in weights.iter().enumerate() {
            left -= f64::from(weight);
            if left < 0.0 {
                return index;
            }
        }
        return weights
            .iter()
            .rposition(|&weight| weight > 0.0)
            .unwrap_or(0);
    }
    let total = f64::from(sum(logits, |x| exp(x - max)));
    let mut left = rng.next_f64() * total;
    for (index, logit) in logits.iter().enumerate() {
        left -= weight(logit);
        if left < 0.0 {
            return index;
        }
    }
    // Rounding may leave a rest; the last action with any probability takes it.
    let possible = logits.iter().rposition(|logit| weight(logit) > 0.0);
    possible.unwrap_or(0)
}

/// The first of the largest logits.
#[inline]
pub(super) fn mode(logits: &[f32]) -> usize {
    let max = max(logits);
    logits.iter().position(|&x| x == max).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;
    use burn::tensor::Device;

    const P: [f64; 3] = [0.2, 0.5, 0.3];
    const Q: [f64; 3] = [0.6, 0.3, 0.1];

    /// `batch` equal distributions, with logits that are not normalised.
    fn categorical(p: [f64; 3], batch: usize) -> Categorical {
        let logits: Vec<f32> = p.iter().map(|p| (p.ln() + 3.0) as f32).collect();
        let data = TensorData::new(logits.repeat(batch), [batch, 3]);
        Categorical::from_logits(Tensor::from_data(data, &Device::default()))
    }

    fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
        tensor.into_data().try_to_vec().unwrap()
    }

    #[test]
    fn log_prob_entropy_mode_and_kl_equal_their_closed_forms() {
        let (p, q) = (categorical(P, 3), categorical(Q, 3));
        let actions = Tensor::<2>::from_floats([[0.0], [1.0], [2.0]], &Device::default());
        for (log_prob, p) in numbers(p.log_prob(actions)).into_iter().zip(P) {
            assert_abs_diff_eq!(f64::from(log_prob), p.ln(), epsilon = 1e-6);
        }
        let entropy: f64 = P.iter().map(|p| -p * p.ln()).sum();
        assert_abs_diff_eq!(f64::from(numbers(p.entropy())[0]), entropy, epsilon = 1e-6);
        let kl: f64 = P.iter().zip(Q).map(|(p, q)| p * (p / q).ln()).sum();
        assert_abs_diff_eq!(f64::from(numbers(p.kl(&q))[2]), kl, epsilon = 1e-6);
        assert_eq!(numbers(p.mode()), [1.0; 3]);
    }

    #[test]
    fn samples_have_the_frequencies_entropy_and_kl_of_the_distribution() {
        let n = 200_000;
        let (p, q) = (categorical(P, n), categorical(Q, n));
        let samples = p.sample(&mut Stream::from_seed(0));
        let drawn = numbers(samples.clone());
        for (i, p) in P.iter().enumerate() {
            let share = drawn.iter().filter(|&&x| x == i as f32).count() as f64 / n as f64;
            // 99.9 %: 3.29 standard deviations.
            assert_abs_diff_eq!(
                share,
                *p,
                epsilon = 3.29 * (p * (1.0 - p) / n as f64).sqrt()
            );
        }
        let log_p = numbers(p.log_prob(samples.clone()));
        let log_ratio = numbers(p.log_prob(samples.clone()) - q.log_prob(samples));
        for (estimates, exact) in [
            (log_p, -numbers(p.entropy())[0]),
            (log_ratio, numbers(p.kl(&q))[0]),
        ] {
            let (mean, error) = crate::distribution::tests::mean_and_error(&estimates);
            assert_abs_diff_eq!(mean, f64::from(exact), epsilon = 3.29 * error);
        }
    }

    #[test]
    fn sampled_indices_have_the_probabilities_of_the_softmax() {
        let logits = P.map(|p| p.ln() as f32 + 5.0);
        let mut rng = Stream::from_seed(0);
        let n = 100_000;
        let mut counts = [0; 3];
        for _ in 0..n {
            counts[sample(&logits, &mut rng)] += 1;
        }
        for (count, p) in counts.into_iter().zip(P) {
            // 99.9 %: 3.29 standard deviations.
            let bound = 3.29 * (p * (1.0 - p) / f64::from(n)).sqrt();
            let share = f64::from(count) / f64::from(n);
            assert_abs_diff_eq!(share, p, epsilon = bound);
        }
    }

    #[test]
    fn an_impossible_action_is_never_sampled() {
        let mut rng = Stream::from_seed(0);
        for _ in 0..1000 {
            assert_eq!(sample(&[f32::NEG_INFINITY, 0.0, -1e9], &mut rng), 1);
        }
    }

    #[test]
    fn an_index_that_there_is_not_is_impossible() {
        assert_eq!(log_prob(&[0.0, 1.0], &[2.0]), f32::NEG_INFINITY);
    }

    #[test]
    fn many_logits_are_summed_like_few() {
        let logits: Vec<f32> = (0..1003).map(|i| (i as f32).sin() * 3.0).collect();
        let exact = logits.iter().map(|&x| f64::from(x).exp()).sum::<f64>().ln();
        for i in [0, 500, 1002] {
            let expected = f64::from(logits[i]) - exact;
            let found = f64::from(log_prob(&logits, &[i as f32]));
            assert_abs_diff_eq!(found, expected, epsilon = 2e-6);
        }
        let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        assert_eq!(logits[mode(&logits)], largest);
    }

    #[test]
    fn a_softmax_among_others_is_that_of_its_row_alone() {
        let mut rng = Stream::from_seed(0);
        for n in 1..=LANES {
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

    #[test]
    fn extreme_logits_stay_finite() {
        let logits = Tensor::<2>::from_floats([[1e4, -1e4]], &Device::default());
        let p = Categorical::from_logits(logits);
        assert_eq!(numbers(p.entropy()), [0.0]);
        assert_eq!(numbers(p.sample(&mut Stream::from_seed(0))), [0.0]);
    }
}

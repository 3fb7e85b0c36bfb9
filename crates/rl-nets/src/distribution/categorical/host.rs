//! Categorical distributions on the host, one row of logits at a time.

use rl_core::Stream;

use crate::distribution::exp::{exp, ln};

/// Number of partial sums, so that a sum has a fixed order and still vectorises.
pub(super) const SUMS: usize = 8;

/// `Σ f(x, y)` over pairs. Every eighth pair goes into the same partial sum.
#[inline(always)]
fn sum_pairs(xs: &[f32], ys: &[f32], f: impl Fn(f32, f32) -> f32) -> f32 {
    let mut sums = [0.0; SUMS];
    let (x_chunks, x_rest) = xs.as_chunks::<SUMS>();
    let (y_chunks, y_rest) = ys.as_chunks::<SUMS>();
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
    let mut maxima = [f32::NEG_INFINITY; SUMS];
    let (chunks, rest) = logits.as_chunks::<SUMS>();
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

/// `p x`, and 0 for `p = 0` even where `x` is infinite.
#[inline(always)]
pub(super) fn weighted(p: f32, x: f32) -> f32 {
    if p == 0.0 { 0.0 } else { p * x }
}

/// The index in a flat action, `[1]`; `usize::MAX` for an empty one.
#[inline(always)]
pub(super) fn index(action: &[f32]) -> usize {
    action.first().map_or(usize::MAX, |&index| index as usize)
}

/// Log-probability of the action's index under `softmax(logits)`; `-∞` for an index outside the
/// space.
#[inline]
pub(in crate::distribution) fn log_prob(logits: &[f32], action: &[f32]) -> f32 {
    let Some(logit) = logits.get(index(action)) else {
        return f32::NEG_INFINITY;
    };
    let max = max(logits);
    (logit - max) - ln(sum(logits, |x| exp(x - max)))
}

/// Entropy `-Σ p ln p`, in nats.
#[inline]
pub(in crate::distribution) fn entropy(logits: &[f32]) -> f32 {
    let max = max(logits);
    let total = sum(logits, |x| exp(x - max));
    ln(total) - sum(logits, |x| weighted(exp(x - max), x - max)) / total
}

/// `KL(p ‖ q) = Σ p (ln p - ln q)`, in nats; in `f64`, because the terms of similar distributions
/// cancel.
#[inline]
pub(in crate::distribution) fn kl(p: &[f32], q: &[f32]) -> f64 {
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

/// Writes the gradient `d_log_prob (1ₐ - p) - d_entropy p (ln p + H)` of
/// `d_log_prob · ln π(action) + d_entropy · H` into `d_logits`.
#[inline]
pub(in crate::distribution) fn backward(
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

/// Writes the product `(diag(p) - p pᵀ) v` with the Fisher information into `d_logits`.
#[inline]
pub(in crate::distribution) fn fisher_product(logits: &[f32], v: &[f32], d_logits: &mut [f32]) {
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

/// A drawn index: the first whose cumulative probability exceeds a uniform random number.
#[inline]
pub(in crate::distribution) fn sample(logits: &[f32], rng: &mut Stream) -> usize {
    let max = max(logits);
    let weight = |logit: &f32| f64::from(exp(logit - max));
    // The weights of few logits are computed together.
    let mut few = [f32::NEG_INFINITY; SUMS];
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
    // Rounding may leave a rest, which goes to the last action with a positive probability.
    let possible = logits.iter().rposition(|logit| weight(logit) > 0.0);
    possible.unwrap_or(0)
}

/// Index of the first of the largest logits.
#[inline]
pub(in crate::distribution) fn mode(logits: &[f32]) -> usize {
    let max = max(logits);
    logits.iter().position(|&x| x == max).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;

    const P: [f64; 3] = [0.2, 0.5, 0.3];

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
}

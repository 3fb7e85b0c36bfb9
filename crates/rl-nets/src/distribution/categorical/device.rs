//! Categorical distributions on a device.

use burn::tensor::{Tensor, activation};

/// Categorical distributions over `n` actions on a device, one per observation of a batch.
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

    /// Log-probabilities `ln p`, `[batch]`, of the actions `[batch, 1]`.
    pub fn log_prob(&self, actions: Tensor<2>) -> Tensor<1> {
        self.log_probs
            .clone()
            .gather(1, actions.int())
            .squeeze_dim(1)
    }

    /// Entropies `-Σ p ln p`, `[batch]`.
    pub fn entropy(&self) -> Tensor<1> {
        (self.log_probs.clone().exp() * self.log_probs.clone())
            .sum_dim(1)
            .neg()
            .squeeze_dim(1)
    }
}

/// Mode and divergence that those of the host are tested against.
#[cfg(test)]
impl Categorical {
    /// Likeliest indices, `[batch, 1]`.
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

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;
    use burn::tensor::{Device, TensorData};

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
    fn extreme_logits_stay_finite() {
        let logits = Tensor::<2>::from_floats([[1e4, -1e4]], &Device::default());
        let p = Categorical::from_logits(logits);
        assert_eq!(numbers(p.entropy()), [0.0]);
    }
}

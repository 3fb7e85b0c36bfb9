//! Gaussian distribution with a diagonal covariance.

#[cfg(feature = "burn")]
pub(super) mod device;

use rand_distr::{Distribution, StandardNormal};
use rl_core::Stream;

use super::exp::exp;
use super::marginal::{Interval, Marginal};

/// `ln 2π`.
const LN_TAU: f32 = 1.837_877_1;

/// Range that a `ln σ` computed by the network is clamped to (Haarnoja et al. 2018, the authors'
/// code).
pub(super) const LOG_STD_RANGE: [f32; 2] = [-20.0, 2.0];

/// Gaussian of one dimension on the host, with parameters `μ` and `ln σ`; the latter is clamped to
/// [`LOG_STD_RANGE`] if `CLAMPED`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gaussian<const CLAMPED: bool> {
    pub(super) mean: f32,
    pub(super) log_std: f32,
    /// Derivative of `ln σ` by its parameter: 1, or 0 where it is clamped.
    slope: f32,
}

impl<const CLAMPED: bool> Gaussian<CLAMPED> {
    /// `σ`.
    #[inline(always)]
    pub(super) fn std(self) -> f32 {
        exp(self.log_std)
    }
}

impl<const CLAMPED: bool> Marginal for Gaussian<CLAMPED> {
    #[inline(always)]
    fn new(mean: f32, log_std: f32, _interval: &Interval) -> Self {
        let [low, high] = LOG_STD_RANGE;
        if CLAMPED && !(low..=high).contains(&log_std) {
            return Self {
                mean,
                log_std: log_std.clamp(low, high),
                slope: 0.0,
            };
        }
        Self {
            mean,
            log_std,
            slope: 1.0,
        }
    }

    #[inline(always)]
    fn log_prob(self, action: f32) -> f32 {
        let z = (action - self.mean) * exp(-self.log_std);
        -0.5 * z * z - self.log_std - 0.5 * LN_TAU
    }

    #[inline(always)]
    fn entropy(self) -> f32 {
        self.log_std + 0.5 * (LN_TAU + 1.0)
    }

    #[inline]
    fn kl(self, other: Self) -> f64 {
        let (s1, s2) = (f64::from(self.log_std), f64::from(other.log_std));
        let difference = f64::from(self.mean) - f64::from(other.mean);
        s2 - s1 + 0.5 * ((2.0 * s1).exp() + difference * difference) * (-2.0 * s2).exp() - 0.5
    }

    #[inline(always)]
    fn gradient(self, action: f32, d_log_prob: f32, d_entropy: f32) -> [f32; 2] {
        let inverse = exp(-self.log_std);
        let z = (action - self.mean) * inverse;
        [
            d_log_prob * z * inverse,
            self.slope * (d_log_prob * (z * z - 1.0) + d_entropy),
        ]
    }

    #[inline(always)]
    fn fisher_product(self, [v_mean, v_log_std]: [f32; 2]) -> [f32; 2] {
        let inverse = exp(-self.log_std);
        [
            v_mean * inverse * inverse,
            2.0 * self.slope * self.slope * v_log_std,
        ]
    }

    #[inline]
    fn sample(self, rng: &mut Stream) -> f32 {
        let noise: f32 = StandardNormal.sample(rng);
        self.std() * noise + self.mean
    }

    #[inline(always)]
    fn mode(self) -> f32 {
        self.mean
    }
}

#[cfg(test)]
mod tests {
    use super::device::DiagGaussian;
    use approx::assert_abs_diff_eq;
    use burn::tensor::{Device, Tensor, TensorData};

    const P: ([f32; 2], [f32; 2]) = ([0.5, -1.0], [-0.7, 0.3]);
    const Q: ([f32; 2], [f32; 2]) = ([0.2, -0.4], [0.1, 0.6]);

    fn gaussian((mean, log_std): ([f32; 2], [f32; 2]), batch: usize) -> DiagGaussian {
        let device = Device::default();
        let mean = Tensor::from_data(TensorData::new(mean.repeat(batch), [batch, 2]), &device);
        DiagGaussian::new(mean, Tensor::from_floats(log_std, &device))
    }

    fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
        tensor.into_data().try_to_vec().unwrap()
    }

    #[test]
    fn log_prob_entropy_mode_and_kl_equal_their_closed_forms() {
        let (p, q) = (gaussian(P, 2), gaussian(Q, 2));
        let actions = [[0.1_f32, 0.2], [-2.0, 1.5]];
        let log_probs = numbers(p.log_prob(Tensor::from_floats(actions, &Device::default())));
        let tau = std::f64::consts::TAU;
        for (log_prob, action) in log_probs.into_iter().zip(actions) {
            let density: f64 = (0..2)
                .map(|i| {
                    let sigma = f64::from(P.1[i]).exp();
                    let z = f64::from(action[i] - P.0[i]) / sigma;
                    (-0.5 * z * z).exp() / (sigma * tau.sqrt())
                })
                .product();
            assert_abs_diff_eq!(f64::from(log_prob), density.ln(), epsilon = 1e-5);
        }
        let entropy: f64 =
            P.1.map(|s| f64::from(s) + 0.5 * (tau.ln() + 1.0))
                .iter()
                .sum();
        assert_abs_diff_eq!(f64::from(numbers(p.entropy())[1]), entropy, epsilon = 1e-6);
        let kl: f64 = (0..2)
            .map(|i| {
                let (m1, m2) = (f64::from(P.0[i]), f64::from(Q.0[i]));
                let (s1, s2) = (f64::from(P.1[i]).exp(), f64::from(Q.1[i]).exp());
                (s2 / s1).ln() + (s1 * s1 + (m1 - m2).powi(2)) / (2.0 * s2 * s2) - 0.5
            })
            .sum();
        assert_abs_diff_eq!(f64::from(numbers(p.kl(&q))[0]), kl, epsilon = 1e-6);
        assert_eq!(numbers(p.mode()), P.0.repeat(2));
    }
}

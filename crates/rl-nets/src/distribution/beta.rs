//! The Beta distribution, scaled to the bounds of a box.

#[cfg(feature = "burn")]
pub(super) mod device;

use rand_distr::Distribution;
use rl_core::Stream;

use super::marginal::{Interval, Marginal};
use super::special::{digamma, ln_gamma, trigamma};

/// Number added to `α − 1` and `β − 1`, so that the mode of a uniform distribution is the middle.
const TINY: f32 = 1e-30;

/// A draw of `x`; NaN for parameters that are NaN.
fn sample(alpha: f64, beta: f64, rng: &mut Stream) -> f32 {
    rand_distr::Beta::new(alpha, beta).map_or(f32::NAN, |beta| beta.sample(rng) as f32)
}

/// Beta distribution of one dimension on the host, with network outputs as parameters. It is
/// computed in `f64`, because gamma functions of large numbers cancel.
#[derive(Clone, Copy, Debug)]
pub(super) struct ScaledBeta {
    /// `α − 1` and `β − 1`.
    alpha_1: f64,
    beta_1: f64,
    /// Derivatives of `α` and `β` by the outputs.
    slopes: [f64; 2],
    interval: Interval,
}

impl ScaledBeta {
    fn alpha(self) -> f64 {
        1.0 + self.alpha_1
    }

    fn beta(self) -> f64 {
        1.0 + self.beta_1
    }

    fn ln_beta(self) -> f64 {
        let (alpha, beta) = (self.alpha(), self.beta());
        ln_gamma(alpha) + ln_gamma(beta) - ln_gamma(alpha + beta)
    }

    /// `E ln x` and `E ln (1 − x)`.
    fn mean_logs(self) -> [f64; 2] {
        let of_sum = digamma(self.alpha() + self.beta());
        [self.alpha(), self.beta()].map(|x| digamma(x) - of_sum)
    }
}

impl Marginal for ScaledBeta {
    fn new(alpha: f32, beta: f32, interval: &Interval) -> Self {
        let outputs = [alpha, beta].map(f64::from);
        let [alpha_1, beta_1] = outputs.map(|x| x.max(0.0) + (-x.abs()).exp().ln_1p());
        Self {
            alpha_1,
            beta_1,
            slopes: outputs.map(|x| (1.0 + (-x).exp()).recip()),
            interval: *interval,
        }
    }

    fn log_prob(self, action: f32) -> f32 {
        let (below, above) = self.interval.shares(action);
        let log_density = self.alpha_1 * f64::from(below).ln()
            + self.beta_1 * f64::from(above).ln()
            - self.ln_beta();
        log_density as f32 - self.interval.log_width
    }

    fn entropy(self) -> f32 {
        let [by_alpha, by_beta] = self.mean_logs();
        let entropy = self.ln_beta() - self.alpha_1 * by_alpha - self.beta_1 * by_beta;
        entropy as f32 + self.interval.log_width
    }

    fn kl(self, other: Self) -> f64 {
        let [by_alpha, by_beta] = self.mean_logs();
        other.ln_beta() - self.ln_beta()
            + (self.alpha_1 - other.alpha_1) * by_alpha
            + (self.beta_1 - other.beta_1) * by_beta
    }

    fn gradient(self, action: f32, d_log_prob: f32, d_entropy: f32) -> [f32; 2] {
        let (below, above) = self.interval.shares(action);
        let [by_alpha, by_beta] = self.mean_logs();
        let mut gradient = [
            f64::from(d_log_prob) * (f64::from(below).ln() - by_alpha),
            f64::from(d_log_prob) * (f64::from(above).ln() - by_beta),
        ];
        if d_entropy != 0.0 {
            // ∂H/∂α = (α + β − 2) ψ'(α + β) − (α − 1) ψ'(α).
            let of_sum = (self.alpha_1 + self.beta_1) * trigamma(self.alpha() + self.beta());
            let d_entropy = f64::from(d_entropy);
            gradient[0] += d_entropy * (of_sum - self.alpha_1 * trigamma(self.alpha()));
            gradient[1] += d_entropy * (of_sum - self.beta_1 * trigamma(self.beta()));
        }
        [0, 1].map(|i| (gradient[i] * self.slopes[i]) as f32)
    }

    fn fisher_product(self, v: [f32; 2]) -> [f32; 2] {
        let v = [0, 1].map(|i| f64::from(v[i]) * self.slopes[i]);
        let shared = trigamma(self.alpha() + self.beta()) * (v[0] + v[1]);
        let own = [trigamma(self.alpha()), trigamma(self.beta())];
        [0, 1].map(|i| (self.slopes[i] * (own[i] * v[i] - shared)) as f32)
    }

    fn sample(self, rng: &mut Stream) -> f32 {
        self.interval.at(sample(self.alpha(), self.beta(), rng))
    }

    fn mode(self) -> f32 {
        let (a, b) = (
            self.alpha_1 + f64::from(TINY),
            self.beta_1 + f64::from(TINY),
        );
        self.interval.at((a / (a + b)) as f32)
    }
}

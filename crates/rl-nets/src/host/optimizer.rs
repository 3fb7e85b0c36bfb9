//! Optimizers of a flat vector of parameters.

use pulp::{Arch, NullaryFnOnce, Simd, WithSimd};
use serde::{Deserialize, Serialize};

/// The Euclidean norm, summed in `f64` in an order that does not depend on the machine.
pub fn global_norm(gradient: &[f32]) -> f32 {
    squared_norm(gradient).sqrt() as f32
}

/// Its square: those of the parts of a gradient add up to that of the whole.
pub fn squared_norm(gradient: &[f32]) -> f64 {
    Arch::new().dispatch(Norm { gradient })
}

struct Norm<'a> {
    gradient: &'a [f32],
}

/// Sums side by side.
const SUMS: usize = 32;

impl WithSimd for Norm<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let (blocks, rest) = self.gradient.as_chunks::<SUMS>();
        let mut last = [0.0; SUMS];
        last[..rest.len()].copy_from_slice(rest);
        let registers = SUMS / S::F64_LANES;
        let mut sums = [simd.splat_f64s(0.0); SUMS];
        for block in blocks.iter().chain([&last]) {
            let mut wide = [0.0_f64; SUMS];
            for (wide, &g) in wide.iter_mut().zip(block) {
                *wide = f64::from(g);
            }
            let (wide, _) = S::as_simd_f64s(&wide);
            for (sum, &g) in sums[..registers].iter_mut().zip(wide) {
                // The square of an f32 is exact in f64, fused or not.
                *sum = simd.mul_add_f64s(g, g, *sum);
            }
        }
        let mut lanes = [0.0_f64; SUMS];
        let (lanes_of, _) = S::as_mut_simd_f64s(&mut lanes);
        lanes_of.copy_from_slice(&sums[..registers]);
        lanes.iter().sum()
    }
}

/// The constants of [`Adam`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct AdamConfig {
    /// Decay of the mean of the gradients.
    pub beta1: f64,
    /// Decay of the mean of their squares.
    pub beta2: f64,
    /// What is added to the denominator.
    pub epsilon: f64,
}

impl Default for AdamConfig {
    /// Kingma and Ba's: 0.9, 0.999 and 10⁻⁸.
    fn default() -> Self {
        Self {
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
        }
    }
}

impl AdamConfig {
    /// The optimizer of this many parameters, before its first step.
    pub fn init(self, len: usize) -> Adam {
        Adam {
            config: self,
            powers: [1.0, 1.0],
            mean: vec![0.0; len],
            square: vec![0.0; len],
        }
    }
}

/// Adam (Kingma and Ba 2015, algorithm 1), rounded as PyTorch's is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Adam {
    config: AdamConfig,
    /// `β₁ᵗ` and `β₂ᵗ`.
    powers: [f64; 2],
    mean: Vec<f32>,
    square: Vec<f32>,
}

impl Adam {
    /// Moves the parameters against `scale · gradient`.
    ///
    /// # Panics
    /// If there are not as many parameters as at the start.
    pub fn step(&mut self, parameters: &mut [f32], gradient: &[f32], scale: f32, rate: f64) {
        check(self.mean.len(), parameters, gradient);
        let AdamConfig { beta1, beta2, .. } = self.config;
        self.powers[0] *= beta1;
        self.powers[1] *= beta2;
        Arch::new().dispatch(AdamStep {
            adam: self,
            parameters,
            gradient,
            scale,
            rate,
        });
    }
}

struct AdamStep<'a> {
    adam: &'a mut Adam,
    parameters: &'a mut [f32],
    gradient: &'a [f32],
    scale: f32,
    rate: f64,
}

impl NullaryFnOnce for AdamStep<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Adam {
            config,
            powers,
            mean,
            square,
        } = self.adam;
        let [beta1, beta2] = [config.beta1 as f32, config.beta2 as f32];
        let [rest1, rest2] = [(1.0 - config.beta1) as f32, (1.0 - config.beta2) as f32];
        let rate = (self.rate / (1.0 - powers[0])) as f32;
        let correction = (1.0 - powers[1]).sqrt().recip() as f32;
        let epsilon = config.epsilon as f32;
        let moments = mean.iter_mut().zip(square);
        for ((parameter, &g), (m, v)) in self.parameters.iter_mut().zip(self.gradient).zip(moments)
        {
            let g = self.scale * g;
            *m = beta1.mul_add(*m, rest1 * g);
            *v = beta2.mul_add(*v, rest2 * (g * g));
            *parameter -= rate * (*m / v.sqrt().mul_add(correction, epsilon));
        }
    }
}

/// The constants of [`RmsProp`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RmsPropConfig {
    /// Decay of the mean of the squared gradients.
    pub alpha: f64,
    /// What is added to the denominator.
    pub epsilon: f64,
}

impl Default for RmsPropConfig {
    /// PyTorch's: 0.99 and 10⁻⁸.
    fn default() -> Self {
        Self {
            alpha: 0.99,
            epsilon: 1e-8,
        }
    }
}

impl RmsPropConfig {
    /// The optimizer of this many parameters, before its first step.
    pub fn init(self, len: usize) -> RmsProp {
        RmsProp {
            config: self,
            square: vec![0.0; len],
        }
    }
}

/// RMSProp (Tieleman and Hinton 2012) as PyTorch has it: `ε` outside of the root, no momentum.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RmsProp {
    config: RmsPropConfig,
    square: Vec<f32>,
}

impl RmsProp {
    /// Moves the parameters against `scale · gradient`.
    ///
    /// # Panics
    /// If there are not as many parameters as at the start.
    pub fn step(&mut self, parameters: &mut [f32], gradient: &[f32], scale: f32, rate: f64) {
        check(self.square.len(), parameters, gradient);
        Arch::new().dispatch(RmsPropStep {
            rms_prop: self,
            parameters,
            gradient,
            scale,
            rate: rate as f32,
        });
    }
}

struct RmsPropStep<'a> {
    rms_prop: &'a mut RmsProp,
    parameters: &'a mut [f32],
    gradient: &'a [f32],
    scale: f32,
    rate: f32,
}

impl NullaryFnOnce for RmsPropStep<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let RmsProp { config, square } = self.rms_prop;
        let (alpha, rest) = (config.alpha as f32, (1.0 - config.alpha) as f32);
        let epsilon = config.epsilon as f32;
        let gradients = self.gradient.iter().zip(square);
        for (parameter, (&g, v)) in self.parameters.iter_mut().zip(gradients) {
            let g = self.scale * g;
            *v = alpha.mul_add(*v, rest * (g * g));
            *parameter -= self.rate * (g / (v.sqrt() + epsilon));
        }
    }
}

fn check(len: usize, parameters: &[f32], gradient: &[f32]) {
    assert_eq!(parameters.len(), len, "the optimizer's parameters");
    assert_eq!(gradient.len(), len, "a derivative per parameter");
}

#[cfg(test)]
mod tests {
    use super::*;
    use rl_core::Stream;

    const LEN: usize = 77;
    const SCALE: f32 = 0.25;
    const RATE: f64 = 0.01;

    /// Steps with `step` and with the same formulas in `f64`, which `reference` applies to one
    /// parameter, its gradient, its state and the number of the step.
    fn compare(
        mut step: impl FnMut(&mut [f32], &[f32]),
        reference: impl Fn(&mut f64, f64, &mut [f64; 2], i32),
    ) {
        let mut rng = Stream::from_seed(3);
        let mut parameters: Vec<f32> = (0..LEN).map(|_| rng.uniform(-1.0, 1.0) as f32).collect();
        let mut expected: Vec<f64> = parameters.iter().map(|&p| f64::from(p)).collect();
        let mut states = [[0.0; 2]; LEN];
        for t in 1..=20 {
            // Over six orders of magnitude, and one parameter that the loss does not depend on.
            let gradient: Vec<f32> = (0..LEN)
                .map(|i| rng.uniform(-1.0, 1.0) as f32 * 10_f32.powi(i as i32 % 7 - 4))
                .map(|g| if g.abs() < 1e-6 { 0.0 } else { g })
                .collect();
            step(&mut parameters, &gradient);
            for ((p, g), state) in expected.iter_mut().zip(&gradient).zip(&mut states) {
                reference(p, f64::from(SCALE) * f64::from(*g), state, t);
            }
            for (p, expected) in parameters.iter().zip(&expected) {
                let error = (f64::from(*p) - expected).abs();
                assert!(error < 1e-6, "step {t}: {p} instead of {expected}");
            }
        }
    }

    #[test]
    fn adam_follows_its_formulas() {
        let mut adam = AdamConfig::default().init(LEN);
        compare(
            |parameters, gradient| adam.step(parameters, gradient, SCALE, RATE),
            |p, g, [m, v], t| {
                *m = 0.9 * *m + 0.1 * g;
                *v = 0.999 * *v + 0.001 * g * g;
                let m_hat = *m / (1.0 - 0.9_f64.powi(t));
                let v_hat = *v / (1.0 - 0.999_f64.powi(t));
                *p -= RATE * m_hat / (v_hat.sqrt() + 1e-8);
            },
        );
    }

    #[test]
    fn rms_prop_follows_its_formulas() {
        let mut rms_prop = RmsPropConfig::default().init(LEN);
        compare(
            |parameters, gradient| rms_prop.step(parameters, gradient, SCALE, RATE),
            |p, g, [v, _], _| {
                *v = 0.99 * *v + 0.01 * g * g;
                *p -= RATE * g / (v.sqrt() + 1e-8);
            },
        );
    }

    #[test]
    fn an_optimizer_read_back_goes_on_with_the_same_bits() {
        let mut adam = AdamConfig::default().init(3);
        let (mut parameters, gradient) = ([1.0, 2.0, 3.0], [0.1, -0.2, 0.3]);
        adam.step(&mut parameters, &gradient, 1.0, RATE);
        let mut copy: Adam = serde_json::from_str(&serde_json::to_string(&adam).unwrap()).unwrap();
        let mut others = parameters;
        adam.step(&mut parameters, &gradient, 1.0, RATE);
        copy.step(&mut others, &gradient, 1.0, RATE);
        assert_eq!((parameters, adam), (others, copy));
    }

    #[test]
    fn the_norm_is_the_root_of_the_sum_of_squares() {
        let gradient: Vec<f32> = (0..1001).map(|i| (i as f32).sin()).collect();
        let sum: f64 = gradient.iter().map(|&g| f64::from(g).powi(2)).sum();
        assert!((f64::from(global_norm(&gradient)) / sum.sqrt() - 1.0).abs() < 1e-7);
        assert_eq!(global_norm(&[1e30, 0.0]), 1e30, "squares do not overflow");
        let scalar = Arch::Scalar
            .dispatch(Norm {
                gradient: &gradient,
            })
            .sqrt() as f32;
        assert_eq!(global_norm(&gradient).to_bits(), scalar.to_bits());
    }
}

//! Adam and RAdam.

use pulp::{Arch, NullaryFnOnce};
use rl_core::{State, StateError, StateReader, StateWriter};
use serde::{Deserialize, Serialize};

use super::{check, flushed};

/// Constants of [`Adam`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct AdamConfig {
    /// Decay of the running mean of the gradients.
    pub beta1: f64,
    /// Decay of the running mean of the squared gradients.
    pub beta2: f64,
    /// Number added to the denominator of a step, against division by zero.
    pub epsilon: f64,
    /// Rectification of the step size (RAdam).
    pub rectified: bool,
}

/// Numbers of a step of [`Adam`], which subtracts `rate · m / (correction · √v + epsilon)` from a
/// parameter whose gradients have the running mean `m`, and their squares `v`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamFactors {
    /// Learning rate times what corrects `m`.
    pub rate: f32,
    /// Correction of `√v`; 0 for a step that does not look at it.
    pub correction: f32,
    /// Number that keeps the quotient finite.
    pub epsilon: f32,
}

impl Default for AdamConfig {
    /// Constants of Kingma and Ba: 0.9, 0.999 and 10⁻⁸, without rectification.
    fn default() -> Self {
        Self {
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            rectified: false,
        }
    }
}

impl AdamConfig {
    /// Numbers of step `t ≥ 1` of learning rate `rate`, with `powers` `β₁ᵗ` and `β₂ᵗ`.
    pub fn factors(&self, t: u64, powers: [f64; 2], rate: f64) -> AdamFactors {
        let (rate, deviation) = (rate / (1.0 - powers[0]), (1.0 - powers[1]).sqrt());
        let (rate, correction, epsilon) = match self.rectified {
            false => (rate, deviation.recip(), self.epsilon),
            true => match self.rectification(t, powers[1]) {
                Some(r) => (rate * r * deviation, 1.0, self.epsilon),
                None => (rate, 0.0, 1.0),
            },
        };
        let [rate, correction, epsilon] = [rate, correction, epsilon].map(|x| x as f32);
        AdamFactors {
            rate,
            correction,
            epsilon,
        }
    }

    /// `rₜ` of Liu et al. 2020, algorithm 2; `None` as long as `ρₜ ≤ 5`, when the variance of the
    /// adaptive step size is too large. The paper's bound is 4, PyTorch's is 5: with its `β₂` the
    /// first five steps are plain ones, in place of four.
    fn rectification(&self, t: u64, beta2_power: f64) -> Option<f64> {
        let most = 2.0 / (1.0 - self.beta2) - 1.0;
        let length = most - 2.0 * t as f64 * beta2_power / (1.0 - beta2_power);
        let of = |length: f64| (length - 4.0) * (length - 2.0) / length;
        (length > 5.0).then(|| (of(length) / of(most)).sqrt())
    }

    /// An optimizer of `len` parameters, before its first step.
    pub fn init(self, len: usize) -> Adam {
        Adam {
            config: self,
            steps: 0,
            powers: [1.0, 1.0],
            first_moment: vec![0.0; len],
            second_moment: vec![0.0; len],
        }
    }
}

/// Adam (Kingma and Ba 2015, algorithm 1), rounded as PyTorch's is; rectified, RAdam (Liu et al. 2020,
/// "On the variance of the adaptive learning rate and beyond", algorithm 2) in PyTorch's form.
///
/// Arrays of its [`State`]: `first_moment` and `second_moment`, `[len]` each, and `steps`, `[1]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Adam {
    config: AdamConfig,
    /// Number of steps, `t`.
    steps: u64,
    /// `β₁ᵗ` and `β₂ᵗ`.
    powers: [f64; 2],
    /// Running mean of the gradients, `[len]`.
    pub(super) first_moment: Vec<f32>,
    /// Running mean of the squared gradients, `[len]`.
    pub(super) second_moment: Vec<f32>,
}

impl Adam {
    /// Changes the parameters, `[len]`, by one step of learning rate `rate` down
    /// `scale · gradient`, `[len]`.
    ///
    /// # Panics
    /// If either slice is not `[len]`.
    pub fn step(&mut self, parameters: &mut [f32], gradient: &[f32], scale: f32, rate: f64) {
        check(self.first_moment.len(), parameters, gradient);
        let AdamConfig { beta1, beta2, .. } = self.config;
        self.steps += 1;
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

impl State for Adam {
    fn save(&self, out: &mut dyn StateWriter) {
        out.f32s("first_moment", &self.first_moment);
        out.f32s("second_moment", &self.second_moment);
        out.u64s("steps", &[self.steps]);
    }

    fn load(&mut self, from: &dyn StateReader) -> Result<(), StateError> {
        from.f32s("first_moment", &mut self.first_moment)?;
        from.f32s("second_moment", &mut self.second_moment)?;
        let mut steps = [0];
        from.u64s("steps", &mut steps)?;
        [self.steps] = steps;
        let AdamConfig { beta1, beta2, .. } = self.config;
        self.powers = [beta1, beta2].map(|beta| power(beta, self.steps));
        Ok(())
    }
}

/// `βᵗ` with the rounding of `t` multiplications, one per step.
pub(super) fn power(beta: f64, steps: u64) -> f64 {
    let mut power = 1.0;
    for _ in 0..steps {
        let next = power * beta;
        // Nothing changes once it has underflowed.
        if next == power {
            break;
        }
        power = next;
    }
    power
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
            steps,
            powers,
            first_moment,
            second_moment,
        } = self.adam;
        let [beta1, beta2] = [config.beta1 as f32, config.beta2 as f32];
        let [rest1, rest2] = [(1.0 - config.beta1) as f32, (1.0 - config.beta2) as f32];
        let AdamFactors {
            rate,
            correction,
            epsilon,
        } = config.factors(*steps, *powers, self.rate);
        let moments = first_moment.iter_mut().zip(second_moment);
        for ((parameter, &g), (m, v)) in self.parameters.iter_mut().zip(self.gradient).zip(moments)
        {
            let g = self.scale * g;
            *m = flushed(beta1.mul_add(*m, rest1 * g));
            *v = flushed(beta2.mul_add(*v, rest2 * (g * g)));
            *parameter -= rate * (*m / v.sqrt().mul_add(correction, epsilon));
        }
    }
}

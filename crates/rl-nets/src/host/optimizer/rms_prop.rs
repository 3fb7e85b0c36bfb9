//! RMSProp.

use pulp::{Arch, NullaryFnOnce};
use rl_core::{State, StateError, StateReader, StateWriter};
use serde::{Deserialize, Serialize};

use super::{check, flushed};

/// Constants of [`RmsProp`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RmsPropConfig {
    /// Decay of the running mean of the squared gradients.
    pub alpha: f64,
    /// Number added to the denominator of a step, against division by zero.
    pub epsilon: f64,
}

impl Default for RmsPropConfig {
    /// Constants of PyTorch: 0.99 and 10⁻⁸.
    fn default() -> Self {
        Self {
            alpha: 0.99,
            epsilon: 1e-8,
        }
    }
}

impl RmsPropConfig {
    /// An optimizer of `len` parameters, before its first step.
    pub fn init(self, len: usize) -> RmsProp {
        RmsProp {
            config: self,
            mean_square: vec![0.0; len],
        }
    }
}

/// RMSProp (Tieleman and Hinton 2012) as PyTorch has it: `ε` outside of the root, no momentum.
///
/// Array of its [`State`]: `mean_square`, `[len]`.
#[derive(Clone, Debug, PartialEq)]
pub struct RmsProp {
    config: RmsPropConfig,
    /// Running mean of the squared gradients, `[len]`.
    pub(super) mean_square: Vec<f32>,
}

impl RmsProp {
    /// Changes the parameters, `[len]`, by one step of learning rate `rate` down
    /// `scale · gradient`, `[len]`.
    ///
    /// # Panics
    /// If either slice is not `[len]`.
    pub fn step(&mut self, parameters: &mut [f32], gradient: &[f32], scale: f32, rate: f64) {
        check(self.mean_square.len(), parameters, gradient);
        Arch::new().dispatch(RmsPropStep {
            rms_prop: self,
            parameters,
            gradient,
            scale,
            rate: rate as f32,
        });
    }
}

impl State for RmsProp {
    fn save(&self, out: &mut dyn StateWriter) {
        out.f32s("mean_square", &self.mean_square);
    }

    fn load(&mut self, from: &dyn StateReader) -> Result<(), StateError> {
        from.f32s("mean_square", &mut self.mean_square)
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
        let RmsProp {
            config,
            mean_square,
        } = self.rms_prop;
        let (alpha, rest) = (config.alpha as f32, (1.0 - config.alpha) as f32);
        let epsilon = config.epsilon as f32;
        let gradients = self.gradient.iter().zip(mean_square);
        for (parameter, (&g, v)) in self.parameters.iter_mut().zip(gradients) {
            let g = self.scale * g;
            *v = flushed(alpha.mul_add(*v, rest * (g * g)));
            *parameter -= self.rate * (g / (v.sqrt() + epsilon));
        }
    }
}

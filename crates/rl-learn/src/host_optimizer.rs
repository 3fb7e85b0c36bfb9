//! Optimizers on the host, over one flat vector of parameters.

use rl_core::{State, StateError, StateReader, StateWriter};
use rl_nets::host::{Adam, AdamConfig, RmsProp, RmsPropConfig};

use crate::{Optimizer, OptimizerConfig};

/// Optimizer of a configuration, on the host.
#[derive(Clone)]
pub(crate) enum HostOptimizer {
    Adam(Adam),
    RmsProp(RmsProp),
    Sgd,
}

impl OptimizerConfig {
    /// Constants of Adam and RAdam.
    pub(crate) fn adam_config(&self) -> AdamConfig {
        AdamConfig {
            epsilon: self.optimizer_epsilon,
            rectified: self.optimizer == Optimizer::Radam,
            ..AdamConfig::default()
        }
    }

    /// Constants of RMSProp.
    pub(crate) fn rms_prop_config(&self) -> RmsPropConfig {
        RmsPropConfig {
            epsilon: self.optimizer_epsilon,
            ..RmsPropConfig::default()
        }
    }
}

impl HostOptimizer {
    /// An optimizer of `len` parameters, before its first step.
    pub fn new(config: &OptimizerConfig, len: usize) -> Self {
        match config.optimizer {
            Optimizer::Adam | Optimizer::Radam => Self::Adam(config.adam_config().init(len)),
            Optimizer::Rmsprop => Self::RmsProp(config.rms_prop_config().init(len)),
            Optimizer::Sgd => Self::Sgd,
        }
    }

    /// Changes the parameters, `[len]`, by a step down `scale · gradient`, `[len]`.
    pub fn step(&mut self, parameters: &mut [f32], gradient: &[f32], scale: f32, rate: f64) {
        match self {
            Self::Adam(adam) => adam.step(parameters, gradient, scale, rate),
            Self::RmsProp(rms_prop) => rms_prop.step(parameters, gradient, scale, rate),
            Self::Sgd => {
                let rate = rate as f32;
                for (parameter, g) in parameters.iter_mut().zip(gradient) {
                    *parameter -= rate * (scale * g);
                }
            }
        }
    }
}

impl State for HostOptimizer {
    fn save(&self, out: &mut dyn StateWriter) {
        match self {
            Self::Adam(adam) => adam.save(out),
            Self::RmsProp(rms_prop) => rms_prop.save(out),
            Self::Sgd => {}
        }
    }

    fn load(&mut self, from: &dyn StateReader) -> Result<(), StateError> {
        match self {
            Self::Adam(adam) => adam.load(from),
            Self::RmsProp(rms_prop) => rms_prop.load(from),
            Self::Sgd => Ok(()),
        }
    }
}

/// Factor on a gradient of this norm, as in PyTorch's `clip_grad_norm_`.
pub(crate) fn clipping(norm: f64, max_grad_norm: f32) -> f32 {
    (max_grad_norm / (norm as f32 + 1e-6)).min(1.0)
}

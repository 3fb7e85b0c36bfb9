//! How parameters are moved, and by which learner.

use rl_nets::{Device, Networks, is_cpu};
use serde::{Deserialize, Serialize};

use crate::ConfigError;
use crate::learner::{BurnLearner, FusedLearner, Learner};

/// An optimizer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Optimizer {
    /// Adam with `β = 0.9, 0.999` (Kingma & Ba 2015).
    #[default]
    Adam,
    /// RMSProp with `α = 0.99`, PyTorch's form: `g / (√v + ε)`.
    Rmsprop,
}

/// Who computes gradients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LearnerKind {
    /// The fused one on a CPU device, Burn's tape anywhere else.
    #[default]
    Auto,
    /// Burn's tape, on any device.
    Burn,
    /// The same gradient without a tape, in loops over flat buffers on the CPU.
    Fused,
}

/// How a learner moves its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct OptimizerConfig {
    /// The optimizer.
    pub optimizer: Optimizer,
    /// Its step size, positive.
    pub learning_rate: f64,
    /// Whether the step size falls linearly to 0 over the run.
    pub anneal_learning_rate: bool,
    /// What keeps its divisions finite, positive.
    pub optimizer_epsilon: f64,
    /// The largest global norm of a gradient, positive; `None` and infinity leave gradients as
    /// they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_grad_norm: Option<f64>,
    /// Who computes gradients.
    pub learner: LearnerKind,
}

impl OptimizerConfig {
    /// Adam with PyTorch's ε of 1e-8, a constant step size and no clipping.
    pub fn adam(learning_rate: f64) -> Self {
        Self {
            optimizer: Optimizer::Adam,
            learning_rate,
            anneal_learning_rate: false,
            optimizer_epsilon: 1e-8,
            max_grad_norm: None,
            learner: LearnerKind::Auto,
        }
    }

    /// Checks the ranges.
    ///
    /// # Errors
    /// [`ConfigError`] for a value out of its range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        ConfigError::positive("learning_rate", self.learning_rate)?;
        ConfigError::positive("optimizer_epsilon", self.optimizer_epsilon)?;
        match self.max_grad_norm {
            None => Ok(()),
            Some(norm) => {
                let allowed = "a positive number, or inf";
                ConfigError::unless(norm > 0.0, "max_grad_norm", norm, allowed)
            }
        }
    }

    /// The step size when a share `done` of the run is.
    pub fn learning_rate_at(&self, done: f64) -> f64 {
        if self.anneal_learning_rate {
            // An optimizer needs some step size, even past the end.
            self.learning_rate * (1.0 - done).max(1e-9)
        } else {
            self.learning_rate
        }
    }

    /// Puts networks on a device to learn.
    ///
    /// # Errors
    /// [`ConfigError`] for a value out of its range, or the fused learner on another device than
    /// a CPU.
    pub fn init(
        &self,
        networks: Networks,
        device: &Device,
    ) -> Result<Box<dyn Learner>, ConfigError> {
        self.validate()?;
        let fused = match self.learner {
            LearnerKind::Burn => false,
            LearnerKind::Auto => is_cpu(device),
            LearnerKind::Fused => {
                let allowed = "burn or auto on a device other than a CPU";
                ConfigError::unless(is_cpu(device), "learner", "fused", allowed)?;
                true
            }
        };
        Ok(if fused {
            Box::new(FusedLearner::new(networks, self))
        } else {
            Box::new(BurnLearner::new(networks, self, device))
        })
    }
}

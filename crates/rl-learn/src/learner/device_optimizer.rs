//! Optimizers on a device, over one flat vector of parameters.

use burn::tensor::{Device, Tensor};
use rl_nets::host::{AdamConfig, RmsPropConfig};

use crate::{Optimizer, OptimizerConfig};

/// Adam or RMSProp on a device, with clipping by the global norm before it.
///
/// All parameters are one vector `[len]`: an optimizer that goes through the tensors of a network
/// one by one launches two dozen kernels for each, which costs a GPU more than the arithmetic of a
/// small network.
pub(crate) struct DeviceOptimizer {
    kind: Optimizer,
    epsilon: f32,
    max_grad_norm: Option<f32>,
    /// `β₁ᵗ` and `β₂ᵗ` of Adam.
    powers: [f64; 2],
    mean: Tensor<1>,
    square: Tensor<1>,
}

impl DeviceOptimizer {
    pub fn new(config: &OptimizerConfig, len: usize, device: &Device) -> Self {
        Self {
            kind: config.optimizer,
            epsilon: config.optimizer_epsilon as f32,
            max_grad_norm: config.max_grad_norm.map(|norm| norm as f32),
            powers: [1.0; 2],
            mean: Tensor::zeros([len], device),
            square: Tensor::zeros([len], device),
        }
    }

    /// The parameters after a step down `gradient`, and the gradient's norm before clipping, `[1]`.
    /// Nothing is read back from the device.
    pub fn step(
        &mut self,
        parameters: Tensor<1>,
        gradient: Tensor<1>,
        learning_rate: f64,
    ) -> (Tensor<1>, Tensor<1>) {
        let norm = gradient.clone().square().sum().sqrt();
        let gradient = match self.max_grad_norm {
            None => gradient,
            Some(max_norm) => {
                // As in PyTorch's `clip_grad_norm_`.
                let scale = norm.clone().add_scalar(1e-6).recip();
                gradient * scale.mul_scalar(max_norm).clamp_max(1.0)
            }
        };
        let change = match self.kind {
            Optimizer::Adam => self.adam(gradient, learning_rate),
            Optimizer::Rmsprop => self.rms_prop(gradient, learning_rate),
        };
        (parameters - change, norm)
    }

    /// Kingma & Ba 2015, algorithm 1, with the corrections of the moments moved to the step size.
    fn adam(&mut self, gradient: Tensor<1>, learning_rate: f64) -> Tensor<1> {
        let AdamConfig { beta1, beta2, .. } = AdamConfig::default();
        self.powers = [self.powers[0] * beta1, self.powers[1] * beta2];
        let decayed = |moment: &Tensor<1>, new: Tensor<1>, beta: f64| {
            moment.clone().mul_scalar(beta as f32) + new.mul_scalar((1.0 - beta) as f32)
        };
        self.mean = decayed(&self.mean, gradient.clone(), beta1);
        self.square = decayed(&self.square, gradient.square(), beta2);
        let rate = (learning_rate / (1.0 - self.powers[0])) as f32;
        let correction = (1.0 - self.powers[1]).sqrt().recip() as f32;
        let deviation = self.square.clone().sqrt().mul_scalar(correction);
        self.mean.clone().mul_scalar(rate) / deviation.add_scalar(self.epsilon)
    }

    fn rms_prop(&mut self, gradient: Tensor<1>, learning_rate: f64) -> Tensor<1> {
        let alpha = RmsPropConfig::default().alpha as f32;
        let new = gradient.clone().square().mul_scalar(1.0 - alpha);
        self.square = self.square.clone().mul_scalar(alpha) + new;
        let deviation = self.square.clone().sqrt().add_scalar(self.epsilon);
        gradient.mul_scalar(learning_rate as f32) / deviation
    }
}

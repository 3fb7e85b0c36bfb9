//! Optimizers on a device, over one flat vector of parameters.

use burn::tensor::{Device, Tensor};
use rl_core::{State, StateError, StateReader, StateWriter};
use rl_nets::host::{AdamConfig, AdamFactors, RmsPropConfig};

use super::transfer::{download_all, vector};
use crate::{Optimizer, OptimizerConfig};

/// Adam, RAdam, RMSProp or plain gradient descent on a device.
///
/// All parameters are one vector `[len]`: an optimizer that goes through the tensors of a network
/// one by one launches two dozen kernels for each, which costs a GPU more than the arithmetic of a
/// small network.
pub(crate) struct DeviceOptimizer {
    kind: Optimizer,
    of_adam: AdamConfig,
    of_rms_prop: RmsPropConfig,
    /// Number of steps of Adam, `t`.
    steps: u64,
    /// `β₁ᵗ` and `β₂ᵗ` of Adam.
    powers: [f64; 2],
    /// Mean of the gradients, `[len]`.
    first_moment: Tensor<1>,
    /// Mean of their squares, `[len]`.
    second_moment: Tensor<1>,
}

impl DeviceOptimizer {
    pub fn new(config: &OptimizerConfig, len: usize, device: &Device) -> Self {
        Self {
            kind: config.optimizer,
            of_adam: config.adam_config(),
            of_rms_prop: config.rms_prop_config(),
            steps: 0,
            powers: [1.0; 2],
            first_moment: Tensor::zeros([len], device),
            second_moment: Tensor::zeros([len], device),
        }
    }

    /// The change of the parameters, to be subtracted, by a step down `gradient`. Nothing is read
    /// back from the device.
    pub fn change(&mut self, gradient: Tensor<1>, learning_rate: f64) -> Tensor<1> {
        match self.kind {
            Optimizer::Adam | Optimizer::Radam => self.adam(gradient, learning_rate),
            Optimizer::Rmsprop => self.rms_prop(gradient, learning_rate),
            Optimizer::Sgd => gradient.mul_scalar(learning_rate as f32),
        }
    }

    /// Kingma & Ba 2015, algorithm 1, or Liu et al. 2020, algorithm 2, with the corrections of the
    /// moments moved to the step size.
    fn adam(&mut self, gradient: Tensor<1>, learning_rate: f64) -> Tensor<1> {
        let AdamConfig { beta1, beta2, .. } = self.of_adam;
        self.steps += 1;
        self.powers = [self.powers[0] * beta1, self.powers[1] * beta2];
        let decayed = |moment: &Tensor<1>, new: Tensor<1>, beta: f64| {
            moment.clone().mul_scalar(beta as f32) + new.mul_scalar((1.0 - beta) as f32)
        };
        self.first_moment = decayed(&self.first_moment, gradient.clone(), beta1);
        self.second_moment = decayed(&self.second_moment, gradient.square(), beta2);
        let AdamFactors {
            rate,
            correction,
            epsilon,
        } = (self.of_adam).factors(self.steps, self.powers, learning_rate);
        let deviation = self.second_moment.clone().sqrt().mul_scalar(correction);
        self.first_moment.clone().mul_scalar(rate) / deviation.add_scalar(epsilon)
    }

    fn rms_prop(&mut self, gradient: Tensor<1>, learning_rate: f64) -> Tensor<1> {
        let RmsPropConfig { alpha, epsilon } = self.of_rms_prop;
        let [alpha, epsilon] = [alpha as f32, epsilon as f32];
        let new = gradient.clone().square().mul_scalar(1.0 - alpha);
        self.second_moment = self.second_moment.clone().mul_scalar(alpha) + new;
        let deviation = self.second_moment.clone().sqrt().add_scalar(epsilon);
        gradient.mul_scalar(learning_rate as f32) / deviation
    }
}

impl State for DeviceOptimizer {
    /// Writes nothing if the device fails, which the reader then misses by name.
    fn save(&self, out: &mut dyn StateWriter) {
        let moments = [self.first_moment.clone(), self.second_moment.clone()];
        if let Ok([first, second]) = download_all(moments) {
            out.f32s("first_moment", &first);
            out.f32s("second_moment", &second);
            out.f64s("powers", &self.powers);
            if self.of_adam.rectified {
                out.u64s("steps", &[self.steps]);
            }
        }
    }

    fn load(&mut self, from: &dyn StateReader) -> Result<(), StateError> {
        for (name, moment) in [
            ("first_moment", &mut self.first_moment),
            ("second_moment", &mut self.second_moment),
        ] {
            let [len] = moment.dims();
            let mut numbers = vec![0.0; len];
            from.f32s(name, &mut numbers)?;
            *moment = vector(numbers, &moment.device());
        }
        if self.of_adam.rectified {
            let mut steps = [0];
            from.u64s("steps", &mut steps)?;
            [self.steps] = steps;
        }
        from.f64s("powers", &mut self.powers)
    }
}

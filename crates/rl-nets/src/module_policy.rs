//! Policies that are modules of a user's own.

use burn::tensor::{Device, Tensor, TensorData};

use crate::{Head, ModuleWeights, Network};

/// Network of a policy that is a module of a user's own, on its device.
#[derive(Debug)]
pub(crate) struct ModulePolicy {
    network: Box<dyn Network>,
    device: Device,
    /// Outputs that are the head's: a value may come after them.
    outputs: usize,
}

impl ModulePolicy {
    pub fn new(module: &ModuleWeights, head: &Head) -> Self {
        Self {
            network: module.to_act(),
            device: module.device().clone(),
            outputs: head.outputs(),
        }
    }

    /// Writes the head's outputs, `[n, outputs]`; NaN if the device fails.
    pub fn evaluate(&self, inputs: &[f32], input_size: usize, outputs: &mut [f32]) {
        let data = TensorData::new(
            inputs.to_vec(),
            [inputs.len() / input_size.max(1), input_size],
        );
        let of_network = self.network.outputs(Tensor::from_data(data, &self.device));
        let of_head = of_network.narrow(1, 0, self.outputs);
        let numbers = of_head.try_into_data().ok();
        match numbers.and_then(|data| data.try_to_vec::<f32>().ok()) {
            Some(numbers) => outputs.copy_from_slice(&numbers),
            None => outputs.fill(f32::NAN),
        }
    }
}

impl Clone for ModulePolicy {
    fn clone(&self) -> Self {
        Self {
            network: self.network.boxed_clone(),
            device: self.device.clone(),
            outputs: self.outputs,
        }
    }
}

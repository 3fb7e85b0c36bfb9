//! One network on the host: the weights of a perceptron, or a module of a user's own with its
//! parameters.

use std::panic::{AssertUnwindSafe, catch_unwind};

use burn::tensor::{Device, Tensor, TensorData};
use rl_core::NamedArray;
use rl_core::error::panic_message;

use crate::{Forward, MlpWeights, Network};

/// One network on the host.
#[derive(Clone, Debug, PartialEq)]
pub enum NetworkWeights {
    /// Multi-layer perceptron, which acts on the host.
    Mlp(MlpWeights),
    /// Module of a user's own, which acts on its device.
    Module(ModuleWeights),
}

impl NetworkWeights {
    /// Numbers per input.
    pub fn input_size(&self) -> usize {
        match self {
            Self::Mlp(mlp) => mlp.input_size(),
            Self::Module(module) => module.input_size,
        }
    }

    /// Numbers per output.
    pub fn output_size(&self) -> usize {
        match self {
            Self::Mlp(mlp) => mlp.output_size(),
            Self::Module(module) => module.output_size,
        }
    }

    /// The perceptron; `None` for a module.
    pub fn mlp(&self) -> Option<&MlpWeights> {
        match self {
            Self::Mlp(mlp) => Some(mlp),
            Self::Module(_) => None,
        }
    }

    /// The parameters in their flat order, tensor by tensor or all at once.
    pub fn parameters(&self) -> Vec<&[f32]> {
        match self {
            Self::Mlp(mlp) => mlp.parameters().collect(),
            Self::Module(module) => vec![&module.parameters],
        }
    }

    /// The parameters in the same order, to be changed.
    pub fn parameters_mut(&mut self) -> Vec<&mut [f32]> {
        match self {
            Self::Mlp(mlp) => mlp.parameters_mut().collect(),
            Self::Module(module) => vec![&mut module.parameters],
        }
    }
}

/// Module that cannot be a network for observations of a size.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a module of one's own, tried on an observation of {input_size} numbers: {message}")]
pub struct ModuleError {
    /// Numbers per observation.
    pub input_size: usize,
    /// Message of its panic.
    pub message: String,
}

/// Module of a user's own, with the values of its parameters on the host.
#[derive(Debug)]
pub struct ModuleWeights {
    /// The module, whose own values may be older.
    module: Box<dyn Network>,
    device: Device,
    parameters: Vec<f32>,
    input_size: usize,
    output_size: usize,
}

impl ModuleWeights {
    /// A module on a device, for `input_size` numbers per observation. It is tried on one.
    ///
    /// # Errors
    /// [`ModuleError`] if the module panics on it, as one of another width does.
    pub fn new(
        module: impl Forward,
        input_size: usize,
        device: &Device,
    ) -> Result<Self, ModuleError> {
        let module = module.to_act(device);
        let device = device.clone().inner();
        let tried = catch_unwind(AssertUnwindSafe(|| {
            let [_, outputs] = module
                .outputs(Tensor::zeros([1, input_size], &device))
                .dims();
            outputs
        }));
        let output_size = tried.map_err(|payload| ModuleError {
            input_size,
            message: panic_message(&*payload),
        })?;
        let parameters = module.arrays().into_iter().flat_map(|array| array.values);
        Ok(Self {
            parameters: parameters.collect(),
            input_size,
            output_size,
            module,
            device,
        })
    }

    /// The module with these parameters, to act on its device.
    pub fn to_act(&self) -> Box<dyn Network> {
        let mut module = self.module.to_act(&self.device);
        module.set_flat(&self.on(&self.device));
        module
    }

    /// The module with these parameters, to learn on a device.
    pub fn to_learn(&self, device: &Device) -> Box<dyn Network> {
        let mut module = self.module.to_learn(device);
        module.set_flat(&self.on(&device.clone().inner()));
        module
    }

    /// Numbers per input.
    pub fn input_size(&self) -> usize {
        self.input_size
    }

    /// The device that it acts on.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The parameters by their names in the module.
    pub fn arrays(&self) -> Vec<NamedArray> {
        let mut rest = self.parameters.as_slice();
        let mut arrays = self.module.arrays();
        for array in &mut arrays {
            let (values, others) = rest.split_at(array.values.len());
            array.values = values.to_vec();
            rest = others;
        }
        arrays
    }

    fn on(&self, device: &Device) -> Tensor<1> {
        let length = self.parameters.len();
        Tensor::from_data(TensorData::new(self.parameters.clone(), [length]), device)
    }
}

impl Clone for ModuleWeights {
    fn clone(&self) -> Self {
        Self {
            module: self.module.boxed_clone(),
            device: self.device.clone(),
            parameters: self.parameters.clone(),
            ..*self
        }
    }
}

impl PartialEq for ModuleWeights {
    fn eq(&self, other: &Self) -> bool {
        let sizes = |weights: &Self| (weights.input_size, weights.output_size);
        sizes(self) == sizes(other) && self.parameters == other.parameters
    }
}

//! Multi-layer perceptrons.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{Device, Tensor, TensorData};
use rl_core::Stream;
use serde::{Deserialize, Serialize};

use crate::{Activation, Initialization, LayerWeights, MlpWeights};

/// The gain of hidden layers under orthogonal initialisation.
const HIDDEN_GAIN: f32 = std::f32::consts::SQRT_2;

/// Configuration of an [`Mlp`].
///
/// ```
/// use burn::tensor::Device;
/// use rl_core::Stream;
/// use rl_nets::MlpConfig;
///
/// let mlp = MlpConfig { size: 32, ..MlpConfig::new(4, 2) }
///     .init(&mut Stream::from_seed(0), &Device::default());
/// assert_eq!(mlp.layers.len(), 3);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MlpConfig {
    /// Numbers per input.
    pub input_size: usize,
    /// Numbers per output.
    pub output_size: usize,
    /// Number of hidden layers; 0 makes a linear function.
    pub n_layers: usize,
    /// Units per hidden layer.
    pub size: usize,
    /// Activation of the hidden layers.
    pub activation: Activation,
    /// Activation of the output layer.
    pub output_activation: Activation,
    /// How the weights are drawn.
    pub initialization: Initialization,
    /// Gain of the output layer under orthogonal initialisation.
    pub output_gain: f32,
}

impl MlpConfig {
    /// Two hidden layers of 64 units with tanh, an identity output, orthogonal initialisation
    /// with output gain 1.
    pub fn new(input_size: usize, output_size: usize) -> Self {
        Self {
            input_size,
            output_size,
            n_layers: 2,
            size: 64,
            activation: Activation::Tanh,
            output_activation: Activation::Identity,
            initialization: Initialization::Orthogonal,
            output_gain: 1.0,
        }
    }

    /// Draws the weights of a network.
    pub fn draw(&self, rng: &mut Stream) -> MlpWeights {
        let mut layers = Vec::with_capacity(self.n_layers + 1);
        let mut input_size = self.input_size;
        for _ in 0..self.n_layers {
            layers.push(
                self.initialization
                    .draw(input_size, self.size, HIDDEN_GAIN, rng),
            );
            input_size = self.size;
        }
        let output = (input_size, self.output_size, self.output_gain);
        layers.push(self.initialization.draw(output.0, output.1, output.2, rng));
        MlpWeights {
            layers,
            activation: self.activation,
            output_activation: self.output_activation,
        }
    }

    /// Draws a network and puts it on a device.
    pub fn init(&self, rng: &mut Stream, device: &Device) -> Mlp {
        Mlp::from_weights(&self.draw(rng), device)
    }
}

/// A multi-layer perceptron on a device.
#[derive(Module, Debug)]
pub struct Mlp {
    /// The linear layers from input to output.
    pub layers: Vec<Linear>,
    #[module(skip)]
    activation: Activation,
    #[module(skip)]
    output_activation: Activation,
}

impl Mlp {
    /// Puts host weights on a device.
    pub fn from_weights(weights: &MlpWeights, device: &Device) -> Self {
        Self {
            layers: weights
                .layers
                .iter()
                .map(|layer| linear(layer, device))
                .collect(),
            activation: weights.activation,
            output_activation: weights.output_activation,
        }
    }

    /// Evaluates the network.
    ///
    /// # Shapes
    /// - input: `[batch, input_size]`
    /// - output: `[batch, output_size]`
    pub fn forward(&self, input: Tensor<2>) -> Tensor<2> {
        let last = self.layers.len() - 1;
        self.layers.iter().enumerate().fold(input, |x, (i, layer)| {
            let activation = if i == last {
                self.output_activation
            } else {
                self.activation
            };
            activation.forward(layer.forward(x))
        })
    }

    /// The derivative of the outputs by the parameters along `direction`, a network whose
    /// parameters are the components of a vector, `[batch, output_size]`, apart from any tape
    /// (forward-mode differentiation).
    pub fn derivative_along(&self, input: Tensor<2>, direction: &Self) -> Tensor<2> {
        let last = self.layers.len() - 1;
        let mut x = input;
        let mut dx: Option<Tensor<2>> = None;
        for (i, (layer, along)) in self.layers.iter().zip(&direction.layers).enumerate() {
            let activation = if i == last {
                self.output_activation
            } else {
                self.activation
            };
            let mut dz = along.forward(x.clone()).inner();
            if let Some(dx) = dx {
                dz = dz + dx.matmul(layer.weight.val().inner());
            }
            let z = layer.forward(x).inner();
            dx = Some(dz * activation.derivative(z.clone()));
            x = activation.forward(z);
        }
        dx.unwrap_or(x)
    }
}

fn linear(layer: &LayerWeights, device: &Device) -> Linear {
    let weight = TensorData::new(layer.weight.clone(), [layer.input_size, layer.output_size]);
    let bias = TensorData::new(layer.bias.clone(), [layer.output_size]);
    Linear {
        weight: Param::from_data(weight, device),
        bias: Some(Param::from_data(bias, device)),
    }
}

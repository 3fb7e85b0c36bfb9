//! Multi-layer perceptrons.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{Device, Tensor, TensorData};
use rl_core::Stream;
use serde::{Deserialize, Serialize};

use crate::{Activation, Forward, Initialization, LayerWeights, MlpWeights};

/// Gain of hidden layers under orthogonal initialisation.
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
    /// Distribution of the initial weights.
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

    /// Draws the weights of a network on the host.
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

    /// Draws the weights of a network and copies them to a device.
    pub fn init(&self, rng: &mut Stream, device: &Device) -> Mlp {
        Mlp::from_weights(&self.draw(rng), device)
    }
}

/// A multi-layer perceptron on a device.
#[derive(Module, Debug)]
pub struct Mlp {
    /// Linear layers, from input to output.
    pub layers: Vec<Linear>,
    #[module(skip)]
    activation: Activation,
    #[module(skip)]
    output_activation: Activation,
}

impl Mlp {
    /// Copies weights from the host to a device.
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

    /// Outputs of the network.
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

    /// Derivative of the outputs along a direction of the parameters, `[batch, output_size]`, by
    /// forward-mode differentiation and not recorded on a tape. `direction` holds the components of
    /// the direction as its parameters.
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

impl Forward for Mlp {
    fn forward(&self, observations: Tensor<2>) -> Tensor<2> {
        Self::forward(self, observations)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_layers_have_the_gain_root_two_and_the_output_its_own() {
        let config = MlpConfig {
            size: 16,
            output_gain: 0.3,
            ..MlpConfig::new(16, 16)
        };
        let drawn = config.draw(&mut Stream::from_seed(0));
        let gains = drawn.layers.iter().map(|layer| {
            // Rows of an orthogonal square matrix have the norm 1.
            let row = &layer.weight[..16];
            row.iter().map(|w| w * w).sum::<f32>().sqrt()
        });
        let expected = [2_f32.sqrt(), 2_f32.sqrt(), 0.3];
        for (gain, expected) in gains.zip(expected) {
            assert!((gain - expected).abs() < 1e-5, "{gain} {expected}");
        }
    }
}

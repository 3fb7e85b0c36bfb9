//! Configuration of multi-layer perceptrons.

use rl_core::Stream;
use serde::{Deserialize, Serialize};

use crate::{Activation, Initialization, LayerWeights, MlpWeights, NormWeights};

/// Gain of hidden layers under orthogonal initialisation.
const HIDDEN_GAIN: f32 = std::f32::consts::SQRT_2;

/// Configuration of a multi-layer perceptron.
///
/// ```
/// use rl_core::Stream;
/// use rl_nets::MlpConfig;
///
/// let mlp = MlpConfig { size: 32, ..MlpConfig::new(4, 2) }
///     .draw(&mut Stream::from_seed(0));
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
    /// Layer normalisation of the hidden layers, before their activation (Gallici et al. 2024).
    pub layer_norm: bool,
    /// Activation of the output layer.
    pub output_activation: Activation,
    /// Distribution of the initial weights.
    pub initialization: Initialization,
    /// Gain of the output layer under orthogonal initialisation.
    pub output_gain: f32,
}

impl MlpConfig {
    /// Two hidden layers of 64 units with tanh and without normalisation, an identity output,
    /// orthogonal initialisation with output gain 1.
    pub fn new(input_size: usize, output_size: usize) -> Self {
        Self {
            input_size,
            output_size,
            n_layers: 2,
            size: 64,
            activation: Activation::Tanh,
            layer_norm: false,
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
            let drawn = (self.initialization).draw(input_size, self.size, HIDDEN_GAIN, rng);
            layers.push(LayerWeights {
                norm: self.layer_norm.then(|| NormWeights::unit(self.size)),
                ..drawn
            });
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

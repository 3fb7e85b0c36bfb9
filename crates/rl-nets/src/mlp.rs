//! Multi-layer perceptrons on a device.

use burn::module::{Module, Param};
use burn::tensor::module::linear;
use burn::tensor::{Device, Tensor, TensorData, assert_shape};
use rl_core::Stream;

use crate::{Activation, Forward, LayerWeights, MlpConfig, MlpWeights, NormWeights};

impl MlpConfig {
    /// Draws the weights of a network and copies them to a device.
    pub fn init(&self, rng: &mut Stream, device: &Device) -> Mlp {
        Mlp::from_weights(&self.draw(rng), device)
    }
}

/// A multi-layer perceptron on a device.
#[derive(Module, Debug)]
pub struct Mlp {
    /// Layers, from input to output.
    pub layers: Vec<MlpLayer>,
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
                .map(|layer| MlpLayer::from_weights(layer, device))
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
            let mut dz = along.linear(x.clone()).inner();
            if let Some(dx) = dx {
                dz = dz + dx.matmul(layer.weight.val().inner());
            }
            let mut z = layer.linear(x).inner();
            if let Some((norm, along)) = layer.norm.as_ref().zip(along.norm.as_ref()) {
                (z, dz) = norm.forward_along(z, dz, along);
            }
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

/// A layer of an [`Mlp`] on a device, without its activation.
#[derive(Module, Debug)]
pub struct MlpLayer {
    /// Weight, `[input_size, output_size]`.
    pub weight: Param<Tensor<2>>,
    /// Bias, `[output_size]`.
    pub bias: Param<Tensor<1>>,
    /// Normalisation of the outputs; `None` without.
    pub norm: Option<MlpNorm>,
}

impl MlpLayer {
    fn from_weights(weights: &LayerWeights, device: &Device) -> Self {
        let shape = [weights.input_size, weights.output_size];
        let weight = TensorData::new(weights.weight.clone(), shape);
        Self {
            weight: Param::from_data(weight, device),
            bias: vector(&weights.bias, device),
            norm: weights.norm.as_ref().map(|norm| MlpNorm {
                weight: vector(&norm.scale, device),
                bias: vector(&norm.offset, device),
            }),
        }
    }

    fn linear(&self, input: Tensor<2>) -> Tensor<2> {
        let weight = self.weight.val();
        let [input_size, _] = weight.dims();
        assert_shape!(input, [.., input_size]);
        linear(input, weight, Some(self.bias.val()))
    }

    /// Outputs of the layer, before their activation.
    ///
    /// # Shapes
    /// - input: `[batch, input_size]`
    /// - output: `[batch, output_size]`
    pub fn forward(&self, input: Tensor<2>) -> Tensor<2> {
        let output = self.linear(input);
        match &self.norm {
            None => output,
            Some(norm) => norm.forward(output),
        }
    }
}

/// Layer normalisation on a device; see [`NormWeights`].
#[derive(Module, Debug)]
pub struct MlpNorm {
    /// Scale, `[size]`.
    pub weight: Param<Tensor<1>>,
    /// Offset, `[size]`.
    pub bias: Param<Tensor<1>>,
}

impl MlpNorm {
    /// Normalised, scaled and moved rows, `[batch, size]`.
    pub fn forward(&self, rows: Tensor<2>) -> Tensor<2> {
        let (normalized, _) = normalize(rows);
        normalized * self.weight.val().unsqueeze() + self.bias.val().unsqueeze()
    }

    /// Normalised rows, and their derivative where `d_rows` is that of the rows and `along` holds the
    /// derivatives of scale and offset; apart from any tape.
    fn forward_along(
        &self,
        rows: Tensor<2>,
        d_rows: Tensor<2>,
        along: &Self,
    ) -> (Tensor<2>, Tensor<2>) {
        let of = |parameter: &Param<Tensor<1>>| parameter.val().inner().unsqueeze();
        let (normalized, inverse) = normalize(rows);
        let shared = (normalized.clone() * d_rows.clone()).mean_dim(1);
        let d_mean = d_rows.clone().mean_dim(1);
        let d_normalized = (d_rows - d_mean - normalized.clone() * shared) * inverse;
        let scale: Tensor<2> = of(&self.weight);
        let derivative = d_normalized * scale.clone() + normalized.clone() * of(&along.weight);
        (
            normalized * scale + of(&self.bias),
            derivative + of(&along.bias),
        )
    }
}

/// `(y − μ) / √(σ² + ε)` for each row `y`, and `1 / √(σ² + ε)`, `[batch, 1]`.
fn normalize(rows: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
    let mean = rows.clone().mean_dim(1);
    let centered = rows - mean;
    let variance = centered.clone().square().mean_dim(1);
    let deviation = variance.add_scalar(NormWeights::EPSILON).sqrt();
    let inverse = deviation.recip();
    (centered * inverse.clone(), inverse)
}

fn vector(numbers: &[f32], device: &Device) -> Param<Tensor<1>> {
    Param::from_data(TensorData::new(numbers.to_vec(), [numbers.len()]), device)
}

//! Weights as plain numbers on the host.

use crate::Activation;
use crate::distribution::{ActionValueForm, DistributionKind, Head};

/// Weights of a layer `y = x W + b`, whose outputs may be normalised before they are activated.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerWeights {
    /// Length of `x`.
    pub input_size: usize,
    /// Length of `y`.
    pub output_size: usize,
    /// `W`, `[input_size, output_size]`, row by row.
    pub weight: Vec<f32>,
    /// `b`, `[output_size]`.
    pub bias: Vec<f32>,
    /// Layer normalisation of `y`; `None` without.
    pub norm: Option<NormWeights>,
}

impl LayerWeights {
    /// Parameters, one slice per tensor: weight, bias, then scale and offset of the normalisation.
    pub fn parameters(&self) -> impl Iterator<Item = &[f32]> {
        let norm = self.norm.iter();
        let norm = norm.flat_map(|norm| [norm.scale.as_slice(), norm.offset.as_slice()]);
        [self.weight.as_slice(), self.bias.as_slice()]
            .into_iter()
            .chain(norm)
    }

    /// Mutable parameters in the same order.
    pub fn parameters_mut(&mut self) -> impl Iterator<Item = &mut [f32]> {
        let norm = self.norm.iter_mut();
        let norm = norm.flat_map(|norm| [norm.scale.as_mut_slice(), norm.offset.as_mut_slice()]);
        [self.weight.as_mut_slice(), self.bias.as_mut_slice()]
            .into_iter()
            .chain(norm)
    }
}

/// Weights of a layer normalisation (Ba et al. 2016, eq. 4): `scale · (y − μ) / √(σ² + ε) + offset`, where `μ` and `σ²`
/// are mean and variance over the numbers of one `y`, and `ε` is 10⁻⁵.
#[derive(Clone, Debug, PartialEq)]
pub struct NormWeights {
    /// Scale, `[output_size]`.
    pub scale: Vec<f32>,
    /// Offset, `[output_size]`.
    pub offset: Vec<f32>,
}

impl NormWeights {
    /// `ε`: the number added to a variance, PyTorch's.
    pub const EPSILON: f32 = 1e-5;

    /// A normalisation to mean 0 and variance 1, of so many numbers.
    pub fn unit(size: usize) -> Self {
        Self {
            scale: vec![1.0; size],
            offset: vec![0.0; size],
        }
    }
}

/// Weights of a multi-layer perceptron.
#[derive(Clone, Debug, PartialEq)]
pub struct MlpWeights {
    /// Layers, from input to output.
    pub layers: Vec<LayerWeights>,
    /// Activation of the hidden layers.
    pub activation: Activation,
    /// Activation of the output layer.
    pub output_activation: Activation,
}

impl MlpWeights {
    /// Numbers per input.
    pub fn input_size(&self) -> usize {
        self.layers.first().map_or(0, |layer| layer.input_size)
    }

    /// Numbers per output.
    pub fn output_size(&self) -> usize {
        self.layers.last().map_or(0, |layer| layer.output_size)
    }

    /// The network whose outputs are the values of so many actions, `[actions]`, where those of this one have a form.
    #[must_use]
    pub fn into_action_values(mut self, form: ActionValueForm, actions: usize) -> Self {
        if form != ActionValueForm::Plain
            && let Some(layer) = self.layers.last_mut()
        {
            // Values are linear in the outputs: a row of weights becomes the values of the row.
            let folded = |rows: &[f32]| -> Vec<f32> {
                let mut values = vec![0.0; rows.len() / layer.output_size * actions];
                let of_rows = values.chunks_exact_mut(actions);
                for (row, values) in rows.chunks_exact(layer.output_size).zip(of_rows) {
                    form.values(row, values);
                }
                values
            };
            (layer.weight, layer.bias) = (folded(&layer.weight), folded(&layer.bias));
            layer.output_size = actions;
        }
        self
    }

    /// Parameters, one slice per tensor: layer by layer those of [`LayerWeights::parameters`].
    pub fn parameters(&self) -> impl Iterator<Item = &[f32]> {
        self.layers.iter().flat_map(LayerWeights::parameters)
    }

    /// Mutable parameters in the same order.
    pub fn parameters_mut(&mut self) -> impl Iterator<Item = &mut [f32]> {
        let layers = self.layers.iter_mut();
        layers.flat_map(LayerWeights::parameters_mut)
    }

    /// All parameters as one vector, weights `[in, out]` row by row.
    pub fn flatten(&self) -> Vec<f32> {
        <Vec<&[f32]>>::from_iter(self.parameters()).concat()
    }
}

/// Weights of a policy: a network, the head that turns its outputs into a distribution of actions,
/// and for some distributions log standard deviations.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyWeights {
    /// Head that turns the network's outputs into a distribution of actions.
    pub head: Head,
    /// Network from an observation to the outputs that the head needs.
    pub mlp: MlpWeights,
    /// `ln σ`, `[action_dim]`, where it is a parameter ([`Head::has_log_std`]).
    pub log_std: Option<Vec<f32>>,
}

impl PolicyWeights {
    /// Kind of distribution of the actions.
    pub fn distribution(&self) -> DistributionKind {
        self.head.kind()
    }

    /// Numbers per flat action.
    pub fn action_dim(&self) -> usize {
        self.head.action_dim()
    }

    /// Refuses a network or a `ln σ` of another size than the head needs, in words.
    pub(crate) fn check_fit(&self) -> Result<(), String> {
        let (found, expected) = (self.mlp.output_size(), self.head.outputs());
        if found != expected {
            return Err(format!(
                "its network has {found} outputs; its distribution needs {expected}"
            ));
        }
        let expected = self.head.has_log_std().then(|| self.head.action_dim());
        let found = self.log_std.as_ref().map(Vec::len);
        if found != expected {
            let (found, expected) = (found.unwrap_or(0), expected.unwrap_or(0));
            return Err(format!(
                "its ln σ are {found} numbers; its distribution needs {expected}"
            ));
        }
        Ok(())
    }

    /// Panics unless the network and `ln σ` have the sizes that the head needs.
    pub(crate) fn assert_fit(&self) {
        let fit = self.check_fit();
        assert!(fit.is_ok(), "a policy's weights fit its head: {fit:?}");
    }

    /// Parameters, one slice per tensor: those of the network, then `ln σ`.
    pub fn parameters(&self) -> impl Iterator<Item = &[f32]> {
        self.mlp.parameters().chain(self.log_std.as_deref())
    }

    /// Mutable parameters in the same order.
    pub fn parameters_mut(&mut self) -> impl Iterator<Item = &mut [f32]> {
        let network = self.mlp.parameters_mut();
        network.chain(self.log_std.as_deref_mut())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MlpConfig;
    use crate::host::{HostMlp, Tape};
    use rl_core::Stream;

    #[test]
    fn a_network_whose_form_is_folded_in_gives_the_values() {
        for form in [
            ActionValueForm::Plain,
            ActionValueForm::Dueling,
            ActionValueForm::Quantiles(5),
        ] {
            let config = MlpConfig::new(2, form.outputs(3));
            let network = config.draw(&mut Stream::from_seed(1));
            let evaluate = |network: &MlpWeights| {
                let mut outputs = vec![0.0; network.output_size()];
                HostMlp::new(network).evaluate(&[0.3, -0.7], &mut outputs, &mut Tape::default());
                outputs
            };
            let mut values = [0.0; 3];
            form.values(&evaluate(&network), &mut values);
            let folded = evaluate(&network.into_action_values(form, 3));
            assert_eq!(folded.len(), 3);
            for (folded, value) in folded.iter().zip(values) {
                assert!((folded - value).abs() < 1e-5, "{form:?}");
            }
        }
    }
}

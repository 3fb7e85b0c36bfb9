//! Weights as plain numbers on the host.

use crate::Activation;
use crate::distribution::{DistributionKind, Head};

/// Weights of a linear layer `y = x W + b`.
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

    /// All parameters as one vector: layer by layer, weight `[in, out]` row by row, then bias.
    pub fn flatten(&self) -> Vec<f32> {
        let parts = |layer: &'_ LayerWeights| [layer.weight.clone(), layer.bias.clone()];
        self.layers.iter().flat_map(parts).flatten().collect()
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

    /// Parameters, one slice per tensor: layer by layer (weight, then bias), then `ln σ`.
    pub fn parameters(&self) -> impl Iterator<Item = &[f32]> {
        let layers = self.mlp.layers.iter();
        layers
            .flat_map(|layer| [layer.weight.as_slice(), layer.bias.as_slice()])
            .chain(self.log_std.as_deref())
    }

    /// Mutable parameters in the same order.
    pub fn parameters_mut(&mut self) -> impl Iterator<Item = &mut [f32]> {
        let layers = self.mlp.layers.iter_mut();
        layers
            .flat_map(|layer| [layer.weight.as_mut_slice(), layer.bias.as_mut_slice()])
            .chain(self.log_std.as_deref_mut())
    }
}

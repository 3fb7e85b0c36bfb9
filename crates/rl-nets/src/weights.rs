//! Weights as plain numbers on the host.

use rl_core::Space;

use crate::Activation;

/// The weights of a linear layer `y = x W + b`.
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

/// The weights of a multi-layer perceptron.
#[derive(Clone, Debug, PartialEq)]
pub struct MlpWeights {
    /// The layers from input to output.
    pub layers: Vec<LayerWeights>,
    /// Between the layers.
    pub activation: Activation,
    /// After the last one.
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
}

/// The distribution that a policy's network parametrises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DistributionKind {
    /// Logits over a discrete space.
    Categorical,
    /// Means over a box, with a standard deviation per dimension that does not depend on the
    /// observation.
    DiagGaussian,
}

impl DistributionKind {
    /// The distribution for an action space.
    pub fn of(space: &Space) -> Self {
        match space {
            Space::Discrete(_) => Self::Categorical,
            Space::Box(_) => Self::DiagGaussian,
        }
    }

    /// The name that files use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Categorical => "categorical",
            Self::DiagGaussian => "diag-gaussian",
        }
    }
}

/// The weights of a policy: a network, and for a Gaussian its log standard deviations.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyWeights {
    /// The network from observation to logits or mean.
    pub mlp: MlpWeights,
    /// `ln σ` per action dimension of a Gaussian policy; `None` for a categorical one.
    pub log_std: Option<Vec<f32>>,
}

impl PolicyWeights {
    /// The distribution of the actions.
    pub fn distribution(&self) -> DistributionKind {
        match self.log_std {
            None => DistributionKind::Categorical,
            Some(_) => DistributionKind::DiagGaussian,
        }
    }

    /// Numbers per flat action.
    pub fn action_dim(&self) -> usize {
        self.log_std.as_ref().map_or(1, Vec::len)
    }

    /// The parameters, layer by layer (weight, then bias), then `ln σ`.
    pub fn parameters(&self) -> impl Iterator<Item = &[f32]> {
        let layers = self.mlp.layers.iter();
        layers
            .flat_map(|layer| [layer.weight.as_slice(), layer.bias.as_slice()])
            .chain(self.log_std.as_deref())
    }

    /// The parameters in the same order, to be changed.
    pub fn parameters_mut(&mut self) -> impl Iterator<Item = &mut [f32]> {
        let layers = self.mlp.layers.iter_mut();
        layers
            .flat_map(|layer| [layer.weight.as_mut_slice(), layer.bias.as_mut_slice()])
            .chain(self.log_std.as_deref_mut())
    }
}

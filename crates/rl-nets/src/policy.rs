//! Policy networks: from observations to action distributions, on a device.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData, Transaction};
use rl_core::{Space, Stream};
use serde::{Deserialize, Serialize};

use crate::distribution::{ActionDistribution, Categorical, DiagGaussian};
use crate::{Activation, DistributionKind, Initialization, Mlp, MlpConfig, PolicyWeights};

/// The gain of a policy's output layer: nearly equal logits, nearly zero means to begin with.
const POLICY_GAIN: f32 = 0.01;

/// Configuration of a policy: the network, and the distribution that the action space asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PolicyConfig {
    /// The network from observation to logits or mean.
    pub mlp: MlpConfig,
    /// The action space.
    pub action_space: Space,
    /// Initial `ln σ` of a Gaussian policy.
    pub log_std: f32,
}

impl PolicyConfig {
    /// A categorical policy for a discrete space, a Gaussian one with `ln σ = 0` for a box; its
    /// network is [`MlpConfig::new`]'s with output gain 0.01.
    pub fn new(observation_dim: usize, action_space: &Space) -> Self {
        let output_size = match action_space {
            Space::Discrete(space) => space.n(),
            Space::Box(space) => space.dim(),
        };
        Self {
            mlp: MlpConfig {
                output_gain: POLICY_GAIN,
                ..MlpConfig::new(observation_dim, output_size)
            },
            action_space: action_space.clone(),
            log_std: 0.0,
        }
    }

    /// Replaces the hidden layers: `n_layers` of `size` units with `activation`.
    #[must_use]
    pub fn with_hidden(mut self, n_layers: usize, size: usize, activation: Activation) -> Self {
        (self.mlp.n_layers, self.mlp.size, self.mlp.activation) = (n_layers, size, activation);
        self
    }

    /// Replaces the initialisation.
    #[must_use]
    pub fn with_initialization(mut self, initialization: Initialization) -> Self {
        self.mlp.initialization = initialization;
        self
    }

    /// Draws the weights of a policy.
    pub fn draw(&self, rng: &mut Stream) -> PolicyWeights {
        let log_std = match DistributionKind::of(&self.action_space) {
            DistributionKind::Categorical => None,
            DistributionKind::DiagGaussian => Some(vec![self.log_std; self.mlp.output_size]),
        };
        PolicyWeights {
            mlp: self.mlp.draw(rng),
            log_std,
        }
    }
}

/// A policy on a device.
#[derive(Module, Debug)]
pub struct PolicyNetwork {
    mlp: Mlp,
    log_std: Option<Param<Tensor<1>>>,
}

impl PolicyNetwork {
    /// Puts host weights on a device.
    pub fn from_weights(weights: &PolicyWeights, device: &Device) -> Self {
        Self {
            mlp: Mlp::from_weights(&weights.mlp, device),
            log_std: weights.log_std.as_ref().map(|log_std| {
                Param::from_data(TensorData::new(log_std.clone(), [log_std.len()]), device)
            }),
        }
    }

    /// The distributions of the actions for a batch of observations, `[batch, observation_dim]`.
    pub fn forward(&self, observations: Tensor<2>) -> ActionDistribution {
        let output = self.mlp.forward(observations);
        match &self.log_std {
            None => ActionDistribution::Categorical(Categorical::from_logits(output)),
            Some(log_std) => {
                ActionDistribution::DiagGaussian(DiagGaussian::new(output, log_std.val()))
            }
        }
    }

    /// Adds every parameter to a transaction, in the order of [`PolicyWeights::parameters`].
    pub fn register(&self, mut transaction: Transaction) -> Transaction {
        for layer in &self.mlp.layers {
            transaction = transaction.register(layer.weight.val().inner());
            if let Some(bias) = &layer.bias {
                transaction = transaction.register(bias.val().inner());
            }
        }
        match &self.log_std {
            None => transaction,
            Some(log_std) => transaction.register(log_std.val().inner()),
        }
    }
}

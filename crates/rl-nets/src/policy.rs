//! Configuration of a policy: its network and its distribution of actions.

use rl_core::{Space, Stream};
use serde::{Deserialize, Serialize};

use crate::distribution::{ActionValueForm, DistributionKind, Head, HeadError};
use crate::{Activation, Initialization, MlpConfig, PolicyWeights};

/// Gain of a policy's output layer: its first logits are nearly equal, its first means nearly zero.
const POLICY_GAIN: f32 = 0.01;

/// Configuration of a policy: the network, and the distribution of the actions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PolicyConfig {
    /// Network from an observation to the outputs that the head needs.
    pub mlp: MlpConfig,
    /// Head that turns the outputs into a distribution of actions.
    pub head: Head,
    /// Initial `ln σ` of a Gaussian policy. Where the network computes `ln σ`, it is added to the
    /// bias of these outputs.
    pub log_std: f32,
}

impl PolicyConfig {
    /// A categorical policy for a discrete space, a Gaussian one with `ln σ = 0` for a box; its
    /// network is [`MlpConfig::new`]'s with output gain 0.01.
    pub fn new(observation_dim: usize, action_space: &Space) -> Self {
        let head = Head::of(action_space);
        Self {
            mlp: MlpConfig {
                output_gain: POLICY_GAIN,
                ..MlpConfig::new(observation_dim, head.outputs())
            },
            head,
            log_std: 0.0,
        }
    }

    /// Replaces the distribution, and the number of the network's outputs with it.
    ///
    /// # Errors
    /// [`HeadError`] for a distribution that the action space cannot have.
    pub fn with_distribution(mut self, kind: DistributionKind) -> Result<Self, HeadError> {
        self.head = Head::new(kind, self.head.space())?;
        self.mlp.output_size = self.head.outputs();
        Ok(self)
    }

    /// Replaces the distribution by the greedy one of action values, whose form the outputs have.
    ///
    /// # Errors
    /// [`HeadError`] for an action space that is not discrete.
    pub fn with_action_values(mut self, form: ActionValueForm) -> Result<Self, HeadError> {
        self.head = Head::action_values(self.head.space(), form)?;
        self.mlp.output_size = self.head.outputs();
        Ok(self)
    }

    /// Replaces the hidden layers: `n_layers` of `size` units with `activation`.
    #[must_use]
    pub fn with_hidden(mut self, n_layers: usize, size: usize, activation: Activation) -> Self {
        (self.mlp.n_layers, self.mlp.size, self.mlp.activation) = (n_layers, size, activation);
        self
    }

    /// Replaces the switch of layer normalisation.
    #[must_use]
    pub fn with_layer_norm(mut self, layer_norm: bool) -> Self {
        self.mlp.layer_norm = layer_norm;
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
        let mut mlp = self.mlp.draw(rng);
        let dim = self.head.action_dim();
        if self.head.kind() == DistributionKind::StateGaussian
            && let Some(last) = mlp.layers.last_mut()
        {
            for bias in last.bias.iter_mut().skip(dim) {
                *bias += self.log_std;
            }
        }
        let log_std = self.head.has_log_std().then(|| vec![self.log_std; dim]);
        PolicyWeights {
            head: self.head.clone(),
            mlp,
            log_std,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rl_core::BoxSpace;

    #[test]
    fn every_gaussian_begins_with_the_configured_deviation() {
        let space = Space::Box(BoxSpace::symmetric([1.0, 2.0]));
        for kind in [
            DistributionKind::DiagGaussian,
            DistributionKind::StateGaussian,
            DistributionKind::SquashedGaussian,
        ] {
            let config = PolicyConfig::new(3, &space).with_distribution(kind);
            let mut config = config.unwrap();
            config.log_std = -0.7;
            let weights = config.draw(&mut Stream::from_seed(0));
            let log_std = match &weights.log_std {
                Some(log_std) => log_std.as_slice(),
                None => &weights.mlp.layers.last().unwrap().bias[2..],
            };
            assert_eq!(log_std, [-0.7; 2]);
        }
    }

    #[test]
    fn a_distribution_that_the_space_cannot_have_is_an_error() {
        let space = Space::Box(BoxSpace::symmetric([f32::INFINITY]));
        let config = PolicyConfig::new(3, &space);
        assert!(config.with_distribution(DistributionKind::Beta).is_err());
    }
}

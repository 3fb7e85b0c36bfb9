//! Policy and value function on a device.

use burn::module::{Module, Param};
use burn::optim::ModuleOptimizer;
use burn::tensor::{Device, Gradients, Tensor, TensorData};

use crate::distribution::{ActionDistribution, DistributionKind, Head};
use crate::network::{flat, flat_gradient, number_parameters, set_flat, step};
use crate::{Mlp, Network, NetworkWeights, Networks};

/// Policy, value function, or both, on a device: [`Networks`] as Burn's modules.
#[derive(Clone, Debug)]
pub struct ActorCritic {
    networks: Vec<DeviceNetwork>,
    log_std: Option<LogStd>,
    head: Option<Head>,
    has_value: bool,
}

/// One network on a device.
#[derive(Debug)]
enum DeviceNetwork {
    Mlp(Mlp),
    Module(Box<dyn Network>),
}

impl DeviceNetwork {
    fn network(&self) -> &dyn Network {
        match self {
            Self::Mlp(mlp) => mlp,
            Self::Module(module) => module.as_ref(),
        }
    }

    fn network_mut(&mut self) -> &mut dyn Network {
        match self {
            Self::Mlp(mlp) => mlp,
            Self::Module(module) => module.as_mut(),
        }
    }
}

impl Clone for DeviceNetwork {
    fn clone(&self) -> Self {
        match self {
            Self::Mlp(mlp) => Self::Mlp(mlp.clone()),
            Self::Module(module) => Self::Module(module.boxed_clone()),
        }
    }
}

/// `ln σ`, `[action_dim]`.
#[derive(Module, Debug)]
struct LogStd {
    log_std: Param<Tensor<1>>,
}

/// Outputs of an [`ActorCritic`] for a batch of observations.
#[derive(Debug)]
pub struct Outputs {
    /// Distributions of the actions, where there is a policy.
    pub policy: Option<ActionDistribution>,
    /// Quantiles of the return of each action, `[batch, actions, quantiles]`, whose mean is its value; without a
    /// distribution the value alone, and `None` without a greedy head.
    pub quantiles: Option<Tensor<3>>,
    /// Values, `[batch]`, where there is a value function.
    pub values: Option<Tensor<1>>,
}

impl ActorCritic {
    /// Copies weights from the host to a device.
    pub fn from_networks(networks: &Networks, device: &Device) -> Self {
        let log_std = networks.log_std();
        Self {
            networks: networks
                .networks()
                .iter()
                .map(|network| match network {
                    NetworkWeights::Mlp(mlp) => DeviceNetwork::Mlp(Mlp::from_weights(mlp, device)),
                    NetworkWeights::Module(module) => {
                        DeviceNetwork::Module(module.to_learn(device))
                    }
                })
                .collect(),
            log_std: (!log_std.is_empty()).then(|| {
                let data = TensorData::new(log_std.to_vec(), [log_std.len()]);
                LogStd {
                    log_std: Param::from_data(data, device),
                }
            }),
            head: networks.head().cloned(),
            has_value: networks.has_value(),
        }
    }

    /// Distributions and values for observations `[batch, observation_dim]`.
    pub fn forward(&self, observations: Tensor<2>) -> Outputs {
        let outputs: Vec<Tensor<2>> = self
            .networks
            .iter()
            .map(|network| network.network().outputs(observations.clone()))
            .collect();
        let values = outputs.last().filter(|_| self.has_value).map(|output| {
            let [_, width] = output.dims();
            output.clone().narrow(1, width - 1, 1).squeeze_dim(1)
        });
        let policy = self
            .head
            .as_ref()
            .zip(outputs.first())
            .and_then(|(head, output)| {
                let output = output.clone().narrow(1, 0, head.outputs());
                head.distribution(output, self.log_std())
            });
        let is_greedy = |head: &&Head| head.kind() == DistributionKind::Greedy;
        let greedy = self.head.as_ref().filter(is_greedy);
        let quantiles = greedy.zip(outputs.first()).map(|(head, output)| {
            let output = output.clone().narrow(1, 0, head.outputs());
            head.form().quantiles_on_device(output)
        });
        Outputs {
            policy,
            quantiles,
            values,
        }
    }

    /// `ln σ`, `[action_dim]`; `None` where it is not a parameter.
    pub fn log_std(&self) -> Option<Tensor<1>> {
        self.log_std.as_ref().map(|module| module.log_std.val())
    }

    /// All parameters as one vector, `[len]`, apart from any tape.
    pub fn flat(&self) -> Tensor<1> {
        let of_networks = self.networks.iter().map(|network| network.network().flat());
        let mut parts: Vec<Tensor<1>> = of_networks.collect();
        if let Some(log_std) = &self.log_std {
            parts.insert(1, flat(log_std));
        }
        Tensor::cat(parts, 0)
    }

    /// The gradient of every parameter in the same order, `[len]`: zero where the loss does not
    /// depend on it, or without `gradients`.
    pub fn flat_gradient(&self, gradients: Option<&Gradients>) -> Tensor<1> {
        let of_networks = self.networks.iter();
        let of_networks = of_networks.map(|network| network.network().flat_gradient(gradients));
        let mut parts: Vec<Tensor<1>> = of_networks.collect();
        if let Some(log_std) = &self.log_std {
            parts.insert(1, flat_gradient(log_std, gradients));
        }
        Tensor::cat(parts, 0)
    }

    /// Replaces the values of all parameters by those of a flat vector in the order of
    /// [`Networks::parameters`], `[len]`.
    pub fn set_flat(&mut self, flat: &Tensor<1>) {
        self.each_part(flat, |network, part| match network {
            Part::Network(network) => network.set_flat(&part),
            Part::LogStd(log_std) => set_flat(log_std, &part),
        });
    }

    /// Numbers the parameters in their order, so that the state of one of Burn's optimizers is known
    /// to any other like network.
    #[must_use]
    pub fn numbered(mut self) -> Self {
        let mut number = 0;
        for (index, network) in self.networks.iter_mut().enumerate() {
            number = network.network_mut().number_parameters(number);
            if let (0, Some(log_std)) = (index, &mut self.log_std) {
                number = number_parameters(log_std, number);
            }
        }
        self
    }

    /// Takes a step of one of Burn's optimizers down a gradient, `[len]`.
    pub fn step(
        &mut self,
        optimizer: &mut ModuleOptimizer,
        learning_rate: f64,
        gradient: &Tensor<1>,
    ) {
        self.each_part(gradient, |network, part| match network {
            Part::Network(network) => network.step(optimizer, learning_rate, &part),
            Part::LogStd(log_std) => step(log_std, optimizer, learning_rate, &part),
        });
    }

    /// Calls `f` with everything that has parameters and its part of a flat vector.
    fn each_part(&mut self, flat: &Tensor<1>, mut f: impl FnMut(Part<'_>, Tensor<1>)) {
        let mut start = 0;
        let mut next = |length: usize| {
            start += length;
            flat.clone().narrow(0, start - length, length)
        };
        for (index, network) in self.networks.iter_mut().enumerate() {
            let network = network.network_mut();
            let part = next(network.count());
            f(Part::Network(network), part);
            if let (0, Some(log_std)) = (index, &mut self.log_std) {
                let part = next(log_std.num_params());
                f(Part::LogStd(log_std), part);
            }
        }
    }

    /// Outputs of the policy's network, `[batch, outputs]`, and their derivative along
    /// `direction`: networks whose parameters are the components of a vector. The derivative is
    /// apart from any tape; `None` if the policy is not a perceptron.
    pub fn policy_output_along(
        &self,
        observations: Tensor<2>,
        direction: &Self,
    ) -> Option<(Tensor<2>, Tensor<2>)> {
        let policies = (self.networks.first()?, direction.networks.first()?);
        let (DeviceNetwork::Mlp(policy), DeviceNetwork::Mlp(direction)) = policies else {
            return None;
        };
        let output = policy.forward(observations.clone());
        let derivative = policy.derivative_along(observations, direction);
        let width = self.head.as_ref().map_or(0, Head::outputs);
        Some((output.narrow(1, 0, width), derivative.narrow(1, 0, width)))
    }
}

/// Something with parameters.
enum Part<'a> {
    Network(&'a mut dyn Network),
    LogStd(&'a mut LogStd),
}

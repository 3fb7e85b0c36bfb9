//! Policy and value function on a device.

use std::cell::Cell;

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};

use crate::distribution::{ActionDistribution, Head};
use crate::{Mlp, Networks};

/// A policy, a value function, or both, on a device: [`Networks`] as Burn's modules.
#[derive(Module, Debug)]
pub struct ActorCritic {
    mlps: Vec<Mlp>,
    log_std: Option<Param<Tensor<1>>>,
    #[module(skip)]
    head: Option<Head>,
    #[module(skip)]
    has_value: bool,
}

/// A parameter on a device: the weight of a layer, or a bias or `ln σ`.
#[derive(Clone, Copy, Debug)]
pub enum Parameter<'a> {
    /// `[rows, columns]`.
    Matrix(&'a Param<Tensor<2>>),
    /// `[length]`.
    Vector(&'a Param<Tensor<1>>),
}

/// A value that the tape finds the gradient of.
fn parameter<const D: usize>(value: Tensor<D>) -> Tensor<D> {
    value.autodiff().require_grad()
}

/// What [`ActorCritic`] says of a batch of observations.
#[derive(Debug)]
pub struct Outputs {
    /// The distributions of the actions, if there is a policy.
    pub policy: Option<ActionDistribution>,
    /// The values, `[batch]`, if there is a value function.
    pub values: Option<Tensor<1>>,
}

impl ActorCritic {
    /// Puts host weights on a device.
    pub fn from_networks(networks: &Networks, device: &Device) -> Self {
        let log_std = networks.log_std();
        Self {
            mlps: networks
                .mlps()
                .iter()
                .map(|mlp| Mlp::from_weights(mlp, device))
                .collect(),
            log_std: (!log_std.is_empty()).then(|| {
                let data = TensorData::new(log_std.to_vec(), [log_std.len()]);
                Param::from_data(data, device)
            }),
            head: networks.head().cloned(),
            has_value: networks.has_value(),
        }
    }

    /// Distributions and values for observations `[batch, observation_dim]`.
    pub fn forward(&self, observations: Tensor<2>) -> Outputs {
        let outputs: Vec<Tensor<2>> = self
            .mlps
            .iter()
            .map(|mlp| mlp.forward(observations.clone()))
            .collect();
        let values = outputs.last().filter(|_| self.has_value).map(|output| {
            let [_, width] = output.dims();
            output.clone().narrow(1, width - 1, 1).squeeze_dim(1)
        });
        let policy = self
            .head
            .as_ref()
            .zip(outputs.first())
            .map(|(head, output)| {
                let output = output.clone().narrow(1, 0, head.outputs());
                head.distribution(output, self.log_std())
            });
        Outputs { policy, values }
    }

    /// The perceptrons: see [`Networks::mlps`].
    pub fn mlps(&self) -> &[Mlp] {
        &self.mlps
    }

    /// `ln σ` `[action_dim]`, where it is a parameter.
    pub fn log_std(&self) -> Option<Tensor<1>> {
        self.log_std.as_ref().map(Param::val)
    }

    /// Calls `visit` for every parameter, in the order of [`Networks::parameters`].
    pub fn each_parameter(&self, visit: &mut dyn FnMut(Parameter<'_>)) {
        for (index, mlp) in self.mlps.iter().enumerate() {
            for layer in &mlp.layers {
                visit(Parameter::Matrix(&layer.weight));
                if let Some(bias) = &layer.bias {
                    visit(Parameter::Vector(bias));
                }
            }
            if let (0, Some(log_std)) = (index, &self.log_std) {
                visit(Parameter::Vector(log_std));
            }
        }
    }

    /// Replaces the values of all parameters by those of a flat vector in the same order, `[len]`.
    pub fn set_flat(&mut self, flat: &Tensor<1>) {
        let start = Cell::new(0);
        let next = |length: usize| {
            let from = start.replace(start.get() + length);
            flat.clone().narrow(0, from, length)
        };
        let vector = |param: Param<Tensor<1>>| {
            let [length] = param.dims();
            param.map(|_| parameter(next(length)))
        };
        let matrix = |param: Param<Tensor<2>>| {
            let [rows, columns] = param.dims();
            param.map(|_| parameter(next(rows * columns).reshape([rows, columns])))
        };
        for (index, mlp) in self.mlps.iter_mut().enumerate() {
            for layer in &mut mlp.layers {
                layer.weight = matrix(layer.weight.clone());
                layer.bias = layer.bias.take().map(vector);
            }
            if index == 0 {
                self.log_std = self.log_std.take().map(vector);
            }
        }
    }

    /// The outputs of the policy's network, `[batch, outputs]`, and their derivative along
    /// `direction`, networks whose parameters are the components of a vector, apart from any tape.
    pub fn policy_output_along(
        &self,
        observations: Tensor<2>,
        direction: &Self,
    ) -> (Tensor<2>, Tensor<2>) {
        let output = self.mlps[0].forward(observations.clone());
        let derivative = self.mlps[0].derivative_along(observations, &direction.mlps[0]);
        let width = self.head.as_ref().map_or(0, Head::outputs);
        (output.narrow(1, 0, width), derivative.narrow(1, 0, width))
    }
}

//! Networks with their optimizer on a device.

use burn::optim::ModuleOptimizer;
use burn::tensor::{Device, Int, Tensor};
use rl_core::{State, StateError, StateReader, StateWriter};
use rl_nets::{ActorCritic, Networks};

use super::columns::ColumnTensors;
use super::device_optimizer::DeviceOptimizer;
use super::module_optimizer;
use super::transfer::vector;
use crate::error::check_parameters;
use crate::term::learned;
use crate::{Minibatch, OptimizerConfig, Term, UpdateError};

/// Networks on a device, the optimizer that moves them, and their copy on the host.
pub(super) struct DeviceNetworks {
    pub module: ActorCritic,
    optimizer: BurnOptimizer,
    /// Largest norm of a gradient.
    max_grad_norm: Option<f32>,
    /// All parameters of the module, in the flat order.
    pub flat: Tensor<1>,
    /// The device of the samples: without its tape.
    pub device: Device,
    /// On the host, as of the last update.
    pub networks: Networks,
}

/// An optimizer on a device.
enum BurnOptimizer {
    /// One of the built-in ones, over one vector.
    BuiltIn(Box<DeviceOptimizer>),
    /// One of Burn's, parameter by parameter.
    Own(ModuleOptimizer),
}

impl DeviceNetworks {
    pub fn new(networks: Networks, config: &OptimizerConfig, device: &Device) -> Self {
        let flat = networks.flat();
        let module = ActorCritic::from_networks(&networks, &device.clone().autodiff());
        Self {
            module: module.numbered(),
            optimizer: match config.own.make() {
                Some(own) => BurnOptimizer::Own(own),
                None => BurnOptimizer::BuiltIn(Box::new(DeviceOptimizer::new(
                    config,
                    flat.len(),
                    device,
                ))),
            },
            max_grad_norm: config.max_grad_norm.map(|norm| norm as f32),
            flat: vector(flat, device),
            device: device.clone(),
            networks,
        }
    }

    /// The gradient of a loss over a minibatch, and its measurements without the norm: the terms,
    /// the divergence from the old policy, and the largest change of a ratio.
    pub fn differentiate(
        &self,
        columns: ColumnTensors,
        terms: &[&dyn Term],
    ) -> Result<(Tensor<1>, Vec<Tensor<1>>), UpdateError> {
        let ColumnTensors {
            observations,
            actions,
            advantages,
            log_probs,
            targets,
            values,
            weights,
        } = columns;
        let outputs = self.module.forward(observations.clone());
        let policy = outputs.policy.filter(|_| learned(terms).0);
        let log_prob = policy
            .as_ref()
            .zip(actions.clone())
            .map(|(policy, actions)| policy.log_prob(actions));
        let quantiles = outputs.quantiles.zip(actions.clone());
        let quantiles: Option<Tensor<2>> = quantiles.map(|(quantiles, actions)| {
            let [batch, _, n] = quantiles.dims();
            let actions: Tensor<3, Int> = actions.int().unsqueeze_dim(2);
            quantiles
                .gather(1, actions.expand([batch, 1, n]))
                .squeeze_dim(1)
        });
        let log_ratio = log_prob
            .clone()
            .zip(log_probs.clone())
            .map(|(new, old)| new - old);
        let minibatch = Minibatch {
            observations,
            actions,
            advantages,
            old_log_probs: log_probs,
            targets,
            old_values: values,
            log_prob,
            ratio: log_ratio.clone().map(Tensor::exp),
            entropy: policy.as_ref().map(|policy| policy.entropy()),
            value: outputs.values,
            weights,
            quantiles,
        };
        let mut loss: Option<Tensor<1>> = None;
        let mut measured = Vec::with_capacity(terms.len() + 3);
        for term in terms {
            let value = term.tape(&minibatch)?;
            measured.push(value.clone().inner());
            let weighted = match term.coefficient() {
                0.0 => continue,
                1.0 => value,
                coefficient => value.mul_scalar(coefficient),
            };
            loss = Some(match loss.take() {
                None => weighted,
                Some(loss) => loss + weighted,
            });
        }
        match (log_ratio, &minibatch.ratio) {
            (Some(log_ratio), Some(ratio)) => {
                let change = ratio.clone().inner().sub_scalar(1.0);
                measured.push((change.clone() - log_ratio.inner()).mean());
                measured.push(change.abs().max());
            }
            _ => measured.extend([(); 2].map(|()| Tensor::zeros([1], &self.device))),
        }
        let gradients = loss.map(|loss| loss.backward());
        Ok((self.module.flat_gradient(gradients.as_ref()), measured))
    }

    /// Clips and takes a step; returns the norm before clipping, `[1]`.
    pub fn step(&mut self, gradient: Tensor<1>, learning_rate: f64) -> Tensor<1> {
        let norm = gradient.clone().square().sum().sqrt();
        let gradient = match self.max_grad_norm {
            None => gradient,
            Some(max_norm) => {
                // As in PyTorch's `clip_grad_norm_`.
                let scale = norm.clone().add_scalar(1e-6).recip();
                gradient * scale.mul_scalar(max_norm).clamp_max(1.0)
            }
        };
        match &mut self.optimizer {
            BurnOptimizer::BuiltIn(optimizer) => {
                let flat = self.flat.clone() - optimizer.change(gradient, learning_rate);
                self.module.set_flat(&flat);
                self.flat = flat;
            }
            BurnOptimizer::Own(optimizer) => {
                self.module.step(optimizer, learning_rate, &gradient);
                self.flat = self.module.flat();
            }
        }
        norm
    }

    /// Brings the host's copy of the networks up to date.
    pub fn publish(&mut self, flat: &[f32]) -> Result<(), UpdateError> {
        check_parameters(&self.networks, flat)?;
        self.networks.set_flat(flat);
        Ok(())
    }

    /// Replaces the parameters.
    pub fn set_parameters(&mut self, flat: &[f32]) {
        self.networks.set_flat(flat);
        self.flat = vector(flat.to_vec(), &self.device);
        self.module.set_flat(&self.flat);
    }
}

impl State for DeviceNetworks {
    fn save(&self, out: &mut dyn StateWriter) {
        out.f32s("parameters", &self.networks.flat());
        match &self.optimizer {
            BurnOptimizer::BuiltIn(optimizer) => optimizer.save(out),
            BurnOptimizer::Own(optimizer) => module_optimizer::save(optimizer, out),
        }
    }

    fn load(&mut self, from: &dyn StateReader) -> Result<(), StateError> {
        let mut flat = vec![0.0; self.networks.len()];
        from.f32s("parameters", &mut flat)?;
        self.set_parameters(&flat);
        match &mut self.optimizer {
            BurnOptimizer::BuiltIn(optimizer) => optimizer.load(from),
            BurnOptimizer::Own(optimizer) => {
                *optimizer = module_optimizer::load(optimizer.clone(), from)?;
                Ok(())
            }
        }
    }
}

//! Learning through Burn's tape, on any device.

use burn::module::Param;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Int, Tensor, TensorData, Transaction};
use rl_nets::{ActorCritic, Networks, Parameter};

use super::device_optimizer::DeviceOptimizer;
use super::{Learner, UpdateError, finite};
use crate::samples::{Measured, Tally};
use crate::{FitReport, Loss, OptimizerConfig, Plan, Samples, Surrogate};

/// The reference learner: Burn's modules, tape and optimizers, on the device it is given.
///
/// A fit touches the device once in each direction: an upload of the samples and their order, a
/// download of the measurements and the new weights. An epoch that may be the last,
/// because a largest divergence is set, costs one more download.
pub struct BurnLearner {
    module: ActorCritic,
    optimizer: DeviceOptimizer,
    /// All parameters of the module, in the flat order.
    flat: Tensor<1>,
    /// Where samples go: the device without its tape.
    device: Device,
    networks: Networks,
}

/// Samples on the device; what is missing is empty.
struct Rows {
    all: Tensor<2>,
    /// Widths of observations, actions, advantages, log-probs, targets and values.
    widths: [usize; 6],
}

/// The columns of a minibatch.
struct Columns {
    observations: Tensor<2>,
    actions: Option<Tensor<2>>,
    advantages: Option<Tensor<1>>,
    log_probs: Option<Tensor<1>>,
    targets: Option<Tensor<1>>,
    values: Option<Tensor<1>>,
}

impl Rows {
    /// One transfer to the device.
    fn upload(samples: &Samples<'_>, steps: usize, device: &Device) -> Self {
        let columns = [
            samples.observations,
            samples.actions,
            samples.advantages,
            samples.log_probs,
            samples.targets,
            samples.values,
        ];
        let widths = columns.map(|column| column.len() / steps);
        let width: usize = widths.iter().sum();
        let mut rows = Vec::with_capacity(steps * width);
        for t in 0..steps {
            for (column, width) in columns.iter().zip(widths) {
                rows.extend_from_slice(&column[t * width..(t + 1) * width]);
            }
        }
        let data = TensorData::new(rows, [steps, width]);
        Self {
            all: Tensor::from_data(data, device),
            widths,
        }
    }

    fn columns(&self, rows: Option<Tensor<1, Int>>) -> Columns {
        let rows = match rows {
            None => self.all.clone(),
            Some(indices) => self.all.clone().select(0, indices),
        };
        let mut start = 0;
        let mut columns = self.widths.map(|width| {
            let column = (width > 0).then(|| rows.clone().narrow(1, start, width));
            start += width;
            column
        });
        let mut single = |index: usize| {
            columns[index]
                .take()
                .map(|column| column.squeeze_dim::<1>(1))
        };
        let (advantages, log_probs) = (single(2), single(3));
        let (targets, values) = (single(4), single(5));
        let [observations, actions, ..] = columns;
        Columns {
            observations: observations.unwrap_or(rows),
            actions,
            advantages,
            log_probs,
            targets,
            values,
        }
    }
}

/// Shifts and scales to mean 0 and deviation 1, as [`normalize`](rl_core::normalize) does.
fn normalized(advantages: Tensor<1>) -> Tensor<1> {
    let centred = advantages.clone() - advantages.mean();
    let deviation = centred.clone().square().mean().sqrt();
    centred / deviation.add_scalar(1e-8)
}

impl BurnLearner {
    pub(crate) fn new(networks: Networks, config: &OptimizerConfig, device: &Device) -> Self {
        let flat = networks.flat();
        Self {
            module: ActorCritic::from_networks(&networks, &device.clone().autodiff()),
            optimizer: DeviceOptimizer::new(config, flat.len(), device),
            flat: vector(flat, device),
            device: device.clone(),
            networks,
        }
    }

    fn steps(&self, observations: &[f32]) -> Result<usize, UpdateError> {
        match observations.len() / self.networks.observation_dim() {
            0 => Err(UpdateError::NoExperience),
            steps => Ok(steps),
        }
    }

    /// Loss and gradients of a minibatch, and its measurements on the device without the norm.
    fn backward(&self, columns: Columns, loss: &Loss) -> (GradientsParams, Vec<Tensor<1>>) {
        let outputs = self.module.forward(columns.observations);
        let zero = || Tensor::<1>::zeros([1], &self.device);
        let mut total: Option<Tensor<1>> = None;
        let mut add = |term: Tensor<1>| {
            total = Some(match total.take() {
                None => term,
                Some(total) => total + term,
            });
        };
        let mut measured = vec![zero(); Measured::NAMES.len() - 1];

        if let (Some(policy_loss), Some(policy), Some(actions), Some(advantages)) = (
            loss.policy,
            &outputs.policy,
            columns.actions,
            columns.advantages,
        ) {
            let log_probs = policy.log_prob(actions);
            let old = match (policy_loss.surrogate, columns.log_probs) {
                (Surrogate::Ratio | Surrogate::ClippedRatio { .. }, Some(old)) => old,
                _ => log_probs.clone().inner(),
            };
            let log_ratios = log_probs.clone() - old;
            let ratios = log_ratios.clone().exp();
            let surrogate = match policy_loss.surrogate {
                Surrogate::LogProb => log_probs * advantages,
                Surrogate::Ratio => ratios.clone() * advantages,
                Surrogate::ClippedRatio { clip_range } => {
                    let clipped = ratios.clone().clamp(1.0 - clip_range, 1.0 + clip_range);
                    (ratios.clone() * advantages.clone()).min_pair(clipped * advantages)
                }
            };
            let surrogate = surrogate.mean().neg();
            let entropy = policy.entropy().mean();
            add(surrogate.clone());
            if policy_loss.entropy_coefficient != 0.0 {
                add(entropy.clone().mul_scalar(-policy_loss.entropy_coefficient));
            }
            let change = ratios.inner().sub_scalar(1.0);
            measured[0] = surrogate.inner();
            measured[2] = entropy.inner();
            measured[3] = (change.clone() - log_ratios.inner()).mean();
            if let Surrogate::ClippedRatio { clip_range } = policy_loss.surrogate {
                measured[4] = change.clone().abs().greater_elem(clip_range).float().mean();
            }
            measured[5] = change.abs().max();
        }
        if let (Some(value_loss), Some(values), Some(targets)) =
            (loss.value, outputs.values, columns.targets)
        {
            let errors = (values.clone() - targets.clone()).square();
            let errors = match (value_loss.clip_range, columns.values) {
                (Some(range), Some(old)) => {
                    let clipped = old.clone() + (values - old).clamp(-range, range);
                    errors.max_pair((clipped - targets).square())
                }
                _ => errors,
            };
            let error = errors.mean();
            add(error.clone().mul_scalar(value_loss.coefficient));
            measured[1] = error.inner();
        }
        let grads = match total {
            None => GradientsParams::new(),
            Some(total) => GradientsParams::from_grads(total.backward(), &self.module),
        };
        (grads, measured)
    }

    /// Clips and takes a step; returns the norm before clipping.
    fn step(&mut self, gradient: Tensor<1>, learning_rate: f64) -> Tensor<1> {
        let (flat, norm) = self
            .optimizer
            .step(self.flat.clone(), gradient, learning_rate);
        self.module.set_flat(&flat);
        self.flat = flat;
        norm
    }

    /// Brings the host's copy of the networks up to date, and returns what else was asked for.
    fn publish(&mut self, measured: Tensor<1>) -> Result<Vec<f32>, UpdateError> {
        let transaction = Transaction::default()
            .register(measured)
            .register(self.flat.clone());
        let tensors = download(transaction)?;
        let [measured, flat] = tensors.as_slice() else {
            return Err(UpdateError::Device("lost a tensor".into()));
        };
        check(measured)?;
        finite("new value of a weight", flat)?;
        self.networks.set_flat(flat);
        Ok(measured.clone())
    }
}

fn vector(numbers: Vec<f32>, device: &Device) -> Tensor<1> {
    let length = numbers.len();
    Tensor::from_data(TensorData::new(numbers, [length]), device)
}

/// Everything registered, in order.
fn download(transaction: Transaction) -> Result<Vec<Vec<f32>>, UpdateError> {
    let device = |error: &dyn std::fmt::Display| UpdateError::Device(error.to_string());
    let data = transaction.try_execute().map_err(|error| device(&error))?;
    data.into_iter()
        .map(|data| data.try_to_vec::<f32>().map_err(|error| device(&error)))
        .collect()
}

/// Measurements as they come from the device: all but the norm, then the norm.
fn rows_of(measured: &[f32]) -> impl Iterator<Item = Measured> {
    measured.chunks_exact(Measured::NAMES.len()).map(|row| {
        let [policy, value, entropy, kl, clipped, change, norm] =
            std::array::from_fn(|i| f64::from(row[i]));
        Measured([policy, value, entropy, kl, clipped, norm, change])
    })
}

/// Refuses measurements that are not finite.
fn check(measured: &[f32]) -> Result<(), UpdateError> {
    rows_of(measured).try_for_each(|row| row.check())
}

impl Learner for BurnLearner {
    fn networks(&self) -> &Networks {
        &self.networks
    }

    fn evaluate(
        &mut self,
        observations: &[f32],
        actions: &[f32],
        log_probs: &mut [f32],
        values: &mut [f32],
    ) -> Result<(), UpdateError> {
        let steps = observations.len() / self.networks.observation_dim();
        if steps == 0 {
            return Ok(());
        }
        let wanted = Samples {
            observations,
            actions: if log_probs.is_empty() { &[] } else { actions },
            ..Samples::default()
        };
        let columns = Rows::upload(&wanted, steps, &self.device).columns(None);
        let outputs = self.module.forward(columns.observations);
        let mut transaction = Transaction::default();
        let mut wanted = Vec::with_capacity(2);
        if let (Some(policy), Some(actions)) = (outputs.policy, columns.actions) {
            transaction = transaction.register(policy.log_prob(actions).inner());
            wanted.push(log_probs);
        }
        if let Some(of_network) = outputs.values
            && !values.is_empty()
        {
            transaction = transaction.register(of_network.inner());
            wanted.push(values);
        }
        for (to, from) in wanted.into_iter().zip(download(transaction)?) {
            to.copy_from_slice(&from);
        }
        Ok(())
    }

    fn fit(
        &mut self,
        samples: &Samples<'_>,
        plan: &Plan<'_>,
        loss: &Loss,
    ) -> Result<FitReport, UpdateError> {
        let steps = samples.check(&self.networks, loss)?;
        plan.check(steps)?;
        let rows = Rows::upload(samples, steps, &self.device);
        let order = plan.order.map(|order| {
            let indices: Vec<i32> = order.iter().map(|&row| row as i32).collect();
            let data = TensorData::new(indices, [order.len()]);
            Tensor::<1, Int>::from_data(data, &self.device)
        });
        let total = plan.order.map_or(steps, <[u32]>::len);
        let mut tally = Tally::default();
        let mut pending: Vec<Tensor<1>> = Vec::new();
        let mut start = 0;
        while start < total {
            tally.begin_epoch();
            let end = (start + steps).min(total);
            while start < end {
                let length = plan.minibatch_size.min(end - start);
                let indices = order
                    .as_ref()
                    .map(|order| order.clone().narrow(0, start, length));
                let mut columns = rows.columns(indices);
                if plan.normalize_advantages {
                    columns.advantages = columns.advantages.map(normalized);
                }
                let (grads, measured) = self.backward(columns, loss);
                pending.extend(measured);
                let gradient = self.flat_gradient(&grads);
                pending.push(self.step(gradient, plan.learning_rate));
                start += length;
            }
            if let Some(max_kl) = plan.max_kl
                && start < total
            {
                let measured = Tensor::cat(std::mem::take(&mut pending), 0);
                let measured = download(Transaction::default().register(measured))?.concat();
                check(&measured)?;
                rows_of(&measured).for_each(|row| tally.add(row));
                if tally.epoch_kl() > max_kl {
                    break;
                }
            }
        }
        pending.push(Tensor::zeros([1], &self.device));
        let measured = self.publish(Tensor::cat(pending, 0))?;
        rows_of(&measured).for_each(|row| tally.add(row));
        Ok(tally.report())
    }

    fn gradient(
        &mut self,
        samples: &Samples<'_>,
        loss: &Loss,
        gradient: &mut [f32],
    ) -> Result<FitReport, UpdateError> {
        let steps = samples.check(&self.networks, loss)?;
        let columns = Rows::upload(samples, steps, &self.device).columns(None);
        let (grads, mut measured) = self.backward(columns, loss);
        let flat = self.flat_gradient(&grads);
        measured.push(flat.clone().square().sum().sqrt());
        let transaction = Transaction::default()
            .register(Tensor::cat(measured, 0))
            .register(flat);
        let tensors = download(transaction)?;
        let [measured, flat] = tensors.as_slice() else {
            return Err(UpdateError::Device("lost a tensor".into()));
        };
        check(measured)?;
        gradient.copy_from_slice(flat);
        Ok(rows_of(measured).next().unwrap_or_default().report())
    }

    fn apply(&mut self, gradient: &[f32], learning_rate: f64) -> Result<(), UpdateError> {
        let gradient = vector(gradient.to_vec(), &self.device);
        let norm = self.step(gradient, learning_rate);
        let mut measured = vec![Tensor::zeros([1], &self.device); Measured::NAMES.len() - 1];
        measured.push(norm);
        self.publish(Tensor::cat(measured, 0))?;
        Ok(())
    }

    fn set_parameters(&mut self, flat: &[f32]) {
        self.networks.set_flat(flat);
        self.flat = vector(flat.to_vec(), &self.device);
        self.module.set_flat(&self.flat);
    }

    fn fisher_vector_product(
        &mut self,
        observations: &[f32],
        vector: &[f32],
        product: &mut [f32],
    ) -> Result<(), UpdateError> {
        product.fill(0.0);
        let steps = self.steps(observations)?;
        let Some(head) = self.networks.head().cloned() else {
            return Ok(());
        };
        let samples = Samples {
            observations,
            ..Samples::default()
        };
        let columns = Rows::upload(&samples, steps, &self.device).columns(None);
        let mut direction = self.networks.clone();
        direction.set_flat(vector);
        let (output, derivative) = self.module.policy_output_along(
            columns.observations,
            &ActorCritic::from_networks(&direction, &self.device),
        );
        let outputs = head.outputs();
        let transaction = Transaction::default()
            .register(output.clone().inner())
            .register(derivative);
        let on_host = download(transaction)?;
        let [at, along] = on_host.as_slice() else {
            return Err(UpdateError::Device("lost a tensor".into()));
        };
        let mut d_outputs = vec![0.0; steps * outputs];
        let mut d_log_std = vec![0.0; self.networks.log_std().len()];
        let rows = at.chunks_exact(outputs).zip(along.chunks_exact(outputs));
        for ((at, along), d_output) in rows.zip(d_outputs.chunks_exact_mut(outputs)) {
            head.fisher_product(
                at,
                self.networks.log_std(),
                along,
                direction.log_std(),
                d_output,
                &mut d_log_std,
            );
        }
        let data = TensorData::new(d_outputs, [steps, outputs]);
        let d_outputs = Tensor::<2>::from_data(data, &self.device);
        let mut total = (output * d_outputs).sum();
        if let Some(log_std) = self.module.log_std() {
            let data = TensorData::new(d_log_std.clone(), [d_log_std.len()]);
            total = total + (log_std * Tensor::<1>::from_data(data, &self.device)).sum();
        }
        let total = total.div_scalar(steps as f32);
        let grads = GradientsParams::from_grads(total.backward(), &self.module);
        let flat = self.flat_gradient(&grads);
        let on_host = download(Transaction::default().register(flat))?.concat();
        product.copy_from_slice(&on_host);
        finite("product with the Fisher matrix", product)
    }
}

impl BurnLearner {
    /// The gradient of every parameter, zero where the loss does not depend on it, in the flat
    /// order.
    fn flat_gradient(&self, grads: &GradientsParams) -> Tensor<1> {
        let mut parts = Vec::new();
        self.module.each_parameter(&mut |parameter| {
            parts.push(match parameter {
                Parameter::Matrix(param) => gradient(grads, param),
                Parameter::Vector(param) => gradient(grads, param),
            });
        });
        Tensor::cat(parts, 0)
    }
}

fn gradient<const D: usize>(grads: &GradientsParams, param: &Param<Tensor<D>>) -> Tensor<1> {
    let gradient = grads
        .get::<D>(param.id)
        .unwrap_or_else(|| param.val().inner().zeros_like());
    gradient.flatten(0, D - 1)
}

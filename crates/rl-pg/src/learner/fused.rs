//! Learning on the CPU without a tape.

use rl_nets::Networks;
use rl_nets::host::{Adam, AdamConfig, HostMlp, RmsProp, RmsPropConfig, Tape, global_norm};

use super::{Learner, UpdateError, finite};
use crate::samples::{Measured, Tally};
use crate::{FitReport, Loss, Optimizer, OptimizerConfig, Plan, Samples, Surrogate, normalize};

/// The learner for multi-layer perceptrons on the CPU: forward pass, derivative of the loss,
/// backward pass and optimizer in loops over flat buffers.
///
/// It allocates nothing once its buffers have their size.
pub struct FusedLearner {
    networks: Networks,
    /// All parameters, in the flat order.
    flat: Vec<f32>,
    optimizer: State,
    max_grad_norm: f32,
    engine: Engine,
    gathered: Gathered,
}

enum State {
    Adam(Adam),
    RmsProp(RmsProp),
}

/// What computes gradients.
struct Engine {
    networks: Networks,
    mlps: Vec<Pass>,
    log_std: Vec<f32>,
    /// Of all parameters, in the flat order.
    gradient: Vec<f32>,
    d_log_std: Vec<f32>,
}

/// A network with what a pass through it leaves behind.
struct Pass {
    mlp: HostMlp,
    tape: Tape,
    d_outputs: Vec<f32>,
    /// Where its parameters are in the flat order.
    start: usize,
}

impl Pass {
    fn parameters(&self) -> std::ops::Range<usize> {
        self.start..self.start + self.mlp.len()
    }
}

/// The samples of a minibatch, next to each other.
#[derive(Default)]
struct Gathered {
    observations: Vec<f32>,
    actions: Vec<f32>,
    advantages: Vec<f32>,
    log_probs: Vec<f32>,
    targets: Vec<f32>,
    values: Vec<f32>,
}

impl Gathered {
    fn gather(&mut self, samples: &Samples<'_>, rows: &[u32], steps: usize) {
        let columns = [
            (&mut self.observations, samples.observations),
            (&mut self.actions, samples.actions),
            (&mut self.advantages, samples.advantages),
            (&mut self.log_probs, samples.log_probs),
            (&mut self.targets, samples.targets),
            (&mut self.values, samples.values),
        ];
        for (to, from) in columns {
            to.clear();
            let width = from.len() / steps;
            match width {
                0 => {}
                1 => to.extend(rows.iter().map(|&row| from[row as usize])),
                _ => {
                    for &row in rows {
                        to.extend_from_slice(&from[row as usize * width..][..width]);
                    }
                }
            }
        }
    }

    fn samples(&self) -> Samples<'_> {
        Samples {
            observations: &self.observations,
            actions: &self.actions,
            advantages: &self.advantages,
            log_probs: &self.log_probs,
            targets: &self.targets,
            values: &self.values,
        }
    }
}

impl FusedLearner {
    pub(crate) fn new(networks: Networks, config: &OptimizerConfig) -> Self {
        let flat = networks.flat();
        let epsilon = config.optimizer_epsilon;
        let adam = AdamConfig {
            epsilon,
            ..AdamConfig::default()
        };
        let rms_prop = RmsPropConfig {
            epsilon,
            ..RmsPropConfig::default()
        };
        Self {
            optimizer: match config.optimizer {
                Optimizer::Adam => State::Adam(adam.init(flat.len())),
                Optimizer::Rmsprop => State::RmsProp(rms_prop.init(flat.len())),
            },
            max_grad_norm: config.max_grad_norm.unwrap_or(f64::INFINITY) as f32,
            engine: Engine::new(&networks),
            gathered: Gathered::default(),
            flat,
            networks,
        }
    }

    /// Clips the gradient by its global norm and takes a step; returns the norm before clipping.
    fn step(&mut self, learning_rate: f64) -> f32 {
        let Self {
            flat,
            optimizer,
            max_grad_norm,
            engine,
            ..
        } = self;
        let norm = global_norm(&engine.gradient);
        // As in PyTorch's `clip_grad_norm_`.
        let scale = (*max_grad_norm / (norm + 1e-6)).min(1.0);
        match optimizer {
            State::Adam(adam) => adam.step(flat, &engine.gradient, scale, learning_rate),
            State::RmsProp(rms_prop) => rms_prop.step(flat, &engine.gradient, scale, learning_rate),
        }
        engine.set_parameters(flat);
        norm
    }

    /// Brings the host's copy of the networks up to date.
    fn publish(&mut self) -> Result<(), UpdateError> {
        finite("new value of a weight", &self.flat)?;
        self.networks.set_flat(&self.flat);
        Ok(())
    }
}

impl Learner for FusedLearner {
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
        self.engine
            .evaluate(observations, actions, log_probs, values);
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
        let natural: Vec<u32>;
        let order = match plan.order {
            Some(order) => order,
            None => {
                natural = (0..steps as u32).collect();
                &natural
            }
        };
        let mut tally = Tally::default();
        for epoch in order.chunks(steps) {
            tally.begin_epoch();
            for rows in epoch.chunks(plan.minibatch_size) {
                self.gathered.gather(samples, rows, steps);
                if plan.normalize_advantages {
                    normalize(&mut self.gathered.advantages);
                }
                let mut measured = self.engine.backward(&self.gathered.samples(), loss);
                measured.0[5] = self.step(plan.learning_rate).into();
                check(&measured)?;
                tally.add(measured);
            }
            if plan.max_kl.is_some_and(|max_kl| tally.epoch_kl() > max_kl) {
                break;
            }
        }
        self.publish()?;
        Ok(tally.report())
    }

    fn gradient(
        &mut self,
        samples: &Samples<'_>,
        loss: &Loss,
        gradient: &mut [f32],
    ) -> Result<FitReport, UpdateError> {
        samples.check(&self.networks, loss)?;
        let mut measured = self.engine.backward(samples, loss);
        measured.0[5] = global_norm(&self.engine.gradient).into();
        check(&measured)?;
        gradient.copy_from_slice(&self.engine.gradient);
        let mut tally = Tally::default();
        tally.begin_epoch();
        tally.add(measured);
        Ok(tally.report())
    }

    fn apply(&mut self, gradient: &[f32], learning_rate: f64) -> Result<(), UpdateError> {
        self.engine.gradient.copy_from_slice(gradient);
        let norm = self.step(learning_rate);
        finite("norm of the gradient", &[norm])?;
        self.publish()
    }

    fn set_parameters(&mut self, flat: &[f32]) {
        self.flat.copy_from_slice(flat);
        self.networks.set_flat(flat);
        self.engine.set_parameters(flat);
    }

    fn fisher_vector_product(
        &mut self,
        observations: &[f32],
        vector: &[f32],
        product: &mut [f32],
    ) -> Result<(), UpdateError> {
        self.engine
            .fisher_vector_product(observations, vector, product);
        finite("product with the Fisher matrix", product)
    }
}

fn check(measured: &Measured) -> Result<(), UpdateError> {
    for (quantity, value) in Measured::NAMES.into_iter().zip(measured.0) {
        if !value.is_finite() {
            return Err(UpdateError::NonFinite { quantity, value });
        }
    }
    Ok(())
}

impl Engine {
    fn new(networks: &Networks) -> Self {
        let mut start = 0;
        let mlps = networks.mlps().iter().enumerate().map(|(index, weights)| {
            let mlp = HostMlp::new(weights);
            let pass = Pass {
                start,
                tape: Tape::default(),
                d_outputs: Vec::new(),
                mlp,
            };
            start += pass.mlp.len();
            if index == 0 {
                start += networks.log_std().len();
            }
            pass
        });
        Self {
            mlps: mlps.collect(),
            log_std: networks.log_std().to_vec(),
            d_log_std: vec![0.0; networks.log_std().len()],
            gradient: vec![0.0; networks.len()],
            networks: networks.clone(),
        }
    }

    fn set_parameters(&mut self, flat: &[f32]) {
        for pass in &mut self.mlps {
            let parameters = pass.parameters();
            pass.mlp.set_parameters(&flat[parameters]);
        }
        if let Some(first) = self.mlps.first() {
            let start = first.parameters().end;
            let stop = start + self.log_std.len();
            self.log_std.copy_from_slice(&flat[start..stop]);
        }
    }

    fn evaluate(
        &mut self,
        observations: &[f32],
        actions: &[f32],
        log_probs: &mut [f32],
        values: &mut [f32],
    ) {
        let last = self.mlps.len() - 1;
        for (index, pass) in self.mlps.iter_mut().enumerate() {
            let wanted =
                (index == 0 && !log_probs.is_empty()) || (index == last && !values.is_empty());
            if wanted {
                pass.mlp.forward(observations, &mut pass.tape);
            }
        }
        if let (Some(head), Some(pass)) = (self.networks.head(), self.mlps.first())
            && !log_probs.is_empty()
        {
            let rows = pass.tape.output().chunks_exact(pass.mlp.output_size());
            let actions = actions.chunks_exact(head.action_dim());
            for ((log_prob, output), action) in log_probs.iter_mut().zip(rows).zip(actions) {
                *log_prob = head.log_prob(&output[..head.outputs()], &self.log_std, action);
            }
        }
        if let Some(pass) = self.mlps.last() {
            let width = pass.mlp.output_size();
            let rows = pass.tape.output().chunks_exact(width);
            for (value, output) in values.iter_mut().zip(rows) {
                *value = output[width - 1];
            }
        }
    }

    /// Computes the gradient of the loss over a batch; the norm is left to the caller.
    fn backward(&mut self, batch: &Samples<'_>, loss: &Loss) -> Measured {
        let n = batch.observations.len() / self.networks.observation_dim();
        self.gradient.fill(0.0);
        self.d_log_std.fill(0.0);
        let last = self.mlps.len() - 1;
        let learns = |index| {
            (index == 0 && loss.policy.is_some()) || (index == last && loss.value.is_some())
        };
        for (_, pass) in self
            .mlps
            .iter_mut()
            .enumerate()
            .filter(|(index, _)| learns(*index))
        {
            pass.mlp.forward(batch.observations, &mut pass.tape);
            pass.d_outputs.clear();
            pass.d_outputs.resize(n * pass.mlp.output_size(), 0.0);
        }
        let mut sums = [0.0; Measured::NAMES.len()];
        self.policy_loss(batch, loss, n, &mut sums);
        self.value_loss(batch, loss, n, &mut sums);

        let Self {
            mlps,
            gradient,
            d_log_std,
            ..
        } = self;
        for (index, pass) in mlps
            .iter_mut()
            .enumerate()
            .filter(|(index, _)| learns(*index))
        {
            let parameters = pass.parameters();
            let end = parameters.end;
            pass.mlp
                .backward(&mut pass.tape, &pass.d_outputs, &mut gradient[parameters]);
            if index == 0 {
                gradient[end..end + d_log_std.len()].copy_from_slice(d_log_std);
            }
        }
        let largest = sums[6];
        let mut measured = Measured(sums.map(|sum| sum / n as f64));
        measured.0[6] = largest;
        measured
    }

    fn policy_loss(&mut self, batch: &Samples<'_>, loss: &Loss, n: usize, sums: &mut [f64; 7]) {
        let (Some(policy), Some(head), Some(pass)) =
            (loss.policy, self.networks.head(), self.mlps.first_mut())
        else {
            return;
        };
        let scale = 1.0 / n as f32;
        let width = pass.mlp.output_size();
        let outputs = head.outputs();
        let rows = pass.tape.output().chunks_exact(width);
        let d_rows = pass.d_outputs.chunks_exact_mut(width);
        let actions = batch.actions.chunks_exact(head.action_dim());
        let steps = rows.zip(d_rows).zip(actions).zip(batch.advantages);
        for (t, (((output, d_output), action), &advantage)) in steps.enumerate() {
            let output = &output[..outputs];
            let log_prob = head.log_prob(output, &self.log_std, action);
            let log_ratio = match policy.surrogate {
                Surrogate::LogProb => 0.0,
                _ => log_prob - batch.log_probs[t],
            };
            let (surrogate, slope) = policy.surrogate.at(log_prob, log_ratio, advantage);
            head.backward(
                output,
                &self.log_std,
                action,
                -slope * scale,
                -policy.entropy_coefficient * scale,
                &mut d_output[..outputs],
                &mut self.d_log_std,
            );
            let log_ratio = f64::from(log_ratio);
            let change = log_ratio.exp_m1();
            sums[0] -= f64::from(surrogate);
            sums[2] += f64::from(head.entropy(output, &self.log_std));
            sums[3] += change - log_ratio;
            sums[4] += f64::from(u8::from(policy.surrogate.clips(log_ratio as f32)));
            sums[6] = sums[6].max(change.abs());
        }
    }

    fn value_loss(&mut self, batch: &Samples<'_>, loss: &Loss, n: usize, sums: &mut [f64; 7]) {
        let (Some(value_loss), Some(pass)) = (loss.value, self.mlps.last_mut()) else {
            return;
        };
        let scale = value_loss.coefficient / n as f32;
        let width = pass.mlp.output_size();
        let rows = pass.tape.output().chunks_exact(width);
        let d_rows = pass.d_outputs.chunks_exact_mut(width);
        for (t, ((output, d_output), &target)) in rows.zip(d_rows).zip(batch.targets).enumerate() {
            let old = batch.values.get(t).copied().unwrap_or_default();
            let (error, slope) = value_loss.at(output[width - 1], old, target);
            d_output[width - 1] += slope * scale;
            sums[1] += f64::from(error);
        }
    }

    fn fisher_vector_product(&mut self, observations: &[f32], vector: &[f32], product: &mut [f32]) {
        product.fill(0.0);
        let (Some(head), Some(pass)) = (self.networks.head(), self.mlps.first_mut()) else {
            return;
        };
        let n = observations.len() / self.networks.observation_dim();
        let (width, outputs) = (pass.mlp.output_size(), head.outputs());
        let parameters = pass.parameters();
        let log_std = parameters.end..parameters.end + self.log_std.len();
        let mut directions = vec![0.0; n * width];
        pass.mlp.forward(observations, &mut pass.tape);
        pass.mlp
            .jvp(&mut pass.tape, &vector[parameters.clone()], &mut directions);
        pass.d_outputs.clear();
        pass.d_outputs.resize(n * width, 0.0);
        self.d_log_std.fill(0.0);
        let rows = pass.tape.output().chunks_exact(width);
        let rows = rows.zip(directions.chunks_exact(width));
        let scale = 1.0 / n as f32;
        for ((output, direction), d_output) in rows.zip(pass.d_outputs.chunks_exact_mut(width)) {
            head.fisher_product(
                &output[..outputs],
                &self.log_std,
                &direction[..outputs],
                &vector[log_std.clone()],
                &mut d_output[..outputs],
                &mut self.d_log_std,
            );
            d_output.iter_mut().for_each(|d| *d *= scale);
        }
        pass.mlp
            .backward(&mut pass.tape, &pass.d_outputs, &mut product[parameters]);
        for (product, d) in product[log_std].iter_mut().zip(&self.d_log_std) {
            *product = d * scale;
        }
    }
}

//! A network with everything that moves it.

use std::ops::Range;
use std::sync::PoisonError;

use rl_core::normalize;
use rl_nets::distribution::Head;
use rl_nets::host::{Adam, AdamConfig, HostMlp, RmsProp, RmsPropConfig, Tape, squared_norm};
use rl_nets::{MlpWeights, Networks};

use super::crew::{Board, Seat};
use crate::samples::Measured;
use crate::{Loss, Optimizer, OptimizerConfig, PolicyLoss, Samples, Surrogate, ValueLoss};

/// Rows that go through a network together.
pub(super) const SHARD: usize = 256;

/// Sums that the gradient of a minibatch is made of, at most: shard `i` is added to the
/// `i mod LANES`th, and these are added up in their order, whoever computes them.
pub(super) const LANES: usize = 32;

/// One of the learner's networks: the policy, the value function, or both in one.
#[derive(Clone)]
pub(super) struct Part {
    /// Among the networks.
    index: usize,
    /// The policy's head, and whether the last output is a value.
    head: Option<Head>,
    value: bool,
    /// Where its parameters are in the flat order.
    pub range: Range<usize>,
    /// The network's, then `ln σ`.
    pub parameters: Vec<f32>,
    mlp: HostMlp,
    optimizer: State,
    /// Over a minibatch.
    pub total: Sums,
    scratch: Scratch,
}

#[derive(Clone)]
enum State {
    Adam(Adam),
    RmsProp(RmsProp),
}

/// The gradient of some rows' part of the loss, and sums of their measurements.
#[derive(Clone, Debug, Default)]
pub(super) struct Sums {
    pub gradient: Vec<f32>,
    measured: Measured,
}

impl Sums {
    fn clear(&mut self, len: usize) {
        self.gradient.clear();
        self.gradient.resize(len, 0.0);
        self.measured = Measured::default();
    }

    fn add(&mut self, other: &Self) {
        for (sum, d) in self.gradient.iter_mut().zip(&other.gradient) {
            *sum += d;
        }
        self.measured.join(&other.measured);
    }
}

/// Memory for a shard, whose rows are gathered next to each other.
#[derive(Clone, Default)]
pub(super) struct Scratch {
    tape: Tape,
    outputs: Vec<f32>,
    observations: Vec<f32>,
    actions: Vec<f32>,
    /// Of the whole minibatch.
    advantages: Vec<f32>,
    log_probs: Vec<f32>,
    targets: Vec<f32>,
    values: Vec<f32>,
    lane: Sums,
}

/// What a minibatch is made of.
#[derive(Clone, Copy)]
pub(super) struct Batch<'a> {
    pub samples: &'a Samples<'a>,
    /// Of all samples.
    pub steps: usize,
    pub rows: &'a [u32],
    pub normalize_advantages: bool,
    pub loss: &'a Loss,
}

impl Batch<'_> {
    /// Copies the rows of a column `[steps, width]` next to each other.
    fn gather(&self, rows: &[u32], column: &[f32], to: &mut Vec<f32>) {
        to.clear();
        let width = column.len() / self.steps;
        match width {
            0 => {}
            1 => to.extend(rows.iter().map(|&row| column[row as usize])),
            _ => {
                for &row in rows {
                    to.extend_from_slice(&column[row as usize * width..][..width]);
                }
            }
        }
    }
}

impl Part {
    /// Every part of the networks.
    pub fn all(networks: &Networks, config: &OptimizerConfig) -> Vec<Self> {
        let count = networks.mlps().len();
        let mut start = 0;
        let parts = networks.mlps().iter().enumerate().map(|(index, weights)| {
            let head = networks.head().filter(|_| index == 0).cloned();
            let value = networks.has_value() && index + 1 == count;
            let log_std = if index == 0 { networks.log_std() } else { &[] };
            let part = Self::new(index, head, value, start, weights, log_std, config);
            start = part.range.end;
            part
        });
        parts.collect()
    }

    fn new(
        index: usize,
        head: Option<Head>,
        value: bool,
        start: usize,
        weights: &MlpWeights,
        log_std: &[f32],
        config: &OptimizerConfig,
    ) -> Self {
        let mut parameters = weights.flatten();
        parameters.extend_from_slice(log_std);
        let len = parameters.len();
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
            index,
            head,
            value,
            range: start..start + len,
            parameters,
            mlp: HostMlp::new(weights),
            optimizer: match config.optimizer {
                Optimizer::Adam => State::Adam(adam.init(len)),
                Optimizer::Rmsprop => State::RmsProp(rms_prop.init(len)),
            },
            total: Sums::default(),
            scratch: Scratch::default(),
        }
    }

    /// Becomes what another part of the same network is.
    pub fn follow(&mut self, lead: &Self) {
        self.optimizer.clone_from(&lead.optimizer);
        self.set_parameters(&lead.parameters);
    }

    /// Changes the parameters.
    pub fn set_parameters(&mut self, parameters: &[f32]) {
        self.parameters.copy_from_slice(parameters);
        self.mlp.set_parameters(&parameters[..self.mlp.len()]);
    }

    /// Takes a step down `scale · gradient`.
    pub fn step(&mut self, scale: f32, learning_rate: f64) {
        let Self {
            optimizer,
            parameters,
            total: Sums { gradient, .. },
            mlp,
            ..
        } = self;
        match optimizer {
            State::Adam(adam) => adam.step(parameters, gradient, scale, learning_rate),
            State::RmsProp(rms_prop) => rms_prop.step(parameters, gradient, scale, learning_rate),
        }
        mlp.set_parameters(&parameters[..mlp.len()]);
    }

    /// Puts the sums of the measurements on the board, with the squared norm of the gradient in
    /// the norm's place.
    pub fn tell(&self, step: usize, board: &Board) {
        let mut measured = self.total.measured;
        measured.0[5] = squared_norm(&self.total.gradient);
        board.tell(step, self.index, measured);
    }

    /// `ln π(aₜ|oₜ)` into `log_probs` and `V(oₜ)` into `values`, as far as they are asked for and
    /// this network has them.
    pub fn evaluate(
        &self,
        scratch: &mut Scratch,
        observations: &[f32],
        actions: &[f32],
        log_probs: &mut [f32],
        values: &mut [f32],
    ) {
        let head = self.head.as_ref().filter(|_| !log_probs.is_empty());
        let with_values = self.value && !values.is_empty();
        if head.is_none() && !with_values {
            return;
        }
        let (dim, width) = (self.mlp.input_size(), self.mlp.output_size());
        let Scratch { tape, outputs, .. } = scratch;
        for (i, observations) in observations.chunks(SHARD * dim).enumerate() {
            let n = observations.len() / dim;
            outputs.resize(n * width, 0.0);
            self.mlp.evaluate(observations, outputs, tape);
            if let Some(head) = head {
                let log_std = &self.parameters[self.mlp.len()..];
                let action_dim = head.action_dim();
                let actions = &actions[i * SHARD * action_dim..][..n * action_dim];
                let log_probs = &mut log_probs[i * SHARD..][..n];
                head.log_probs(outputs, width, log_std, actions, log_probs);
            }
            if with_values {
                let values = values[i * SHARD..].iter_mut();
                for (value, output) in values.zip(outputs.chunks_exact(width)) {
                    *value = output[width - 1];
                }
            }
        }
    }

    fn losses(&self, loss: &Loss) -> (Option<PolicyLoss>, Option<ValueLoss>) {
        let policy = loss.policy.filter(|_| self.head.is_some());
        (policy, loss.value.filter(|_| self.value))
    }

    /// Computes the gradient over a minibatch: the sum of all lanes if this is the network's only
    /// worker, otherwise this worker's lanes, which go to the board.
    pub fn differentiate(&mut self, batch: &Batch<'_>, seat: Seat, board: &Board) {
        let (policy, value) = self.losses(batch.loss);
        let nothing = policy.is_none() && value.is_none();
        if nothing || seat.of > 1 {
            self.total.clear(self.parameters.len());
        }
        if nothing {
            return;
        }
        if policy.is_some() {
            let advantages = &mut self.scratch.advantages;
            batch.gather(batch.rows, batch.samples.advantages, advantages);
            if batch.normalize_advantages {
                normalize(advantages);
            }
        }
        for index in (seat.index..lanes(batch.rows.len())).step_by(seat.of) {
            self.scratch.lane.clear(self.parameters.len());
            let shards = batch.rows.chunks(SHARD).enumerate();
            for (shard, rows) in shards.skip(index).step_by(LANES) {
                self.add_shard(batch, shard * SHARD, rows, policy, value);
            }
            let lane = &mut self.scratch.lane;
            if seat.of > 1 {
                let mut slot = board.lanes[self.index][index]
                    .write()
                    .unwrap_or_else(PoisonError::into_inner);
                std::mem::swap(&mut *slot, lane);
            } else if index == 0 {
                std::mem::swap(&mut self.total, lane);
            } else {
                self.total.add(lane);
            }
        }
    }

    /// Adds up the lanes on the board.
    pub fn collect(&mut self, batch: &Batch<'_>, seat: Seat, board: &Board) {
        if seat.of == 1 || self.losses(batch.loss) == (None, None) {
            return;
        }
        for slot in &board.lanes[self.index][..lanes(batch.rows.len())] {
            self.total
                .add(&slot.read().unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// Adds the rows that begin with the minibatch's row `start` to the lane.
    fn add_shard(
        &mut self,
        batch: &Batch<'_>,
        start: usize,
        rows: &[u32],
        policy: Option<PolicyLoss>,
        value: Option<ValueLoss>,
    ) {
        let Self { mlp, scratch, .. } = self;
        let width = mlp.output_size();
        batch.gather(rows, batch.samples.observations, &mut scratch.observations);
        mlp.forward(&scratch.observations, &mut scratch.tape);
        scratch.outputs.clear();
        scratch.outputs.resize(rows.len() * width, 0.0);
        if let (Some(policy), Some(head)) = (policy, &self.head) {
            let Scratch {
                actions, log_probs, ..
            } = scratch;
            batch.gather(rows, batch.samples.actions, actions);
            batch.gather(rows, batch.samples.log_probs, log_probs);
            let log_std = &self.parameters[mlp.len()..];
            policy_loss(policy, head, width, log_std, batch, start, scratch);
        }
        if let Some(value) = value {
            let Scratch {
                targets, values, ..
            } = scratch;
            batch.gather(rows, batch.samples.targets, targets);
            batch.gather(rows, batch.samples.values, values);
            value_loss(value, width, batch, scratch);
        }
        let Scratch {
            tape,
            outputs,
            lane,
            ..
        } = scratch;
        mlp.backward(tape, outputs, &mut lane.gradient[..mlp.len()]);
    }

    /// `F v` of the policy, both in this part's order.
    pub fn fisher_vector_product(
        &mut self,
        observations: &[f32],
        vector: &[f32],
        product: &mut [f32],
    ) {
        let Self {
            mlp,
            scratch,
            parameters,
            ..
        } = self;
        let Some(head) = &self.head else { return };
        let Scratch { tape, outputs, .. } = scratch;
        let n = observations.len() / mlp.input_size();
        let (width, of_head) = (mlp.output_size(), head.outputs());
        let (vector, v_log_std) = vector.split_at(mlp.len());
        let (product, d_log_std) = product.split_at_mut(mlp.len());
        let log_std = &parameters[mlp.len()..];
        let mut directions = vec![0.0; n * width];
        mlp.forward(observations, tape);
        mlp.jvp(tape, vector, &mut directions);
        outputs.clear();
        outputs.resize(n * width, 0.0);
        let rows = tape.output().chunks_exact(width);
        let rows = rows.zip(directions.chunks_exact(width));
        let scale = 1.0 / n as f32;
        for ((output, direction), d_output) in rows.zip(outputs.chunks_exact_mut(width)) {
            head.fisher_product(
                &output[..of_head],
                log_std,
                &direction[..of_head],
                v_log_std,
                &mut d_output[..of_head],
                d_log_std,
            );
            d_output.iter_mut().for_each(|d| *d *= scale);
        }
        mlp.backward(tape, outputs, product);
        d_log_std.iter_mut().for_each(|d| *d *= scale);
    }
}

/// How many lanes a minibatch of so many rows has.
pub(super) fn lanes(rows: usize) -> usize {
    rows.div_ceil(SHARD).min(LANES)
}

/// Writes the derivatives of the policy's half of the loss.
fn policy_loss(
    policy: PolicyLoss,
    head: &Head,
    width: usize,
    log_std: &[f32],
    batch: &Batch<'_>,
    start: usize,
    scratch: &mut Scratch,
) {
    let scale = 1.0 / batch.rows.len() as f32;
    let Scratch {
        tape,
        outputs,
        actions,
        advantages,
        log_probs,
        lane: Sums {
            gradient,
            measured: Measured(sums),
        },
        ..
    } = scratch;
    let mut rows = advantages[start..].iter().enumerate();
    let each = |log_prob: f32, entropy: f32| {
        let Some((t, &advantage)) = rows.next() else {
            return [0.0; 2];
        };
        let log_ratio = match policy.surrogate {
            Surrogate::LogProb => 0.0,
            _ => log_prob - log_probs[t],
        };
        let (surrogate, slope) = policy.surrogate.at(log_prob, log_ratio, advantage);
        let clips = policy.surrogate.clips(log_ratio);
        let log_ratio = f64::from(log_ratio);
        let change = log_ratio.exp_m1();
        sums[0] -= f64::from(surrogate);
        sums[2] += f64::from(entropy);
        sums[3] += change - log_ratio;
        sums[4] += f64::from(u8::from(clips));
        sums[6] = sums[6].max(change.abs());
        [-slope * scale, -policy.entropy_coefficient * scale]
    };
    let log_std_start = gradient.len() - log_std.len();
    let gradients = (outputs.as_mut_slice(), &mut gradient[log_std_start..]);
    head.differentiate(
        tape.output(),
        width,
        log_std,
        actions,
        each,
        Some(gradients),
    );
}

/// Writes the derivatives of the value function's half of the loss.
fn value_loss(value: ValueLoss, width: usize, batch: &Batch<'_>, scratch: &mut Scratch) {
    let scale = value.coefficient / batch.rows.len() as f32;
    let Scratch {
        tape,
        outputs,
        targets,
        values,
        lane,
        ..
    } = scratch;
    let rows = tape.output().chunks_exact(width);
    let d_rows = outputs.chunks_exact_mut(width);
    for (t, ((output, d_output), &target)) in rows.zip(d_rows).zip(targets.iter()).enumerate() {
        let old = values.get(t).copied().unwrap_or_default();
        let (error, slope) = value.at(output[width - 1], old, target);
        d_output[width - 1] += slope * scale;
        lane.measured.0[1] += f64::from(error);
    }
}

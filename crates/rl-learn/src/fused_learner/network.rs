//! One network with its optimizer.

use std::ops::Range;

use rl_core::state::{Scoped, ScopedReader};
use rl_core::{State, StateError, StateReader, StateWriter};
use rl_nets::distribution::Head;
use rl_nets::host::{HostMlp, Tape};
use rl_nets::{MlpWeights, Networks};

use super::sums::Sums;
use crate::host_optimizer::HostOptimizer;
use crate::{Derivatives, OptimizerConfig, Row};

/// Rows that go through a network together.
pub(super) const SHARD: usize = 256;

/// Learner of one network: the policy, the value function, or both in one.
#[derive(Clone)]
pub(super) struct NetworkLearner {
    /// Among the networks.
    pub index: usize,
    /// The policy's head, if it is a policy.
    pub head: Option<Head>,
    /// `true` if its last output is a value.
    pub has_value: bool,
    /// Its parameters' place in the flat order.
    pub range: Range<usize>,
    /// The network's, then `ln σ`.
    pub parameters: Vec<f32>,
    pub mlp: HostMlp,
    optimizer: HostOptimizer,
    /// Over a minibatch.
    pub total: Sums,
    pub scratch: Scratch,
}

/// Memory for a shard, whose rows are gathered next to each other.
#[derive(Clone, Default)]
pub(super) struct Scratch {
    pub tape: Tape,
    pub outputs: Vec<f32>,
    pub observations: Vec<f32>,
    pub actions: Vec<f32>,
    /// Of the whole minibatch.
    pub advantages: Vec<f32>,
    pub log_probs: Vec<f32>,
    pub targets: Vec<f32>,
    pub values: Vec<f32>,
    pub weights: Vec<f32>,
    /// As terms see them.
    pub rows: Vec<Row>,
    pub derivatives: Vec<Derivatives>,
    pub lane: Sums,
}

impl NetworkLearner {
    /// A learner for each of the networks, which are perceptrons.
    pub fn all(networks: &Networks, config: &OptimizerConfig) -> Vec<Self> {
        let mlps = networks.mlps().unwrap_or_default();
        let count = mlps.len();
        let mut start = 0;
        let learners = mlps.into_iter().enumerate().map(|(index, weights)| {
            let head = networks.head().filter(|_| index == 0).cloned();
            let has_value = networks.has_value() && index + 1 == count;
            let log_std = if index == 0 { networks.log_std() } else { &[] };
            let learner = Self::new(index, head, has_value, start, weights, log_std, config);
            start = learner.range.end;
            learner
        });
        learners.collect()
    }

    fn new(
        index: usize,
        head: Option<Head>,
        has_value: bool,
        start: usize,
        weights: &MlpWeights,
        log_std: &[f32],
        config: &OptimizerConfig,
    ) -> Self {
        let mut parameters = weights.flatten();
        parameters.extend_from_slice(log_std);
        let len = parameters.len();
        Self {
            index,
            head,
            has_value,
            range: start..start + len,
            parameters,
            mlp: HostMlp::new(weights),
            optimizer: HostOptimizer::new(config, len),
            total: Sums::default(),
            scratch: Scratch::default(),
        }
    }

    /// Takes over parameters and optimizer of another learner of the same network.
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
        optimizer.step(parameters, gradient, scale, learning_rate);
        mlp.set_parameters(&parameters[..mlp.len()]);
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
        let with_values = self.has_value && !values.is_empty();
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

    /// `F v` of the policy, both in this network's order.
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

    fn optimizer_name(&self) -> String {
        format!("optimizer.{}", self.index)
    }

    /// Writes the state of the optimizer.
    pub fn save_optimizer(&self, out: &mut dyn StateWriter) {
        let out = &mut Scoped::new(out, self.optimizer_name());
        self.optimizer.save(out);
    }

    /// Takes up the state of an optimizer.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn load_optimizer(&mut self, from: &dyn StateReader) -> Result<(), StateError> {
        let from = &ScopedReader::new(from, self.optimizer_name());
        self.optimizer.load(from)
    }
}

//! The gradient of a network over a minibatch.

use std::sync::PoisonError;

use rl_core::normalize;
use rl_nets::distribution::Head;
use rl_nets::host::squared_norm;
use rl_nets::{ActionValueForm, DistributionKind};

use super::exchange::{Exchange, Share};
use super::network::{NetworkLearner, SHARD, Scratch};
use super::sums::Sums;
use crate::{Derivatives, FusedQuantileTerm, FusedTerm, Input, Row, Samples, Term, UpdateError};

/// Sums that the gradient of a minibatch is made of, at most: shard `i` is added to lane
/// `i mod GRADIENT_LANES`, and these are added up in their order, whoever computes them.
const GRADIENT_LANES: usize = 32;

/// Number of lanes of the gradient of a minibatch of so many rows.
pub(super) fn gradient_lanes(rows: usize) -> usize {
    rows.div_ceil(SHARD).min(GRADIENT_LANES)
}

/// Fused terms of a loss by the network that they are of, each with its place in the loss.
#[derive(Default)]
pub(super) struct FusedLoss<'a> {
    /// Number of terms of the loss.
    pub len: usize,
    policy: Vec<(usize, &'a dyn FusedTerm)>,
    quantiles: Vec<(usize, &'a dyn FusedQuantileTerm)>,
    value: Vec<(usize, &'a dyn FusedTerm)>,
    /// `true` if a term asks for old values.
    with_old_values: bool,
}

impl<'a> FusedLoss<'a> {
    /// The terms, each of either the policy or the value function.
    ///
    /// # Errors
    /// [`UpdateError::Term`] for another one.
    pub fn new(terms: &[&'a dyn Term]) -> Result<Self, UpdateError> {
        let mut loss = Self {
            len: terms.len(),
            ..Self::default()
        };
        for (place, term) in terms.iter().enumerate() {
            loss.with_old_values |= term.inputs().contains(&Input::OldValue);
            let refused = |reason| UpdateError::Term {
                term: term.name(),
                reason,
            };
            const NONE: &str = "has no fused form: it is learned with learner = \"burn\"";
            if term.inputs().contains(&Input::Quantiles) {
                let fused = term.fused_quantiles().ok_or(refused(NONE))?;
                loss.quantiles.push((place, fused));
                continue;
            }
            let fused = term.fused().ok_or(refused(NONE))?;
            let mut inputs = term.inputs().iter();
            let of_policy = inputs.any(|input| input.is_of_policy());
            let mut inputs = term.inputs().iter();
            match (of_policy, inputs.any(|input| input.is_of_value())) {
                (true, false) => loss.policy.push((place, fused)),
                (false, true) => loss.value.push((place, fused)),
                _ => {
                    return Err(refused(
                        "is not of either the policy or the value function: it is learned with \
                         learner = \"burn\"",
                    ));
                }
            }
        }
        Ok(loss)
    }
}

/// Minibatch of some of the samples.
#[derive(Clone, Copy)]
pub(super) struct MinibatchRows<'a> {
    pub samples: &'a Samples<'a>,
    /// Of all samples.
    pub steps: usize,
    pub rows: &'a [u32],
    pub normalize_advantages: bool,
    pub loss: &'a FusedLoss<'a>,
}

impl MinibatchRows<'_> {
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

impl NetworkLearner {
    /// Returns `true` for a loss with a term of the policy here, and for one of the value function.
    fn learned(&self, loss: &FusedLoss<'_>) -> (bool, bool) {
        (
            self.head.is_some() && !(loss.policy.is_empty() && loss.quantiles.is_empty()),
            self.has_value && !loss.value.is_empty(),
        )
    }

    /// Computes the gradient over a minibatch: the sum of all lanes if this is the network's only
    /// worker, otherwise this worker's lanes, which go to the exchange.
    pub fn differentiate(
        &mut self,
        minibatch: &MinibatchRows<'_>,
        share: Share,
        exchange: &Exchange,
    ) {
        let (policy, value) = self.learned(minibatch.loss);
        let nothing = !policy && !value;
        let (parameters, terms) = (self.parameters.len(), minibatch.loss.len);
        if nothing || share.of > 1 {
            self.total.clear(parameters, terms);
        }
        if nothing {
            return;
        }
        if policy {
            let advantages = &mut self.scratch.advantages;
            minibatch.gather(minibatch.rows, minibatch.samples.advantages, advantages);
            if minibatch.normalize_advantages {
                normalize(advantages);
            }
        }
        for index in (share.index..gradient_lanes(minibatch.rows.len())).step_by(share.of) {
            self.scratch.lane.clear(parameters, terms);
            let shards = minibatch.rows.chunks(SHARD).enumerate();
            for (shard, rows) in shards.skip(index).step_by(GRADIENT_LANES) {
                self.add_shard(minibatch, shard * SHARD, rows);
            }
            let lane = &mut self.scratch.lane;
            if share.of > 1 {
                let mut slot = exchange.lanes[self.index][index]
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

    /// Adds up the lanes of all workers.
    pub fn add_lanes(&mut self, minibatch: &MinibatchRows<'_>, share: Share, exchange: &Exchange) {
        if share.of == 1 || self.learned(minibatch.loss) == (false, false) {
            return;
        }
        for slot in &exchange.lanes[self.index][..gradient_lanes(minibatch.rows.len())] {
            self.total
                .add(&slot.read().unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// Stores the measurements of the gradient, its squared norm among them.
    pub fn report(&self, exchange: &Exchange) {
        let norm = squared_norm(&self.total.gradient);
        exchange.put_measured(self.index, &self.total.measured, norm);
    }

    /// Adds the rows that begin with the minibatch's row `start` to the lane.
    fn add_shard(&mut self, minibatch: &MinibatchRows<'_>, start: usize, rows: &[u32]) {
        let (policy, value) = self.learned(minibatch.loss);
        let Self { mlp, scratch, .. } = self;
        let (samples, width) = (minibatch.samples, mlp.output_size());
        minibatch.gather(rows, samples.observations, &mut scratch.observations);
        mlp.forward(&scratch.observations, &mut scratch.tape);
        scratch.outputs.clear();
        scratch.outputs.resize(rows.len() * width, 0.0);
        if let (true, Some(head)) = (policy, &self.head) {
            minibatch.gather(rows, samples.actions, &mut scratch.actions);
            if head.kind() == DistributionKind::Greedy {
                minibatch.gather(rows, samples.targets, &mut scratch.targets);
                minibatch.gather(rows, samples.weights, &mut scratch.weights);
                match head.form() {
                    ActionValueForm::Quantiles(n) => {
                        differentiate_quantiles(minibatch, width, n, scratch);
                    }
                    form => differentiate_action_values(minibatch, width, form, scratch),
                }
            } else {
                minibatch.gather(rows, samples.log_probs, &mut scratch.log_probs);
                let log_std = &self.parameters[mlp.len()..];
                differentiate_policy(minibatch, head, width, log_std, start, scratch);
            }
        }
        if value {
            minibatch.gather(rows, samples.targets, &mut scratch.targets);
            if minibatch.loss.with_old_values {
                minibatch.gather(rows, samples.values, &mut scratch.values);
            }
            differentiate_value(minibatch, width, scratch);
        }
        let Scratch {
            tape,
            outputs,
            lane,
            ..
        } = scratch;
        mlp.backward(tape, outputs, &mut lane.gradient[..mlp.len()]);
    }
}

/// The number of a column at a row; 0 of an empty column.
#[inline]
fn at(column: &[f32], row: usize) -> f32 {
    column.get(row).copied().unwrap_or_default()
}

/// Writes the derivatives of the policy's terms.
fn differentiate_policy(
    minibatch: &MinibatchRows<'_>,
    head: &Head,
    width: usize,
    log_std: &[f32],
    start: usize,
    scratch: &mut Scratch,
) {
    let Scratch {
        tape,
        outputs,
        actions,
        advantages,
        log_probs,
        rows,
        derivatives,
        lane: Sums { gradient, measured },
        ..
    } = scratch;
    let mut first = 0;
    let n = minibatch.rows.len();
    let loss = |quantities: &[[f32; 2]], by_quantities: &mut [[f32; 2]]| {
        rows.clear();
        rows.extend(quantities.iter().zip(first..).map(|(quantities, t)| {
            let &[log_prob, entropy] = quantities;
            let mut row = Row {
                advantage: at(advantages, start + t),
                log_prob,
                entropy,
                ..Row::default()
            };
            if let Some(&old) = log_probs.get(t) {
                let log_ratio = log_prob - old;
                (row.old_log_prob, row.ratio) = (old, log_ratio.exp());
                let log_ratio = f64::from(log_ratio);
                let change = log_ratio.exp_m1();
                measured.approx_kl += change - log_ratio;
                measured.ratio_error = measured.ratio_error.max(change.abs());
            }
            row
        }));
        first += quantities.len();
        let sums = &mut measured.terms;
        differentiate_rows(&minibatch.loss.policy, n, rows, derivatives, sums);
        for (by_quantities, derivatives) in by_quantities.iter_mut().zip(&*derivatives) {
            *by_quantities = [derivatives.log_prob, derivatives.entropy];
        }
    };
    let log_std_start = gradient.len() - log_std.len();
    let gradients = (outputs.as_mut_slice(), &mut gradient[log_std_start..]);
    head.differentiate(
        tape.output(),
        width,
        log_std,
        actions,
        loss,
        Some(gradients),
    );
}

/// Writes the derivatives of the terms of action values.
fn differentiate_action_values(
    minibatch: &MinibatchRows<'_>,
    width: usize,
    form: ActionValueForm,
    scratch: &mut Scratch,
) {
    let Scratch {
        tape,
        outputs,
        actions,
        targets,
        weights,
        rows,
        derivatives,
        lane,
        ..
    } = scratch;
    rows.clear();
    let of_network = tape.output().chunks_exact(width).zip(&*actions);
    rows.extend(of_network.enumerate().map(|(t, (output, &action))| Row {
        action_value: form.value(output, action as usize),
        target: at(targets, t),
        weight: weights.get(t).copied().unwrap_or(1.0),
        ..Row::default()
    }));
    let (n, sums) = (minibatch.rows.len(), &mut lane.measured.terms);
    differentiate_rows(&minibatch.loss.policy, n, rows, derivatives, sums);
    let d_outputs = outputs.chunks_exact_mut(width).zip(&*actions);
    for ((d_output, &action), derivatives) in d_outputs.zip(&*derivatives) {
        form.add_derivative(d_output, action as usize, derivatives.action_value);
    }
}

/// Writes the derivatives of the terms of `n` quantiles of each action.
fn differentiate_quantiles(
    minibatch: &MinibatchRows<'_>,
    width: usize,
    n: usize,
    scratch: &mut Scratch,
) {
    let Scratch {
        tape,
        outputs,
        actions,
        targets,
        weights,
        lane,
        ..
    } = scratch;
    for (place, term) in &minibatch.loss.quantiles {
        let scale = term.coefficient() / minibatch.rows.len() as f32;
        let rows = tape
            .output()
            .chunks_exact(width)
            .zip(targets.chunks_exact(n));
        let rows = rows.zip(outputs.chunks_exact_mut(width)).zip(&*actions);
        for (t, (((output, samples), d_output), &action)) in rows.enumerate() {
            let taken = action as usize * n..(action as usize + 1) * n;
            let weight = weights.get(t).copied().unwrap_or(1.0);
            if let (Some(quantiles), Some(d)) = (output.get(taken.clone()), d_output.get_mut(taken))
            {
                let loss = term.differentiate(quantiles, samples, weight, scale, d);
                lane.measured.terms[*place] += f64::from(loss);
            }
        }
    }
}

/// Writes the derivatives of the value function's terms.
fn differentiate_value(minibatch: &MinibatchRows<'_>, width: usize, scratch: &mut Scratch) {
    let Scratch {
        tape,
        outputs,
        targets,
        values,
        rows,
        derivatives,
        lane,
        ..
    } = scratch;
    rows.clear();
    let of_network = tape.output().chunks_exact(width);
    rows.extend(of_network.enumerate().map(|(t, output)| Row {
        target: at(targets, t),
        old_value: at(values, t),
        value: output[width - 1],
        ..Row::default()
    }));
    let (n, sums) = (minibatch.rows.len(), &mut lane.measured.terms);
    differentiate_rows(&minibatch.loss.value, n, rows, derivatives, sums);
    let d_outputs = outputs.chunks_exact_mut(width);
    for (d_output, derivatives) in d_outputs.zip(&*derivatives) {
        d_output[width - 1] += derivatives.value;
    }
}

/// Overwrites the derivatives of some of `n` rows, and adds the values of the terms to their sums.
fn differentiate_rows(
    terms: &[(usize, &dyn FusedTerm)],
    n: usize,
    rows: &[Row],
    derivatives: &mut Vec<Derivatives>,
    sums: &mut [f64],
) {
    derivatives.clear();
    derivatives.resize(rows.len(), Derivatives::default());
    for (place, term) in terms {
        term.differentiate_rows(rows, term.scale(n), derivatives, &mut sums[*place]);
    }
}

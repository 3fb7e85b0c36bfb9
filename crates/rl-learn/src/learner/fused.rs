//! Learning on the CPU without a tape.

use std::{iter, slice};

use rl_core::Threads;
use rl_nets::Networks;

use super::crew::{Board, Seat};
use super::part::{Batch, Part, Scratch, lanes};
use super::{Learner, UpdateError, finite};
use crate::samples::Tally;
use crate::{FitReport, Loss, OptimizerConfig, Plan, Samples};

/// The learner for multi-layer perceptrons on the CPU: forward pass, derivative of the loss,
/// backward pass and optimizer in loops over flat buffers.
///
/// With several [threads](Learner::set_threads), each network is learned by workers of its own,
/// and the lanes of a large minibatch by several: workers of a network add up the same gradients in
/// the same order and take the same steps, so that their number changes no bit.
pub struct FusedLearner {
    networks: Networks,
    /// All parameters, in the flat order.
    flat: Vec<f32>,
    max_grad_norm: f32,
    parts: Vec<Part>,
    /// Of each part, for its further workers.
    replicas: Vec<Vec<Part>>,
    /// Of the last fit on several threads.
    board: Option<Board>,
    threads: Threads,
    natural: Vec<u32>,
    /// Of each thread that evaluates.
    scratch: Vec<Scratch>,
}

/// Samples that are worth a thread, which may have to be woken.
const WORTH_A_THREAD: usize = 256;

/// What a fit goes through.
struct Job<'a> {
    samples: &'a Samples<'a>,
    steps: usize,
    order: &'a [u32],
    plan: &'a Plan<'a>,
    loss: &'a Loss,
    max_grad_norm: f32,
}

impl FusedLearner {
    pub(crate) fn new(networks: Networks, config: &OptimizerConfig) -> Self {
        let parts = Part::all(&networks, config);
        Self {
            flat: networks.flat(),
            max_grad_norm: config.max_grad_norm.unwrap_or(f64::INFINITY) as f32,
            replicas: vec![Vec::new(); parts.len()],
            parts,
            board: None,
            threads: Threads::default(),
            natural: Vec::new(),
            scratch: Vec::new(),
            networks,
        }
    }

    /// Brings the host's copy of the networks up to date.
    fn publish(&mut self) -> Result<(), UpdateError> {
        for part in &self.parts {
            finite("new value of a weight", &part.parameters)?;
            self.flat[part.range.clone()].copy_from_slice(&part.parameters);
        }
        self.networks.set_flat(&self.flat);
        Ok(())
    }

    /// Workers of the `index`th network for minibatches of so many lanes.
    fn workers(&self, index: usize, lanes: usize) -> usize {
        let networks = self.parts.len();
        let share = (self.threads.count() + networks - 1 - index) / networks;
        share.clamp(1, lanes)
    }

    fn fit_on_threads(&mut self, job: &Job<'_>) -> Result<FitReport, UpdateError> {
        let lanes = lanes(job.plan.minibatch_size.min(job.steps));
        let crews: Vec<usize> = (0..self.parts.len())
            .map(|index| self.workers(index, lanes))
            .collect();
        let shared = if crews.iter().any(|&of| of > 1) {
            lanes
        } else {
            0
        };
        let (workers, networks) = (crews.iter().sum(), crews.len());
        let kept = self.board.take();
        let board = kept.filter(|board| board.is_for(workers, networks, shared));
        let board = board.unwrap_or_else(|| Board::new(workers, networks, shared));
        let mut workers: Vec<(&mut Part, Seat)> = Vec::new();
        for ((lead, replicas), &of) in self.parts.iter_mut().zip(&mut self.replicas).zip(&crews) {
            replicas.resize_with(of - 1, || lead.clone());
            for (index, replica) in (1..).zip(replicas) {
                replica.follow(lead);
                workers.push((replica, Seat { index, of }));
            }
            workers.push((lead, Seat { index: 0, of }));
        }
        let reports = self.threads.map(workers, |(part, seat)| {
            fit(slice::from_mut(part), seat, job, &board)
        });
        self.board = Some(board);
        // They are all the same.
        let mut reports = reports.into_iter();
        reports.next().unwrap_or(Err(UpdateError::NoExperience))
    }
}

/// Takes the steps of a fit with some of its parts, in step with the other workers.
fn fit(
    parts: &mut [Part],
    seat: Seat,
    job: &Job<'_>,
    board: &Board,
) -> Result<FitReport, UpdateError> {
    let _attendance = board.barrier.attend();
    let mut tally = Tally::default();
    let mut step = 0;
    for epoch in job.order.chunks(job.steps) {
        tally.begin_epoch();
        for rows in epoch.chunks(job.plan.minibatch_size) {
            let batch = Batch {
                samples: job.samples,
                steps: job.steps,
                rows,
                normalize_advantages: job.plan.normalize_advantages,
                loss: job.loss,
            };
            for part in &mut *parts {
                part.differentiate(&batch, seat, board);
            }
            if board.has_lanes() && !board.barrier.wait() {
                return Ok(tally.report());
            }
            for part in &mut *parts {
                part.collect(&batch, seat, board);
                if seat.index == 0 {
                    part.tell(step, board);
                }
            }
            if !board.barrier.wait() {
                return Ok(tally.report());
            }
            // Every worker sees the same numbers, and does the same about them.
            let measured = board.total(step).mean(rows.len());
            measured.check()?;
            let scale = clipping(measured.0[5], job.max_grad_norm);
            for part in &mut *parts {
                part.step(scale, job.plan.learning_rate);
            }
            tally.add(measured);
            step += 1;
        }
        let kl = tally.epoch_kl();
        if job.plan.max_kl.is_some_and(|max_kl| kl > max_kl) {
            break;
        }
    }
    Ok(tally.report())
}

/// What a gradient of this norm is multiplied with, as in PyTorch's `clip_grad_norm_`.
fn clipping(norm: f64, max_grad_norm: f32) -> f32 {
    (max_grad_norm / (norm as f32 + 1e-6)).min(1.0)
}

impl Learner for FusedLearner {
    fn networks(&self) -> &Networks {
        &self.networks
    }

    fn set_threads(&mut self, threads: &Threads) {
        self.threads = threads.clone();
    }

    fn evaluate(
        &mut self,
        observations: &[f32],
        actions: &[f32],
        log_probs: &mut [f32],
        values: &mut [f32],
    ) -> Result<(), UpdateError> {
        let dim = self.networks.observation_dim();
        let n = observations.len() / dim;
        let share = n.div_ceil(self.threads.count()).max(WORTH_A_THREAD);
        let used = self.scratch.len().max(n.div_ceil(share));
        self.scratch.resize_with(used, Scratch::default);
        // What is not asked for is an empty slice in every share.
        let rows = observations.chunks((share * dim).max(1));
        let actions = actions.chunks((actions.len() / n.max(1) * share).max(1));
        let actions = actions.chain(iter::repeat(&[][..]));
        let [log_probs, values] = [log_probs, values].map(|column| {
            let shares = column.chunks_mut(share);
            shares.chain(iter::repeat_with(Default::default))
        });
        let shares = rows.zip(actions).zip(log_probs).zip(values);
        let parts = &self.parts;
        self.threads.map(
            self.scratch.iter_mut().zip(shares),
            |(scratch, (((observations, actions), log_probs), values))| {
                for part in parts {
                    part.evaluate(scratch, observations, actions, log_probs, values);
                }
            },
        );
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
        let mut natural = std::mem::take(&mut self.natural);
        if plan.order.is_none() {
            natural.clear();
            natural.extend(0..steps as u32);
        }
        let job = Job {
            samples,
            steps,
            order: plan.order.unwrap_or(&natural),
            plan,
            loss,
            max_grad_norm: self.max_grad_norm,
        };
        let report = if self.threads.count() > 1 && job.order.len() >= 2 * WORTH_A_THREAD {
            self.fit_on_threads(&job)
        } else {
            let board = Board::new(1, self.parts.len(), 0);
            fit(&mut self.parts, Seat::ALONE, &job, &board)
        };
        self.natural = natural;
        let report = report?;
        self.publish()?;
        Ok(report)
    }

    fn gradient(
        &mut self,
        samples: &Samples<'_>,
        loss: &Loss,
        gradient: &mut [f32],
    ) -> Result<FitReport, UpdateError> {
        let steps = samples.check(&self.networks, loss)?;
        self.natural.clear();
        self.natural.extend(0..steps as u32);
        let batch = Batch {
            samples,
            steps,
            rows: &self.natural,
            normalize_advantages: false,
            loss,
        };
        let board = Board::new(1, self.parts.len(), 0);
        for part in &mut self.parts {
            part.differentiate(&batch, Seat::ALONE, &board);
            part.tell(0, &board);
            gradient[part.range.clone()].copy_from_slice(&part.total.gradient);
        }
        let measured = board.total(0).mean(steps);
        measured.check()?;
        Ok(measured.report())
    }

    fn apply(&mut self, gradient: &[f32], learning_rate: f64) -> Result<(), UpdateError> {
        let board = Board::new(1, self.parts.len(), 0);
        for part in &mut self.parts {
            part.total.gradient.clear();
            let own = &gradient[part.range.clone()];
            part.total.gradient.extend_from_slice(own);
            part.tell(0, &board);
        }
        let norm = board.total(0).mean(1).0[5];
        finite("norm of the gradient", &[norm as f32])?;
        for part in &mut self.parts {
            part.step(clipping(norm, self.max_grad_norm), learning_rate);
        }
        self.publish()
    }

    fn set_parameters(&mut self, flat: &[f32]) {
        self.flat.copy_from_slice(flat);
        self.networks.set_flat(flat);
        for part in &mut self.parts {
            part.set_parameters(&flat[part.range.clone()]);
        }
    }

    fn fisher_vector_product(
        &mut self,
        observations: &[f32],
        vector: &[f32],
        product: &mut [f32],
    ) -> Result<(), UpdateError> {
        product.fill(0.0);
        if let Some(policy) = self.parts.first_mut() {
            let range = policy.range.clone();
            policy.fisher_vector_product(observations, &vector[range.clone()], &mut product[range]);
        }
        finite("product with the Fisher matrix", product)
    }
}

//! Sessions: the leading worker's side, and the other workers'.

use std::ops::Range;

use super::exchange::{Command, Exchange, Share};
use super::gradient::{FusedLoss, MinibatchRows};
use super::network::NetworkLearner;
use crate::error::finite;
use crate::host_optimizer::clipping;
use crate::learner::check_rows;
use crate::{Measurements, Samples, Session, Term, UpdateError};

/// Batch that a session is open over.
pub(super) struct Job<'a> {
    pub samples: &'a Samples<'a>,
    /// Of all samples.
    pub steps: usize,
    pub order: &'a [u32],
    /// Number of rows of a minibatch, at most.
    pub largest: usize,
    pub terms: &'a [&'a dyn Term],
    pub loss: &'a FusedLoss<'a>,
    pub max_grad_norm: f32,
}

/// A worker's part of a session: some networks, usually one, and its share of their gradients.
pub(super) struct Worker<'a> {
    pub networks: &'a mut [NetworkLearner],
    pub share: Share,
    pub job: &'a Job<'a>,
    pub exchange: &'a Exchange,
}

impl Worker<'_> {
    /// Carries out the leading worker's commands until the session ends.
    pub fn serve(&mut self) {
        let _guard = self.exchange.barrier.guard();
        for number in 0.. {
            match self.exchange.command(number) {
                Command::End => return,
                command => {
                    if !self.perform(command) {
                        return;
                    }
                }
            }
        }
    }

    /// Carries out a command; `false` if another worker never does.
    fn perform(&mut self, command: Command) -> bool {
        let Self {
            networks,
            share,
            job,
            exchange,
        } = self;
        let is_first = share.index == 0;
        match command {
            Command::Gradient {
                start,
                end,
                normalize_advantages,
            } => {
                let minibatch = MinibatchRows {
                    samples: job.samples,
                    steps: job.steps,
                    rows: &job.order[start..end],
                    normalize_advantages,
                    loss: job.loss,
                };
                for network in &mut **networks {
                    network.differentiate(&minibatch, *share, exchange);
                }
                if exchange.has_lanes() && !exchange.barrier.wait() {
                    return false;
                }
                for network in &mut **networks {
                    network.add_lanes(&minibatch, *share, exchange);
                    if is_first {
                        network.report(exchange);
                    }
                }
                exchange.barrier.wait()
            }
            Command::Show { is_zero } => {
                for network in &mut **networks {
                    if is_zero {
                        network.total.clear(network.parameters.len(), job.loss.len);
                    }
                    if is_first {
                        let gradient = &mut *exchange.gradient(network.index);
                        gradient.clone_from(&network.total.gradient);
                    }
                }
                exchange.barrier.wait()
            }
            Command::Take => {
                for network in &mut **networks {
                    let gradient = exchange.gradient(network.index);
                    network.total.gradient.copy_from_slice(&gradient);
                    drop(gradient);
                    if is_first {
                        network.report(exchange);
                    }
                }
                exchange.barrier.wait()
            }
            Command::Step {
                scale,
                learning_rate,
            } => {
                for network in &mut **networks {
                    network.step(scale, learning_rate);
                }
                true
            }
            Command::End => true,
        }
    }
}

/// Session of the leading worker.
pub(super) struct FusedSession<'a> {
    worker: Worker<'a>,
    /// `true` if there is a gradient that no step was taken down yet.
    has_gradient: bool,
    grad_norm: f64,
    measured: Vec<Measurements>,
    /// The gradient of all networks, when it is exchanged.
    flat: Vec<f32>,
}

impl<'a> FusedSession<'a> {
    pub fn new(worker: Worker<'a>) -> Self {
        Self {
            worker,
            has_gradient: false,
            grad_norm: 0.0,
            measured: Vec::new(),
            flat: Vec::new(),
        }
    }

    /// The measurements that nobody asked for.
    pub fn into_measured(mut self) -> Vec<Measurements> {
        std::mem::take(&mut self.measured)
    }

    /// Has a command carried out by every worker.
    fn perform(&mut self, command: Command) -> Result<(), UpdateError> {
        if self.worker.exchange.barrier.workers() > 1 {
            self.worker.exchange.give(command);
        }
        if self.worker.perform(command) {
            Ok(())
        } else {
            Err(UpdateError::Device("a worker thread panicked".into()))
        }
    }
}

impl Drop for FusedSession<'_> {
    fn drop(&mut self) {
        self.worker.exchange.give(Command::End);
    }
}

impl Session for FusedSession<'_> {
    fn gradient(
        &mut self,
        rows: Range<usize>,
        normalize_advantages: bool,
    ) -> Result<(), UpdateError> {
        let Job {
            order,
            largest,
            terms,
            ..
        } = *self.worker.job;
        check_rows(&rows, order.len(), largest)?;
        self.perform(Command::Gradient {
            start: rows.start,
            end: rows.end,
            normalize_advantages,
        })?;
        let measured = self.worker.exchange.total().mean(rows.len());
        measured.check(terms)?;
        (self.has_gradient, self.grad_norm) = (true, measured.grad_norm);
        self.measured.push(measured);
        Ok(())
    }

    fn exchange(
        &mut self,
        change: &mut dyn FnMut(&mut [f32]) -> Result<(), UpdateError>,
    ) -> Result<(), UpdateError> {
        let is_zero = !self.has_gradient;
        self.perform(Command::Show { is_zero })?;
        let exchange = self.worker.exchange;
        self.flat.clear();
        for network in 0..exchange.lanes.len() {
            self.flat.extend_from_slice(&exchange.gradient(network));
        }
        change(&mut self.flat)?;
        let mut rest = self.flat.as_slice();
        for network in 0..exchange.lanes.len() {
            let mut gradient = exchange.gradient(network);
            let (own, others) = rest.split_at(gradient.len());
            gradient.copy_from_slice(own);
            rest = others;
        }
        self.perform(Command::Take)?;
        self.grad_norm = self.worker.exchange.total().mean(1).grad_norm;
        if let (true, Some(last)) = (self.has_gradient, self.measured.last_mut()) {
            last.grad_norm = self.grad_norm;
        }
        self.has_gradient = true;
        finite("grad_norm", &[self.grad_norm as f32])
    }

    fn step(&mut self, learning_rate: f64) -> Result<(), UpdateError> {
        if !self.has_gradient {
            return Err(UpdateError::NoGradient);
        }
        self.has_gradient = false;
        let scale = clipping(self.grad_norm, self.worker.job.max_grad_norm);
        self.perform(Command::Step {
            scale,
            learning_rate,
        })
    }

    fn measurements(&mut self) -> Result<Vec<Measurements>, UpdateError> {
        Ok(std::mem::take(&mut self.measured))
    }
}

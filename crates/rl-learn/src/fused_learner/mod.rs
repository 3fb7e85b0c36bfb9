//! Learning on the CPU without a tape.

mod barrier;
mod exchange;
mod gradient;
mod network;
mod session;
mod sums;

use std::{iter, slice};

use rl_core::{State, StateError, StateReader, StateWriter, Threads};
use rl_nets::Networks;

use self::exchange::{Exchange, Share};
use self::gradient::{FusedLoss, MinibatchRows, gradient_lanes};
use self::network::{NetworkLearner, Scratch};
use self::session::{FusedSession, Job, Worker};
use crate::error::{check_evaluation, check_parameters, finite};
use crate::samples::supports;
use crate::{
    Batch, Learner, Measurements, NaturalGradient, OptimizerConfig, Samples, SessionBody, Term,
    UpdateError,
};

/// The learner for multi-layer perceptrons on the CPU: forward pass, derivative of the loss,
/// backward pass and optimizer in loops over flat buffers.
///
/// With several [threads](Learner::set_threads), each network is learned by workers of its own,
/// and the gradient lanes of a large minibatch by several: workers of a network add up the same
/// gradients in the same order and take the same steps, so that their number changes no bit.
pub struct FusedLearner {
    networks: Networks,
    /// All parameters, in the flat order.
    flat: Vec<f32>,
    max_grad_norm: f32,
    learners: Vec<NetworkLearner>,
    /// Of each network, for its further workers.
    replicas: Vec<Vec<NetworkLearner>>,
    /// Of the last session on several threads.
    exchange: Option<Exchange>,
    threads: Threads,
    /// The rows of a batch in their own order.
    natural_order: Vec<u32>,
    /// Of each thread that evaluates.
    scratch: Vec<Scratch>,
}

/// Samples that are worth a thread, which may have to be woken.
const WORTH_A_THREAD: usize = 256;

/// Role of a worker in a session.
enum Role<'a> {
    /// Steps as the session's body says, and its own part of them.
    Lead(Worker<'a>, &'a mut SessionBody<'a>),
    /// Its part of each step.
    Serve(Worker<'a>),
}

impl FusedLearner {
    /// A learner of networks that are all multi-layer perceptrons.
    pub(crate) fn new(networks: Networks, config: &OptimizerConfig) -> Self {
        let learners = NetworkLearner::all(&networks, config);
        Self {
            flat: networks.flat(),
            max_grad_norm: config.max_grad_norm.unwrap_or(f64::INFINITY) as f32,
            replicas: vec![Vec::new(); learners.len()],
            learners,
            exchange: None,
            threads: Threads::default(),
            natural_order: Vec::new(),
            scratch: Vec::new(),
            networks,
        }
    }

    /// Brings the host's copy of the networks up to date.
    fn publish(&mut self) -> Result<(), UpdateError> {
        for learner in &self.learners {
            self.flat[learner.range.clone()].copy_from_slice(&learner.parameters);
        }
        let checked = check_parameters(&self.networks, &self.flat);
        match checked {
            Ok(()) => self.networks.set_flat(&self.flat),
            Err(_) => self.flat = self.networks.flat(),
        }
        checked
    }

    /// Workers of the `index`th network for minibatches of so many lanes.
    fn workers(&self, index: usize, lanes: usize) -> usize {
        let networks = self.learners.len();
        let share = (self.threads.count() + networks - 1 - index) / networks;
        share.clamp(1, lanes)
    }

    /// A session on several threads, for minibatches of so many lanes.
    fn session_on_threads(
        &mut self,
        job: &Job<'_>,
        lanes: usize,
        body: &mut SessionBody<'_>,
    ) -> Result<Vec<Measurements>, UpdateError> {
        let counts: Vec<usize> = (0..self.learners.len())
            .map(|index| self.workers(index, lanes))
            .collect();
        let exchanged = if counts.iter().any(|&of| of > 1) {
            lanes
        } else {
            0
        };
        let (workers, networks) = (counts.iter().sum(), counts.len());
        let kept = self.exchange.take();
        let kept = kept.filter(|kept| kept.is_for(workers, networks, exchanged));
        let mut exchange = kept.unwrap_or_else(|| Exchange::new(workers, networks, exchanged));
        exchange.begin();
        let mut roles: Vec<Role<'_>> = Vec::with_capacity(workers);
        let mut body = Some(body);
        let learners = self.learners.iter_mut().zip(&mut self.replicas);
        for ((first, replicas), &of) in learners.zip(&counts) {
            replicas.resize_with(of - 1, || first.clone());
            replicas
                .iter_mut()
                .for_each(|replica| replica.follow(first));
            let all = iter::once(first).chain(replicas).enumerate();
            for (index, network) in all {
                let worker = Worker {
                    networks: slice::from_mut(network),
                    share: Share { index, of },
                    job,
                    exchange: &exchange,
                };
                roles.push(match body.take() {
                    // The first item is worked on by the caller's thread.
                    Some(body) => Role::Lead(worker, body),
                    None => Role::Serve(worker),
                });
            }
        }
        let outcomes = self.threads.map_together(roles, |role| match role {
            Role::Lead(worker, body) => Some(lead(worker, body)),
            Role::Serve(mut worker) => {
                worker.serve();
                None
            }
        });
        self.exchange = Some(exchange);
        let mut outcomes = outcomes.into_iter().flatten();
        outcomes.next().unwrap_or(Err(UpdateError::NoExperience))
    }
}

/// Takes the steps of a session.
fn lead(worker: Worker<'_>, body: &mut SessionBody<'_>) -> Result<Vec<Measurements>, UpdateError> {
    let _guard = worker.exchange.barrier.guard();
    let mut session = FusedSession::new(worker);
    body(&mut session)?;
    Ok(session.into_measured())
}

impl Learner for FusedLearner {
    fn networks(&self) -> &Networks {
        &self.networks
    }

    fn set_threads(&mut self, threads: &Threads) {
        self.threads = threads.clone();
    }

    fn supports(&self, terms: &[&dyn Term]) -> Result<(), UpdateError> {
        supports(&self.networks, terms)?;
        FusedLoss::new(terms).map(|_| ())
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
        let shares_of = [&mut *log_probs, &mut *values].map(|column| {
            let shares = column.chunks_mut(share);
            shares.chain(iter::repeat_with(Default::default))
        });
        let [log_prob_shares, value_shares] = shares_of;
        let shares = rows.zip(actions).zip(log_prob_shares).zip(value_shares);
        let learners = &self.learners;
        self.threads.map(
            self.scratch.iter_mut().zip(shares),
            |(scratch, (((observations, actions), log_probs), values))| {
                for learner in learners {
                    learner.evaluate(scratch, observations, actions, log_probs, values);
                }
            },
        );
        check_evaluation(log_probs, values)
    }

    fn session(
        &mut self,
        batch: &Batch<'_>,
        body: &mut SessionBody<'_>,
    ) -> Result<Vec<Measurements>, UpdateError> {
        let steps = batch.check(&self.networks)?;
        let loss = FusedLoss::new(batch.terms)?;
        let mut natural_order = std::mem::take(&mut self.natural_order);
        natural_order.clear();
        if batch.order.is_empty() {
            natural_order.extend(0..steps as u32);
        }
        let (order, rows) = match batch.order {
            [] => (
                natural_order.as_slice(),
                steps.saturating_mul(batch.epochs.max(1)),
            ),
            order => (order, order.len()),
        };
        let job = Job {
            samples: &batch.samples,
            steps,
            order,
            largest: batch.largest(steps),
            terms: batch.terms,
            loss: &loss,
            max_grad_norm: self.max_grad_norm,
        };
        let threads = self.threads.clone();
        let timed = (rows >= 2 * WORTH_A_THREAD).then(|| threads.begin(rows));
        let outcome = if timed.as_ref().is_some_and(|timed| timed.count() > 1) {
            self.session_on_threads(&job, gradient_lanes(job.largest), body)
        } else {
            let exchange = Exchange::new(1, self.learners.len(), 0);
            let worker = Worker {
                networks: &mut self.learners,
                share: Share::WHOLE,
                job: &job,
                exchange: &exchange,
            };
            lead(worker, body)
        };
        drop(timed);
        self.natural_order = natural_order;
        let published = self.publish();
        let measured = outcome?;
        published?;
        Ok(measured)
    }

    fn set_parameters(&mut self, flat: &[f32]) {
        self.flat.copy_from_slice(flat);
        self.networks.set_flat(flat);
        for learner in &mut self.learners {
            learner.set_parameters(&flat[learner.range.clone()]);
        }
    }
}

impl NaturalGradient for FusedLearner {
    fn gradient(
        &mut self,
        samples: &Samples<'_>,
        terms: &[&dyn Term],
        gradient: &mut [f32],
    ) -> Result<Measurements, UpdateError> {
        let batch = Batch {
            samples: *samples,
            terms,
            ..Batch::default()
        };
        let steps = batch.check(&self.networks)?;
        self.natural_order.clear();
        self.natural_order.extend(0..steps as u32);
        let minibatch = MinibatchRows {
            samples,
            steps,
            rows: &self.natural_order,
            normalize_advantages: false,
            loss: &FusedLoss::new(terms)?,
        };
        let exchange = Exchange::new(1, self.learners.len(), 0);
        for learner in &mut self.learners {
            learner.differentiate(&minibatch, Share::WHOLE, &exchange);
            learner.report(&exchange);
            gradient[learner.range.clone()].copy_from_slice(&learner.total.gradient);
        }
        let measured = exchange.total().mean(steps);
        measured.check(terms)?;
        Ok(measured)
    }

    fn fisher_vector_product(
        &mut self,
        observations: &[f32],
        vector: &[f32],
        product: &mut [f32],
    ) -> Result<(), UpdateError> {
        product.fill(0.0);
        if let Some(policy) = self.learners.first_mut() {
            let range = policy.range.clone();
            policy.fisher_vector_product(observations, &vector[range.clone()], &mut product[range]);
        }
        finite("product with the Fisher matrix", product)
    }
}

impl State for FusedLearner {
    fn save(&self, out: &mut dyn StateWriter) {
        out.f32s("parameters", &self.flat);
        for learner in &self.learners {
            learner.save_optimizer(out);
        }
    }

    fn load(&mut self, from: &dyn StateReader) -> Result<(), StateError> {
        let mut flat = vec![0.0; self.flat.len()];
        from.f32s("parameters", &mut flat)?;
        self.set_parameters(&flat);
        for learner in &mut self.learners {
            learner.load_optimizer(from)?;
        }
        Ok(())
    }
}

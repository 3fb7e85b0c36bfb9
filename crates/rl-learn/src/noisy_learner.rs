//! Learning of noisy layers.

use std::ops::Range;

use rl_core::state::{Scoped, ScopedReader};
use rl_core::{State, StateError, StateReader, StateWriter, Threads};
use rl_nets::Networks;
use rl_nets::host::squared_norm;

use crate::error::{check_parameters, finite};
use crate::host_optimizer::{HostOptimizer, clipping};
use crate::learner::check_rows;
use crate::{
    Batch, Learner, Measurements, Noise, OptimizerConfig, Session, SessionBody, Term, UpdateError,
};

/// Learner of networks whose layers are noisy ([`Noise`]). The gradient `g` of a minibatch is that of another learner at the
/// weights `μ + σ ⊙ ε`, with an `ε` drawn anew each time; it is `g` by the means `μ`, and `g ⊙ ε` by the
/// deviations `σ`. Both are clipped by their common norm, and one optimizer on the host moves them.
///
/// Its networks, and what it evaluates, are those of the means. Gradients are exchanged by means, then by deviations.
pub(crate) struct NoisyLearner {
    /// Learner that computes the gradients.
    learner: Box<dyn Learner>,
    networks: Networks,
    /// Means, then deviations.
    parameters: Vec<f32>,
    optimizer: HostOptimizer,
    max_grad_norm: f32,
    noise: Noise,
    weights: Vec<f32>,
    /// By means, then by deviations.
    gradient: Vec<f32>,
}

impl NoisyLearner {
    /// A learner of networks of means, and of deviations, which computes gradients by another one of the same networks.
    pub fn new(
        learner: Box<dyn Learner>,
        deviations: &[f32],
        config: &OptimizerConfig,
        noise: Noise,
    ) -> Self {
        let networks = learner.networks().clone();
        let parameters = [&networks.flat(), deviations].concat();
        Self {
            optimizer: HostOptimizer::new(config, parameters.len()),
            max_grad_norm: config.max_grad_norm.unwrap_or(f64::INFINITY) as f32,
            weights: Vec::new(),
            gradient: vec![0.0; parameters.len()],
            learner,
            networks,
            parameters,
            noise,
        }
    }

    fn means(&self) -> &[f32] {
        &self.parameters[..self.networks.len()]
    }

    /// Brings the networks up to date.
    fn publish(&mut self) -> Result<(), UpdateError> {
        check_parameters(&self.networks, self.means())?;
        finite("new deviation of a weight", self.deviations())?;
        let Self {
            networks,
            parameters,
            ..
        } = self;
        networks.set_flat(&parameters[..networks.len()]);
        Ok(())
    }
}

impl Learner for NoisyLearner {
    fn networks(&self) -> &Networks {
        &self.networks
    }

    fn deviations(&self) -> &[f32] {
        &self.parameters[self.networks.len()..]
    }

    fn set_threads(&mut self, threads: &Threads) {
        self.learner.set_threads(threads);
    }

    fn supports(&self, terms: &[&dyn Term]) -> Result<(), UpdateError> {
        self.learner.supports(terms)
    }

    fn evaluate(
        &mut self,
        observations: &[f32],
        actions: &[f32],
        log_probs: &mut [f32],
        values: &mut [f32],
    ) -> Result<(), UpdateError> {
        let means = &self.parameters[..self.networks.len()];
        self.learner.set_parameters(means);
        (self.learner).evaluate(observations, actions, log_probs, values)
    }

    fn session(
        &mut self,
        batch: &Batch<'_>,
        body: &mut SessionBody<'_>,
    ) -> Result<Vec<Measurements>, UpdateError> {
        let steps = batch.check(&self.networks)?;
        let mut session = NoisySession {
            learner: self,
            batch,
            steps,
            grad_norm: None,
            measured: Vec::new(),
        };
        let outcome = body(&mut session);
        let measured = session.measured;
        outcome?;
        self.publish()?;
        Ok(measured)
    }

    fn set_parameters(&mut self, flat: &[f32]) {
        self.networks.set_flat(flat);
        self.parameters[..flat.len()].copy_from_slice(flat);
    }
}

impl State for NoisyLearner {
    fn save(&self, out: &mut dyn StateWriter) {
        out.f32s("parameters", &self.parameters);
        self.optimizer.save(&mut Scoped::new(out, "optimizer"));
        self.noise.save(&mut Scoped::new(out, "noise"));
    }

    fn load(&mut self, from: &dyn StateReader) -> Result<(), StateError> {
        from.f32s("parameters", &mut self.parameters)?;
        self.optimizer.load(&ScopedReader::new(from, "optimizer"))?;
        self.noise.load(&ScopedReader::new(from, "noise"))?;
        let means = &self.parameters[..self.networks.len()];
        self.networks.set_flat(means);
        Ok(())
    }
}

/// Session over a batch, each minibatch of which is one of the other learner's.
struct NoisySession<'a> {
    learner: &'a mut NoisyLearner,
    batch: &'a Batch<'a>,
    steps: usize,
    /// Norm of the gradient that no step was taken down yet.
    grad_norm: Option<f64>,
    measured: Vec<Measurements>,
}

impl NoisySession<'_> {
    /// Takes the norm of a new gradient.
    fn measure(&mut self) -> Result<f64, UpdateError> {
        let norm = squared_norm(&self.learner.gradient).sqrt();
        finite("grad_norm", &[norm as f32])?;
        self.grad_norm = Some(norm);
        Ok(norm)
    }
}

impl Session for NoisySession<'_> {
    fn gradient(
        &mut self,
        rows: Range<usize>,
        normalize_advantages: bool,
    ) -> Result<(), UpdateError> {
        let places = match self.batch.order {
            [] => self.steps,
            order => order.len(),
        };
        check_rows(&rows, places, self.batch.largest(self.steps))?;
        let n = rows.len();
        let order: Vec<u32> = match self.batch.order {
            [] => rows.map(|row| row as u32).collect(),
            order => order[rows].to_vec(),
        };
        let minibatch = Batch {
            order: &order,
            minibatch_size: n,
            epochs: 1,
            ..*self.batch
        };
        let NoisyLearner {
            learner,
            parameters,
            noise,
            weights,
            gradient,
            ..
        } = &mut *self.learner;
        noise.draw();
        let (means, deviations) = parameters.split_at(noise.numbers().len());
        noise.weights(means, deviations, weights);
        learner.set_parameters(weights);
        let (by_means, by_deviations) = gradient.split_at_mut(noise.numbers().len());
        let measured = learner.session(&minibatch, &mut |session| {
            session.gradient(0..n, normalize_advantages)?;
            session.exchange(&mut |by_weights| {
                by_means.copy_from_slice(by_weights);
                let factors = by_weights.iter().zip(noise.numbers());
                for (derivative, (g, x)) in by_deviations.iter_mut().zip(factors) {
                    *derivative = g * x;
                }
                Ok(())
            })
        })?;
        let grad_norm = self.measure()?;
        (self.measured).extend(measured.into_iter().map(|of_weights| Measurements {
            grad_norm,
            ..of_weights
        }));
        Ok(())
    }

    fn exchange(
        &mut self,
        change: &mut dyn FnMut(&mut [f32]) -> Result<(), UpdateError>,
    ) -> Result<(), UpdateError> {
        let has_gradient = self.grad_norm.is_some();
        if !has_gradient {
            self.learner.gradient.fill(0.0);
        }
        change(&mut self.learner.gradient)?;
        let norm = self.measure()?;
        if let (true, Some(last)) = (has_gradient, self.measured.last_mut()) {
            last.grad_norm = norm;
        }
        Ok(())
    }

    fn step(&mut self, learning_rate: f64) -> Result<(), UpdateError> {
        let norm = self.grad_norm.take().ok_or(UpdateError::NoGradient)?;
        let NoisyLearner {
            parameters,
            optimizer,
            max_grad_norm,
            gradient,
            ..
        } = &mut *self.learner;
        let scale = clipping(norm, *max_grad_norm);
        optimizer.step(parameters, gradient, scale, learning_rate);
        Ok(())
    }

    fn measurements(&mut self) -> Result<Vec<Measurements>, UpdateError> {
        Ok(std::mem::take(&mut self.measured))
    }
}

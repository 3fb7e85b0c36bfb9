//! Asynchronous advantage actor-critic.

use rl_core::{Gae, Rollout, Threads};
use rl_learn::{ConfigError, Learner, Samples, UpdateError};
use rl_nets::{Actor, Device, Networks};

use crate::report::explained_variance;
use crate::rollout_values::Estimates;
use crate::{A2cConfig, PolicyGradient, UpdateReport};
use rl_core::normalize;

/// Asynchronous advantage actor-critic (A3C; Mnih et al. 2016, algorithm S3): workers act and
/// compute gradients on copies of the parameters that may be stale, and one learner applies each
/// gradient to the present parameters, with one RMSProp state for all (the paper's *shared
/// RMSProp*).
///
/// In the paper, the order in which gradients arrive is the operating system's. Here it is fixed,
/// so that the same seed gives the same bits with any number of threads: the workers' gradients
/// are applied in turn, and a worker copies the parameters as soon as its own gradient has been
/// applied. What each worker does next depends on that copy alone, so all may act at the same
/// time. With `W` workers a gradient is `W - 1` updates old, which is what such a pipeline settles
/// at; [`UpdateReport::staleness`] reports what was counted.
pub struct A3c {
    config: A2cConfig,
    gae: Gae,
    learning_rate: f64,
    /// Holds the present parameters and the optimizer.
    learner: Box<dyn Learner>,
    /// Computes gradients on the workers' parameters.
    worker: Box<dyn Learner>,
    workers: Vec<Worker>,
    /// Gradients applied so far.
    version: u64,
    estimates: Estimates,
    gradient: Vec<f32>,
}

/// A worker's copy of the parameters.
struct Worker {
    parameters: Vec<f32>,
    version: u64,
    actor: Actor,
}

impl A3c {
    /// An agent with so many workers, which each gather their own rollouts.
    ///
    /// # Errors
    /// [`ConfigError`] for a value out of its range, or networks without a value function.
    pub fn new(
        config: A2cConfig,
        workers: usize,
        networks: Networks,
        device: &Device,
    ) -> Result<Self, ConfigError> {
        config.validate(1)?;
        ConfigError::at_least_1("environments", workers)?;
        crate::value_of(&networks)?;
        let policy = crate::policy_of(&networks)?;
        let parameters = networks.flat();
        let workers = (0..workers).map(|_| Worker {
            parameters: parameters.clone(),
            version: 0,
            actor: Actor::new(&policy),
        });
        Ok(Self {
            gae: ConfigError::gae(config.gamma, config.lambda)?,
            learning_rate: config.optimizer.learning_rate,
            learner: config.optimizer.init(networks.clone(), device)?,
            worker: config.optimizer.init(networks, device)?,
            workers: workers.collect(),
            version: 0,
            estimates: Estimates::default(),
            gradient: vec![0.0; parameters.len()],
            config,
        })
    }

    /// The policy of each worker, to gather its next rollout with.
    pub fn policies(&self) -> impl Iterator<Item = &Actor> {
        self.workers.iter().map(|worker| &worker.actor)
    }

    /// Computes and applies the gradient of each worker's rollout, in the order of the workers;
    /// means over the workers are reported.
    ///
    /// # Errors
    /// [`UpdateError`]; the agent is of no use after it.
    pub fn update(&mut self, rollouts: &[&Rollout]) -> Result<UpdateReport, UpdateError> {
        let loss = self.config.loss();
        let mut report = UpdateReport::default();
        let (mut value_loss, mut staleness, mut explained) = (0.0, 0.0, Vec::new());
        let share = 1.0 / self.workers.len() as f64;
        for (worker, rollout) in self.workers.iter_mut().zip(rollouts) {
            self.worker.set_parameters(&worker.parameters);
            let estimates = &mut self.estimates;
            estimates.compute(self.worker.as_mut(), rollout, &self.gae, false)?;
            if self.config.normalize_advantages {
                normalize(&mut estimates.advantages);
            }
            let samples = Samples {
                observations: rollout.observations(),
                actions: rollout.actions(),
                advantages: &estimates.advantages,
                targets: &estimates.returns,
                ..Samples::default()
            };
            let measured = self.worker.gradient(&samples, &loss, &mut self.gradient)?;
            staleness += (self.version - worker.version) as f64;
            self.learner.apply(&self.gradient, self.learning_rate)?;
            self.version += 1;

            worker.version = self.version;
            worker.parameters = self.learner.networks().flat();
            let after = Actor::new(&crate::policy_weights(self.learner.as_ref()));
            report.kl += worker
                .actor
                .mean_kl(&after, rollout.observations(), &Threads::default())
                * share;
            worker.actor = after;

            report.loss += measured.policy_loss * share;
            report.entropy += measured.entropy * share;
            report.grad_norm += measured.grad_norm * share;
            value_loss += measured.value_loss * share;
            explained.extend(explained_variance(&estimates.returns, &estimates.values));
            report.steps += 1;
        }
        report.value_loss = Some(value_loss);
        report.staleness = Some(staleness * share);
        let n = explained.len() as f64;
        report.explained_variance = (n > 0.0).then(|| explained.iter().sum::<f64>() / n);
        Ok(report)
    }
}

impl PolicyGradient for A3c {
    fn set_progress(&mut self, done: f64) {
        self.learning_rate = self.config.optimizer.learning_rate_at(done);
    }

    fn set_threads(&mut self, threads: &Threads) {
        self.learner.set_threads(threads);
    }

    fn networks(&self) -> Networks {
        self.learner.networks().clone()
    }
}

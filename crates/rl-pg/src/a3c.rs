//! Asynchronous advantage actor-critic.

use rl_core::state::{Scoped, ScopedReader};
use rl_core::{
    Acts, Agent, BoxError, Clock, Learns, Metrics, PolicyRecord, Rollout, RolloutView, Rollouts,
    State, StateError, StateReader, StateWriter, Threads, normalize,
};
use rl_learn::{
    Algorithm, Batch, ConfigError, EntropyBonus, FitReport, Learner, Samples, Setup, Surrogate,
    Term, UpdateError, Valid, ValueError, ValueLayers, config,
};
use rl_nets::{ActionChoice, Actor, Networks, network_inputs};

use crate::A2cConfig;
use crate::actor_learner::actor_of;
use crate::estimates::Estimates;

config! {
    /// Asynchronous advantage actor-critic (A3C; Mnih et al. 2016, algorithm S3): workers act and
    /// compute gradients on copies of the parameters that may be stale, and one learner applies each
    /// gradient to the present parameters, with one RMSProp state for all (the paper's *shared
    /// RMSProp*).
    ///
    /// In the paper, the order in which gradients arrive is the operating system's. Here it is fixed,
    /// so that the same seed gives the same bits with any number of threads: each environment has a
    /// worker, their gradients are applied in turn, and a worker copies the parameters as soon as its
    /// own gradient has been applied. What each worker does next depends on that copy alone, so all may
    /// act at the same time. With `W` workers a gradient is `W - 1` updates old, which is what such a
    /// pipeline settles at; the metric `staleness` is what was counted.
    ///
    /// ```
    /// use rl_core::{Acts, Budget, Clock, Interact, Metrics};
    /// use rl_envs::CartPole;
    /// use rl_learn::{Algorithm, Setup};
    /// use rl_pg::A3cConfig;
    ///
    /// let setup = Setup { environments: 4, ..Setup::new(CartPole::v1, Budget::Updates(2))? };
    /// let mut clock = Clock::start(setup.horizon);
    /// let (mut agent, mut rollouts) = A3cConfig::build(&A3cConfig::default().validate(setup)?)?;
    /// assert_eq!(agent.actors(), 4);
    /// let mut metrics = Metrics::default();
    /// rollouts.update(&mut agent, &mut clock, &mut metrics)?;
    /// // In the first round all workers start from the same parameters: 0, 1, 2 and 3 updates old.
    /// assert_eq!(metrics.get("staleness"), Some(1.5));
    /// # Ok::<(), rl_core::BoxError>(())
    /// ```
    pub struct A3cConfig {
        flatten
        /// The rule that each worker makes its gradients by.
        pub worker: A2cConfig = A2cConfig::default();
    }
}

/// Agent of [`A3cConfig`]: a learner, and an actor for each worker.
pub struct A3c {
    config: A2cConfig,
    setup: Setup,
    /// Holds the present parameters and the optimizer.
    learner: Box<dyn Learner>,
    /// Computes gradients on the workers' parameters.
    worker: Box<dyn Learner>,
    workers: Vec<Worker>,
    /// Gradients applied so far.
    version: u64,
}

/// A worker's copy of the parameters.
struct Worker {
    parameters: Vec<f32>,
    /// Gradients that had been applied to them.
    version: u64,
    actor: Actor,
}

impl Learns<Rollout> for A3c {
    fn update(
        &mut self,
        rollout: &Rollout,
        clock: &Clock,
        metrics: &mut Metrics,
    ) -> Result<(), BoxError> {
        let learning_rate = self.config.optimizer.learning_rate_at(clock.done());
        // Means over the workers.
        let share = 1.0 / self.workers.len() as f64;
        let mut mean = FitReport::default();
        let (mut staleness, mut kl, mut explained) = (0.0, 0.0, Vec::new());
        for index in 0..self.workers.len() {
            let view = rollout.environment_range(index..index + 1);
            let observations = network_inputs(&self.setup.spaces.observation, view.observations());
            let (gradient, report, variance) = self.gradient(index, &view, &observations, clock)?;
            explained.push(variance);
            staleness += (self.version - self.workers[index].version) as f64;
            self.apply(&gradient, learning_rate)?;

            let worker = &mut self.workers[index];
            worker.version = self.version;
            worker.parameters = self.learner.networks().flat();
            let after = actor_of(self.learner.networks());
            let before = std::mem::replace(&mut worker.actor, after);
            kl += before.mean_kl(&worker.actor, &observations, &Threads::default()) * share;
            mean.add(&report, share);
        }
        explained.retain(|variance| variance.is_finite());
        mean.put(metrics);
        metrics.put("kl", kl);
        let n = explained.len() as f64;
        metrics.put("explained_variance", explained.iter().sum::<f64>() / n);
        metrics.put("staleness", staleness * share);
        metrics.put("learning_rate", learning_rate);
        Ok(())
    }
}

impl A3c {
    /// The present policy and value function.
    pub fn networks(&self) -> &Networks {
        self.learner.networks()
    }

    /// The gradient over a worker's steps, on its parameters, and the share of the returns' variance
    /// that their values explain.
    fn gradient(
        &mut self,
        index: usize,
        view: &RolloutView<'_>,
        observations: &[f32],
        clock: &Clock,
    ) -> Result<(Vec<f32>, FitReport, f64), BoxError> {
        let config = &self.config;
        let worker = self.worker.as_mut();
        worker.set_parameters(&self.workers[index].parameters);
        let inputs = (&self.setup.spaces.observation, observations);
        let gae = ConfigError::gae(config.gamma, config.lambda)?;
        let mut estimates = Estimates::of(worker, None, view, inputs, &gae, false)?;
        if config.normalize_advantages {
            normalize(&mut estimates.advantages);
        }
        let entropy = EntropyBonus(config.entropy_coefficient as f32);
        let value = ValueError {
            coefficient: config.value_coefficient as f32,
            clip_range: None,
        };
        let extra = config.extra.at(clock);
        let mut terms: Vec<&dyn Term> = vec![&Surrogate::LogProb, &entropy, &value];
        terms.extend(extra.iter().map(Box::as_ref));
        let batch = Batch {
            samples: Samples {
                observations,
                actions: view.actions(),
                advantages: &estimates.advantages,
                targets: &estimates.returns,
                ..Samples::default()
            },
            terms: &terms,
            ..Batch::default()
        };
        let mut gradient = Vec::new();
        let measured = worker.session(&batch, &mut |session| {
            session.gradient(0..view.len(), false)?;
            session.exchange(&mut |own| {
                gradient.extend_from_slice(own);
                Ok(())
            })
        })?;
        let report = FitReport::of(&measured, &terms);
        Ok((gradient, report, estimates.explained_variance()))
    }

    /// Takes a step on the present parameters down a worker's gradient.
    fn apply(&mut self, gradient: &[f32], learning_rate: f64) -> Result<(), UpdateError> {
        self.learner.session(&Batch::default(), &mut |session| {
            session.exchange(&mut |own| {
                own.copy_from_slice(gradient);
                Ok(())
            })?;
            session.step(learning_rate)
        })?;
        self.version += 1;
        Ok(())
    }

    /// Gives each worker an actor of its parameters.
    fn renew_actors(&mut self) {
        let mut networks = self.learner.networks().clone();
        for worker in &mut self.workers {
            networks.set_flat(&worker.parameters);
            worker.actor = actor_of(&networks);
        }
    }
}

impl Agent for A3c {
    type Policy = Actor;

    fn policy(&self) -> Actor {
        actor_of(self.learner.networks()).with_choice(ActionChoice::Mode)
    }

    fn value_function(&self) -> Option<PolicyRecord> {
        Some(self.learner.networks().value_weights()?.value_record())
    }
}

impl Acts for A3c {
    fn actors(&self) -> usize {
        self.workers.len()
    }

    fn actor(&mut self, index: usize, _: &Clock) -> &Actor {
        &self.workers[index].actor
    }
}

impl State for A3c {
    fn save(&self, out: &mut dyn StateWriter) {
        self.learner.save(&mut Scoped::new(out, "learner"));
        out.u64s("version", &[self.version]);
        for (index, worker) in self.workers.iter().enumerate() {
            let out = &mut Scoped::new(out, format!("workers.{index}"));
            out.f32s("parameters", &worker.parameters);
            out.u64s("version", &[worker.version]);
        }
    }

    fn load(&mut self, from: &dyn StateReader) -> Result<(), StateError> {
        self.learner.load(&ScopedReader::new(from, "learner"))?;
        let mut version = [0];
        from.u64s("version", &mut version)?;
        [self.version] = version;
        for (index, worker) in self.workers.iter_mut().enumerate() {
            let from = &ScopedReader::new(from, format!("workers.{index}"));
            from.f32s("parameters", &mut worker.parameters)?;
            from.u64s("version", &mut version)?;
            [worker.version] = version;
            if worker.version > self.version {
                let reason = format!("{} is beyond {}", worker.version, self.version);
                return Err(StateError::value(
                    format!("workers.{index}.version"),
                    reason,
                ));
            }
        }
        self.renew_actors();
        Ok(())
    }
}

impl Algorithm for A3cConfig {
    const NAME: &'static str = "a3c";
    const DESCRIPTION: &'static str =
        "asynchronous actor-critic: each environment's gradient in turn, stale";

    type Agent = A3c;
    type Interaction = Rollouts<Actor>;

    fn check(&self, setup: &Setup) -> Result<(), ConfigError> {
        let ranks = setup.reduce.ranks();
        let allowed = "1 for the algorithm a3c, whose workers are not in step";
        ConfigError::unless(ranks == 1, "processes", ranks, allowed)?;
        let steps = self.worker.steps_per_environment;
        setup.steps("steps_per_environment", steps)?;
        ConfigError::normalized(self.worker.normalize_advantages, steps)
    }

    fn build(valid: &Valid<Self>) -> Result<(A3c, Rollouts<Actor>), BoxError> {
        let (config, setup) = (&valid.worker, valid.setup());
        let networks = setup.draw_networks(Some(ValueLayers::shared(config.shared_layers)))?;
        let parameters = networks.flat();
        let workers = (0..setup.environments).map(|_| Worker {
            parameters: parameters.clone(),
            version: 0,
            actor: actor_of(&networks),
        });
        let workers = workers.collect();
        let worker = config.optimizer.init(networks.clone(), &setup.device)?;
        let extra = config.extra.at(&Clock::start(setup.horizon));
        extra
            .iter()
            .try_for_each(|term| worker.supports(&[term.as_ref()]))?;
        let mut learner = config.optimizer.init(networks, &setup.device)?;
        learner.set_threads(&setup.threads);
        let agent = A3c {
            workers,
            worker,
            learner,
            version: 0,
            setup: setup.clone(),
            config: config.clone(),
        };
        let (collection, actors) = (setup.collection(1, config.gamma), agent.actors());
        let rollouts = Rollouts::with_actors(collection, config.steps_per_environment, actors)?;
        Ok((agent, rollouts))
    }
}

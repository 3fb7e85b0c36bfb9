//! Asynchronous advantage actor-critic.

use rl_core::{
    Acts, Agent, BoxError, Clock, Gae, Learns, Metrics, Rollout, RolloutView, Rollouts, Scoped,
    ScopedReader, Space, State, StateError, StateReader, StateWriter, Threads, normalize,
};
use rl_learn::{
    Algorithm, Batch, ConfigError, EntropyBonus, FitReport, Learner, Optimizer, OptimizerConfig,
    Range, Samples, Setup, Surrogate, Term, UpdateError, Valid, ValueError, ValueLayers, config,
};
use rl_nets::{ActionChoice, Actor, Networks, network_inputs};

use crate::estimates::Estimates;
use crate::parts;

config! {
    /// Configuration of [`A3c`]; the defaults are those of [`A2cConfig`](crate::A2cConfig).
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
        /// Steps of each environment per update.
        pub steps_per_environment: usize = 5, Range::AtLeast(1.0);
        /// Discount, 0 to 1.
        pub gamma: f64 = 0.99, Range::Unit;
        /// Decay of the advantage estimate's trace, 0 to 1.
        pub lambda: f64 = 1.0, Range::Unit;
        /// Coefficient of the entropy bonus.
        pub entropy_coefficient: f64 = 0.0, Range::NotNegative;
        /// Coefficient of the value function's mean squared error.
        pub value_coefficient: f64 = 0.5, Range::Positive;
        /// Shift and scale the advantages of a batch to mean 0 and deviation 1.
        pub normalize_advantages: bool = false;
        /// Share the hidden layers between policy and value function.
        pub shared_layers: bool = false;
        flatten
        /// The optimizer.
        pub optimizer: OptimizerConfig = OptimizerConfig {
            optimizer: Optimizer::Rmsprop,
            optimizer_epsilon: 1e-5,
            max_grad_norm: Some(0.5),
            ..OptimizerConfig::adam(7e-4)
        };
    }
}

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
pub struct A3c {
    config: A3cConfig,
    gae: Gae,
    /// Holds the present parameters and the optimizer.
    learner: Box<dyn Learner>,
    /// Computes gradients on the workers' parameters.
    worker: Box<dyn Learner>,
    workers: Vec<Worker>,
    /// Gradients applied so far.
    version: u64,
    observation_space: Space,
    estimates: Estimates,
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
            let observations = network_inputs(&self.observation_space, view.observations());
            let (gradient, report) = self.gradient(index, &view, &observations)?;
            staleness += (self.version - self.workers[index].version) as f64;
            self.apply(&gradient, learning_rate)?;

            let worker = &mut self.workers[index];
            worker.version = self.version;
            worker.parameters = self.learner.networks().flat();
            let after = parts::actor(self.learner.as_ref());
            let before = std::mem::replace(&mut worker.actor, after);
            kl += before.mean_kl(&worker.actor, &observations, &Threads::default()) * share;
            mean.add(&report, share);
            explained.push(self.estimates.explained_variance());
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

    /// The gradient over a worker's steps, on its parameters.
    fn gradient(
        &mut self,
        index: usize,
        view: &RolloutView<'_>,
        observations: &[f32],
    ) -> Result<(Vec<f32>, FitReport), UpdateError> {
        let (config, estimates) = (&self.config, &mut self.estimates);
        self.worker.set_parameters(&self.workers[index].parameters);
        let inputs = (&self.observation_space, observations);
        estimates.compute(self.worker.as_mut(), view, inputs, &self.gae, false)?;
        if config.normalize_advantages {
            normalize(&mut estimates.advantages);
        }
        let entropy = EntropyBonus(config.entropy_coefficient as f32);
        let value = ValueError {
            coefficient: config.value_coefficient as f32,
            clip_range: None,
        };
        let terms: [&dyn Term; 3] = [&Surrogate::LogProb, &entropy, &value];
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
        let measured = self.worker.session(&batch, &mut |session| {
            session.gradient(0..view.len(), false)?;
            session.exchange(&mut |own| {
                gradient.extend_from_slice(own);
                Ok(())
            })
        })?;
        Ok((gradient, FitReport::of(&measured, &terms)))
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
            worker.actor = parts::actor_of(&networks);
        }
    }
}

impl Agent for A3c {
    type Policy = Actor;

    fn policy(&self) -> Actor {
        parts::actor(self.learner.as_ref()).with_choice(ActionChoice::Mode)
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
        setup.steps("steps_per_environment", self.steps_per_environment)?;
        ConfigError::normalized(self.normalize_advantages, self.steps_per_environment)
    }

    fn build(valid: &Valid<Self>) -> Result<(A3c, Rollouts<Actor>), BoxError> {
        let (config, setup) = (valid.config(), valid.setup());
        let networks = setup.draw_networks(Some(ValueLayers::shared(config.shared_layers)))?;
        let parameters = networks.flat();
        let workers = (0..setup.environments).map(|_| Worker {
            parameters: parameters.clone(),
            version: 0,
            actor: parts::actor_of(&networks),
        });
        let agent = A3c {
            gae: ConfigError::gae(config.gamma, config.lambda)?,
            workers: workers.collect(),
            worker: config.optimizer.init(networks.clone(), &setup.device)?,
            learner: parts::learner(&config.optimizer, networks, setup)?,
            version: 0,
            observation_space: setup.spaces.observation.clone(),
            estimates: Estimates::default(),
            config: config.clone(),
        };
        let (collection, actors) = (setup.collection(1, config.gamma), agent.actors());
        let rollouts = Rollouts::with_actors(collection, config.steps_per_environment, actors)?;
        Ok((agent, rollouts))
    }
}

//! Advantage actor-critic.

use std::sync::Arc;

use rl_core::{
    Acts, Agent, BoxError, Clock, Gae, Learns, Metrics, Reduce, Rollout, Rollouts, Scoped,
    ScopedReader, Space, State, StateError, StateReader, StateWriter, Threads, normalize,
};
use rl_learn::{
    Algorithm, ConfigError, EntropyBonus, Learner, Optimizer, OptimizerConfig, Plan, Range,
    Samples, Setup, Surrogate, Term, Valid, ValueError, ValueLayers, config, fit,
};
use rl_nets::{ActionChoice, Actor, Networks, network_inputs};

use crate::ExtraTerms;
use crate::estimates::Estimates;
use crate::parts;

config! {
    /// Configuration of [`A2c`]; the defaults are Stable-Baselines3's.
    ///
    /// ```
    /// use rl_core::{Budget, Clock, Interact, Metrics};
    /// use rl_envs::CartPole;
    /// use rl_learn::{Algorithm, Setup};
    /// use rl_pg::A2cConfig;
    ///
    /// let config = A2cConfig { shared_layers: true, ..A2cConfig::default() };
    /// let setup = Setup::new(CartPole::v1, Budget::Updates(2))?;
    /// let mut clock = Clock::start(setup.horizon);
    /// let (mut agent, mut rollouts) = A2cConfig::build(&config.validate(setup)?)?;
    /// rollouts.update(&mut agent, &mut clock, &mut Metrics::default())?;
    /// assert_eq!(clock.env_steps, 8 * 5);
    /// # Ok::<(), rl_core::BoxError>(())
    /// ```
    pub struct A2cConfig {
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
        skip
        /// Further terms of the loss.
        pub extra: ExtraTerms = ExtraTerms::default();
    }
}

/// Advantage actor-critic (A2C; the synchronous form of Mnih et al. 2016, "Asynchronous methods
/// for deep reinforcement learning", algorithm S3): one optimizer step per rollout down
///
/// ```text
/// -1/N Σₜ [ln π(aₜ|oₜ) Âₜ + c_H H(π(·|oₜ))] + c_V 1/N Σₜ (V(oₜ) - V̂ₜ)²
/// ```
///
/// with generalised advantage estimates `Âₜ` and λ-returns `V̂ₜ`; λ = 1 makes them n-step returns
/// that reach to the end of the rollout, as in the paper.
pub struct A2c {
    config: A2cConfig,
    gae: Gae,
    learner: Box<dyn Learner>,
    reduce: Arc<dyn Reduce>,
    threads: Threads,
    observation_space: Space,
    estimates: Estimates,
    actor: Actor,
}

impl A2c {
    /// The policy and the value function as of the last update.
    pub fn networks(&self) -> &Networks {
        self.learner.networks()
    }
}

impl Learns<Rollout> for A2c {
    fn update(
        &mut self,
        rollout: &Rollout,
        clock: &Clock,
        metrics: &mut Metrics,
    ) -> Result<(), BoxError> {
        let (config, estimates) = (&self.config, &mut self.estimates);
        let observations = network_inputs(&self.observation_space, rollout.observations());
        let inputs = (&self.observation_space, &*observations);
        estimates.compute(
            self.learner.as_mut(),
            &rollout.view(),
            inputs,
            &self.gae,
            false,
        )?;
        if config.normalize_advantages {
            normalize(&mut estimates.advantages);
        }
        let samples = Samples {
            observations: &observations,
            actions: rollout.actions(),
            advantages: &estimates.advantages,
            targets: &estimates.returns,
            ..Samples::default()
        };

        let entropy = EntropyBonus(config.entropy_coefficient as f32);
        let value = ValueError {
            coefficient: config.value_coefficient as f32,
            clip_range: None,
        };
        let extra = config.extra.at(clock);
        let mut terms: Vec<&dyn Term> = vec![&Surrogate::LogProb, &entropy, &value];
        terms.extend(extra.iter().map(Box::as_ref));

        let plan = Plan::whole(config.optimizer.learning_rate_at(clock.done()));
        let learner = self.learner.as_mut();
        let report = fit(learner, &samples, &terms, &plan, None, &*self.reduce)?;
        let before = std::mem::replace(&mut self.actor, parts::actor(learner));

        report.put(metrics);
        let kl = before.mean_kl(&self.actor, &observations, &self.threads);
        metrics.put("kl", kl);
        metrics.put("explained_variance", estimates.explained_variance());
        metrics.put("learning_rate", plan.learning_rate);
        Ok(())
    }
}

impl Agent for A2c {
    type Policy = Actor;

    fn policy(&self) -> Actor {
        self.actor.clone().with_choice(ActionChoice::Mode)
    }
}

impl Acts for A2c {
    fn actor(&mut self, _: usize, _: &Clock) -> &Actor {
        &self.actor
    }
}

impl State for A2c {
    fn save(&self, out: &mut dyn StateWriter) {
        self.learner.save(&mut Scoped::new(out, "learner"));
    }

    fn load(&mut self, from: &dyn StateReader) -> Result<(), StateError> {
        self.learner.load(&ScopedReader::new(from, "learner"))?;
        self.actor = parts::actor(self.learner.as_ref());
        Ok(())
    }
}

impl Algorithm for A2cConfig {
    const NAME: &'static str = "a2c";
    const DESCRIPTION: &'static str = "advantage actor-critic: one step per short rollout";

    type Agent = A2c;
    type Interaction = Rollouts<Actor>;

    fn check(&self, setup: &Setup) -> Result<(), ConfigError> {
        let steps = setup.steps("steps_per_environment", self.steps_per_environment)?;
        ConfigError::normalized(self.normalize_advantages, steps)
    }

    fn build(valid: &Valid<Self>) -> Result<(A2c, Rollouts<Actor>), BoxError> {
        let (config, setup) = (valid.config(), valid.setup());
        let networks = setup.draw_networks(Some(ValueLayers::shared(config.shared_layers)))?;
        let learner = parts::learner(&config.optimizer, networks, setup)?;
        config
            .extra
            .check(learner.as_ref(), &Clock::start(setup.horizon))?;
        let agent = A2c {
            gae: ConfigError::gae(config.gamma, config.lambda)?,
            actor: parts::actor(learner.as_ref()),
            learner,
            reduce: Arc::clone(&setup.reduce),
            threads: setup.threads.clone(),
            observation_space: setup.spaces.observation.clone(),
            estimates: Estimates::default(),
            config: config.clone(),
        };
        let collection = setup.collection(1, config.gamma);
        let rollouts = Rollouts::new(collection, config.steps_per_environment)?;
        Ok((agent, rollouts))
    }
}

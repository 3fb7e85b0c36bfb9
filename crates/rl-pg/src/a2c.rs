//! Advantage actor-critic.

use rl_core::{BoxError, Clock, Metrics, Rollout, Rollouts, normalize};
use rl_learn::{
    Algorithm, ConfigError, EntropyBonus, Optimizer, OptimizerConfig, Plan, Range, Samples, Setup,
    Surrogate, Term, Valid, ValueError, ValueLayers, config,
};
use rl_nets::Actor;

use crate::{ActorLearner, ExtraTerms, PolicyGradient, UpdateRule};

config! {
    /// Advantage actor-critic (A2C; the synchronous form of Mnih et al. 2016, "Asynchronous methods
    /// for deep reinforcement learning", algorithm S3): one optimizer step per rollout down
    ///
    /// ```text
    /// -1/N Σₜ [ln π(aₜ|oₜ) Âₜ + c_H H(π(·|oₜ))] + c_V 1/N Σₜ (V(oₜ) - V̂ₜ)²
    /// ```
    ///
    /// with generalised advantage estimates `Âₜ` and λ-returns `V̂ₜ`; λ = 1 makes them n-step returns
    /// that reach to the end of the rollout, as in the paper.
    ///
    /// The defaults are Stable-Baselines3's.
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

impl UpdateRule<Rollout> for A2cConfig {
    fn update(
        &self,
        agent: &mut ActorLearner,
        rollout: &Rollout,
        clock: &Clock,
        metrics: &mut Metrics,
    ) -> Result<(), BoxError> {
        let observations = agent.inputs(rollout.observations());
        let gae = ConfigError::gae(self.gamma, self.lambda)?;
        let mut estimates = agent.estimates(&rollout.view(), &observations, &gae, false)?;
        if self.normalize_advantages {
            normalize(&mut estimates.advantages);
        }
        let samples = Samples {
            observations: &observations,
            actions: rollout.actions(),
            advantages: &estimates.advantages,
            targets: &estimates.returns,
            ..Samples::default()
        };

        let entropy = EntropyBonus(self.entropy_coefficient as f32);
        let value = ValueError {
            coefficient: self.value_coefficient as f32,
            clip_range: None,
        };
        let extra = self.extra.at(clock);
        let mut terms: Vec<&dyn Term> = vec![&Surrogate::LogProb, &entropy, &value];
        terms.extend(extra.iter().map(Box::as_ref));

        let plan = Plan::whole(self.optimizer.learning_rate_at(clock.done()));
        agent.fit(&samples, &terms, &plan)?.put(metrics);
        metrics.put("kl", agent.kl(&observations));
        metrics.put("explained_variance", estimates.explained_variance());
        metrics.put("learning_rate", plan.learning_rate);
        Ok(())
    }
}

impl Algorithm for A2cConfig {
    const NAME: &'static str = "a2c";
    const DESCRIPTION: &'static str = "advantage actor-critic: one step per short rollout";

    type Agent = PolicyGradient<Self>;
    type Interaction = Rollouts<Actor>;

    fn check(&self, setup: &Setup) -> Result<(), ConfigError> {
        let steps = setup.steps("steps_per_environment", self.steps_per_environment)?;
        ConfigError::normalized(self.normalize_advantages, steps)
    }

    fn build(valid: &Valid<Self>) -> Result<(Self::Agent, Self::Interaction), BoxError> {
        let (config, setup) = (valid.config(), valid.setup());
        let layers = ValueLayers::shared(config.shared_layers);
        let learner = ActorLearner::new(setup, &config.optimizer, Some(layers))?;
        config.extra.check(&learner)?;
        let collection = setup.collection(1, config.gamma);
        let rollouts = Rollouts::new(collection, config.steps_per_environment)?;
        Ok((PolicyGradient::new(config, learner), rollouts))
    }
}

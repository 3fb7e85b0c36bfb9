//! Proximal policy optimization.

use rl_core::{BoxError, Clock, Metrics, Rollout, Rollouts};
use rl_learn::{
    Algorithm, ClipFraction, ConfigError, EntropyBonus, OptimizerConfig, Plan, Range, Samples,
    Setup, Surrogate, Term, Valid, ValueError, ValueLayers, config,
};
use rl_nets::Actor;

use crate::{ActorLearner, ExtraTerms, PolicyGradient, UpdateRule};

/// An update stops once its mean divergence is this many times `target_kl`.
const KL_TOLERANCE: f64 = 1.5;

config! {
    /// Proximal policy optimization with the clipped surrogate (PPO; Schulman et al. 2017, algorithm
    /// 1 and eq. 9): several epochs of minibatches on each rollout, each an optimizer step down
    ///
    /// ```text
    /// -1/M Σₜ [min(rₜ Âₜ, clip(rₜ, 1-ε, 1+ε) Âₜ) + c_H H(π(·|oₜ))] + c_V 1/M Σₜ (V(oₜ) - V̂ₜ)²
    /// ```
    ///
    /// with importance ratios `rₜ = π(aₜ|oₜ) / π_old(aₜ|oₜ)`, generalised advantage estimates `Âₜ`
    /// and λ-returns `V̂ₜ` from the networks as they were before the update.
    ///
    /// The defaults are Stable-Baselines3's.
    ///
    /// ```
    /// use rl_core::{Budget, Clock, Interact, Metrics};
    /// use rl_envs::CartPole;
    /// use rl_learn::{Algorithm, Setup};
    /// use rl_pg::PpoConfig;
    ///
    /// let config = PpoConfig { steps_per_environment: 32, ..PpoConfig::default() };
    /// let setup = Setup::new(CartPole::v1, Budget::Updates(2))?;
    /// let mut clock = Clock::start(setup.horizon);
    /// let (mut agent, mut rollouts) = PpoConfig::build(&config.validate(setup)?)?;
    /// let mut metrics = Metrics::default();
    /// rollouts.update(&mut agent, &mut clock, &mut metrics)?;
    /// assert!(metrics.get("clip_fraction").is_some_and(|share| share < 1.0));
    /// # Ok::<(), rl_core::BoxError>(())
    /// ```
    pub struct PpoConfig {
        /// Steps of each environment per update.
        pub steps_per_environment: usize = 2048, Range::AtLeast(1.0);
        /// Passes over a batch.
        pub epochs: usize = 10, Range::REPETITIONS;
        /// Steps per optimizer step; a divisor of the rollout.
        pub minibatch_size: usize = 64;
        /// Discount, 0 to 1.
        pub gamma: f64 = 0.99, Range::Unit;
        /// Decay of the advantage estimate's trace, 0 to 1.
        pub lambda: f64 = 0.95, Range::Unit;
        /// Largest distance of a ratio from 1; inf for no limit.
        pub clip_range: f64 = 0.2, Range::PositiveOrInfinite;
        /// Lower the clip range linearly to 0 over the run.
        pub anneal_clip_range: bool = false;
        /// Largest change of a value before its error is clipped.
        pub value_clip_range: Option<f64> = None, Range::Positive;
        /// Coefficient of the entropy bonus.
        pub entropy_coefficient: f64 = 0.0, Range::NotNegative;
        /// Coefficient of the value function's mean squared error.
        pub value_coefficient: f64 = 0.5, Range::Positive;
        /// Shift and scale the advantages of a minibatch to mean 0 and deviation 1.
        pub normalize_advantages: bool = true;
        /// Divergence in nats: no epoch starts beyond 1.5 times it.
        pub target_kl: Option<f64> = None, Range::Positive;
        /// Share the hidden layers between policy and value function.
        pub shared_layers: bool = false;
        flatten
        /// The optimizer.
        pub optimizer: OptimizerConfig = OptimizerConfig {
            optimizer_epsilon: 1e-5,
            max_grad_norm: Some(0.5),
            ..OptimizerConfig::adam(3e-4)
        };
        skip
        /// Further terms of the loss.
        pub extra: ExtraTerms = ExtraTerms::default();
    }
}

impl PpoConfig {
    fn clip_range_at(&self, done: f64) -> f64 {
        if self.anneal_clip_range {
            // Some range, even past the end.
            self.clip_range * (1.0 - done).max(1e-6)
        } else {
            self.clip_range
        }
    }
}

impl UpdateRule<Rollout> for PpoConfig {
    fn update(
        &self,
        agent: &mut ActorLearner,
        rollout: &Rollout,
        clock: &Clock,
        metrics: &mut Metrics,
    ) -> Result<(), BoxError> {
        let observations = agent.inputs(rollout.observations());
        let gae = ConfigError::gae(self.gamma, self.lambda)?;
        let estimates = agent.estimates(&rollout.view(), &observations, &gae, true)?;
        let samples = Samples {
            observations: &observations,
            actions: rollout.actions(),
            advantages: &estimates.advantages,
            log_probs: &estimates.log_probs,
            targets: &estimates.returns,
            values: &estimates.values,
            ..Samples::default()
        };

        let clip_range = self.clip_range_at(clock.done()) as f32;
        let surrogate = match clip_range.is_finite() {
            true => Surrogate::ClippedRatio { clip_range },
            false => Surrogate::Ratio,
        };
        let entropy = EntropyBonus(self.entropy_coefficient as f32);
        let value = ValueError {
            coefficient: self.value_coefficient as f32,
            clip_range: self.value_clip_range.map(|range| range as f32),
        };
        let extra = self.extra.at(clock);
        let mut terms: Vec<&dyn Term> = vec![&surrogate, &entropy, &value];
        terms.extend(extra.iter().map(Box::as_ref));
        let clipped = ClipFraction { clip_range };
        terms.push(&clipped);

        let plan = Plan {
            epochs: self.epochs,
            minibatch_size: self.minibatch_size,
            learning_rate: self.optimizer.learning_rate_at(clock.done()),
            normalize_advantages: self.normalize_advantages,
            max_kl: self.target_kl.map(|kl| KL_TOLERANCE * kl),
        };
        agent.fit(&samples, &terms, &plan)?.put(metrics);
        metrics.put("explained_variance", estimates.explained_variance());
        metrics.put("learning_rate", plan.learning_rate);
        Ok(())
    }
}

impl Algorithm for PpoConfig {
    const NAME: &'static str = "ppo";
    const DESCRIPTION: &'static str =
        "proximal policy optimization: epochs of minibatches on each rollout";

    type Agent = PolicyGradient<Self>;
    type Interaction = Rollouts<Actor>;

    fn check(&self, setup: &Setup) -> Result<(), ConfigError> {
        let size = self.minibatch_size;
        let steps = setup.steps("steps_per_environment", self.steps_per_environment)?;
        let allowed = format!("a divisor of the {steps} steps of a rollout");
        let divides = size > 0 && steps.is_multiple_of(size);
        ConfigError::unless(divides, "minibatch_size", size, &allowed)?;
        ConfigError::normalized(self.normalize_advantages, size)
    }

    fn build(valid: &Valid<Self>) -> Result<(Self::Agent, Self::Interaction), BoxError> {
        let (config, setup) = (valid.config(), valid.setup());
        let layers = ValueLayers::shared(config.shared_layers);
        let learner = ActorLearner::new(setup, &config.optimizer, Some(layers))?.shuffled();
        config.extra.check(&learner)?;
        let collection = setup.collection(1, config.gamma);
        let rollouts = Rollouts::new(collection, config.steps_per_environment)?;
        Ok((PolicyGradient::new(config, learner), rollouts))
    }
}

//! Vanilla policy gradient.

use rl_core::{
    BoxError, Clock, Episodes, Metrics, TrajectoryStore, discounted_return, n_step_returns,
    normalize,
};
use rl_learn::{
    Algorithm, ConfigError, EntropyBonus, OptimizerConfig, Plan, Range, Samples, Setup, Surrogate,
    Term, Valid, config, word,
};
use rl_nets::Actor;

use crate::estimates::explained_variance;
use crate::value_function::{Values, rewards_to_go};
use crate::{
    ActorLearner, Baseline, ExtraTerms, Gradient, PolicyGradient, UpdateRule, ValueTargets,
    Weighting,
};

config! {
    /// Vanilla policy gradient (REINFORCE on batches of whole episodes; Williams 1992, Sutton et al.
    /// 2000, and Spinning Up, "Intro to policy optimization"):
    ///
    /// ```text
    /// ∇J(θ) ∝ 1/N Σ_τ Σₜ ∇ ln π_θ(aₜ|oₜ) (wₜ - bₜ)
    /// ```
    ///
    /// over the steps of a batch of whole episodes that π_θ collected, with `N` the steps that a batch
    /// has at least (the steps gathered with [`Gradient::MeanOverSteps`]; the source divides by the
    /// number of episodes), `wₜ` the return, the reward-to-go, an n-step return or the generalised
    /// advantage estimate, and `bₜ` a baseline. One optimizer step per batch follows this gradient; a
    /// value function is fitted after it.
    ///
    /// The defaults solve CartPole-v1 reliably.
    ///
    /// ```
    /// use rl_core::{Budget, Space, Spaces};
    /// use rl_envs::CartPole;
    /// use rl_learn::{Algorithm, Setup};
    /// use rl_pg::{Baseline, VpgConfig, Weighting};
    ///
    /// let config = VpgConfig { weighting: Weighting::Gae, ..VpgConfig::default() };
    /// let setup = Setup::new(CartPole::v1, Budget::Updates(100))?;
    /// let refused = config.clone().validate(setup.clone()).err();
    /// assert!(refused.is_some_and(|error| error.key == "baseline"));
    /// let config = VpgConfig { baseline: Baseline::Value, ..config };
    /// let (agent, episodes) = VpgConfig::build(&config.validate(setup)?)?;
    /// # Ok::<(), rl_core::BoxError>(())
    /// ```
    pub struct VpgConfig {
        /// Least steps per update, in whole episodes.
        pub steps_per_update: usize = 4000, Range::AtLeast(1.0);
        /// Environments that start their episodes from the same states.
        pub group_size: usize = 1;
        /// Weight of the log-probabilities.
        pub weighting: Weighting = Weighting::RewardToGo;
        /// Baseline that is taken from the weight.
        pub baseline: Baseline = Baseline::None;
        /// Divisor of the sum over steps: `steps_per_update` (sum), or the steps gathered.
        pub gradient: Gradient = Gradient::Sum;
        /// Discount, 0 to 1.
        pub gamma: f64 = 0.99, Range::Unit;
        /// Decay of the advantage estimate's trace, 0 to 1.
        pub lambda: f64 = 0.97, Range::Unit;
        /// Steps of n-step returns.
        pub n_step: usize = 5, Range::AtLeast(1.0);
        /// Shift and scale the weights of a batch to mean 0 and deviation 1, which makes their
        /// mean a baseline.
        pub normalize_advantages: bool = true;
        /// Coefficient of the entropy bonus.
        pub entropy_coefficient: f64 = 0.0, Range::NotNegative;
        /// Passes over a batch; from the second on, steps are weighted by their importance ratio.
        pub epochs: usize = 1, Range::REPETITIONS;
        /// Targets that a value function is fitted to.
        pub value_targets: ValueTargets = ValueTargets::MonteCarlo;
        /// Step size of a value function with an optimizer of its own.
        pub value_learning_rate: f64 = 1e-3, Range::Positive;
        /// Regression steps of the value function per update.
        pub value_iterations: usize = 80, Range::REPETITIONS;
        flatten
        /// The optimizer.
        pub optimizer: OptimizerConfig = OptimizerConfig {
            anneal_learning_rate: true,
            max_grad_norm: Some(0.5),
            ..OptimizerConfig::adam(4e-3)
        };
        skip
        /// Further terms of the loss.
        pub extra: ExtraTerms = ExtraTerms::default();
    }
}

impl UpdateRule<TrajectoryStore> for VpgConfig {
    fn update(
        &self,
        agent: &mut ActorLearner,
        experience: &TrajectoryStore,
        clock: &Clock,
        metrics: &mut Metrics,
    ) -> Result<(), BoxError> {
        let observations = agent.inputs(experience.observations());
        let values = agent.values(experience)?;
        // The learner takes the mean over all steps.
        let scale = self
            .gradient
            .of_mean(experience.steps(), self.steps_per_update);
        let mut advantages = self.advantages(experience, &values)?;
        advantages
            .iter_mut()
            .for_each(|advantage| *advantage *= scale);
        // From the second epoch on the batch is of an older policy.
        let (surrogate, log_probs) = match self.epochs {
            ..=1 => (Surrogate::LogProb, Vec::new()),
            _ => (
                Surrogate::Ratio,
                agent.log_probs(&observations, experience.actions())?,
            ),
        };
        let samples = Samples {
            observations: &observations,
            actions: experience.actions(),
            advantages: &advantages,
            log_probs: &log_probs,
            ..Samples::default()
        };

        let entropy = EntropyBonus(scale * self.entropy_coefficient as f32);
        let extra = self.extra.at(clock);
        let mut terms: Vec<&dyn Term> = vec![&surrogate, &entropy];
        terms.extend(extra.iter().map(Box::as_ref));

        let plan = Plan {
            epochs: self.epochs,
            ..Plan::whole(self.optimizer.learning_rate_at(clock.done()))
        };
        agent.fit(&samples, &terms, &plan)?.put(metrics);
        metrics.put("kl", agent.kl(&observations));
        metrics.put("learning_rate", plan.learning_rate);
        let targets = self.value_targets(experience, &values)?;
        let rate = self.value_learning_rate;
        if let Some(error) = agent.fit_value(&observations, &targets, rate)? {
            metrics.put("value_loss", error);
            let explained = explained_variance(&targets, &values.steps);
            metrics.put("explained_variance", explained);
        }
        Ok(())
    }
}

impl VpgConfig {
    /// The weight of each step without its baseline, `[steps]`.
    fn advantages(
        &self,
        experience: &TrajectoryStore,
        values: &Values,
    ) -> Result<Vec<f32>, ConfigError> {
        let gae = ConfigError::gae(self.gamma, self.lambda)?;
        let (gamma, n_step) = (self.gamma, ConfigError::at_least_1("n_step", self.n_step)?);
        let mut weights = vec![0.0; experience.steps()];
        values.each(experience, &mut weights, |steps, out| {
            match self.weighting {
                Weighting::TotalReturn => out.fill(discounted_return(steps.rewards(), gamma)),
                Weighting::RewardToGo => {
                    rewards_to_go(steps, gamma, out);
                }
                Weighting::NStep => n_step_returns(steps, gamma, n_step, out),
                Weighting::Gae => gae.advantages(steps, out),
            }
        });
        if self.weighting != Weighting::Gae {
            let values = &values.steps;
            self.baseline.subtract(experience, values, &mut weights);
        }
        if self.normalize_advantages {
            normalize(&mut weights);
        }
        Ok(weights)
    }

    /// The targets of the value function, `[steps]`.
    fn value_targets(
        &self,
        experience: &TrajectoryStore,
        values: &Values,
    ) -> Result<Vec<f32>, ConfigError> {
        let gae = ConfigError::gae(self.gamma, self.lambda)?;
        let n_step = ConfigError::at_least_1("n_step", self.n_step)?;
        let mut targets = vec![0.0; experience.steps()];
        values.each(experience, &mut targets, |steps, out| {
            match self.value_targets {
                ValueTargets::MonteCarlo => {
                    rewards_to_go(steps, self.gamma, out);
                }
                ValueTargets::NStep => n_step_returns(steps, self.gamma, n_step, out),
                ValueTargets::Lambda => gae.lambda_returns(steps, out),
            }
        });
        Ok(targets)
    }
}

impl Algorithm for VpgConfig {
    const NAME: &'static str = "vpg";
    const DESCRIPTION: &'static str =
        "vanilla policy gradient: one step per batch of whole episodes";

    type Agent = PolicyGradient<Self>;
    type Interaction = Episodes<Actor>;

    fn check(&self, setup: &Setup) -> Result<(), ConfigError> {
        if self.normalize_advantages {
            let allowed = "at least 2, for advantages that are normalised";
            let valid = self.steps_per_update > 1;
            ConfigError::unless(valid, "steps_per_update", self.steps_per_update, allowed)?;
        }
        let steps = self.steps_per_update;
        let shares = setup.steps("steps_per_update", steps.div_ceil(setup.environments));
        shares.map_err(|error| ConfigError::new(error.key, steps, error.allowed))?;
        let (size, environments) = (self.group_size, setup.environments);
        let allowed = format!("a divisor of the {environments} environments");
        let divides = size > 0 && environments.is_multiple_of(size);
        ConfigError::unless(divides, "group_size", size, &allowed)?;
        if matches!(self.baseline, Baseline::Group | Baseline::GroupScaled) {
            let allowed = "at least 2, for the baseline of a group";
            ConfigError::unless(size > 1, "group_size", size, allowed)?;
        }
        if self.weighting.needs_values() {
            let valid = self.baseline == Baseline::Value;
            let allowed = "value, for a weighting that bootstraps from values";
            ConfigError::unless(valid, "baseline", word(&self.baseline), allowed)?;
        }
        if self.baseline == Baseline::GroupScaled {
            let valid = self.weighting == Weighting::TotalReturn;
            let allowed = "total-return, for a baseline of whole trajectories";
            ConfigError::unless(valid, "weighting", word(&self.weighting), allowed)?;
        }
        Ok(())
    }

    fn build(valid: &Valid<Self>) -> Result<(Self::Agent, Self::Interaction), BoxError> {
        let (config, setup) = (valid.config(), valid.setup());
        let (optimizer, iterations) = (&config.optimizer, config.value_iterations);
        let learner = match config.baseline {
            Baseline::Value => ActorLearner::with_value_function(setup, optimizer, iterations)?,
            _ => ActorLearner::new(setup, optimizer, None)?,
        };
        config.extra.check(&learner)?;
        let collection = setup.collection(config.group_size, config.gamma);
        let episodes = Episodes::new(collection, config.steps_per_update)?;
        Ok((PolicyGradient::new(config, learner), episodes))
    }
}

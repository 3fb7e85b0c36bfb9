//! REINFORCE.

use rl_core::{BoxError, Clock, Episodes, Metrics, TrajectoryStore};
use rl_learn::{
    Algorithm, ConfigError, EntropyBonus, OptimizerConfig, Plan, Range, Samples, Setup, Surrogate,
    Term, Valid, config, word,
};
use rl_nets::Actor;

use crate::value_function::rewards_to_go;
use crate::{ActorLearner, Baseline, Gradient, PolicyGradient, UpdateRule};

config! {
    /// REINFORCE (Williams 1992; Sutton & Barto 2018, section 13.3 and 13.4): after an episode of each
    /// of `m` environments one step along
    ///
    /// ```text
    /// 1/m Σ_τ Σₜ ∇ ln π_θ(aₜ|oₜ) (Gₜ - V(oₜ)),    Gₜ = Σ_{t' ≥ t} γ^{t'-t} r_{t'}
    /// ```
    ///
    /// with `V = 0`, or a value function that is fitted to `Gₜ` after the policy's step. The factor
    /// `γᵗ` of the book's algorithm is left out, as is customary, unless `discount_from_start` asks
    /// for it. One environment makes it the textbook's algorithm.
    ///
    /// ```
    /// use rl_core::{Budget, Clock, Interact, Metrics};
    /// use rl_envs::CartPole;
    /// use rl_learn::{Algorithm, Setup};
    /// use rl_pg::{Baseline, ReinforceConfig};
    ///
    /// let config = ReinforceConfig { baseline: Baseline::Value, ..ReinforceConfig::default() };
    /// let setup = Setup { environments: 1, ..Setup::new(CartPole::v1, Budget::Episodes(100))? };
    /// let mut clock = Clock::start(setup.horizon);
    /// let (mut agent, mut episodes) = ReinforceConfig::build(&config.validate(setup)?)?;
    /// episodes.update(&mut agent, &mut clock, &mut Metrics::default())?;
    /// assert_eq!(clock.episodes, 1);
    /// # Ok::<(), rl_core::BoxError>(())
    /// ```
    pub struct ReinforceConfig {
        /// Divisor of the sum over steps: the number of episodes (sum), or of steps.
        pub gradient: Gradient = Gradient::Sum;
        /// Discount, 0 to 1.
        pub gamma: f64 = 0.99, Range::Unit;
        /// Weigh step t of an episode by γᵗ too, which makes it the gradient of the discounted
        /// return.
        pub discount_from_start: bool = false;
        /// Baseline that is taken from the returns: none or value.
        pub baseline: Baseline = Baseline::None;
        /// Coefficient of the entropy bonus.
        pub entropy_coefficient: f64 = 0.0, Range::NotNegative;
        /// Step size of a value function with an optimizer of its own.
        pub value_learning_rate: f64 = 1e-3, Range::Positive;
        /// Regression steps of the value function per update.
        pub value_iterations: usize = 1, Range::REPETITIONS;
        flatten
        /// The optimizer.
        pub optimizer: OptimizerConfig = OptimizerConfig::adam(1e-3);
    }
}

impl UpdateRule<TrajectoryStore> for ReinforceConfig {
    fn update(
        &self,
        agent: &mut ActorLearner,
        experience: &TrajectoryStore,
        clock: &Clock,
        metrics: &mut Metrics,
    ) -> Result<(), BoxError> {
        let observations = agent.inputs(experience.observations());
        let values = agent.values(experience)?;
        let mut returns = vec![0.0; experience.steps()];
        values.each(experience, &mut returns, |steps, out| {
            rewards_to_go(steps, self.gamma, out);
        });
        // The learner takes the mean over all steps.
        let (steps, episodes) = (experience.steps(), experience.len().max(1));
        let scale = self.gradient.of_mean(steps, episodes);
        let advantages = returns.iter().zip(&values.steps);
        let mut advantages: Vec<f32> = advantages.map(|(g, v)| scale * (g - v)).collect();
        if self.discount_from_start {
            values.each(experience, &mut advantages, |_, of_episode| {
                let mut power = 1.0;
                for advantage in of_episode {
                    *advantage = (f64::from(*advantage) * power) as f32;
                    power *= self.gamma;
                }
            });
        }
        let samples = Samples {
            observations: &observations,
            actions: experience.actions(),
            advantages: &advantages,
            ..Samples::default()
        };

        let entropy = EntropyBonus(scale * self.entropy_coefficient as f32);
        let terms: [&dyn Term; 2] = [&Surrogate::LogProb, &entropy];
        let plan = Plan::whole(self.optimizer.learning_rate_at(clock.done()));
        agent.fit(&samples, &terms, &plan)?.put(metrics);
        metrics.put("kl", agent.kl(&observations));
        metrics.put("learning_rate", plan.learning_rate);
        let rate = self.value_learning_rate;
        if let Some(error) = agent.fit_value(&observations, &returns, rate)? {
            metrics.put("value_loss", error);
        }
        Ok(())
    }
}

impl Algorithm for ReinforceConfig {
    const NAME: &'static str = "reinforce";
    const DESCRIPTION: &'static str = "REINFORCE: one step per episode of each environment";

    type Agent = PolicyGradient<Self>;
    type Interaction = Episodes<Actor>;

    fn check(&self, _: &Setup) -> Result<(), ConfigError> {
        let valid = matches!(self.baseline, Baseline::None | Baseline::Value);
        let allowed = "none or value: an episode has no peers to be compared with";
        ConfigError::unless(valid, "baseline", word(&self.baseline), allowed)
    }

    fn build(valid: &Valid<Self>) -> Result<(Self::Agent, Self::Interaction), BoxError> {
        let (config, setup) = (valid.config(), valid.setup());
        let (optimizer, iterations) = (&config.optimizer, config.value_iterations);
        let learner = match config.baseline {
            Baseline::Value => ActorLearner::with_value_function(setup, optimizer, iterations)?,
            _ => ActorLearner::new(setup, optimizer, None)?,
        };
        let episodes = Episodes::new(setup.collection(1, config.gamma), 1)?;
        Ok((PolicyGradient::new(config, learner), episodes))
    }
}

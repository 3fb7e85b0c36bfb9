//! REINFORCE.

use std::sync::Arc;

use rl_core::{
    Acts, Agent, BoxError, Clock, Episodes, Learns, Metrics, Reduce, Scoped, ScopedReader, Space,
    State, StateError, StateReader, StateWriter, Threads, TrajectoryStore,
};
use rl_learn::{
    Algorithm, ConfigError, EntropyBonus, Learner, OptimizerConfig, Plan, Range, Samples, Setup,
    Surrogate, Term, Valid, ValueLayers, config, fit, word,
};
use rl_nets::{ActionChoice, Actor, network_inputs};

use crate::parts;
use crate::value_function::{ValueFunction, Values, rewards_to_go};
use crate::{Baseline, Gradient};

config! {
    /// Configuration of [`Reinforce`].
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

/// REINFORCE (Williams 1992; Sutton & Barto 2018, section 13.3 and 13.4): after an episode of each
/// of `m` environments one step along
///
/// ```text
/// 1/m Σ_τ Σₜ ∇ ln π_θ(aₜ|oₜ) (Gₜ - V(oₜ)),    Gₜ = Σ_{t' ≥ t} γ^{t'-t} r_{t'}
/// ```
///
/// with `V = 0`, or a value function that is fitted to `Gₜ` after the policy's step. The factor
/// `γᵗ` of the book's algorithm is left out, as is customary. One environment makes it the
/// textbook's algorithm.
pub struct Reinforce {
    config: ReinforceConfig,
    learner: Box<dyn Learner>,
    value: Option<ValueFunction>,
    reduce: Arc<dyn Reduce>,
    threads: Threads,
    observation_space: Space,
    actor: Actor,
}

impl Learns<TrajectoryStore> for Reinforce {
    fn update(
        &mut self,
        experience: &TrajectoryStore,
        clock: &Clock,
        metrics: &mut Metrics,
    ) -> Result<(), BoxError> {
        let values = match &mut self.value {
            Some(value) => value.of_store(experience, &self.observation_space)?,
            None => Values::zeros(experience),
        };
        let observations = network_inputs(&self.observation_space, experience.observations());
        let config = &self.config;
        let mut returns = vec![0.0; experience.steps()];
        values.each(experience, &mut returns, |steps, out| {
            rewards_to_go(steps, config.gamma, out);
        });
        // The learner takes the mean over all steps.
        let scale = config
            .gradient
            .of_mean(experience.steps(), experience.len().max(1));
        let advantages = returns.iter().zip(&values.steps);
        let advantages: Vec<f32> = advantages.map(|(g, v)| scale * (g - v)).collect();

        let samples = Samples {
            observations: &observations,
            actions: experience.actions(),
            advantages: &advantages,
            ..Samples::default()
        };
        let entropy = EntropyBonus(scale * config.entropy_coefficient as f32);
        let terms: [&dyn Term; 2] = [&Surrogate::LogProb, &entropy];
        let learning_rate = config.optimizer.learning_rate_at(clock.done());
        let plan = Plan::whole(learning_rate);
        let (learner, reduce) = (self.learner.as_mut(), &*self.reduce);
        let report = fit(learner, &samples, &terms, &plan, None, reduce)?;
        let before = std::mem::replace(&mut self.actor, parts::actor(learner));

        report.put(metrics);
        let kl = before.mean_kl(&self.actor, &observations, &self.threads);
        metrics.put("kl", kl);
        metrics.put("learning_rate", learning_rate);
        if let Some(value) = &mut self.value {
            let rate = self.config.value_learning_rate;
            metrics.put(
                "value_loss",
                value.fit(&observations, &returns, rate, reduce)?,
            );
        }
        Ok(())
    }
}

impl Agent for Reinforce {
    type Policy = Actor;

    fn policy(&self) -> Actor {
        self.actor.clone().with_choice(ActionChoice::Mode)
    }
}

impl Acts for Reinforce {
    fn actor(&mut self, _: usize, _: &Clock) -> &Actor {
        &self.actor
    }
}

impl State for Reinforce {
    fn save(&self, out: &mut dyn StateWriter) {
        self.learner.save(&mut Scoped::new(out, "learner"));
        if let Some(value) = &self.value {
            value.save(&mut Scoped::new(out, "value_function"));
        }
    }

    fn load(&mut self, from: &dyn StateReader) -> Result<(), StateError> {
        self.learner.load(&ScopedReader::new(from, "learner"))?;
        if let Some(value) = &mut self.value {
            value.load(&ScopedReader::new(from, "value_function"))?;
        }
        self.actor = parts::actor(self.learner.as_ref());
        Ok(())
    }
}

impl Algorithm for ReinforceConfig {
    const NAME: &'static str = "reinforce";
    const DESCRIPTION: &'static str = "REINFORCE: one step per episode of each environment";

    type Agent = Reinforce;
    type Interaction = Episodes<Actor>;

    fn check(&self, _: &Setup) -> Result<(), ConfigError> {
        let valid = matches!(self.baseline, Baseline::None | Baseline::Value);
        let allowed = "none or value: an episode has no peers to be compared with";
        ConfigError::unless(valid, "baseline", word(&self.baseline), allowed)
    }

    fn build(valid: &Valid<Self>) -> Result<(Reinforce, Episodes<Actor>), BoxError> {
        let (config, setup) = (valid.config(), valid.setup());
        let with_value = config.baseline == Baseline::Value;
        let networks = setup.draw_networks(with_value.then_some(ValueLayers::Separate))?;
        let (policy, value) = networks.split();
        let learner = parts::learner(&config.optimizer, policy, setup)?;
        let value = value.map(|network| {
            ValueFunction::new(network, &config.optimizer, config.value_iterations, setup)
        });
        let agent = Reinforce {
            actor: parts::actor(learner.as_ref()),
            learner,
            value: value.transpose()?,
            reduce: Arc::clone(&setup.reduce),
            threads: setup.threads.clone(),
            observation_space: setup.spaces.observation.clone(),
            config: config.clone(),
        };
        Ok((agent, Episodes::new(setup.collection(1, config.gamma), 1)?))
    }
}

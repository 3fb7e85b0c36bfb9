//! REINFORCE.

use std::sync::Arc;

use rl_core::{
    Acts, Agent, BoxError, Clock, End, Episodes, Learns, Metrics, Reduce, Scoped, ScopedReader,
    Space, State, StateError, StateReader, StateWriter, Threads, Trajectory, TrajectoryStore,
    discounted_reward_to_go,
};
use rl_learn::{
    Algorithm, ConfigError, EntropyBonus, FitReport, Learner, OptimizerConfig, Plan, Range,
    Samples, Setup, Surrogate, Term, UpdateError, Valid, ValueLayers, config, fit, word,
};
use rl_nets::{ActionChoice, Actor, network_inputs};

use crate::Baseline;
use crate::parts;
use crate::value_function::ValueFunction;

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
        /// Discount, 0 to 1.
        pub gamma: f64 = 0.99, Range::Unit;
        /// Baseline that is taken from the returns: none or value.
        pub baseline: Baseline = Baseline::None;
        /// Coefficient of the entropy bonus.
        pub entropy_coefficient: f64 = 0.0, Range::NotNegative;
        /// Step size of a value function with an optimizer of its own.
        pub value_learning_rate: f64 = 1e-3, Range::Positive;
        /// Regression steps of the value function per episode.
        pub value_iterations: usize = 1, Range::REPETITIONS;
        flatten
        /// The optimizer.
        pub optimizer: OptimizerConfig = OptimizerConfig::adam(1e-3);
    }
}

/// REINFORCE (Williams 1992; Sutton & Barto 2018, section 13.3 and 13.4): after each episode, in
/// the order they were gathered, one step along
///
/// ```text
/// 1/T Σₜ ∇ ln π_θ(aₜ|oₜ) (Gₜ - V(oₜ)),    Gₜ = Σ_{t' ≥ t} γ^{t'-t} r_{t'}
/// ```
///
/// with `V = 0`, or a value function that is fitted to `Gₜ` after the policy's step. The factor
/// `γᵗ` of the book's algorithm is left out, as is customary.
///
/// Experience of one episode makes it the textbook's algorithm. Of several, all but the first are
/// learned from after the policy that gathered them has moved on.
pub struct Reinforce {
    config: ReinforceConfig,
    learner: Box<dyn Learner>,
    value: Option<ValueFunction>,
    reduce: Arc<dyn Reduce>,
    threads: Threads,
    observation_space: Space,
    actor: Actor,
}

impl Reinforce {
    /// Learns from one episode; returns the measurements of the policy's step and the mean squared
    /// error of the value function.
    fn learn(
        &mut self,
        episode: &Trajectory<'_>,
        learning_rate: f64,
    ) -> Result<(FitReport, Option<f64>), UpdateError> {
        let space = &self.observation_space;
        let observations = network_inputs(space, episode.observations);
        let mut values = vec![0.0; episode.len()];
        let mut final_value = 0.0;
        if let Some(value) = &mut self.value {
            values = value.of(&observations)?;
            if episode.end == End::Truncated {
                final_value = value.of(&network_inputs(space, episode.final_observation))?[0];
            }
        }
        let mut returns = vec![0.0; episode.len()];
        let gamma = self.config.gamma;
        discounted_reward_to_go(episode.rewards, gamma, final_value, &mut returns);
        let advantages: Vec<f32> = returns.iter().zip(&values).map(|(g, v)| g - v).collect();

        let samples = Samples {
            observations: &observations,
            actions: episode.actions,
            advantages: &advantages,
            ..Samples::default()
        };
        let entropy = EntropyBonus(self.config.entropy_coefficient as f32);
        let terms: [&dyn Term; 2] = [&Surrogate::LogProb, &entropy];
        let plan = Plan::whole(learning_rate);
        let (learner, reduce) = (self.learner.as_mut(), &*self.reduce);
        let report = fit(learner, &samples, &terms, &plan, None, reduce)?;
        let error = match &mut self.value {
            Some(value) => {
                let rate = self.config.value_learning_rate;
                Some(value.fit(&observations, &returns, rate, reduce)?)
            }
            None => None,
        };
        Ok((report, error))
    }
}

impl Learns<TrajectoryStore> for Reinforce {
    fn update(
        &mut self,
        experience: &TrajectoryStore,
        clock: &Clock,
        metrics: &mut Metrics,
    ) -> Result<(), BoxError> {
        if experience.is_empty() {
            return Err(UpdateError::NoExperience.into());
        }
        let learning_rate = self.config.optimizer.learning_rate_at(clock.done());
        // Means over the episodes.
        let share = 1.0 / experience.len() as f64;
        let mut mean = FitReport::default();
        let mut value_loss = None;
        for episode in experience.iter() {
            let (report, error) = self.learn(&episode, learning_rate)?;
            mean.add(&report, share);
            if let Some(error) = error {
                value_loss = Some(value_loss.unwrap_or(0.0) + error * share);
            }
        }
        let before = std::mem::replace(&mut self.actor, parts::actor(self.learner.as_ref()));
        mean.put(metrics);
        let observations = network_inputs(&self.observation_space, experience.observations());
        let kl = before.mean_kl(&self.actor, &observations, &self.threads);
        metrics.put("kl", kl);
        metrics.put("learning_rate", learning_rate);
        if let Some(value_loss) = value_loss {
            metrics.put("value_loss", value_loss);
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
    const DESCRIPTION: &'static str = "REINFORCE: one step per episode";

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

//! Vanilla policy gradient.

use std::num::NonZeroUsize;
use std::sync::Arc;

use rl_core::{
    Acts, Agent, BoxError, Clock, Episodes, Gae, Learns, Metrics, Reduce, Scoped, ScopedReader,
    Space, State, StateError, StateReader, StateWriter, Threads, TrajectoryStore,
    discounted_return, n_step_returns, normalize,
};
use rl_learn::{
    Algorithm, ConfigError, EntropyBonus, Learner, OptimizerConfig, Plan, Range, Samples, Setup,
    Surrogate, Term, Valid, ValueLayers, config, fit, word,
};
use rl_nets::{ActionChoice, Actor, network_inputs};

use crate::estimates::explained_variance;
use crate::parts;
use crate::value_function::{ValueFunction, Values, rewards_to_go};
use crate::{Baseline, ExtraTerms, Gradient, ValueTargets, Weighting};

config! {
    /// Configuration of [`Vpg`]; the defaults solve CartPole-v1 reliably.
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

/// Vanilla policy gradient (REINFORCE on batches of whole episodes; Williams 1992, Sutton et al.
/// 2000, and Spinning Up, "Intro to policy optimization"):
///
/// ```text
/// ∇J(θ) ∝ 1/N Σ_τ Σₜ ∇ ln π_θ(aₜ|oₜ) (wₜ - bₜ)
/// ```
///
/// over the steps of a batch of whole episodes that π_θ collected, with `N` the steps that a batch
/// has at least (the source divides by the number of episodes; [`Gradient`] has the choice), `wₜ` the return, the reward-to-go, an
/// n-step return or the generalised advantage estimate, and `bₜ` a baseline. One optimizer step
/// per batch follows this gradient; a value function is fitted after it.
pub struct Vpg {
    config: VpgConfig,
    gae: Gae,
    n_step: NonZeroUsize,
    learner: Box<dyn Learner>,
    value: Option<ValueFunction>,
    reduce: Arc<dyn Reduce>,
    threads: Threads,
    observation_space: Space,
    actor: Actor,
}

impl Learns<TrajectoryStore> for Vpg {
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
        let scale = config
            .gradient
            .of_mean(experience.steps(), config.steps_per_update);
        let mut advantages = self.advantages(experience, &values);
        advantages.iter_mut().for_each(|x| *x *= scale);
        let mut samples = Samples {
            observations: &observations,
            actions: experience.actions(),
            advantages: &advantages,
            ..Samples::default()
        };

        // From the second epoch on the batch is of an older policy.
        let mut log_probs = Vec::new();
        let mut surrogate = Surrogate::LogProb;
        if self.config.epochs > 1 {
            log_probs.resize(experience.steps(), 0.0);
            self.learner
                .evaluate(&observations, samples.actions, &mut log_probs, &mut [])?;
            samples.log_probs = &log_probs;
            surrogate = Surrogate::Ratio;
        }
        let entropy = EntropyBonus(scale * config.entropy_coefficient as f32);
        let extra = self.config.extra.at(clock);
        let mut terms: Vec<&dyn Term> = vec![&surrogate, &entropy];
        terms.extend(extra.iter().map(Box::as_ref));

        let learning_rate = self.config.optimizer.learning_rate_at(clock.done());
        let plan = Plan {
            epochs: self.config.epochs,
            ..Plan::whole(learning_rate)
        };
        let learner = self.learner.as_mut();
        let report = fit(learner, &samples, &terms, &plan, None, &*self.reduce)?;
        let before = std::mem::replace(&mut self.actor, parts::actor(learner));

        report.put(metrics);
        let kl = before.mean_kl(&self.actor, &observations, &self.threads);
        metrics.put("kl", kl);
        metrics.put("learning_rate", learning_rate);
        let targets = self.value_targets(experience, &values);
        if let Some(value) = &mut self.value {
            let rate = self.config.value_learning_rate;
            let error = value.fit(&observations, &targets, rate, &*self.reduce)?;
            metrics.put("value_loss", error);
            let explained = explained_variance(&targets, &values.steps);
            metrics.put("explained_variance", explained);
        }
        Ok(())
    }
}

impl Vpg {
    /// The weight of each step, `[steps]`.
    fn advantages(&self, experience: &TrajectoryStore, values: &Values) -> Vec<f32> {
        let Self { config, gae, .. } = self;
        let gamma = config.gamma;
        let mut weights = vec![0.0; experience.steps()];
        values.each(experience, &mut weights, |steps, out| {
            match config.weighting {
                Weighting::TotalReturn => out.fill(discounted_return(steps.rewards(), gamma)),
                Weighting::RewardToGo => {
                    rewards_to_go(steps, gamma, out);
                }
                Weighting::NStep => n_step_returns(steps, gamma, self.n_step, out),
                Weighting::Gae => gae.advantages(steps, out),
            }
        });
        if config.weighting != Weighting::Gae {
            config
                .baseline
                .subtract(experience, &values.steps, &mut weights);
        }
        if config.normalize_advantages {
            normalize(&mut weights);
        }
        weights
    }

    /// The targets of the value function, `[steps]`.
    fn value_targets(&self, experience: &TrajectoryStore, values: &Values) -> Vec<f32> {
        let gamma = self.config.gamma;
        let mut targets = vec![0.0; experience.steps()];
        values.each(experience, &mut targets, |steps, out| {
            match self.config.value_targets {
                ValueTargets::MonteCarlo => {
                    rewards_to_go(steps, gamma, out);
                }
                ValueTargets::NStep => n_step_returns(steps, gamma, self.n_step, out),
                ValueTargets::Lambda => self.gae.lambda_returns(steps, out),
            }
        });
        targets
    }
}

impl Agent for Vpg {
    type Policy = Actor;

    fn policy(&self) -> Actor {
        self.actor.clone().with_choice(ActionChoice::Mode)
    }
}

impl Acts for Vpg {
    fn actor(&mut self, _: usize, _: &Clock) -> &Actor {
        &self.actor
    }
}

impl State for Vpg {
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

impl Algorithm for VpgConfig {
    const NAME: &'static str = "vpg";
    const DESCRIPTION: &'static str =
        "vanilla policy gradient: one step per batch of whole episodes";

    type Agent = Vpg;
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

    fn build(valid: &Valid<Self>) -> Result<(Vpg, Episodes<Actor>), BoxError> {
        let (config, setup) = (valid.config(), valid.setup());
        let with_value = config.baseline == Baseline::Value;
        let networks = setup.draw_networks(with_value.then_some(ValueLayers::Separate))?;
        let (policy, value) = networks.split();
        let learner = parts::learner(&config.optimizer, policy, setup)?;
        config
            .extra
            .check(learner.as_ref(), &Clock::start(setup.horizon))?;
        let value = value.map(|network| {
            ValueFunction::new(network, &config.optimizer, config.value_iterations, setup)
        });
        let agent = Vpg {
            gae: ConfigError::gae(config.gamma, config.lambda)?,
            n_step: ConfigError::at_least_1("n_step", config.n_step)?,
            actor: parts::actor(learner.as_ref()),
            learner,
            value: value.transpose()?,
            reduce: Arc::clone(&setup.reduce),
            threads: setup.threads.clone(),
            observation_space: setup.spaces.observation.clone(),
            config: config.clone(),
        };
        let collection = setup.collection(config.group_size, config.gamma);
        let episodes = Episodes::new(collection, config.steps_per_update)?;
        Ok((agent, episodes))
    }
}

//! A new algorithm, in one file: advantage-weighted regression, with a term of its own.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use burn::tensor::Tensor;
use common::{score, setup, train};
use rl_core::{
    Acts, Agent, BoxError, Clock, Episodes, Learns, Metrics, State, StateError, StateReader,
    StateWriter, TrajectoryStore, discounted_reward_to_go, normalize,
};
use rl_envs::trivial::DelayedReward;
use rl_learn::{
    Algorithm, ConfigError, Input, Learner, LearnerKind, Minibatch, OptimizerConfig, Plan, Range,
    Samples, Setup, Term, UpdateError, Valid, config, fit,
};
use rl_nets::{ActionChoice, Actor};

config! {
    /// Configuration of advantage-weighted regression (Peng et al. 2019).
    pub struct AwrConfig {
        /// Least steps per update, in whole episodes.
        pub steps_per_update: usize = 200, Range::AtLeast(2.0);
        /// Temperature β of the weights.
        pub temperature: f64 = 0.5, Range::Positive;
        flatten
        /// The optimizer.
        pub optimizer: OptimizerConfig = OptimizerConfig {
            learner: LearnerKind::Burn,
            ..OptimizerConfig::adam(3e-2)
        };
    }
}

/// `-1/N Σₜ exp(Aₜ / β) ln π(aₜ|oₜ)`.
struct WeightedRegression(f32);

impl Term for WeightedRegression {
    fn name(&self) -> &'static str {
        "regression_loss"
    }

    fn inputs(&self) -> &'static [Input] {
        &[Input::Advantage, Input::LogProb]
    }

    fn tape(&self, minibatch: &Minibatch) -> Result<Tensor<1>, UpdateError> {
        let weights = minibatch.advantages()?.div_scalar(self.0).exp();
        Ok((minibatch.log_prob()? * weights).mean().neg())
    }
}

/// Advantage-weighted regression.
pub struct Awr {
    config: AwrConfig,
    learner: Box<dyn Learner>,
    actor: Actor,
    setup: Setup,
}

impl Learns<TrajectoryStore> for Awr {
    fn update(
        &mut self,
        experience: &TrajectoryStore,
        clock: &Clock,
        metrics: &mut Metrics,
    ) -> Result<(), BoxError> {
        let mut advantages = Vec::new();
        for trajectory in experience.iter() {
            let start = advantages.len();
            advantages.resize(start + trajectory.len(), 0.0);
            discounted_reward_to_go(trajectory.rewards, 1.0, 0.0, &mut advantages[start..]);
        }
        normalize(&mut advantages);
        let samples = Samples {
            observations: experience.observations(),
            actions: experience.actions(),
            advantages: &advantages,
            ..Samples::default()
        };
        let term = WeightedRegression(self.config.temperature as f32);
        let plan = Plan::whole(self.config.optimizer.learning_rate_at(clock.done()));
        let (learner, reduce) = (self.learner.as_mut(), &*self.setup.reduce);
        fit(learner, &samples, &[&term], &plan, None, reduce)?.put(metrics);
        self.actor = Actor::of(self.learner.networks()).ok_or("no policy")?;
        Ok(())
    }
}

impl Agent for Awr {
    type Policy = Actor;

    fn policy(&self) -> Actor {
        self.actor.clone().with_choice(ActionChoice::Mode)
    }
}

impl Acts for Awr {
    fn actor(&mut self, _: usize, _: &Clock) -> &Actor {
        &self.actor
    }
}

impl State for Awr {
    fn save(&self, out: &mut dyn StateWriter) {
        self.learner.save(out);
    }

    fn load(&mut self, from: &dyn StateReader) -> Result<(), StateError> {
        self.learner.load(from)
    }
}

impl Algorithm for AwrConfig {
    const NAME: &'static str = "awr";
    const DESCRIPTION: &'static str = "advantage-weighted regression";
    type Agent = Awr;
    type Interaction = Episodes<Actor>;

    fn check(&self, _: &Setup) -> Result<(), ConfigError> {
        Ok(())
    }

    fn build(valid: &Valid<Self>) -> Result<(Awr, Episodes<Actor>), BoxError> {
        let setup = valid.setup();
        let learner = valid
            .optimizer
            .init(setup.draw_networks(None)?, &setup.device)?;
        learner.supports(&[&WeightedRegression(1.0)])?;
        let agent = Awr {
            actor: Actor::of(learner.networks()).ok_or("no policy")?,
            learner,
            config: valid.config().clone(),
            setup: setup.clone(),
        };
        Ok((
            agent,
            Episodes::new(setup.collection(1, 1.0), valid.steps_per_update)?,
        ))
    }
}

fn delayed() -> DelayedReward {
    DelayedReward::new(6).unwrap()
}

#[test]
fn an_algorithm_of_ones_own_learns_a_delayed_reward() {
    let agent = train(AwrConfig::default(), setup(delayed, 4), 40);
    assert_eq!(score(&agent, delayed), 1.0);
}

#[test]
fn its_term_is_refused_by_a_learner_without_a_tape_before_the_run() {
    let config = AwrConfig {
        optimizer: OptimizerConfig::default(),
        ..AwrConfig::default()
    };
    let error = AwrConfig::build(&config.validate(setup(delayed, 4)).unwrap());
    let message = error.err().unwrap().to_string();
    assert!(message.contains("'regression_loss'"), "{message}");
}

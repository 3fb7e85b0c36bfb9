//! A new algorithm, in one file: advantage-weighted regression, with a term of its own. It is trained
//! by name, saved and resumed like the others.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use burn::tensor::Tensor;
use rl_core::{BoxError, Clock, Episodes, Metrics, TrajectoryStore, normalize, reward_to_go};
use rl_envs::trivial::DelayedReward;
use rl_learn::{
    Algorithm, Input, LearnerKind, Minibatch, OptimizerConfig, Plan, Range, Samples, Term,
    UpdateError, Valid, config,
};
use rl_nets::Actor;
use rl_pg::{ActorLearner, PolicyGradient, UpdateRule};
use rl_train::{
    CheckpointEvery, EnvironmentEntry, EvaluationConfig, Layers, Origin, Outcome, Registry, Run,
    RunDirectory, TrainError, each, evaluate,
};

config! {
    /// Advantage-weighted regression (Peng et al. 2019).
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

impl UpdateRule<TrajectoryStore> for AwrConfig {
    fn update(
        &self,
        agent: &mut ActorLearner,
        experience: &TrajectoryStore,
        clock: &Clock,
        metrics: &mut Metrics,
    ) -> Result<(), BoxError> {
        let mut advantages = Vec::new();
        for trajectory in experience.iter() {
            let start = advantages.len();
            advantages.resize(start + trajectory.len(), 0.0);
            reward_to_go(trajectory.rewards, &mut advantages[start..]);
        }
        normalize(&mut advantages);
        let samples = Samples {
            observations: &agent.inputs(experience.observations()),
            actions: experience.actions(),
            advantages: &advantages,
            ..Samples::default()
        };
        let term = WeightedRegression(self.temperature as f32);
        let plan = Plan::whole(self.optimizer.learning_rate_at(clock.done()));
        agent.fit(&samples, &[&term], &plan)?.put(metrics);
        Ok(())
    }
}

impl Algorithm for AwrConfig {
    const NAME: &'static str = "awr";
    const DESCRIPTION: &'static str = "advantage-weighted regression";
    type Agent = PolicyGradient<Self>;
    type Interaction = Episodes<Actor>;

    fn build(valid: &Valid<Self>) -> Result<(Self::Agent, Self::Interaction), BoxError> {
        let learner = ActorLearner::new(valid.setup(), &valid.optimizer, None)?;
        learner.supports(&[&WeightedRegression(1.0)])?;
        let episodes = Episodes::new(valid.setup().collection(1, 1.0), valid.steps_per_update)?;
        Ok((PolicyGradient::new(valid.config(), learner), episodes))
    }
}

/// What makes it trainable by name, beside its one line in the registry.
const PRESET: &str = "# Advantage-weighted regression of a delayed reward
env = \"delayed-reward\"
algo = \"awr\"
environments = 4
n_layers = 1
size = 16
updates = 40
";

fn registry() -> Registry {
    Registry::default()
        .environment(EnvironmentEntry::new("delayed-reward", delayed))
        .algorithm::<AwrConfig>()
        .preset("delayed-awr", PRESET)
}

fn delayed() -> DelayedReward {
    DelayedReward::new(6).unwrap()
}

/// The run that options make, as of the command line.
fn start(options: &[(&str, &str)]) -> Result<Box<dyn Run>, TrainError> {
    let registry = registry();
    let mut layers = Layers::new(&registry);
    for (key, value) in options {
        layers.set(key, value, &Origin::Flag(format!("--{key}")))?;
    }
    Ok(layers.start()?.1)
}

/// Mean return of a run's policy.
fn score(run: &dyn Run) -> f64 {
    let config = EvaluationConfig {
        episodes: 20,
        ..EvaluationConfig::default()
    };
    let evaluation = evaluate(&mut run.policy(), &delayed, &config);
    evaluation.unwrap().return_mean
}

#[test]
fn one_line_in_the_registry_and_one_preset_make_it_trainable_by_name() {
    let by_algorithm = [("algo", "awr"), ("env", "delayed-reward")];
    for options in [&[("preset", "delayed-awr")][..], &by_algorithm] {
        let mut run = start(options).unwrap();
        assert!(score(&*run) < 1.0, "it is not learned before");
        assert_eq!(run.run(&mut []).unwrap(), Outcome::Finished);
        assert_eq!((run.algorithm(), run.clock().updates), ("awr", 40));
        assert_eq!(score(&*run), 1.0, "{options:?}");
    }
    let config = start(&[("preset", "delayed-awr"), ("temperature", "0.25")]);
    assert_eq!(
        config.unwrap().config()["temperature"].as_float(),
        Some(0.25)
    );
    let refused = start(&[("preset", "delayed-awr"), ("temperature", "0")]);
    let message = refused.err().unwrap().to_string();
    assert!(message.contains("temperature = 0"), "{message}");
}

#[test]
fn its_run_is_saved_in_a_directory_and_resumed_to_the_byte() {
    let place = tempfile::tempdir().unwrap();
    let [whole, halves] = ["whole", "halves"].map(|name| place.path().join(name));
    let options = [("preset", "delayed-awr"), ("updates", "6")];
    let create = |path: &Path| {
        let directory = RunDirectory::create(path).unwrap();
        directory.checkpoint_every(CheckpointEvery::Updates(3))
    };
    let mut run = start(&options).unwrap();
    run.run(&mut [&mut create(&whole)]).unwrap();

    let mut stop = each(|run, _| match run.clock().updates {
        3 => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    });
    let mut run = start(&options).unwrap();
    let outcome = run.run(&mut [&mut stop, &mut create(&halves)]).unwrap();
    assert_eq!(outcome, Outcome::Interrupted);
    let registry = registry();
    let mut layers = Layers::new(&registry);
    layers.file(&halves.join("config.toml")).unwrap();
    let (_, mut run) = layers.start().unwrap();
    let checkpoint = RunDirectory::newest_checkpoint(&halves).unwrap();
    checkpoint.check(&*run).unwrap();
    run.restore(checkpoint.state()).unwrap();
    assert_eq!(run.clock().updates, 3);
    run.run(&mut [&mut RunDirectory::open(&halves).unwrap()])
        .unwrap();

    let read = |path: &Path, name: &str| fs::read(path.join(name)).unwrap();
    for name in [
        "policy.safetensors",
        "config.toml",
        "checkpoints/0000000006/state.safetensors",
    ] {
        assert!(read(&whole, name) == read(&halves, name), "{name}");
    }
    let metrics = String::from_utf8(read(&halves, "metrics.csv")).unwrap();
    assert_eq!(metrics.lines().count(), 1 + 6, "a row per update");
    assert!(metrics.starts_with("update,") && metrics.contains(",regression_loss,"));
}

#[test]
fn its_term_is_refused_by_a_learner_without_a_tape_before_the_run() {
    let refused = start(&[("preset", "delayed-awr"), ("learner", "fused")]);
    let message = refused.err().unwrap().to_string();
    assert!(message.contains("'regression_loss'"), "{message}");
}

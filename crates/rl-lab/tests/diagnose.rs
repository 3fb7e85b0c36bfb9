//! Diagnoses of trainings: each rule sees the training that is broken in its way, and none sees anything in
//! trainings that learn.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use rl_core::{BoxSpace, Environment, EnvironmentError, Space, Status, Step, Stream};
use rl_lab::diagnose::{Diagnosis, RULES};
use rl_lab::runs::StoredRun;
use rl_train::{EnvironmentEntry, Layers, Origin, Registry, RunDirectory};

fn numbers(size: f32) -> Space {
    Space::Box(BoxSpace::new(vec![-size], vec![size]).unwrap())
}

/// Episodes of one step whose observation is large, and whose reward is noise that grows from one to the next.
#[derive(Default)]
struct GrowingNoise {
    episodes: f64,
}

impl Environment for GrowingNoise {
    type Observation = [f32; 1];
    type Action = usize;

    fn observation_space(&self) -> Space {
        numbers(1e3)
    }

    fn action_space(&self) -> Space {
        Space::discrete(2)
    }

    fn reset(&mut self, _rng: &mut Stream) -> Result<[f32; 1], EnvironmentError> {
        Ok([100.0])
    }

    fn step(&mut self, _: &usize, rng: &mut Stream) -> Result<Step<[f32; 1]>, EnvironmentError> {
        self.episodes += 1.0;
        Ok(Step {
            observation: [100.0],
            reward: self.episodes.powf(1.5) * (2.0 * rng.next_f64() - 1.0),
            status: Status::Terminated,
        })
    }
}

/// The corridor with switched actions of Sutton and Barto 2018, example 13.1, for 50 steps at most: cells that look
/// alike, and need different actions.
#[derive(Default)]
struct SwitchedCorridor {
    cell: usize,
    steps: usize,
}

impl Environment for SwitchedCorridor {
    type Observation = [f32; 1];
    type Action = usize;

    fn observation_space(&self) -> Space {
        numbers(1.0)
    }

    fn action_space(&self) -> Space {
        Space::discrete(2)
    }

    fn reset(&mut self, _rng: &mut Stream) -> Result<[f32; 1], EnvironmentError> {
        *self = Self::default();
        Ok([1.0])
    }

    fn step(&mut self, right: &usize, _: &mut Stream) -> Result<Step<[f32; 1]>, EnvironmentError> {
        let is_right = (*right == 1) != (self.cell == 1);
        self.cell = (self.cell + 2 * usize::from(is_right)).saturating_sub(1);
        self.steps += 1;
        Ok(Step {
            observation: [1.0],
            reward: -1.0,
            status: match (self.cell, self.steps) {
                (3, _) => Status::Terminated,
                (_, 50) => Status::Truncated,
                _ => Status::Running,
            },
        })
    }
}

/// Names of the rules that see something in a training.
fn findings(keys: &str) -> Vec<&'static str> {
    let registry = Registry::default()
        .environment(EnvironmentEntry::new(
            "growing-noise",
            GrowingNoise::default,
        ))
        .environment(EnvironmentEntry::new("corridor", SwitchedCorridor::default));
    let place = tempfile::tempdir().unwrap();
    let mut layers = Layers::new(&registry);
    for pair in keys.split(", ") {
        let (key, value) = pair.split_once('=').unwrap();
        layers
            .set(key, value, &Origin::Flag("test".into()))
            .unwrap();
    }
    let (_, mut run) = layers.start().unwrap();
    let path = place.path().join("run");
    let mut directory = RunDirectory::create(&path).unwrap();
    run.run(&mut [&mut directory]).unwrap();
    // A directory that is held is that of a run that goes on.
    drop(directory);
    let run = StoredRun::read(&path).unwrap();
    let diagnosis = Diagnosis::of(&run, &registry).unwrap();
    for finding in &diagnosis.findings {
        for option in finding.tries.iter().filter(|words| is_option(words)) {
            // As the command line takes them: a flag with its value behind `=`.
            let (name, value) = option.split_once(['=', ' ']).unwrap();
            let is_flag = value.parse::<bool>().is_ok();
            assert_eq!(is_flag, option.contains('='), "{option}");
            let key = name.trim_start_matches('-').replace('-', "_");
            let origin = Origin::Flag(name.into());
            layers.set(&key, value, &origin).unwrap();
        }
    }
    layers.start().unwrap();
    diagnosis
        .findings
        .iter()
        .map(|finding| finding.rule)
        .collect()
}

/// Returns `true` for an option with its value, `false` for a command or for words about a file.
fn is_option(words: &str) -> bool {
    words.starts_with("--") && !words.contains("DIR")
}

#[test]
fn each_rule_sees_the_training_that_is_broken_in_its_way() {
    const BROKEN: [(&str, &str); 14] = [
        (
            "did-not-learn",
            "env=mountain-car, algo=vpg, preset=none, updates=10",
        ),
        (
            "always-at-the-time-limit",
            "env=mountain-car, algo=vpg, preset=none, updates=10",
        ),
        (
            "no-gradient",
            "env=mountain-car, algo=vpg, preset=none, baseline=batch, \
                         weighting=total-return, updates=10",
        ),
        (
            "observations-not-normalized",
            "env=growing-noise, algo=ppo, preset=none, updates=20",
        ),
        (
            "value-loss-grows",
            "env=growing-noise, algo=ppo, preset=none, updates=20",
        ),
        (
            "likeliest-actions-worse",
            "env=corridor, algo=vpg, preset=none, learning_rate=0.01, updates=20",
        ),
        (
            "entropy-collapsed",
            "preset=cartpole, learning_rate=0.3, updates=40",
        ),
        (
            "steps-too-large",
            "preset=cartpole, learning_rate=0.3, updates=40",
        ),
        (
            "clipped-too-often",
            "preset=cartpole-ppo, learning_rate=0.01, clip_range=0.005, \
                               anneal_clip_range=false, steps=5000",
        ),
        (
            "values-explain-nothing",
            "preset=cartpole-gae, value_learning_rate=100, value_iterations=1, \
                                    updates=20",
        ),
        (
            "gradient-always-clipped",
            "preset=cartpole-ppo, max_grad_norm=0.001, steps=5000",
        ),
        (
            "learning-rate-zero",
            "preset=cartpole-ppo, horizon=5000 steps, steps=10000",
        ),
        (
            "returns-fell",
            "preset=cartpole, learning_rate=0.1, updates=40",
        ),
        (
            "still-rising",
            "preset=cartpole, learning_rate=0.003, updates=30",
        ),
    ];
    for rule in &RULES {
        let of_rule: Vec<_> = BROKEN
            .iter()
            .filter(|(name, _)| *name == rule.name)
            .collect();
        assert_eq!(of_rule.len(), 1, "{}", rule.name);
    }
    let seen: Vec<_> = BROKEN
        .iter()
        .map(|(rule, keys)| (*rule, *keys, findings(keys)))
        .collect();
    let missed: Vec<_> = seen
        .iter()
        .filter(|(rule, _, found)| !found.contains(rule))
        .collect();
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn no_rule_sees_anything_in_trainings_that_learn() {
    let good = [
        "preset=cartpole, seed=0",
        "preset=cartpole, seed=1",
        "preset=cartpole, seed=2",
        "preset=cartpole-reinforce, seed=0",
        "preset=cartpole-gae, seed=0",
        "preset=cartpole-a2c, seed=0",
        "preset=cartpole-a3c, seed=0",
        "preset=cartpole-trpo, seed=0",
        "preset=cartpole-ppo, seed=0",
        "preset=acrobot-ppo, seed=0",
        "preset=pendulum-ppo, seed=0",
    ];
    let seen: Vec<_> = good.iter().map(|keys| (*keys, findings(keys))).collect();
    let wrong: Vec<_> = seen.iter().filter(|(_, found)| !found.is_empty()).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

//! A run that is stopped and resumed, and one that is not: the same bytes.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use rl_train::{
    AlgorithmEntry, CheckpointEvery, Layers, Origin, Outcome, Registry, Run, RunDirectory, each,
};

/// Learner of an algorithm without networks.
const NO_LEARNER: &str = "none";

/// Updates before the stop, and after it.
const N: u64 = 3;

/// Keys that make a run short, with as much state as possible.
fn keys(algo: &str, env: &str) -> Vec<(&'static str, &'static str)> {
    let continuous = env == "pendulum";
    let of_tables = [
        ("environments", "3"),
        ("updates", "6"),
        ("eval_every", "2"),
        ("steps_per_environment", "17"),
    ];
    match algo {
        "q-learning" => return [&of_tables[..], &[("double", "true")]].concat(),
        "sarsa" => return [&of_tables[..], &[("n_step", "4")]].concat(),
        "expected-sarsa" => return of_tables.into(),
        _ => {}
    }
    let mut keys = vec![
        ("environments", "3"),
        ("size", "16"),
        ("updates", "6"),
        ("normalize_observations", "true"),
        ("anneal_learning_rate", "true"),
        ("eval_every", "2"),
    ];
    if algo == "dqn" {
        // What is kept would go stale.
        keys.retain(|(key, _)| *key != "normalize_observations");
    }
    match algo {
        "dqn" => {
            keys.extend([
                ("train_every", "4"),
                ("rounds", "5"),
                ("gradient_steps", "3"),
                // Learning starts in the first update, and the ring is full in the third.
                ("learning_starts", "25"),
                ("buffer_size", "160"),
                ("minibatch_size", "16"),
                ("n_step", "3"),
                ("target_every", "4"),
            ]);
            if env == "lunar-lander" {
                keys.extend([("prioritized", "true"), ("double", "true")]);
                keys.push(("n_quantiles", "3"));
            }
            if env == "acrobot" {
                keys.extend([
                    ("noisy", "true"),
                    ("double", "true"),
                    ("prioritized", "true"),
                ]);
                keys.extend([
                    ("dueling", "true"),
                    ("optimizer", "radam"),
                    ("learning_rate", "0.05"),
                ]);
            }
        }
        "pqn" => keys.extend([("steps_per_environment", "40"), ("minibatch_size", "30")]),
        "vpg" => keys.extend([
            ("steps_per_update", "150"),
            ("weighting", "gae"),
            ("baseline", "value"),
            ("value_iterations", "3"),
            ("epochs", "2"),
        ]),
        "reinforce" => keys.extend([("baseline", "value"), ("value_iterations", "3")]),
        "trpo" => keys.extend([("steps_per_environment", "40"), ("value_iterations", "3")]),
        "ppo" => keys.extend([
            ("steps_per_environment", "40"),
            ("minibatch_size", "30"),
            ("epochs", "2"),
            ("anneal_clip_range", "true"),
            ("normalize_rewards", "true"),
            ("target_kl", "0.05"),
        ]),
        _ => keys.push(("steps_per_environment", "17")),
    }
    if continuous {
        keys.push(("reward_scale", "0.1"));
    }
    if env == "lunar-lander" {
        keys.push(("layer_norm", "true"));
    }
    keys
}

/// Starts a run; the learner is left out where there is none.
fn start(registry: &Registry, names: [&str; 3], threads: usize) -> Box<dyn Run> {
    let [algo, env, learner] = names;
    let mut layers = Layers::new(registry);
    let flag = Origin::Flag("test".into());
    let threads = threads.to_string();
    let own = [
        ("preset", "none"),
        ("algo", algo),
        ("env", env),
        ("seed", "5"),
        ("threads", &threads),
    ];
    let learner = (learner != NO_LEARNER).then_some(("learner", learner));
    for (key, value) in own.into_iter().chain(learner).chain(keys(algo, env)) {
        layers.set(key, value, &flag).unwrap();
    }
    layers.start().unwrap().1
}

fn directory(path: &Path, is_new: bool) -> RunDirectory {
    let directory = if is_new {
        RunDirectory::create(path)
    } else {
        RunDirectory::open(path)
    };
    directory
        .unwrap()
        .checkpoint_every(CheckpointEvery::Updates(2))
        .evaluation_episodes(2)
}

/// The rows of `metrics.csv` without the seconds, which are the last column.
fn metrics(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path.join("metrics.csv")).unwrap();
    let row = |line: &str| line.rsplit_once(',').unwrap().0.to_owned();
    text.lines().map(row).collect()
}

/// The policy, the last checkpoint, and the metrics.
fn left_behind(path: &Path) -> (Vec<u8>, Vec<u8>, String, Vec<String>) {
    let checkpoint = path.join("checkpoints").join(format!("{:010}", 2 * N));
    (
        fs::read(path.join("policy.safetensors")).unwrap(),
        fs::read(checkpoint.join("state.safetensors")).unwrap(),
        fs::read_to_string(checkpoint.join("manifest.json")).unwrap(),
        metrics(path),
    )
}

fn check(env: &str, can_learn: fn(&AlgorithmEntry) -> bool) {
    let registry = &Registry::default();
    let place = tempfile::tempdir().unwrap();
    for entry in registry
        .algorithms()
        .iter()
        .filter(|entry| can_learn(entry))
    {
        let algo = entry.name();
        let learners: &[&str] = match entry.has_networks() {
            true => &["fused", "burn"],
            false => &[NO_LEARNER],
        };
        for &learner in learners {
            let names = [algo, env, learner];
            let path = |kind: &str| place.path().join(format!("{algo}-{learner}-{kind}"));
            let whole = path("whole");
            let outcome = start(registry, names, 1)
                .run(&mut [&mut directory(&whole, true)])
                .unwrap();
            assert_eq!(outcome, Outcome::Finished);
            let expected = left_behind(&whole);
            assert_eq!(expected.3.len() as u64, 1 + 2 * N, "a row per update");
            for [before, after] in [[1, 2], [2, 1]] {
                let path = path(&format!("{before}-{after}"));
                let mut stop = each(|run, _| match run.clock().updates {
                    N => ControlFlow::Break(()),
                    _ => ControlFlow::Continue(()),
                });
                let outcome = start(registry, names, before)
                    .run(&mut [&mut stop, &mut directory(&path, true)])
                    .unwrap();
                assert_eq!(outcome, Outcome::Interrupted);
                let mut resumed = start(registry, names, after);
                let mut held = directory(&path, false);
                let checkpoint = RunDirectory::newest_checkpoint(&path).unwrap();
                assert_eq!(checkpoint.manifest().update, N);
                checkpoint.check(&*resumed).unwrap();
                assert_eq!(resumed.restore(checkpoint.state()).unwrap(), [0; 0]);
                resumed.run(&mut [&mut held]).unwrap();
                assert!(
                    left_behind(&path) == expected,
                    "{names:?}: {before}, {after}"
                );
            }
        }
    }
}

#[test]
fn every_algorithm_resumes_to_the_byte_on_cartpole() {
    check("cartpole", AlgorithmEntry::has_networks);
}

#[test]
fn every_algorithm_resumes_to_the_byte_on_pendulum() {
    // Action values are of discrete actions.
    check("pendulum", |algo| {
        algo.has_networks() && !["dqn", "pqn"].contains(&algo.name())
    });
}

#[test]
fn every_tabular_method_resumes_to_the_byte_on_the_frozen_lake() {
    check("frozen-lake", |algo| !algo.has_networks());
}

#[test]
fn every_algorithm_resumes_to_the_byte_on_the_lander() {
    check("lunar-lander", AlgorithmEntry::has_networks);
}

#[test]
fn a_network_of_noisy_layers_resumes_to_the_byte_on_acrobot() {
    check("acrobot", |algo| algo.name() == "dqn");
}

#[test]
fn a_checkpoint_that_is_damaged_or_of_another_run_is_refused_by_name() {
    let registry = &Registry::default();
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("run");
    let names = ["ppo", "cartpole", "fused"];
    start(registry, names, 1)
        .run(&mut [&mut directory(&path, true)])
        .unwrap();
    let newest = path.join("checkpoints").join(format!("{:010}", 2 * N));
    let resume = |names| {
        let mut run = start(registry, names, 1);
        let checkpoint = RunDirectory::newest_checkpoint(&path).map_err(|e| e.to_string())?;
        checkpoint.check(&*run).map_err(|e| e.to_string())?;
        run.restore(checkpoint.state()).map_err(|e| e.to_string())
    };
    assert!(resume(names).is_ok());
    for (names, words) in [
        (["ppo", "acrobot", "fused"], ["env cartpole", "env acrobot"]),
        (["a2c", "cartpole", "fused"], ["algo ppo", "algo a2c"]),
    ] {
        let message = resume(names).unwrap_err();
        assert!(words.iter().all(|word| message.contains(word)), "{message}");
    }

    let state = fs::read(newest.join("state.safetensors")).unwrap();
    let manifest = fs::read_to_string(newest.join("manifest.json")).unwrap();
    let mut flipped = state.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let cases: [(&str, &[u8], &str, &str); 5] = [
        (
            "cut short",
            &state[..state.len() - 7],
            &manifest,
            "bytes, not",
        ),
        ("changed", &flipped, &manifest, "its checksum differs"),
        (
            "edited manifest",
            &state,
            &manifest.replace("\"seed\": 5", "\"seed\": 6"),
            "manifest.json was changed",
        ),
        (
            "another version",
            &state,
            &manifest.replace("\"format_version\": 1", "\"format_version\": 9"),
            "format_version 9; this version reads 1",
        ),
        ("no manifest", &state, "", "manifest.json"),
    ];
    for (what, state, manifest, word) in cases {
        fs::write(newest.join("state.safetensors"), state).unwrap();
        fs::write(newest.join("manifest.json"), manifest).unwrap();
        let message = resume(names).unwrap_err();
        assert!(message.contains(word), "{what}: {message}");
        assert!(message.contains("0000000006"), "{what}: {message}");
    }
    fs::remove_file(newest.join("manifest.json")).unwrap();
    assert!(
        resume(names)
            .unwrap_err()
            .contains("manifest.json is missing")
    );
    // Without it, the one before is there.
    fs::remove_dir_all(&newest).unwrap();
    assert!(resume(names).is_ok());
}

#[test]
fn a_directory_belongs_to_one_process_and_to_one_run() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("run");
    let held = RunDirectory::create(&path).unwrap();
    let message = RunDirectory::create(&path).unwrap_err().to_string();
    assert!(message.contains("not empty"), "{message}");
    fs::write(path.join("config.toml"), "").unwrap();
    let message = RunDirectory::open(&path).unwrap_err().to_string();
    assert!(message.contains("in use"), "{message}");
    drop(held);
    drop(RunDirectory::open(&path).unwrap());
    let message = RunDirectory::newest_checkpoint(&path)
        .unwrap_err()
        .to_string();
    assert!(message.contains("holds no checkpoint"), "{message}");
    let message = RunDirectory::open(place.path()).unwrap_err().to_string();
    assert!(
        message.contains("is not the directory of a run"),
        "{message}"
    );
}

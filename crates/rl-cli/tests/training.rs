//! `rl train`, as a user runs it.

mod common;

use std::fs;

use rl_core::Space;
use rl_train::Registry;
use serde_json::Value;

use common::{Place, assert_failure, assert_success, json, metrics};

#[test]
fn the_default_run_solves_cartpole_and_leaves_a_complete_directory() {
    let place = Place::new();
    let screen = assert_success(&place.rl("train"));
    for word in [
        "cartpole",
        "vpg",
        "flex",
        "mean return",
        "runs/cartpole-vpg-seed0",
    ] {
        assert!(screen.contains(word), "'{word}' is not in:\n{screen}");
    }
    assert!(screen.lines().count() < 25, "one screen");

    let run = place.path("runs/cartpole-vpg-seed0");
    let summary = json(&run.join("summary.json"));
    for key in [
        "env",
        "algo",
        "seed",
        "backend",
        "env_steps",
        "updates",
        "wall_s",
        "env_steps_per_s",
        "final_return_mean",
        "best_return_mean",
        "versions",
    ] {
        assert!(!summary[key].is_null(), "{key}");
    }
    // The same episodes, by drawn actions, which return what training does.
    let (likeliest, drawn) = (&summary["evaluation"], &summary["evaluation_stochastic"]);
    assert_eq!(
        (&likeliest["seed"], &drawn["actions"]),
        (&drawn["seed"], &"drawn".into())
    );
    assert_ne!(likeliest["returns"], drawn["returns"]);
    assert_eq!(summary["learned"], true);
    assert!(summary["initial_return_mean"].as_f64().unwrap() < 40.0);
    let header = metrics(&run.join("metrics.csv")).remove(0);
    let expected = "update,env_steps,episodes,return_mean,return_min,return_max,length_mean,\
                    truncated_share,observation_scale,policy_loss,entropy,grad_norm,kl,learning_rate";
    assert_eq!(header, expected);
    assert_eq!(metrics(&run.join("metrics.csv")).len(), 101);
    // No file that is written afterwards counts as training.
    let rows = fs::read_to_string(run.join("metrics.csv")).unwrap();
    let last = rows.trim().rsplit(',').next().unwrap();
    let wall_s = summary["wall_s"].as_f64().unwrap();
    assert_eq!(format!("{wall_s:.4}"), last);

    let evaluation: Value = serde_json::from_str(&assert_success(
        &place.rl("eval runs/cartpole-vpg-seed0 --episodes 100 --seed 1000 --json"),
    ))
    .unwrap();
    assert_eq!(evaluation["episodes"], 100);
    assert_eq!(evaluation["returns"].as_array().unwrap().len(), 100);
    assert!(
        evaluation["return_mean"].as_f64().unwrap() >= 475.0,
        "{evaluation}"
    );
    assert!(evaluation["return_max"].as_f64().unwrap() <= 500.0);
    let table = assert_success(&place.rl("eval runs/cartpole-vpg-seed0 --stochastic"));
    assert!(
        table.contains("drawn") && table.contains("mean return"),
        "{table}"
    );

    // A second run of the same name goes beside the first.
    assert_success(&place.rl("train --quiet --updates 1 --name cartpole-vpg-seed0"));
    assert!(
        place
            .path("runs/cartpole-vpg-seed0-2/summary.json")
            .exists()
    );
}

#[test]
fn the_same_seed_gives_the_same_bytes_with_any_number_of_threads() {
    let place = Place::new();
    let common = "--environments 5 --seed 3";
    place.trained("one", &format!("{common} --threads 1"));
    place.trained("again", &format!("{common} --threads 1"));
    place.trained("two", &format!("{common} --threads 2"));
    place.trained("other", "--environments 5 --seed 4 --threads 1");
    let policy = |name: &str| fs::read(place.path(name).join("policy.safetensors")).unwrap();
    let rows = |name: &str| metrics(&place.path(name).join("metrics.csv"));
    for name in ["again", "two"] {
        assert_eq!(policy(name), policy("one"), "{name}");
        assert_eq!(rows(name), rows("one"), "{name}");
    }
    assert_ne!(policy("other"), policy("one"));
}

#[test]
fn every_algorithm_gives_the_same_bytes_with_any_number_of_threads_and_from_its_configuration() {
    let place = Place::new();
    for algo in Registry::default().algorithms() {
        let env = match algo.has_networks() {
            true => "cartpole",
            false => "frozen-lake",
        };
        let algo = algo.name();
        let run = |threads: usize| format!("{algo}-{threads}");
        for threads in [1, 3] {
            let words = format!("--env {env} --algo {algo} --environments 8 --threads {threads}");
            place.trained(&run(threads), &words);
        }
        let words = format!("train --quiet --config {}/config.toml --out {algo}", run(1));
        assert_success(&place.rl(&words));
        let policy = |run: &str| fs::read(place.path(run).join("policy.safetensors")).unwrap();
        let rows = |run: &str| metrics(&place.path(run).join("metrics.csv"));
        for other in [run(3), algo.to_owned()] {
            assert_eq!(policy(&run(1)), policy(&other), "{other}");
            assert_eq!(rows(&run(1)), rows(&other), "{other}");
        }
        let summary = json(&place.path(algo).join("summary.json"));
        assert_eq!(summary["algo"], algo);
        let width = |row: &String| row.split(',').count();
        let rows = rows(algo);
        assert!(
            rows.iter().all(|row| width(row) == width(&rows[0])),
            "{rows:?}"
        );
    }
}

#[test]
fn both_learners_learn_the_same_of_every_algorithm() {
    let place = Place::new();
    let registry = Registry::default();
    let algorithms = registry.algorithms().iter();
    for algo in algorithms.filter(|algo| algo.has_networks()) {
        let algo = algo.name();
        let weights = ["burn", "fused"].map(|learner| {
            let run = format!("{algo}-{learner}");
            let words =
                format!("train --quiet --algo {algo} --learner {learner} --updates 1 --out {run}");
            assert_success(&place.rl(&words));
            let path = place.path(&run).join("policy.safetensors");
            let policy = rl_nets::PolicyFile::load(&path).unwrap();
            let flat: Vec<f32> = policy.weights.parameters().flatten().copied().collect();
            flat
        });
        let [by_tape, fused] = weights;
        let largest = by_tape.iter().zip(&fused).map(|(a, b)| (a - b).abs());
        let largest = largest.fold(0.0, f32::max);
        assert!(largest < 1e-4, "{algo}: {largest}");
    }
}

#[test]
fn every_distribution_of_a_box_trains_and_is_evaluated() {
    let place = Place::new();
    for kind in [
        "diag-gaussian",
        "state-gaussian",
        "squashed-gaussian",
        "beta",
    ] {
        for learner in ["burn", "fused"] {
            let run = format!("{kind}-{learner}");
            let short = "--environments 2 --steps-per-environment 128";
            let words = format!("--env pendulum --distribution {kind} --learner {learner} {short}");
            place.trained(&run, &words);
            let evaluation = assert_success(&place.rl(&format!("eval {run} --episodes 3 --json")));
            let evaluation: Value = serde_json::from_str(&evaluation).unwrap();
            let summary = json(&place.path(&run).join("summary.json"));
            assert_eq!(
                evaluation["returns"].as_array().unwrap()[..],
                summary["evaluation"]["returns"].as_array().unwrap()[..3]
            );
        }
    }
}

#[test]
fn the_configuration_of_a_run_repeats_it() {
    let place = Place::new();
    place.trained("first", "--preset notebook-total --seed 5 --lr 1e-3");
    assert_success(&place.rl("train --quiet --config first/config.toml --out second"));
    let file = |run: &str, name: &str| fs::read(place.path(run).join(name)).unwrap();
    for name in ["config.toml", "policy.safetensors"] {
        assert_eq!(file("first", name), file("second", name), "{name}");
    }
}

#[test]
fn a_run_ends_after_its_steps() {
    let place = Place::new();
    assert_success(&place.rl("train --quiet --steps 700 --steps-per-update 300 --out run"));
    let summary = json(&place.path("run/summary.json"));
    let steps = summary["env_steps"].as_u64().unwrap();
    assert!((700..1500).contains(&steps), "{steps}");
}

#[test]
fn a_loss_that_is_not_finite_ends_the_run_and_keeps_its_metrics() {
    let place = Place::new();
    let words = "train --quiet --lr 1e38 --set anneal_learning_rate=false --out run";
    let output = place.rl(words);
    assert_failure(
        &output,
        1,
        &["update", "not a finite number", "learning_rate"],
    );
    assert!(place.path("run/metrics.csv").exists());
    assert!(
        !place.path("run/policy.safetensors").exists(),
        "no useless policy"
    );
}

#[test]
fn a_reward_that_is_not_finite_ends_the_run() {
    let place = Place::new();
    let output =
        place.rl("train --quiet --env pendulum --algo vpg --set reward_scale=3e38 --out run");
    assert_failure(
        &output,
        1,
        &[
            "update 1",
            "environment 2",
            "reward times the reward scale 3e38",
            "not a finite",
        ],
    );
}

#[cfg(feature = "wgpu")]
#[test]
fn a_backend_without_a_device_says_what_to_install() {
    let place = Place::new();
    // No driver is found under these names.
    let output = place
        .command("train --quiet --updates 1 --backend wgpu --out run")
        .env("VK_DRIVER_FILES", "/nonexistent")
        .env("VK_ICD_FILENAMES", "/nonexistent")
        .env("__EGL_VENDOR_LIBRARY_FILENAMES", "/nonexistent")
        .output()
        .unwrap();
    assert_failure(
        &output,
        1,
        &["wgpu", "found no device", "mesa-vulkan-drivers"],
    );
    assert!(
        !place.path("run").exists(),
        "a run that cannot start leaves nothing"
    );
}

#[cfg(feature = "wgpu")]
#[test]
fn a_gpu_backend_trains_evaluates_and_writes_the_same_files() {
    let place = Place::new();
    place.trained("run", "--backend wgpu");
    assert_eq!(json(&place.path("run/summary.json"))["backend"], "wgpu");
    assert_success(&place.rl("eval run --episodes 3"));
}

#[test]
fn every_environment_trains_and_is_evaluated() {
    let place = Place::new();
    let list = assert_success(&place.rl("list envs --json"));
    let list: Value = serde_json::from_str(&list).unwrap();
    let names: Vec<&str> = list["envs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["name"].as_str().unwrap())
        .collect();
    let of_mujoco = if cfg!(feature = "mujoco") { 8 } else { 0 };
    assert_eq!(names.len(), 11 + of_mujoco);
    for name in names {
        let registry = Registry::default();
        let entry = registry.find_environment(name).unwrap();
        let of_numbers = matches!(
            entry.source().make().unwrap().spaces().observation,
            Space::Box(_)
        );
        place.trained(
            name,
            &format!("--env {name} --normalize-observations={of_numbers}"),
        );
        assert_success(&place.rl(&format!("eval {name} --episodes 2")));
    }
}

#[test]
fn what_observations_are_normalised_by_is_the_same_on_any_number_of_threads_and_saved() {
    let place = Place::new();
    let words = "--env pendulum --normalize-observations --environments 5";
    place.trained("one", words);
    place.trained("three", &format!("{words} --threads 3"));
    let policy = |run: &str| fs::read(place.path(&format!("{run}/policy.safetensors"))).unwrap();
    assert_eq!(policy("one"), policy("three"));
    assert_eq!(
        metrics(&place.path("one/metrics.csv")),
        metrics(&place.path("three/metrics.csv"))
    );

    let path = place.path("one/policy.safetensors");
    let moments = rl_nets::PolicyFile::load(&path).unwrap().normalization;
    let moments = moments.unwrap();
    // Cosine, sine and velocity of a rod that mostly hangs.
    assert!(
        moments.mean()[0] < 0.0 && moments.variance()[2] > 1.0,
        "{moments:?}"
    );
    let evaluation = assert_success(&place.rl("eval one --json"));
    let evaluation: Value = serde_json::from_str(&evaluation).unwrap();
    let summary = json(&place.path("one/summary.json"));
    assert_eq!(evaluation["returns"], summary["evaluation"]["returns"]);
}

#[test]
fn a_run_whose_policy_is_no_better_than_the_initial_one_says_so() {
    let place = Place::new();
    for (words, learned) in [
        ("--learning-rate 1e-30 --updates 3", false),
        (
            "--env mountain-car --algo vpg --weighting total-return --updates 3",
            false,
        ),
        ("--learning-rate 1e-2 --updates 20", true),
    ] {
        let screen = assert_success(&place.rl(&format!("train {words} --out run")));
        assert_eq!(
            screen.contains("did not learn"),
            !learned,
            "{words}: {screen}"
        );
        let summary = json(&place.path("run/summary.json"));
        assert_eq!(summary["learned"], learned, "{words}");
        // Nor did a return fall that never rose but by chance.
        assert!(
            learned || !screen.contains("the mean return fell"),
            "{screen}"
        );
        fs::remove_dir_all(place.path("run")).unwrap();
    }
}

#[test]
fn a_good_policy_to_start_from_is_not_said_to_have_learned_nothing() {
    let place = Place::new();
    assert_success(&place.rl("train --quiet --out good"));
    let from = "train --init-from good/policy.safetensors --lr 1e-30 --updates 1 --out run";
    let screen = assert_success(&place.rl(from));
    assert!(screen.contains("no improvement "), "{screen}");
    assert!(!screen.contains("did not learn"), "{screen}");
    let summary = json(&place.path("run/summary.json"));
    assert_eq!(summary["init_from"], "good/policy.safetensors");
}

#[test]
fn a_goal_that_is_reached_completes_the_run() {
    let place = Place::new();
    let words = "train --preset cartpole-gae --stop-at 60 --out run";
    let screen = assert_success(&place.rl(words));
    assert!(screen.contains("likeliest actions"), "{screen}");
    let summary = json(&place.path("run/summary.json"));
    assert_eq!(summary["outcome"], "reached");
    assert!(summary["evaluation"]["return_mean"].as_f64().is_some());
    let again = place.rl("train --resume run");
    assert_failure(&again, 2, &["is finished", "--stop-at"]);
    assert_success(&place.rl("train --resume run --stop-at 120 --quiet"));
}

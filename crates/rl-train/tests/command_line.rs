//! The binary `rl`, as a user runs it.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// A directory to run in, removed at the end.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// Runs `rl` with words separated by spaces.
    fn rl(&self, words: &str) -> Output {
        self.command(words).output().unwrap()
    }

    fn command(&self, words: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rl"));
        command.args(words.split_whitespace());
        command.current_dir(self.0.path());
        command
    }

    /// A run of a few updates in `name`.
    fn trained(&self, name: &str, words: &str) {
        let words = format!("train --quiet --updates 3 --out {name} {words}");
        assert_success(&self.rl(&words));
    }
}

fn assert_success(output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// One message on standard error, with the exit code and everything that it must name.
fn assert_failure(output: &Output, code: i32, names: &[&str]) {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{errors}");
    assert_eq!(errors.matches("error:").count(), 1, "{errors}");
    assert!(
        !errors.contains("panicked") && !errors.contains("backtrace"),
        "{errors}"
    );
    for name in names {
        assert!(errors.contains(name), "'{name}' is not in: {errors}");
    }
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// `metrics.csv` without its wall-clock column, the last.
fn metrics(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    let row = |line: &str| line.rsplit_once(',').expect("several columns").0.to_owned();
    text.lines().map(row).collect()
}

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
    let header = metrics(&run.join("metrics.csv")).remove(0);
    let expected = "update,env_steps,episodes,return_mean,return_min,return_max,length_mean,loss,\
                    entropy,grad_norm,kl,value_loss,explained_variance,clip_fraction,staleness";
    assert_eq!(header, expected);
    assert_eq!(metrics(&run.join("metrics.csv")).len(), 101);

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
    assert_success(&place.rl("train --quiet --updates 1"));
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
    for algo in ["reinforce", "vpg", "a2c", "a3c", "trpo", "ppo"] {
        let run = |threads: usize| format!("{algo}-{threads}");
        for threads in [1, 3] {
            let words = format!("--algo {algo} --environments 8 --threads {threads}");
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
    for algo in ["reinforce", "vpg", "a2c", "a3c", "trpo", "ppo"] {
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
fn parts_of_a_configuration_that_do_not_go_together_are_refused() {
    let place = Place::new();
    for (words, names) in [
        (
            "train --clip-range 0.2",
            ["clip_range", "not used by the algorithm vpg", "ppo"],
        ),
        (
            "train --algo ppo --minibatch-size 7",
            [
                "minibatch_size = 7",
                "--minibatch-size",
                "a divisor of the 256 steps",
            ],
        ),
        (
            "train --algo ppo --minibatch-size 512",
            [
                "minibatch_size = 512",
                "--minibatch-size",
                "a divisor of the 256 steps",
            ],
        ),
        (
            "train --algo ppo --minibatch-size 1",
            ["normalize_advantages = true", "false", "single step"],
        ),
        (
            "train --algo ppo --lambda 1.5",
            ["lambda = 1.5", "--lambda", "0 to 1"],
        ),
        (
            "train --algo ppo --epochs 0",
            ["epochs = 0", "--epochs", "at least 1"],
        ),
        (
            "train --algo reinforce --baseline time",
            ["baseline = time", "--baseline", "none or value"],
        ),
        (
            "train --weighting gae",
            ["baseline = none", "value", "bootstraps"],
        ),
        (
            "train --env pendulum --distribution categorical",
            [
                "distribution = categorical",
                "--distribution",
                "diag-gaussian",
            ],
        ),
    ] {
        assert_failure(&place.rl(words), 2, &names);
    }
    assert!(!place.path("runs").exists(), "a wrong call leaves nothing");
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
fn a_reader_that_has_seen_enough_ends_the_program_without_a_word() {
    let place = Place::new();
    let mut child = place
        .command("list")
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "{errors}");
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
fn list_shows_everything_as_text_and_as_json() {
    let place = Place::new();
    let text = assert_success(&place.rl("list"));
    for word in [
        "cartpole",
        "CartPole-v1",
        "vpg",
        "notebook-rtg",
        "notebook-total",
        "wgpu",
    ] {
        assert!(text.contains(word), "'{word}' is not in:\n{text}");
    }
    let presets = assert_success(&place.rl("list presets --json"));
    let presets: Value = serde_json::from_str(&presets).unwrap();
    assert_eq!(
        presets["presets"].as_array().unwrap().len(),
        rl_train::PRESETS.len()
    );
}

#[test]
fn unknown_words_are_answered_with_the_nearest_and_all_allowed_ones() {
    let place = Place::new();
    for (words, names) in [
        (
            "train --env cartpol",
            ["'cartpol'", "--env", "Did you mean 'cartpole'?"],
        ),
        (
            "train --algo vgp",
            ["'vgp'", "--algo", "Allowed: reinforce, vpg, a2c"],
        ),
        (
            "train --preset notebook-rgt",
            ["'notebook-rgt'", "--preset", "'notebook-rtg'?"],
        ),
        ("train --backend wpgu", ["'wpgu'", "--backend", "'wgpu'?"]),
        ("train --set gama=0.9", ["'gama'", "--set gama", "'gamma'?"]),
        (
            "train --activation tanx",
            ["'tanx'", "--activation", "'tanh'?"],
        ),
        (
            "train --set weighting=reward",
            ["'reward'", "--set weighting", "reward-to-go"],
        ),
        ("train --gama 0.9", ["--gama", "--gamma", "unexpected"]),
        ("tran", ["tran", "train", "unrecognized"]),
        ("list env", ["env", "envs", "algos"]),
    ] {
        assert_failure(&place.rl(words), 2, &names);
    }
    assert!(!place.path("runs").exists(), "a wrong call leaves nothing");
}

#[test]
fn a_backend_that_was_not_compiled_in_says_how_to_build_it() {
    let place = Place::new();
    let output = place.rl("train --backend cuda");
    assert_failure(
        &output,
        2,
        &["'cuda'", "not part of this binary", "--features cuda"],
    );
    assert!(!place.path("runs").exists(), "a wrong call leaves nothing");
}

#[test]
fn values_of_another_type_or_range_are_named_with_their_origin() {
    let place = Place::new();
    for (words, names) in [
        ("train --gamma high", ["gamma", "'high'", "--gamma"]),
        ("train --gamma 1.5", ["1.5", "--gamma", "0 to 1"]),
        ("train --seed -1", ["seed", "-1", "--seed"]),
        ("train --updates 2.5", ["updates", "2.5", "--updates"]),
        (
            "train --threads 0",
            ["threads = 0", "--threads", "1 to 1024"],
        ),
        (
            "train --set environments=0",
            ["environments = 0", "--set environments", "1 to 65536"],
        ),
        (
            "train --set learning_rate=0",
            ["learning_rate = 0", "--set learning_rate", "positive"],
        ),
        ("train --set gamma", ["--set gamma", "key", "value"]),
        (
            "train --updates 1 --steps 1",
            ["--updates", "--steps", "exclude"],
        ),
        ("eval x --episodes 0", ["0", "--episodes", "1.."]),
    ] {
        assert_failure(&place.rl(words), 2, &names);
    }
    assert!(!place.path("runs").exists(), "a wrong call leaves nothing");
}

#[test]
fn a_configuration_file_is_checked_key_by_key() {
    let place = Place::new();
    for (text, names) in [
        ("gamma = 'high'", ["gamma = 'high'", "bad.toml", "f64"]),
        ("gama = 0.9", ["'gama'", "bad.toml", "'gamma'?"]),
        ("env = 'cartpol'", ["'cartpol'", "bad.toml", "'cartpole'?"]),
        ("env = 3", ["env = 3", "bad.toml", "string"]),
        ("gamma = 2.0", ["gamma = 2", "bad.toml", "0 to 1"]),
        ("gamma = ", ["bad.toml", "not TOML", "line 1"]),
        (
            "updates = 1\nsteps = 1",
            ["'updates'", "bad.toml", "exclude"],
        ),
    ] {
        place.write("bad.toml", text);
        assert_failure(&place.rl("train --config bad.toml"), 2, &names);
    }
    assert_failure(
        &place.rl("train --config none.toml"),
        2,
        &["none.toml", "cannot read"],
    );
    assert!(!place.path("runs").exists(), "a wrong call leaves nothing");
}

#[test]
fn a_directory_that_is_not_empty_is_left_as_it_is() {
    let place = Place::new();
    fs::create_dir(place.path("full")).unwrap();
    place.write("full/precious.txt", "mine");
    let output = place.rl("train --updates 1 --out full");
    assert_failure(&output, 2, &["full", "--out", "not empty"]);
    assert_eq!(
        fs::read_to_string(place.path("full/precious.txt")).unwrap(),
        "mine"
    );
    assert_eq!(fs::read_dir(place.path("full")).unwrap().count(), 1);

    place.write("file", "mine");
    assert_failure(&place.rl("train --updates 1 --out file"), 1, &["file"]);
    assert_eq!(fs::read_to_string(place.path("file")).unwrap(), "mine");

    fs::create_dir(place.path("empty")).unwrap();
    place.trained("empty", "");
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
    let output = place.rl("train --quiet --set reward_scale=1e39 --out run");
    assert_failure(
        &output,
        1,
        &["update 1", "environment 0", "reward 1", "not a finite"],
    );
}

#[test]
fn render_shows_the_episodes_that_eval_plays() {
    let place = Place::new();
    place.trained("run", "");
    for words in ["", "--stochastic"] {
        let line = assert_success(&place.rl(&format!("render run -o out.gif --seed 7 {words}")));
        let gif = fs::read(place.path("out.gif")).unwrap();
        assert!(gif.starts_with(b"GIF89a") && gif.ends_with(&[0x3b]));
        let evaluation = place.rl(&format!("eval run --episodes 1 --seed 7 --json {words}"));
        let evaluation: Value = serde_json::from_str(&assert_success(&evaluation)).unwrap();
        let episode_return = evaluation["returns"][0].as_f64().unwrap();
        let expected = format!("out.gif: return {episode_return:.2} in {episode_return} steps\n");
        assert_eq!(line, expected);
    }
    // The same agent, the same bytes; a policy is known by its file, too.
    assert_success(&place.rl("render run -o one.gif"));
    assert_success(&place.rl("render run/policy.safetensors -o two.gif"));
    let bytes = |name: &str| fs::read(place.path(name)).unwrap();
    assert_eq!(bytes("one.gif"), bytes("two.gif"));
}

#[test]
fn render_shows_other_players_as_files_and_directories() {
    let place = Place::new();
    let words = "render --random --env CartPole-v1 --episodes 2 -o frames";
    let line = assert_success(&place.rl(words));
    assert_eq!(line.matches("return").count(), 2, "{line}");
    let steps: usize = line
        .split_whitespace()
        .zip(line.split_whitespace().skip(1))
        .filter(|(before, _)| *before == "in")
        .map(|(_, steps)| steps.parse::<usize>().unwrap())
        .sum();
    // The state that an episode starts from, and one per step.
    let files = fs::read_dir(place.path("frames")).unwrap().count();
    assert_eq!(files, steps + 2);
    assert!(place.path("frames/frame-00000.png").exists());

    let line = assert_success(&place.rl("render --heuristic --env mountain-car -o last.png"));
    assert!(line.starts_with("last.png: return -1"), "{line}");
    assert!(
        fs::read(place.path("last.png"))
            .unwrap()
            .starts_with(b"\x89PNG")
    );
}

#[test]
fn render_says_what_is_wrong_with_a_call_and_leaves_nothing() {
    let place = Place::new();
    fs::create_dir(place.path("full")).unwrap();
    place.write("full/precious.txt", "mine");
    for (words, code, names) in [
        ("render -o out.gif", 2, ["DIR", "--random", "--heuristic"]),
        ("render --random -o out.gif", 2, ["--env", "required", ""]),
        (
            "render run --random --env cartpole -o out.gif",
            2,
            ["DIR", "--random", "cannot"],
        ),
        (
            "render run --env cartpole -o out.gif",
            2,
            ["DIR", "--env", "cannot"],
        ),
        ("render run", 2, ["--out", "required", ""]),
        ("render run -o out.mp4", 2, ["'.mp4'", ".gif", ".png"]),
        (
            "render --random --env cartpol -o out.gif",
            2,
            ["'cartpol'", "--env", "'cartpole'?"],
        ),
        (
            "render --random --env cartpole -o full",
            2,
            ["full", "not empty", ""],
        ),
        (
            "render run -o out.gif",
            1,
            ["run", "policy.safetensors", "cannot read"],
        ),
        (
            "render --random --env cartpole -o nowhere/out.gif",
            1,
            ["nowhere/out.gif", "cannot write", ""],
        ),
    ] {
        assert_failure(&place.rl(words), code, &names);
    }
    assert_eq!(fs::read_dir(place.path("full")).unwrap().count(), 1);
    assert_eq!(fs::read_dir(place.path("")).unwrap().count(), 1);
}

#[test]
fn a_policy_file_that_is_missing_or_damaged_is_an_error() {
    let place = Place::new();
    assert_failure(
        &place.rl("eval nowhere"),
        1,
        &["nowhere", "policy.safetensors", "cannot read"],
    );

    place.trained("run", "");
    let path = place.path("run/policy.safetensors");
    let whole = fs::read(&path).unwrap();
    let text = |from: &str, to: &str| {
        let start = whole
            .windows(from.len())
            .position(|w| w == from.as_bytes())
            .unwrap();
        let mut bytes = whole.clone();
        bytes[start..start + from.len()].copy_from_slice(to.as_bytes());
        bytes
    };
    for (bytes, names) in [
        (
            whole[..whole.len() / 2].to_vec(),
            ["policy.safetensors", "damaged"],
        ),
        (b"not a policy".to_vec(), ["policy.safetensors", "damaged"]),
        (
            text(r#""format_version":"1""#, r#""format_version":"9""#),
            ["format_version 9", "reads up to 1"],
        ),
        (
            text(r#""env":"cartpole""#, r#""env":"kartpole""#),
            ["'kartpole'", "does not exist"],
        ),
        // The first layer and its data as [64, 4] becomes one of [4, 64].
        (
            text(r#""shape":[64,4]"#, r#""shape":[4,64]"#),
            ["policy.layers.0", "shape"],
        ),
    ] {
        fs::write(&path, bytes).unwrap();
        assert_failure(&place.rl("eval run"), 1, &names);
    }
}

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

#[test]
fn a_gpu_backend_trains_evaluates_and_writes_the_same_files() {
    let place = Place::new();
    place.trained("run", "--backend wgpu");
    assert_eq!(json(&place.path("run/summary.json"))["backend"], "wgpu");
    assert_success(&place.rl("eval run --episodes 3"));
}

#[test]
fn a_policy_for_another_shape_of_observations_is_an_error() {
    let place = Place::new();
    let space = rl_core::Space::Discrete(rl_core::Discrete::new(3).unwrap());
    let policy = rl_nets::PolicyFile {
        env: "cartpole".into(),
        algo: "vpg".into(),
        weights: rl_nets::PolicyConfig::new(6, &space).draw(&mut rl_core::Stream::from_seed(0)),
        action_space: space,
        normalization: None,
    };
    policy.save(&place.path("policy.safetensors")).unwrap();
    let output = place.rl("eval policy.safetensors");
    assert_failure(
        &output,
        1,
        &["policy.safetensors", "takes 6 numbers", "4 numbers"],
    );
}

#[test]
fn parity_judges_the_environments_by_recorded_traces() {
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../rl-envs/tests/golden");
    let place = Place::new();
    let parity = |words: &str| {
        place
            .command("parity")
            .arg(golden)
            .args(words.split_whitespace())
            .output()
    };
    let table = assert_success(&parity("").unwrap());
    for word in [
        "cartpole: passed",
        "transitions.csv",
        "500 of 500",
        "reward",
    ] {
        assert!(table.contains(word), "'{word}' is not in:\n{table}");
    }
    let report: Value = serde_json::from_str(&assert_success(&parity("--json").unwrap())).unwrap();
    assert_eq!(report["passed"], true);
    assert_eq!(report["beyond"], 0);
    let environments = report["environments"].as_array().unwrap();
    assert!(environments.len() >= 5, "{report}");

    let name = "transitions.csv";
    fs::create_dir(place.path("pendulum")).unwrap();
    let text = fs::read_to_string(Path::new(golden).join("pendulum").join(name)).unwrap();
    let rows: Vec<&str> = text.lines().collect();
    for (row, code, names) in [
        (
            rows[3].replacen(",0,0", ",1,0", 1),
            1,
            ["1 number is beyond its tolerance", "", ""],
        ),
        (
            rows[3].replacen("0.5097862191557514", "high", 1),
            1,
            ["pendulum/transitions.csv", "line 4", "'high'"],
        ),
    ] {
        assert_ne!(row, rows[3]);
        let changed = [&rows[..3], &[&row], &rows[4..]].concat().join("\n");
        place.write("pendulum/transitions.csv", &changed);
        assert_failure(&place.rl("parity ."), code, &names);
    }
    for (words, names) in [
        ("parity nowhere", ["nowhere", "not a directory"]),
        ("parity", ["DIR", "required"]),
    ] {
        assert_failure(&place.rl(words), 2, &names);
    }
    fs::create_dir(place.path("empty")).unwrap();
    assert_failure(
        &place.rl("parity empty"),
        2,
        &["empty", "no recorded traces"],
    );
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
    assert_eq!(names.len(), 7);
    for name in names {
        place.trained(name, &format!("--env {name} --normalize-observations"));
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
fn random_actions_and_rules_of_thumb_are_judged_as_agents_are() {
    let place = Place::new();
    let mean = |words: &str| {
        let evaluation = assert_success(&place.rl(&format!("eval {words} --json")));
        let evaluation: Value = serde_json::from_str(&evaluation).unwrap();
        evaluation["return_mean"].as_f64().unwrap()
    };
    assert_eq!(mean("--heuristic --env CartPole-v1"), 500.0);
    // In Gymnasium it is 22.3, of deviation 11.8: 99.9 % of means of 1000 lie within 1.23.
    let random = mean("--random --env cartpole --episodes 1000");
    assert!((random - 22.3).abs() < 1.23, "{random}");
    for (words, names) in [
        ("eval", ["DIR", "--random"]),
        ("eval --random", ["--env", "required"]),
        ("eval --heuristic --env cartpol", ["cartpol", "'cartpole'"]),
    ] {
        assert_failure(&place.rl(words), 2, &names);
    }
}

#[test]
fn bench_measures_every_environment_in_every_form() {
    let place = Place::new();
    let json = assert_success(&place.rl("bench envs --runs 1 --seconds 0.0001 --json"));
    let speeds: Vec<Value> = serde_json::from_str(&json).unwrap();
    let count = |form: &str| speeds.iter().filter(|speed| speed["form"] == form).count();
    assert_eq!(
        [count("scalar"), count("batch"), count("simd")],
        [7, 28, 20]
    );
    for speed in &speeds {
        assert!(speed["steps_per_s"].as_f64().unwrap() > 1000.0, "{speed}");
        assert!(speed["n"].is_u64() && speed["env"].is_string(), "{speed}");
    }
    for (words, names) in [
        ("bench cars", ["'cars'", "subcommand"]),
        ("bench --runs 0", ["'0'", "--runs"]),
        ("bench envs --seconds 0", ["'0'", "a positive number"]),
        ("bench envs --runs 0", ["'0'", "--runs"]),
    ] {
        assert_failure(&place.rl(words), 2, &names);
    }
    let words = "bench envs --runs 1 --seconds 0.0001 --python no-such-python";
    let output = place.rl(words);
    assert_failure(&output, 1, &["no-such-python", "--python"]);
}

#[test]
fn bench_without_a_command_measures_the_environments() {
    let place = Place::new();
    for words in ["bench", "bench env"] {
        let words = format!("{words} --runs 1 --seconds 0.0001 --json");
        let json = assert_success(&place.rl(&words));
        let speeds: Vec<Value> = serde_json::from_str(&json).unwrap();
        assert_eq!(speeds.len(), 55);
    }
}

#[test]
fn bench_train_measures_trainings_of_our_own_and_keeps_the_runs() {
    let place = Place::new();
    let words = "bench train --workload vpg-notebook --workload ppo-threads --runs 2 --share 0.01";
    let json = assert_success(&place.rl(&format!("{words} --json --out out")));
    let speeds: Vec<Value> = serde_json::from_str(&json).unwrap();
    let names: Vec<_> = speeds
        .iter()
        .map(|speed| format!("{} {}", speed["workload"], speed["side"]).replace('"', ""))
        .collect();
    let expected = [
        "vpg-notebook rl",
        "ppo-threads rl-1-thread",
        "ppo-threads rl-2-threads",
    ];
    assert_eq!(names, expected);
    for speed in &speeds {
        let number = |key: &str| speed[key].as_f64().unwrap();
        assert_eq!(speed["runs"], 2);
        assert!(
            number("steps_per_s") > 100.0 && number("wall_s") > 0.0,
            "{speed}"
        );
        assert!(number("process_s") > number("wall_s"), "{speed}");
        assert!(number("first_update_s") > 0.0, "{speed}");
    }
    let raw = fs::read_to_string(place.path("out/raw.json")).unwrap();
    let raw: Value = serde_json::from_str(&raw).unwrap();
    assert_eq!(raw["runs"].as_array().unwrap().len(), 6);
    assert_eq!(raw["configurations"]["ppo-threads"]["epochs"], 4);
    let page = fs::read_to_string(place.path("out/README.md")).unwrap();
    assert!(page.contains("cargo xtask bench train --workload vpg-notebook"));

    for (words, names) in [
        ("--against cleanrl", ["'cleanrl'", "torch, sb3, jax"]),
        ("--workload chess", ["'chess'", "ppo-zoo"]),
        ("--share 0", ["'0'", "above 0"]),
    ] {
        assert_failure(&place.rl(&format!("bench train {words}")), 2, &names);
    }
    let words = "--workload ppo-zoo --share 0.001 --against sb3 --python no-such-python";
    let output = place.rl(&format!("bench train {words}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(errors.contains("no-such-python"), "{errors}");
}

#[test]
fn bench_scaling_leaves_numbers_and_a_picture() {
    let place = Place::new();
    let words = "bench scaling --axis environments --most 4 --runs 1 --seconds 0.001 --json";
    let json = assert_success(&place.rl(words));
    let points: Vec<Value> = serde_json::from_str(&json).unwrap();
    let values: Vec<_> = points
        .iter()
        .map(|point| point["value"].as_u64().unwrap())
        .collect();
    assert_eq!(values, [1, 4]);
    for point in &points {
        assert!(point["steps_per_s"].as_f64().unwrap() > 100.0, "{point}");
        assert_eq!(point["axis"], "environments");
    }
    let directory = place.path("runs/bench-scaling");
    assert_eq!(metrics(&directory.join("scaling.csv")).len(), 3);
    for name in ["README.md", "environments.svg"] {
        assert!(directory.join(name).exists(), "{name}");
    }
}

#[test]
fn variance_measures_every_estimator_and_leaves_a_table_and_pictures() {
    let place = Place::new();
    let few = "variance --batches 3 --trajectories 2 --seed 5";
    let table = assert_success(&place.rl(few));
    for word in ["total return", "GAE(λ = 0.95)", "value function", "biased"] {
        // On the finite MDP and on CartPole.
        assert!(table.matches(word).count() >= 2, "'{word}' in:\n{table}");
    }
    let directory = place.path("runs/variance");
    for name in ["variance-finite-mdp.svg", "variance-cartpole.svg"] {
        let svg = fs::read_to_string(directory.join(name)).unwrap();
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
        assert_eq!(svg.matches("GAE(λ = 0.95)").count(), 1);
    }

    // The same numbers as JSON and in the file.
    let json = assert_success(&place.rl(&format!("{few} --env finite-mdp --json --out new/place")));
    let rows: Value = serde_json::from_str(&json).unwrap();
    let rows = rows.as_array().unwrap();
    let csv = metrics(&place.path("new/place/variance.csv"));
    assert_eq!(csv.len(), 1 + rows.len());
    for (row, line) in rows.iter().zip(&csv[1..]) {
        assert_eq!(row["env"], "finite-mdp");
        let (_, number) = line.rsplit_once(',').unwrap();
        let ratio = number.parse::<f64>().unwrap() / row["noise_to_signal"].as_f64().unwrap();
        assert!((ratio - 1.0).abs() < 1e-12, "{line}");
    }
    // And those of all rows above, times apart.
    assert_eq!(metrics(&directory.join("variance.csv"))[..csv.len()], csv);
    assert!(!place.path("new/place/variance-cartpole.svg").exists());
}

#[test]
fn a_variance_that_cannot_be_measured_says_what_can() {
    let place = Place::new();
    let refused = |words: &str, names: &[&str]| {
        assert_failure(&place.rl(&format!("variance {words}")), 2, names);
    };
    refused(
        "--env pendulum",
        &["pendulum", "finite-mdp", "cartpole", "all"],
    );
    refused("--batches 1", &["--batches", "2..=100000"]);
    refused("--trajectories 1", &["--trajectories", "2..=1000"]);
    place.write("taken", "");
    let taken = "variance --env finite-mdp --batches 2 --out taken";
    assert_failure(&place.rl(taken), 1, &["cannot write taken"]);
}

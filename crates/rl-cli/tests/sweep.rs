//! Extreme values of every numeric key, for every algorithm: each is refused by name, or trains with
//! finite numbers, or ends with an error that names what failed.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use common::{Place, assert_success};
use rl_train::{Key, Registry, ValueKind};

/// Memory that a run may ask for, in kilobytes.
const MEMORY: u64 = 4_000_000;
/// Time that a case may take; those with a budget that no one waits for are interrupted earlier.
const PATIENCE: Duration = Duration::from_secs(20);
const VALUES: [&str; 9] = [
    "0", "-0", "1e-60", "1e-30", "1e30", "1e300", "nan", "inf", "max",
];
/// Keys under which a run of any length is asked for.
const BUDGETS: [&str; 3] = ["updates", "steps", "episodes"];
/// Columns that may be empty in a sound run: no episode ended, or the targets did not vary.
const MAY_BE_EMPTY: [&str; 7] = [
    "return_mean",
    "return_min",
    "return_max",
    "length_mean",
    "truncated_share",
    "explained_variance",
    "approx_kl",
];

/// Keys that make the runs of an algorithm short.
fn short(algo: &str) -> &'static str {
    match algo {
        "vpg" => "--steps-per-update 60 --baseline value --value-iterations 2",
        "reinforce" => "--baseline value --value-iterations 2",
        "trpo" => "--steps-per-environment 32 --value-iterations 2",
        "ppo" => "--steps-per-environment 16 --minibatch-size 8 --epochs 2",
        "dqn" => "--rounds 5 --learning-starts 10 --buffer-size 200 --minibatch-size 8",
        "q-learning" | "sarsa" | "expected-sarsa" => "--steps-per-environment 30",
        "pqn" => "--steps-per-environment 16 --minibatch-size 8 --epochs 2",
        _ => "",
    }
}

fn is_numeric(key: &Key) -> bool {
    matches!(key.kind, ValueKind::Count | ValueKind::Number)
}

/// The fault of a case, if it has one.
fn fault(place: &Place, env: &str, algo: &str, key: &Key, value: &str) -> Option<String> {
    let is_count = key.kind == ValueKind::Count;
    let value = match value {
        "max" if is_count => "9223372036854775807",
        "max" => "1.7976931348623157e308",
        value => value,
    };
    let budget = if BUDGETS.contains(&key.name) {
        ""
    } else {
        "--updates 2"
    };
    // Options win over `--set`: the key of the case is not among them.
    let option = format!("--{} ", key.name.replace('_', "-"));
    let all = format!(
        "--environments 2 --eval-episodes 2 {budget} {} ",
        short(algo)
    );
    let words: Vec<&str> = all.split_whitespace().collect();
    let pairs = words
        .chunks(2)
        .map(|pair| format!("{} {} ", pair[0], pair[1]));
    let others: String = pairs.filter(|pair| !pair.starts_with(&option)).collect();
    _ = fs::remove_dir_all(place.path("run"));
    let line = format!(
        "ulimit -v {MEMORY}; exec \"$0\" train --quiet --preset none --env {env} --algo {algo} \
         --eval-every 1 --out run {others} --set {}={value}",
        key.name
    )
    .replace(
        "--eval-every 1 ",
        if key.name == "eval_every" {
            ""
        } else {
            "--eval-every 1 "
        },
    );
    let mut child = Command::new("sh")
        .args(["-c", &line, env!("CARGO_BIN_EXE_rl")])
        .current_dir(place.path(""))
        .env("RUST_BACKTRACE", "0")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let begin = Instant::now();
    let mut is_interrupted = false;
    while child.try_wait().unwrap().is_none() {
        sleep(Duration::from_millis(2));
        let waited = begin.elapsed();
        if !is_interrupted && BUDGETS.contains(&key.name) && waited > Duration::from_millis(300) {
            is_interrupted = true;
            let pid = child.id().to_string();
            assert!(
                Command::new("kill")
                    .args(["-s", "INT", &pid])
                    .status()
                    .unwrap()
                    .success()
            );
        }
        if waited > PATIENCE {
            child.kill().unwrap();
        }
    }
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let is_one_error = errors.matches("error:").count() == 1 && !errors.contains("panicked");
    let sound = match output.status.code() {
        Some(2) => is_one_error && errors.contains(key.name),
        Some(1) => {
            is_one_error
                && ["update ", "policy.layers", key.name]
                    .iter()
                    .any(|name| errors.contains(name))
        }
        Some(130) => is_interrupted,
        Some(0) => return unsound_numbers(place).map(|what| format!("{what}\n{line}")),
        _ => false,
    };
    (!sound).then(|| format!("{}: {errors}\n{line}", output.status))
}

/// The fault of the numbers of a run that succeeded, if they have one.
fn unsound_numbers(place: &Place) -> Option<String> {
    let mut reader = csv::Reader::from_path(place.path("run/metrics.csv")).unwrap();
    let columns: Vec<String> = reader
        .headers()
        .unwrap()
        .iter()
        .map(str::to_owned)
        .collect();
    for row in reader.records() {
        for (column, field) in columns.iter().zip(&row.unwrap()) {
            let is_finite = field.parse().is_ok_and(f64::is_finite);
            let is_absent = field.is_empty()
                && (MAY_BE_EMPTY.contains(&column.as_str()) || column.starts_with("eval_"));
            if !is_finite && !is_absent {
                return Some(format!("{column} = '{field}'"));
            }
        }
    }
    let judged = place.rl("eval run --episodes 1 --json");
    (!judged.status.success()).then(|| String::from_utf8_lossy(&judged.stderr).into_owned())
}

/// Every 37th case; `RL_SWEEP=n` tries every n-th, and `RL_SWEEP=1` all.
#[test]
fn extreme_values_are_refused_by_name_or_train_with_finite_numbers() {
    let stride: usize = std::env::var("RL_SWEEP").map_or(37, |text| text.parse().unwrap());
    let place = Place::new();
    let registry = Registry::default();
    let mut cases = Vec::new();
    for algo in registry.algorithms() {
        for key in registry.keys().into_iter().filter(is_numeric) {
            let is_foreign = registry.users(key.name).next().is_some()
                && !registry
                    .users(key.name)
                    .any(|user| user.name() == algo.name());
            if is_foreign {
                continue;
            }
            // Action values are of discrete actions, and tables of discrete observations.
            let envs: &[&str] = match algo.name() {
                "dqn" | "pqn" => &["cartpole"],
                _ if !algo.has_networks() => &["frozen-lake"],
                _ => &["cartpole", "pendulum"],
            };
            for &env in envs {
                cases.extend(VALUES.map(|value| (env, algo.name(), key.clone(), value)));
            }
        }
    }
    assert!(cases.len() > 2500, "{}", cases.len());
    assert_success(&place.rl("list"));
    let tried = cases.iter().step_by(stride);
    let faults: Vec<String> = tried
        .filter_map(|(env, algo, key, value)| fault(&place, env, algo, key, value))
        // At once: all cases take minutes.
        .inspect(|fault| eprintln!("{fault}\n"))
        .collect();
    assert!(
        faults.is_empty(),
        "{} faults:\n{}",
        faults.len(),
        faults.join("\n\n")
    );
}

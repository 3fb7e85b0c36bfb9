//! `rl bench`, `rl variance` and `rl parity`, as a user runs them.

mod common;

use std::fs;
use std::path::Path;

use serde_json::Value;

use common::{Place, assert_failure, assert_success, metrics};

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
fn bench_measures_every_environment_in_every_form() {
    let place = Place::new();
    let json = assert_success(&place.rl("bench envs --runs 1 --seconds 0.0001 --json"));
    let speeds: Vec<Value> = serde_json::from_str(&json).unwrap();
    let count = |form: &str| speeds.iter().filter(|speed| speed["form"] == form).count();
    assert_eq!(
        [count("scalar"), count("batch"), count("simd")],
        [11, 44, 20]
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
        assert_eq!(speeds.len(), 75);
    }
}

#[test]
fn bench_replay_measures_draws_and_memory_beside_goals() {
    let place = Place::new();
    let words = "bench replay --transitions 1e4 --runs 1 --seconds 0.0001";
    let report: Value =
        serde_json::from_str(&assert_success(&place.rl(&format!("{words} --json")))).unwrap();
    assert_eq!(report["uniform_bytes"], 440_000);
    assert_eq!(report["speeds"].as_array().unwrap().len(), 5);
    let tables = assert_success(&place.rl(words));
    for text in ["prioritised draws", "≥ 50 M", "44 MB"] {
        assert!(tables.contains(text), "'{text}' is not in:\n{tables}");
    }
    let output = place.rl("bench replay --transitions 0");
    assert_failure(&output, 2, &["'0'", "--transitions"]);
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
        (
            "--against cleanrl",
            ["'cleanrl'", "torch, sb3, jax, python"],
        ),
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
    refused("--batches 1", &["--batches", "2 to 100000"]);
    refused("--trajectories 1", &["--trajectories", "2 to 1000"]);
    place.write("taken", "");
    let taken = "variance --env finite-mdp --batches 2 --out taken";
    assert_failure(&place.rl(taken), 1, &["cannot write taken"]);
}

//! What `rl inspect` tells of the files of a run.

mod common;

use std::fs;

use common::{Place, assert_failure, assert_success};
use serde_json::Value;

#[test]
fn a_run_is_inspected_with_its_policies_and_its_newest_checkpoint() {
    let place = Place::new();
    place.trained("run", "--algo ppo --eval-every 1 --eval-episodes 1");
    let text = assert_success(&place.rl("inspect run"));
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
    for word in [
        "policy run/policy",
        "policy run/best",
        "checkpoint run/",
        "64x4",
    ] {
        assert!(text.contains(word), "{word}: {text}");
    }
    let told = assert_success(&place.rl("inspect run --json"));
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["metadata"]["algo"], "ppo");
    let kinds: Vec<&Value> = told["parts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| &p["kind"])
        .collect();
    assert_eq!(kinds, ["policy", "policy", "checkpoint"]);
    assert_eq!(told["parts"][0]["metadata"]["distribution"], "categorical");
    let state = told["parts"][2]["tensors"].as_array().unwrap();
    for part in ["parameters", "optimizer", "interaction.", "observers."] {
        let mut names = state.iter().map(|tensor| tensor["name"].as_str().unwrap());
        assert!(names.any(|name| name.contains(part)), "{part}: {text}");
    }
    let norm = told["parts"][0]["tensors"][1]["norm"].as_f64().unwrap();
    assert!(norm > 0.0);

    let one = assert_success(&place.rl("inspect run/policy.safetensors"));
    assert!(one.starts_with("policy run/policy.safetensors\n"), "{one}");
    assert_failure(&place.rl("inspect nothing"), 1, &["nothing"]);
}

#[test]
fn a_policy_of_action_values_is_shown_on_the_map_of_its_environment() {
    let place = Place::new();
    place.trained("lake", "--env frozen-lake --algo q-learning");
    place.trained(
        "deep",
        "--env frozen-lake --algo dqn --set learning_starts=32",
    );
    place.trained("ppo", "--env frozen-lake --algo ppo");
    place.trained("pole", "--env cartpole --algo dqn --set learning_starts=32");
    for run in ["lake", "deep"] {
        let text = assert_success(&place.rl(&format!("inspect {run}")));
        let block = text.split("  greedy actions").nth(1).unwrap();
        let rows: Vec<&str> = block.lines().skip(1).take(4).map(str::trim).collect();
        assert_eq!(rows.len(), 4, "{text}");
        assert!(rows[3].starts_with('H') && rows[3].ends_with('G'), "{text}");
        let actions = rows.concat().replace(' ', "");
        let is_action = |c: char| "←↓→↑+".contains(c);
        assert_eq!(
            actions.chars().filter(|&c| is_action(c)).count(),
            11,
            "{text}"
        );

        let path = assert_success(&place.rl(&format!("inspect {run} --map maps/{run}.svg")));
        assert_eq!(path, format!("maps/{run}.svg\n"));
        let svg = fs::read_to_string(place.path(&format!("maps/{run}.svg"))).unwrap();
        assert!(svg.matches("<polygon").count() >= 11, "an arrow for each");
        let report = fs::read_to_string(place.path(&format!("{run}/report.html"))).unwrap();
        assert!(report.contains("Greedy policy") && report.contains(&svg));
    }
    assert_success(&place.rl("inspect lake/policy.safetensors --map lake.png"));
    let png = fs::read(place.path("lake.png")).unwrap();
    assert_eq!(png[1..4], *b"PNG");

    let ppo = ["--map", "'ppo'", "no action values", "q-learning"];
    assert_failure(&place.rl("inspect ppo --map a.svg"), 2, &ppo);
    let pole = ["--map", "'cartpole'", "no map", "frozen-lake"];
    assert_failure(&place.rl("inspect pole --map a.svg"), 2, &pole);
    assert_failure(
        &place.rl("inspect lake --map a.pdf"),
        2,
        &["--map", "FILE.svg"],
    );
    for run in ["ppo", "pole"] {
        let text = assert_success(&place.rl(&format!("inspect {run}")));
        assert!(!text.contains("greedy actions"), "{text}");
        let report = fs::read_to_string(place.path(&format!("{run}/report.html"))).unwrap();
        assert!(!report.contains("Greedy policy"));
    }
}

//! What `rl inspect` tells of the files of a run.

mod common;

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

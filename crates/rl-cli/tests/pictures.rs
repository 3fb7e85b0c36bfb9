//! `rl runs`: runs that are there, as a user looks at them.

mod common;

use std::fs;

use serde_json::Value;

use common::{Place, assert_failure, assert_success};

#[test]
fn runs_are_listed_with_their_state_and_what_they_change() {
    let place = Place::new();
    place.trained("runs/plain", "--seed 3");
    place.trained(
        "runs/deep/a-name-that-is-longer-than-the-rest-of-the-line",
        "--set gamma=0.5",
    );
    place.trained("runs/killed", "");
    fs::remove_file(place.path("runs/killed/summary.json")).unwrap();
    place.trained("runs/damaged", "");
    place.write("runs/damaged/config.toml", "seed =");

    let output = place.rl("runs");
    let table = assert_success(&output);
    assert!(
        table.lines().all(|line| line.chars().count() <= 80),
        "{table}"
    );
    let row = |name: &str| {
        let mut lines = table.lines();
        lines
            .find(|line| line.contains(name))
            .unwrap_or_else(|| panic!("{name}: {table}"))
    };
    assert!(
        row("plain").starts_with("finished") && row("plain").contains(" s ago"),
        "{table}"
    );
    assert!(row("killed").starts_with("interrupted"), "{table}");
    assert!(row("damaged").starts_with("damaged"), "{table}");
    assert!(
        table.contains("gamma=0.5") && !table.contains("learning_rate"),
        "{table}"
    );
    assert!(String::from_utf8_lossy(&output.stderr).contains("config.toml is damaged"));

    let rows = assert_success(&place.rl("runs runs/plain --json"));
    let rows: Value = serde_json::from_str(&rows).unwrap();
    let run = &rows[0];
    assert_eq!(run["state"], "finished");
    assert_eq!((&run["seed"], &run["updates"]), (&3.into(), &3.into()));
    assert_eq!(run["changed"]["updates"], "3");
    assert!(run["env_steps"].as_u64().unwrap() > 100, "{run}");
    assert!(run["evaluation_return_mean"].is_f64(), "{run}");

    fs::create_dir(place.path("empty")).unwrap();
    assert_failure(&place.rl("runs empty"), 2, &["there is no run in empty"]);
    assert_failure(
        &place.rl("runs nowhere"),
        2,
        &["nowhere is not a directory"],
    );
}

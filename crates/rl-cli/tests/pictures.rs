//! `rl runs`, `rl plot`, `rl compare` and `rl diagnose`: runs that are there, as a user looks at them.

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

/// Two groups of three seeds each.
fn groups() -> Place {
    let place = Place::new();
    for seed in 0..3 {
        place.trained(&format!("runs/a{seed}"), &format!("--seed {seed}"));
        let b = format!("--seed {seed} --set learning_rate=0.001");
        place.trained(&format!("runs/b{seed}"), &b);
    }
    place
}

#[test]
fn a_training_that_was_done_twice_counts_once_and_is_named() {
    let place = groups();
    let once = assert_success(&place.rl("compare runs"));
    place.trained("runs/b0-again", "--seed 0 --set learning_rate=0.001");
    let output = place.rl("compare runs");
    assert_eq!(assert_success(&output), once);
    let note = String::from_utf8_lossy(&output.stderr);
    assert!(
        note.starts_with("note: runs/b0-again is left out"),
        "{note}"
    );
}

#[test]
fn curves_and_scores_are_drawn_in_both_formats() {
    let place = groups();
    for (words, texts) in [
        (
            "runs",
            &[
                "cartpole by vpg",
                "learning_rate=0.001 (seeds 0–2)",
                "environment steps",
            ][..],
        ),
        (
            "runs --metric entropy --metric grad_norm -x wall --smooth 2",
            &["entropy", "grad norm", "seconds of", "the last 2"],
        ),
        ("runs/a0 -x updates", &["cartpole", "seed 0", "update"]),
        ("runs --profile", &["performance profile"]),
        ("runs --intervals", &["interquartile mean"]),
        ("runs --improvement", &["probability of improvement"]),
    ] {
        let words = format!("plot {words} -o out/picture");
        assert_eq!(
            assert_success(&place.rl(&format!("{words}.svg"))),
            "out/picture.svg\n"
        );
        let svg = fs::read_to_string(place.path("out/picture.svg")).unwrap();
        for text in texts {
            assert!(
                svg.contains(text),
                "'{text}' is not in the picture of {words}"
            );
        }
        assert_success(&place.rl(&format!("{words}.png")));
        let png = fs::read(place.path("out/picture.png")).unwrap();
        assert!(png.starts_with(b"\x89PNG") && png.len() > 10_000, "{words}");
    }
}

#[test]
fn a_comparison_is_a_table_and_json() {
    let place = groups();
    let table = assert_success(&place.rl("compare runs --threshold 20 -o scores.svg"));
    assert!(
        table.lines().all(|line| line.chars().count() <= 80),
        "{table}"
    );
    for text in [
        "A   learning_rate=",
        "score ≥ 20",
        "95 % interval",
        "B over A",
        "(seeds 0–2)",
    ] {
        assert!(table.contains(text), "'{text}' is not in\n{table}");
    }
    assert!(place.path("scores.svg").is_file());
    let json: Value =
        serde_json::from_str(&assert_success(&place.rl("compare runs --json"))).unwrap();
    assert_eq!(json["threshold"], 475.0, "the environment's");
    assert_eq!(json["groups"][1]["seeds"], serde_json::json!([0, 1, 2]));
    let scores = json["groups"][0]["scores"].as_array().unwrap();
    assert_eq!(scores.len(), 3);
    assert!(
        json["groups"][0]["interval"][0].is_f64()
            && json["improvements"][0]["probability"].is_f64()
    );
}

#[test]
fn a_call_that_fails_overwrites_nothing() {
    let place = Place::new();
    place.trained("runs/a", "");
    place.trained("acrobot", "--env acrobot --algo ppo --preset none");
    place.write("old.svg", "old");
    fs::create_dir(place.path("directory.svg")).unwrap();
    fs::create_dir(place.path("empty")).unwrap();
    for (words, code, names) in [
        (
            "plot runs --metric entorpy -o old.svg", // typos: on purpose
            2,
            &["'entorpy'", "Did you mean 'entropy'?"][..], // typos: on purpose
        ),
        (
            "plot runs acrobot -o old.svg",
            2,
            &["cartpole", "acrobot", "different environments"],
        ),
        (
            "compare runs acrobot -o old.svg",
            2,
            &["different environments"],
        ),
        ("plot empty -o old.svg", 2, &["there is no run in empty"]),
        (
            "plot nowhere -o old.svg",
            2,
            &["nowhere is not a directory"],
        ),
        (
            "plot runs --improvement -o old.svg",
            2,
            &["--improvement", "two groups"],
        ),
        (
            "plot runs --profile --intervals -o old.svg",
            2,
            &["--profile", "--intervals"],
        ),
        (
            "plot runs --profile --metric entropy -o old.svg",
            2,
            &["--metric"],
        ),
        (
            "plot runs -o picture.pdf",
            2,
            &["-o picture.pdf", "FILE.svg or FILE.png"],
        ),
        ("plot runs -x hours -o old.svg", 2, &["'hours'", "steps"]),
        ("plot runs --smooth 0 -o old.svg", 2, &["'0'", "--smooth"]),
        (
            "plot runs -o old.svg/picture.svg",
            1,
            &["cannot write", "old.svg"],
        ),
        (
            "plot runs -o directory.svg",
            1,
            &["cannot write", "directory.svg"],
        ),
        (
            "compare runs -o directory.png/../old.gif",
            2,
            &["FILE.svg or FILE.png"],
        ),
    ] {
        assert_failure(&place.rl(words), code, names);
        assert_eq!(
            fs::read_to_string(place.path("old.svg")).unwrap(),
            "old",
            "{words}"
        );
    }
    let runs = fs::read_to_string(place.path("runs/a/metrics.csv")).unwrap();
    place.write("runs/a/metrics.csv", &(runs + "4,12"));
    assert_success(&place.rl("plot runs -o half.svg"));
}

#[test]
fn a_diagnosis_names_rule_numbers_option_and_page() {
    let place = Place::new();
    let train = |words: &str| assert_success(&place.rl(&format!("train --quiet {words}")));
    train("--env mountain-car --algo vpg --preset none --updates 10 --out runs/stuck");
    let text = assert_success(&place.rl("diagnose runs/stuck"));
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
    for part in [
        "runs/stuck: mountain-car by vpg, finished after 10 updates",
        "did-not-learn\n  Drawn actions of the final policy return -200",
        "  try  --",
        "  see  docs/diagnose.md#always-at-the-time-limit",
    ] {
        assert!(text.contains(part), "'{part}' is not in\n{text}");
    }
    let json = assert_success(&place.rl("diagnose runs/stuck --json"));
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (&json["state"], &json["updates"]),
        (&"finished".into(), &10.into())
    );
    assert_eq!(json["findings"][0]["rule"], "did-not-learn");
    train("--out runs/good");
    let text = assert_success(&place.rl("diagnose runs/good"));
    assert!(text.contains("No finding"), "{text}");
    for (words, code, names) in [
        (
            "diagnose runs",
            2,
            &["runs is not the directory of a run"][..],
        ),
        ("diagnose nowhere", 2, &["nowhere is not the directory"]),
        ("diagnose", 2, &["DIR"]),
    ] {
        assert_failure(&place.rl(words), code, names);
    }
    place.write("runs/stuck/metrics.csv", "update,env_steps\n1\n");
    assert_failure(
        &place.rl("diagnose runs/stuck"),
        1,
        &["metrics.csv is damaged", "line 2"],
    );
}

//! `rl sweep` and `rl tune`, as a user runs them.

#![cfg(test)]

mod common;

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;

use common::{Place, assert_failure, assert_success};

/// A training of a moment.
const SHORT: &str = "--preset cartpole --set updates=2 --set steps_per_update=100";

fn read(place: &Place, name: &str) -> String {
    fs::read_to_string(place.path(name)).unwrap()
}

/// The rows of a CSV file without the columns of times.
fn rows(place: &Place, name: &str) -> Vec<Vec<String>> {
    let mut reader = csv::Reader::from_path(place.path(name)).unwrap();
    let times: Vec<bool> = reader
        .headers()
        .unwrap()
        .iter()
        .map(|name| name == "wall_s")
        .collect();
    let kept = |row: csv::StringRecord| {
        let cells = row.iter().zip(&times).filter(|(_, is_time)| !**is_time);
        cells.map(|(cell, _)| cell.to_owned()).collect()
    };
    reader.records().map(|row| kept(row.unwrap())).collect()
}

#[test]
fn a_sweep_is_a_table_of_settings_with_pictures_and_a_row_per_run() {
    let place = Place::new();
    let words = format!("sweep {SHORT} --set lr=1e-3,0.001,5e-3 --set size=8,16 --seeds 0..2");
    let output = place.rl(&format!("{words} --out out"));
    let table = assert_success(&output);
    assert_eq!(
        table
            .lines()
            .next()
            .unwrap()
            .matches("learning_rate, size")
            .count(),
        1
    );
    // Two values of three, as two are the same.
    assert_eq!(table.matches("|   0/2 |").count(), 4, "{table}");
    assert!(
        table.lines().all(|line| line.chars().count() <= 80),
        "{table}"
    );
    assert!(table.contains("best: learning_rate="), "{table}");
    assert_eq!(String::from_utf8_lossy(&output.stderr).lines().count(), 8);
    assert_eq!(rows(&place, "out/sweep.csv").len(), 8);
    for name in ["learning_rate.svg", "size.svg", "learning_rate-size.svg"] {
        assert!(
            read(&place, &format!("out/{name}")).starts_with("<svg"),
            "{name}"
        );
        assert!(read(&place, "out/sweep.md").contains(&format!("({name})")));
    }

    // One setting has a table too, which Markdown wants to stand alone.
    let words = format!("sweep {SHORT} --seeds 0..2 --out alone");
    assert_success(&place.rl(&words));
    let page = read(&place, "alone/sweep.md");
    let start = "# Sweep\n\nOne setting with the seeds 0 to 1.\n\n| setting | reach |";
    assert!(page.starts_with(start), "{page}");

    // More values and more seeds go on from there.
    let words = format!("sweep {SHORT} --set lr=1e-3 --set size=16,32 --seeds 3 --out out --json");
    assert_failure(
        &place.rl(&words),
        2,
        &["out holds a run of another", "keys is"],
    );
    let words = format!("sweep {SHORT} --set lr=1e-3,5e-3 --set size=8,16,32 --seeds 3");
    let output = place.rl(&format!("{words} --out out --json"));
    let json: Value = serde_json::from_str(&assert_success(&output)).unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stderr).lines().count(),
        18 - 8
    );
    let row = &json[2];
    assert_eq!(
        row["setting"],
        serde_json::json!({"learning_rate": 1e-3, "size": 32})
    );
    assert_eq!((&row["seeds"], &row["reached"]), (&3.into(), &0.into()));
    assert_eq!(row["threshold"], 475.0);
}

#[test]
fn a_run_that_fails_by_itself_is_a_result_and_is_not_repeated() {
    let place = Place::new();
    let words =
        "sweep --preset cartpole-ppo --set updates=2 --set reward_scale=1,3e38 --seeds 2 --out out";
    let table = assert_success(&place.rl(words));
    assert!(table.contains("2 failed (0)"), "{table}");
    let output = place.rl(words);
    assert_eq!(assert_success(&output), table);
    assert!(output.stderr.is_empty());
    let failed = &rows(&place, "out/sweep.csv")[3];
    assert!(
        failed.last().unwrap().contains("policy_loss is NaN"),
        "{failed:?}"
    );
}

#[test]
fn a_sweep_that_was_killed_goes_on_without_repeating_a_run() {
    let place = Place::new();
    let words = "sweep --preset cartpole --set updates=20 --set size=16,32 --seeds 4 --jobs 2";
    assert_success(&place.rl(&format!("{words} --out whole")));
    let mut killed = place
        .command(&format!("{words} --out parts"))
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let complete = || {
        let entries = fs::read_dir(place.path("parts/runs")).into_iter().flatten();
        let entries = entries.flatten().map(|entry| entry.path());
        let complete = entries.filter(|path| path.is_dir() && path.extension().is_none());
        let times = complete.map(|path| (path.clone(), modified(&path)));
        times.collect::<Vec<_>>()
    };
    let start = Instant::now();
    while complete().len() < 3 {
        assert!(start.elapsed() < Duration::from_secs(60), "waited for runs");
        std::thread::sleep(Duration::from_millis(5));
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    let before = complete();
    assert!(before.len() < 8, "the kill came too late");
    assert!(!place.path("parts/sweep.csv").exists());

    let output = place.rl(&format!("{words} --out parts"));
    assert_success(&output);
    let made = String::from_utf8_lossy(&output.stderr).lines().count();
    assert_eq!(made, 8 - before.len());
    for (path, time) in before {
        assert_eq!(modified(&path), time, "{} was repeated", path.display());
    }
    assert_eq!(
        rows(&place, "whole/sweep.csv"),
        rows(&place, "parts/sweep.csv")
    );
}

/// Time of the last change of a run's summary.
fn modified(run: &std::path::Path) -> std::time::SystemTime {
    let summary = fs::metadata(run.join("summary.json")).unwrap();
    summary.modified().unwrap()
}

#[test]
fn shards_write_what_one_machine_writes() {
    let place = Place::new();
    let words = format!("sweep {SHORT} --set size=8,16 --seeds 2 --jobs 1");
    assert_success(&place.rl(&format!("{words} --out one")));
    assert!(
        assert_success(&place.rl(&format!("{words} --out two --shard 2/2"))).contains("2 of 4")
    );
    assert_success(&place.rl(&format!("{words} --out two --shard 1/2")));
    let page = |name: &str| {
        let text = read(&place, &format!("{name}/sweep.md"));
        // The last column has times.
        let cut = |line: &str| match line.starts_with("| ") {
            true => line.rsplit_once(" | ").unwrap().0.to_owned(),
            false => line.replace(&format!("--out {name}"), "--out X"),
        };
        text.lines().map(cut).collect::<Vec<_>>()
    };
    assert_eq!(page("one"), page("two"));
    assert_eq!(rows(&place, "one/sweep.csv"), rows(&place, "two/sweep.csv"));
    assert_eq!(read(&place, "one/size.svg"), read(&place, "two/size.svg"));
}

#[test]
fn a_wrong_sweep_says_so_before_anything_starts() {
    let place = Place::new();
    fs::create_dir_all(place.path("other/runs/mine")).unwrap();
    for (words, names) in [
        (
            "--set clip_range=0.1,0.2",
            ["clip_range", "not used by the algorithm vpg"],
        ),
        ("--set size=16,big", ["size", "'big'"]),
        ("--set size=16,", ["--set size=16,", "comma"]),
        ("--set gamma=0.9,2", ["gamma = 2", "0 to 1"]),
        ("--set gama=1,2", ["'gama'", "'gamma'?"]),
        ("--set seed=1,2", ["--set seed", "its own seed"]),
        ("--set size=1 --set size=2", ["size", "twice"]),
        (
            "--set lr=1 --set learning_rate=2",
            ["'lr'", "exclude each other"],
        ),
        ("--seeds 3..3", ["0 seeds", "1 to 10000"]),
        ("--jobs 0", ["0 jobs", "1 to 1024"]),
        ("--seeds 6000 --set size=16,32", ["12000 runs", "10000"]),
        ("--shard 0/2", ["0/2", "I/N"]),
        ("--threshold nan", ["--threshold", "finite"]),
        (
            "--preset none --env pendulum --set updates=1 --set normalize_advantages=x",
            ["normalize_advantages", "true or false"],
        ),
    ] {
        assert_failure(&place.rl(&format!("sweep {words} --out new")), 2, &names);
    }
    assert!(!place.path("new").exists());
    let output = place.rl("sweep --set updates=1 --out other");
    assert_failure(&output, 2, &["other holds", "no sweep.toml"]);
}

#[test]
fn a_short_tuning_finds_a_better_step_size_and_goes_on_after_a_kill_to_the_same_bytes() {
    let place = Place::new();
    let words = "tune --preset cartpole --set lr=1e-6 --set updates=15 --set steps_per_update=500 \
                 --key lr --trials 12 --seeds-per-trial 1";
    let output = place.rl(&format!("{words} --out whole --json --jobs 1"));
    let json: Value = serde_json::from_str(&assert_success(&output)).unwrap();
    let score = |of: &str| json[of]["score"].as_f64().unwrap();
    assert!(score("best") > 2.0 * score("base"), "{json}");
    let found: f64 = json["best"]["values"]["learning_rate"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!(found > 1e-4, "{found}");
    assert_eq!(json["trials"].as_array().unwrap().len(), 12);

    let mut killed = place
        .command(&format!("{words} --out parts --jobs 2"))
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while !place.path("parts/runs/trial-5-seed0/summary.json").exists() {
        assert!(start.elapsed() < Duration::from_secs(60), "waited for runs");
        std::thread::sleep(Duration::from_millis(5));
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert!(
        !place.path("parts/best.toml").exists(),
        "the kill came too late"
    );
    let before = modified(&place.path("parts/runs/trial-5-seed0"));
    let table = assert_success(&place.rl(&format!("{words} --out parts --jobs 2")));
    assert_eq!(modified(&place.path("parts/runs/trial-5-seed0")), before);
    assert!(
        table.contains("| learning_rate | 0.000001 |")
            || table.contains("| learning_rate | 1e-6 |"),
        "{table}"
    );
    assert!(
        table.lines().all(|line| line.chars().count() <= 80),
        "{table}"
    );
    for name in ["best.toml", "tune.csv", "tune.svg"] {
        let files = ["whole", "parts"].map(|out| read(&place, &format!("{out}/{name}")));
        assert_eq!(files[0], files[1], "{name}");
    }
    // The preset is one that trains, as a configuration and as a preset.
    for option in ["--config", "--preset"] {
        let words = format!("train {option} whole/best.toml --print-config");
        let config: toml::Table = assert_success(&place.rl(&words)).parse().unwrap();
        assert_eq!(config["learning_rate"].as_float(), Some(found), "{option}");
        assert_eq!(config["updates"].as_integer(), Some(15), "{option}");
    }
}

#[test]
fn a_wrong_tuning_says_so_before_anything_starts() {
    let place = Place::new();
    for (words, names) in [
        (
            "--key clip_range",
            ["clip_range", "not used by the algorithm vpg"],
        ),
        ("--key gama", ["'gama'", "'gamma'?"]),
        ("--key gamma=0.5..2", ["--key gamma=0.5..2", "below 1"]),
        (
            "--key reward_scale=-1..0",
            ["reward_scale = 0", "other than 0"],
        ),
        (
            "--key lr=1e-2..1e-3",
            ["--key learning_rate=1e-2..1e-3", "higher"],
        ),
        (
            "--key activation=tanh,rectified",
            ["activation", "'rectified'"],
        ),
        ("--key lr --key learning_rate", ["learning_rate", "twice"]),
        ("--key seed=0..10", ["seed", "its own seed"]),
        (
            "--key optimizer_epsilon",
            ["optimizer_epsilon=LOW..HIGH", "values"],
        ),
        ("--set gamma=2", ["gamma = 2", "0 to 1"]),
        ("--trials 1", ["1 trials", "2 to 10000"]),
        ("--seeds-per-trial 0", ["--seeds-per-trial", "1 to 25"]),
        ("--seeds-per-trial 26", ["--seeds-per-trial", "1 to 25"]),
        ("--minutes -1", ["--minutes -1", "from 0"]),
        ("--jobs 0", ["0 jobs", "1 to 1024"]),
    ] {
        assert_failure(&place.rl(&format!("tune {words} --out new")), 2, &names);
    }
    assert!(!place.path("new").exists());
    // Runs of a sweep are no trials.
    assert_success(&place.rl(&format!("sweep {SHORT} --seeds 1 --out swept")));
    let output = place.rl("tune --key lr --out swept");
    assert_failure(&output, 2, &["swept holds", "no tune.toml"]);
}

#[test]
fn trials_that_fail_are_the_worst_and_end_nothing() {
    let place = Place::new();
    let words = "tune --preset cartpole-ppo --set updates=2 --key reward_scale=1,3e38 --trials 6 \
                 --seeds-per-trial 1 --out out --json";
    let json: Value = serde_json::from_str(&assert_success(&place.rl(words))).unwrap();
    let states = json["trials"].as_array().unwrap().iter();
    let failed = states.filter(|trial| trial["state"] == "failed");
    for trial in failed.clone() {
        assert_eq!(trial["values"]["reward_scale"], "3e38");
        assert!(trial["score"].is_null());
    }
    assert!(failed.count() > 0, "{json}");
    assert_eq!(json["best"]["state"], "finalist");
}

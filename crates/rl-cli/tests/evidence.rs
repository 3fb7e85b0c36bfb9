//! `rl evidence`, as a user runs it.

mod common;

use std::fs;
use std::process::Stdio;

use serde_json::Value;

use common::{Place, assert_failure, assert_success};

/// Two updates for one claim: a run of a moment.
const SHORT: &str = "--env cartpole --algo ppo --set updates=2 --set epochs=2";

#[test]
fn evidence_is_a_table_of_runs_that_are_not_repeated() {
    let place = Place::new();
    let words = format!("evidence {SHORT} --seeds 3 --out out");
    let output = place.rl(&words);
    let table = assert_success(&output);
    for word in [
        "| cartpole-ppo ",
        " reach |",
        "|   0/3 |",
        "|  no |",
        "out: evidence.md",
    ] {
        assert!(table.contains(word), "'{word}' is not in:\n{table}");
    }
    let progress = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(progress.lines().count(), 3, "{progress}");
    assert!(progress.contains("3 of 3"), "{progress}");

    let read = |name: &str| fs::read_to_string(place.path("out").join(name)).unwrap();
    let page = read("evidence.md");
    for line in [
        "**0 of 1 claims met**, by the presets, changed by",
        "with the seeds 200 to 202.\n",
        "0/3 reach 475 (99 %)",
        "changed by `--set updates=2 --set epochs=2`",
        "--env cartpole --algo ppo --seeds 200..203 --jobs 2 --set updates=2",
        "![Returns on cartpole while learning](cartpole.svg)",
    ] {
        assert!(page.contains(line), "'{line}' is not in:\n{page}");
    }
    let curves = read("cartpole.svg");
    assert!(
        curves.contains("seeds 200") && curves.contains("<polyline"),
        "{curves}"
    );
    let csv = read("runs.csv");
    let seeds: Vec<&str> = csv
        .lines()
        .skip(1)
        .filter_map(|row| row.split(',').nth(3))
        .collect();
    assert_eq!(seeds, ["200", "201", "202"], "{csv}");

    // Two more seeds, with another number of jobs: the same three runs and two new ones.
    let words = format!("evidence {SHORT} --seeds 5 --jobs 1 --out out --json");
    let output = place.rl(&words);
    let rows: Value = serde_json::from_str(&assert_success(&output)).unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr).lines().count(), 2);
    assert!(read("runs.csv").starts_with(&csv));
    let row = &rows[0];
    assert_eq!((&row["seeds"], &row["met"]), (&5.into(), &false.into()));
    let number = |value: &Value| value.as_f64().unwrap();
    let [low, high] = [&row["interval"][0], &row["interval"][1]].map(number);
    let [min, iqm, max] = ["worst", "iqm", "best"].map(|key| number(&row[key]));
    assert!(
        min <= low && low <= iqm && iqm <= high && high <= max,
        "{row}"
    );

    // Another configuration does not pass for these runs.
    let output = place.rl("evidence --env cartpole --algo ppo --set updates=1 --seeds 1 --out out");
    let names = [
        "out/runs/cartpole-ppo-seed200",
        "updates is 2 there and 1 here",
        "--out",
    ];
    assert_failure(&output, 2, &names);
    fs::write(
        place.path("out/runs/cartpole-ppo-seed200/summary.json"),
        "{",
    )
    .unwrap();
    let output = place.rl(&format!("evidence {SHORT} --seeds 1 --out out"));
    assert_failure(
        &output,
        1,
        &["cartpole-ppo-seed200/summary.json", "damaged"],
    );
}

#[test]
fn runs_that_fail_are_told_with_their_seeds_and_take_no_other_with_them() {
    let place = Place::new();
    assert_success(&place.rl(&format!("evidence {SHORT} --seeds 1 --out out")));
    // Where the second run goes, there is a file.
    fs::write(place.path("out/runs/cartpole-ppo-seed201.partial"), "mine").unwrap();
    let output = place.rl(&format!("evidence {SHORT} --seeds 3 --out out"));
    let names = [
        "1 of 3 runs failed",
        "preset cartpole-ppo, seed 201: ",
        "out/runs",
    ];
    assert_failure(&output, 1, &names);
    assert!(
        place
            .path("out/runs/cartpole-ppo-seed202/summary.json")
            .exists()
    );

    let output =
        place.rl("evidence --env cartpole --algo ppo --set reward_scale=3e38 --seeds 2 --out bad");
    let names = [
        "2 of 2",
        "seeds 200, 201: update 1: the policy_loss is NaN",
        "not a finite",
    ];
    assert_failure(&output, 1, &names);
}

#[test]
fn a_wrong_call_names_what_there_is_and_leaves_nothing() {
    let place = Place::new();
    for (words, names) in [
        ("--seeds 0", ["0 seeds", "--seeds", "1 to 10000"]),
        ("--seeds 5..5", ["0 seeds", "--seeds", "1 to 10000"]),
        ("--seeds 5..x", ["'x'", "--seeds", "whole number"]),
        ("--jobs 0", ["0 jobs", "--jobs", "1 to 1024"]),
        ("--seeds some", ["'some'", "--seeds", "whole number"]),
        ("--env cartpol", ["'cartpol'", "--env", "'cartpole'?"]),
        ("--algo vgp", ["'vgp'", "--algo", "Allowed: reinforce, vpg"]),
        (
            "--env Acrobot-v1 --algo vpg",
            [
                "--env acrobot --algo vpg",
                "cartpole by vpg",
                "preset cartpole",
            ],
        ),
        ("--set gama=1", ["'gama'", "--set gama", "'gamma'?"]),
        ("--set gamma=2", ["gamma = 2", "--set gamma", "0 to 1"]),
        ("--set gamma", ["--set gamma", "key", "value"]),
        ("--set seed=3", ["--set seed", "its own seed", "evidence"]),
        (
            "--set updates=1 --set steps=1",
            ["'updates'", "'steps'", "exclude"],
        ),
        (
            "--set backend=cuda",
            ["'cuda'", "not part of this binary", "--features"],
        ),
    ] {
        assert_failure(&place.rl(&format!("evidence {words}")), 2, &names);
    }
    let spaced = place
        .command("evidence --set")
        .arg(" seed=3")
        .output()
        .unwrap();
    assert_failure(&spaced, 2, &["its own", "seed"]);
    assert!(!place.path("runs").exists());
}

#[test]
fn evidence_on_seeds_of_the_tuning_says_so() {
    let place = Place::new();
    assert_success(&place.rl(&format!("evidence {SHORT} --seeds 7..9 --out out")));
    let page = fs::read_to_string(place.path("out/evidence.md")).unwrap();
    assert!(
        page.contains("with the seeds 7 to 8. Settings were chosen on the seeds 0 to 99"),
        "{page}"
    );
}

#[test]
fn shards_in_one_directory_write_what_one_machine_writes() {
    let place = Place::new();
    // Times are what they are, and the place is said.
    let page = |name: &str| {
        let text = fs::read_to_string(place.path(name).join("evidence.md")).unwrap();
        let rows = text.replace(&format!("--out {name}"), "--out X");
        let cut = |line: &str| match line.starts_with("| cartpole-ppo ") {
            true => line.split(" | ").take(6).collect::<Vec<_>>().join(" | "),
            false => line.to_owned(),
        };
        rows.lines().map(cut).collect::<Vec<_>>()
    };
    let csv = |name: &str| {
        let mut rows = csv::Reader::from_path(place.path(name).join("runs.csv")).unwrap();
        let without_times = |row: csv::StringRecord| {
            let cells = row.iter().enumerate();
            let cells = cells.filter(|(i, _)| ![7, 8].contains(i));
            cells.map(|(_, cell)| cell.to_owned()).collect::<Vec<_>>()
        };
        rows.records()
            .map(|row| without_times(row.unwrap()))
            .collect::<Vec<_>>()
    };
    assert_success(&place.rl(&format!("evidence {SHORT} --seeds 5 --out one")));
    let words = format!("evidence {SHORT} --seeds 5 --out many");
    let text = assert_success(&place.rl(&format!("{words} --shard 2/3")));
    assert!(text.contains("shard 2/3 is complete; 2 of 5"), "{text}");
    // A task of an array is a shard by itself.
    let slurm = place
        .command(&format!("{words} --json"))
        .env("SLURM_ARRAY_TASK_ID", "2")
        .env("SLURM_ARRAY_TASK_COUNT", "3")
        .env("SLURM_ARRAY_TASK_MIN", "0")
        .output()
        .unwrap();
    let share: Value = serde_json::from_str(&assert_success(&slurm)).unwrap();
    assert_eq!(
        (&share["shard"], &share["complete"]),
        (&"3/3".into(), &3.into())
    );
    assert!(!place.path("many/evidence.md").exists());
    let text = assert_success(&place.rl(&format!("{words} --shard 1/3")));
    assert!(text.contains("many: evidence.md"), "{text}");
    assert_eq!(page("one"), page("many"));
    assert_eq!((csv("one").len(), csv("one")), (5, csv("many")));
    assert_failure(
        &place.rl(&format!("{words} --shard 4/3")),
        2,
        &["4/3", "I/N"],
    );
}

#[cfg(unix)]
fn wait_for(name: &str, is_there: impl Fn() -> bool) {
    let start = std::time::Instant::now();
    while !is_there() {
        assert!(start.elapsed().as_secs() < 60, "waited for {name}");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

#[test]
#[cfg(unix)]
fn two_processes_do_not_gather_in_one_directory_and_trainings_end_with_theirs() {
    let place = Place::new();
    // Runs of minutes.
    let words = "evidence --env cartpole --algo ppo --set updates=1000000 --jobs 1 --out out";
    let mut command = place.command(words);
    let mut first = command.stderr(Stdio::null()).spawn().unwrap();
    let begun = place.path("out/runs/cartpole-ppo-seed200.partial/metrics.csv");
    wait_for("a training", || begun.exists());
    let output = place.rl(&format!("evidence {SHORT} --out out"));
    assert_failure(&output, 1, &["out/runs is in use", "--out"]);
    first.kill().unwrap();
    first.wait().unwrap();
    let summary = place.path("out/runs/cartpole-ppo-seed200.partial/summary.json");
    wait_for("the end of the training", || summary.exists());
    let summary: Value = serde_json::from_str(&fs::read_to_string(summary).unwrap()).unwrap();
    assert_eq!(summary["outcome"], "interrupted");
}

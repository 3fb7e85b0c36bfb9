//! Interruptions of `rl train`: signals, kills, a reader that is gone, a disk that is full.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use common::{Place, assert_failure, assert_success, json, metrics};

/// A run of a second or so with states of every kind.
const RUN: &str = "train --preset cartpole-ppo --steps 60000 --seed 3 --quiet";

fn signal(child: &Child, name: &str) {
    let pid = child.id().to_string();
    let status = Command::new("kill").args(["-s", name, &pid]).status();
    assert!(status.unwrap().success());
}

/// Waits until the run has written a file.
fn wait_for(path: &Path) {
    let begin = Instant::now();
    while !path.exists() {
        assert!(
            begin.elapsed() < Duration::from_secs(60),
            "{}",
            path.display()
        );
        sleep(Duration::from_millis(1));
    }
}

/// File of the messages of the last process.
const ERRORS: &str = "errors.txt";

fn spawn(place: &Place, words: &str) -> Child {
    let mut command = place.command(words);
    let errors = File::create(place.path(ERRORS)).unwrap();
    command.stdout(Stdio::null()).stderr(errors);
    command.spawn().unwrap()
}

/// The policy, the metrics without times, and the last checkpoint of a run.
fn left_behind(path: &Path) -> (Vec<u8>, Vec<String>, Vec<u8>) {
    let checkpoints = fs::read_dir(path.join("checkpoints")).unwrap();
    let newest = checkpoints
        .map(|entry| entry.unwrap().path())
        .max()
        .unwrap();
    (
        fs::read(path.join("policy.safetensors")).unwrap(),
        metrics(&path.join("metrics.csv")),
        fs::read(newest.join("state.safetensors")).unwrap(),
    )
}

fn uninterrupted(place: &Place) -> (Vec<u8>, Vec<String>, Vec<u8>) {
    assert_success(&place.rl(&format!("{RUN} --out whole")));
    left_behind(&place.path("whole"))
}

#[test]
fn a_signal_finishes_the_update_and_leaves_a_run_that_goes_on_to_the_same_bytes() {
    let place = Place::new();
    let whole = uninterrupted(&place);
    for name in ["INT", "TERM"] {
        let child = spawn(&place, &format!("{RUN} --out {name}"));
        let path = place.path(name);
        wait_for(&path.join("metrics.csv"));
        sleep(Duration::from_millis(30));
        signal(&child, name);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130), "{name}");
        let summary = json(&path.join("summary.json"));
        assert_eq!(summary["outcome"], "interrupted");
        let updates = summary["updates"].as_u64().unwrap();
        assert!(updates > 0 && metrics(&path.join("metrics.csv")).len() as u64 == updates + 1);
        assert!(path.join("policy.safetensors").exists());
        assert_success(&place.rl(&format!("train --resume {name} --threads 2 --quiet")));
        assert!(left_behind(&path) == whole, "{name}");
        assert_eq!(json(&path.join("summary.json"))["outcome"], "finished");
    }
}

#[test]
fn a_second_signal_ends_at_once() {
    let place = Place::new();
    // An update of minutes.
    let words = "train --env lunar-lander --algo ppo --updates 1 --steps-per-environment 4000000 \
                 --minibatch-size 4000000 --environments 1 --out run";
    let child = spawn(&place, words);
    wait_for(&place.path("run/metrics.csv"));
    signal(&child, "INT");
    sleep(Duration::from_millis(200));
    let begin = Instant::now();
    signal(&child, "INT");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert!(
        begin.elapsed() < Duration::from_secs(2),
        "{:?}",
        begin.elapsed()
    );
}

/// Kills of one run until it is through; `RL_KILLS` asks for more than the few of the test.
#[test]
fn a_run_that_is_killed_again_and_again_ends_with_the_same_bytes() {
    let wanted: u32 = std::env::var("RL_KILLS").map_or(12, |text| text.parse().unwrap());
    let place = Place::new();
    let whole = uninterrupted(&place);
    let mut rng = rl_core::Stream::from_seed(u64::from(wanted));
    let (mut kills, mut runs, mut while_writing) = (0, 0, 0);
    while kills < wanted {
        runs += 1;
        let name = format!("killed{runs}");
        let path = place.path(&name);
        let mut words = format!("{RUN} --checkpoint-every 1 --out {name}");
        loop {
            let mut child = spawn(&place, &words);
            sleep(Duration::from_micros(rng.below(250_000) as u64));
            child.kill().unwrap();
            let status = child.wait().unwrap();
            // A process that is killed while it writes the report has finished its run.
            if status.success() || path.join("summary.json").is_file() {
                break;
            }
            let errors = fs::read_to_string(place.path(ERRORS)).unwrap();
            assert_eq!(status.signal(), Some(9), "{words}: {status}, {errors}");
            kills += 1;
            let names = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
            let checkpoints = fs::read_dir(path.join("checkpoints"));
            let names: Vec<_> = checkpoints.into_iter().flatten().map(names).collect();
            let is_partial = |name: &std::ffi::OsString| name.to_string_lossy().starts_with('.');
            while_writing += u32::from(names.iter().any(is_partial));
            words = if names.iter().all(is_partial) {
                // Before the first checkpoint there is nothing to go on with.
                _ = fs::remove_dir_all(&path);
                format!("{RUN} --checkpoint-every 1 --out {name}")
            } else {
                format!("train --resume {name} --quiet")
            };
        }
        assert!(left_behind(&path) == whole, "{name}");
    }
    println!(
        "{kills} kills in {runs} runs, {while_writing} of them while a checkpoint was written"
    );
}

#[test]
fn a_run_that_is_killed_after_its_last_checkpoint_is_completed() {
    let place = Place::new();
    let whole = uninterrupted(&place);
    assert_success(&place.rl(&format!("{RUN} --out run")));
    for lost in ["summary.json", "policy.safetensors"] {
        fs::remove_file(place.path("run").join(lost)).unwrap();
    }
    assert_success(&place.rl("train --resume run --quiet"));
    assert!(left_behind(&place.path("run")) == whole);
    assert_eq!(json(&place.path("run/summary.json"))["outcome"], "finished");
    assert_failure(&place.rl("train --resume run"), 2, &["is finished"]);
}

#[test]
fn a_reader_that_is_gone_ends_no_training() {
    let place = Place::new();
    let mut command = place.command("train --updates 20 --out run");
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stderr.take());
    assert!(child.wait().unwrap().success());
    assert_eq!(json(&place.path("run/summary.json"))["outcome"], "finished");
}

#[test]
fn a_file_that_cannot_grow_ends_the_run_with_an_error_and_leaves_it_resumable() {
    let place = Place::new();
    let run = "train --preset cartpole-a2c --steps 60000 --seed 3 --quiet";
    assert_success(&place.rl(&format!("{run} --out whole")));
    // Files of at most 300 blocks of 512 bytes: a checkpoint is smaller, the metrics are not.
    let script =
        format!("trap '' XFSZ; ulimit -f 300; exec \"$0\" {run} --checkpoint-every 100 --out full");
    let output = Command::new("sh")
        .args(["-c", &script, env!("CARGO_BIN_EXE_rl")])
        .current_dir(place.path(""))
        .output()
        .unwrap();
    assert_failure(&output, 1, &["cannot write", "metrics.csv"]);
    assert_eq!(json(&place.path("full/summary.json"))["outcome"], "failed");
    assert_success(&place.rl("eval full --episodes 1"));
    assert_success(&place.rl("train --resume full --quiet"));
    assert!(left_behind(&place.path("full")) == left_behind(&place.path("whole")));
}

#[test]
fn a_directory_or_file_that_is_gone_ends_the_run_and_leaves_the_policy() {
    let place = Place::new();
    for what in ["renamed", "deleted", "no metrics"] {
        let path = place.path("run");
        let mut command =
            place.command("train --algo a2c --steps 1e9 --time-limit 2m --quiet --out run");
        let child = command.stderr(Stdio::piped()).spawn().unwrap();
        wait_for(&path.join("metrics.csv"));
        // The last file of the start: from then on metrics are written, and nothing else for long.
        wait_for(&path.join("policies/0000000000.safetensors"));
        match what {
            "renamed" => fs::rename(&path, place.path("elsewhere")).unwrap(),
            // The run may write a policy between the removal of the others and that of their directory.
            "deleted" => {
                while let Err(error) = fs::remove_dir_all(&path) {
                    assert_eq!(error.kind(), ErrorKind::DirectoryNotEmpty);
                }
            }
            _ => fs::remove_file(path.join("metrics.csv")).unwrap(),
        }
        let output = child.wait_with_output().unwrap();
        assert_failure(&output, 1, &["metrics.csv", "the file is gone"]);
        assert_success(&place.rl("eval run/policy.safetensors --episodes 1"));
        fs::remove_dir_all(&path).unwrap();
    }
}

#[test]
fn rows_of_several_updates_are_the_same_after_an_interruption() {
    let place = Place::new();
    let run = "train --preset cartpole-a2c --steps 60000 --seed 3 --quiet --log-every 7";
    assert_success(&place.rl(&format!("{run} --out whole")));
    let whole = left_behind(&place.path("whole"));
    let updates: Vec<&str> = whole.1[1..]
        .iter()
        .map(|row| row.split_once(',').unwrap().0)
        .collect();
    assert_eq!((updates[0], updates[1], updates.len()), ("7", "14", 215));
    assert_eq!(updates[214], "1500");
    let child = spawn(&place, &format!("{run} --out run"));
    wait_for(&place.path("run/metrics.csv"));
    sleep(Duration::from_millis(30));
    signal(&child, "INT");
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(130));
    assert_success(&place.rl("train --resume run --quiet"));
    assert!(left_behind(&place.path("run")) == whole);
    // And beyond the budget: the row that the end made is replaced by a whole one.
    assert_success(&place.rl("train --resume run --quiet --steps 61000"));
    let rows = metrics(&place.path("run/metrics.csv"));
    let updates: Vec<&str> = rows[213..]
        .iter()
        .map(|row| row.split_once(',').unwrap().0)
        .collect();
    assert_eq!(updates, ["1491", "1498", "1505", "1512", "1519", "1525"]);
}

#[test]
fn a_run_that_started_from_a_policy_is_resumed_without_its_file() {
    let place = Place::new();
    assert_success(&place.rl("train --algo a2c --updates 3 --quiet --out first"));
    // A step size that falls would depend on the first budget.
    let words = "train --algo a2c --anneal-learning-rate=false --init-from \
                 first/policy.safetensors --quiet";
    assert_success(&place.rl(&format!("{words} --updates 9 --out whole")));
    assert_success(&place.rl(&format!("{words} --updates 5 --out run")));
    fs::remove_file(place.path("first/policy.safetensors")).unwrap();
    assert_success(&place.rl("train --resume run --updates 9 --quiet"));
    let policy = |run: &str| fs::read(place.path(run).join("policy.safetensors")).unwrap();
    assert!(policy("run") == policy("whole"));
}

#[test]
fn the_configuration_of_an_extended_run_repeats_it() {
    let place = Place::new();
    let words =
        "train --preset cartpole-a2c --anneal-learning-rate=true --steps 4000 --seed 3 --quiet";
    assert_success(&place.rl(&format!("{words} --out run")));
    assert_success(&place.rl("train --resume run --updates 150 --quiet"));
    assert_success(&place.rl("train --quiet --config run/config.toml --out again"));
    assert!(left_behind(&place.path("run")) == left_behind(&place.path("again")));
    let config = |run: &str| fs::read(place.path(run).join("config.toml")).unwrap();
    assert_eq!(config("run"), config("again"));
}

#[test]
fn what_cannot_be_resumed_says_why() {
    let place = Place::new();
    assert_success(&place.rl("train --updates 2 --quiet --out done"));
    for (words, names) in [
        ("train --resume done", ["is finished", "2 updates"]),
        (
            "train --resume nowhere",
            ["nowhere", "is not the directory of a run"],
        ),
        (
            "train --resume done --seed 1",
            ["--seed cannot be changed", "--steps"],
        ),
        (
            "train --resume done --set gamma=0.5",
            ["--resume", "cannot be used with"],
        ),
        (
            "train --resume done --print-config",
            ["--resume", "cannot be used with"],
        ),
    ] {
        assert_failure(&place.rl(words), 2, &names);
    }
    assert_success(&place.rl("train --resume done --updates 4 --quiet"));
    assert_eq!(json(&place.path("done/summary.json"))["updates"], 4);
    assert_eq!(metrics(&place.path("done/metrics.csv")).len(), 5);
}

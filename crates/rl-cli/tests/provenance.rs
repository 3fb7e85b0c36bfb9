//! What a run and the binary say of where they come from, and under which names runs are kept.

mod common;

use std::process::Command;

use common::{Place, assert_failure, assert_success, json};

#[test]
fn a_summary_says_commit_compiler_processor_date_and_command_line() {
    let place = Place::new();
    assert_success(&place.rl("train --quiet --updates 1 --name=my,run"));
    let summary = json(&place.path("runs/my,run/summary.json"));
    let line = summary["command_line"].as_str().unwrap();
    assert!(
        line.ends_with("train --quiet --updates 1 --name=my,run"),
        "{line}"
    );
    assert!(!summary["cpu"].as_str().unwrap().is_empty());
    let compiler = summary["versions"]["compiler"].as_str().unwrap();
    assert!(compiler.starts_with("rustc 1."), "{compiler}");
    let (date, time) = summary["date"].as_str().unwrap().split_once('T').unwrap();
    assert!(
        date > "2026" && date.len() == 10 && time.ends_with('Z'),
        "{date} {time}"
    );

    let version = assert_success(&place.rl("--version"));
    assert!(version.contains(compiler), "{version}");
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let head = Command::new("git")
        .args(["-C", root, "rev-parse", "HEAD"])
        .output();
    let known = head.ok().filter(|head| head.status.success());
    if let Some(commit) = summary["versions"]["commit"].as_str() {
        assert!(version.contains(commit), "{version}");
        let head = String::from_utf8(known.unwrap().stdout).unwrap();
        assert!(
            head.starts_with(commit.trim_end_matches("-dirty")),
            "{commit} {head}"
        );
    } else {
        assert!(known.is_none(), "a build inside of git knows its commit");
    }
}

#[test]
fn a_run_is_named_by_the_user_or_after_what_was_changed() {
    let place = Place::new();
    let short = "train --quiet --updates 1";
    for (words, expected) in [
        (
            "--lr 5e-3 --seed 2",
            "runs/cartpole-vpg-lr5e-3-updates1-seed2\n",
        ),
        ("--name first", "runs/first\n"),
        ("--name first", "runs/first-2\n"),
    ] {
        assert_eq!(
            assert_success(&place.rl(&format!("{short} {words}"))),
            expected
        );
    }
    for (words, named) in [
        ("--name ../up", "'../up'"),
        ("--name a --out b", "no name where out is given"),
        ("--name .hidden", "--name"),
    ] {
        let output = place.rl(&format!("{short} {words}"));
        assert_failure(&output, 2, &[named.trim_matches('\''), "allowed"]);
    }
    assert!(!place.path("up").exists() && !place.path("b").exists());
}

#[test]
fn a_shell_completes_commands_and_keys() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = assert_success(&place.rl(&format!("completions {shell}")));
        for word in ["evidence", "learning-rate", "print-config"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    assert_failure(&place.rl("completions csh"), 2, &["csh", "bash"]);
}

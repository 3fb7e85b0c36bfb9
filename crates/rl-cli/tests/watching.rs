//! What one sees of a training: live views, lines of JSON, its end; and what `rl eval` says.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;

use serde_json::Value;

use common::{Place, assert_failure, assert_success, json};

#[test]
fn json_is_an_object_per_update_with_the_names_of_the_metrics_and_one_for_the_summary() {
    let place = Place::new();
    let output = place.rl("train --json --updates 3 --eval-every 2 --out run");
    let text = assert_success(&output);
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 4, "{text}");
    let csv = fs::read_to_string(place.path("run/metrics.csv")).unwrap();
    let columns: Vec<&str> = csv.lines().next().unwrap().split(',').collect();
    let first = text.lines().next().unwrap();
    let places: Vec<_> = columns
        .iter()
        .map(|column| first.find(&format!("\"{column}\":")).unwrap())
        .collect();
    assert!(places.is_sorted(), "{first}");
    assert_eq!(lines[0].as_object().unwrap().len(), columns.len());
    assert!(lines[0]["eval_return_mean"].is_null() && lines[1]["eval_return_mean"].is_f64());
    assert_eq!(lines[2]["update"], 3.0);
    assert_eq!(lines[3]["outcome"], "finished");
    assert_eq!(lines[3]["updates"], 3);
}

#[test]
fn without_a_terminal_there_are_plain_lines_a_curve_and_a_summary_that_says_what_to_type() {
    let place = Place::new();
    let output = place.rl("train --updates 30 --out run");
    let lines = String::from_utf8_lossy(&output.stderr).into_owned();
    let lines: Vec<&str> = lines.lines().filter(|l| l.starts_with("update ")).collect();
    assert!(
        lines.len() <= 20 && !lines.concat().contains('\u{1b}'),
        "{lines:?}"
    );
    let screen = assert_success(&output);
    let words = ["95 % interval", "deviation", "rl eval run", "by drawn ones"];
    for word in words {
        assert!(screen.contains(word), "'{word}' is not in:\n{screen}");
    }
    let is_braille = |c: char| ('\u{2801}'..='\u{28ff}').contains(&c);
    assert!(screen.contains(is_braille), "{screen}");
    assert!(
        screen.lines().all(|line| line.chars().count() <= 80),
        "{screen}"
    );
    let quiet = place.rl("train --updates 3 --out quiet --quiet");
    assert_eq!(assert_success(&quiet), "quiet\n");
    assert!(quiet.stderr.is_empty());
    for form in ["full", "line"] {
        let output = place.rl(&format!("train --progress {form} --out none"));
        assert_failure(&output, 2, &["--progress", form, "no terminal", "plain"]);
        assert!(!place.path("none").exists());
    }
}

#[test]
fn a_run_says_first_when_its_schedules_end_if_it_has_any() {
    let place = Place::new();
    let lake = "--env frozen-lake --algo q-learning --preset none";
    let exponential = "--set alpha_decay=exponential --set alpha_fraction=0.25";
    let many = "--set prioritized=true --set rounds=1 --set learning_starts=40";
    let cases = [
        (
            format!("{lake} --steps 9000"),
            "ε 1 → 0.05 by step 4500 · α 0.1",
        ),
        (
            format!("{lake} --updates 3 {exponential}"),
            "ε 1 → 0.05 over 50 % of the run · α 0.1 → 0.01 over 25 % of the run",
        ),
        (
            format!("--algo dqn --preset none --steps 200 {many}"),
            "ε 1 → 0.05 by step 40 · β 0.4 → 1 by step 200",
        ),
        (
            "--algo pqn --preset none --steps 1024".into(),
            "ε 1 → 0.05 by step 205",
        ),
    ];
    for (run, (words, expected)) in cases.into_iter().enumerate() {
        let output = place.rl(&format!("train {words} --out {run}"));
        assert_success(&output);
        let lines = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(lines.lines().next(), Some(expected), "{words}");
        let config = assert_success(&place.rl(&format!("train {words} --print-config")));
        assert_eq!(
            config.lines().next(),
            Some(&*format!("# {expected}")),
            "{words}"
        );
        let quiet = place.rl(&format!("train {words} --quiet --out {run}-quiet"));
        assert!(quiet.stderr.is_empty() && quiet.status.success(), "{words}");
    }
    // The horizon of a run stays when it goes on for longer.
    let more = "train --resume 0 --steps 30000";
    let lines = place.rl(more);
    assert_success(&lines);
    let lines = String::from_utf8_lossy(&lines.stderr).into_owned();
    assert!(
        lines.starts_with("ε 1 → 0.05 by step 4500 · α 0.1\n"),
        "{lines}"
    );
    let none = place.rl("train --updates 1 --out none");
    assert_success(&none);
    assert!(!String::from_utf8_lossy(&none.stderr).contains('→'));
}

#[test]
fn a_time_limit_ends_the_run_which_can_be_resumed() {
    let place = Place::new();
    let output = place.rl("train --time-limit 0.3s --updates 10000000 --quiet --out run");
    assert_success(&output);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("rl train --resume run"), "{errors}");
    let summary = json(&place.path("run/summary.json"));
    assert_eq!(summary["outcome"], "time_limit");
    assert!(summary["evaluation"].is_object());
    let updates = summary["updates"].as_u64().unwrap();
    assert_success(&place.rl("train --resume run --time-limit 0.2s --quiet"));
    let summary = json(&place.path("run/summary.json"));
    assert!(summary["updates"].as_u64().unwrap() > updates);
    for wrong in ["10", "0s", "-1s", "soon"] {
        let output = place.rl(&format!("train --time-limit={wrong} --out none"));
        assert_failure(&output, 2, &["time_limit", wrong, "10m"]);
    }
}

#[test]
fn eval_says_the_interval_and_the_share_of_episodes_that_reach_a_threshold() {
    let place = Place::new();
    let words = "eval --random --env cartpole --episodes 50";
    let evaluation: Value = serde_json::from_str(&assert_success(
        &place.rl(&format!("{words} --threshold 20 --json")),
    ))
    .unwrap();
    let returns: Vec<f64> = serde_json::from_value(evaluation["returns"].clone()).unwrap();
    let reached = returns.iter().filter(|r| **r >= 20.0).count();
    assert!((1..50).contains(&reached));
    let share = evaluation["share_from_threshold"].as_f64().unwrap();
    assert!((share - reached as f64 / 50.0).abs() < 1e-12);
    let bound = |index: usize| evaluation["return_mean_interval"][index].as_f64().unwrap();
    let mean = evaluation["return_mean"].as_f64().unwrap();
    assert!(bound(0) < mean && mean < bound(1));

    let table = assert_success(&place.rl(words));
    for word in ["95 % interval", "return 475 or more", "random"] {
        assert!(table.contains(word), "'{word}' is not in:\n{table}");
    }
    // Pendulum is solved nowhere, and a discounted return is another quantity.
    let none = assert_success(&place.rl("eval --random --env pendulum --episodes 1"));
    assert!(!none.contains("or more"), "{none}");
    let none = assert_success(&place.rl(&format!("{words} --gamma 0.9")));
    assert!(!none.contains("or more"), "{none}");
    let output = place.rl(&format!("{words} --threshold=nan"));
    assert_failure(&output, 2, &["--threshold", "nan", "finite"]);
}

#[test]
fn the_short_help_fits_a_screen_and_the_long_one_is_in_groups_with_examples() {
    let place = Place::new();
    let short = assert_success(&place.rl("train -h"));
    assert!(short.lines().count() <= 40, "{short}");
    assert!(
        short.lines().all(|line| line.chars().count() <= 80),
        "{short}"
    );
    for option in ["--env", "--algo", "--seed", "--steps", "--out", "--resume"] {
        assert!(short.contains(option), "{option}:\n{short}");
    }
    let long = assert_success(&place.rl("train --help"));
    let groups = [
        "Run",
        "Evaluation",
        "Screen",
        "Environments",
        "Networks",
        "Optimizer",
        "Algorithm",
    ];
    for group in groups {
        let heading = long.lines().find(|line| line.starts_with(group));
        assert!(
            heading.is_some_and(|line| line.contains("as in --")),
            "{group}"
        );
    }
    let place_of = |option: &str| long.find(&format!("{option} <")).unwrap();
    assert!(place_of("--env") < place_of("--algo"));
    assert!(place_of("--algo") < place_of("--clip-range"));
}

#[cfg(target_os = "linux")]
mod terminal {
    use std::path::Path;
    use std::process::{Child, Command, Stdio};
    use std::thread::sleep;
    use std::time::{Duration, Instant};

    use super::*;

    const OPEN: &str = "\u{1b}[?1049h";
    const CLOSE: &str = "\u{1b}[?1049l";
    const SHOW: &str = "\u{1b}[?25h";
    /// A training of a second or more.
    const RUN: &str = "train --preset cartpole-ppo --steps 150000 --seed 3 --out run";

    /// Words of a shell in a terminal of so many columns and rows; `rl` is the program.
    fn in_terminal(place: &Place, size: [u32; 2], shell: &str) -> Child {
        let [columns, rows] = size;
        let rl = env!("CARGO_BIN_EXE_rl");
        let line =
            format!("stty cols {columns} rows {rows}; rl() {{ exec '{rl}' \"$@\"; }}; {shell}");
        Command::new("script")
            .args(["-qec", &line, "/dev/null"])
            .env("SHELL", "/bin/sh")
            .current_dir(place.path(""))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    }

    fn shown(child: Child) -> String {
        let output = child.wait_with_output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn wait_for(path: &Path) {
        let begin = Instant::now();
        while !path.exists() {
            assert!(
                begin.elapsed() < Duration::from_secs(120),
                "{}",
                path.display()
            );
            sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn a_full_screen_gives_the_terminal_back_before_the_summary() {
        let place = Place::new();
        let text = shown(in_terminal(&place, [120, 40], &format!("rl {RUN}")));
        let (before, after) = text.rsplit_once(CLOSE).unwrap();
        assert!(
            before.contains(OPEN) && before.contains("explained_variance"),
            "{text}"
        );
        assert!(
            after.contains(SHOW) && after.contains("run directory"),
            "{after}"
        );
        assert!(!after.contains(OPEN));
    }

    #[test]
    fn a_small_terminal_has_a_line_and_no_other_screen() {
        let place = Place::new();
        let text = shown(in_terminal(&place, [80, 24], &format!("rl {RUN}")));
        assert!(!text.contains(OPEN) && text.contains("steps"), "{text}");
        assert!(text.contains("run directory"), "{text}");
    }

    #[test]
    fn a_second_signal_gives_the_terminal_back_too() {
        let place = Place::new();
        // An update of minutes.
        let train = "train --env lunar-lander --algo ppo --updates 1 --out run \
                     --steps-per-environment 4000000 --minibatch-size 4000000 --environments 1";
        let shell = format!(
            "(rl {train}) & sleep 1; kill -TERM $!; sleep 0.3; kill -TERM $!; wait $!; echo code $?"
        );
        let text = shown(in_terminal(&place, [120, 40], &shell));
        let (before, after) = text.rsplit_once(CLOSE).unwrap();
        assert!(before.contains(OPEN), "{text}");
        assert!(
            after.contains(SHOW) && after.contains("code 130"),
            "{after}"
        );
    }

    #[test]
    fn a_terminal_that_stands_still_holds_no_training_up() {
        let place = Place::new();
        let child = in_terminal(&place, [120, 40], &format!("rl {RUN}"));
        wait_for(&place.path("run/metrics.csv"));
        let signal = |name: &str| {
            let pid = child.id().to_string();
            let status = Command::new("kill").args(["-s", name, &pid]).status();
            assert!(status.unwrap().success());
        };
        signal("STOP");
        wait_for(&place.path("run/summary.json"));
        assert_eq!(json(&place.path("run/summary.json"))["outcome"], "finished");
        signal("CONT");
        assert!(shown(child).contains("run directory"));
    }
}

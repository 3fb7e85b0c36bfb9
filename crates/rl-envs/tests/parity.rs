//! The judge of the environments against traces with a flaw, which it must find.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use rl_envs::parity::replay;
use tempfile::TempDir;

fn golden(environment: &str) -> PathBuf {
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden");
    Path::new(golden).join(environment)
}

/// A copy of an environment's traces, which may be edited; removed at the end.
struct Copy {
    place: TempDir,
    environment: &'static str,
}

impl Copy {
    fn new() -> Self {
        Self::of("cartpole")
    }

    fn of(environment: &'static str) -> Self {
        let place = tempfile::tempdir().unwrap();
        let set = place.path().join(environment);
        fs::create_dir(&set).unwrap();
        for entry in fs::read_dir(golden(environment)).unwrap() {
            let file = entry.unwrap().path();
            fs::copy(&file, set.join(file.file_name().unwrap())).unwrap();
        }
        Self { place, environment }
    }

    fn path(&self, file: &str) -> PathBuf {
        self.place.path().join(self.environment).join(file)
    }

    /// Replaces the value in a line (from 1) and a column.
    fn set(&self, file: &str, line: usize, column: &str, value: &str) {
        let text = fs::read_to_string(self.path(file)).unwrap();
        let mut rows: Vec<Vec<&str>> = text.lines().map(|row| row.split(',').collect()).collect();
        let column = rows[0].iter().position(|name| *name == column).unwrap();
        assert_ne!(rows[line - 1][column], value);
        rows[line - 1][column] = value;
        let rows: Vec<String> = rows.iter().map(|row| row.join(",")).collect();
        fs::write(self.path(file), rows.join("\n")).unwrap();
    }

    /// Replaces the first `from`.
    fn replace(&self, file: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(file)).unwrap();
        assert!(text.contains(from), "{from}");
        fs::write(self.path(file), text.replacen(from, to, 1)).unwrap();
    }

    /// The one deviation there is: quantity, row, column, our number and theirs.
    fn deviation(&self) -> (String, String, f64, f64) {
        let report = replay(self.place.path()).unwrap();
        assert!(!report.passed);
        assert_eq!(report.beyond, 1);
        let mut found = report.environments.into_iter().flat_map(|environment| {
            environment.files.into_iter().flat_map(|file| {
                let deviations = file.quantities.into_iter().flat_map(|q| q.deviations);
                deviations.map(move |d| (file.file.clone(), d))
            })
        });
        let (file, deviation) = found.next().unwrap();
        let place = format!("{file}, line {}: {}", deviation.line, deviation.row);
        (place, deviation.column, deviation.ours, deviation.theirs)
    }

    /// The error, which names files from here.
    fn error(&self) -> String {
        let error = replay(self.place.path()).unwrap_err().to_string();
        error.replace(&format!("{}/", self.place.path().display()), "")
    }
}

#[test]
fn a_changed_digit_of_a_state_is_found() {
    let copy = Copy::new();
    let [theirs, changed] = ["-0.43093623835103795", "-0.43093624835103795"];
    copy.replace("transitions.csv", theirs, changed);
    let (place, column, ours, theirs) = copy.deviation();
    assert_eq!(place, "transitions.csv, line 9: id 7");
    assert_eq!(column, "next_x");
    assert_eq!((ours, theirs), (-0.43093623835103795, -0.43093624835103795));

    let copy = Copy::new();
    let from = "0,random,624214363,0,0.012383859959219388";
    let to = "0,random,624214363,0,0.012383859959219390";
    copy.replace("episode_index.csv", from, to);
    let (place, column, ours, theirs) = copy.deviation();
    assert_eq!(place, "episode_index.csv, line 2: episode 0");
    assert_eq!(column, "init_x");
    assert_eq!(ours.to_bits().abs_diff(theirs.to_bits()), 1);
}

#[test]
fn a_changed_reward_is_found() {
    let copy = Copy::new();
    copy.set("transitions.csv", 501, "reward", "1.0000001");
    let expected = ("transitions.csv, line 501: id 499".into(), "reward".into());
    let (place, column, ours, theirs) = copy.deviation();
    assert_eq!(((place, column), ours, theirs), (expected, 1.0, 1.0000001));

    let copy = Copy::new();
    copy.set("episodes.csv", 5, "reward", "0");
    let place = "episodes.csv, line 5: episode 0, t 3";
    assert_eq!(copy.deviation(), (place.into(), "reward".into(), 1.0, 0.0));

    let copy = Copy::new();
    copy.set("episode_index.csv", 2, "return", "13.0");
    let place = "episode_index.csv, line 2: episode 0";
    assert_eq!(
        copy.deviation(),
        (place.into(), "return".into(), 12.0, 13.0)
    );
}

#[test]
fn a_flipped_flag_is_found() {
    for (file, line, column, theirs, place) in [
        ("transitions.csv", 2, "truncated", 1, "line 2: id 0"),
        ("transitions.csv", 2, "terminated", 1, "line 2: id 0"),
        ("episodes.csv", 3, "truncated", 1, "line 3: episode 0, t 1"),
        (
            "episodes.csv",
            13,
            "terminated",
            0,
            "line 13: episode 0, t 11",
        ),
        ("episode_index.csv", 2, "terminated", 0, "line 2: episode 0"),
    ] {
        let copy = Copy::new();
        copy.set(file, line, column, &theirs.to_string());
        let theirs = f64::from(theirs);
        let expected = (
            format!("{file}, {place}"),
            column.into(),
            1.0 - theirs,
            theirs,
        );
        assert_eq!(copy.deviation(), expected);
    }
}

#[test]
fn a_changed_observation_is_found() {
    for (file, line, column, place) in [
        ("transitions.csv", 12, "obs2", "line 12: id 10"),
        ("episodes.csv", 4, "obs3", "line 4: episode 0, t 2"),
        ("episode_index.csv", 3, "init_obs0", "line 3: episode 1"),
    ] {
        let copy = Copy::new();
        copy.set(file, line, column, "9.0");
        let (found, at, _, theirs) = copy.deviation();
        assert_eq!((found, theirs), (format!("{file}, {place}"), 9.0));
        assert_eq!(at, column);
    }
}

#[test]
fn the_time_limit_is_compared_also_where_the_steps_before_it_are_not() {
    // A pole balanced for 500 steps, of which rounding leaves some 350 comparable.
    let text = fs::read_to_string(golden("cartpole").join("episode_index.csv")).unwrap();
    let balanced =
        |row: &str| row.contains(",500,500.0,0,1,") && !row.contains(",500,500.0,0,1,500");
    let line = text.lines().position(balanced).unwrap() + 1;
    let copy = Copy::new();
    copy.set("episode_index.csv", line, "truncated", "0");
    let (place, column, ours, theirs) = copy.deviation();
    assert!(place.starts_with(&format!("episode_index.csv, line {line}")));
    assert_eq!((column.as_str(), ours, theirs), ("truncated", 1.0, 0.0));
}

#[test]
fn a_malformed_value_is_named_with_its_place() {
    for (file, line, column, value, expected) in [
        ("transitions.csv", 3, "x", "abc", "a finite number"),
        ("transitions.csv", 3, "next_theta", "NaN", "a finite number"),
        ("transitions.csv", 3, "obs1", "", "a finite number"),
        ("transitions.csv", 4, "action", "2", "in Discrete(2)"),
        ("transitions.csv", 4, "action", "0.5", "in Discrete(2)"),
        ("transitions.csv", 5, "terminated", "2", "0 or 1"),
        // After the robust steps, where nothing is compared.
        ("episodes.csv", 4222, "obs1", "x", "a finite number"),
        ("episodes.csv", 3, "t", "7", "1, the next step"),
        (
            "episodes.csv",
            3,
            "episode",
            "77",
            "in cartpole/episode_index.csv",
        ),
        ("episode_index.csv", 2, "reset_seed", "-1", "a whole number"),
        (
            "episode_index.csv",
            2,
            "robust_steps_f64",
            "13",
            "at most 12",
        ),
    ] {
        let copy = Copy::new();
        copy.set(file, line, column, value);
        let place = format!("cartpole/{file}, line {line}");
        let expected = format!("{place}: {column} = '{value}' is not {expected}");
        assert_eq!(copy.error(), expected);
    }
}

#[test]
fn a_malformed_file_is_named_with_what_is_wrong() {
    let copy = Copy::new();
    copy.replace("transitions.csv", "next_x_dot", "next_v");
    let error = copy.error();
    let message =
        "cartpole/transitions.csv, line 1: there is no column 'next_x_dot' among id, kind";
    assert!(error.starts_with(message), "{error}");

    let copy = Copy::new();
    copy.replace("transitions.csv", "0,broad,", "0,");
    let message = "cartpole/transitions.csv, line 2: 17 values stand under 18 columns";
    assert_eq!(copy.error(), message);

    let copy = Copy::new();
    fs::write(copy.path("transitions.csv"), "id,kind\n\n").unwrap();
    assert_eq!(copy.error(), "cartpole/transitions.csv has no rows");

    let copy = Copy::new();
    fs::write(copy.path("transitions.csv"), [0xff, 0xfe]).unwrap();
    let error = copy.error();
    assert!(
        error.starts_with("cannot read cartpole/transitions.csv: "),
        "{error}"
    );

    let copy = Copy::new();
    let index = fs::read_to_string(copy.path("episode_index.csv")).unwrap();
    let added = index.lines().nth(1).unwrap().replacen('0', "20", 1);
    fs::write(copy.path("episode_index.csv"), format!("{index}{added}\n")).unwrap();
    let message = "cartpole/episode_index.csv, line 22: episode = '20' is not told in 12 rows of";
    let error = copy.error();
    assert!(
        error.starts_with(message) && error.ends_with("but in 0"),
        "{error}"
    );

    let copy = Copy::new();
    fs::remove_file(copy.path("episode_index.csv")).unwrap();
    let message = "cartpole/episode_index.csv is missing, without which cartpole/episodes.csv \
                   cannot be replayed";
    assert_eq!(copy.error(), message);
}

#[test]
fn a_directory_without_traces_is_an_error() {
    let place = tempfile::tempdir().unwrap();
    let error = |path: &Path| replay(path).unwrap_err().to_string();
    let message = error(place.path());
    assert!(message.contains("holds no recorded traces"), "{message}");
    assert!(message.contains("cartpole, mountaincar"), "{message}");

    let message = error(&place.path().join("nowhere"));
    assert!(
        message.contains("cannot read") && message.contains("nowhere"),
        "{message}"
    );

    let set = place.path().join("Mountain-Car");
    fs::create_dir(&set).unwrap();
    let message = error(place.path());
    assert!(
        message.contains("Mountain-Car holds no recorded traces"),
        "{message}"
    );
    fs::remove_dir(&set).unwrap();

    let set = place.path().join("walker");
    fs::create_dir(&set).unwrap();
    fs::copy(
        golden("pendulum").join("transitions.csv"),
        set.join("transitions.csv"),
    )
    .unwrap();
    let message = error(place.path());
    assert!(
        message.contains("walker/transitions.csv is in no directory"),
        "{message}"
    );
}

#[test]
fn a_lander_that_flies_elsewhere_is_found() {
    for (column, tolerance) in [("x", 0.01), ("vy", 0.02), ("angle", 0.005), ("omega", 0.02)] {
        let copy = Copy::of("lunarlander");
        let text = fs::read_to_string(copy.path("freeflight.csv")).unwrap();
        let [header, first] = [0, 1].map(|line| text.lines().nth(line).unwrap().split(','));
        let mut cells = header.zip(first);
        let recorded: f64 = cells
            .find(|cell| cell.0 == column)
            .unwrap()
            .1
            .parse()
            .unwrap();
        copy.set(
            "freeflight.csv",
            2,
            column,
            &(recorded + 1.2 * tolerance).to_string(),
        );
        let (place, found, ..) = copy.deviation();
        assert_eq!(place, "freeflight.csv, line 2: segment 0, t 0");
        assert_eq!(found, column);
    }

    let copy = Copy::of("lunarlander");
    copy.set("freeflight.csv", 40, "contact", "1");
    let place = "freeflight.csv, line 40: segment 1, t 8";
    assert_eq!(copy.deviation(), (place.into(), "contact".into(), 0.0, 1.0));

    for column in ["terrain_y10", "obs2", "lander_y"] {
        let copy = Copy::of("lunarlander");
        copy.set("starts.csv", 21, column, "0.5");
        let (place, found, ..) = copy.deviation();
        assert_eq!(place, "starts.csv, line 21: seed 1019");
        assert_eq!(found, column);
    }
}

#[test]
fn a_malformed_trace_of_the_lander_is_named_with_its_place() {
    for (file, line, column, value, expected) in [
        ("freeflight.csv", 3, "t", "2", "1, the next step"),
        ("freeflight_index.csv", 3, "action", "4", "in Discrete(4)"),
        ("starts.csv", 5, "seed", "x", "a finite number"),
        ("heuristic_steps.csv", 6, "disp0", "", "a finite number"),
    ] {
        let copy = Copy::of("lunarlander");
        copy.set(file, line, column, value);
        let error = copy.error();
        let place =
            format!("lunarlander/{file}, line {line}: {column} = '{value}' is not {expected}");
        assert!(error.starts_with(&place), "{error}");
    }
    let copy = Copy::of("lunarlander_continuous");
    fs::remove_file(copy.path("freeflight.csv")).unwrap();
    let error = copy.error();
    assert!(
        error.contains("lunarlander_continuous/freeflight.csv is missing"),
        "{error}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(100)
    })]

    #[test]
    fn no_damage_to_the_files_makes_the_replay_panic(
        environment in prop_oneof![Just("cartpole"), Just("pendulum"), Just("lunarlander")],
        file in 0..6_usize,
        place in 0.0..1.0_f64,
        length in 0..20_usize,
        text in "[0-9eE,.\n-]{0,20}",
    ) {
        let copy = Copy::of(environment);
        let files: Vec<_> = fs::read_dir(copy.path(".")).unwrap().map(|f| f.unwrap().path()).collect();
        let path = &files[file % files.len()];
        let mut whole = fs::read(path).unwrap();
        // Most damage near the start, where the header is.
        let start = (place * place * place * whole.len() as f64) as usize;
        let end = (start + length).min(whole.len());
        whole.splice(start..end, text.bytes());
        fs::write(path, whole).unwrap();
        let _ = replay(copy.place.path());
    }
}

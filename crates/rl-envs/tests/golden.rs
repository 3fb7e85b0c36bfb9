//! The environments against traces recorded from Gymnasium 1.4.0 (`tests/golden/README.md`).

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use rl_envs::parity::{FileReport, Quantity, Tolerance, replay};

fn golden(environment: &str) -> PathBuf {
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden");
    Path::new(golden).join(environment)
}

/// The report of a file of an environment.
fn report(environment: &str, file: &str) -> FileReport {
    let mut environments = replay(&golden(environment)).unwrap().environments;
    assert_eq!(environments.len(), 1);
    let files = environments.remove(0).files;
    files.into_iter().find(|f| f.file == file).unwrap()
}

fn quantity(environment: &str, file: &str, name: &str) -> Quantity {
    let quantities = report(environment, file).quantities;
    quantities.into_iter().find(|q| q.name == name).unwrap()
}

const CLASSIC: [&str; 5] = [
    "acrobot",
    "cartpole",
    "mountaincar",
    "mountaincar_continuous",
    "pendulum",
];

#[test]
fn every_environment_is_within_its_tolerances() {
    let report = replay(&golden("")).unwrap();
    for environment in &report.environments {
        for file in &environment.files {
            assert!(file.passed, "{}: {file:#?}", environment.environment);
        }
    }
    assert!(report.passed && report.beyond == 0);
    for name in CLASSIC {
        let found = |e: &rl_envs::parity::EnvironmentReport| e.environment == name;
        assert_eq!(
            report.environments.iter().filter(|e| found(e)).count(),
            1,
            "{name}"
        );
    }
}

#[test]
fn every_recorded_transition_and_episode_is_compared() {
    for (name, steps, robust) in [
        ("acrobot", 3007, 2837),
        ("cartpole", 4221, 3040),
        ("mountaincar", 2659, 2659),
        ("mountaincar_continuous", 3117, 3117),
        ("pendulum", 4000, 3706),
    ] {
        for (file, rows, compared) in [
            ("transitions.csv", 500, 500),
            ("episode_index.csv", 20, 20),
            ("episodes.csv", steps, robust),
        ] {
            let report = report(name, file);
            assert_eq!((report.rows, report.compared), (rows, compared), "{name}");
            let lines = fs::read_to_string(golden(name).join(file)).unwrap();
            assert_eq!(lines.lines().count(), rows + 1, "{name}");
        }
        assert_eq!(quantity(name, "transitions.csv", "flags").compared, 1000);
    }
}

#[test]
fn seeded_resets_are_gymnasiums_to_the_last_bit() {
    for name in CLASSIC {
        let start = quantity(name, "episode_index.csv", "state");
        assert_eq!(start.tolerance, Tolerance::Exact);
        assert!(start.compared >= 28 && start.differing == 0, "{name}");
        assert_eq!(
            quantity(name, "episode_index.csv", "observation").differing,
            0
        );
    }
}

#[test]
fn states_differ_by_no_more_than_sines_and_cosines_are_rounded_apart() {
    for (name, differing, relative) in [
        ("cartpole", 2, 2e-16),
        ("mountaincar", 3, 1.4e-15),
        ("mountaincar_continuous", 0, 0.0),
        ("acrobot", 63, 1.2e-14),
        ("pendulum", 0, 0.0),
    ] {
        let state = quantity(name, "transitions.csv", "state");
        assert!(state.differing <= differing, "{name}: {state:?}");
        assert!(state.largest_relative <= relative, "{name}: {state:?}");
    }
}

#[test]
fn observations_are_gymnasiums_to_the_last_bit_but_five_of_acrobots() {
    for name in CLASSIC {
        assert_eq!(
            quantity(name, "transitions.csv", "observation").differing,
            0
        );
        let episodes = quantity(name, "episodes.csv", "observation");
        let differing = if name == "acrobot" { 5 } else { 0 };
        assert!(episodes.differing <= differing, "{name}: {episodes:?}");
        assert!(episodes.largest_absolute <= 1.2e-7, "{name}: {episodes:?}");
    }
}

#[test]
fn rewards_are_gymnasiums_to_the_last_bit_but_pendulums_by_the_square_of_pow() {
    for name in CLASSIC {
        let [step, episode, total] = [
            quantity(name, "transitions.csv", "reward"),
            quantity(name, "episodes.csv", "reward"),
            quantity(name, "episode_index.csv", "return"),
        ];
        if name == "pendulum" {
            assert!(step.differing <= 1 && step.largest_relative <= 2.3e-16);
            assert!(episode.largest_absolute <= 2.3e-13, "{episode:?}");
            assert!(total.largest_absolute <= 1.6e-12, "{total:?}");
        } else {
            for quantity in [step, episode, total] {
                assert_eq!(quantity.tolerance, Tolerance::Exact);
                assert_eq!(quantity.differing, 0, "{name}: {quantity:?}");
            }
        }
    }
}

#[test]
fn the_lander_flies_where_box2ds_does() {
    for name in ["lunarlander", "lunarlander_continuous"] {
        let flight = report(name, "freeflight.csv");
        assert_eq!((flight.rows, flight.compared), (720, 720));
        for (quantity, compared, tolerance) in [
            ("position", 1440, 0.01),
            ("velocity", 1440, 0.02),
            ("angle", 720, 0.005),
            ("angular velocity", 720, 0.02),
        ] {
            let quantity = self::quantity(name, "freeflight.csv", quantity);
            assert_eq!(quantity.tolerance, Tolerance::Absolute(tolerance));
            assert_eq!(
                (quantity.compared, quantity.beyond),
                (compared, 0),
                "{name}"
            );
        }
    }
}

#[test]
fn the_lander_is_first_seen_where_box2ds_is_over_the_same_terrain() {
    for name in ["lunarlander", "lunarlander_continuous"] {
        assert_eq!(report(name, "starts.csv").compared, 20);
        let terrain = quantity(name, "starts.csv", "terrain");
        assert_eq!(terrain.compared, 220);
        // Recorded in single precision.
        assert!(terrain.largest_absolute < 5e-7, "{terrain:?}");
        let observation = quantity(name, "starts.csv", "observation");
        assert!(observation.largest_absolute < 1e-6, "{observation:?}");
    }
}

#[test]
fn what_touches_the_ground_is_compared_and_not_judged() {
    for (name, steps) in [("lunarlander", 1446), ("lunarlander_continuous", 1062)] {
        for (file, rows) in [("transitions.csv", 250), ("heuristic_steps.csv", steps)] {
            let report = report(name, file);
            assert_eq!(report.rows, rows);
            assert!(report.compared > rows * 9 / 10, "{}", report.compared);
            let judged = |q: &Quantity| q.tolerance != Tolerance::NotJudged;
            assert!(!report.quantities.iter().any(judged));
        }
    }
}

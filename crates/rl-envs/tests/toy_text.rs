//! The toy-text environments against tables and episodes recorded from Gymnasium 1.4.0.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};

use rl_core::finite_mdp::{Optimum, SolverConfig};
use rl_core::{Environment, Stream};
use rl_envs::TimeLimit;
use rl_envs::conformance::{ConformanceConfig, check_environment};
use rl_envs::parity::{Quantity, replay};
use rl_envs::toy_text::{
    CliffWalking, FrozenLake, LakeMap, Taxi, TaxiConfig, TaxiState, TransitionTable,
};

fn golden(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden")).join(name)
}

/// The tables by the names of their directories.
fn tables() -> [(&'static str, TransitionTable); 8] {
    [
        (
            "frozenlake_4x4_slippery",
            FrozenLake::table_of(LakeMap::Small, true),
        ),
        (
            "frozenlake_4x4_deterministic",
            FrozenLake::table_of(LakeMap::Small, false),
        ),
        (
            "frozenlake_8x8_slippery",
            FrozenLake::table_of(LakeMap::Large, true),
        ),
        (
            "frozenlake_8x8_deterministic",
            FrozenLake::table_of(LakeMap::Large, false),
        ),
        ("cliffwalking", CliffWalking::table_of(false)),
        ("cliffwalking_slippery", CliffWalking::table_of(true)),
        ("taxi", Taxi::table_of(false)),
        ("taxi_rainy", Taxi::table_of(true)),
    ]
}

fn optimum(table: &TransitionTable, gamma: f64) -> Optimum {
    let solver = SolverConfig {
        tolerance: 1e-12,
        ..SolverConfig::default()
    };
    table
        .to_mdp(gamma)
        .unwrap()
        .value_iteration(&solver)
        .unwrap()
}

/// Rows of a file as numbers and words.
fn rows(path: &Path) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(path).unwrap();
    let split = |line: &str| line.split(',').map(str::to_owned).collect();
    text.lines().skip(1).map(split).collect()
}

#[test]
fn tables_and_seeded_episodes_are_gymnasiums() {
    for (name, entries, episodes, steps) in [
        ("frozenlake_4x4_slippery", 152, 13, 254),
        ("frozenlake_4x4_deterministic", 64, 14, 280),
        ("frozenlake_8x8_slippery", 680, 13, 812),
        ("frozenlake_8x8_deterministic", 256, 14, 771),
        ("cliffwalking", 192, 12, 979),
        ("cliffwalking_slippery", 576, 12, 1387),
        ("taxi", 3000, 13, 1125),
        ("taxi_rainy", 7000, 12, 982),
        ("taxi_fickle", 0, 10, 710),
        ("taxi_rainy_fickle", 0, 8, 510),
    ] {
        let report = replay(&golden(name)).unwrap();
        assert!(report.passed, "{name}: {report:#?}");
        let files = &report.environments[0].files;
        let compared = |file: &str| {
            files
                .iter()
                .find(|f| f.file == file)
                .map_or(0, |f| f.compared)
        };
        assert_eq!(compared("transitions.csv"), entries, "{name}");
        assert_eq!(compared("episode_index.csv"), episodes, "{name}");
        assert_eq!(compared("episodes.csv"), steps, "{name}");
        let draws = |q: &&Quantity| q.name == "draws";
        let steps_file = files.iter().find(|f| f.file == "episodes.csv").unwrap();
        assert!(steps_file.quantities.iter().find(draws).unwrap().compared >= steps);
    }
}

#[test]
fn an_entry_of_a_table_that_differs_is_found() {
    let original = std::fs::read_to_string(golden("taxi/transitions.csv")).unwrap();
    let last = original.lines().last().unwrap();
    for (from, to) in [
        ("\n0,0,1.0,100,-1,0\n", "\n0,0,0.9,100,-1,0\n"),
        ("\n0,0,1.0,100,-1,0\n", "\n0,0,1.0,101,-1,0\n"),
        ("\n0,0,1.0,100,-1,0\n", "\n0,0,1.0,100,-2,0\n"),
        ("\n0,0,1.0,100,-1,0\n", "\n0,0,1.0,100,-1,1\n"),
        (
            "\n0,0,1.0,100,-1,0\n",
            "\n0,0,1.0,100,-1,0\n0,0,1.0,100,-1,0\n",
        ),
        (last, ""),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let taxi = directory.path().join("taxi");
        std::fs::create_dir(&taxi).unwrap();
        assert!(original.contains(from), "{from}");
        std::fs::write(taxi.join("transitions.csv"), original.replacen(from, to, 1)).unwrap();
        let report = replay(&taxi).unwrap();
        assert!(!report.passed, "{to}");
    }
}

#[test]
fn optimal_values_are_those_of_the_recorded_tables() {
    let starts = rows(&golden("toy_text_start_values.csv"));
    for (name, table) in tables() {
        for gamma in [0.95, 0.99] {
            let optimum = optimum(&table, gamma);
            let start: f64 = table
                .initial()
                .iter()
                .zip(&optimum.values)
                .map(|(p, v)| p * v)
                .sum();
            let recorded = starts
                .iter()
                .find(|row| row[0] == name && row[1] == gamma.to_string());
            let recorded: f64 = recorded.unwrap()[2].parse().unwrap();
            assert!(
                (start - recorded).abs() < 1e-9,
                "{name}, {gamma}: {start} {recorded}"
            );
            let file = golden(name).join("optimal_q.csv");
            if !file.exists() {
                continue;
            }
            let column = if gamma == 0.95 { 2 } else { 3 };
            let recorded = rows(&file);
            assert_eq!(recorded.len(), table.states() * table.actions());
            for (row, ours) in recorded.iter().zip(&optimum.action_values) {
                let recorded: f64 = row[column].parse().unwrap();
                assert!(
                    (ours - recorded).abs() < 1e-9,
                    "{name}, {gamma}, {row:?}: {ours}"
                );
            }
        }
    }
}

#[test]
fn every_toy_text_environment_conforms() {
    let config = ConformanceConfig::default();
    for slippery in [true, false] {
        for map in [LakeMap::Small, LakeMap::Large] {
            // A lake that is not slippery is the same from every seed.
            let config = ConformanceConfig {
                deterministic: !slippery,
                ..config
            };
            let make = || TimeLimit::new(FrozenLake::new(map, slippery), 100);
            let report = check_environment(make, &config).unwrap();
            assert!(report.terminated > 0 && report.restored > 0);
        }
        let config = ConformanceConfig {
            deterministic: !slippery,
            ..config
        };
        check_environment(|| TimeLimit::new(CliffWalking::new(slippery), 300), &config).unwrap();
    }
    for (rainy, fickle) in [(false, false), (true, false), (false, true), (true, true)] {
        let make = || TimeLimit::new(Taxi::new(TaxiConfig { rainy, fickle }), 200);
        let report = check_environment(make, &config).unwrap();
        assert!(report.truncated > 0 && report.restored > 0);
    }
}

#[test]
fn a_fickle_ride_that_was_saved_changes_its_destination_as_it_would_have() {
    let config = TaxiConfig {
        fickle: true,
        ..TaxiConfig::default()
    };
    let (mut taxi, mut other) = (Taxi::new(config), Taxi::new(config));
    let mut rng = Stream::from_seed(0);
    let mut changed = 0;
    for _ in 0..200 {
        let first = TaxiState::from_index(taxi.reset(&mut rng).unwrap());
        other.restore_state(&taxi.save_state().unwrap()).unwrap();
        let mut of_other = rng.clone();
        let mut actions = Stream::from_seed(1);
        for _ in 0..400 {
            let mask = Taxi::action_mask(taxi.state().unwrap());
            // Nothing but sensible actions, so that passengers get aboard.
            let action = loop {
                let action = actions.below(6);
                if mask[action] {
                    break action;
                }
            };
            let step = taxi.step(&action, &mut rng).unwrap();
            assert_eq!(other.step(&action, &mut of_other).unwrap(), step);
            let state = TaxiState::from_index(step.observation);
            if state.destination != first.destination {
                changed += 1;
                break;
            }
            if !step.status.continues() {
                break;
            }
        }
    }
    assert!(changed > 20, "{changed}");
}

//! The tasks against traces recorded from Gymnasium 1.4.0 with MuJoCo 3.17.0 (`tests/golden/README.md`).

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use rl_envs::parity::{Report, replay_with};
use rl_mujoco::parity::REPLAYS;

fn replayed() -> Report {
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden");
    replay_with(Path::new(golden), REPLAYS).unwrap()
}

#[test]
fn every_task_is_within_its_tolerances() {
    let report = replayed();
    for environment in &report.environments {
        for file in &environment.files {
            assert!(file.passed, "{}: {file:#?}", environment.environment);
        }
    }
    assert!(report.passed);
    let names: Vec<&str> = report
        .environments
        .iter()
        .map(|e| &*e.environment)
        .collect();
    for (name, _) in REPLAYS {
        assert!(names.contains(name), "{name}");
    }
}

#[test]
#[cfg(all(target_arch = "x86_64", target_os = "linux", target_env = "gnu"))]
fn where_they_were_recorded_not_a_bit_differs() {
    for environment in &replayed().environments {
        for file in &environment.files {
            for quantity in &file.quantities {
                let place = format!("{}, {}", environment.environment, file.file);
                // NumPy takes the distance to the target by a product of BLAS, whose rounding depends on the processor.
                let is_distance = environment.environment == "reacher"
                    && ["reward", "return"].contains(&quantity.name);
                let largest = if is_distance { 4e-16 } else { 0.0 };
                assert!(
                    quantity.largest_relative <= largest,
                    "{place}: {quantity:#?}"
                );
                assert!(quantity.compared > 0, "{place}: {}", quantity.name);
            }
        }
    }
}

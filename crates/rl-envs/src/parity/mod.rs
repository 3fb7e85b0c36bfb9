//! Comparison of our environments with recorded traces of Gymnasium's.
//!
//! A set of traces is a directory named after its environment (`cartpole`, `mountaincar`,
//! `mountaincar_continuous`, `acrobot`, `pendulum`, `lunarlander`, `lunarlander_continuous`,
//! `frozenlake_4x4_slippery` and `_deterministic`, the same with `8x8`, `cliffwalking` and
//! `cliffwalking_slippery`, `taxi`, `taxi_rainy`, `taxi_fickle`, `taxi_rainy_fickle`; hyphens,
//! underscores and case don't matter) with files of comma-separated values in it:
//!
//! * `transitions.csv`: independent steps, each from a recorded state.
//! * `episode_index.csv`: how episodes start and end. A seeded start must be ours to the last bit.
//! * `episodes.csv`: the steps of these, compared as far as the record says that rounding, which
//!   these systems amplify, leaves them comparable.
//!
//! LunarLander's physics are our own, so that it has other files:
//!
//! * `freeflight.csv` and `freeflight_index.csv`: segments of flight from a recorded state, under
//!   one action and recorded dispersions of the engines.
//! * `starts.csv`: seeded resets.
//! * `transitions.csv` and `heuristic_steps.csv`: single steps and whole episodes, contact with the
//!   ground included: reported, not judged.
//!
//! The toy-text environments have tables, and episodes that are compared number for number, those
//! drawn by the environment included:
//!
//! * `transitions.csv`, `initial.csv`: every entry of the table, and of the first state's
//!   distribution.
//! * `episode_index.csv`, `episodes.csv`: seeded episodes, and those that go on with the stream of the
//!   one before.
//!
//! Each number is held to a [`Tolerance`]; flags must be equal.
//!
//! ```no_run
//! let report = rl_envs::parity::replay("traces".as_ref())?;
//! assert!(report.passed, "{} numbers are beyond their tolerance", report.beyond);
//! # Ok::<(), rl_envs::parity::ParityError>(())
//! ```

mod classic;
mod error;
mod lander;
mod report;
mod table;
mod toy_text;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

pub use error::ParityError;
pub use report::{Deviation, EnvironmentReport, FileReport, Quantity, Report, Tolerance};
pub use table::{Key, Row, Table};

/// Replay of the traces in a directory.
pub type Replay = fn(&Path) -> Result<Vec<FileReport>, ParityError>;

/// Replay for each name of a directory.
const REPLAYS: &[(&str, Replay)] = &[
    ("cartpole", classic::cartpole),
    ("mountaincar", classic::mountain_car),
    ("mountaincar_continuous", classic::mountain_car_continuous),
    ("acrobot", classic::acrobot),
    ("pendulum", classic::pendulum),
    ("lunarlander", lander::discrete),
    ("lunarlander_continuous", lander::continuous),
    (
        "frozenlake_4x4_slippery",
        toy_text::frozen_lake::<false, true>,
    ),
    (
        "frozenlake_4x4_deterministic",
        toy_text::frozen_lake::<false, false>,
    ),
    (
        "frozenlake_8x8_slippery",
        toy_text::frozen_lake::<true, true>,
    ),
    (
        "frozenlake_8x8_deterministic",
        toy_text::frozen_lake::<true, false>,
    ),
    ("cliffwalking", toy_text::cliff_walking::<false>),
    ("cliffwalking_slippery", toy_text::cliff_walking::<true>),
    ("taxi", toy_text::taxi::<false, false>),
    ("taxi_rainy", toy_text::taxi::<true, false>),
    ("taxi_fickle", toy_text::taxi::<false, true>),
    ("taxi_rainy_fickle", toy_text::taxi::<true, true>),
];

/// Files that mark a directory as a set of traces.
const TRACES: &[&str] = &["transitions.csv", "episodes.csv", "episode_index.csv"];

/// Replays every set of traces in `directory` and below.
///
/// # Errors
/// [`ParityError`] if there are none, or one is malformed.
pub fn replay(directory: &Path) -> Result<Report, ParityError> {
    replay_with(directory, &[])
}

/// Replays every set of traces in `directory` and below, those of environments of another crate by `others`: a replay for
/// each name of a directory.
///
/// # Errors
/// As [`replay`].
pub fn replay_with(directory: &Path, others: &[(&str, Replay)]) -> Result<Report, ParityError> {
    let known = [REPLAYS, others].concat();
    let mut environments = Vec::new();
    search(directory, &known, &mut BTreeSet::new(), &mut environments)?;
    if environments.is_empty() {
        return Err(ParityError::NoTraces {
            directory: directory.to_owned(),
            expected: format!("a directory named after an environment ({})", names(&known)),
        });
    }
    Ok(Report::new(environments))
}

/// Replays the traces in `directory` and below; a directory that several links lead to is replayed
/// once.
fn search(
    directory: &Path,
    known: &[(&str, Replay)],
    seen: &mut BTreeSet<PathBuf>,
    environments: &mut Vec<EnvironmentReport>,
) -> Result<(), ParityError> {
    let unreadable = |source| ParityError::Read {
        path: directory.to_owned(),
        source,
    };
    let place = directory.canonicalize().map_err(unreadable)?;
    let mut below = directory
        .read_dir()
        .and_then(|entries| {
            let paths = entries.map(|entry| Ok(entry?.path()));
            paths.collect::<std::io::Result<Vec<_>>>()
        })
        .map_err(unreadable)?;
    if !seen.insert(place.clone()) {
        return Ok(());
    }
    below.retain(|path| path.is_dir());
    below.sort();

    let name = place.file_name().unwrap_or_default().to_string_lossy();
    if let Some((environment, replay)) = known.iter().find(|(known, _)| same(known, &name)) {
        let files = replay(directory)?;
        if files.is_empty() {
            return Err(ParityError::NoTraces {
                directory: directory.to_owned(),
                expected: "transitions.csv, starts.csv, or a pair of steps and their index".into(),
            });
        }
        environments.push(EnvironmentReport {
            environment: (*environment).to_owned(),
            directory: directory.to_owned(),
            passed: files.iter().all(|file| file.passed),
            files,
        });
    } else if let Some(file) = TRACES
        .iter()
        .map(|file| directory.join(file))
        .find(|path| path.exists())
    {
        return Err(ParityError::UnknownEnvironment {
            file,
            known: names(known),
        });
    }
    below
        .iter()
        .try_for_each(|path| search(path, known, seen, environments))
}

/// Returns `true` if two names differ at most in hyphens, underscores and case.
fn same(left: &str, right: &str) -> bool {
    let letters = |name: &str| name.to_lowercase().replace(['-', '_'], "");
    letters(left) == letters(right)
}

/// Recognised names of directories, separated by commas.
fn names(known: &[(&str, Replay)]) -> String {
    let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
    names.join(", ")
}

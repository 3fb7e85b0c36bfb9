//! Policies of a run that a replay shows.

use std::path::PathBuf;

use rl_train::{PolicySnapshots, RunDirectory, inspect};
use serde::Serialize;

use super::ReplayError;
use crate::runs::{RunState, StoredRun};

/// Part of a policy in the course of its run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Before the first update, or the earliest that there is.
    First,
    /// After half of the updates, or near to it.
    Middle,
    /// The best by evaluation; without any, that of the kept ones about which training returned most.
    Best,
    /// The last.
    Last,
    /// One that was asked for.
    Chosen,
}

/// Policy of a run with its part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cast {
    /// Its part.
    pub role: Role,
    /// Its file.
    pub path: PathBuf,
    /// Update after which it was kept, where that is known.
    pub update: Option<u64>,
}

/// The first, the middle, the best and the last policy of a run, as far as it has them, in the order of the run but for the best,
/// which comes before the last.
///
/// # Errors
/// [`ReplayError::NoPolicy`], or [`ReplayError::Unreadable`] for a directory that cannot be read.
pub fn cast(run: &StoredRun) -> Result<Vec<Cast>, ReplayError> {
    let directory = run.directory();
    let kept = PolicySnapshots::list(directory.join(PolicySnapshots::DIRECTORY));
    let kept = kept.map_err(|error| ReplayError::Unreadable(error.to_string()))?;
    let updates = run.updates();
    let of = |role, (update, path): &(u64, PathBuf)| Cast {
        role,
        path: path.clone(),
        update: Some(*update),
    };
    let mut all = Vec::new();
    all.extend(kept.first().map(|first| of(Role::First, first)));
    let later = || kept.iter().skip(1).filter(|(update, _)| *update < updates);
    let middle = later().min_by_key(|(update, _)| (2 * update).abs_diff(updates));
    all.extend(middle.map(|middle| of(Role::Middle, middle)));
    all.extend(best(run, &kept));
    let last = directory.join(RunDirectory::POLICY);
    if last.is_file() {
        all.push(Cast {
            role: Role::Last,
            path: last,
            // While a run goes on, it is that of the newest checkpoint.
            update: (run.state() != RunState::Running).then_some(updates),
        });
    }
    match all.is_empty() {
        true => Err(ReplayError::NoPolicy),
        false => Ok(all),
    }
}

fn best(run: &StoredRun, kept: &[(u64, PathBuf)]) -> Option<Cast> {
    let role = Role::Best;
    let path = run.directory().join(RunDirectory::BEST);
    if path.is_file() {
        let metadata = inspect(&path).ok().map(|contents| contents.metadata);
        let update = metadata.and_then(|metadata| metadata.get("update")?.parse().ok());
        return Some(Cast { role, path, update });
    }
    let table = run.metrics().ok()?;
    let rows = table.column("update").ok()?.iter();
    let rows = rows.zip(table.column("return_mean").ok()?);
    let returns = |update: u64| {
        let mut rows = rows.clone();
        let row = rows.find(|(row, mean)| **row >= update as f64 && mean.is_finite());
        row.map(|(_, mean)| *mean)
    };
    let judged = kept.iter().filter(|(update, _)| *update > 0);
    let judged = judged.filter_map(|kept| Some((returns(kept.0)?, kept)));
    let (_, (update, path)) = judged.max_by(|(a, _), (b, _)| a.total_cmp(b))?;
    Some(Cast {
        role,
        path: path.clone(),
        update: Some(*update),
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::runs::testing::run;

    fn parts(run: &StoredRun) -> Vec<(Role, Option<u64>)> {
        let all = cast(run).unwrap();
        all.iter().map(|cast| (cast.role, cast.update)).collect()
    }

    fn file(path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }

    #[test]
    fn a_run_shows_its_first_middle_best_and_last_policy() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path();
        let returns = [1.0, 2.0, 3.0, 9.0, 5.0, 6.0, 7.0, 8.0];
        let stored = run(&returns).read(path);
        assert!(matches!(cast(&stored), Err(ReplayError::NoPolicy)));
        file(&path.join("policy.safetensors"));
        assert_eq!(parts(&stored), [(Role::Last, Some(8))]);
        for update in [0, 2, 4, 6, 8] {
            file(&path.join(format!("policies/{update:010}.safetensors")));
        }
        let expected = [
            (Role::First, Some(0)),
            (Role::Middle, Some(4)),
            (Role::Best, Some(4)),
            (Role::Last, Some(8)),
        ];
        assert_eq!(parts(&stored), expected);
        // What was evaluated counts.
        file(&path.join("best.safetensors"));
        assert_eq!(parts(&stored)[2], (Role::Best, None));
    }
}

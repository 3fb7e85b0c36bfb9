//! Directories of runs below others.

use std::fs;
use std::path::{Path, PathBuf};

use rl_train::RunDirectory;

use super::error::RunsError;
use super::stored::StoredRun;
use crate::files::FileError;

/// Directories of runs: `directory` itself, or those below it, at any depth, by their names; `seed10`
/// comes after `seed9`. Links are not followed.
///
/// # Errors
/// [`RunsError`] for what is no directory, cannot be read, or has no run in it.
pub fn directories(directory: &Path) -> Result<Vec<PathBuf>, RunsError> {
    if !directory.is_dir() {
        return Err(RunsError::NoDirectory(directory.to_owned()));
    }
    let mut found = Vec::new();
    search(directory, &mut found)?;
    if found.is_empty() {
        return Err(RunsError::NoRuns(directory.to_owned()));
    }
    found.sort_by_cached_key(|path| by_number(&path.to_string_lossy()));
    Ok(found)
}

/// The runs in directories, or below them; each once.
///
/// # Errors
/// [`RunsError`] for a directory without a run, or a run that cannot be read.
pub fn read(paths: &[PathBuf]) -> Result<Vec<StoredRun>, RunsError> {
    let (mut runs, mut seen) = (Vec::new(), Vec::new());
    for path in paths {
        for directory in directories(path)? {
            let place = fs::canonicalize(&directory).map_err(FileError::new("read", &directory))?;
            if !seen.contains(&place) {
                runs.push(StoredRun::read(&directory)?);
                seen.push(place);
            }
        }
    }
    Ok(runs)
}

fn search(directory: &Path, found: &mut Vec<PathBuf>) -> Result<(), RunsError> {
    if directory.join(RunDirectory::CONFIG).is_file() {
        found.push(directory.to_owned());
        return Ok(());
    }
    let failed = || FileError::new("read", directory);
    for entry in fs::read_dir(directory).map_err(failed())? {
        let entry = entry.map_err(failed())?;
        if entry.file_type().map_err(failed())?.is_dir() {
            search(&entry.path(), found)?;
        }
    }
    Ok(())
}

/// A text that sorts by the numbers in it, which may have decimals.
fn by_number(text: &str) -> String {
    let mut sorted = String::new();
    let mut digits = String::new();
    let mut is_fraction = false;
    for letter in text.chars().chain(['\0']) {
        if letter.is_ascii_digit() {
            digits.push(letter);
            continue;
        }
        let follows_number = !digits.is_empty();
        if follows_number && is_fraction {
            sorted += &format!("{digits:0<20}");
        } else if follows_number {
            sorted += &format!("{digits:0>20}");
        }
        is_fraction = letter == '.' && follows_number && !is_fraction;
        digits.clear();
        sorted.push(letter);
    }
    sorted
}

#[cfg(test)]
mod tests {
    use super::super::testing::run;
    use super::*;

    #[test]
    fn runs_are_found_at_any_depth_in_the_order_of_their_numbers() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path();
        for name in [
            "a-seed10",
            "a-seed9",
            "deep/runs/b",
            "a-seed9/checkpoints/x",
        ] {
            run(&[1.0]).read(&path.join(name));
        }
        fs::create_dir(path.join("empty")).unwrap();
        let found = directories(path).unwrap();
        let expected = ["a-seed9", "a-seed10", "deep/runs/b"].map(|name| path.join(name));
        assert_eq!(found, expected);
        // What is named twice is read once.
        let runs = read(&[path.to_owned(), path.join("a-seed9")]).unwrap();
        assert_eq!(runs.len(), 3);
    }

    #[test]
    fn values_with_decimals_are_in_their_order() {
        let names = [
            "lr0.0001-seed0",
            "lr0.001-seed2",
            "lr0.001-seed10",
            "lr0.02-seed0",
            "lr0.1-seed0",
        ];
        let keys: Vec<String> = names.iter().map(|name| by_number(name)).collect();
        assert!(keys.is_sorted(), "{keys:?}");
    }

    #[test]
    fn a_place_without_runs_is_a_wrong_call() {
        let place = tempfile::tempdir().unwrap();
        let error = read(&[place.path().to_owned()]).unwrap_err();
        assert!(
            error.is_usage() && error.to_string().contains("there is no run in"),
            "{error}"
        );
        let error = read(&[place.path().join("nowhere")]).unwrap_err();
        assert!(
            error.is_usage() && error.to_string().contains("nowhere"),
            "{error}"
        );
    }
}

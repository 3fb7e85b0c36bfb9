//! Files that say what runs a directory is for.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use rl_train::UsageError;
use toml::Table;

use super::JobError;
use crate::files::{FileError, read};
use crate::settings::{differences, of_table};

/// Sees to it that `out` is for the runs of `plan`: with a file of a name such as `sweep.toml` that has the same keys, or
/// new, in which case the file is made. Runs are in `out/runs`.
///
/// # Errors
/// [`JobError::OtherRun`] for a directory that holds anything else, [`JobError::Damaged`], [`JobError::File`].
pub fn claim(out: &Path, name: &str, plan: &Table) -> Result<(), JobError> {
    let path = out.join(name);
    let other = |differences: String| JobError::OtherRun {
        directory: out.to_owned(),
        differences,
    };
    let refuse = |error| FileError::new("write", &path)(error);
    if !path.exists() {
        let runs = out.join("runs");
        let entries = fs::read_dir(&runs).map_err(FileError::new("read", &runs))?;
        if entries.flatten().any(|entry| entry.path().is_dir()) {
            return Err(other(format!(
                "there are runs, and no {name} that tells of them"
            )));
        }
        let text = toml::to_string(plan).map_err(|error| UsageError(error.to_string()))?;
        // Of shards that begin together one makes the file, whole.
        let mut file = tempfile::NamedTempFile::new_in(out).map_err(refuse)?;
        file.write_all(text.as_bytes()).map_err(refuse)?;
        match file.persist_noclobber(&path) {
            Ok(_) => return Ok(()),
            Err(error) if error.error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(refuse(error.error).into()),
        }
    }
    let there: Table =
        read(&path)?
            .parse()
            .map_err(|error: toml::de::Error| JobError::Damaged {
                path: path.clone(),
                reason: error.message().to_owned(),
            })?;
    let found = differences(&of_table(plan), &of_table(&there));
    if found.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = found
        .iter()
        .map(|x| format!("{} is {} there and {} here", x.key, x.ran, x.asked))
        .collect();
    Err(other(lines.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_for_one_plan() {
        let place = tempfile::tempdir().unwrap();
        let out = place.path();
        fs::create_dir_all(out.join("runs")).unwrap();
        let plan = |text: &str| text.parse::<Table>().unwrap();
        claim(out, "sweep.toml", &plan("keys = ['size']")).unwrap();
        claim(out, "sweep.toml", &plan("keys = ['size']")).unwrap();
        let error = claim(out, "sweep.toml", &plan("keys = ['gamma']")).unwrap_err();
        assert!(error.is_usage());
        let error = error.to_string();
        assert!(
            error.contains(r#"keys is ["size"] there and ["gamma"] here"#),
            "{error}"
        );
        // Another kind of runs.
        fs::create_dir(out.join("runs/x-seed0")).unwrap();
        let error = claim(out, "tune.toml", &plan("")).unwrap_err().to_string();
        assert!(error.contains("no tune.toml"), "{error}");
    }
}

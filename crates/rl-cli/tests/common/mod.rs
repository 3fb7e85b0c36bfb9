//! A directory to run `rl` in, and what is expected of its answers.
#![allow(dead_code, reason = "no file of tests needs all of it")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// A directory to run in, removed at the end.
pub struct Place(TempDir);

impl Place {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// Runs `rl` with words separated by spaces.
    pub fn rl(&self, words: &str) -> Output {
        self.command(words).output().unwrap()
    }

    pub fn command(&self, words: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rl"));
        command.args(words.split_whitespace());
        command.current_dir(self.0.path());
        command
    }

    /// A run of a few updates in `name`.
    pub fn trained(&self, name: &str, words: &str) {
        let words = format!("train --quiet --updates 3 --out {name} {words}");
        assert_success(&self.rl(&words));
    }
}

pub fn assert_success(output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// One message on standard error, with the exit code and everything that it must name.
pub fn assert_failure(output: &Output, code: i32, names: &[&str]) {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{errors}");
    assert_eq!(errors.matches("error:").count(), 1, "{errors}");
    assert!(
        !errors.contains("panicked") && !errors.contains("backtrace"),
        "{errors}"
    );
    for name in names {
        assert!(errors.contains(name), "'{name}' is not in: {errors}");
    }
}

pub fn json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// `metrics.csv` without its wall-clock column, the last.
pub fn metrics(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    let row = |line: &str| line.rsplit_once(',').expect("several columns").0.to_owned();
    text.lines().map(row).collect()
}

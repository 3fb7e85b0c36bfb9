//! `cargo xtask train …` and its like: `rl` is built with the chosen backend and then replaces this
//! process.

use std::env::consts::EXE_SUFFIX;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result};

use crate::backend::{self, DEFAULT_BACKEND};
use crate::{cargo, mujoco};

/// Builds `rl`, then runs `rl <command> <arguments>` in the directory of the caller.
///
/// # Errors
/// If the backend is unknown, or `rl` does not build or cannot be started.
pub fn run(command: &str, arguments: &[OsString]) -> Result<ExitCode> {
    let release = cargo::target_directory()?.join("release");
    let binary = release.join(format!("rl{EXE_SUFFIX}"));
    let mut built = Built::read(release.join("rl.backends"));

    // Only runs need a certain backend; for other commands the last one built will do.
    let otherwise = match built.last() {
        Some(last) if !["train", "evidence", "curves", "sweep", "tune"].contains(&command) => last,
        _ => DEFAULT_BACKEND,
    };
    let backend = backend::choose(arguments, otherwise)?;

    let warm = binary.exists() && built.contains(backend);
    if !warm {
        eprintln!(
            "building `rl` for the backend `{backend}`: the first build compiles Burn and takes \
             some minutes"
        );
    }
    build(backend, warm)?;
    built.add(backend)?;

    become_rl(Command::new(&binary).arg(command).args(arguments), &binary)
}

/// Builds `rl` with one backend, and with MuJoCo if its library is there; with `quiet`, only errors are shown.
fn build(backend: &str, quiet: bool) -> Result<()> {
    let mut build = cargo::cargo();
    build.args(["build", "--release", "--package", "rl-cli", "--bin", "rl"]);
    build.args(["--no-default-features", "--features", backend]);
    if mujoco::is_there() {
        build.args(["--features", "mujoco"]);
    }
    if quiet {
        build.arg("--quiet");
    }
    cargo::run(&mut build)
}

/// Replaces this process by `rl`, so that signals and the exit code need not be passed on.
#[cfg(unix)]
fn become_rl(rl: &mut Command, binary: &Path) -> Result<ExitCode> {
    use std::os::unix::process::CommandExt as _;
    // `exec` returns only if it failed.
    Err(rl.exec()).with_context(|| format!("cannot start `{}`", binary.display()))
}

/// Runs `rl` to its end and passes its exit code on.
#[cfg(not(unix))]
fn become_rl(rl: &mut Command, binary: &Path) -> Result<ExitCode> {
    let status = rl
        .status()
        .with_context(|| format!("cannot start `{}`", binary.display()))?;
    let code = status
        .code()
        .with_context(|| format!("`rl` was ended by a signal ({status})"))?;
    Ok(u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from))
}

/// Backends that `rl` was built with in this target directory, the latest last.
struct Built {
    file: PathBuf,
    backends: Vec<&'static str>,
}

impl Built {
    /// Reads the list; if it is missing or damaged, it counts as empty, and the next build is
    /// announced.
    fn read(file: PathBuf) -> Self {
        let text = fs::read_to_string(&file).unwrap_or_default();
        let backends = text.lines().filter_map(backend::known).collect();
        Self { file, backends }
    }

    fn last(&self) -> Option<&'static str> {
        self.backends.last().copied()
    }

    fn contains(&self, backend: &str) -> bool {
        self.backends.contains(&backend)
    }

    /// Moves `backend` to the end of the list and writes it.
    fn add(&mut self, backend: &'static str) -> Result<()> {
        if self.last() == Some(backend) {
            return Ok(());
        }
        self.backends.retain(|known| *known != backend);
        self.backends.push(backend);
        fs::write(&self.file, self.backends.join("\n"))
            .with_context(|| format!("cannot write `{}`", self.file.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_backend_built_latest_is_remembered_as_the_last() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rl.backends");
        for backend in ["flex", "wgpu", "flex"] {
            Built::read(file.clone()).add(backend).unwrap();
        }
        let built = Built::read(file);
        assert_eq!(built.backends, ["wgpu", "flex"]);
        assert_eq!(built.last(), Some("flex"));
    }

    #[test]
    fn a_damaged_list_counts_as_empty() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rl.backends");
        fs::write(&file, "tpu\n\nfle").unwrap();
        assert_eq!(Built::read(file).last(), None);
    }
}

//! `cargo xtask mujoco`: MuJoCo's library for the feature `mujoco`, from the wheel of MuJoCo's Python package.
//!
//! It lies in `.mujoco` with its licence, where `.cargo/config.toml` has the build look for it; not in the target
//! directory, whose libraries cargo hides from the programs that it starts.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::cargo::{self, CI_FEATURES, PYTHON};
use crate::usage::UsageError;

/// Version of the library, that of the crate `mujoco-rs`.
const VERSION: &str = "3.17.0";

/// Folder of the library, whose name says what to run where it is missing: it is part of the message of `mujoco-rs`.
const FOLDER: &str = ".mujoco/by-cargo-xtask-mujoco";

/// A wheel with the library.
struct Wheel {
    /// Architecture of the processor, as Rust calls it.
    architecture: &'static str,
    /// Platform, as pip calls it.
    platform: &'static str,
    /// Hash of the file.
    sha256: &'static str,
}

/// Wheels for Linux. Those for other systems have no library that a program can be linked with.
const WHEELS: [Wheel; 2] = [
    Wheel {
        architecture: "x86_64",
        platform: "manylinux_2_28_x86_64",
        sha256: "d66928d86a2d1b601bbaa4dc11db50214d17d5301bb8afd84721313b67ff0874",
    },
    Wheel {
        architecture: "aarch64",
        platform: "manylinux_2_28_aarch64",
        sha256: "91a70ed9979c383ff1f5c03f25cc2e1280a8254c1a8e558d5dd7f4184f01efc9",
    },
];

/// Takes the library and its licences out of a wheel (its path, then the folder).
const UNPACK: &str = "\
import os, shutil, sys, zipfile
wheel, folder = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
        base = os.path.basename(name)
        if base.startswith('libmujoco.so.') or '/licenses/' in name and base:
            with archive.open(name) as source, open(os.path.join(folder, base), 'wb') as file:
                shutil.copyfileobj(source, file)
";

/// Puts the library into place, unless it is there.
///
/// # Errors
/// If there is no wheel for this machine, no Python with pip, or the download fails.
pub fn run(arguments: &[OsString]) -> Result<()> {
    if let Some(argument) = arguments.first() {
        let argument = argument.to_string_lossy();
        let message = format!("unexpected argument `{argument}`: `mujoco` takes none");
        return Err(UsageError(message).into());
    }
    if is_there() {
        eprintln!("MuJoCo {VERSION} is in `{FOLDER}`");
        return Ok(());
    }
    let Some(wheel) = wheel() else {
        bail!(
            "there is no wheel with a library to link with for {} on {}: download MuJoCo {VERSION} from its \
             releases, and name the folder of its library by MUJOCO_DYNAMIC_LINK_DIR",
            std::env::consts::OS,
            std::env::consts::ARCH
        );
    };
    install(&folder(), wheel)
}

/// The features that are checked and tested: [`CI_FEATURES`], and MuJoCo's if the library is there.
pub fn ci_features() -> String {
    let mujoco = match is_there() {
        true => ",rl-cli/mujoco,rl-mujoco/parity",
        false => "",
    };
    format!("{CI_FEATURES}{mujoco}")
}

/// Puts the library into place where there is a wheel, and says so where there is none.
///
/// # Errors
/// As [`run`], but for a machine without a wheel.
pub fn prepare() -> Result<()> {
    if is_there() {
        return Ok(());
    }
    if wheel().is_some() {
        return run(&[]);
    }
    eprintln!("MuJoCo's tasks are left out: there is no wheel for this kind of machine");
    Ok(())
}

/// Has programs that cargo starts find the library: only packages with a build script know where it is.
pub fn on_path(command: &mut Command) -> &mut Command {
    if !is_there() {
        return command;
    }
    let before = std::env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
    let folders = std::iter::once(folder()).chain(std::env::split_paths(&before));
    match std::env::join_paths(folders) {
        Ok(path) => command.env("LD_LIBRARY_PATH", path),
        Err(_) => command.env("LD_LIBRARY_PATH", folder()),
    }
}

/// The folder that `.cargo/config.toml` names.
fn folder() -> PathBuf {
    cargo::root().join(FOLDER)
}

fn library(folder: &Path) -> PathBuf {
    folder.join(format!("libmujoco.so.{VERSION}"))
}

/// Returns `true` if the library of the right version is in place.
pub fn is_there() -> bool {
    let folder = folder();
    folder.join("libmujoco.so").exists() && library(&folder).exists()
}

fn wheel() -> Option<&'static Wheel> {
    let is_ours = |wheel: &&Wheel| wheel.architecture == std::env::consts::ARCH;
    WHEELS
        .iter()
        .find(is_ours)
        .filter(|_| cfg!(target_os = "linux"))
}

/// Downloads a wheel, whose hash pip compares, and unpacks it into `folder`.
fn install(folder: &Path, wheel: &Wheel) -> Result<()> {
    eprintln!("fetching MuJoCo {VERSION} into `{FOLDER}` (26 MB)");
    let place = cargo::target_directory()?.join("tools").join("mujoco");
    fs::create_dir_all(&place).with_context(|| format!("cannot make `{}`", place.display()))?;
    let requirements = place.join("requirements.txt");
    let line = format!("mujoco=={VERSION} --hash=sha256:{}\n", wheel.sha256);
    fs::write(&requirements, line)
        .with_context(|| format!("cannot write `{}`", requirements.display()))?;
    let mut pip = Command::new(PYTHON);
    pip.args([
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--only-binary=:all:",
    ]);
    pip.args(["--disable-pip-version-check", "--require-hashes"]);
    // One wheel, whatever the version of the Python that downloads it.
    pip.args([
        "--python-version",
        "3.11",
        "--implementation",
        "cp",
        "--abi",
        "cp311",
    ]);
    pip.args(["--platform", wheel.platform, "--dest"])
        .arg(&place);
    pip.arg("--requirement").arg(&requirements);
    cargo::run(&mut pip).context("MuJoCo's library comes by pip, which needs Python 3")?;
    let file = format!("mujoco-{VERSION}-cp311-cp311-");
    let found = fs::read_dir(&place)?.filter_map(Result::ok).find(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.starts_with(&file) && name.ends_with(&format!("{}.whl", wheel.platform))
    });
    let found = found.with_context(|| format!("pip left no wheel in `{}`", place.display()))?;
    fs::create_dir_all(folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
    let mut unpack = Command::new(PYTHON);
    unpack.args(["-c", UNPACK]).arg(found.path()).arg(folder);
    cargo::run(&mut unpack)?;
    link(&library(folder), &folder.join("libmujoco.so"))
}

/// The name that a linker looks for.
#[cfg(unix)]
fn link(library: &Path, name: &Path) -> Result<()> {
    let target = library.file_name().context("a library has a name")?;
    match std::os::unix::fs::symlink(target, name) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            Err(error).with_context(|| format!("cannot make `{}`", name.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
fn link(library: &Path, name: &Path) -> Result<()> {
    fs::copy(library, name)
        .map(|_| ())
        .with_context(|| format!("cannot make `{}`", name.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_that_of_the_crate_that_is_linked() {
        let manifest = fs::read_to_string(cargo::root().join("Cargo.lock")).unwrap();
        assert!(manifest.contains(&format!("+mj-{VERSION}\"")));
    }

    #[test]
    fn the_folder_is_the_one_that_the_build_is_told_of() {
        let config = fs::read_to_string(cargo::root().join(".cargo/config.toml")).unwrap();
        assert!(
            config.contains(&format!("value = \"{FOLDER}\"")),
            "{config}"
        );
    }

    #[test]
    fn a_file_that_is_no_wheel_is_an_error() {
        let place = tempfile::tempdir().unwrap();
        fs::write(place.path().join("x.whl"), "no wheel").unwrap();
        let mut unpack = Command::new(PYTHON);
        unpack
            .args(["-c", UNPACK])
            .arg(place.path().join("x.whl"))
            .arg(place.path());
        assert!(cargo::run(unpack.stderr(std::process::Stdio::null())).is_err());
    }
}

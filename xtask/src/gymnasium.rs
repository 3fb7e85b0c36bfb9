//! `cargo xtask gymnasium`: what a run leaves behind, read by the programs in Python that people read it with.
//!
//! The scripts are in `tests/python`: Gymnasium plays trained policies, TensorBoard reads event files, a browser opens the pages.
//! The tests of `rl-gym` that step Gymnasium's environments come before them, and the wheel of `rl-py` is built for the last.
//! The packages of all of them, pinned in `requirements.txt` beside the scripts, are put into a virtual environment in
//! `target/tools`, never into the user's system.

use std::env;
use std::env::consts::EXE_SUFFIX;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::cargo::{self, OF_PYTHON, PYTHON};
use crate::mujoco;

/// Scripts, each a check that ends with 1 if it fails.
const SCRIPTS: [&str; 6] = [
    "gymnasium_eval.py",
    "tensorboard_read.py",
    "onnx_read.py",
    "browser.py",
    "gymnasium_train.py",
    "rl_py_check.py",
];

/// Runs the tests of `rl-gym` with a real Gymnasium, and every script; with arguments, the comparison of scores in
/// Gymnasium alone, whose arguments they are.
///
/// # Errors
/// If `rl` does not build, there is no Python, its packages cannot be installed, a policy has another score
/// in Gymnasium, TensorBoard reads other numbers, or a page does not work in Chromium.
pub fn run(arguments: &[OsString]) -> Result<()> {
    let scripts = cargo::root().join("tests").join("python");
    let python = prepare(
        PYTHON,
        &cargo::target_directory()?.join("tools").join("python"),
        &scripts.join("requirements.txt"),
    )?;
    if arguments.is_empty() {
        let mut tests = cargo::cargo();
        tests.args(["test", "--workspace", "--exclude", OF_PYTHON]);
        tests.args(["--release", "--features"]);
        tests.arg(format!("{},rl-gym/python-tests", mujoco::ci_features()));
        tests.args(["--test", "gymnasium"]);
        cargo::run(
            mujoco::on_path(&mut tests)
                .env("RL_GYM_PYTHON", &python)
                .current_dir(cargo::root()),
        )?;
        install_wheel(&python)?;
    }
    let rl = build_rl()?;
    let count = if arguments.is_empty() {
        SCRIPTS.len()
    } else {
        1
    };
    for name in &SCRIPTS[..count] {
        let mut script = Command::new(&python);
        script.arg(scripts.join(name));
        script.arg("--rl").arg(&rl).args(arguments);
        cargo::run(script.env("PYTHONDONTWRITEBYTECODE", "1"))?;
    }
    Ok(())
}

/// Path of the binary `rl`, built as for the tests, so that Burn is not built once more with other
/// features.
fn build_rl() -> Result<PathBuf> {
    let mut build = cargo::cargo();
    build.args(["test", "--workspace", "--exclude", OF_PYTHON]);
    build.args(["--release", "--quiet"]);
    build.args(["--features", &mujoco::ci_features()]);
    build.args(["--test", "command_line", "--no-run"]);
    cargo::run(build.current_dir(cargo::root()))?;
    let release = cargo::target_directory()?.join("release");
    Ok(release.join(format!("rl{EXE_SUFFIX}")))
}

/// Builds the wheel of `rl-py` in the target directory of everything else, and installs it.
fn install_wheel(python: &Path) -> Result<()> {
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "install", "--disable-pip-version-check"]);
    pip.args(["--quiet", "--no-deps", "--no-build-isolation"]);
    pip.args(["--force-reinstall"]);
    pip.arg(cargo::root().join("crates").join(OF_PYTHON));
    // pip calls maturin, which lies beside the interpreter, by its name alone.
    let folder = python.parent().unwrap_or(Path::new("."));
    let paths = env::var_os("PATH").unwrap_or_default();
    let paths = std::iter::once(folder.to_path_buf()).chain(env::split_paths(&paths));
    pip.env("PATH", env::join_paths(paths)?);
    pip.env("CARGO_TARGET_DIR", cargo::target_directory()?);
    cargo::run(&mut pip).context("the wheel of rl-py cannot be built")
}

/// Path of the interpreter of the virtual environment in `folder`, which is created anew unless it
/// was created from the same requirements.
fn prepare(python: &str, folder: &Path, requirements: &Path) -> Result<PathBuf> {
    let own = folder.join(if cfg!(windows) {
        "Scripts/python.exe"
    } else {
        "bin/python"
    });
    let wanted = fs::read_to_string(requirements)
        .with_context(|| format!("cannot read `{}`", requirements.display()))?;
    // Written last, so that an interrupted installation does not count.
    let stamp = folder.join("requirements.txt");
    let unchanged = fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted);
    if unchanged && own.exists() {
        return Ok(own);
    }
    eprintln!(
        "installing Gymnasium, TensorBoard and Playwright into `{}`",
        folder.display()
    );
    create(python, folder)?;
    let mut pip = Command::new(&own);
    pip.args(["-m", "pip", "install", "--disable-pip-version-check"]);
    // The list is whole: TensorBoard's server, and what it needs, take no part.
    pip.args([
        "--quiet",
        "--no-deps",
        "--only-binary=:all:",
        "--requirement",
    ]);
    cargo::run(pip.arg(requirements)).context("Python's packages cannot be installed")?;
    fs::write(&stamp, wanted).with_context(|| format!("cannot write `{}`", stamp.display()))?;
    Ok(own)
}

/// Creates an empty virtual environment.
fn create(python: &str, folder: &Path) -> Result<()> {
    let hint = "Python 3.10 or later with its module `venv` is needed to compare with Gymnasium \
                (on Debian `apt-get install python3-venv`)";
    let mut venv = Command::new(python);
    venv.args(["-m", "venv", "--clear"]).arg(folder);
    let output = (venv.output())
        .with_context(|| format!("cannot start `{}`: {hint}", cargo::shown(&venv)))?;
    ensure!(
        output.status.success(),
        "`{}` failed ({}): {hint}\n{}{}",
        cargo::shown(&venv),
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_python_the_error_says_what_to_install() {
        let place = tempfile::tempdir().unwrap();
        let requirements = place.path().join("requirements.txt");
        fs::write(&requirements, "gymnasium==1.4.0\n").unwrap();
        let error = prepare("no-such-python", &place.path().join("venv"), &requirements);
        let error = format!("{:#}", error.unwrap_err());
        for word in ["no-such-python -m venv", "apt-get install python3-venv"] {
            assert!(error.contains(word), "{error}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn an_environment_is_kept_for_as_long_as_its_requirements_are_the_same() {
        let place = tempfile::tempdir().unwrap();
        let (folder, requirements) = (place.path(), place.path().join("wanted.txt"));
        fs::create_dir(folder.join("bin")).unwrap();
        fs::write(folder.join("bin/python"), "").unwrap();
        fs::write(&requirements, "numpy==1\n").unwrap();
        fs::write(folder.join("requirements.txt"), "numpy==1\n").unwrap();
        let python = prepare("no-such-python", folder, &requirements).unwrap();
        assert_eq!(python, folder.join("bin/python"));

        fs::write(&requirements, "numpy==2\n").unwrap();
        assert!(prepare("no-such-python", folder, &requirements).is_err());
    }
}

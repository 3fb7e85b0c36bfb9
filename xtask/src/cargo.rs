//! Commands of cargo, and the directories of the workspace.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

/// Features that are checked and tested: every backend that runs without a GPU's own driver.
pub const CI_FEATURES: &str = "rl-cli/ndarray,rl-cli/flex,rl-cli/wgpu,rl-cli/gym";

/// Python interpreter that packages are fetched by.
pub const PYTHON: &str = if cfg!(windows) { "python" } else { "python3" };
/// The crate that is built for a Python: commands that link leave it out.
pub const OF_PYTHON: &str = "rl-py";

/// Lets a command that does not link check [`OF_PYTHON`] without a Python.
pub fn without_python(command: &mut Command) -> &mut Command {
    command.env("PYO3_NO_PYTHON", "1");
    command.env("PYO3_BUILD_EXTENSION_MODULE", "1")
}

/// The cargo that started this program, so that every step uses the same toolchain.
pub fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// The root of the workspace.
pub fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Cargo's target directory, in which this program lies as `debug/xtask`.
///
/// # Errors
/// If this program was moved out of a target directory.
pub fn target_directory() -> Result<PathBuf> {
    let program = env::current_exe().context("cannot find out where xtask itself lies")?;
    let target = program.ancestors().nth(2).with_context(|| {
        format!(
            "`{}` lies in no target directory: start it by `cargo xtask`",
            program.display()
        )
    })?;
    Ok(target.to_path_buf())
}

/// Runs a command to its end, with this program's input and output.
///
/// # Errors
/// If the command cannot be started, or does not succeed.
pub fn run(command: &mut Command) -> Result<()> {
    let shown = shown(command);
    let status = command
        .status()
        .with_context(|| format!("cannot start `{shown}`"))?;
    if !status.success() {
        bail!("`{shown}` failed ({status})");
    }
    Ok(())
}

/// The text of a command as typed in a shell.
pub fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_stem().unwrap_or(program.as_os_str());
    let words = std::iter::once(name).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_crate_but_that_of_python_is_a_default_member() {
        let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
        let (_, list) = manifest.split_once("default-members = [").unwrap();
        let (list, _) = list.split_once(']').unwrap();
        for entry in std::fs::read_dir(root().join("crates")).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let is_listed = list.contains(&format!("\"crates/{name}\""));
            assert_eq!(is_listed, name != OF_PYTHON, "{name}");
        }
    }
}

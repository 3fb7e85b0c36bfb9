//! `cargo xtask structure`: a check of the arrows between crates and between files.
//!
//! A crate depends only on the crates below it, and the files of a crate do not use each other in a
//! circle. An arrow leads from a file that uses an item to the file that defines it, whatever the
//! modules that re-export it. Tests are left out.

mod circles;
mod crates;
mod modules;
mod source;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use self::circles::circles;
use self::crates::{Package, faults, faults_of_training, is_product, packages};
use self::modules::Modules;
use crate::cargo::{self, cargo};
use crate::usage::UsageError;

/// Checks the structure of the workspace.
///
/// # Errors
/// If there is an arrow between crates that is not allowed, or a circle of files.
pub fn run(arguments: &[OsString]) -> Result<()> {
    if let Some(argument) = arguments.first() {
        let argument = argument.to_string_lossy();
        let message = format!("unexpected argument `{argument}`: `structure` takes none");
        return Err(UsageError(message).into());
    }
    let metadata = output(&["metadata", "--no-deps", "--format-version", "1"])?;
    let packages = packages(&metadata)?;
    let mut found = faults(&packages);
    if packages.iter().any(|package| package.name == "rl-train") {
        let tree = output(&["tree", "-p", "rl-train", "-e", "normal", "--prefix", "none"])?;
        found.extend(faults_of_training(&tree));
    }
    let checked = packages
        .iter()
        .filter(|package| is_product(&package.name) || package.name == "xtask");
    let mut files = 0;
    for Package { name, roots, .. } in checked {
        for root in roots {
            match Modules::read(Path::new(root)) {
                Ok(modules) => {
                    files += modules.files.len();
                    found.extend(circles_of(name, &modules));
                }
                Err(error) => found.push(format!("{name}: {error:#}")),
            }
        }
    }
    if found.is_empty() {
        eprintln!(
            "structure: {} packages and {files} files without a circle",
            packages.len()
        );
        Ok(())
    } else {
        bail!("{} faults of structure:\n{}", found.len(), found.join("\n"));
    }
}

/// The output of a command of cargo.
fn output(arguments: &[&str]) -> Result<String> {
    let mut command: Command = cargo();
    command.args(arguments).current_dir(cargo::root());
    let shown = cargo::shown(&command);
    let output = command
        .output()
        .with_context(|| format!("cannot start `{shown}`"))?;
    if !output.status.success() {
        bail!("`{shown}`: {}", String::from_utf8_lossy(&output.stderr));
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{shown}` gives no text"))
}

/// A message for each circle of files of a package, with the names that make its arrows.
fn circles_of(package: &str, modules: &Modules) -> Vec<String> {
    let folder = modules.files[0].parent().unwrap_or(Path::new(""));
    let name = |file: usize| {
        let path = &modules.files[file];
        path.strip_prefix(folder)
            .unwrap_or(path)
            .display()
            .to_string()
    };
    let arrows = modules.arrows();
    let pairs: BTreeSet<(usize, usize)> = arrows.keys().copied().collect();
    let message = |circle: Vec<usize>| {
        let after = circle.iter().skip(1).chain(&circle[..1]);
        let lines = circle.iter().zip(after).map(|(&from, &to)| {
            let names: Vec<&str> = arrows[&(from, to)].iter().map(String::as_str).collect();
            format!("\n  {} → {}: {}", name(from), name(to), names.join(", "))
        });
        let lines: String = lines.collect();
        let files: Vec<String> = circle
            .iter()
            .chain(&circle[..1])
            .map(|&file| name(file))
            .collect();
        format!("{package}: {}{lines}", files.join(" → "))
    };
    circles(&pairs).into_iter().map(message).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_circle_is_shown_with_the_names_that_make_it() {
        let folder = tempfile::tempdir().unwrap();
        let files = [
            ("lib.rs", "mod a; mod b; pub use a::A; pub use b::B;"),
            ("a.rs", "use crate::B; pub struct A(B);"),
            ("b.rs", "pub struct B; fn c(_: super::A) {}"),
        ];
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let modules = Modules::read(&folder.path().join("lib.rs")).unwrap();
        assert_eq!(
            circles_of("rl-x", &modules),
            ["rl-x: b.rs → a.rs → b.rs\n  b.rs → a.rs: A\n  a.rs → b.rs: B"]
        );
    }
}

//! Commit and compiler of the binary, for `rl --version` and the summaries of runs. Outside of git there is no
//! commit, and that is no error.

use std::env;
use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    find_mujoco();
    if let Some(version) = output(&env::var("RUSTC").unwrap_or("rustc".into()), &["--version"]) {
        println!("cargo::rustc-env=RL_COMPILER={version}");
    }
    // A copy of this crate within another project's repository has no commit of its own.
    let prefix = output("git", &["rev-parse", "--show-prefix"]);
    if prefix.as_deref() != Some("crates/rl-cli/") {
        return;
    }
    // Wherever a crate changes, so may the word about files that differ from the commit.
    println!("cargo::rerun-if-changed=..");
    if let Some(log) = output("git", &["rev-parse", "--git-path", "logs/HEAD"])
        && Path::new(&log).exists()
    {
        println!("cargo::rerun-if-changed={log}");
    }
    let describe = [
        "describe",
        "--always",
        "--dirty",
        "--abbrev=12",
        "--exclude=*",
    ];
    if let Some(commit) = output("git", &describe) {
        println!("cargo::rustc-env=RL_COMMIT={commit}");
    }
}

/// Has the binary, and its tests, find MuJoCo's library where it was linked from.
fn find_mujoco() {
    println!("cargo::rerun-if-env-changed=MUJOCO_DYNAMIC_LINK_DIR");
    let is_linux = env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux");
    if env::var_os("CARGO_FEATURE_MUJOCO").is_some()
        && is_linux
        && let Some(folder) = env::var_os("MUJOCO_DYNAMIC_LINK_DIR")
    {
        let folder = Path::new(&folder).display();
        println!("cargo::rustc-link-arg=-Wl,-rpath,{folder}");
    }
}

/// First line that a program prints; `None` if it cannot be run, fails or says nothing.
fn output(program: &str, words: &[&str]) -> Option<String> {
    let output = Command::new(program).args(words).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let line = text.lines().next()?.trim().to_owned();
    (output.status.success() && !line.is_empty()).then_some(line)
}

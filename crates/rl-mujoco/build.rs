//! With the feature `library`: a word where MuJoCo's library is missing, and the path that tests and examples find it
//! by.

use std::env;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=MUJOCO_DYNAMIC_LINK_DIR");
    if env::var_os("CARGO_FEATURE_LIBRARY").is_none() || env::var_os("DOCS_RS").is_some() {
        return ExitCode::SUCCESS;
    }
    // Without the variable, `mujoco-rs` asks pkg-config, or links statically.
    let Some(folder) = env::var_os("MUJOCO_DYNAMIC_LINK_DIR") else {
        return ExitCode::SUCCESS;
    };
    let folder = Path::new(&folder);
    println!("cargo::rerun-if-changed={}", folder.display());
    if env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("linux") {
        return ExitCode::SUCCESS;
    }
    if !folder.join("libmujoco.so").exists() {
        println!(
            "cargo::error=MuJoCo's library is not in {} (MUJOCO_DYNAMIC_LINK_DIR): in this \
             repository, `cargo xtask mujoco` puts it there; or build without the feature \
             `mujoco`",
            folder.display()
        );
        return ExitCode::FAILURE;
    }
    println!("cargo::rustc-link-arg=-Wl,-rpath,{}", folder.display());
    ExitCode::SUCCESS
}

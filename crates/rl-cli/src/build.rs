//! The build of this binary.

use rl_train::Program;

/// Commit that it was built from; `None` outside of git.
const COMMIT: Option<&str> = option_env!("RL_COMMIT");
/// Version of the compiler.
const COMPILER: Option<&str> = option_env!("RL_COMPILER");

/// The program, as it was called.
pub fn program() -> Program {
    let words = std::env::args_os();
    Program {
        commit: COMMIT,
        compiler: COMPILER,
        command_line: words
            .map(|word| word.to_string_lossy().into_owned())
            .collect(),
    }
}

/// Version with commit, Burn's version and compiler, for `--version`.
pub fn version() -> String {
    format!(
        "{} ({}), burn {}, {}",
        env!("CARGO_PKG_VERSION"),
        COMMIT.unwrap_or("no commit"),
        rl_train::BURN_VERSION,
        COMPILER.unwrap_or("unknown compiler")
    )
}

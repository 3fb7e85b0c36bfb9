//! `rl completions`: words that a shell completes.

use clap::Args;
use clap_complete::Shell;

use crate::output::out;

/// Print a shell's completions of this command line
#[derive(Args)]
#[command(
    after_help = "bash: rl completions bash > ~/.local/share/bash-completion/completions/rl\n\
                  zsh:  rl completions zsh > _rl   in a directory of $fpath\n\
                  fish: rl completions fish > ~/.config/fish/completions/rl.fish"
)]
pub struct Arguments {
    /// Shell
    shell: Shell,
}

/// Carries it out, for a command line with all its options.
pub fn run(arguments: &Arguments, mut command: clap::Command) {
    let mut text = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "rl", &mut text);
    out!("{}", String::from_utf8_lossy(&text));
}

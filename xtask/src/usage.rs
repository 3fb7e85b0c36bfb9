//! Commands of this program, and its errors for unknown ones.

use std::error::Error;
use std::fmt::{self, Display, Formatter};

/// Commands of `rl`, one or two to a line of the list.
const RL_COMMANDS: &[(&[&str], &str)] = &[
    (
        &["train"],
        "trains an agent; with nothing else, CartPole-v1 on the CPU",
    ),
    (
        &["eval", "render"],
        "plays episodes with a trained agent; as GIF or PNG files",
    ),
    (
        &["list", "parity"],
        "lists what there is; compares environments with Gymnasium's",
    ),
    (
        &["bench"],
        "measures how fast environments and trainings are",
    ),
    (
        &["evidence", "curves"],
        "trains presets with many seeds, against targets; draws curves",
    ),
    (
        &["variance", "triad"],
        "measures gradient estimators; where action values diverge",
    ),
    (
        &["sweep", "tune"],
        "trains every combination of values; searches for better ones",
    ),
    (
        &["runs", "dash"],
        "lists run directories; shows them live in a browser",
    ),
    (
        &["plot", "compare"],
        "draws the curves or the scores of runs; compares them",
    ),
    (
        &["report", "diagnose"],
        "makes the page of a run; says what is wrong with it",
    ),
    (&["export"], "writes a policy as ONNX"),
];

/// Commands of this program, each with its line in the list.
const OWN_COMMANDS: &[(&str, &str)] = &[
    (
        "check",
        "format, structure, lints, documentation, licences, spelling",
    ),
    (
        "structure",
        "no forbidden arrow between crates, no circle of files",
    ),
    (
        "test",
        "all tests and `gymnasium`; with arguments, `cargo test` alone",
    ),
    (
        "gymnasium",
        "Gymnasium, TensorBoard and a browser read what a run leaves",
    ),
    (
        "mujoco",
        "fetches MuJoCo's library; `rl` is built with it from then on",
    ),
    (
        "downstream",
        "a program outside of the workspace builds, trains and resumes",
    ),
    (
        "regress",
        "no kernel is 20 % slower than stored; stores with --update",
    ),
];

/// Error for arguments that make no sense, with exit code 2.
#[derive(Debug)]
pub struct UsageError(pub String);

impl Display for UsageError {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Error for UsageError {}

/// Returns `true` if `name` is a command of `rl`.
pub fn is_rl_command(name: &str) -> bool {
    rl_commands().any(|known| known == name)
}

fn rl_commands() -> impl Iterator<Item = &'static str> {
    RL_COMMANDS
        .iter()
        .flat_map(|(names, _)| names.iter().copied())
}

/// The list of all commands.
pub fn text() -> String {
    let line = |(name, what): (String, &str)| format!("  {name:<17}{what}\n");
    let of_rl = RL_COMMANDS
        .iter()
        .map(|(names, what)| line((names.join(", "), what)));
    let own = OWN_COMMANDS
        .iter()
        .map(|(name, what)| line(((*name).to_owned(), what)));
    format!(
        "Usage: cargo xtask <COMMAND> [ARGUMENTS]; for a run's: cargo xtask train --help\n\n\
         Runs (the binary `rl`, built with the backend asked for):\n{}\n\
         The project:\n{}",
        of_rl.collect::<String>(),
        own.collect::<String>(),
    )
}

/// The error for a command that does not exist.
pub fn unknown_command(name: &str) -> UsageError {
    let own = OWN_COMMANDS.iter().map(|(known, _)| *known);
    let known: Vec<&str> = rl_commands().chain(own).collect();
    UsageError(format!(
        "unknown command `{name}`: {}",
        expected(name, &known)
    ))
}

/// Suggestions for an unknown `word`: the nearest of the `known` words, if one is near, and all of
/// them.
pub fn expected(word: &str, known: &[&str]) -> String {
    /// Jaro similarity above which a word is taken for a misspelling of the known one.
    const NEAR: f64 = 0.75;
    let nearest = known
        .iter()
        .map(|candidate| (strsim::jaro(word, candidate), candidate))
        .filter(|(similarity, _)| *similarity > NEAR)
        .max_by(|(left, _), (right, _)| left.total_cmp(right));
    let suggestion = match nearest {
        Some((_, candidate)) => format!("did you mean `{candidate}`? "),
        None => String::new(),
    };
    format!("{suggestion}expected one of {}", known.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_answered_with_the_nearest_command() {
        let answer = unknown_command("trai").to_string();
        assert!(answer.contains("did you mean `train`?"), "{answer}");
        assert!(
            answer.ends_with(
                "expected one of train, eval, render, list, parity, bench, evidence, curves, \
                 variance, triad, sweep, tune, runs, dash, plot, compare, report, diagnose, export, \
                 check, structure, test, gymnasium, mujoco, downstream, regress"
            ),
            "{answer}"
        );
    }

    #[test]
    fn a_word_like_no_command_gets_the_list_and_no_guess() {
        let answer = unknown_command("frobnicate").to_string();
        assert!(!answer.contains("did you mean"), "{answer}");
        assert!(answer.contains("expected one of"), "{answer}");
    }

    #[test]
    fn the_listing_fits_a_screen_and_names_every_command() {
        let text = text();
        assert!(
            text.lines().count() < 24 && text.lines().all(|line| line.len() <= 80),
            "{text}"
        );
        let own = OWN_COMMANDS.iter().map(|(name, _)| *name);
        for name in rl_commands().chain(own) {
            let names = [format!("\n  {name} "), format!("\n  {name}, ")];
            assert!(
                names.iter().any(|name| text.contains(name))
                    || text.contains(&format!(", {name} ")),
                "`{name}` is missing:\n{text}"
            );
        }
    }
}

//! The command line of a registry: `train`, `eval`, `render`, `list` and the rest.
//!
//! A program with environments of its own gets all of it in its `main`:
//!
//! ```no_run
//! use rl_envs::CartPole;
//! use rl_train::{EnvironmentEntry, Registry};
//!
//! fn main() -> std::process::ExitCode {
//!     let mine = EnvironmentEntry::new("my-cartpole", CartPole::v1);
//!     rl_cli::main(&Registry::default().environment(mine))
//! }
//! ```

mod bench_screen;
mod build;
mod commands;
#[cfg(feature = "gym")]
mod gym;
mod jobs_screen;
mod json_lines;
mod live;
mod option_groups;
mod options;
mod output;
mod parity_screen;
mod screen;
mod signals;
mod usage;

use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use rl_lab::runs::RunsError;
use rl_train::{Registry, TrainError, UsageError};
use usage::Usage;

/// Reinforcement learning: policy gradients, and methods that learn action values.
#[derive(Parser)]
#[command(
    name = "rl",
    version = build::version(),
    arg_required_else_help = true,
    max_term_width = 80
)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
    #[cfg(feature = "gym")]
    #[command(flatten)]
    workers: gym::WorkerArguments,
}

#[derive(Subcommand)]
enum Command {
    Train(commands::train::Arguments),
    Eval(commands::eval::Arguments),
    Render(commands::render::Arguments),
    Runs(commands::runs::Arguments),
    Plot(commands::plot::Arguments),
    Compare(commands::compare::Arguments),
    Report(commands::report::Arguments),
    Diagnose(commands::diagnose::Arguments),
    Dash(commands::dash::Arguments),
    Export(commands::export::Arguments),
    List(commands::list::Arguments),
    Parity(commands::parity::Arguments),
    Bench(commands::bench::Arguments),
    Evidence(commands::evidence::Arguments),
    Variance(commands::variance::Arguments),
    Triad(commands::triad::Arguments),
    Curves(commands::curves::Arguments),
    Sweep(commands::sweep::Arguments),
    Tune(commands::tune::Arguments),
    Inspect(commands::inspect::Arguments),
    Completions(commands::completions::Arguments),
}

/// Returns `true` if the call was wrong, rather than what came of it.
fn is_usage(error: &anyhow::Error) -> bool {
    error.is::<Usage>()
        || error.is::<UsageError>()
        || error
            .downcast_ref::<TrainError>()
            .is_some_and(TrainError::is_usage)
        || error
            .downcast_ref::<RunsError>()
            .is_some_and(RunsError::is_usage)
}

/// Runs the command line with the arguments of the process: what the registry holds can be trained,
/// judged and shown by its names. Exit codes are 0 for success, 1 for a run that failed, 2 for a
/// wrong call, and 130 for a run that was interrupted and saved.
pub fn main(registry: &Registry) -> ExitCode {
    let matches = match whole_command(registry).try_get_matches() {
        Ok(matches) => matches,
        Err(error) => {
            // Keys are options of `train` alone.
            let is_train = std::env::args_os()
                .nth(1)
                .is_some_and(|word| word == "train");
            if let Some(message) = options::in_our_words(&error).filter(|_| is_train) {
                output::err!("error: {message}");
                return ExitCode::from(2);
            }
            error.exit()
        }
    };
    let outcome = match CommandLine::from_arg_matches(&matches) {
        Ok(line) => {
            #[cfg(feature = "gym")]
            let (registry, options) = (&line.workers.family(registry), line.workers.words());
            #[cfg(not(feature = "gym"))]
            let options = Vec::new();
            let matches = matches.subcommand().map(|(_, m)| m);
            run(line.command, registry, &options, matches)
        }
        Err(error) => error.exit(),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            // A reader of standard error that is gone is no reason to panic.
            output::err!("error: {error}");
            ExitCode::from(if is_usage(&error) { 2 } else { 1 })
        }
    }
}

/// The command line with an option for each key of a registry.
fn whole_command(registry: &Registry) -> clap::Command {
    CommandLine::command().mut_subcommand("train", |train| options::with_keys(train, registry))
}

fn run(
    command: Command,
    registry: &Registry,
    options: &[String],
    matches: Option<&clap::ArgMatches>,
) -> anyhow::Result<ExitCode> {
    match command {
        Command::Train(arguments) => {
            return commands::train::run(&arguments, matches, registry);
        }
        Command::Eval(arguments) => commands::eval::run(&arguments, registry)?,
        Command::Render(arguments) => commands::render::run(&arguments, registry)?,
        Command::Runs(arguments) => commands::runs::run(&arguments, registry)?,
        Command::Plot(arguments) => commands::plot::run(&arguments, registry)?,
        Command::Compare(arguments) => commands::compare::run(&arguments, registry)?,
        Command::Report(arguments) => commands::report::run(&arguments, registry)?,
        Command::Diagnose(arguments) => commands::diagnose::run(&arguments, registry)?,
        Command::Dash(arguments) => commands::dash::run(&arguments, registry)?,
        Command::Export(arguments) => commands::export::run(&arguments)?,
        Command::List(arguments) => commands::list::run(&arguments, registry)?,
        Command::Parity(arguments) => commands::parity::run(&arguments)?,
        Command::Bench(arguments) => commands::bench::run(&arguments)?,
        Command::Evidence(arguments) => commands::evidence::run(&arguments, registry, options)?,
        Command::Variance(arguments) => commands::variance::run(&arguments)?,
        Command::Triad(arguments) => commands::triad::run(&arguments)?,
        Command::Curves(arguments) => commands::curves::run(&arguments, registry)?,
        Command::Sweep(arguments) => commands::sweep::run(&arguments, registry, options)?,
        Command::Tune(arguments) => commands::tune::run(&arguments, registry, options)?,
        Command::Inspect(arguments) => commands::inspect::run(&arguments, registry)?,
        Command::Completions(arguments) => {
            commands::completions::run(&arguments, whole_command(registry));
        }
    }
    Ok(ExitCode::SUCCESS)
}

//! `rl train`: trains an agent, or goes on with a run.

use std::io::{IsTerminal as _, stderr, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use clap::{ArgMatches, Args, ValueEnum};
use rl_core::Budget;
use rl_train::{
    BestPolicy, Config, Layers, Observer, Origin, Outcome, PeriodicEvaluation, PolicySnapshots,
    Registry, Run, RunDirectory, StopAfter, StopAt, StopFlag, TrainError,
};

use crate::build::program;
use crate::json_lines::JsonLines;
use crate::live::{Form, Progress};
use crate::options::{assignments, given, set_options};
use crate::output::{err, out, outln};
use crate::screen;
use crate::signals::{INTERRUPTED, stop_flag};
use crate::usage::Usage;
use rl_lab::report::Report;

/// Train an agent; without options, CartPole-v1 by reward-to-go policy gradient
#[derive(Args)]
#[command(
    after_help = "Every option and its default: rl train --help",
    after_long_help = "Values come from the preset, then --config, then --set, then options; later ones \
                  win. Without --preset, it is the first one for --env and --algo; without one for \
                  them, the algorithm's defaults. The defaults above are those of the default \
                  preset. Every option is also a key of the configuration: --learning-rate 1e-3 is \
                  --set learning_rate=1e-3. Keys with names in brackets belong to those \
                  algorithms. A run that was interrupted goes on with --resume DIR, to the same \
                  bits; --steps or --updates then train on beyond the old budget."
)]
pub struct Arguments {
    /// Configuration file, such as the config.toml of another run
    #[arg(long, value_name = "FILE.toml")]
    config: Option<PathBuf>,
    /// Set a key of the configuration
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Go on with the run of a directory
    #[arg(long, value_name = "DIR", conflicts_with_all = ["config", "set", "print_config"])]
    resume: Option<PathBuf>,
    /// Print the complete configuration, and train nothing
    #[arg(long)]
    print_config: bool,
    /// Form of the live view on standard error; --quiet shows none
    #[arg(long, value_name = "FORM", value_enum, default_value_t = View::Auto)]
    progress: View,
    /// Print a line of JSON per update, and one for the summary, instead of the summary's text
    #[arg(long)]
    json: bool,
    /// Make no report.html at the end, and keep no policies for it
    #[arg(long)]
    no_report: bool,
    #[cfg(feature = "gym")]
    #[command(flatten)]
    gym: crate::gym::GymArguments,
}

/// Choice of the live view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum View {
    /// Full or line as it fits a terminal, else plain
    Auto,
    /// Screen with curve, metrics and log
    Full,
    /// Line that is redrawn in place
    Line,
    /// Line per tenth of the run, and per minute
    Plain,
}

impl Arguments {
    /// The form of the live view; none where it would mix with lines of JSON.
    ///
    /// # Errors
    /// A wrong call: a form that needs a terminal, without one.
    fn form(&self, is_quiet: bool) -> Result<Option<Form>, Usage> {
        let is_terminal = stderr().is_terminal();
        let form = match self.progress {
            _ if is_quiet => return Ok(None),
            View::Auto if self.json && is_terminal && stdout().is_terminal() => return Ok(None),
            View::Auto if is_terminal => Form::Fitting,
            View::Auto | View::Plain => Form::Plain,
            View::Full => Form::Full,
            View::Line => Form::Line,
        };
        if !is_terminal && form != Form::Plain {
            let form = if form == Form::Full { "full" } else { "line" };
            return Err(Usage(format!(
                "--progress {form}: standard error is no terminal; allowed are auto and plain"
            )));
        }
        Ok(Some(form))
    }
}

/// Keys that a resumed run may be given: none of them changes a bit, but for a later end.
const RESUMABLE: [&str; 9] = [
    "updates",
    "steps",
    "episodes",
    "threads",
    "quiet",
    "checkpoint_every",
    "checkpoint_keep",
    "stop_at",
    "time_limit",
];

/// Carries it out.
///
/// # Errors
/// A wrong call, or a run that failed.
pub fn run(
    arguments: &Arguments,
    matches: Option<&ArgMatches>,
    registry: &Registry,
) -> Result<ExitCode> {
    arguments.form(false)?;
    let keys = registry.keys();
    let options = match matches {
        Some(matches) => given(matches, &keys)?,
        None => Vec::new(),
    };
    #[cfg(feature = "gym")]
    arguments.gym.check(arguments.resume.is_some())?;
    if let Some(directory) = &arguments.resume {
        return resume(directory, arguments, &options, registry);
    }
    let mut layers = Layers::new(registry);
    if let Some(file) = &arguments.config {
        layers.file(file)?;
    }
    for (key, value) in assignments(&arguments.set)? {
        layers.set(key, value, &Origin::Flag(format!("--set {key}")))?;
    }
    set_options(&mut layers, &options)?;
    #[cfg(feature = "gym")]
    {
        let env = layers.get("env").unwrap_or_default();
        if let Some(name) = arguments.gym.name(&env)? {
            layers.set("env", &name, &Origin::Flag("--env-arg, --import".into()))?;
        }
    }
    if arguments.print_config {
        let config = layers.finish()?;
        notices(&layers);
        return print_config(&config, registry);
    }
    let (config, run) = layers.start()?;
    notices(&layers);
    let directory = match &config.run.out {
        Some(path) => RunDirectory::create(path).map_err(TrainError::from)?,
        None => {
            let name = config.run.name.clone();
            RunDirectory::create_in("runs", &name.unwrap_or_else(|| layers.run_name()))?
        }
    };
    go(run, &config, directory, arguments, registry)
}

fn notices(layers: &Layers<'_>) {
    for notice in layers.notices() {
        err!("note: {notice}");
    }
    if !rl_nets::has_fused_multiply_add() {
        err!("note: this CPU has no fused multiply-add; networks are about 100 times slower");
    }
}

fn resume(
    path: &Path,
    arguments: &Arguments,
    options: &[(&'static str, &str)],
    registry: &Registry,
) -> Result<ExitCode> {
    if let Some((key, _)) = options.iter().find(|(key, _)| !RESUMABLE.contains(key)) {
        let allowed = RESUMABLE.map(|key| format!("--{}", key.replace('_', "-")));
        return Err(Usage(format!(
            "--{} cannot be changed by --resume: the run goes on as {} says. Allowed are {}",
            key.replace('_', "-"),
            path.join(RunDirectory::CONFIG).display(),
            allowed.join(", ")
        ))
        .into());
    }
    let directory = RunDirectory::open(path).map_err(TrainError::from)?;
    let checkpoint = RunDirectory::newest_checkpoint(path)?;
    let (budget, others): (Vec<_>, Vec<_>) = options
        .iter()
        .partition(|(key, _)| ["updates", "steps", "episodes"].contains(key));
    let mut layers = Layers::new(registry);
    layers.file(&path.join(RunDirectory::CONFIG))?;
    set_options(&mut layers, &others)?;
    let (mut config, mut run) = layers.start_to_restore()?;
    checkpoint.check(&*run)?;
    let restarted = run
        .restore(checkpoint.state())
        .with_context(|| format!("checkpoint {}", checkpoint.path().display()))?;
    if !restarted.is_empty() {
        let count = restarted.len();
        err!(
            "note: {count} environments could not be saved in the middle of an episode, and start \
             anew: {restarted:?}"
        );
    }
    if !budget.is_empty() {
        set_options(&mut layers, &budget)?;
        config = layers.finish()?;
    }
    // What the file and the options say counts, also where the checkpoint is from before the file.
    if config.budget()? != run.budget() {
        run.set_budget(config.budget()?);
    }
    let (updates, steps) = (run.clock().updates, run.clock().env_steps);
    let is_given = |key| options.iter().any(|(given, _)| *given == key);
    let more = match directory.outcome_after(updates).as_deref() {
        Some("finished") if run.clock().has_spent(run.budget()) => "--steps or --updates",
        Some("reached") if !is_given("stop_at") => "--stop-at",
        _ => "",
    };
    if !more.is_empty() {
        return Err(Usage(format!(
            "the run in {} is finished: {updates} updates, {steps} steps; its budget is {}. A larger \
             {more} trains on",
            path.display(),
            run.budget()
        ))
        .into());
    }
    go(run, &config, directory, arguments, registry)
}

/// Runs until the budget is spent, the goal reached, or a signal comes.
fn go(
    mut run: Box<dyn Run>,
    config: &Config,
    directory: RunDirectory,
    arguments: &Arguments,
    registry: &Registry,
) -> Result<ExitCode> {
    let keys = &config.run;
    let form = arguments.form(keys.quiet)?;
    let flag = stop_flag()?;
    let plan = plan(config, run.clock().horizon, registry)?;
    let mut progress = Progress::new(form, Arc::clone(&flag)).announcing(plan);
    let mut stop = StopFlag::new(flag);
    let mut lines = JsonLines::new(stdout());
    let mut evaluation = PeriodicEvaluation::from(keys);
    let mut best = BestPolicy::new(directory.path().join(RunDirectory::BEST));
    let mut goal = StopAt::mean_return(keys.stop_at.unwrap_or(f64::INFINITY));
    let mut policies = PolicySnapshots::new(directory.path().join(PolicySnapshots::DIRECTORY));
    let mut limit = config.time_limit()?.map(StopAfter::new);
    let mut directory = directory
        .checkpoint_every(config.checkpoint_every()?)
        .keep_checkpoints(keys.checkpoint_keep)
        .log_every(keys.log_every)
        .made_by(program());
    if keys.tensorboard {
        directory = directory.tensorboard(keys.histogram_every);
    }
    let mut observers: Vec<&mut dyn Observer> = Vec::new();
    if keys.eval_every > 0 {
        observers.extend([&mut evaluation as &mut dyn Observer, &mut best]);
    }
    if keys.stop_at.is_some() {
        observers.push(&mut goal);
    }
    if let Some(limit) = &mut limit {
        observers.push(limit);
    }
    observers.extend([
        &mut stop as &mut dyn Observer,
        &mut progress,
        &mut directory,
    ]);
    // After the directory, which says first that it is gone, and without which no policies lie there.
    if !arguments.no_report {
        observers.push(&mut policies);
    }
    if arguments.json {
        observers.push(&mut lines);
    }
    let outcome = run.run(&mut observers);
    let path = directory.path().display().to_string();
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(error) => {
            let saved = RunDirectory::newest_checkpoint(directory.path());
            let saved = saved.map_or(0, |checkpoint| checkpoint.manifest().update);
            if saved > 0 && !keys.quiet {
                let note = format!("saved after update {saved}");
                err!("note: {note}; to go on: rl train --resume {path}");
            }
            return Err(error.into());
        }
    };
    let summary = directory.summary().cloned();
    // Released, so that the report finds a run that has ended.
    drop(directory);
    let has_report = !arguments.no_report && write_report(Path::new(&path), registry);
    match &summary {
        Some(summary) if arguments.json => lines.write(summary)?,
        Some(summary) if !keys.quiet => {
            out!(
                "{}{}",
                progress.curve(),
                screen::summary(summary, has_report)
            );
        }
        _ => outln!("{path}"),
    }
    let updates = run.clock().updates;
    let go_on = format!("to go on: rl train --resume {path}");
    if outcome == Outcome::TimeLimit && !run.clock().has_spent(run.budget()) {
        err!("the time was up after update {updates}; {go_on}");
    }
    if outcome == Outcome::Interrupted {
        err!("interrupted after update {updates}; {go_on}");
        return Ok(ExitCode::from(INTERRUPTED));
    }
    Ok(ExitCode::SUCCESS)
}

/// The numbers that change by plan over a run, in one line: when they are at their ends. Empty without any.
fn plan(config: &Config, horizon: Budget, registry: &Registry) -> Result<String> {
    let algorithm = registry.find_algorithm(&config.run.algo);
    let schedules = algorithm.map(|entry| entry.schedules(&config.algorithm, horizon));
    let schedules = schedules.transpose()?.unwrap_or_default();
    let spans: Vec<String> = schedules.iter().map(ToString::to_string).collect();
    Ok(spans.join(" · "))
}

/// Makes the report of a run that has ended; returns `true` if there is one. Without it the run is no less whole.
fn write_report(directory: &Path, registry: &Registry) -> bool {
    let path = directory.join(Report::FILE);
    let report = Report::of(directory, registry);
    let written = report.and_then(|report| report.write(&path));
    written
        .inspect_err(|error| err!("note: no report: {error}"))
        .is_ok()
}

/// Prints every key with its help above its value, and first the ends of schedules.
fn print_config(config: &Config, registry: &Registry) -> Result<ExitCode> {
    let table = config.to_repeat()?;
    let horizon = config.horizon()?.map_or_else(|| config.budget(), Ok)?;
    let plan = plan(config, horizon, registry)?;
    if !plan.is_empty() {
        outln!("# {plan}\n");
    }
    for key in registry.keys() {
        if let Some(value) = table.get(key.name) {
            let mut line = toml::Table::new();
            line.insert(key.name.to_owned(), value.clone());
            out!("# {}\n{}", key.help, toml::to_string(&line)?);
        }
    }
    Ok(ExitCode::SUCCESS)
}

//! `rl`: trains and judges agents. `rl --help` tells how.

mod bench_command;
mod bench_screen;
mod command_line;
mod evidence_screen;
mod output;
mod parity_screen;
mod screen;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use rl_envs::EnvironmentId;
use rl_envs::parity::{ParityError, replay};
use rl_lab::{
    EvidenceConfig, VarianceConfig, VarianceSetting, evidence, measure_variances, variance_table,
    write_variances,
};
use rl_nets::{ActionChoice, PolicyFile};
use rl_train::{Algo, Backend, PRESETS, Picture, Player, UsageError, evaluate, render, train};

use output::{out, outln};

/// Why a command failed: exit code 2 for a wrong call, 1 for a run that failed.
enum Failure {
    Usage(String),
    Run(String),
}

impl Failure {
    fn run(error: impl std::fmt::Display) -> Self {
        Self::Run(error.to_string())
    }
}

impl From<UsageError> for Failure {
    fn from(error: UsageError) -> Self {
        Self::Usage(error.to_string())
    }
}

fn main() -> ExitCode {
    let matches = command_line::command().get_matches();
    let outcome = match matches.subcommand() {
        Some(("train", arguments)) => run_train(arguments),
        Some(("eval", arguments)) => run_eval(arguments),
        Some(("render", arguments)) => run_render(arguments),
        Some(("list", arguments)) => run_list(arguments),
        Some(("parity", arguments)) => run_parity(arguments),
        Some(("bench", arguments)) => bench_command::run(arguments),
        Some(("evidence", arguments)) => run_evidence(arguments),
        Some(("variance", arguments)) => run_variance(arguments),
        _ => Ok(()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Usage(message)) => {
            eprintln!("error: {message}");
            ExitCode::from(2)
        }
        Err(Failure::Run(message)) => {
            eprintln!("error: {message}");
            ExitCode::from(1)
        }
    }
}

fn run_train(arguments: &clap::ArgMatches) -> Result<(), Failure> {
    let config = command_line::layers(arguments)?.finish()?;
    let mut screen = screen::Screen::new(config.quiet);
    let summary = train(&config, &mut |progress| screen.update(progress)).map_err(|error| {
        if error.is_usage() {
            Failure::Usage(error.to_string())
        } else {
            Failure::run(error)
        }
    })?;
    screen.close();
    if config.quiet {
        outln!("{}", summary.directory.display());
    } else {
        out!("{}", screen::summary(&summary));
    }
    Ok(())
}

fn run_eval(arguments: &clap::ArgMatches) -> Result<(), Failure> {
    let episodes: &u32 = argument(arguments, "episodes")?;
    let seed: &u64 = argument(arguments, "seed")?;
    let evaluation =
        evaluate(&player(arguments)?, *episodes as usize, *seed).map_err(
            |error| match arguments.get_one::<PathBuf>("DIR") {
                Some(directory) => {
                    Failure::Run(format!("{}: {error}", policy_path(directory).display()))
                }
                None => Failure::run(error),
            },
        )?;
    if arguments.get_flag("json") {
        outln!(
            "{}",
            serde_json::to_string(&evaluation).map_err(Failure::run)?
        );
    } else {
        out!("{}", screen::evaluation(&evaluation));
    }
    Ok(())
}

fn run_render(arguments: &clap::ArgMatches) -> Result<(), Failure> {
    let episodes: &u32 = argument(arguments, "episodes")?;
    let seed: &u64 = argument(arguments, "seed")?;
    let picture = Picture::at(argument::<PathBuf>(arguments, "out")?)?;
    let player = player(arguments)?;
    let played = render(&player, *episodes as usize, *seed, &picture).map_err(|error| {
        if error.is_usage() {
            Failure::Usage(error.to_string())
        } else {
            Failure::run(error)
        }
    })?;
    outln!("{}", screen::rendered(&picture, &played));
    Ok(())
}

/// Who plays: the agent of a directory, or what `--random` and `--heuristic` say.
fn player(arguments: &clap::ArgMatches) -> Result<Player, Failure> {
    if let Some(directory) = arguments.get_one::<PathBuf>("DIR") {
        let policy = PolicyFile::load(&policy_path(directory)).map_err(Failure::run)?;
        return Ok(Player::Trained {
            policy: Box::new(policy),
            choice: choice(arguments),
        });
    }
    let id = command_line::environment(argument::<String>(arguments, "env")?)?;
    Ok(if arguments.get_flag("random") {
        Player::Random(id)
    } else {
        Player::Heuristic(id)
    })
}

fn choice(arguments: &clap::ArgMatches) -> ActionChoice {
    if arguments.get_flag("stochastic") {
        ActionChoice::Sample
    } else {
        ActionChoice::Mode
    }
}

/// The policy of a run directory, or the file itself.
fn policy_path(path: &Path) -> PathBuf {
    if path.is_file() {
        path.to_owned()
    } else {
        path.join("policy.safetensors")
    }
}

fn run_evidence(arguments: &clap::ArgMatches) -> Result<(), Failure> {
    let environment = |name: &String| command_line::environment(name);
    let algorithm = |name: &String| command_line::algorithm(name);
    let set = command_line::assignments(arguments)?;
    let config = EvidenceConfig {
        env: arguments.get_one("env").map(environment).transpose()?,
        algo: arguments.get_one("algo").map(algorithm).transpose()?,
        seeds: *argument(arguments, "seeds")?,
        jobs: *argument(arguments, "jobs")?,
        out: argument::<PathBuf>(arguments, "out")?.clone(),
        set: set
            .iter()
            .map(|&(key, value)| (key.into(), value.into()))
            .collect(),
        program: std::env::current_exe().map_err(Failure::run)?,
    };
    let progress = &mut |progress: &_| eprintln!("{}", evidence_screen::progress(progress));
    let evidence = evidence(&config, progress).map_err(|error| {
        if error.is_usage() {
            Failure::Usage(error.to_string())
        } else {
            Failure::run(error)
        }
    })?;
    if arguments.get_flag("json") {
        outln!(
            "{}",
            serde_json::to_string(&evidence.rows).map_err(Failure::run)?
        );
    } else {
        out!("{}", evidence.table());
        outln!(
            "\nwritten to {}: evidence.md, runs.csv",
            config.out.display()
        );
    }
    Ok(())
}

fn run_list(arguments: &clap::ArgMatches) -> Result<(), Failure> {
    let kind: Option<&String> = arguments.get_one("KIND");
    let mut lists: Vec<(&str, Vec<(String, String)>)> = vec![
        (
            "envs",
            EnvironmentId::ALL
                .iter()
                .map(|id| {
                    let solved = id.solved_at().map_or(String::new(), |solved| {
                        format!(", solved at a mean return of {solved}")
                    });
                    (id.name().into(), format!("{}{solved}", id.id()))
                })
                .collect(),
        ),
        (
            "algos",
            Algo::ALL
                .into_iter()
                .map(|algo| (algo.name().into(), algo.description().into()))
                .collect(),
        ),
        (
            "presets",
            PRESETS
                .iter()
                .map(|p| (p.name.into(), p.description().into()))
                .collect(),
        ),
        (
            "backends",
            Backend::ALL
                .into_iter()
                .map(|backend| {
                    let here = if backend.is_compiled() {
                        ""
                    } else {
                        " [not in this binary]"
                    };
                    (
                        backend.name().into(),
                        format!("{}{here}", backend.description()),
                    )
                })
                .collect(),
        ),
    ];
    lists.retain(|(name, _)| kind.is_none_or(|kind| kind == name));
    if arguments.get_flag("json") {
        let entry = |(name, text): &(String, String)| serde_json::json!({ "name": name, "description": text });
        let object: serde_json::Map<String, serde_json::Value> = lists
            .iter()
            .map(|(name, rows)| ((*name).into(), rows.iter().map(entry).collect()))
            .collect();
        outln!("{}", serde_json::Value::Object(object));
        return Ok(());
    }
    for (name, rows) in lists {
        outln!("{name}");
        for (entry, text) in rows {
            outln!("  {entry:<16} {text}");
        }
    }
    Ok(())
}

fn run_parity(arguments: &clap::ArgMatches) -> Result<(), Failure> {
    let directory: &PathBuf = argument(arguments, "DIR")?;
    if !directory.is_dir() {
        let message = format!("{} is not a directory", directory.display());
        return Err(Failure::Usage(message));
    }
    let report = replay(directory).map_err(|error| match error {
        ParityError::NoTraces { .. } => Failure::Usage(error.to_string()),
        _ => Failure::run(error),
    })?;
    if arguments.get_flag("json") {
        outln!("{}", serde_json::to_string(&report).map_err(Failure::run)?);
    } else {
        out!("{}", parity_screen::report(&report));
    }
    match report.beyond {
        0 => Ok(()),
        1 => Err(Failure::run("1 number is beyond its tolerance")),
        beyond => Err(Failure::Run(format!(
            "{beyond} numbers are beyond their tolerances"
        ))),
    }
}

fn run_variance(arguments: &clap::ArgMatches) -> Result<(), Failure> {
    let env: &String = argument(arguments, "env")?;
    let batches: Option<&u32> = arguments.get_one("batches");
    let trajectories: &u32 = argument(arguments, "trajectories")?;
    let config = VarianceConfig {
        batches: batches.map(|&n| n as usize),
        trajectories: *trajectories as usize,
        seed: *argument(arguments, "seed")?,
    };
    let json = arguments.get_flag("json");
    let mut rows = Vec::new();
    for setting in VarianceSetting::ALL {
        if env != "all" && env != setting.name() {
            continue;
        }
        let measured = measure_variances(setting, &config).map_err(Failure::run)?;
        if !json {
            let (name, description) = (setting.name(), setting.description());
            outln!("{name}: {description}\n\n{}", variance_table(&measured));
        }
        rows.extend(measured);
    }
    let directory: &PathBuf = argument(arguments, "out")?;
    let paths = write_variances(directory, &rows).map_err(Failure::run)?;
    if json {
        outln!("{}", serde_json::to_string(&rows).map_err(Failure::run)?);
    } else {
        let paths: Vec<_> = paths
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        outln!("{}", paths.join("\n"));
    }
    Ok(())
}

fn argument<'a, T: Clone + Send + Sync + 'static>(
    arguments: &'a clap::ArgMatches,
    name: &str,
) -> Result<&'a T, Failure> {
    arguments
        .get_one(name)
        .ok_or_else(|| Failure::Usage(format!("missing {name}")))
}

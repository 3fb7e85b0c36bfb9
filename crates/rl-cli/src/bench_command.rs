//! `rl bench`: what `clap` is told of it, and what it does.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, builder::PossibleValuesParser, value_parser};
use rl_envs::EnvironmentId;
use rl_lab::{
    BenchConfig, Machine, Peer, PeersError, ScalingAxis, ScalingConfig, TrainBenchConfig,
    TrainBenchError, WORKLOADS, Workload, bench_environment, bench_scaling, bench_train,
    measure_peers, scaling_table, write_scaling, write_train_bench,
};

use crate::command_line::json;
use crate::output::{out, outln};
use crate::{Failure, argument, bench_screen};

/// The part of the command line.
pub fn command() -> Command {
    let about = "Measure how fast the environments step, on one thread";
    let envs = |name: &'static str| {
        Command::new(name).about(about).args(environments()).after_help(
            "Actions are random and drawn beforehand, resets are included. For quiet figures, pin \
             it to a core: taskset -c 1 rl bench envs",
        )
    };
    envs("bench")
        .about("Measure speeds; without a command, those of the environments")
        .args_conflicts_with_subcommands(true)
        .subcommand(envs("envs").alias("env"))
        .subcommand(train())
        .subcommand(scaling())
}

fn positive(text: &str) -> Result<f64, &'static str> {
    match text.parse::<f64>() {
        Ok(x) if x > 0.0 && x.is_finite() => Ok(x),
        _ => Err("allowed is a positive number"),
    }
}

fn option(name: &'static str, value: &'static str, help: impl Into<String>) -> Arg {
    let help = help.into();
    Arg::new(name).long(name).value_name(value).help(help)
}

fn runs(default: &'static str, help: &'static str) -> Arg {
    option("runs", "N", help)
        .default_value(default)
        .value_parser(value_parser!(u32).range(1..))
}

fn out(default: &'static str, help: &'static str) -> Arg {
    option("out", "DIR", help)
        .default_value(default)
        .value_parser(value_parser!(PathBuf))
}

fn environments() -> [Arg; 4] {
    [
        runs("5", "Runs of each measurement; their median counts"),
        option("seconds", "X", "Length of a run")
            .default_value("0.2")
            .value_parser(positive),
        option(
            "python",
            "PROGRAM",
            "Python interpreter to measure peers with, those of gymnasium, envpool and gymnax \
             that it has [default: python3, if there is one]",
        ),
        json().help("Print JSON, of the project's own environments alone"),
    ]
}

fn train() -> Command {
    let share = |text: &str| match text.parse::<f64>() {
        Ok(x) if x > 0.0 && x <= 100.0 => Ok(x),
        _ => Err("allowed is a number above 0, up to 100"),
    };
    Command::new("train")
        .about("Measure how fast whole trainings are, beside those of peers in Python")
        .after_help(
            "Both sides run the same configuration, which is checked and printed, each run in a \
             process of its own, one thread each, pinned to a core where taskset is; the sides \
             take turns. torch needs gymnasium[classic-control] and torch; sb3 needs \
             stable-baselines3 and gymnasium[box2d]; jax needs jax, optax and gymnax.",
        )
        .arg(
            option(
                "against",
                "PEERS",
                "Peers to train beside, separated by commas",
            )
            .value_delimiter(',')
            .value_parser(PossibleValuesParser::new(Peer::ALL.map(Peer::name))),
        )
        .arg(
            option("workload", "NAME", "This workload only; may be repeated")
                .action(ArgAction::Append)
                .value_parser(PossibleValuesParser::new(WORKLOADS)),
        )
        .arg(runs("5", "Runs of each side, with the seeds from 0"))
        .arg(
            option(
                "share",
                "X",
                "Share of a workload's updates to make, at least one",
            )
            .default_value("1")
            .value_parser(share),
        )
        .arg(
            option(
                "peer-share",
                "X",
                "Share that peers make: a rate needs no whole training",
            )
            .default_value("0.25")
            .value_parser(share),
        )
        .arg(
            option("python", "PROGRAM", "Python interpreter of the peers").default_value("python3"),
        )
        .arg(out(
            "runs/bench-train",
            "Where README.md and raw.json go; files of these names are overwritten",
        ))
        .arg(json().help("Print JSON instead of tables"))
}

fn scaling() -> Command {
    let axes = ScalingAxis::ALL.map(ScalingAxis::name);
    Command::new("scaling")
        .about("Measure how speed and memory of a training grow with its sizes")
        .after_help("Trains PPO on CartPole-v1, and changes one size at a time.")
        .arg(
            option("axis", "NAME", "This size only; may be repeated")
                .action(ArgAction::Append)
                .value_parser(PossibleValuesParser::new(axes)),
        )
        .arg(
            option("most", "N", "Largest value of a size to try")
                .value_parser(value_parser!(u64).range(1..)),
        )
        .arg(runs("3", "Runs of each point; their median counts"))
        .arg(
            option(
                "seconds",
                "X",
                "About how long a run trains, in whole updates",
            )
            .default_value("1")
            .value_parser(positive),
        )
        .arg(out(
            "runs/bench-scaling",
            "Where README.md, scaling.csv and the pictures go; files of these names are \
             overwritten",
        ))
        .arg(json().help("Print JSON instead of tables"))
}

/// Carries it out.
pub fn run(arguments: &ArgMatches) -> Result<(), Failure> {
    match arguments.subcommand() {
        Some(("train", arguments)) => run_train(arguments),
        Some(("scaling", arguments)) => run_scaling(arguments),
        Some((_, arguments)) => run_environments(arguments),
        None => run_environments(arguments),
    }
}

fn run_environments(arguments: &ArgMatches) -> Result<(), Failure> {
    let runs: &u32 = argument(arguments, "runs")?;
    let config = BenchConfig {
        runs: *runs as usize,
        seconds: *argument(arguments, "seconds")?,
    };
    let json = arguments.get_flag("json");
    if !json {
        out!("{}", bench_screen::header());
    }
    let mut speeds = Vec::new();
    for &id in EnvironmentId::ALL {
        let measured = bench_environment(id, &config).map_err(Failure::run)?;
        if !json {
            out!("{}", bench_screen::environment(&measured));
        }
        speeds.extend(measured);
    }
    if json {
        outln!("{}", serde_json::to_string(&speeds).map_err(Failure::run)?);
        return Ok(());
    }
    let python: Option<&String> = arguments.get_one("python");
    let peers = match measure_peers(python.map_or("python3", String::as_str), &config) {
        Ok(peers) => peers,
        // Only an interpreter that was asked for has to be there.
        Err(PeersError::Start { .. }) if python.is_none() => Vec::new(),
        Err(error) => return Err(Failure::run(error)),
    };
    if !peers.is_empty() {
        out!("\n{}", bench_screen::peers(&peers, &speeds));
    }
    Ok(())
}

fn failure(error: TrainBenchError) -> Failure {
    match error {
        TrainBenchError::Usage(error) => error.into(),
        error => Failure::run(error),
    }
}

fn words(arguments: &ArgMatches, name: &str) -> Vec<String> {
    let words = arguments.get_many::<String>(name).unwrap_or_default();
    words.cloned().collect()
}

fn run_train(arguments: &ArgMatches) -> Result<(), Failure> {
    let (named, against) = (words(arguments, "workload"), words(arguments, "against"));
    let is_named = |name: &&str| named.is_empty() || named.iter().any(|word| word == name);
    let runs: &u32 = argument(arguments, "runs")?;
    let config = TrainBenchConfig {
        workloads: WORKLOADS
            .into_iter()
            .filter(is_named)
            .map(Workload::named)
            .collect::<Result<_, _>>()?,
        against: Peer::ALL
            .into_iter()
            .filter(|family| against.iter().any(|word| word == family.name()))
            .collect(),
        runs: *runs as usize,
        share: *argument(arguments, "share")?,
        peer_share: *argument(arguments, "peer-share")?,
        python: argument::<String>(arguments, "python")?.clone(),
        program: std::env::current_exe().map_err(Failure::run)?,
    };
    for workload in &config.workloads {
        eprintln!("{}", bench_screen::workload(workload));
    }
    let progress = &mut |run: &_| eprintln!("{}", bench_screen::run(run));
    let bench = bench_train(&config, progress).map_err(failure)?;
    let directory: &PathBuf = argument(arguments, "out")?;
    let paths = write_train_bench(&bench, &config, directory).map_err(failure)?;
    if arguments.get_flag("json") {
        let speeds = bench.speeds();
        outln!("{}", serde_json::to_string(&speeds).map_err(Failure::run)?);
    } else {
        out!("{}\n{}", bench.tables(), bench_screen::paths(&paths));
    }
    Ok(())
}

fn run_scaling(arguments: &ArgMatches) -> Result<(), Failure> {
    let named = words(arguments, "axis");
    let is_named = |axis: &ScalingAxis| named.is_empty() || named.iter().any(|n| n == axis.name());
    let runs: &u32 = argument(arguments, "runs")?;
    let most: Option<&u64> = arguments.get_one("most");
    let config = ScalingConfig {
        axes: ScalingAxis::ALL.into_iter().filter(is_named).collect(),
        most: most.map(|&most| usize::try_from(most).unwrap_or(usize::MAX)),
        runs: *runs as usize,
        seconds: *argument(arguments, "seconds")?,
        program: std::env::current_exe().map_err(Failure::run)?,
    };
    let machine = Machine::here();
    let progress = &mut |point: &_| eprintln!("{}", bench_screen::point(point));
    let points = bench_scaling(&config, progress).map_err(failure)?;
    let directory: &PathBuf = argument(arguments, "out")?;
    let paths = write_scaling(&points, &config, &machine, directory).map_err(failure)?;
    if arguments.get_flag("json") {
        outln!("{}", serde_json::to_string(&points).map_err(Failure::run)?);
        return Ok(());
    }
    for &axis in &config.axes {
        let points: Vec<_> = points.iter().filter(|point| point.axis == axis).collect();
        outln!("{}", scaling_table(&points));
    }
    out!("{}", bench_screen::paths(&paths));
    Ok(())
}

//! `rl bench`: measures speeds.

use std::path::PathBuf;

use anyhow::Result;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{Args, Subcommand};
use rl_envs::EnvironmentId;
use rl_lab::bench::{
    BenchError, EnvironmentBench, Framework, PythonError, ReplayBench, ScalingAxis, ScalingBench,
    TrainBench, WORKLOADS, Workload,
};

use crate::bench_screen;
use crate::options::count;
use crate::output::{err, out, outln};

/// Measure speeds; without a command, those of the environments
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    environments: Environments,
}

#[derive(Subcommand)]
enum Command {
    /// Measure how fast the environments step, on one thread
    #[command(alias = "env")]
    Envs(Environments),
    Replay(ReplayDraws),
    Train(Train),
    Scaling(Scaling),
}

#[derive(Args)]
#[command(
    after_help = "Actions are random and drawn beforehand, resets are included. For quiet figures, \
                  pin it to a core: taskset -c 1 rl bench envs"
)]
struct Environments {
    /// Runs of each measurement; their median counts
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = count::<u32>(1..=u32::MAX.into()))]
    runs: u32,
    /// Length of a run
    #[arg(long, value_name = "X", default_value_t = 0.2, value_parser = positive)]
    seconds: f64,
    /// Python interpreter to measure peers with, those of gymnasium, envpool and gymnax that it has
    /// [default: python3, if there is one]
    #[arg(long, value_name = "PROGRAM")]
    python: Option<String>,
    /// Print JSON, of the project's own environments alone
    #[arg(long)]
    json: bool,
}

/// Measure how fast transitions are drawn from a replay buffer, and its memory
#[derive(Args)]
#[command(
    after_help = "The buffer is full of CartPole's transitions, of which 128 are drawn at a time, uniformly and by \
                  priority. For quiet figures, pin it to a core: taskset -c 1 rl bench replay"
)]
struct ReplayDraws {
    /// Transitions in the buffer
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = count::<u32>(1..=100_000_000))]
    transitions: u32,
    /// Runs of each measurement; their median counts
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = count::<u32>(1..=u32::MAX.into()))]
    runs: u32,
    /// Length of a run
    #[arg(long, value_name = "X", default_value_t = 0.2, value_parser = positive)]
    seconds: f64,
    /// Print JSON instead of tables
    #[arg(long)]
    json: bool,
}

/// Measure how fast whole trainings are, beside those of peers in Python
#[derive(Args)]
#[command(
    after_help = "Both sides run the same configuration, which is checked and printed, each run in \
                  a process of its own, one thread each, pinned to a core where taskset is; the \
                  sides take turns. torch needs gymnasium[classic-control] and torch; sb3 needs \
                  stable-baselines3 and gymnasium[box2d]; jax needs jax, optax and gymnax; \
                  python needs gymnasium[toy-text]."
)]
struct Train {
    /// Peers to train beside, separated by commas
    #[arg(long, value_name = "PEERS", value_delimiter = ',', value_parser = PossibleValuesParser::new(Framework::ALL.map(Framework::name)).map(String::from))]
    against: Vec<String>,
    /// This workload only; may be repeated
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(WORKLOADS).map(String::from))]
    workload: Vec<String>,
    /// Runs of each side, with the seeds from 0
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = count::<u32>(1..=u32::MAX.into()))]
    runs: u32,
    /// Share of a workload's updates to make, at least one
    #[arg(long, value_name = "X", default_value_t = 1.0, value_parser = share)]
    share: f64,
    /// Share that peers make: a rate needs no whole training
    #[arg(long, value_name = "X", default_value_t = 0.25, value_parser = share)]
    peer_share: f64,
    /// Python interpreter of the peers
    #[arg(long, value_name = "PROGRAM", default_value = "python3")]
    python: String,
    /// Directory of README.md and raw.json; files of these names are overwritten
    #[arg(long, value_name = "DIR", default_value = "runs/bench-train")]
    out: PathBuf,
    /// Print JSON instead of tables
    #[arg(long)]
    json: bool,
}

/// Measure how speed and memory of a training grow with its sizes
#[derive(Args)]
#[command(after_help = "Trains PPO on CartPole-v1, and changes one size at a time.")]
struct Scaling {
    /// This size only; may be repeated
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(ScalingAxis::ALL.map(ScalingAxis::name)).map(String::from))]
    axis: Vec<String>,
    /// Largest value of a size to try
    #[arg(long, value_name = "N", value_parser = count::<u64>(1..=u64::MAX))]
    most: Option<u64>,
    /// Runs of each point; their median counts
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = count::<u32>(1..=u32::MAX.into()))]
    runs: u32,
    /// Seconds that a run trains, about, in whole updates
    #[arg(long, value_name = "X", default_value_t = 1.0, value_parser = positive)]
    seconds: f64,
    /// Directory of README.md, scaling.csv and the pictures; files of these names are overwritten
    #[arg(long, value_name = "DIR", default_value = "runs/bench-scaling")]
    out: PathBuf,
    /// Print JSON instead of tables
    #[arg(long)]
    json: bool,
}

fn positive(text: &str) -> Result<f64, &'static str> {
    match text.parse::<f64>() {
        Ok(x) if x > 0.0 && x.is_finite() => Ok(x),
        _ => Err("allowed is a positive number"),
    }
}

fn share(text: &str) -> Result<f64, &'static str> {
    match text.parse::<f64>() {
        Ok(x) if x > 0.0 && x <= 100.0 => Ok(x),
        _ => Err("allowed is a number above 0, up to 100"),
    }
}

/// Carries it out.
///
/// # Errors
/// Measurements that failed.
pub fn run(arguments: &Arguments) -> Result<()> {
    match &arguments.command {
        Some(Command::Train(arguments)) => run_train(arguments),
        Some(Command::Scaling(arguments)) => run_scaling(arguments),
        Some(Command::Replay(arguments)) => run_replay(arguments),
        Some(Command::Envs(arguments)) => run_environments(arguments),
        None => run_environments(&arguments.environments),
    }
}

fn run_environments(arguments: &Environments) -> Result<()> {
    let bench = EnvironmentBench {
        runs: arguments.runs as usize,
        seconds: arguments.seconds,
    };
    if !arguments.json {
        out!("{}", bench_screen::header());
    }
    let mut speeds = Vec::new();
    for &id in EnvironmentId::ALL {
        let measured = bench.environment(id)?;
        if !arguments.json {
            out!("{}", bench_screen::environment(&measured));
        }
        speeds.extend(measured);
    }
    if arguments.json {
        outln!("{}", serde_json::to_string(&speeds)?);
        return Ok(());
    }
    let python = arguments.python.as_deref();
    let peers = match bench.python(python.unwrap_or("python3")) {
        Ok(peers) => peers,
        // Only an interpreter that was asked for has to be there.
        Err(PythonError::Start { .. }) if python.is_none() => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    if !peers.is_empty() {
        out!("\n{}", bench_screen::peers(&peers, &speeds));
    }
    Ok(())
}

fn run_replay(arguments: &ReplayDraws) -> Result<()> {
    let bench = ReplayBench {
        transitions: arguments.transitions as usize,
        runs: arguments.runs as usize,
        seconds: arguments.seconds,
    };
    let report = bench.run().map_err(anyhow::Error::from_boxed)?;
    if arguments.json {
        outln!("{}", serde_json::to_string(&report)?);
    } else {
        out!("{}", report.tables());
    }
    Ok(())
}

fn failure(error: BenchError) -> anyhow::Error {
    match error {
        BenchError::Usage(error) => error.into(),
        error => error.into(),
    }
}

fn run_train(arguments: &Train) -> Result<()> {
    let named = &arguments.workload;
    let is_named = |name: &&str| named.is_empty() || named.iter().any(|word| word == name);
    // All is all that this build can train; who names one is told what it takes.
    let is_asked = |workload: &Workload| !named.is_empty() || workload.is_available();
    let workloads = WORKLOADS.into_iter().filter(is_named).map(Workload::named);
    let workloads: Vec<Workload> = workloads.collect::<Result<_, _>>()?;
    let bench = TrainBench {
        workloads: workloads.into_iter().filter(is_asked).collect(),
        against: Framework::ALL
            .into_iter()
            .filter(|framework| {
                arguments
                    .against
                    .iter()
                    .any(|word| word == framework.name())
            })
            .collect(),
        runs: arguments.runs as usize,
        share: arguments.share,
        peer_share: arguments.peer_share,
        python: arguments.python.clone(),
        program: std::env::current_exe()?,
    };
    for workload in &bench.workloads {
        err!("{}", workload.summary());
    }
    let progress = &mut |run: &_| err!("{}", bench_screen::run(run));
    let report = bench.run(progress).map_err(failure)?;
    let paths = report.write(&arguments.out)?;
    if arguments.json {
        outln!("{}", serde_json::to_string(&report.speeds())?);
    } else {
        out!("{}\n{}", report.tables(), bench_screen::paths(&paths));
    }
    Ok(())
}

fn run_scaling(arguments: &Scaling) -> Result<()> {
    let named = &arguments.axis;
    let is_named = |axis: &ScalingAxis| named.is_empty() || named.iter().any(|n| n == axis.name());
    let bench = ScalingBench {
        axes: ScalingAxis::ALL.into_iter().filter(is_named).collect(),
        most: arguments
            .most
            .map(|most| usize::try_from(most).unwrap_or(usize::MAX)),
        runs: arguments.runs as usize,
        seconds: arguments.seconds,
        program: std::env::current_exe()?,
    };
    let progress = &mut |point: &_| err!("{}", bench_screen::point(point));
    let report = bench.run(progress).map_err(failure)?;
    let paths = report.write(&arguments.out)?;
    if arguments.json {
        outln!("{}", serde_json::to_string(&report)?);
    } else {
        out!("{}\n{}", report.tables(), bench_screen::paths(&paths));
    }
    Ok(())
}

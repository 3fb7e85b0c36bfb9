//! The command line: what `clap` is told, and how options become layers of a configuration.

use std::path::PathBuf;

use clap::{
    Arg, ArgAction, ArgGroup, ArgMatches, Command, builder::PossibleValuesParser, value_parser,
};
use rl_envs::{EnvironmentId, UnknownEnvironment};
use rl_lab::VarianceSetting;
use rl_train::{Algo, Config, KEYS, Key, Layers, Origin, UsageError};

/// The whole command line.
pub fn command() -> Command {
    Command::new("rl")
        .about("Policy-gradient reinforcement learning")
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(train())
        .subcommand(eval())
        .subcommand(render())
        .subcommand(list())
        .subcommand(parity())
        .subcommand(crate::bench_command::command())
        .subcommand(evidence())
        .subcommand(variance())
}

fn train() -> Command {
    let command = Command::new("train")
        .about("Train an agent; without options, CartPole-v1 by reward-to-go policy gradient")
        .after_help(
            "Values come from the preset, then --config, then --set, then options; later ones win. \
             Without --preset, it is the first one for --env and --algo; without one for them, \
             the algorithm's defaults. The defaults above are those of the default preset. Every \
             option is also a key of the configuration: --learning-rate 1e-3 is \
             --set learning_rate=1e-3. Keys with names in brackets belong to those algorithms.",
        )
        .arg(
            Arg::new("config")
                .long("config")
                .value_name("FILE.toml")
                .value_parser(value_parser!(PathBuf))
                .help("Configuration file, such as the config.toml of another run"),
        )
        .arg(set("Set a key of the configuration"));
    let defaults = Config::layers();
    KEYS.iter()
        .fold(command, |command, key| command.arg(option(key, &defaults)))
}

fn set(help: &'static str) -> Arg {
    Arg::new("set")
        .long("set")
        .value_name("KEY=VALUE")
        .action(ArgAction::Append)
        .help(help)
}

fn option(key: &Key, defaults: &Layers) -> Arg {
    let mut help = key.help.to_owned();
    if let Some(words) = key.words {
        help += &format!(" ({})", words().join(", "));
    }
    let algos = key.algos();
    if !algos.is_empty() && algos.len() < Algo::ALL.len() {
        help += &format!(" [{}]", algos.join(", "));
    }
    if let Some(default) = defaults.get(key.name) {
        help += &format!(" [default: {default}]");
    }
    let arg = Arg::new(key.name)
        .long(key.name.replace('_', "-"))
        .value_name(key.value)
        .help(help);
    let arg = if key.name == "learning_rate" {
        arg.alias("lr")
    } else {
        arg
    };
    // Negative numbers are values to complain about, not options.
    let arg = arg.allow_negative_numbers(true);
    // `--quiet` is `--quiet true`.
    if key.value == "BOOL" {
        arg.num_args(0..=1)
            .default_missing_value("true")
            .require_equals(true)
    } else {
        arg
    }
}

fn eval() -> Command {
    let command = Command::new("eval")
        .about("Judge a policy; episode k starts as Gymnasium's reset(seed=SEED+k)")
        .override_usage("rl eval <DIR | --random --env NAME | --heuristic --env NAME> [OPTIONS]");
    player(command, "100").arg(json())
}

fn render() -> Command {
    let command = Command::new("render")
        .about("Show a policy at play, in the episodes that `eval` judges it by")
        .override_usage(
            "rl render <DIR | --random --env NAME | --heuristic --env NAME> -o OUT [OPTIONS]",
        )
        .arg(
            Arg::new("out")
                .short('o')
                .long("out")
                .value_name("OUT")
                .required(true)
                .value_parser(value_parser!(PathBuf))
                .help(
                    "FILE.gif for an animation, FILE.png for the last frame, or a new directory \
                     (a name without a dot) for a PNG file per step. Files are overwritten",
                ),
        );
    player(command, "1")
}

/// Adds who plays, and which episodes.
fn player(command: Command, episodes: &'static str) -> Command {
    command
        .arg(
            Arg::new("DIR")
                .value_parser(value_parser!(PathBuf))
                .help("Run directory, or a policy.safetensors"),
        )
        .arg(
            Arg::new("random")
                .long("random")
                .action(ArgAction::SetTrue)
                .requires("env")
                .help("Actions drawn at random instead of an agent"),
        )
        .arg(
            Arg::new("heuristic")
                .long("heuristic")
                .action(ArgAction::SetTrue)
                .requires("env")
                .help("The environment's rule of thumb instead of an agent"),
        )
        .group(
            ArgGroup::new("player")
                .args(["DIR", "random", "heuristic"])
                .required(true),
        )
        .arg(
            Arg::new("env")
                .long("env")
                .value_name("NAME")
                .conflicts_with("DIR")
                .help("Environment of --random or --heuristic"),
        )
        .arg(
            Arg::new("episodes")
                .long("episodes")
                .value_name("N")
                .default_value(episodes)
                .value_parser(value_parser!(u32).range(1..))
                .help("Number of episodes"),
        )
        .arg(
            Arg::new("seed")
                .long("seed")
                .value_name("N")
                .default_value("0")
                .value_parser(value_parser!(u64).range(..=u64::from(u32::MAX)))
                .help("Seed of the first episode"),
        )
        .arg(
            Arg::new("stochastic")
                .long("stochastic")
                .action(ArgAction::SetTrue)
                .conflicts_with_all(["random", "heuristic"])
                .help("Draw actions instead of taking the likeliest"),
        )
}

fn evidence() -> Command {
    let option = |name: &'static str, value, help| {
        let arg = Arg::new(name).long(name).value_name(value);
        arg.allow_negative_numbers(true).help(help)
    };
    Command::new("evidence")
        .about("Train presets with many seeds, and compare their scores with what is claimed")
        .after_help(
            "The score of a run is the mean return of 100 episodes of its final policy. A run that \
             is complete in OUT/runs is not repeated: a call that was interrupted goes on where it \
             stopped.",
        )
        .arg(option(
            "env",
            "NAME",
            "The claims about one environment only",
        ))
        .arg(option(
            "algo",
            "NAME",
            "The claims about one algorithm only",
        ))
        .arg(
            option("seeds", "N", "Runs per preset, with the seeds from 0")
                .default_value("10")
                .value_parser(value_parser!(u64)),
        )
        .arg(
            option("jobs", "N", "Runs at a time, each a process")
                .default_value("2")
                .value_parser(value_parser!(usize)),
        )
        .arg(
            option(
                "out",
                "DIR",
                "Where evidence.md, runs.csv and the run directories go",
            )
            .default_value("runs/evidence")
            .value_parser(value_parser!(PathBuf)),
        )
        .arg(set(
            "Set a key of every run's configuration, on top of the presets",
        ))
        .arg(json())
}

fn list() -> Command {
    Command::new("list")
        .about("List what there is")
        .arg(
            Arg::new("KIND")
                .value_parser(PossibleValuesParser::new([
                    "envs", "algos", "presets", "backends",
                ]))
                .help("One list only"),
        )
        .arg(json())
}

fn parity() -> Command {
    Command::new("parity")
        .about("Compare the environments with recorded traces of Gymnasium's")
        .after_help("Exits with 1 if a number is beyond its tolerance.")
        .arg(
            Arg::new("DIR")
                .required(true)
                .value_parser(value_parser!(PathBuf))
                .help(
                    "Directory of traces; each set is in a directory named after its environment",
                ),
        )
        .arg(json())
}

fn variance() -> Command {
    let settings = VarianceSetting::ALL.map(VarianceSetting::name);
    let [finite_mdp, cartpole] = VarianceSetting::ALL.map(VarianceSetting::default_batches);
    Command::new("variance")
        .about("Measure bias, variance and cost of the estimators of the policy gradient")
        .after_help(
            "Every estimator with every baseline, for a fixed policy. Writes variance.csv and an \
             SVG file per environment, and overwrites those that are there.",
        )
        .arg(
            Arg::new("env")
                .long("env")
                .value_name("NAME")
                .default_value("all")
                .value_parser(PossibleValuesParser::new(
                    settings.into_iter().chain(["all"]),
                ))
                .help("Where to measure"),
        )
        .arg(
            Arg::new("batches")
                .long("batches")
                .value_name("N")
                .value_parser(value_parser!(u32).range(2..=100_000))
                .help(format!(
                    "Batches, each of which gives an estimate [default: {finite_mdp} on the \
                     finite MDP, {cartpole} on CartPole]"
                )),
        )
        .arg(
            Arg::new("trajectories")
                .long("trajectories")
                .value_name("N")
                .default_value("8")
                .value_parser(value_parser!(u32).range(2..=1_000))
                .help("Episodes of a batch"),
        )
        .arg(
            Arg::new("seed")
                .long("seed")
                .value_name("N")
                .default_value("0")
                .value_parser(value_parser!(u64).range(..=u64::from(u32::MAX)))
                .help("Seed of policies and episodes"),
        )
        .arg(
            Arg::new("out")
                .long("out")
                .value_name("DIR")
                .default_value("runs/variance")
                .value_parser(value_parser!(PathBuf))
                .help("Directory of the files"),
        )
        .arg(json().help("Print JSON instead of tables"))
}

/// The flag that what prints a table also takes.
pub fn json() -> Arg {
    Arg::new("json")
        .long("json")
        .action(ArgAction::SetTrue)
        .help("Print JSON")
}

/// The environment of a name, as `train` understands it.
pub fn environment(name: &str) -> Result<EnvironmentId, UsageError> {
    let unknown = |error: UnknownEnvironment| UsageError(error.to_string());
    word("env", name)?.parse().map_err(unknown)
}

/// The algorithm of a name, as `train` understands it.
pub fn algorithm(name: &str) -> Result<String, UsageError> {
    word("algo", name)
}

/// A word that a key of the configuration may have.
fn word(key: &str, text: &str) -> Result<String, UsageError> {
    let mut layers = Config::layers();
    layers.set(key, text, &Origin::Flag(format!("--{key}")))?;
    Ok(layers.get(key).unwrap_or_default())
}

/// The keys and values of `--set`, of which `updates` and `steps` exclude each other.
pub fn assignments(arguments: &ArgMatches) -> Result<Vec<(&str, &str)>, UsageError> {
    let pairs = arguments.get_many::<String>("set").unwrap_or_default();
    let set: Vec<(&str, &str)> = pairs
        .map(|pair| {
            pair.split_once('=').ok_or_else(|| {
                UsageError(format!(
                    "--set {pair}: a key and a value belong here, as in gamma=0.99"
                ))
            })
        })
        .collect::<Result<_, _>>()?;
    let has = |this: &str| set.iter().any(|(key, _)| *key == this);
    if has("updates") && has("steps") {
        return Err(exclusive());
    }
    Ok(set)
}

fn exclusive() -> UsageError {
    UsageError("--updates and --steps exclude each other".into())
}

/// The layers that the options of `train` describe.
pub fn layers(arguments: &ArgMatches) -> Result<Layers, UsageError> {
    let mut layers = Config::layers();
    let given = |name: &str| arguments.get_one::<String>(name);
    let set = assignments(arguments)?;
    if given("updates").is_some() && given("steps").is_some() {
        return Err(exclusive());
    }

    if let Some(file) = arguments.get_one::<PathBuf>("config") {
        layers.file(file)?;
    }
    for (key, value) in set {
        layers.set(key, value, &Origin::Flag(format!("--set {key}")))?;
    }
    for key in KEYS {
        if let Some(value) = given(key.name) {
            let flag = format!("--{}", key.name.replace('_', "-"));
            layers.set(key.name, value, &Origin::Flag(flag))?;
        }
    }
    Ok(layers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Layers, UsageError> {
        let matches = command().get_matches_from([&["rl", "train"], words].concat());
        layers(matches.subcommand_matches("train").unwrap())
    }

    #[test]
    fn the_definition_holds_together() {
        command().debug_assert();
    }

    #[test]
    fn options_win_over_set_and_set_over_the_preset() {
        let words = [
            "--preset",
            "notebook-rtg",
            "--set",
            "gamma=0.5",
            "--set",
            "size=32",
        ];
        let config = parse(&words).unwrap().finish().unwrap();
        assert_eq!((config.size, config.environments), (32, 1));
        let gamma = |words: &[&str]| parse(words).unwrap().get("gamma").unwrap();
        assert_eq!(gamma(&words), "0.5");
        let words = [&words[..], &["--gamma", "0.25"]].concat();
        assert_eq!(gamma(&words), "0.25");
    }

    #[test]
    fn quiet_is_a_flag_and_a_key() {
        assert!(parse(&["--quiet"]).unwrap().finish().unwrap().quiet);
        assert!(
            parse(&["--set", "quiet=true"])
                .unwrap()
                .finish()
                .unwrap()
                .quiet
        );
        assert!(!parse(&[]).unwrap().finish().unwrap().quiet);
    }

    #[test]
    fn updates_and_steps_exclude_each_other_within_a_layer_only() {
        assert!(parse(&["--updates", "1", "--steps", "1"]).is_err());
        let config = parse(&["--set", "updates=3", "--steps", "9"])
            .unwrap()
            .finish()
            .unwrap();
        assert_eq!((config.updates, config.steps), (None, Some(9)));
    }
}

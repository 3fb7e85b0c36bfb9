//! Options of a configuration's keys.

use std::ops::{Range, RangeInclusive};
use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgMatches, Command};
use rl_lab::curves::CurveAxis;
use rl_lab::jobs::{Program, Shard};
use rl_train::{Key, Layers, Origin, Registry, UsageError, ValueKind, exclusive, key_of_others};

use crate::option_groups::{group_of, is_common};
use crate::output::err;

/// Seeds as they are typed: `5..8`, or how many from the first on.
pub fn seed_range(text: &str, first: u64) -> Result<Range<u64>, String> {
    let number = |word: &str| {
        let wrong = |_| format!("'{word}' is not a whole number from 0");
        count::<u64>(0..=u64::MAX)(word.trim()).map_err(wrong)
    };
    match text.split_once("..") {
        Some((start, end)) => Ok(number(start)?..number(end)?),
        None => Ok(first..first.saturating_add(number(text)?)),
    }
}

/// This program, for trainings that get the options of workers.
///
/// # Errors
/// If the system does not tell its path.
pub fn program(options: &[String]) -> std::io::Result<Program> {
    Ok(Program {
        path: std::env::current_exe()?,
        options: options.to_vec(),
    })
}

/// The share of the runs to make: that of `--shard`, or else that of a task of a SLURM array, with a note of it.
///
/// # Errors
/// [`UsageError`] for variables of SLURM that make no sense.
pub fn shard(given: Option<Shard>) -> Result<Option<Shard>, UsageError> {
    if given.is_some() {
        return Ok(given);
    }
    let shard = Shard::of_slurm(|name| std::env::var(name).ok())?;
    if let Some(shard) = shard {
        err!("note: shard {shard}, from SLURM_ARRAY_TASK_ID; --shard 1/1 is all");
    }
    Ok(shard)
}

/// The axis of a name, of those that are allowed.
pub fn axis(name: String) -> CurveAxis {
    let named = CurveAxis::ALL.into_iter().find(|axis| axis.name() == name);
    named.unwrap_or_default()
}

/// Adds an option for every key of a registry, and puts all options into groups.
pub fn with_keys(command: Command, registry: &Registry) -> Command {
    let defaults = Layers::new(registry);
    let command = registry.keys().iter().fold(command, |command, key| {
        command.arg(option(key, registry, &defaults))
    });
    command.mut_args(|arg| {
        let (heading, order) = group_of(arg.get_id().as_str());
        let is_common = is_common(arg.get_id().as_str());
        arg.help_heading(heading)
            .display_order(order)
            .hide_short_help(!is_common)
    })
}

fn option(key: &Key, registry: &Registry, defaults: &Layers<'_>) -> Arg {
    let mut help = key.help.clone();
    let default = defaults.get(key.name);
    let default = default.map_or(String::new(), |default| format!(" [default: {default}]"));
    let short = format!("{help}{default}");
    let words = match &key.kind {
        ValueKind::Word(words) => words.clone(),
        _ => registry.words(key.name),
    };
    if !words.is_empty() {
        help += &format!(" ({})", words.join(", "));
    }
    if key.name == "learning_rate" {
        help += " (also: --lr)";
    }
    let users: Vec<&str> = registry.users(key.name).map(|entry| entry.name()).collect();
    let all = registry.algorithms().iter().map(|entry| entry.name());
    let others: Vec<&str> = all.filter(|name| !users.contains(name)).collect();
    if others.is_empty() || users.is_empty() {
        // Every algorithm uses it.
    } else if others.len() < users.len() {
        help += &format!(" [all but {}]", others.join(", "));
    } else {
        help += &format!(" [{}]", users.join(", "));
    }
    help += &default;
    let value = match key.kind {
        ValueKind::Flag => "BOOL",
        ValueKind::Count => "N",
        ValueKind::Number => "X",
        ValueKind::Word(_) => "NAME",
        ValueKind::Text if words.is_empty() => "TEXT",
        ValueKind::Text => "NAME",
    };
    let arg = Arg::new(key.name)
        .long(key.name.replace('_', "-"))
        .value_name(match key.name {
            "out" => "DIR",
            "init_from" => "FILE",
            "time_limit" => "TIME",
            _ => value,
        })
        .help(short)
        .long_help(help)
        // Negative numbers are values to complain about, not options.
        .allow_negative_numbers(true);
    let arg = if key.name == "learning_rate" {
        arg.alias("lr")
    } else {
        arg
    };
    // `--quiet` is `--quiet true`.
    if key.kind == ValueKind::Flag {
        arg.num_args(0..=1)
            .default_missing_value("true")
            .require_equals(true)
    } else {
        arg
    }
}

/// Parser of whole numbers in a range, which may be written `1e6`.
pub fn count<N: TryFrom<u64>>(
    range: RangeInclusive<u64>,
) -> impl Fn(&str) -> Result<N, String> + Clone {
    move |text| {
        let exact = text.parse::<u64>().ok();
        let written = || text.parse::<f64>().ok().filter(|x| x.fract() == 0.0);
        let number = exact.or_else(|| {
            written()
                .filter(|x| (0.0..1e15).contains(x))
                .map(|x| x as u64)
        });
        let number = number.filter(|number| range.contains(number));
        number
            .and_then(|number| N::try_from(number).ok())
            .ok_or_else(|| {
                let (from, to) = (range.start(), range.end());
                match *to {
                    u64::MAX => format!("allowed is a whole number from {from}"),
                    to => format!("allowed is a whole number from {from} to {to}"),
                }
            })
    }
}

/// The message for an option that another library has under another name.
pub fn in_our_words(error: &clap::Error) -> Option<String> {
    let ContextValue::String(option) = error.get(ContextKind::InvalidArg)? else {
        return None;
    };
    let ours = key_of_others(option)?.replace('_', "-");
    let is_unknown = error.kind() == ErrorKind::UnknownArgument;
    is_unknown.then(|| format!("unexpected argument '{option}': it is called '--{ours}' here"))
}

/// Options of the command that are no keys of the configuration.
const NO_KEYS: [&str; 7] = [
    "config",
    "set",
    "resume",
    "print_config",
    "progress",
    "json",
    "no_report",
];

/// The keys and values of `--set`.
///
/// # Errors
/// [`UsageError`] for a word without `=`, or keys that exclude each other.
pub fn assignments(set: &[String]) -> Result<Vec<(&str, &str)>, UsageError> {
    let pairs: Vec<(&str, &str)> = set
        .iter()
        .map(|pair| {
            let parts = pair.split_once('=').map(|(key, value)| (key.trim(), value));
            parts.ok_or_else(|| {
                UsageError(format!(
                    "--set {pair}: a key and a value belong here, as in gamma=0.99"
                ))
            })
        })
        .collect::<Result<_, _>>()?;
    let keys: Vec<&str> = pairs.iter().map(|&(key, _)| key).collect();
    if let Some(key) = keys.iter().find(|key| NO_KEYS.contains(key)) {
        let option = key.replace('_', "-");
        return Err(UsageError(format!(
            "--set {key}: this is an option, --{option}, and no key of a configuration"
        )));
    }
    exclusive(&keys, &"--set")?;
    Ok(pairs)
}

/// Options that say what the runs of an experiment start from.
#[derive(clap::Args)]
pub struct Base {
    /// Named configuration to start from, or a file of one
    #[arg(long, value_name = "NAME|FILE.toml")]
    preset: Option<String>,
    /// Environment
    #[arg(long, value_name = "NAME")]
    env: Option<String>,
    /// Algorithm
    #[arg(long, value_name = "NAME")]
    algo: Option<String>,
    /// Configuration file, such as the config.toml of a run
    #[arg(long, value_name = "FILE.toml")]
    pub config: Option<PathBuf>,
}

impl Base {
    /// Its keys, and those of `--set` on top, each once, with the texts of their values.
    ///
    /// # Errors
    /// [`UsageError`] for a key that is given twice, and those of [`assignments`].
    pub fn pairs(&self, set: &[String]) -> Result<Vec<(String, String)>, UsageError> {
        let options = [
            ("preset", &self.preset),
            ("env", &self.env),
            ("algo", &self.algo),
        ];
        let options = options
            .into_iter()
            .filter_map(|(key, value)| Some((key, value.as_deref()?)));
        let mut pairs: Vec<(String, String)> = Vec::new();
        for (key, value) in options.chain(assignments(set)?) {
            let key = if key == "lr" { "learning_rate" } else { key };
            if pairs.iter().any(|(known, _)| known == key) {
                let message = format!("{key} is given twice: its values belong into one option");
                return Err(UsageError(message));
            }
            pairs.push((key.to_owned(), value.to_owned()));
        }
        Ok(pairs)
    }
}

/// Values that are separated by commas. One within quotes belongs to a value.
///
/// # Errors
/// [`UsageError`] for a value without a character.
pub fn values(key: &str, text: &str) -> Result<Vec<String>, UsageError> {
    let mut values = vec![String::new()];
    let mut quote = None;
    for c in text.chars() {
        match (c, quote) {
            (',', None) => {
                values.push(String::new());
                continue;
            }
            ('"' | '\'', None) => quote = Some(c),
            (_, Some(open)) if c == open => quote = None,
            _ => {}
        }
        if let Some(last) = values.last_mut() {
            last.push(c);
        }
    }
    if values.iter().any(|value| value.trim().is_empty()) {
        return Err(UsageError(format!(
            "--set {key}={text}: a value belongs before and after each comma"
        )));
    }
    let trimmed = values.iter().map(|value| value.trim().to_owned());
    Ok(trimmed.collect())
}

/// The keys that are given as options, with the texts of their values.
///
/// # Errors
/// [`UsageError`] for keys that exclude each other.
pub fn given<'a>(
    matches: &'a ArgMatches,
    keys: &[Key],
) -> Result<Vec<(&'static str, &'a str)>, UsageError> {
    let value = |key: &Key| {
        let text = matches.get_one::<String>(key.name)?;
        Some((key.name, text.as_str()))
    };
    let given: Vec<_> = keys.iter().filter_map(value).collect();
    let names: Vec<&str> = given.iter().map(|(key, _)| *key).collect();
    let flag = |name: &&str| format!("--{}", name.replace('_', "-"));
    let flags: Vec<String> = names.iter().map(flag).collect();
    exclusive(&names, &flags.join(", "))?;
    Ok(given)
}

/// Sets keys of options on top of layers.
///
/// # Errors
/// [`UsageError`].
pub fn set_options(
    layers: &mut Layers<'_>,
    given: &[(&'static str, &str)],
) -> Result<(), UsageError> {
    for (key, value) in given {
        let flag = format!("--{}", key.replace('_', "-"));
        layers.set(key, value, &Origin::Flag(flag))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comma_separates_values_unless_it_is_within_quotes() {
        let split = |text| values("key", text).unwrap();
        assert_eq!(split("1e-3, 5e-3"), ["1e-3", "5e-3"]);
        assert_eq!(split(r#""a,b",c,'d,e'"#), [r#""a,b""#, "c", "'d,e'"]);
        for text in ["", "1,", ",1", "1,,2"] {
            let UsageError(message) = values("size", text).unwrap_err();
            assert!(
                message.contains(&format!("--set size={text}:")),
                "{message}"
            );
        }
    }
}

//! `rl runs`: lists run directories.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use clap::Args;
use rl_lab::runs::{RunsError, StoredRun, changed_keys, directories};
use rl_train::Registry;
use serde_json::{Value, json};

use crate::output::{err, outln};
use crate::screen::{WIDTH, wrapped};

/// List runs: their state, when they last wrote, their length, their return, and the
/// keys that differ from the preset
#[derive(Args)]
#[command(
    after_help = "The return is that of the evaluation at the end; of a run that is not complete, \
                  the mean of its last update. Runs are found at any depth below DIR."
)]
pub struct Arguments {
    /// Directory with runs in it, or of a run
    #[arg(value_name = "DIR", default_value = "runs")]
    directory: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Columns before those of the name.
const BEFORE: usize = 45;

/// Carries it out.
///
/// # Errors
/// A directory without runs, or one that cannot be read.
pub fn run(arguments: &Arguments, registry: &Registry) -> Result<()> {
    let now = SystemTime::now();
    let mut rows = Vec::new();
    if !arguments.json {
        let header = line("state", "when", "steps", "return");
        outln!("{header}run");
    }
    for directory in directories(&arguments.directory)? {
        let run = StoredRun::read(&directory);
        let name = directory.strip_prefix(&arguments.directory);
        let name = name.ok().filter(|name| *name != Path::new(""));
        let name = name.unwrap_or(&directory).display().to_string();
        if let Err(error) = &run {
            err!("{error}");
        }
        if arguments.json {
            rows.push(as_json(&directory, &run, registry));
        } else {
            outln!("{}", as_lines(&name, &run, registry, now).join("\n"));
        }
    }
    if arguments.json {
        outln!("{}", Value::Array(rows));
    }
    Ok(())
}

/// A row; a long name and the changed keys go on in lines of their own.
fn as_lines(
    name: &str,
    run: &Result<StoredRun, RunsError>,
    registry: &Registry,
    now: SystemTime,
) -> Vec<String> {
    let (first, changed) = match run {
        Ok(run) => {
            let value = run.evaluation().or(run.training_return());
            let value = value.map_or(String::new(), |value| format!("{value:.1}"));
            let age = now.duration_since(run.modified()).unwrap_or_default();
            let (when, steps) = (ago(age.as_secs()), run.env_steps().to_string());
            let first = line(run.state().name(), &when, &steps, &value);
            (first, changed_keys(run.config(), registry))
        }
        Err(_) => (line("damaged", "", "", ""), BTreeMap::new()),
    };
    let keys: Vec<String> = changed
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    let fitting = |text: &str, indent: usize| -> Vec<String> {
        let width = WIDTH - BEFORE - indent;
        let lines = wrapped(text, width).into_iter().flat_map(|line| {
            let letters: Vec<char> = line.chars().collect();
            let pieces = letters
                .chunks(width)
                .map(|piece| piece.iter().collect::<String>());
            pieces.collect::<Vec<_>>()
        });
        lines.map(|line| format!("{:indent$}{line}", "")).collect()
    };
    let mut texts = fitting(name, 0);
    texts.extend(fitting(&keys.join(" "), 2));
    let lines = texts.iter().enumerate().map(|(i, text)| match i {
        0 => format!("{first}{text}"),
        _ => format!("{:BEFORE$}{text}", ""),
    });
    lines.collect()
}

fn line(state: &str, when: &str, steps: &str, value: &str) -> String {
    format!("{state:<11} {when:>10} {steps:>10} {value:>9}  ")
}

/// Time since a moment, in its largest unit.
fn ago(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s ago"),
        60..3600 => format!("{} min ago", seconds / 60),
        3600..172_800 => format!("{} h ago", seconds / 3600),
        _ => format!("{} d ago", seconds / 86_400),
    }
}

fn as_json(directory: &Path, run: &Result<StoredRun, RunsError>, registry: &Registry) -> Value {
    let run = match run {
        Ok(run) => run,
        Err(error) => {
            return json!({
                "directory": directory, "state": "damaged", "error": error.to_string(),
            });
        }
    };
    let modified = run
        .modified()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    json!({
        "directory": directory,
        "state": run.state(),
        "env": run.env(),
        "algo": run.algo(),
        "preset": run.word("preset"),
        "seed": run.seed(),
        "changed": changed_keys(run.config(), registry),
        "updates": run.updates(),
        "env_steps": run.env_steps(),
        "evaluation_return_mean": run.evaluation(),
        "training_return_mean": run.training_return(),
        "modified_unix_s": modified.as_secs(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_their_largest_unit() {
        for (seconds, text) in [
            (5, "5 s ago"),
            (60, "1 min ago"),
            (7200, "2 h ago"),
            (172_799, "47 h ago"),
            (10 * 86_400, "10 d ago"),
        ] {
            assert_eq!(ago(seconds), text);
        }
    }
}

//! `rl list`: lists environments, algorithms, presets and backends.

use anyhow::Result;
use clap::{Args, ValueEnum};
use rl_train::{Backend, Registry};
use serde_json::{Map, Value, json};

use crate::output::{out, outln};
use crate::screen::columns;

/// List environments, algorithms, presets, their pairs and backends
#[derive(Args)]
pub struct Arguments {
    /// One list only
    #[arg(value_name = "KIND")]
    kind: Option<Kind>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    Envs,
    Algos,
    Presets,
    Pairs,
    Backends,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Envs => "envs",
            Self::Algos => "algos",
            Self::Presets => "presets",
            Self::Pairs => "pairs",
            Self::Backends => "backends",
        }
    }

    /// Names with a line about each.
    fn rows(self, registry: &Registry) -> Vec<(String, String)> {
        match self {
            Self::Envs => {
                let entries = registry.environments().iter();
                let row = |entry: &rl_train::EnvironmentEntry| {
                    let solved = entry.solved().map_or(String::new(), |solved| {
                        format!(", solved at a mean return of {solved}")
                    });
                    let text = format!("{}{solved}", entry.description());
                    (entry.name().to_owned(), text)
                };
                entries.map(row).collect()
            }
            Self::Algos => {
                let entries = registry.algorithms().iter();
                entries
                    .map(|entry| (entry.name().into(), entry.description().into()))
                    .collect()
            }
            Self::Presets => {
                let presets = registry.presets().iter();
                presets
                    .map(|preset| (preset.name().into(), preset.description().into()))
                    .collect()
            }
            Self::Pairs => {
                let pairs = |environment: &str, is_tuned| -> Vec<&str> {
                    let algorithms = registry.algorithms().iter().map(|entry| entry.name());
                    let has = |name: &&str| registry.preset_of(environment, name).is_some();
                    algorithms.filter(|name| has(name) == is_tuned).collect()
                };
                let row = |entry: &rl_train::EnvironmentEntry| {
                    let [tuned, untuned] = [true, false].map(|is| pairs(entry.name(), is));
                    let mut parts = vec![
                        ("tuned: ", tuned.join(", ")),
                        ("untuned: ", untuned.join(", ")),
                        ("", entry.remark().unwrap_or_default().to_owned()),
                    ];
                    parts.retain(|(_, names)| !names.is_empty());
                    let parts: Vec<String> = parts.iter().map(|(a, b)| format!("{a}{b}")).collect();
                    (entry.name().to_owned(), parts.join("; "))
                };
                registry.environments().iter().map(row).collect()
            }
            Self::Backends => {
                let row = |backend: Backend| {
                    let here = if backend.is_compiled() {
                        ""
                    } else {
                        " [not in this binary]"
                    };
                    let text = format!("{}{here}", backend.description());
                    (backend.name().into(), text)
                };
                Backend::ALL.into_iter().map(row).collect()
            }
        }
    }
}

/// Carries it out.
///
/// # Errors
/// None so far.
pub fn run(arguments: &Arguments, registry: &Registry) -> Result<()> {
    let wanted = |kind: &&Kind| arguments.kind.is_none_or(|only| only == **kind);
    let kinds = [
        Kind::Envs,
        Kind::Algos,
        Kind::Presets,
        Kind::Pairs,
        Kind::Backends,
    ];
    let mut object = Map::new();
    for kind in kinds.iter().filter(wanted) {
        let rows = kind.rows(registry);
        if arguments.json {
            let entries = rows
                .iter()
                .map(|(name, text)| json!({ "name": name, "description": text }));
            object.insert(kind.name().into(), entries.collect());
            continue;
        }
        let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        let rows = rows
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str()));
        out!("{}\n{}", kind.name(), columns(rows, "  ", width));
        if *kind == Kind::Envs && cfg!(feature = "gym") {
            outln!("  and gym:ID, every environment of Gymnasium in a Python of your own");
        }
    }
    if arguments.json {
        outln!("{}", Value::Object(object));
    }
    Ok(())
}

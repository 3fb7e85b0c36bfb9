//! `rl list`: lists environments, algorithms, presets and backends.

use anyhow::Result;
use clap::{Args, ValueEnum};
use rl_train::{Backend, Registry};
use serde_json::{Map, Value, json};

use crate::output::outln;

/// List environments, algorithms, presets and backends
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
    Backends,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Envs => "envs",
            Self::Algos => "algos",
            Self::Presets => "presets",
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
    let kinds = [Kind::Envs, Kind::Algos, Kind::Presets, Kind::Backends];
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
        outln!("{}", kind.name());
        for (name, text) in rows {
            outln!("  {name:<16} {text}");
        }
    }
    if arguments.json {
        outln!("{}", Value::Object(object));
    }
    Ok(())
}

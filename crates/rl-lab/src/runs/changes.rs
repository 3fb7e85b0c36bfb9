//! Keys that a configuration changes.

use std::collections::BTreeMap;

use rl_train::{Layers, NO_PRESET, Origin, Registry};
use toml::{Table, Value};

use crate::settings::{differences, of_table};

/// Keys that change nothing that a run computes but its random numbers, or only where and how it is
/// written.
pub(super) const NOT_COMPARED: [&str; 7] = [
    "seed",
    "out",
    "quiet",
    "preset_file",
    "checkpoint_every",
    "checkpoint_keep",
    "log_every",
];

/// The keys by which a configuration differs from its preset, with its values; of no preset, or one
/// that the registry does not know, from the defaults of its algorithm. Seed, and what says only where and how
/// a run is written, are left out.
pub fn changed_keys(config: &Table, registry: &Registry) -> BTreeMap<String, String> {
    let word = |key: &str| config.get(key).and_then(Value::as_str).unwrap_or_default();
    let named = word("preset");
    let mut changes = BTreeMap::new();
    let known = registry.find_preset(named).is_some();
    if !known && named != NO_PRESET {
        changes.insert("preset".to_owned(), named.to_owned());
    }
    let base = base(config, if known { named } else { NO_PRESET }, registry);
    for difference in differences(&of_table(&base), &of_table(config)) {
        let key = difference.key;
        let Some(value) = config.get(&key) else {
            continue;
        };
        if !NOT_COMPARED.contains(&key.as_str()) && key != "preset" {
            changes.insert(key, shown(value));
        }
    }
    changes
}

/// The configuration of a preset, with the environment and the algorithm of another; as far as the
/// registry knows them.
fn base(config: &Table, preset: &str, registry: &Registry) -> Table {
    let mut layers = Layers::new(registry);
    let origin = Origin::Flag("--preset".into());
    let mut set = |key: &str, value: &str| layers.set(key, value, &origin).is_ok();
    // A preset has its own; without one, they are what the run is about, and no change.
    set("preset", preset);
    if preset == NO_PRESET {
        for key in ["env", "algo"] {
            let value = config.get(key).and_then(Value::as_str);
            set(key, value.unwrap_or_default());
        }
    }
    let table = layers.finish().and_then(|base| base.to_repeat());
    table.unwrap_or_default()
}

/// The value of a key as it is typed.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(set: &[(&str, &str)]) -> Vec<String> {
        let registry = Registry::default();
        let mut layers = Layers::new(&registry);
        for (key, value) in set {
            layers
                .set(key, value, &Origin::Flag("test".into()))
                .unwrap();
        }
        let config = layers.finish().unwrap().to_repeat().unwrap();
        let changes = changed_keys(&config, &registry);
        changes
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect()
    }

    #[test]
    fn only_keys_that_differ_from_the_preset_are_changes() {
        let none: [&str; 0] = [];
        assert_eq!(changes(&[]), none);
        assert_eq!(
            changes(&[
                ("preset", "cartpole-ppo"),
                ("seed", "7"),
                ("log_every", "5")
            ]),
            none
        );
        assert_eq!(
            changes(&[("preset", "cartpole-ppo"), ("lr", "0.5"), ("updates", "3")]),
            ["learning_rate=0.5", "updates=3"]
        );
        assert_eq!(
            changes(&[("preset", "none"), ("algo", "a2c"), ("gamma", "0.5")]),
            ["gamma=0.5"]
        );
    }

    #[test]
    fn a_preset_that_is_not_known_is_named() {
        let config: Table = "preset = 'mine.toml'\nenv = 'x'\nalgo = 'y'"
            .parse()
            .unwrap();
        let changes = changed_keys(&config, &Registry::default());
        assert_eq!(changes.get("preset").map(String::as_str), Some("mine.toml"));
    }
}

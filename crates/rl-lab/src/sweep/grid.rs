//! Settings of a sweep: every combination of the values of its keys.

use std::collections::BTreeSet;

use rl_train::{Registry, UsageError};
use serde_json::{Map, Value};

use super::SweepConfig;
use crate::jobs::{Job, JobError, Recipe, check_seeds, shown};

/// Runs of a sweep, at most.
pub const MOST_RUNS: u64 = 10_000;

/// Keys that belong to the single runs.
const OWN_KEYS: [&str; 3] = ["seed", "out", "quiet"];

/// One combination of values.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// The values of the swept keys, as configurations have them.
    pub values: Vec<Value>,
    /// Score that counts as reached.
    pub threshold: Option<f64>,
    recipe: Recipe,
    /// Whole configuration with the first seed.
    config: Map<String, Value>,
}

impl Setting {
    /// The values as text, `base` without any.
    pub fn label(&self) -> String {
        if self.values.is_empty() {
            return "base".to_owned();
        }
        let values: Vec<String> = self.values.iter().map(shown).collect();
        values.join(", ")
    }

    /// The job of a seed.
    pub fn job(&self, keys: &[String], seed: u64) -> Job {
        let pairs = keys.iter().zip(&self.values);
        let pairs: Vec<String> = pairs
            .map(|(key, value)| format!("{key}={}", shown(value)))
            .collect();
        let label = if pairs.is_empty() {
            self.label()
        } else {
            pairs.join(",")
        };
        let name = format!("{}-seed{seed}", file_name(&label));
        self.recipe
            .job(("setting", &label), self.config.clone(), seed, name)
    }
}

/// The settings of a sweep, each checked; those that spell the same configuration are one.
///
/// # Errors
/// [`JobError::Usage`], [`JobError::Train`].
pub fn settings(config: &SweepConfig, registry: &Registry) -> Result<Vec<Setting>, JobError> {
    check_seeds(&config.seeds)?;
    let own = |key: &&String| OWN_KEYS.contains(&key.as_str());
    let mut all = config.set.iter().map(|(key, _)| key);
    let swept = || config.keys.iter().map(|swept| &swept.key);
    if let Some(key) = all.find(own).or_else(|| swept().find(own)) {
        let message = format!("--set {key}: every run of a sweep has its own {key}");
        return Err(UsageError(message).into());
    }
    let combinations = config.keys.iter().try_fold(1_u64, |product, swept| {
        product.checked_mul(swept.values.len() as u64)
    });
    let seeds = config.seeds.end - config.seeds.start;
    let runs = combinations.and_then(|n| n.checked_mul(seeds));
    if runs.is_none_or(|runs| runs > MOST_RUNS) {
        let sizes: Vec<String> = config
            .keys
            .iter()
            .map(|swept| format!("{} of {}", swept.values.len(), swept.key))
            .collect();
        let message = format!(
            "{} values and {seeds} seeds make {} runs: allowed are up to {MOST_RUNS}",
            sizes.join(" × "),
            runs.map_or("too many".to_owned(), |runs| runs.to_string())
        );
        return Err(UsageError(message).into());
    }
    let mut known = BTreeSet::new();
    let mut settings = Vec::new();
    for index in 0..combinations.unwrap_or(0) {
        let setting = setting(config, registry, index)?;
        let mut spelled = setting.config.clone();
        // How the preset is called changes no run, but it is what is compared where presets are swept.
        if !swept().any(|key| key == "preset") {
            spelled.remove("preset");
        }
        if known.insert(Value::Object(spelled).to_string()) {
            settings.push(setting);
        }
    }
    Ok(settings)
}

/// The combination of an index, the last key's values going round fastest.
fn setting(config: &SweepConfig, registry: &Registry, mut index: u64) -> Result<Setting, JobError> {
    let mut own = Vec::new();
    for swept in config.keys.iter().rev() {
        let n = swept.values.len() as u64;
        own.push((
            swept.key.clone(),
            swept.values[(index % n) as usize].clone(),
        ));
        index /= n;
    }
    own.reverse();
    let recipe = Recipe {
        config: config.config.clone(),
        set: [config.set.as_slice(), &own].concat(),
    };
    let whole = recipe.check(registry, &config.seeds)?;
    let value = |key: &str| whole.get(key).cloned().unwrap_or(Value::Null);
    let values = own.iter().map(|(key, _)| value(key)).collect();
    let env = whole.get("env").and_then(Value::as_str).unwrap_or_default();
    let solved = registry
        .find_environment(env)
        .and_then(|entry| entry.solved());
    Ok(Setting {
        values,
        threshold: config.threshold.or(solved),
        recipe,
        config: whole,
    })
}

/// Name of a file or directory for a text: the text, where it can be one.
pub fn file_name(text: &str) -> String {
    /// Bytes of a name, at most; systems allow 255 with what comes after it.
    const LONGEST: usize = 120;
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-+=,".contains(c);
    let replaced: String = text
        .chars()
        .map(|c| if plain(c) { c } else { '_' })
        .collect();
    if replaced == text && text.len() <= LONGEST {
        return replaced;
    }
    let start = &replaced[..replaced.len().min(LONGEST)];
    format!("{start}-{:08x}", crc32fast::hash(text.as_bytes()))
}

#[cfg(test)]
pub mod tests {
    use std::path::PathBuf;

    use super::super::SweptKey;
    use super::*;
    use crate::jobs::Program;

    pub fn config(keys: &[(&str, &[&str])]) -> SweepConfig {
        let swept = |&(key, values): &(&str, &[&str])| SweptKey {
            key: key.to_owned(),
            values: values.iter().map(|&value| value.to_owned()).collect(),
        };
        SweepConfig {
            config: None,
            set: vec![("preset".to_owned(), "cartpole".to_owned())],
            keys: keys.iter().map(swept).collect(),
            seeds: 0..2,
            jobs: 1,
            shard: None,
            threshold: None,
            out: PathBuf::from("out"),
            program: Program::default(),
        }
    }

    fn labels(keys: &[(&str, &[&str])]) -> Result<Vec<String>, JobError> {
        let settings = settings(&config(keys), &Registry::default())?;
        Ok(settings.iter().map(Setting::label).collect())
    }

    #[test]
    fn settings_are_every_combination_in_order_and_the_same_spelled_twice_is_one() {
        let keys: [(&str, &[&str]); 2] = [
            ("learning_rate", &["1e-3", "5e-3", "0.001"]),
            ("size", &["16", "32"]),
        ];
        let expected = ["0.001, 16", "0.001, 32", "0.005, 16", "0.005, 32"];
        assert_eq!(labels(&keys).unwrap(), expected);
        assert_eq!(labels(&[]).unwrap(), ["base"]);
        // The same values by a preset and by a key are one, unless presets are what is compared.
        let lr: [(&str, &[&str]); 1] = [("learning_rate", &["4e-3"])];
        assert_eq!(labels(&lr).unwrap(), ["0.004"]);
        let presets: [(&str, &[&str]); 1] = [("preset", &["cartpole", "cartpole-gae"])];
        assert_eq!(labels(&presets).unwrap(), ["cartpole", "cartpole-gae"]);
    }

    #[test]
    fn wrong_values_and_too_many_runs_are_refused_with_their_numbers() {
        let many: Vec<String> = (1..=101).map(|n| n.to_string()).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        for (keys, words) in [
            (vec![("size", &["16", "x"][..])], ["size", "'x'"]),
            (
                vec![("clip_range", &["0.1"][..])],
                ["clip_range", "not used by the algorithm vpg"],
            ),
            (vec![("seed", &["1"][..])], ["--set seed", "its own seed"]),
            (vec![("gamma", &["0.9", "2"][..])], ["gamma = 2", "0 to 1"]),
            (
                vec![("size", &many[..]), ("updates", &many[..])],
                ["20402 runs", "10000"],
            ),
        ] {
            let error = labels(&keys).unwrap_err();
            assert!(error.is_usage());
            let error = error.to_string();
            assert!(words.iter().all(|word| error.contains(word)), "{error}");
        }
    }

    #[test]
    fn a_directory_is_named_after_the_values_or_after_a_sum_of_them() {
        assert_eq!(file_name("size=16,gamma=0.9"), "size=16,gamma=0.9");
        let path = file_name("init_from=a/b.safetensors");
        assert!(path.starts_with("init_from=a_b.safetensors-"), "{path}");
        assert_ne!(path, file_name("init_from=a_b.safetensors"));
        assert_ne!(file_name(&"é".repeat(100)), file_name(&"é".repeat(101)));
        assert!(file_name(&"x".repeat(500)).len() < 140);
    }
}

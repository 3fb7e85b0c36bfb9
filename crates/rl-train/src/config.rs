//! The configuration of a run, in layers: defaults, preset, file, options.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use rl_envs::EnvironmentId;
use rl_nets::{Activation, Initialization};
use rl_pg::{VpgConfig, Weighting};
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use crate::{DEFAULT_PRESET, KEYS, PRESETS};

/// The algorithms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Algo {
    /// Vanilla policy gradient.
    Vpg,
}

impl Algo {
    /// Every algorithm: its name and what it is.
    pub const ALL: &'static [(&'static str, &'static str)] = &[(
        "vpg",
        "vanilla policy gradient: one step per batch of whole episodes",
    )];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Vpg => "vpg",
        }
    }
}

/// A complete configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The preset it started from.
    pub preset: String,
    /// Name of the environment.
    pub env: String,
    /// The algorithm.
    pub algo: Algo,
    /// Seed of every random stream of the run.
    pub seed: u64,
    /// Name of the backend to learn on.
    pub backend: String,
    /// Threads to act on.
    pub threads: usize,
    /// Number of updates; excludes `steps`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updates: Option<u64>,
    /// Environment steps after which no update starts; excludes `updates`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<u64>,
    /// The run directory.
    #[serde(skip_serializing)]
    pub out: Option<PathBuf>,
    /// Whether to show no progress.
    #[serde(default, skip_serializing)]
    pub quiet: bool,
    /// Environments side by side.
    pub environments: usize,
    /// Least number of steps per update, in whole episodes.
    pub steps_per_update: usize,
    /// Whether observations are normalised by what was observed up to the last update.
    pub normalize_observations: bool,
    /// Factor on the rewards that are learned from.
    pub reward_scale: f64,
    /// Discount.
    pub gamma: f64,
    /// Weight of the log-probabilities.
    pub weighting: Weighting,
    /// Whether the weights of a batch are normalised.
    pub normalize_weights: bool,
    /// Adam's step size.
    pub learning_rate: f64,
    /// Whether the step size falls linearly to 0 over the run.
    pub anneal_learning_rate: bool,
    /// Largest global norm of a gradient.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_grad_norm: Option<f32>,
    /// Hidden layers.
    pub n_layers: usize,
    /// Units per hidden layer.
    pub size: usize,
    /// Activation of the hidden layers.
    pub activation: Activation,
    /// How weights are drawn.
    pub initialization: Initialization,
}

/// What no preset says.
const DEFAULTS: &str = r#"
seed = 0
backend = "flex"
threads = 1
quiet = false
"#;

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The defaults or a preset.
    Preset(String),
    /// A configuration file.
    File(PathBuf),
    /// An option of the command line.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Preset(name) => write!(f, "preset {name}"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Flag(flag) => write!(f, "{flag}"),
        }
    }
}

/// What is wrong with a configuration, in one message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UsageError(pub String);

/// The layers of a configuration so far, with the origin of each value.
#[derive(Clone, Debug)]
pub struct Layers {
    values: Table,
    origins: BTreeMap<String, Origin>,
}

impl Config {
    /// The defaults and the default preset, to put other layers on.
    pub fn layers() -> Layers {
        let mut layers = Layers {
            values: Table::new(),
            origins: BTreeMap::new(),
        };
        layers.fill(DEFAULTS, &Origin::Preset("defaults".into()));
        layers.preset(DEFAULT_PRESET);
        layers
    }

    /// The environment.
    ///
    /// # Errors
    /// [`UsageError`] if there is none of that name.
    pub fn environment(&self) -> Result<EnvironmentId, UsageError> {
        self.env
            .parse()
            .map_err(|error| UsageError(format!("{error}")))
    }

    /// The algorithm's part.
    pub fn vpg(&self) -> VpgConfig {
        VpgConfig {
            weighting: self.weighting,
            gamma: self.gamma,
            normalize_weights: self.normalize_weights,
            learning_rate: self.learning_rate,
            max_grad_norm: self.max_grad_norm,
        }
    }

    /// The file that repeats the run.
    ///
    /// # Errors
    /// [`UsageError`] for a seed that TOML cannot hold.
    pub fn to_toml(&self) -> Result<String, UsageError> {
        toml::to_string(self).map_err(|error| UsageError(format!("configuration: {error}")))
    }

    /// What is out of range: key, value, what is allowed.
    fn out_of_range(&self) -> Option<(&'static str, String, &'static str)> {
        let positive = |key, n: usize, allowed| (n == 0).then(|| (key, n.to_string(), allowed));
        let at_least_1 = "at least 1";
        let limit = |key, n: usize, range: std::ops::RangeInclusive<usize>, allowed| {
            (!range.contains(&n)).then(|| (key, n.to_string(), allowed))
        };
        limit("threads", self.threads, 1..=1024, "1 to 1024")
            .or_else(|| limit("environments", self.environments, 1..=65_536, "1 to 65536"))
            .or_else(|| positive("steps_per_update", self.steps_per_update, at_least_1))
            .or_else(|| positive("updates", self.updates.map_or(1, clamp), at_least_1))
            .or_else(|| positive("steps", self.steps.map_or(1, clamp), at_least_1))
            .or_else(|| limit("n_layers", self.n_layers, 0..=16, "0 to 16"))
            .or_else(|| limit("size", self.size, 1..=4096, "1 to 4096"))
            .or_else(|| {
                let valid = self.reward_scale.is_finite() && self.reward_scale != 0.0;
                let allowed = "a finite number other than 0";
                (!valid).then(|| ("reward_scale", self.reward_scale.to_string(), allowed))
            })
            .or_else(|| {
                self.vpg()
                    .validate()
                    .err()
                    .map(|error| (error.key, error.value, error.allowed))
            })
    }
}

fn clamp(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

impl Layers {
    /// Sets a key from text: TOML where it is TOML, a word otherwise.
    ///
    /// # Errors
    /// [`UsageError`] for an unknown key or a value of another type.
    pub fn set(&mut self, key: &str, text: &str, origin: &Origin) -> Result<(), UsageError> {
        let value = toml::from_str::<Table>(&format!("value = {text}"))
            .ok()
            .and_then(|mut table| table.remove("value"))
            .unwrap_or_else(|| Value::String(text.to_owned()));
        self.insert(key, value, origin)
    }

    /// Puts a configuration file on top.
    ///
    /// # Errors
    /// [`UsageError`] for a file that cannot be read, is not TOML, or has an unknown key or a
    /// value of another type.
    pub fn file(&mut self, path: &Path) -> Result<(), UsageError> {
        let usage = |what: &str, error: &dyn fmt::Display| {
            UsageError(format!("--config {}: {what}: {error}", path.display()))
        };
        let text = std::fs::read_to_string(path).map_err(|error| usage("cannot read", &error))?;
        let table: Table = text.parse().map_err(|error| usage("not TOML", &error))?;
        if table.contains_key("updates") && table.contains_key("steps") {
            let both = "'updates' and 'steps' exclude each other";
            return Err(UsageError(format!("{both} (from {})", path.display())));
        }
        let origin = Origin::File(path.to_owned());
        // The preset first, whatever its place in the file: the other keys change it.
        let (preset, others): (Vec<_>, Vec<_>) =
            table.into_iter().partition(|(key, _)| key == "preset");
        preset
            .into_iter()
            .chain(others)
            .try_for_each(|(key, value)| self.insert(&key, value, &origin))
    }

    /// Checks the whole.
    ///
    /// # Errors
    /// [`UsageError`] for a value out of its range.
    pub fn finish(self) -> Result<Config, UsageError> {
        let Self { values, origins } = self;
        let config: Config = Value::Table(values)
            .try_into()
            .map_err(|error: toml::de::Error| UsageError(error.message().to_owned()))?;
        match config.out_of_range() {
            None => Ok(config),
            Some((key, value, allowed)) => {
                let origin = origins
                    .get(key)
                    .map_or(String::new(), |o| format!(" (from {o})"));
                Err(UsageError(format!(
                    "{key} = {value}{origin}: allowed is {allowed}"
                )))
            }
        }
    }

    /// Where the value of a key comes from.
    pub fn origin(&self, key: &str) -> Option<&Origin> {
        self.origins.get(key)
    }

    /// The value of a key as text, if it has one.
    pub fn get(&self, key: &str) -> Option<String> {
        self.values.get(key).map(|value| match value {
            Value::String(text) => text.clone(),
            value => value.to_string(),
        })
    }

    fn insert(&mut self, key: &str, value: Value, origin: &Origin) -> Result<(), UsageError> {
        let name = if key == "lr" { "learning_rate" } else { key };
        let names = || KEYS.iter().map(|key| key.name).collect::<Vec<_>>();
        let Some(key) = KEYS.iter().find(|key| key.name == name) else {
            return Err(UsageError(unknown("key", name, &names(), origin)));
        };
        let mut value = value;
        if let (Some(words), Value::String(text)) = (key.words, &mut value) {
            if name == "env"
                && let Ok(id) = text.parse::<EnvironmentId>()
            {
                *text = id.name().to_owned();
            }
            if !words().contains(&text.as_str()) {
                return Err(UsageError(unknown(name, text, &words(), origin)));
            }
        }

        if name == "preset"
            && let Value::String(preset) = &value
        {
            let preset = preset.clone();
            self.preset(&preset);
            self.origins.insert(name.to_owned(), origin.clone());
            return Ok(());
        }
        // The value alone on top of a configuration that is right: any complaint is about it.
        let mut probe = Config::layers_unchecked();
        probe.insert(name.to_owned(), value.clone());
        if let Err(error) = Value::Table(probe).try_into::<Config>() {
            let expected = error.message().trim().replace('\n', " ");
            let shown = match &value {
                Value::String(text) => format!("'{text}'"),
                value => value.to_string(),
            };
            return Err(UsageError(format!(
                "{name} = {shown} (from {origin}): {expected}"
            )));
        }
        for (this, other) in [("updates", "steps"), ("steps", "updates")] {
            if name == this {
                self.values.remove(other);
            }
        }
        self.values.insert(name.to_owned(), value);
        self.origins.insert(name.to_owned(), origin.clone());
        Ok(())
    }

    /// Replaces every key that presets speak of.
    fn preset(&mut self, name: &str) {
        let Some(preset) = PRESETS.iter().find(|preset| preset.name == name) else {
            return;
        };
        for key in ["updates", "steps", "max_grad_norm"] {
            self.values.remove(key);
        }
        self.fill(preset.toml, &Origin::Preset(name.to_owned()));
        self.values
            .insert("preset".into(), Value::String(name.to_owned()));
    }

    /// Sets keys from text that is part of the program, and known to be right by a test.
    fn fill(&mut self, text: &str, origin: &Origin) {
        for (key, value) in text.parse::<Table>().unwrap_or_default() {
            self.origins.insert(key.clone(), origin.clone());
            self.values.insert(key, value);
        }
    }
}

impl Config {
    fn layers_unchecked() -> Table {
        Self::layers().values
    }
}

/// The message for a word that is not one of those allowed.
fn unknown(kind: &str, word: &str, allowed: &[&str], origin: &Origin) -> String {
    let hint =
        nearest(word, allowed).map_or(String::new(), |near| format!(" Did you mean '{near}'?"));
    format!(
        "unknown {kind} '{word}' (from {origin}).{hint} Allowed: {}",
        allowed.join(", ")
    )
}

/// The word nearest to a misspelled one, if one is near.
pub fn nearest<'a>(word: &str, allowed: &[&'a str]) -> Option<&'a str> {
    let scored = allowed
        .iter()
        .map(|candidate| (strsim::jaro_winkler(word, candidate), *candidate));
    scored
        .filter(|(score, _)| *score > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, near)| near)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flag(name: &str) -> Origin {
        Origin::Flag(name.into())
    }

    #[test]
    fn every_preset_is_a_whole_configuration_of_known_keys() {
        for preset in PRESETS {
            let mut layers = Config::layers();
            layers
                .set("preset", preset.name, &flag("--preset"))
                .unwrap();
            let config = layers.finish().unwrap();
            assert_eq!(config.preset, preset.name);
            assert!(
                preset.toml.starts_with("# "),
                "{} says what it is",
                preset.name
            );
            for (key, _) in preset.toml.parse::<Table>().unwrap() {
                assert!(KEYS.iter().any(|known| known.name == key), "{key}");
            }
        }
        assert!(!DEFAULTS.parse::<Table>().unwrap().is_empty());
    }

    #[test]
    fn every_field_is_a_key_and_every_key_a_field() {
        let mut layers = Config::layers();
        for (key, value) in [("max_grad_norm", "1.0"), ("out", "x"), ("steps", "5")] {
            layers.set(key, value, &flag("--set")).unwrap();
        }
        for key in KEYS.iter().filter(|key| key.name != "updates") {
            assert!(layers.values.contains_key(key.name), "{}", key.name);
        }
        assert_eq!(layers.values.len() + 1, KEYS.len());
        assert!(layers.finish().is_ok());
    }

    #[test]
    fn later_layers_win_and_a_preset_replaces_what_it_speaks_of() {
        let mut layers = Config::layers();
        layers.set("lr", "0.5", &flag("--set")).unwrap();
        layers.set("steps", "5000", &flag("--steps")).unwrap();
        layers.set("env", "CartPole-v1", &flag("--env")).unwrap();
        let config = layers.clone().finish().unwrap();
        assert_eq!(
            (config.learning_rate, config.steps, config.updates),
            (0.5, Some(5000), None)
        );
        assert_eq!(config.env, "cartpole");
        layers
            .set("preset", "notebook-rtg", &flag("--preset"))
            .unwrap();
        let config = layers.finish().unwrap();
        assert_eq!(
            (config.learning_rate, config.steps, config.updates),
            (5e-3, None, Some(100))
        );
        assert_eq!(config.max_grad_norm, None);
    }

    #[test]
    fn a_configuration_survives_its_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config.toml");
        let mut layers = Config::layers();
        layers
            .set("preset", "notebook-total", &flag("--preset"))
            .unwrap();
        layers.set("seed", "7", &flag("--seed")).unwrap();
        let config = layers.finish().unwrap();
        std::fs::write(&path, config.to_toml().unwrap()).unwrap();
        let mut layers = Config::layers();
        layers.file(&path).unwrap();
        assert_eq!(layers.finish().unwrap(), config);
    }

    #[test]
    fn what_is_out_of_range_is_named_with_its_origin() {
        for (key, text) in [
            ("gamma", "1.5"),
            ("gamma", "nan"),
            ("learning_rate", "0"),
            ("max_grad_norm", "-1"),
            ("threads", "0"),
            ("environments", "0"),
            ("steps_per_update", "0"),
            ("updates", "0"),
            ("steps", "0"),
            ("size", "0"),
            ("n_layers", "17"),
            ("reward_scale", "inf"),
        ] {
            let mut layers = Config::layers();
            layers.set(key, text, &flag("--here")).unwrap();
            let message = layers.finish().unwrap_err().to_string();
            assert!(
                message.contains(key) && message.contains("--here"),
                "{message}"
            );
        }
    }
}

//! Where a configuration comes from, in layers: defaults, preset, file, options.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use rl_envs::EnvironmentId;
use toml::{Table, Value};

use crate::{Algo, Config, KEYS, Key, PRESETS, Preset};

/// What no preset says.
const DEFAULTS: &str = r#"
preset = "none"
env = "cartpole"
algo = "vpg"
seed = 0
backend = "flex"
threads = 1
quiet = false
updates = 100
environments = 8
normalize_observations = false
reward_scale = 1.0
n_layers = 2
size = 64
activation = "tanh"
initialization = "orthogonal"
log_std = 0.0
"#;

/// What a configuration without a preset has for one: the algorithm's defaults.
pub const NO_PRESET: &str = "none";

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

/// What was set of a configuration so far, with the origin of each value. What was not comes from
/// a preset: the one that was named, or else the first for the environment and the algorithm that
/// were; failing that, from the algorithm's defaults.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    set: Table,
    origins: BTreeMap<String, Origin>,
}

impl Layers {
    /// Sets a key from text: TOML where it is TOML, a word otherwise.
    ///
    /// # Errors
    /// [`UsageError`] for an unknown key or a value of another type.
    pub fn set(&mut self, key: &str, text: &str, origin: &Origin) -> Result<(), UsageError> {
        // A directory may be called 1, and no word is a number.
        let is_text = KEYS
            .iter()
            .any(|known| known.name == key && matches!(known.value, "NAME" | "DIR"));
        let value = toml::from_str::<Table>(&format!("value = {text}"))
            .ok()
            .and_then(|mut table| table.remove("value"))
            .filter(|value| value.is_str() || !is_text)
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
        table
            .into_iter()
            .try_for_each(|(key, value)| self.insert(&key, value, &origin))
    }

    /// Checks the whole.
    ///
    /// # Errors
    /// [`UsageError`] for a value out of its range, or one that the algorithm has no use for.
    pub fn finish(self) -> Result<Config, UsageError> {
        let algo = self.algo();
        for key in self.set.keys() {
            let users: Vec<&str> = users(key).map(Algo::name).collect();
            if !users.is_empty() && !users.contains(&algo.name()) {
                return Err(UsageError(format!(
                    "{key}{} is not used by the algorithm {}; it is by {}",
                    self.from(key),
                    algo.name(),
                    users.join(", ")
                )));
            }
        }
        let config: Config = Value::Table(self.resolved())
            .try_into()
            .map_err(|error: toml::de::Error| UsageError(error.message().to_owned()))?;
        match config.out_of_range() {
            None => Ok(config),
            Some((key, value, allowed)) => {
                let from = self.from(key);
                Err(UsageError(format!(
                    "{key} = {value}{from}: allowed is {allowed}"
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
        self.resolved().get(key).map(|value| match value {
            Value::String(text) => text.clone(),
            value => value.to_string(),
        })
    }

    /// The preset below what was set.
    pub fn preset(&self) -> Option<&'static Preset> {
        let word = |key| self.set.get(key).and_then(Value::as_str);
        match (word("preset"), word("env"), word("algo")) {
            (Some(name), ..) => PRESETS.iter().find(|preset| preset.name == name),
            (None, None, None) => PRESETS.first(),
            (None, env, algo) => PRESETS.iter().find(|preset| {
                let is = |key, wanted: Option<&str>| {
                    wanted.is_none_or(|wanted| preset.word(key).as_deref() == Some(wanted))
                };
                is("env", env.or(algo.map(|_| "cartpole"))) && is("algo", algo)
            }),
        }
    }

    fn algo(&self) -> Algo {
        let named = self
            .set
            .get("algo")
            .and_then(Value::as_str)
            .map(str::to_owned);
        named
            .or_else(|| self.preset().and_then(|preset| preset.word("algo")))
            .and_then(|name| Algo::from_name(&name))
            .unwrap_or(Algo::Vpg)
    }

    /// Every key with its value.
    fn resolved(&self) -> Table {
        let algo = self.algo();
        let parsed = |text: &str| text.parse::<Table>().unwrap_or_default();
        let mut values = parsed(DEFAULTS);
        values.extend(algo.defaults());
        if let Some(preset) = self.preset() {
            let of_preset = parsed(preset.toml).into_iter();
            put(&mut values, of_preset.filter(|(key, _)| is_used(key, algo)));
            values.insert("preset".into(), Value::String(preset.name.to_owned()));
        }
        put(&mut values, self.set.clone());
        values.insert("algo".into(), Value::String(algo.name().to_owned()));
        values
    }

    /// ` (from ORIGIN)`, if the key was set.
    fn from(&self, key: &str) -> String {
        match (self.origins.get(key), self.preset()) {
            (Some(origin), _) => format!(" (from {origin})"),
            (None, Some(preset)) if preset.word(key).is_some() => {
                format!(" (from {})", Origin::Preset(preset.name.to_owned()))
            }
            _ => String::new(),
        }
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

        if key.words.is_some() && !value.is_str() {
            let expected = format!("a string is expected, of {}", names_of(key));
            return Err(UsageError(format!(
                "{name} = {value} (from {origin}): {expected}"
            )));
        }
        // The value alone on top of a configuration that is right: any complaint is about it.
        let mut probe = Self::default();
        if let Some(user) = users(name).next() {
            let user = Value::String(user.name().to_owned());
            probe.set.insert("algo".to_owned(), user);
        }
        probe.set.insert(name.to_owned(), value.clone());
        let probe = probe.resolved();
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
                self.set.remove(other);
            }
        }
        self.set.insert(name.to_owned(), value);
        self.origins.insert(name.to_owned(), origin.clone());
        Ok(())
    }
}

/// The algorithms that have `key` of their own; none for a key of every run.
pub(crate) fn users(key: &str) -> impl Iterator<Item = Algo> {
    Algo::ALL.into_iter().filter(move |algo| algo.has(key))
}

fn is_used(key: &str, algo: Algo) -> bool {
    algo.has(key) || users(key).next().is_none()
}

/// Puts values over others; of `updates` and `steps`, the later one stays.
fn put(values: &mut Table, others: impl IntoIterator<Item = (String, Value)>) {
    for (key, value) in others {
        match key.as_str() {
            "updates" => values.remove("steps"),
            "steps" => values.remove("updates"),
            _ => None,
        };
        values.insert(key, value);
    }
}

fn names_of(key: &Key) -> String {
    key.words.map_or(String::new(), |words| words().join(", "))
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

    fn layers(set: &[(&str, &str)]) -> Layers {
        let mut layers = Config::layers();
        for (key, text) in set {
            layers.set(key, text, &flag("--here")).unwrap();
        }
        layers
    }

    #[test]
    fn every_preset_is_a_whole_configuration_of_keys_that_its_algorithm_uses() {
        for preset in PRESETS {
            let config = layers(&[("preset", preset.name)]).finish().unwrap();
            assert_eq!(config.preset, preset.name);
            assert!(
                preset.toml.starts_with("# "),
                "{} says what it is",
                preset.name
            );
            let table: Table = preset.toml.parse().unwrap();
            assert!(table.contains_key("env") && table.contains_key("algo"));
            for (key, _) in table {
                assert!(KEYS.iter().any(|known| known.name == key), "{key}");
                assert!(is_used(&key, config.algo.algo()), "{}: {key}", preset.name);
            }
        }
    }

    #[test]
    fn every_field_is_a_key_and_every_key_a_field() {
        let mut fields: Vec<String> = DEFAULTS
            .parse::<Table>()
            .unwrap()
            .into_iter()
            .map(|(key, _)| key)
            .collect();
        fields.extend(["steps", "out", "distribution"].map(str::to_owned));
        for algo in Algo::ALL {
            fields.extend(algo.defaults().into_iter().map(|(key, _)| key));
        }
        fields.extend(["max_grad_norm", "target_kl", "value_clip_range"].map(str::to_owned));
        fields.sort();
        fields.dedup();
        let mut keys: Vec<&str> = KEYS.iter().map(|key| key.name).collect();
        keys.sort_unstable();
        assert_eq!(fields, keys);
    }

    #[test]
    fn later_values_win_and_all_win_over_the_preset() {
        let mut layers = layers(&[("lr", "0.5"), ("steps", "5000"), ("env", "CartPole-v1")]);
        let config = layers.clone().finish().unwrap();
        assert_eq!(layers.get("learning_rate").unwrap(), "0.5");
        assert_eq!((config.steps, config.updates), (Some(5000), None));
        assert_eq!(config.env, "cartpole");
        for (key, text) in [("updates", "7"), ("preset", "notebook-rtg"), ("lr", "0.25")] {
            layers.set(key, text, &flag("--here")).unwrap();
        }
        assert_eq!(layers.get("learning_rate").unwrap(), "0.25");
        let config = layers.finish().unwrap();
        assert_eq!((config.steps, config.updates), (None, Some(7)));
        assert_eq!(config.preset, "notebook-rtg");
    }

    #[test]
    fn environment_and_algorithm_choose_their_preset() {
        let preset = |set: &[(&str, &str)]| layers(set).finish().unwrap().preset;
        assert_eq!(preset(&[]), PRESETS[0].name);
        assert_eq!(preset(&[("algo", "ppo")]), "cartpole-ppo");
        assert_eq!(preset(&[("env", "pendulum")]), "pendulum-ppo");
        assert_eq!(preset(&[("env", "acrobot"), ("algo", "trpo")]), NO_PRESET);
        assert_eq!(
            preset(&[("preset", "cartpole-ppo"), ("algo", "a2c")]),
            "cartpole-ppo"
        );
    }

    #[test]
    fn words_and_directories_may_look_like_numbers() {
        let config = layers(&[("out", "1"), ("env", "'cartpole'")])
            .finish()
            .unwrap();
        assert_eq!(config.out, Some(PathBuf::from("1")));
        assert_eq!(config.env, "cartpole");
        let error = Config::layers().set("env", "3", &flag("--here"));
        assert!(error.unwrap_err().to_string().contains("unknown env '3'"));
    }

    #[test]
    fn a_key_of_another_algorithm_is_refused_and_named() {
        let error = layers(&[("algo", "vpg"), ("clip_range", "0.2")]).finish();
        let message = error.unwrap_err().to_string();
        for word in [
            "clip_range",
            "--here",
            "not used by the algorithm vpg",
            "by ppo",
        ] {
            assert!(message.contains(word), "{message}");
        }
    }

    #[test]
    fn a_configuration_survives_its_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config.toml");
        for preset in PRESETS {
            let config = layers(&[("preset", preset.name), ("seed", "7")])
                .finish()
                .unwrap();
            std::fs::write(&path, config.to_toml().unwrap()).unwrap();
            let mut layers = Config::layers();
            layers.file(&path).unwrap();
            assert_eq!(layers.finish().unwrap(), config, "{}", preset.name);
        }
    }

    #[test]
    fn what_is_out_of_range_is_named_with_its_origin() {
        for (algo, key, text) in [
            ("vpg", "gamma", "1.5"),
            ("vpg", "gamma", "nan"),
            ("vpg", "learning_rate", "0"),
            ("vpg", "max_grad_norm", "-1"),
            ("vpg", "threads", "0"),
            ("vpg", "environments", "0"),
            ("vpg", "steps_per_update", "0"),
            ("vpg", "updates", "0"),
            ("vpg", "steps", "0"),
            ("vpg", "size", "0"),
            ("vpg", "n_layers", "17"),
            ("vpg", "reward_scale", "inf"),
            ("vpg", "n_step", "0"),
            ("vpg", "group_size", "3"),
            ("vpg", "distribution", "beta"),
            ("reinforce", "baseline", "batch"),
            ("a2c", "lambda", "-0.5"),
            ("a2c", "value_coefficient", "0"),
            ("a3c", "normalize_observations", "true"),
            ("trpo", "target_kl", "0"),
            ("trpo", "line_search_factor", "1"),
            ("ppo", "epochs", "0"),
            ("ppo", "minibatch_size", "0"),
            ("ppo", "minibatch_size", "7"),
            ("ppo", "minibatch_size", "1000000"),
            ("ppo", "clip_range", "0"),
            ("ppo", "value_clip_range", "-1"),
            ("ppo", "entropy_coefficient", "-0.1"),
        ] {
            let message = layers(&[("algo", algo), (key, text)])
                .finish()
                .unwrap_err()
                .to_string();
            assert!(
                message.contains(key) && message.contains("--here"),
                "{message}"
            );
        }
    }

    #[test]
    fn parts_that_do_not_go_together_are_refused() {
        for (set, word) in [
            (vec![("algo", "vpg"), ("weighting", "gae")], "baseline"),
            (
                vec![("normalize_advantages", "true"), ("steps_per_update", "1")],
                "steps_per_update",
            ),
            (vec![("algo", "vpg"), ("baseline", "group")], "group_size"),
            (
                vec![("algo", "ppo"), ("minibatch_size", "1")],
                "normalize_advantages",
            ),
            (
                vec![("env", "pendulum"), ("distribution", "categorical")],
                "distribution",
            ),
        ] {
            let message = layers(&set).finish().unwrap_err().to_string();
            assert!(message.contains(word), "{message}");
        }
    }
}

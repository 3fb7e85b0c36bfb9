//! Names of run directories that say what was changed.

use toml::Value;

use crate::layers::Layers;

/// Keys that a name is made of anyhow, or that say where and how a run is made, and not what it computes.
const NOT_NAMED: [&str; 14] = [
    "preset",
    "env",
    "algo",
    "seed",
    "out",
    "name",
    "quiet",
    "backend",
    "threads",
    "checkpoint_every",
    "checkpoint_keep",
    "log_every",
    "tensorboard",
    "histogram_every",
];

/// Characters of a name up to which changed keys are added.
const LENGTH: usize = 80;

/// Characters of a word in a name.
const WORD: usize = 24;

/// Characters of an environment in a name, which may have arguments, as in `gym-FrozenLake-v1-is-slippery-false`.
const ENVIRONMENT: usize = 40;

impl Layers<'_> {
    /// Name for the directory of the run: `ENV-ALGO-seedN` for a preset as it is, and between them every key
    /// that was set to another value, as in `cartpole-vpg-lr5e-3-seed0`. It is a file name on every system, of
    /// at most some hundred characters: of many keys the last are only counted.
    pub fn run_name(&self) -> String {
        let text = |key| safe(&self.get(key).unwrap_or_default());
        let mut env = words(&self.get("env").unwrap_or_default());
        env.truncate(ENVIRONMENT);
        let mut name = format!("{}-{}", env.trim_end_matches(['-', '.']), text("algo"));
        let mut more = 0;
        for (key, value) in self.changed() {
            if NOT_NAMED.contains(&key.as_str()) {
                continue;
            }
            let part = part(&key, &value);
            if more == 0 && name.len() + part.len() <= LENGTH {
                name += &part;
            } else {
                more += 1;
            }
        }
        if more > 0 {
            name += &format!("-and-{more}-more");
        }
        format!("{name}-seed{}", text("seed"))
    }
}

/// A changed key in a name: `-lr5e-3`, `-normalize-rewards`, `-no-anneal-learning-rate`.
fn part(key: &str, value: &Value) -> String {
    let key = match key {
        "learning_rate" => "lr".to_owned(),
        key => key.replace('_', "-"),
    };
    match value {
        Value::Boolean(true) => format!("-{key}"),
        Value::Boolean(false) => format!("-no-{key}"),
        Value::Float(x) => format!("-{key}{}", short(*x)),
        Value::Integer(n) if n.unsigned_abs() < 1 << 53 => format!("-{key}{}", short(*n as f64)),
        Value::String(text) => format!("-{key}-{}", safe(text)),
        other => format!("-{key}{}", safe(&other.to_string())),
    }
}

/// The shorter one of the ways to write a number.
fn short(x: f64) -> String {
    let [plain, scientific] = [format!("{x}"), format!("{x:e}")];
    if scientific.len() < plain.len() {
        scientific
    } else {
        plain
    }
}

/// A text in characters that every file system takes, its end where it is long.
fn safe(text: &str) -> String {
    let joined = words(text);
    let start = joined.len().saturating_sub(WORD);
    joined[start..].trim_start_matches(['-', '.']).to_owned()
}

/// The words of a text, in characters that every file system takes.
fn words(text: &str) -> String {
    let is_safe = |c: char| c.is_ascii_alphanumeric() || c == '.';
    let words = text.split(|c| !is_safe(c)).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Origin, Registry};

    fn name(set: &[(&str, &str)]) -> String {
        let registry = Registry::default();
        let mut layers = Layers::new(&registry);
        for (key, value) in set {
            layers
                .set(key, value, &Origin::Flag("test".into()))
                .unwrap();
        }
        layers.run_name()
    }

    #[test]
    fn a_preset_as_it_is_has_its_environment_algorithm_and_seed() {
        assert_eq!(name(&[]), "cartpole-vpg-seed0");
        let same = [
            ("seed", "7"),
            ("algo", "ppo"),
            ("threads", "2"),
            ("quiet", "true"),
        ];
        assert_eq!(name(&same), "cartpole-ppo-seed7");
        let registry = Registry::default();
        let lr = Layers::new(&registry).get("learning_rate").unwrap();
        assert_eq!(name(&[("learning_rate", &lr)]), "cartpole-vpg-seed0");
    }

    #[test]
    fn a_key_that_was_changed_is_named_with_its_value() {
        for (key, value, expected) in [
            ("learning_rate", "0.005", "lr5e-3"),
            ("gamma", "0.9", "gamma0.9"),
            ("updates", "50", "updates50"),
            ("steps", "1e6", "steps1e6"),
            ("normalize_rewards", "true", "normalize-rewards"),
            ("anneal_learning_rate", "false", "no-anneal-learning-rate"),
            ("baseline", "value", "baseline-value"),
            (
                "init_from",
                "../a b/policy.safetensors",
                "init-from-a-b-policy.safetensors",
            ),
        ] {
            let expected = format!("cartpole-vpg-{expected}-seed0");
            assert_eq!(name(&[(key, value)]), expected);
        }
    }

    #[test]
    #[cfg(feature = "gym")]
    fn an_environment_with_arguments_keeps_the_beginning_of_its_name() {
        let spec = "gym:FrozenLake-v1?is_slippery=false&map_name=8x8";
        let expected = "gym-FrozenLake-v1-is-slippery-false-map-ppo-seed0";
        assert_eq!(name(&[("env", spec), ("algo", "ppo")]), expected);
    }

    #[test]
    fn a_name_is_bounded_and_counts_what_it_leaves_out() {
        let many = [
            ("gamma", "0.9"),
            ("learning_rate", "0.0123456789"),
            ("value_learning_rate", "0.0123456789"),
            ("value_iterations", "17"),
            ("normalize_rewards", "true"),
            ("normalize_observations", "true"),
            ("entropy_coefficient", "0.0123456789"),
        ];
        let name = name(&many);
        assert!(name.len() <= 110 && name.contains("-more-seed0"), "{name}");
        let is_safe = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
        assert!(name.chars().all(is_safe), "{name}");
    }
}

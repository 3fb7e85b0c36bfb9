//! Trainings that speeds are compared by, and their configurations in the words of this project.

use rl_train::{Config, Layers, NO_PRESET, Origin, Registry, UsageError};
use serde::Deserialize;
use serde_json::{Map, Value};

/// The file that both sides take their configurations from.
const FILE: &str = include_str!("../../../peers/train_workloads.json");

/// The workloads, in the order of the tables. Those in `-threads` compare numbers of threads.
pub const WORKLOADS: [&str; 14] = [
    "vpg-notebook",
    "ppo-cleanrl",
    "ppo-zoo",
    "ppo-modurl",
    "ppo-zoo-lander",
    "ppo-half-cheetah",
    "vpg-threads",
    "ppo-threads",
    "dqn-zoo",
    "dqn-cleanrl",
    "dqn-modurl",
    "pqn-cleanrl",
    "pqn-solved",
    "q-learning-taxi",
];

/// Environment steps, about, between rows of the metrics of DQN, of which the peers have none.
const STEPS_PER_ROW: u64 = 1024;

/// The same for tables.
const TABLE_STEPS_PER_ROW: u64 = 10_000;

/// A training that is measured.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Workload {
    /// Its name.
    #[serde(skip)]
    pub name: &'static str,
    /// Description in a line.
    pub(super) about: String,
    /// Programs in Python that there are for it.
    pub(super) sides: Vec<String>,
    /// Numbers of threads that this project runs it on.
    #[serde(default = "one_thread")]
    pub(super) threads: Vec<usize>,
    /// Every key that the sides must agree on, in the words of the Python programs.
    pub(super) config: Map<String, Value>,
    /// Differences all the same.
    pub(super) differences: Vec<String>,
    /// Speeds that others have published.
    pub(super) quoted: Vec<Quoted>,
}

/// A published speed, measured elsewhere.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(super) struct Quoted {
    /// Project that it is of.
    pub side: String,
    /// Environment steps per second.
    pub steps_per_s: f64,
    /// Machine that it was measured on.
    pub machine: String,
    /// Address of the publication.
    pub source: String,
}

fn one_thread() -> Vec<usize> {
    vec![1]
}

impl Workload {
    /// The workload called `name`.
    ///
    /// # Errors
    /// [`UsageError`] if there is none.
    pub fn named(name: &str) -> Result<Self, UsageError> {
        let usage = |error: &dyn std::fmt::Display| UsageError(format!("workload {name}: {error}"));
        let mut file: Map<String, Value> = serde_json::from_str(FILE).map_err(|e| usage(&e))?;
        let (Some(name), Some(value)) = (
            WORKLOADS.into_iter().find(|known| *known == name),
            file.remove(name),
        ) else {
            let allowed = format!("unknown; allowed: {}", WORKLOADS.join(", "));
            return Err(usage(&allowed));
        };
        let workload: Self = serde_json::from_value(value).map_err(|e| usage(&e))?;
        Ok(Self { name, ..workload })
    }

    /// Returns `true` if this build has its environment: that of MuJoCo's tasks is optional.
    pub fn is_available(&self) -> bool {
        let env = self.config.get("env").and_then(Value::as_str);
        env.is_none_or(|env| Registry::default().find_environment(env).is_some())
    }

    /// Its name and its configuration, in a line.
    pub fn summary(&self) -> String {
        let pairs = self.config.iter();
        let pairs: Vec<String> = pairs.map(|(key, value)| format!("{key}={value}")).collect();
        format!("{}: {}", self.name, pairs.join(" "))
    }

    fn number(&self, key: &str) -> Option<u64> {
        self.config.get(key).and_then(Value::as_u64)
    }

    /// Environment steps of a rollout, between gradient steps, or of a turn of every environment.
    fn round(&self) -> u64 {
        let steps = ["rollout_steps", "train_every"];
        let steps = steps.iter().find_map(|key| self.number(key));
        steps.unwrap_or(1) * self.number("environments").unwrap_or(1)
    }

    /// Returns `true` if a run of it ends at a mean return.
    pub(super) fn has_threshold(&self) -> bool {
        self.config.contains_key("stop_at")
    }

    /// The workload with a share of its updates, in whole rollouts and at least one.
    pub(super) fn shortened(&self, share: f64) -> Self {
        let mut short = self.clone();
        for (key, unit) in [("updates", 1), ("steps", self.round())] {
            if let Some(n) = self.number(key) {
                let units = (share * n as f64 / unit as f64).round().max(1.0) as u64;
                short.config.insert(key.to_owned(), (units * unit).into());
            }
        }
        short
    }

    /// The configuration of this project: every key of [`Workload::config`] is set, and one that
    /// means nothing here is an error, so that both sides agree by construction.
    ///
    /// # Errors
    /// [`UsageError`] for such a key or a value out of its range.
    pub(super) fn to_config(&self, seed: u64, threads: usize) -> Result<Config, UsageError> {
        let origin = Origin::Flag(format!("workload {}", self.name));
        let registry = Registry::default();
        let mut layers = Layers::new(&registry);
        let preset = self.config.get("preset").and_then(Value::as_str);
        layers.set("preset", preset.unwrap_or(NO_PRESET), &origin)?;
        layers.set("seed", &seed.to_string(), &origin)?;
        layers.set("threads", &threads.to_string(), &origin)?;
        for (key, value) in &self.config {
            for (key, text) in self.translated(key, value)? {
                layers.set(key, &text, &origin)?;
            }
        }
        layers.finish()
    }

    /// The keys and values that stand for a key of the Python programs.
    fn translated(
        &self,
        key: &str,
        value: &Value,
    ) -> Result<Vec<(&'static str, String)>, UsageError> {
        const SAME: [&str; 38] = [
            "activation",
            "algo",
            "anneal_clip_range",
            "anneal_learning_rate",
            "buffer_size",
            "clip_range",
            "double",
            "env",
            "environments",
            "epochs",
            "epsilon_end",
            "epsilon_start",
            "eval_episodes",
            "eval_every",
            "exploration_fraction",
            "gamma",
            "gradient",
            "gradient_steps",
            "initial_value",
            "initialization",
            "lambda",
            "layer_norm",
            "learning_rate",
            "learning_starts",
            "max_grad_norm",
            "minibatch_size",
            "n_layers",
            "n_step",
            "normalize_observations",
            "normalize_rewards",
            "optimizer",
            "optimizer_epsilon",
            "size",
            "steps",
            "steps_per_update",
            "stop_at",
            "updates",
            "weighting",
        ];
        let refused = || {
            let message = format!("workload {}: {key} = {value} means nothing here", self.name);
            UsageError(message)
        };
        let text = value.as_str().map_or(value.to_string(), str::to_owned);
        if let Some(same) = SAME.into_iter().find(|same| *same == key) {
            return Ok(vec![(same, text)]);
        }
        let other = |key: &str| self.config.get(key);
        let algo = other("algo").and_then(Value::as_str).unwrap_or_default();
        Ok(match (key, text.as_str()) {
            ("preset", _) => Vec::new(),
            ("alpha", _) => {
                let steps = (TABLE_STEPS_PER_ROW / self.round()).max(1).to_string();
                vec![("alpha_start", text), ("steps_per_environment", steps)]
            }
            ("train_every", _) => {
                let rounds = (STEPS_PER_ROW / self.round()).max(1).to_string();
                vec![("train_every", text), ("rounds", rounds)]
            }
            // Peers count steps of environments. Copies between two rounds of gradient steps are of the same network.
            ("target_interval", _) => {
                let per_round = self.number("gradient_steps").ok_or_else(refused)?;
                let rounds = value.as_u64().ok_or_else(refused)? / self.round();
                vec![("target_every", (rounds.max(1) * per_round).to_string())]
            }
            // The loss of PQN has the half in itself.
            ("loss", "mse") if algo == "dqn" => vec![("loss", "squared".to_owned())],
            ("loss", "half-mse") if algo == "pqn" => vec![("loss", "squared".to_owned())],
            ("loss", "huber") => vec![("loss", text)],
            ("rollout_steps", _) => vec![("steps_per_environment", text)],
            ("adam_epsilon", _) => vec![
                ("optimizer", "adam".to_owned()),
                ("optimizer_epsilon", text),
            ],
            ("entropy_coef", _) => vec![("entropy_coefficient", text)],
            ("normalize_advantages", "minibatch") => {
                vec![("normalize_advantages", "true".to_owned())]
            }
            ("normalize_advantages", "false") => vec![("normalize_advantages", text)],
            ("networks", "separate") => vec![("shared_layers", "false".to_owned())],
            ("networks", "shared") => vec![("shared_layers", "true".to_owned())],
            ("clip_value_loss", "false") => Vec::new(),
            // Peers clip values as far as ratios.
            ("clip_value_loss", "true") => {
                let range = other("clip_range").ok_or_else(refused)?;
                vec![("value_clip_range", range.to_string())]
            }
            // Our coefficient is of the mean squared error, theirs perhaps of half of it.
            ("value_coef", _) => {
                let half = match other("value_loss").and_then(Value::as_str) {
                    Some("mse") => 1.0,
                    Some("half-mse") => 0.5,
                    _ => return Err(refused()),
                };
                let coefficient = value.as_f64().ok_or_else(refused)?;
                vec![("value_coefficient", (half * coefficient).to_string())]
            }
            ("value_loss", _) if other("value_coef").is_some() => Vec::new(),
            _ => return Err(refused()),
        })
    }
}

#[cfg(test)]
mod tests {
    use rl_train::RunConfig;

    use super::*;

    #[test]
    fn every_workload_of_the_file_is_a_whole_configuration() {
        let file: Map<String, Value> = serde_json::from_str(FILE).unwrap();
        assert_eq!(file.len(), WORKLOADS.len());
        let workloads = WORKLOADS.map(|name| Workload::named(name).unwrap());
        let (available, others): (Vec<_>, Vec<_>) =
            workloads.into_iter().partition(Workload::is_available);
        for workload in others {
            assert_eq!(workload.name, "ppo-half-cheetah");
            let error = workload.to_config(3, 2).unwrap_err().to_string();
            assert!(error.contains("--features mujoco"), "{error}");
        }
        for workload in available {
            let name = workload.name;
            let config = workload.to_config(3, 2).unwrap();
            assert_eq!((config.run.seed, config.run.threads), (3, 2), "{name}");
            if let Some(environments) = workload.number("environments") {
                assert_eq!(config.run.environments as u64, environments, "{name}");
            }
        }
        let error = Workload::named("chess").unwrap_err().to_string();
        assert!(
            error.contains("'chess'") || error.contains("chess: unknown"),
            "{error}"
        );
    }

    #[test]
    fn the_words_of_the_peers_become_ours() {
        let config = Workload::named("ppo-cleanrl")
            .unwrap()
            .to_config(0, 1)
            .unwrap();
        assert_eq!(config.run.algo, "ppo");
        let number = |key: &str| {
            let value = &config.algorithm[key];
            value.as_float().or(value.as_integer().map(|n| n as f64))
        };
        for (key, expected) in [
            ("value_coefficient", 0.25),
            ("value_clip_range", 0.2),
            ("steps_per_environment", 128.0),
            ("minibatch_size", 128.0),
            ("entropy_coefficient", 0.01),
            ("optimizer_epsilon", 1e-5),
            ("max_grad_norm", 0.5),
        ] {
            assert_eq!(number(key), Some(expected), "{key}");
        }
        let flag = |key: &str| config.algorithm[key].as_bool();
        assert_eq!(flag("normalize_advantages"), Some(true));
        assert_eq!(flag("shared_layers"), Some(false));
    }

    #[test]
    fn intervals_in_steps_become_numbers_of_gradient_steps() {
        for (name, every, loss) in [
            ("dqn-zoo", 128, "huber"),
            ("dqn-cleanrl", 50, "squared"),
            ("dqn-modurl", 250, "squared"),
        ] {
            let config = Workload::named(name).unwrap().to_config(0, 1).unwrap();
            assert_eq!(config.algorithm["target_every"].as_integer(), Some(every));
            assert_eq!(config.algorithm["loss"].as_str(), Some(loss), "{name}");
        }
        let mut workload = Workload::named("pqn-cleanrl").unwrap();
        workload.config.insert("loss".into(), "mse".into());
        let error = workload.to_config(0, 1).unwrap_err().to_string();
        assert!(error.contains("loss = \"mse\""), "{error}");
    }

    #[test]
    fn the_time_to_a_solution_is_of_the_whole_preset() {
        let registry = Registry::default();
        let mut layers = Layers::new(&registry);
        let here = Origin::Flag("--here".into());
        layers.set("preset", "cartpole-pqn", &here).unwrap();
        let preset = layers.finish().unwrap();
        let workload = Workload::named("pqn-solved").unwrap();
        let config = workload.to_config(0, 1).unwrap();
        assert_eq!(config.algorithm, preset.algorithm);
        assert_eq!(config.run.steps, preset.run.steps);
        assert!(workload.has_threshold());
    }

    #[test]
    fn the_preset_named_after_modurl_is_its_workload() {
        let registry = Registry::default();
        let mut layers = Layers::new(&registry);
        let here = Origin::Flag("--here".into());
        layers.set("preset", "cartpole-modurl", &here).unwrap();
        let preset = layers.finish().unwrap();
        let workload = Workload::named("ppo-modurl")
            .unwrap()
            .to_config(0, 1)
            .unwrap();
        let run = RunConfig {
            preset: NO_PRESET.to_owned(),
            ..preset.run
        };
        let preset = Config { run, ..preset };
        assert_eq!(preset, workload);
    }

    #[test]
    fn a_key_that_means_nothing_here_is_refused() {
        let mut workload = Workload::named("ppo-zoo").unwrap();
        workload.config.insert("dropout".into(), 0.5.into());
        let error = workload.to_config(0, 1).unwrap_err().to_string();
        assert!(error.contains("dropout = 0.5"), "{error}");
        let mut workload = Workload::named("ppo-zoo").unwrap();
        workload.config.insert("networks".into(), "tied".into());
        assert!(workload.to_config(0, 1).is_err());
    }

    #[test]
    fn shortened_workloads_have_whole_rollouts_and_at_least_one() {
        let n = |name: &str, share, key: &str| {
            Workload::named(name).unwrap().shortened(share).config[key].as_u64()
        };
        assert_eq!(n("vpg-notebook", 0.25, "updates"), Some(25));
        assert_eq!(n("ppo-zoo", 0.25, "steps"), Some(98 * 256));
        assert_eq!(n("ppo-zoo-lander", 1e-9, "steps"), Some(16 * 1024));
        assert_eq!(n("ppo-zoo", 1.0, "steps"), Some(100_096));
        assert_eq!(n("dqn-zoo", 0.25, "steps"), Some(49 * 256));
        assert_eq!(n("dqn-cleanrl", 1e-9, "steps"), Some(10));
    }
}

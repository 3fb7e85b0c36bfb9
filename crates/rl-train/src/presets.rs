//! Presets: configurations with a name.

use toml::{Table, Value};

/// A named configuration.
#[derive(Clone, Debug)]
pub struct Preset {
    name: String,
    toml: String,
    table: Table,
    fault: Option<String>,
}

impl Preset {
    /// A preset of keys as TOML; what is not TOML is a fault of those who use it.
    pub(crate) fn new(name: impl Into<String>, toml: impl Into<String>) -> Self {
        let toml = toml.into();
        let (table, fault) = match toml.parse::<Table>() {
            Ok(table) => (table, None),
            Err(error) => (Table::new(), Some(error.to_string())),
        };
        Self {
            name: name.into(),
            table,
            fault,
            toml,
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A line about it: the comment in the first line.
    pub fn description(&self) -> &str {
        let mut lines = self.toml.lines();
        lines
            .next()
            .map_or("", |line| line.trim_start_matches("# "))
    }

    /// The reason why it is not TOML, if it is not.
    pub(crate) fn fault(&self) -> Option<&str> {
        self.fault.as_deref()
    }

    /// Its keys with their values.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// The value of a key that is a word.
    pub fn word(&self, key: &str) -> Option<&str> {
        self.table.get(key).and_then(Value::as_str)
    }
}

/// Presets of the names of their files.
macro_rules! preset_files {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../presets/", $name, ".toml")))),*]
            .map(|(name, toml)| $crate::presets::Preset::new(name, toml))
    };
}
pub(crate) use preset_files;

/// Every preset of this project. The first is the default; where several share environment and
/// algorithm, the first of them is what the two choose.
pub(crate) fn built_in() -> Vec<Preset> {
    preset_files![
        "cartpole",
        "cartpole-vpg",
        "notebook-total",
        "notebook-rtg",
        "cartpole-reinforce",
        "reinforce-lab",
        "cartpole-gae",
        "cartpole-a2c",
        "cartpole-a3c",
        "cartpole-trpo",
        "cartpole-ppo",
        "cartpole-cleanrl",
        "cartpole-modurl",
        "acrobot-ppo",
        "mountain-car-ppo",
        "mountain-car-continuous-ppo",
        "pendulum-ppo",
        "lunar-lander-ppo",
        "lunar-lander-continuous-ppo",
        "lunar-lander-a2c",
        "cartpole-dqn",
        "cartpole-pqn",
        "acrobot-dqn",
        "acrobot-pqn",
        "mountain-car-dqn",
        "lunar-lander-dqn",
        "lunar-lander-pqn",
        "frozen-lake-q",
        "frozen-lake-8x8-q",
        "cliff-walking-q",
        "cliff-walking-sarsa",
        "taxi-q",
    ]
    .into()
}

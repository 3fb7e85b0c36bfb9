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

/// Every preset of this project. The first is the default; where several share environment and
/// algorithm, the first of them is what the two choose.
pub(crate) fn built_in() -> Vec<Preset> {
    [
        ("cartpole", include_str!("../presets/cartpole.toml")),
        ("cartpole-vpg", include_str!("../presets/cartpole-vpg.toml")),
        (
            "notebook-total",
            include_str!("../presets/notebook-total.toml"),
        ),
        ("notebook-rtg", include_str!("../presets/notebook-rtg.toml")),
        (
            "cartpole-reinforce",
            include_str!("../presets/cartpole-reinforce.toml"),
        ),
        (
            "reinforce-lab",
            include_str!("../presets/reinforce-lab.toml"),
        ),
        ("cartpole-gae", include_str!("../presets/cartpole-gae.toml")),
        ("cartpole-a2c", include_str!("../presets/cartpole-a2c.toml")),
        ("cartpole-a3c", include_str!("../presets/cartpole-a3c.toml")),
        (
            "cartpole-trpo",
            include_str!("../presets/cartpole-trpo.toml"),
        ),
        ("cartpole-ppo", include_str!("../presets/cartpole-ppo.toml")),
        (
            "cartpole-cleanrl",
            include_str!("../presets/cartpole-cleanrl.toml"),
        ),
        (
            "cartpole-modurl",
            include_str!("../presets/cartpole-modurl.toml"),
        ),
        ("acrobot-ppo", include_str!("../presets/acrobot-ppo.toml")),
        (
            "mountain-car-ppo",
            include_str!("../presets/mountain-car-ppo.toml"),
        ),
        (
            "mountain-car-continuous-ppo",
            include_str!("../presets/mountain-car-continuous-ppo.toml"),
        ),
        ("pendulum-ppo", include_str!("../presets/pendulum-ppo.toml")),
        (
            "lunar-lander-ppo",
            include_str!("../presets/lunar-lander-ppo.toml"),
        ),
        (
            "lunar-lander-continuous-ppo",
            include_str!("../presets/lunar-lander-continuous-ppo.toml"),
        ),
        (
            "lunar-lander-a2c",
            include_str!("../presets/lunar-lander-a2c.toml"),
        ),
        ("cartpole-dqn", include_str!("../presets/cartpole-dqn.toml")),
        ("cartpole-pqn", include_str!("../presets/cartpole-pqn.toml")),
        ("acrobot-dqn", include_str!("../presets/acrobot-dqn.toml")),
        ("acrobot-pqn", include_str!("../presets/acrobot-pqn.toml")),
        (
            "mountain-car-dqn",
            include_str!("../presets/mountain-car-dqn.toml"),
        ),
        (
            "lunar-lander-dqn",
            include_str!("../presets/lunar-lander-dqn.toml"),
        ),
        (
            "lunar-lander-pqn",
            include_str!("../presets/lunar-lander-pqn.toml"),
        ),
        (
            "frozen-lake-q",
            include_str!("../presets/frozen-lake-q.toml"),
        ),
        (
            "frozen-lake-8x8-q",
            include_str!("../presets/frozen-lake-8x8-q.toml"),
        ),
        (
            "cliff-walking-q",
            include_str!("../presets/cliff-walking-q.toml"),
        ),
        (
            "cliff-walking-sarsa",
            include_str!("../presets/cliff-walking-sarsa.toml"),
        ),
        ("taxi-q", include_str!("../presets/taxi-q.toml")),
    ]
    .map(|(name, toml)| Preset::new(name, toml))
    .into()
}

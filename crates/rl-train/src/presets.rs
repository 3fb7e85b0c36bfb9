//! Presets: configurations with a name.

/// A named configuration.
#[derive(Clone, Copy, Debug)]
pub struct Preset {
    /// Its name.
    pub name: &'static str,
    /// Its keys, as TOML; the first line is a comment that says what it is.
    pub toml: &'static str,
}

/// Every preset. The first is the default; where several share environment and algorithm, the
/// first of them is what the two choose.
pub const PRESETS: &[Preset] = &[
    preset("cartpole", include_str!("../presets/cartpole.toml")),
    preset("cartpole-vpg", include_str!("../presets/cartpole-vpg.toml")),
    preset(
        "notebook-total",
        include_str!("../presets/notebook-total.toml"),
    ),
    preset("notebook-rtg", include_str!("../presets/notebook-rtg.toml")),
    preset(
        "cartpole-reinforce",
        include_str!("../presets/cartpole-reinforce.toml"),
    ),
    preset("cartpole-gae", include_str!("../presets/cartpole-gae.toml")),
    preset("cartpole-a2c", include_str!("../presets/cartpole-a2c.toml")),
    preset("cartpole-a3c", include_str!("../presets/cartpole-a3c.toml")),
    preset(
        "cartpole-trpo",
        include_str!("../presets/cartpole-trpo.toml"),
    ),
    preset("cartpole-ppo", include_str!("../presets/cartpole-ppo.toml")),
    preset(
        "cartpole-cleanrl",
        include_str!("../presets/cartpole-cleanrl.toml"),
    ),
    preset(
        "cartpole-modurl",
        include_str!("../presets/cartpole-modurl.toml"),
    ),
    preset("acrobot-ppo", include_str!("../presets/acrobot-ppo.toml")),
    preset(
        "mountain-car-ppo",
        include_str!("../presets/mountain-car-ppo.toml"),
    ),
    preset(
        "mountain-car-continuous-ppo",
        include_str!("../presets/mountain-car-continuous-ppo.toml"),
    ),
    preset("pendulum-ppo", include_str!("../presets/pendulum-ppo.toml")),
    preset(
        "lunar-lander-ppo",
        include_str!("../presets/lunar-lander-ppo.toml"),
    ),
    preset(
        "lunar-lander-continuous-ppo",
        include_str!("../presets/lunar-lander-continuous-ppo.toml"),
    ),
    preset(
        "lunar-lander-a2c",
        include_str!("../presets/lunar-lander-a2c.toml"),
    ),
];

const fn preset(name: &'static str, toml: &'static str) -> Preset {
    Preset { name, toml }
}

impl Preset {
    /// What it is, in one line.
    pub fn description(&self) -> &'static str {
        self.toml
            .lines()
            .next()
            .map_or("", |line| line.trim_start_matches("# "))
    }

    /// The value of a key as text, if the preset speaks of it.
    pub fn word(&self, key: &str) -> Option<String> {
        let table: toml::Table = self.toml.parse().ok()?;
        table.get(key).map(|value| match value {
            toml::Value::String(text) => text.clone(),
            value => value.to_string(),
        })
    }
}

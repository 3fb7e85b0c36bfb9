//! Presets: configurations with a name.

/// A named configuration.
#[derive(Clone, Copy, Debug)]
pub struct Preset {
    /// Its name.
    pub name: &'static str,
    /// Its keys, as TOML; the first line is a comment that says what it is.
    pub toml: &'static str,
}

/// The preset that a run starts from unless another is named.
pub const DEFAULT_PRESET: &str = "cartpole";

/// Every preset.
pub const PRESETS: &[Preset] = &[
    Preset {
        name: "cartpole",
        toml: include_str!("../presets/cartpole.toml"),
    },
    Preset {
        name: "notebook-total",
        toml: include_str!("../presets/notebook-total.toml"),
    },
    Preset {
        name: "notebook-rtg",
        toml: include_str!("../presets/notebook-rtg.toml"),
    },
];

impl Preset {
    /// What it is, in one line.
    pub fn description(&self) -> &'static str {
        self.toml
            .lines()
            .next()
            .map_or("", |line| line.trim_start_matches("# "))
    }
}

//! Faults of a configuration, and the origins of its values.

use std::fmt;
use std::path::{Path, PathBuf};

use toml::Table;

/// Origin of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A preset.
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

/// Fault of a configuration, in one message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UsageError(pub String);

/// The table in a TOML file that an option named.
///
/// # Errors
/// [`UsageError`] with the option, the path and the place of a mistake.
pub fn read_toml(option: &str, path: &Path) -> Result<Table, UsageError> {
    let usage = |what: &str, error: &dyn fmt::Display| {
        UsageError(format!("{option} {}: {what}: {error}", path.display()))
    };
    let text = std::fs::read_to_string(path).map_err(|error| usage("cannot read", &error))?;
    text.parse().map_err(|error| usage("not TOML", &error))
}

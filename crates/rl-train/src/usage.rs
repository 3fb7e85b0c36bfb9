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

/// The message for a word that is not one of those allowed.
pub fn unknown(kind: &str, word: &str, allowed: &[&str], origin: &Origin) -> String {
    let hint =
        nearest(word, allowed).map_or(String::new(), |near| format!(" Did you mean '{near}'?"));
    format!(
        "unknown {kind} '{word}' (from {origin}).{hint} Allowed: {}",
        allowed.join(", ")
    )
}

/// The word nearest to a misspelled one, if one is near.
fn nearest<'a>(word: &str, allowed: &[&'a str]) -> Option<&'a str> {
    let scored = allowed
        .iter()
        .map(|candidate| (strsim::jaro_winkler(word, candidate), *candidate));
    scored
        .filter(|(score, _)| *score > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, near)| near)
}

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

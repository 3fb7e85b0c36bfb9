//! Configurations: an id with arguments, and the Python that makes it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Map, Value};

/// Time that a step or a reset may take without another word.
const DEADLINE: Duration = Duration::from_secs(60);

/// An environment of Gymnasium: id, arguments of `make`, modules that register it, and the interpreter.
///
/// ```
/// use rl_gym::GymConfig;
///
/// let config = GymConfig::new("CartPole-v1?sutton_barto_reward=true&import=my_environments")?;
/// assert_eq!(config.id(), "CartPole-v1");
/// assert_eq!(config.imports(), ["my_environments"]);
/// assert_eq!(config.spec(), "CartPole-v1?sutton_barto_reward=true&import=my_environments");
/// # Ok::<(), rl_gym::SpecError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct GymConfig {
    spec: String,
    id: String,
    arguments: Map<String, Value>,
    imports: Vec<String>,
    python: Option<PathBuf>,
    deadline: Duration,
}

/// A text that names no environment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "gym:{spec}: {reason}; allowed is gym:ID, or gym:ID?KEY=VALUE&KEY=VALUE with arguments of \
     gymnasium.make and import=MODULE"
)]
pub struct SpecError {
    spec: String,
    reason: String,
}

impl GymConfig {
    /// The environment of an id, as in `CartPole-v1` or `module:Id-v0`. After a `?` may come arguments for
    /// `gymnasium.make`, separated by `&`, each `key=value` with a value of JSON, or else a text; `import` names
    /// a module to import before.
    ///
    /// # Errors
    /// [`SpecError`].
    pub fn new(spec: impl Into<String>) -> Result<Self, SpecError> {
        let spec = spec.into();
        let wrong = |reason: String| SpecError {
            spec: spec.clone(),
            reason,
        };
        let (id, query) = spec.split_once('?').unwrap_or((&spec, ""));
        if id.is_empty() || id.contains(char::is_whitespace) {
            return Err(wrong(format!("'{id}' is no id of an environment")));
        }
        let (mut arguments, mut imports) = (Map::new(), Vec::new());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let Some((key, value)) = pair.split_once('=').filter(|(key, _)| is_name(key)) else {
                return Err(wrong(format!("'{pair}' is not KEY=VALUE")));
            };
            if key == "import" {
                if !value.split('.').all(is_name) {
                    return Err(wrong(format!("'{value}' is no name of a module")));
                }
                imports.push(value.to_owned());
            } else if arguments.insert(key.to_owned(), value_of(value)).is_some() {
                return Err(wrong(format!("'{key}' has two values")));
            }
        }
        Ok(Self {
            id: id.to_owned(),
            arguments,
            imports,
            python: None,
            deadline: DEADLINE,
            spec,
        })
    }

    /// Sets the interpreter: a path, or a name to look for as the system does. Without it, that of the
    /// virtual environment `VIRTUAL_ENV` is taken, or else `python3`.
    #[must_use]
    pub fn python(mut self, python: impl Into<PathBuf>) -> Self {
        self.python = Some(python.into());
        self
    }

    /// Sets the time that a step or a reset of all environments of a worker may take, 60 seconds without it; to
    /// start, a worker has five times as long.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Has environments that can be asked for pictures: with `render_mode="rgb_array"`.
    #[must_use]
    pub fn pictured(mut self) -> Self {
        self.arguments
            .insert("render_mode".to_owned(), "rgb_array".into());
        self
    }

    /// The whole text: id and arguments.
    pub fn spec(&self) -> &str {
        &self.spec
    }

    /// The id alone.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Arguments of `gymnasium.make`.
    pub fn arguments(&self) -> &Map<String, Value> {
        &self.arguments
    }

    /// Modules that are imported before.
    pub fn imports(&self) -> &[String] {
        &self.imports
    }

    pub(crate) fn time_to_answer(&self) -> Duration {
        self.deadline
    }

    /// The interpreter.
    pub(crate) fn interpreter(&self) -> PathBuf {
        interpreter(self.python.as_deref(), std::env::var_os("VIRTUAL_ENV"))
    }
}

fn interpreter(given: Option<&Path>, environment: Option<OsString>) -> PathBuf {
    let [program, folder] = match cfg!(windows) {
        true => ["python", "Scripts/python.exe"],
        false => ["python3", "bin/python"],
    };
    match (given, environment.filter(|path| !path.is_empty())) {
        (Some(path), _) => path.to_owned(),
        (None, Some(environment)) => Path::new(&environment).join(folder),
        (None, None) => program.into(),
    }
}

/// Returns `true` for an identifier of Python.
fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// A text as JSON where it is JSON, or one of Python's words; as a text otherwise.
fn value_of(text: &str) -> Value {
    match text {
        "True" => Value::Bool(true),
        "False" => Value::Bool(false),
        "None" => Value::Null,
        _ => serde_json::from_str(text).unwrap_or_else(|_| text.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_json_or_texts_and_imports_are_apart() {
        let spec = "my_module:Lake-v0?map_name=4x4&slippery=False&import=a.b&depth=3&import=c";
        let config = GymConfig::new(spec).unwrap();
        assert_eq!(config.id(), "my_module:Lake-v0");
        assert_eq!(config.imports(), ["a.b", "c"]);
        let expected = serde_json::json!({"map_name": "4x4", "slippery": false, "depth": 3});
        assert_eq!(Value::Object(config.arguments().clone()), expected);
    }

    #[test]
    fn a_text_that_names_no_environment_is_refused_with_what_is_allowed() {
        for (spec, word) in [
            ("", "'' is no id"),
            ("Cart Pole", "'Cart Pole' is no id"),
            ("X-v0?fast", "'fast' is not KEY=VALUE"),
            ("X-v0?2x=1", "'2x=1' is not KEY=VALUE"),
            ("X-v0?a=1&a=2", "'a' has two values"),
            ("X-v0?import=a-b", "'a-b' is no name of a module"),
        ] {
            let message = GymConfig::new(spec).unwrap_err().to_string();
            assert!(message.contains(word), "{message}");
            assert!(message.contains("gym:ID?KEY=VALUE"), "{message}");
        }
    }

    #[test]
    fn the_interpreter_is_the_one_named_or_that_of_the_virtual_environment() {
        let environment = || Some(OsString::from("/venv"));
        let named = interpreter(Some(Path::new("pypy")), environment());
        assert_eq!(named, Path::new("pypy"));
        if cfg!(unix) {
            let active = interpreter(None, environment());
            assert_eq!(active, Path::new("/venv/bin/python"));
            assert_eq!(
                interpreter(None, Some(OsString::new())),
                Path::new("python3")
            );
        }
    }
}

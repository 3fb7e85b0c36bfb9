//! Values of keys in the types of these.

use rl_learn::{Key, ValueKind};
use toml::Value;

use crate::registry::Registry;
use crate::usage::{Origin, UsageError};
use crate::words::{key_of_others, unknown};

/// The largest integer of TOML.
const LARGEST: &str = "a whole number from 0 to 9223372036854775807";

/// A text as TOML where it is TOML, as a word otherwise.
pub(super) fn value_of(text: &str) -> Value {
    let trimmed = text.trim();
    trimmed
        .parse()
        .unwrap_or_else(|_| Value::String(trimmed.to_owned()))
}

/// The key in its type; `text` is what was typed, if it was.
pub(super) fn typed(
    registry: &Registry,
    key: &Key,
    value: Value,
    text: Option<&str>,
    origin: &Origin,
) -> Result<Value, UsageError> {
    let name = key.name;
    let refuse = |value: &Value, allowed: &str| {
        let shown = match (text, value) {
            // Too large for what holds it, but a number.
            (Some(text), _) if text.trim().parse::<f64>().is_ok() => text.trim().to_owned(),
            (_, Value::String(text)) => format!("'{}'", text.escape_debug()),
            (_, value) => value.to_string(),
        };
        Err(UsageError(format!(
            "{name} = {shown} (from {origin}): allowed is {allowed}"
        )))
    };
    match (&key.kind, value) {
        (ValueKind::Flag, value @ Value::Boolean(_)) => Ok(value),
        (ValueKind::Flag, value) => refuse(&value, "true or false"),
        (ValueKind::Count, Value::Float(x))
            if x >= 0.0 && x.fract() == 0.0 && x < 2_f64.powi(63) =>
        {
            Ok(Value::Integer(x as i64))
        }
        (ValueKind::Count, Value::Integer(n)) if n >= 0 => Ok(Value::Integer(n)),
        (ValueKind::Count, value) => refuse(&value, LARGEST),
        (ValueKind::Number, Value::Integer(n)) => Ok(Value::Float(n as f64)),
        (ValueKind::Number, Value::Float(x)) if x == 0.0 && text.is_some_and(is_not_zero) => {
            refuse(
                &Value::Float(x),
                "a number that is 0 or larger than 1e-308 in size",
            )
        }
        (ValueKind::Number, value @ Value::Float(_)) => Ok(value),
        (ValueKind::Number, value) => match &value {
            Value::String(word) if word.parse().is_ok_and(f64::is_infinite) => {
                refuse(&value, "a number up to 1.7e308 in size")
            }
            _ => refuse(&value, "a number"),
        },
        (ValueKind::Word(words), Value::String(word)) => {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            one_of(name, &word, &words, origin)
        }
        (ValueKind::Word(words), value) => refuse(&value, &format!("one of {}", words.join(", "))),
        (ValueKind::Text, value) => {
            // A directory may be called 1.
            let value = match (text, value) {
                (_, Value::String(text)) => text,
                (Some(text), _) => text.to_owned(),
                (None, value @ (Value::Integer(_) | Value::Float(_))) => value.to_string(),
                (None, value) => return refuse(&value, "a text"),
            };
            let names = registry.words(name);
            if names.is_empty() || (name == "preset" && value.ends_with(".toml")) {
                return Ok(Value::String(value));
            }
            if name == "env"
                && let Some(entry) = registry.find_environment(&value)
            {
                return Ok(Value::String(entry.name().to_owned()));
            }
            if name == "env"
                && let Some(fault) = registry.fault_of_name(&value)
            {
                return Err(UsageError(format!("env (from {origin}): {fault}")));
            }
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            one_of(name, &value, &names, origin)
        }
    }
}

/// Returns `true` for the text of a number that is not 0.
fn is_not_zero(text: &str) -> bool {
    let digits = text.split(['e', 'E']).next().unwrap_or_default();
    digits.contains(|c| matches!(c, '1'..='9'))
}

/// The word as it is written, whatever its case.
fn one_of(kind: &str, word: &str, allowed: &[&str], origin: &Origin) -> Result<Value, UsageError> {
    let mut words = allowed.iter();
    match words.find(|known| known.eq_ignore_ascii_case(word)) {
        Some(known) => Ok(Value::String((*known).to_owned())),
        None => Err(UsageError(unknown(kind, word, allowed, origin))),
    }
}

/// The error of a key that there is not.
pub(super) fn unknown_key(registry: &Registry, name: &str, origin: &Origin) -> UsageError {
    if let Some(ours) = key_of_others(name) {
        return UsageError(format!(
            "unknown key '{name}' (from {origin}). It is called '{ours}' here"
        ));
    }
    let keys = registry.keys();
    let names: Vec<&str> = keys.iter().map(|key| key.name).collect();
    UsageError(unknown("key", name, &names, origin))
}

//! Faults of a configuration.

use std::num::NonZeroUsize;

use rl_core::{Gae, GaeConfig};

use crate::{KeyValue, Range};

/// A configuration value outside its range, or one that does not go with the others.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key} = {value} is out of range: allowed is {allowed}")]
pub struct ConfigError {
    /// The field.
    pub key: &'static str,
    /// Its value.
    pub value: String,
    /// The values that are allowed.
    pub allowed: String,
}

impl ConfigError {
    /// The error for `key = value`, with the values that are allowed.
    pub fn new(key: &'static str, value: impl ToString, allowed: impl Into<String>) -> Self {
        Self {
            key,
            value: value.to_string(),
            allowed: allowed.into(),
        }
    }

    /// Refuses `key = value` unless it is `valid`.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn unless(
        valid: bool,
        key: &'static str,
        value: impl ToString,
        allowed: &str,
    ) -> Result<(), Self> {
        if valid {
            Ok(())
        } else {
            Err(Self::new(key, value, allowed))
        }
    }

    /// Refuses a value of `key` outside a range.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn check(key: &'static str, value: &impl KeyValue, range: Range) -> Result<(), Self> {
        match value.number() {
            Some(number) if !range.contains(number) => {
                let shown = match number.abs() {
                    size if size >= 1e16 || (size > 0.0 && size < 1e-5) => format!("{number:e}"),
                    _ => number.to_string(),
                };
                Err(Self::new(key, shown, range.allowed(number)))
            }
            _ => Ok(()),
        }
    }

    /// Refuses a count of 0.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn at_least_1(key: &'static str, value: usize) -> Result<NonZeroUsize, Self> {
        NonZeroUsize::new(value).ok_or_else(|| Self::new(key, value, "at least 1"))
    }

    /// The advantage estimator of a discount and a decay, each from 0 to 1.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn gae(gamma: f64, lambda: f64) -> Result<Gae, Self> {
        GaeConfig { gamma, lambda }
            .validate()
            .map_err(|error| Self::new(error.key, error.value, "a number from 0 to 1"))
    }

    /// Refuses to normalise advantages over a single step.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn normalized(normalize_advantages: bool, steps: usize) -> Result<(), Self> {
        let valid = !(normalize_advantages && steps == 1);
        let allowed = "false, where it would be over a single step";
        Self::unless(valid, "normalize_advantages", true, allowed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advantages_are_not_normalised_over_a_single_step() {
        assert!(ConfigError::normalized(true, 1).is_err());
        for (normalize_advantages, steps) in [(true, 2), (false, 1), (false, 2)] {
            assert!(ConfigError::normalized(normalize_advantages, steps).is_ok());
        }
    }
}

//! What can be wrong with a configuration.

use std::num::NonZeroUsize;

use rl_core::{Gae, GaeConfig};

/// A configuration value outside its range, or one that does not go with the others.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key} = {value} is out of range: allowed is {allowed}")]
pub struct ConfigError {
    /// The field.
    pub key: &'static str,
    /// Its value.
    pub value: String,
    /// What is allowed.
    pub allowed: String,
}

impl ConfigError {
    pub(crate) fn new(key: &'static str, value: impl ToString, allowed: impl Into<String>) -> Self {
        Self {
            key,
            value: value.to_string(),
            allowed: allowed.into(),
        }
    }

    /// `Ok` if `valid`.
    pub(crate) fn unless(
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

    pub(crate) fn positive(key: &'static str, value: f64) -> Result<(), Self> {
        let valid = value > 0.0 && value.is_finite();
        Self::unless(valid, key, value, "a positive finite number")
    }

    pub(crate) fn not_negative(key: &'static str, value: f64) -> Result<(), Self> {
        let valid = value >= 0.0 && value.is_finite();
        Self::unless(valid, key, value, "a finite number, not negative")
    }

    pub(crate) fn at_least_1(key: &'static str, value: usize) -> Result<NonZeroUsize, Self> {
        NonZeroUsize::new(value).ok_or_else(|| Self::new(key, value, "at least 1"))
    }

    pub(crate) fn gae(gamma: f64, lambda: f64) -> Result<Gae, Self> {
        GaeConfig { gamma, lambda }
            .validate()
            .map_err(|error| Self::new(error.key, error.value, "a number from 0 to 1"))
    }

    /// Advantages cannot be normalised over a single step.
    pub(crate) fn normalized(normalize_advantages: bool, steps: usize) -> Result<(), Self> {
        let valid = !(normalize_advantages && steps == 1);
        let allowed = "false, where it would be over a single step";
        Self::unless(valid, "normalize_advantages", true, allowed)
    }
}

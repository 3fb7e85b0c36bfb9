//! Numbers of saved states.

use rl_core::EnvironmentError;

/// Numbers of a saved state that are left to read, from the front.
pub(crate) struct Saved<'a>(&'a [f64]);

impl<'a> Saved<'a> {
    pub(crate) fn new(state: &'a [f64]) -> Self {
        Self(state)
    }

    pub(crate) fn number(&mut self) -> Result<f64, EnvironmentError> {
        let [number] = self.array()?;
        Ok(number)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[f64; N], EnvironmentError> {
        let (numbers, rest) = self.0.split_first_chunk().ok_or_else(|| {
            EnvironmentError::state(format!("{} numbers where {N} are needed", self.0.len()))
        })?;
        self.0 = rest;
        Ok(*numbers)
    }

    pub(crate) fn slice(&mut self, len: usize) -> Result<&'a [f64], EnvironmentError> {
        let (numbers, rest) = self.0.split_at_checked(len).ok_or_else(|| {
            EnvironmentError::state(format!("{} numbers where {len} are needed", self.0.len()))
        })?;
        self.0 = rest;
        Ok(numbers)
    }

    /// An integer from `low` to `high`, which is at most 2⁵³ away from 0.
    pub(crate) fn integer(&mut self, low: i64, high: i64) -> Result<i64, EnvironmentError> {
        let number = self.number()?;
        let integer = number as i64;
        if integer as f64 == number && (low..=high).contains(&integer) {
            return Ok(integer);
        }
        let reason = format!("{number} is no integer from {low} to {high}");
        Err(EnvironmentError::state(reason))
    }

    /// A count of at most `high`, and of at most 2⁵³.
    pub(crate) fn count(&mut self, high: usize) -> Result<usize, EnvironmentError> {
        let high = i64::try_from(high).unwrap_or(i64::MAX).min(1 << 53);
        Ok(self.integer(0, high)? as usize)
    }

    pub(crate) fn flag(&mut self) -> Result<bool, EnvironmentError> {
        Ok(self.integer(0, 1)? == 1)
    }

    /// An optional number, as [`optional`] writes it.
    pub(crate) fn optional(&mut self) -> Result<Option<f64>, EnvironmentError> {
        let there = self.flag()?;
        let number = self.number()?;
        Ok(there.then_some(number))
    }

    /// An optional count of at most `high`, as [`optional`] writes it.
    pub(crate) fn optional_count(
        &mut self,
        high: usize,
    ) -> Result<Option<usize>, EnvironmentError> {
        let there = self.flag()?;
        let count = self.count(high)?;
        Ok(there.then_some(count))
    }

    /// All that is left.
    pub(crate) fn rest(self) -> &'a [f64] {
        self.0
    }

    /// An error unless everything was read.
    pub(crate) fn finish(self) -> Result<(), EnvironmentError> {
        if self.0.is_empty() {
            return Ok(());
        }
        let reason = format!("{} numbers too many", self.0.len());
        Err(EnvironmentError::state(reason))
    }
}

/// An optional number as two: 1 and the number, or 0 and 0.
pub(crate) fn optional(number: Option<f64>) -> [f64; 2] {
    number.map_or([0.0; 2], |number| [1.0, number])
}

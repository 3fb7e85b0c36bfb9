//! Ranges of the numbers of a configuration.

/// Numbers that a key may take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Range {
    /// Every number, NaN and infinities among them.
    Any,
    /// A count or a number that is not smaller.
    AtLeast(f64),
    /// A positive finite number.
    Positive,
    /// A positive number, or infinity for no limit.
    PositiveOrInfinite,
    /// A finite number that is not negative.
    NotNegative,
    /// A number from 0 to 1.
    Unit,
    /// A number above the first and below the second.
    Above(f64, f64),
    /// A number from the first to the second.
    Between(f64, f64),
    /// A finite number other than 0.
    NonZero,
}

impl Range {
    /// Returns `true` if `number` is allowed.
    pub fn contains(self, number: f64) -> bool {
        match self {
            Self::Any => true,
            Self::AtLeast(least) => number >= least,
            Self::Positive => number > 0.0 && number.is_finite(),
            Self::PositiveOrInfinite => number > 0.0,
            Self::NotNegative => number >= 0.0 && number.is_finite(),
            Self::Unit => (0.0..=1.0).contains(&number),
            Self::Above(low, high) => number > low && number < high,
            Self::Between(low, high) => (low..=high).contains(&number),
            Self::NonZero => number.is_finite() && number != 0.0,
        }
    }

    /// The range in words.
    pub fn allowed(self) -> String {
        match self {
            Self::Any => "a number".into(),
            Self::AtLeast(least) => format!("at least {least}"),
            Self::Positive => "a positive finite number".into(),
            Self::PositiveOrInfinite => "a positive number, or inf".into(),
            Self::NotNegative => "a finite number, not negative".into(),
            Self::Unit => "a number from 0 to 1".into(),
            Self::Above(low, high) => format!("a number above {low} and below {high}"),
            Self::Between(low, high) => format!("a number from {low} to {high}"),
            Self::NonZero => "a finite number other than 0".into(),
        }
    }
}

//! Ranges of the numbers of a configuration.

/// Numbers that a key may take. They are computed with as `f32`: a number that becomes 0 or infinite
/// there is in no range.
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
    /// Environments side by side in a process.
    pub const ENVIRONMENTS: Self = Self::Between(1.0, 65_536.0);

    /// Repetitions within an update, which would not end with many more.
    pub const REPETITIONS: Self = Self::Between(1.0, 1e6);

    /// Returns `true` if `number` is allowed.
    pub fn contains(self, number: f64) -> bool {
        fits_f32(number) && self.spans(number)
    }

    fn spans(self, number: f64) -> bool {
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

    /// The range in words, for a number that is not in it.
    pub fn allowed(self, number: f64) -> String {
        let range = self.words();
        if fits_f32(number) {
            return range;
        }
        let (least, most) = (f32::MIN_POSITIVE, f32::MAX);
        format!("{range}, of a size from {least:e} to {most:e}")
    }

    fn words(self) -> String {
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

/// Returns `true` unless a number other than 0 becomes 0, subnormal or infinite as an `f32`.
fn fits_f32(number: f64) -> bool {
    number == 0.0 || !number.is_finite() || (number as f32).is_normal()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_judged_as_the_type_that_is_computed_with() {
        for range in [
            Range::Any,
            Range::AtLeast(0.0),
            Range::Positive,
            Range::PositiveOrInfinite,
            Range::NotNegative,
            Range::NonZero,
        ] {
            assert!(range.contains(1e-30) && range.contains(1e30), "{range:?}");
            for number in [1e-60, 1e-39, 1e39, 1e300] {
                assert!(!range.contains(number), "{range:?} {number}");
            }
        }
        assert!(Range::NotNegative.contains(-0.0) && !Range::NonZero.contains(-0.0));
        assert!(Range::PositiveOrInfinite.contains(f64::INFINITY));
        assert!(!Range::Unit.contains(1e-60) && Range::Unit.contains(0.0));
        assert_eq!(
            Range::Positive.allowed(1e300),
            "a positive finite number, of a size from 1.1754944e-38 to 3.4028235e38"
        );
    }
}

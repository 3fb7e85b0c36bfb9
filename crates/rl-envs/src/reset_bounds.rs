//! Bounds of initial states.

use rl_core::Stream;

/// The interval that numbers of an initial state are drawn from, Gymnasium's reset options `low`
/// and `high`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ResetBounds {
    low: f64,
    high: f64,
}

/// An interval that nothing can be drawn from.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("reset bounds from {low} to {high}: allowed are finite numbers, low not above high")]
pub struct ResetBoundsError {
    low: f64,
    high: f64,
}

impl ResetBounds {
    /// The interval from `low` to `high`.
    ///
    /// # Errors
    /// [`ResetBoundsError`] if a bound is not finite, or `low > high`.
    pub fn new(low: f64, high: f64) -> Result<Self, ResetBoundsError> {
        if low.is_finite() && high.is_finite() && low <= high {
            Ok(Self { low, high })
        } else {
            Err(ResetBoundsError { low, high })
        }
    }

    /// `[-bound, bound]`, for bounds written in the program.
    pub(crate) const fn within(bound: f64) -> Self {
        Self {
            low: -bound,
            high: bound,
        }
    }

    /// `[low, high]`, for bounds written in the program.
    pub(crate) const fn between(low: f64, high: f64) -> Self {
        Self { low, high }
    }

    #[inline]
    pub(crate) fn draw(self, rng: &mut Stream) -> f64 {
        rng.uniform(self.low, self.high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CartPole;
    use crate::cartpole::CartPolePhysics;
    use rl_core::Environment;

    #[test]
    fn an_impossible_interval_is_an_error_that_names_it() {
        assert_eq!(
            ResetBounds::new(0.5, -0.5).unwrap_err().to_string(),
            "reset bounds from 0.5 to -0.5: allowed are finite numbers, low not above high"
        );
        assert!(ResetBounds::new(f64::NAN, 0.0).is_err());
        assert!(ResetBounds::new(0.0, f64::INFINITY).is_err());
    }

    #[test]
    fn episodes_begin_within_their_bounds() {
        let physics = CartPolePhysics {
            reset_bounds: ResetBounds::new(0.1, 0.2).unwrap(),
            ..CartPolePhysics::default()
        };
        let mut environment = CartPole::with_physics(physics);
        let mut rng = Stream::from_seed(0);
        for _ in 0..100 {
            let first = environment.reset(&mut rng).unwrap();
            assert!(first.iter().all(|x| (0.1..0.2).contains(x)), "{first:?}");
        }
    }
}

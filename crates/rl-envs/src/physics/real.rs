//! Real numbers of the physics: a single one, or a register of them.

use std::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Sub};

/// The number 1.5 · 2⁵², whose sum with another has the nearest integer in its low bits.
pub(super) const INTEGER: f64 = 6_755_399_441_055_744.0;

/// One `f64`, or several of them in the lanes of a register.
///
/// ```
/// use rl_envs::physics::Real;
/// fn free_fall<R: Real>(height: R, velocity: R) -> (R, R) {
///     (height + velocity * 0.02, velocity - 9.8 * 0.02)
/// }
/// assert_eq!(free_fall(1.0, 0.0), (1.0, -9.8 * 0.02));
/// ```
pub trait Real:
    Copy
    + std::fmt::Debug
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Add<f64, Output = Self>
    + Sub<f64, Output = Self>
    + Mul<f64, Output = Self>
    + Div<f64, Output = Self>
    + Neg<Output = Self>
{
    /// Outcome of a comparison.
    type Mask: Mask;

    /// A constant in all lanes.
    #[must_use]
    fn constant(self, value: f64) -> Self;

    /// The comparison `self < other`.
    fn lt(self, other: Self) -> Self::Mask;

    /// The comparison `self <= other`.
    fn le(self, other: Self) -> Self::Mask;

    /// The number `yes` in the lanes where `mask` holds, `no` in the others.
    #[must_use]
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self;

    /// The mask of the lanes in which bit `bit` of the number's representation is set.
    #[must_use]
    fn has_bit(self, bit: u32) -> Self::Mask;

    /// The nearest number of `f32`, of two equally near ones the even one. The number must be zero
    /// or within the normal range of `f32`.
    #[must_use]
    fn round_to_f32(self) -> Self;

    /// Sine and cosine of an angle in rad, within one unit in the last place up to 10⁶ rad.
    #[must_use]
    fn sin_cos(self) -> (Self, Self);

    /// The angle without whole turns, in `[-π, π)`: `(x + π) mod 2π − π`, rounded as by Python.
    #[must_use]
    fn wrap_angle(self) -> Self;

    /// The comparison `self > other`.
    #[inline(always)]
    fn gt(self, other: Self) -> Self::Mask {
        other.lt(self)
    }

    /// The comparison `self >= other`.
    #[inline(always)]
    fn ge(self, other: Self) -> Self::Mask {
        other.le(self)
    }

    /// The comparison `self == other`.
    #[inline(always)]
    fn equals(self, other: Self) -> Self::Mask {
        self.le(other) & other.le(self)
    }

    /// The absolute value.
    #[must_use]
    #[inline(always)]
    fn abs(self) -> Self {
        Self::select(self.lt(self.constant(0.0)), -self, self)
    }

    /// The nearest number within `[low, high]`; NaN stays NaN.
    #[must_use]
    #[inline(always)]
    fn clip(self, low: f64, high: f64) -> Self {
        self.clip_between(self.constant(low), self.constant(high))
    }

    /// The nearest number within `[low, high]`, with bounds that may differ between lanes.
    #[must_use]
    #[inline(always)]
    fn clip_between(self, low: Self, high: Self) -> Self {
        let raised = Self::select(self.lt(low), low, self);
        Self::select(raised.gt(high), high, raised)
    }

    /// The nearest integer, of two equally near ones the even one, for numbers up to 2⁵¹.
    #[must_use]
    #[inline(always)]
    fn round(self) -> Self {
        (self + INTEGER) - INTEGER
    }

    /// The greatest integer at or below the number, for numbers up to 2⁵¹.
    #[must_use]
    #[inline(always)]
    fn floor(self) -> Self {
        let nearest = self.round();
        Self::select(nearest.gt(self), nearest - 1.0, nearest)
    }
}

/// Outcome of a comparison in each lane.
pub trait Mask:
    Copy + std::fmt::Debug + BitAnd<Output = Self> + BitOr<Output = Self> + Not<Output = Self>
{
}

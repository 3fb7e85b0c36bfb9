//! What physics is written over: a real number, or a register of them.

use std::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Sub};

use super::trigonometry;

/// A number that stands for one `f64`, or for several side by side.
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
    /// The outcome of a comparison.
    type Mask: Mask;

    /// A constant, as wide as `self`.
    #[must_use]
    fn constant(self, value: f64) -> Self;

    /// Whether `self < other`.
    fn lt(self, other: Self) -> Self::Mask;

    /// Whether `self <= other`.
    fn le(self, other: Self) -> Self::Mask;

    /// `yes` where `mask` holds, `no` elsewhere.
    #[must_use]
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self;

    /// Whether bit `bit` of the number's representation is set.
    #[must_use]
    fn has_bit(self, bit: u32) -> Self::Mask;

    /// The nearest number that an `f32` holds, of two equally near ones the even one. The number
    /// must be zero or within the normal range of `f32`.
    #[must_use]
    fn round_to_f32(self) -> Self;

    /// Whether `self > other`.
    #[inline(always)]
    fn gt(self, other: Self) -> Self::Mask {
        other.lt(self)
    }

    /// Whether `self >= other`.
    #[inline(always)]
    fn ge(self, other: Self) -> Self::Mask {
        other.le(self)
    }

    /// Whether `self == other`.
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

    /// The nearest number within `[low, high]`, whose bounds may differ from lane to lane.
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
        (self + trigonometry::INTEGER) - trigonometry::INTEGER
    }

    /// The greatest integer that is not greater, for numbers up to 2⁵¹.
    #[must_use]
    #[inline(always)]
    fn floor(self) -> Self {
        let nearest = self.round();
        Self::select(nearest.gt(self), nearest - 1.0, nearest)
    }

    /// Sine and cosine of an angle in rad, within one unit in the last place up to 10⁶ rad.
    #[must_use]
    #[inline(always)]
    fn sin_cos(self) -> (Self, Self) {
        trigonometry::sin_cos(self)
    }

    /// The angle less whole turns, in `[-π, π)`: `(x + π) mod 2π − π`, rounded as Python does.
    #[must_use]
    #[inline(always)]
    fn wrap_angle(self) -> Self {
        trigonometry::wrap_angle(self)
    }
}

/// The outcome of a comparison, in each lane.
pub trait Mask:
    Copy + std::fmt::Debug + BitAnd<Output = Self> + BitOr<Output = Self> + Not<Output = Self>
{
}

impl Mask for bool {}

impl Real for f64 {
    type Mask = bool;

    #[inline(always)]
    fn constant(self, value: f64) -> Self {
        value
    }

    #[inline(always)]
    fn lt(self, other: Self) -> bool {
        self < other
    }

    #[inline(always)]
    fn le(self, other: Self) -> bool {
        self <= other
    }

    #[inline(always)]
    fn select(mask: bool, yes: Self, no: Self) -> Self {
        if mask { yes } else { no }
    }

    #[inline(always)]
    fn has_bit(self, bit: u32) -> bool {
        self.to_bits() & (1 << bit) != 0
    }

    #[inline(always)]
    fn round_to_f32(self) -> Self {
        Self::from(self as f32)
    }
}

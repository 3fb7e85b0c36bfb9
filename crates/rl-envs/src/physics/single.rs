//! Single numbers of the physics.

use super::{Mask, Real, trigonometry};

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

    #[inline(always)]
    fn sin_cos(self) -> (Self, Self) {
        trigonometry::sin_cos(self)
    }

    #[inline(always)]
    fn wrap_angle(self) -> Self {
        trigonometry::wrap_angle(self)
    }
}

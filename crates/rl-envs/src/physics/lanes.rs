//! SIMD registers of `f64`.

use std::fmt::{self, Debug, Formatter};
use std::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Sub};

use pulp::Simd;

use super::{Mask, Real, trigonometry};

/// One register of `S::F64_LANES` numbers.
#[derive(Clone, Copy)]
pub(crate) struct Lanes<S: Simd> {
    simd: S,
    value: S::f64s,
}

/// Truth value for each number of a register.
#[derive(Clone, Copy)]
pub(crate) struct LaneMask<S: Simd> {
    simd: S,
    value: S::m64s,
}

impl<S: Simd> Lanes<S> {
    #[inline(always)]
    pub(crate) fn new(simd: S, value: S::f64s) -> Self {
        Self { simd, value }
    }

    #[inline(always)]
    pub(crate) fn value(self) -> S::f64s {
        self.value
    }

    #[inline(always)]
    pub(crate) fn splat(simd: S, value: f64) -> Self {
        Self::new(simd, simd.splat_f64s(value))
    }
}

impl<S: Simd> LaneMask<S> {
    /// Returns `true` if the mask holds in any lane.
    #[inline(always)]
    pub(crate) fn any(self) -> bool {
        self.simd.first_true_m64s(self.value) != S::F64_LANES
    }

    /// 1 where the mask holds, 0 elsewhere.
    #[inline(always)]
    pub(crate) fn indicator(self) -> Lanes<S> {
        let one = Lanes::splat(self.simd, 1.0);
        Lanes::select(self, one, one.constant(0.0))
    }
}

impl<S: Simd> Debug for Lanes<S> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

impl<S: Simd> Debug for LaneMask<S> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

macro_rules! operator {
    ($trait:ident, $method:ident, $simd:ident) => {
        impl<S: Simd> $trait for Lanes<S> {
            type Output = Self;

            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Self::new(self.simd, self.simd.$simd(self.value, other.value))
            }
        }

        impl<S: Simd> $trait<f64> for Lanes<S> {
            type Output = Self;

            #[inline(always)]
            fn $method(self, other: f64) -> Self {
                self.$method(self.constant(other))
            }
        }
    };
}

operator!(Add, add, add_f64s);
operator!(Sub, sub, sub_f64s);
operator!(Mul, mul, mul_f64s);
operator!(Div, div, div_f64s);

impl<S: Simd> Neg for Lanes<S> {
    type Output = Self;

    #[inline(always)]
    fn neg(self) -> Self {
        Self::new(self.simd, self.simd.neg_f64s(self.value))
    }
}

impl<S: Simd> BitAnd for LaneMask<S> {
    type Output = Self;

    #[inline(always)]
    fn bitand(self, other: Self) -> Self {
        let value = self.simd.and_m64s(self.value, other.value);
        Self { value, ..self }
    }
}

impl<S: Simd> BitOr for LaneMask<S> {
    type Output = Self;

    #[inline(always)]
    fn bitor(self, other: Self) -> Self {
        let value = self.simd.or_m64s(self.value, other.value);
        Self { value, ..self }
    }
}

impl<S: Simd> Not for LaneMask<S> {
    type Output = Self;

    #[inline(always)]
    fn not(self) -> Self {
        let value = self.simd.not_m64s(self.value);
        Self { value, ..self }
    }
}

impl<S: Simd> Mask for LaneMask<S> {}

impl<S: Simd> Real for Lanes<S> {
    type Mask = LaneMask<S>;

    #[inline(always)]
    fn constant(self, value: f64) -> Self {
        Self::splat(self.simd, value)
    }

    #[inline(always)]
    fn lt(self, other: Self) -> LaneMask<S> {
        LaneMask {
            simd: self.simd,
            value: self.simd.less_than_f64s(self.value, other.value),
        }
    }

    #[inline(always)]
    fn le(self, other: Self) -> LaneMask<S> {
        LaneMask {
            simd: self.simd,
            value: self.simd.less_than_or_equal_f64s(self.value, other.value),
        }
    }

    #[inline(always)]
    fn select(mask: LaneMask<S>, yes: Self, no: Self) -> Self {
        let value = mask.simd.select_f64s(mask.value, yes.value, no.value);
        Self::new(mask.simd, value)
    }

    #[inline(always)]
    fn has_bit(self, bit: u32) -> LaneMask<S> {
        let simd = self.simd;
        let bit = simd.splat_u64s(1 << bit);
        let bits = simd.and_u64s(simd.transmute_u64s_f64s(self.value), bit);
        LaneMask {
            simd,
            value: simd.equal_u64s(bits, bit),
        }
    }

    #[inline(always)]
    fn round_to_f32(self) -> Self {
        // Adds half a unit of the 24th significant bit, less one where that bit is even, and cuts
        // off the rest; a carry goes into the exponent by itself.
        let simd = self.simd;
        let bits = simd.transmute_u64s_f64s(self.value);
        let half = simd.splat_u64s((1 << 28) - 1);
        let odd = self.has_bit(29);
        let odd = simd.select_u64s(odd.value, simd.splat_u64s(1), simd.splat_u64s(0));
        let rounded = simd.add_u64s(bits, simd.add_u64s(half, odd));
        let rounded = simd.and_u64s(rounded, simd.splat_u64s(!((1 << 29) - 1)));
        Self::new(simd, simd.transmute_f64s_u64s(rounded))
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

/// All instruction sets of this machine that the code has a form for.
#[cfg(test)]
pub(crate) fn archs() -> Vec<pulp::Arch> {
    let mut archs = vec![pulp::Arch::new(), pulp::Arch::Scalar];
    #[cfg(target_arch = "x86_64")]
    archs.extend(pulp::x86::V3::try_new().map(pulp::Arch::V3));
    archs
}

#[cfg(test)]
mod tests {
    use super::*;
    use pulp::WithSimd;

    /// Expression to be applied to numbers, one register at a time.
    struct Apply<'a, F>(&'a [f64], F);

    trait Function {
        fn apply<R: Real>(&self, x: R) -> R;
    }

    impl<F: Function> WithSimd for Apply<'_, F> {
        type Output = Vec<f64>;

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> Vec<f64> {
            let mut out = vec![0.0; self.0.len()];
            for (x, y) in self
                .0
                .chunks(S::F64_LANES)
                .zip(out.chunks_mut(S::F64_LANES))
            {
                let result = self.1.apply(Lanes::new(simd, simd.partial_load_f64s(x)));
                simd.partial_store_f64s(y, result.value());
            }
            out
        }
    }

    fn assert_lanes_equal_numbers(numbers: &[f64], function: impl Function) {
        for arch in archs() {
            let lanes = arch.dispatch(Apply(numbers, &function));
            for (x, lane) in numbers.iter().zip(lanes) {
                let alone = function.apply(*x);
                assert_eq!(
                    lane.to_bits(),
                    alone.to_bits(),
                    "{x}: {lane} {alone}, {arch:?}"
                );
            }
        }
    }

    impl<F: Function> Function for &F {
        fn apply<R: Real>(&self, x: R) -> R {
            (**self).apply(x)
        }
    }

    fn numbers() -> Vec<f64> {
        let mut rng = rl_core::Stream::from_seed(3);
        let mut numbers = vec![0.0, -0.0, 1.0, -1.0, 0.5, 1.5, 2.5, f64::NAN];
        // Numbers halfway between two neighbours in `f32`, above an even one and above an odd one.
        numbers.extend([1.0 + 0.5 * 2e0_f64.powi(-23), 1.0 + 1.5 * 2e0_f64.powi(-23)]);
        for scale in [1e-6, 1e-2, 1.0, 10.0, 1e3, 1e6] {
            numbers.extend((0..2000).map(|_| rng.uniform(-scale, scale)));
            numbers.extend((0..500).map(|_| 3.0 * f64::from(rng.uniform(-scale, scale) as f32)));
        }
        numbers
    }

    #[test]
    fn a_lane_does_what_a_number_does() {
        struct Arithmetic;
        impl Function for Arithmetic {
            fn apply<R: Real>(&self, x: R) -> R {
                ((x * x + 3.0) / (x - 0.25) - x / 7.0).abs().clip(0.01, 5.0)
            }
        }
        assert_lanes_equal_numbers(&numbers(), Arithmetic);

        struct Masks;
        impl Function for Masks {
            fn apply<R: Real>(&self, x: R) -> R {
                let (zero, one) = (x.constant(0.0), x.constant(1.0));
                let inside = x.ge(-one) & x.le(one);
                let mask = (inside & !x.gt(zero)) | x.lt(zero - 2.0) | x.has_bit(52);
                R::select(mask, x, x.floor())
            }
        }
        assert_lanes_equal_numbers(&numbers(), Masks);

        struct Angles;
        impl Function for Angles {
            fn apply<R: Real>(&self, x: R) -> R {
                let (sin, cos) = x.sin_cos();
                sin + cos * 2.0 + x.wrap_angle()
            }
        }
        assert_lanes_equal_numbers(&numbers(), Angles);
    }

    #[test]
    fn a_lane_rounds_to_single_precision_as_a_cast_does() {
        struct Single;
        impl Function for Single {
            fn apply<R: Real>(&self, x: R) -> R {
                x.round_to_f32()
            }
        }
        let finite: Vec<f64> = numbers().into_iter().filter(|x| !x.is_nan()).collect();
        assert_lanes_equal_numbers(&finite, Single);
    }
}

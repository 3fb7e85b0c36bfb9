//! Exponential function and logarithm in arithmetic that vectorises.

/// `eˣ` within 4 units in the last place for `|x| ≤ 87.3`; 0 below -87.7, and `e⁸⁸` above 88.
///
/// Let `x = n ln 2 + r`; then `eˣ = 2ⁿ eʳ`, with the Taylor polynomial of degree 7 for `eʳ`, whose
/// error for `|r| ≤ ln 2 / 2` is below 2⁻²⁶. It neither uses fused multiply-adds nor calls the
/// platform's library, so that it has the same bits on every machine, and is fast without being
/// compiled for one.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    const LN_2_HIGH: f32 = 0.693_359_4; // its trailing bits are zero: n times it is exact
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    // The sum of a number and this one has the nearest integer in its low bits.
    const ROUND: f32 = 12_582_912.0;
    // At -88 the power of two is 2⁻¹²⁷, whose bits here are those of 0.
    let x = x.clamp(-88.0, 88.0);
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = (x - n * LN_2_HIGH) - n * LN_2_LOW;
    let mut p = 1.0 / 5040.0;
    for c in [
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0,
    ] {
        p = p * r + c;
    }
    p * f32::from_bits((shifted.to_bits() << 23).wrapping_add(0x3f80_0000))
}

/// `ln x` within 3 units in the last place, for a normal `x ≥ 1`.
///
/// With `x = 2ⁿ m` for `m` in `[√½, √2)`, it is `n ln 2 + 2 artanh s` with `s = (m - 1) / (m + 1)`,
/// by its Taylor polynomial of degree 11. Like [`exp`], it has the same bits on every machine.
#[inline(always)]
pub(super) fn ln(x: f32) -> f32 {
    const LN_2_HIGH: f32 = 0.693_359_4; // its trailing bits are zero: n times it is exact
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    const SQRT_HALF: u32 = 0x3f35_04f3;
    let shifted = x.to_bits().wrapping_sub(SQRT_HALF);
    let n = (shifted.cast_signed() >> 23) as f32;
    let m = f32::from_bits((shifted & 0x007f_ffff).wrapping_add(SQRT_HALF));
    // NaN stays NaN.
    let f = (m - 1.0) + x * 0.0;
    let s = f / (m + 1.0);
    let square = s * s;
    let mut p = 1.0 / 11.0;
    for c in [1.0 / 9.0, 1.0 / 7.0, 0.2, 1.0 / 3.0] {
        p = p * square + c;
    }
    // 2 s = f - s f, whose first term is exact.
    let artanh = f - s * (f - 2.0 * square * p);
    n * LN_2_HIGH + (artanh + n * LN_2_LOW)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_within_4_ulp_where_it_is_normal_and_0_where_it_vanishes() {
        for i in -873_000..=880_000 {
            let x = i as f32 * 1e-4;
            let expected = f64::from(x).exp() as f32;
            let error = exp(x).to_bits().abs_diff(expected.to_bits());
            assert!(error <= 4, "exp({x}) = {} instead of {expected}", exp(x));
        }
        assert_eq!(exp(0.0), 1.0);
        for x in [-88.0, -1e9, f32::NEG_INFINITY] {
            assert_eq!(exp(x), 0.0);
        }
        assert!(exp(f32::INFINITY).is_finite() && exp(f32::NAN).is_nan());
    }

    #[test]
    fn ln_is_within_3_ulp_from_1_on() {
        for bits in (1.0_f32.to_bits()..=f32::MAX.to_bits()).step_by(97) {
            let x = f32::from_bits(bits);
            let expected = f64::from(x).ln() as f32;
            let error = ln(x).to_bits().abs_diff(expected.to_bits());
            assert!(error <= 3, "ln({x}) = {} instead of {expected}", ln(x));
        }
        assert!(ln(f32::NAN).is_nan());
    }
}

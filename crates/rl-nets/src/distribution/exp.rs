//! The exponential function in arithmetic that vectorises.

/// `eˣ` within 4 units in the last place for `|x| ≤ 87.3`; 0 below -87.7, and `e⁸⁸` above 88.
///
/// Let `x = n ln 2 + r`; then `eˣ = 2ⁿ eʳ`, with the Taylor polynomial of degree 7 for `eʳ`, whose
/// error for `|r| ≤ ln 2 / 2` is below 2⁻²⁶. There is no fused multiply-add in it, and no call of
/// the platform's library: the same bits everywhere, and fast without being compiled for a
/// machine.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    const LN_2_HIGH: f32 = 0.693_359_4; // its trailing bits are zero: n times it is exact
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    // Adding it leaves the nearest integer in the low bits of the sum.
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
}

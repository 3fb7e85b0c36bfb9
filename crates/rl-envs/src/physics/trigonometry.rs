//! Sine and cosine without branches.
//!
//! The reduction by π/2 in three parts and the polynomials are those of fdlibm's
//! `__ieee754_rem_pio2`, `__kernel_sin` and `__kernel_cos` (Sun Microsystems 1993); every number
//! goes through all their steps.

use super::real::{INTEGER, Real};

/// The number π/2 in three parts, of which the first two have 33 bits: their products with integers
/// below 2²⁰ are exact.
const HALF_PI: [f64; 3] = [
    1.570_796_326_734_125_6,
    6.077_100_506_303_966e-11,
    2.022_266_248_795_950_6e-21,
];

const SIN: [f64; 6] = [
    -1.666_666_666_666_663_2e-1,
    8.333_333_333_322_49e-3,
    -1.984_126_982_985_795e-4,
    2.755_731_370_707_006_8e-6,
    -2.505_076_025_340_686_3e-8,
    1.589_690_995_211_55e-10,
];

const COS: [f64; 6] = [
    4.166_666_666_666_66e-2,
    -1.388_888_888_887_411e-3,
    2.480_158_728_947_673e-5,
    -2.755_731_435_139_066_3e-7,
    2.087_572_321_298_175e-9,
    -1.135_964_755_778_819_5e-11,
];

/// The polynomial `(…(c₅ z + c₄) z + …) z + c₀`.
#[inline(always)]
fn polynomial<R: Real, const N: usize>(coefficients: [f64; N], z: R) -> R {
    let mut terms = coefficients.into_iter().rev();
    let first = z.constant(terms.next().unwrap_or_default());
    terms.fold(first, |sum, coefficient| sum * z + coefficient)
}

#[inline(always)]
pub(super) fn sin_cos<R: Real>(x: R) -> (R, R) {
    // x = turns · π/2 + r + tail, |r| ≤ π/4.
    let shifted = x * std::f64::consts::FRAC_2_PI + INTEGER;
    let turns = shifted - INTEGER;
    let first = x - turns * HALF_PI[0];
    let second = turns * HALF_PI[1];
    let rest = first - second;
    let lost = (first - rest) - second;
    let third = turns * HALF_PI[2] - lost;
    let r = rest - third;
    let tail = (rest - r) - third;

    let z = r * r;
    let cube = z * r;
    let [s0, s1, s2, s3, s4, s5] = SIN;
    let series = polynomial([s1, s2, s3, s4, s5], z);
    let sin = r - ((z * (tail * 0.5 - cube * series) - tail) - cube * s0);

    let half = z * 0.5;
    let top = z.constant(1.0) - half;
    let cos = top + (((z.constant(1.0) - top) - half) + (z * (z * polynomial(COS, z)) - r * tail));

    // The two low bits of `shifted` count quarter turns.
    let (odd, opposite) = (shifted.has_bit(0), shifted.has_bit(1));
    let (sin, cos) = (R::select(odd, cos, sin), R::select(odd, sin, cos));
    let turned = (odd & !opposite) | (!odd & opposite);
    (R::select(opposite, -sin, sin), R::select(turned, -cos, cos))
}

/// The number 2π in two parts that add up to the `f64` nearest to it; the products of the first
/// with integers below 2²⁰ are exact.
const TURN: [f64; 2] = [
    4.0 * HALF_PI[0],
    2.0 * std::f64::consts::PI - 4.0 * HALF_PI[0],
];

#[inline(always)]
pub(super) fn wrap_angle<R: Real>(x: R) -> R {
    let shifted = x + std::f64::consts::PI;
    let turns = (shifted / (2.0 * std::f64::consts::PI)).floor();
    let rest = (shifted - turns * TURN[0]) - turns * TURN[1];
    // The quotient may have been rounded up to an integer.
    let turned = rest + 2.0 * std::f64::consts::PI;
    R::select(rest.lt(x.constant(0.0)), turned, rest) - std::f64::consts::PI
}

#[cfg(test)]
mod tests {
    use rl_core::Stream;

    use super::*;

    /// Distance in units in the last place of `expected`.
    fn ulps(actual: f64, expected: f64) -> f64 {
        let unit = expected.abs().max(f64::MIN_POSITIVE);
        (actual - expected).abs() / (unit.next_up() - unit)
    }

    #[test]
    fn sine_and_cosine_are_within_a_unit_in_the_last_place() {
        let mut rng = Stream::from_seed(0);
        for scale in [1e-8, 0.3, 1.0, 3.2, 10.0, 100.0, 1e6] {
            for _ in 0..50_000 {
                let x = rng.uniform(-scale, scale);
                let (sin, cos) = sin_cos(x);
                // The standard library's results are not exact either.
                assert!(ulps(sin, x.sin()) <= 1.0, "sin {x}: {sin} {}", x.sin());
                assert!(ulps(cos, x.cos()) <= 1.0, "cos {x}: {cos} {}", x.cos());
            }
        }
    }

    #[test]
    fn sine_and_cosine_are_right_at_multiples_of_a_quarter_turn() {
        for quarter in -1000..1000 {
            let x = f64::from(quarter) * std::f64::consts::FRAC_PI_2;
            let (sin, cos) = sin_cos(x);
            assert!(ulps(sin, x.sin()) <= 1.0, "sin {x}: {sin} {}", x.sin());
            assert!(ulps(cos, x.cos()) <= 1.0, "cos {x}: {cos} {}", x.cos());
        }
        assert_eq!(sin_cos(0.0), (0.0, 1.0));
        let (sin, cos) = sin_cos(f64::NAN);
        assert!(sin.is_nan() && cos.is_nan());
    }

    #[test]
    fn angles_wrap_as_pythons_modulo_does() {
        let pi = std::f64::consts::PI;
        let mut rng = Stream::from_seed(1);
        let mut angles = vec![
            0.0,
            pi,
            -pi,
            pi.next_up(),
            (-pi).next_down(),
            3.0 * pi,
            -3.0 * pi,
        ];
        for scale in [1.0, 10.0, 100.0, 1e5] {
            angles.extend((0..20_000).map(|_| rng.uniform(-scale, scale)));
        }
        for x in angles {
            assert_eq!(wrap_angle(x), (x + pi).rem_euclid(2.0 * pi) - pi, "{x}");
        }
    }

    #[test]
    fn angles_next_to_whole_turns_wrap_into_one_turn() {
        let pi = std::f64::consts::PI;
        for turns in -2000..2000 {
            let edge = f64::from(turns) * 2.0 * pi - pi;
            for x in [
                edge.next_down().next_down(),
                edge.next_down(),
                edge,
                edge.next_up(),
            ] {
                let wrapped = wrap_angle(x);
                assert!((-pi..=pi).contains(&wrapped), "{x} became {wrapped}");
                let off = (x - wrapped) / (2.0 * pi);
                assert!((off - off.round()).abs() < 1e-9, "{x} became {wrapped}");
            }
        }
    }
}

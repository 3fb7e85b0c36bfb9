//! Activation functions, on tensors and on plain numbers.

#[cfg(feature = "burn")]
mod device;

use serde::{Deserialize, Serialize};

/// An element-wise activation function; its constants are PyTorch's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// `x`.
    Identity,
    /// `max(x, 0)`.
    Relu,
    /// `tanh x`.
    #[default]
    Tanh,
    /// `x` where positive, `0.01 x` elsewhere.
    LeakyRelu,
    /// `1 / (1 + e⁻ˣ)`.
    Sigmoid,
    /// `λ x` where positive, `λ α (eˣ - 1)` elsewhere (Klambauer et al. 2017).
    Selu,
    /// `ln(1 + eˣ)`.
    Softplus,
}

const LEAKY_SLOPE: f32 = 0.01;
const SELU_ALPHA: f32 = 1.673_263_2;
const SELU_LAMBDA: f32 = 1.050_701;

// Macros, because a closure that is too long to be inlined would be compiled without SIMD.
macro_rules! each {
    ($xs:expr, |$x:ident| $f:expr) => {
        for number in $xs {
            let $x = *number;
            *number = $f;
        }
    };
}
macro_rules! scale {
    ($gradients:expr, $outputs:expr, |$y:ident| $derivative:expr) => {
        for (gradient, &$y) in $gradients.iter_mut().zip($outputs) {
            *gradient *= $derivative;
        }
    };
}

impl Activation {
    /// All activations.
    pub const ALL: [Self; 7] = [
        Self::Identity,
        Self::Relu,
        Self::Tanh,
        Self::LeakyRelu,
        Self::Sigmoid,
        Self::Selu,
        Self::Softplus,
    ];

    /// Name in configurations and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Relu => "relu",
            Self::Tanh => "tanh",
            Self::LeakyRelu => "leaky-relu",
            Self::Sigmoid => "sigmoid",
            Self::Selu => "selu",
            Self::Softplus => "softplus",
        }
    }

    /// The activation with this name; `None` if there is none.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|activation| activation.name() == name)
    }

    /// Replaces each number by its activation.
    #[inline(always)]
    pub(crate) fn apply(self, xs: &mut [f32]) {
        match self {
            Self::Identity => {}
            // Not `max`, whose zeros may have either sign.
            Self::Relu => each!(xs, |x| if x > 0.0 { x } else { 0.0 }),
            Self::Tanh => each!(xs, |x| tanh(x)),
            Self::LeakyRelu => each!(xs, |x| if x > 0.0 { x } else { LEAKY_SLOPE * x }),
            Self::Sigmoid => each!(xs, |x| 1.0 / (1.0 + exp(-x))),
            Self::Selu => each!(xs, |x| {
                SELU_LAMBDA * if x > 0.0 { x } else { SELU_ALPHA * exp_m1(x) }
            }),
            // e^-|x| does not overflow.
            Self::Softplus => each!(xs, |x| {
                (if x > 0.0 { x } else { 0.0 }) + ln_1p(exp(-x.abs()))
            }),
        }
    }

    /// Multiplies each gradient by the derivative of the function, computed from its output `y`.
    #[inline(always)]
    pub(crate) fn backward(self, outputs: &[f32], gradients: &mut [f32]) {
        match self {
            Self::Identity => {}
            Self::Relu => scale!(gradients, outputs, |y| if y > 0.0 { 1.0 } else { 0.0 }),
            Self::Tanh => scale!(gradients, outputs, |y| y.mul_add(-y, 1.0)),
            Self::LeakyRelu => {
                scale!(gradients, outputs, |y| if y > 0.0 {
                    1.0
                } else {
                    LEAKY_SLOPE
                });
            }
            Self::Sigmoid => scale!(gradients, outputs, |y| y.mul_add(-y, y)),
            Self::Selu => scale!(gradients, outputs, |y| {
                if y > 0.0 {
                    SELU_LAMBDA
                } else {
                    SELU_LAMBDA.mul_add(SELU_ALPHA, y)
                }
            }),
            // σ(x) = 1 - e⁻ʸ.
            Self::Softplus => scale!(gradients, outputs, |y| -exp_m1(-y)),
        }
    }
}

/// Constant whose sum with a number has the nearest integer in its low bits.
const ROUND: f32 = 12_582_912.0;

/// Common part of the exponential functions: `n + ROUND` and `eʳ - 1` for `x = n ln 2 + r` with an
/// integer `n` and `|r| ≤ ln 2 / 2`.
///
/// `eʳ - 1` is its Taylor polynomial of degree 7, whose error is below 2⁻²⁵ of its value.
#[inline(always)]
fn reduced_exp_m1(x: f32) -> (f32, f32) {
    const LN_2_HIGH: f32 = 0.693_359_4; // its trailing bits are zero: n times it is exact
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    let shifted = x.mul_add(std::f32::consts::LOG2_E, ROUND);
    let n = shifted - ROUND;
    let r = n.mul_add(-LN_2_LOW, n.mul_add(-LN_2_HIGH, x));
    let mut p = 1.0 / 5040.0;
    for c in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0] {
        p = r.mul_add(p, c);
    }
    (shifted, p * r)
}

/// `eˣ` within 2 units in the last place, in arithmetic that vectorises.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    // e⁻¹⁰⁴ rounds to 0, e⁸⁹ to infinity.
    let (shifted, m) = reduced_exp_m1(x.clamp(-104.0, 89.0));
    // 2ⁿ may be neither a normal number nor finite; its two factors are both.
    let n = shifted
        .to_bits()
        .wrapping_sub(ROUND.to_bits())
        .cast_signed();
    let half = n >> 1;
    let power = f32::from_bits((half + 127).cast_unsigned() << 23);
    let rest = f32::from_bits((n - half + 127).cast_unsigned() << 23);
    power.mul_add(m, power) * rest
}

/// `eˣ - 1` within 4 units in the last place, for `x ≤ 88`.
///
/// `eˣ - 1 = 2ⁿ (eʳ - 1) + (2ⁿ - 1)` loses no digits near zero.
#[inline(always)]
fn exp_m1(x: f32) -> f32 {
    // e⁻¹⁸ - 1 rounds to -1.
    let (shifted, m) = reduced_exp_m1(x.clamp(-18.0, 88.0));
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(0x3f80_0000));
    power.mul_add(m, power - 1.0)
}

/// `tanh x = m / (m + 2)` with `m = e²ˣ - 1`, within 4 units in the last place.
#[inline(always)]
fn tanh(x: f32) -> f32 {
    // tanh 9.02 rounds to 1.
    let m = exp_m1(2.0 * x.clamp(-9.02, 9.02));
    (m / (m + 2.0)).copysign(x)
}

/// `ln(1 + t)` within 4 units in the last place, for `0 ≤ t ≤ 1`.
///
/// It is `2 artanh s` with `s = t / (t + 2) ≤ 1/3`, by its Taylor polynomial of degree 13.
#[inline(always)]
fn ln_1p(t: f32) -> f32 {
    let s = t / (t + 2.0);
    let square = s * s;
    let mut p = 1.0 / 13.0;
    for c in [1.0 / 11.0, 1.0 / 9.0, 1.0 / 7.0, 0.2, 1.0 / 3.0] {
        p = square.mul_add(p, c);
    }
    let twice = s + s;
    (square * p).mul_add(twice, twice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, Tensor};

    #[test]
    fn names_read_back() {
        for activation in Activation::ALL {
            assert_eq!(Activation::from_name(activation.name()), Some(activation));
            let text = serde_json::to_string(&activation).unwrap();
            assert_eq!(text, format!("\"{}\"", activation.name()));
        }
        assert_eq!(Activation::from_name("swish"), None);
    }

    /// Compares every 97th float between two, both of them included.
    fn assert_within(ulp: u32, range: [f32; 2], f: fn(f32) -> f32, exact: fn(f64) -> f64) {
        let [from, to] = range.map(f32::to_bits);
        let mut worst = 0;
        for bits in (from..=to).step_by(97).chain([to]) {
            let x = f32::from_bits(bits);
            let expected = exact(f64::from(x)) as f32;
            let error = f(x).to_bits().abs_diff(expected.to_bits());
            worst = worst.max(error);
            assert!(error <= ulp, "f({x}) = {} instead of {expected}", f(x));
        }
        assert!(worst > 0, "the comparison sees rounding");
        assert!(f(f32::NAN).is_nan());
    }

    #[test]
    fn tanh_is_within_4_ulp_over_all_of_f32() {
        assert_within(4, [0.0, f32::INFINITY], tanh, f64::tanh);
        assert_within(4, [-0.0, f32::NEG_INFINITY], tanh, f64::tanh);
    }

    #[test]
    fn exp_is_within_2_ulp_over_all_of_f32() {
        assert_within(2, [0.0, f32::INFINITY], exp, f64::exp);
        assert_within(2, [-0.0, f32::NEG_INFINITY], exp, f64::exp);
    }

    #[test]
    fn exp_m1_and_ln_1p_are_within_4_ulp_where_they_are_used() {
        assert_within(4, [0.0, 88.0], exp_m1, f64::exp_m1);
        // It forgets the sign of zero.
        let negative = [-f32::from_bits(1), f32::NEG_INFINITY];
        assert_within(4, negative, exp_m1, f64::exp_m1);
        assert_within(4, [0.0, 1.0], ln_1p, f64::ln_1p);
    }

    #[test]
    fn derivatives_are_those_of_the_outputs() {
        let xs: Vec<f32> = (-199..=200).map(|i| i as f32 * 0.1 - 0.05).collect();
        for activation in Activation::ALL {
            let mut outputs = xs.clone();
            activation.apply(&mut outputs);
            let mut derivatives = vec![1.0; xs.len()];
            activation.backward(&outputs, &mut derivatives);
            let device = Device::default().autodiff();
            let tensor = Tensor::<1>::from_floats(xs.as_slice(), &device).require_grad();
            let gradients = activation.forward(tensor.clone()).sum().backward();
            let expected = tensor.grad(&gradients).unwrap().into_data();
            let expected = expected.try_to_vec::<f32>().unwrap();
            for ((a, b), x) in derivatives.iter().zip(&expected).zip(&xs) {
                assert!((a - b).abs() < 2e-6, "{activation:?}'({x}): {a} {b}");
            }
        }
    }

    #[test]
    fn host_and_device_agree() {
        let xs: Vec<f32> = (-200..=200).map(|i| i as f32 * 0.1).collect();
        for activation in Activation::ALL {
            let mut host = xs.clone();
            activation.apply(&mut host);
            let tensor = Tensor::<1>::from_floats(xs.as_slice(), &Device::default());
            let device = activation
                .forward(tensor)
                .into_data()
                .try_to_vec::<f32>()
                .unwrap();
            for ((a, b), x) in host.iter().zip(&device).zip(&xs) {
                assert!(
                    (a - b).abs() <= 1e-6 * b.abs().max(1.0),
                    "{activation:?}({x}): {a} {b}"
                );
            }
        }
    }
}

//! Activation functions, on tensors and on plain numbers.

use burn::tensor::{Tensor, activation};
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

impl Activation {
    /// Every activation.
    pub const ALL: [Self; 7] = [
        Self::Identity,
        Self::Relu,
        Self::Tanh,
        Self::LeakyRelu,
        Self::Sigmoid,
        Self::Selu,
        Self::Softplus,
    ];

    /// The name that configurations and files use.
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

    /// The activation called `name`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|activation| activation.name() == name)
    }

    /// Applies it to a tensor of any shape.
    pub fn forward<const D: usize>(self, x: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Identity => x,
            Self::Relu => activation::relu(x),
            // tanh x = 2 σ(2x) - 1, to 2⁻²³: Burn's tape computes tanh once more on its way back,
            // and keeps the output of σ. On a CPU, tanh is half of an update's time.
            Self::Tanh => activation::sigmoid(x.mul_scalar(2.0))
                .mul_scalar(2.0)
                .sub_scalar(1.0),
            Self::LeakyRelu => activation::leaky_relu(x, LEAKY_SLOPE.into()),
            Self::Sigmoid => activation::sigmoid(x),
            Self::Selu => activation::selu(x),
            Self::Softplus => activation::softplus(x, 1.0),
        }
    }

    /// Its derivative at each number of a tensor.
    pub(crate) fn derivative<const D: usize>(self, x: Tensor<D>) -> Tensor<D> {
        let positive = |x: &Tensor<D>| x.clone().greater_elem(0.0).float();
        match self {
            Self::Identity => x.ones_like(),
            Self::Relu => positive(&x),
            Self::Tanh => self.forward(x).square().neg().add_scalar(1.0),
            Self::LeakyRelu => positive(&x)
                .mul_scalar(1.0 - LEAKY_SLOPE)
                .add_scalar(LEAKY_SLOPE),
            Self::Sigmoid => {
                let y = activation::sigmoid(x);
                y.clone() * y.neg().add_scalar(1.0)
            }
            Self::Selu => {
                let negative = x.clone().clamp_max(0.0).exp().mul_scalar(SELU_ALPHA);
                let positive = positive(&x);
                let slope = positive.clone() + (positive.neg().add_scalar(1.0)) * negative;
                slope.mul_scalar(SELU_LAMBDA)
            }
            Self::Softplus => activation::sigmoid(x),
        }
    }

    /// Applies it in place to plain numbers.
    #[inline(always)]
    pub(crate) fn apply(self, xs: &mut [f32]) {
        match self {
            Self::Identity => {}
            Self::Relu => each(xs, |x| x.max(0.0)),
            Self::Tanh => each(xs, tanh),
            Self::LeakyRelu => each(xs, |x| if x > 0.0 { x } else { LEAKY_SLOPE * x }),
            Self::Sigmoid => each(xs, |x| 0.5f32.mul_add(tanh(0.5 * x), 0.5)),
            Self::Selu => each(xs, |x| {
                SELU_LAMBDA * if x > 0.0 { x } else { SELU_ALPHA * x.exp_m1() }
            }),
            // e^-|x| does not overflow.
            Self::Softplus => each(xs, |x| x.max(0.0) + (-x.abs()).exp().ln_1p()),
        }
    }
}

#[inline(always)]
fn each(xs: &mut [f32], f: impl Fn(f32) -> f32) {
    for x in xs {
        *x = f(*x);
    }
}

/// Hyperbolic tangent within 4 units in the last place, in arithmetic that vectorises.
///
/// `tanh x = m / (m + 2)` with `m = e²ˣ - 1`, which loses no digits near zero. To find `m`, let
/// `2x = n ln 2 + r`; then `m = 2ⁿ (eʳ - 1) + (2ⁿ - 1)`, and `eʳ - 1` is its Taylor polynomial of
/// degree 7, whose error for `|r| ≤ ln 2 / 2` is below 2⁻²⁵ of its value.
#[inline(always)]
fn tanh(x: f32) -> f32 {
    const LN_2_HIGH: f32 = 0.693_359_4; // its trailing bits are zero: n times it is exact
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    // Adding it leaves the nearest integer in the low bits of the sum.
    const ROUND: f32 = 12_582_912.0;
    // tanh 9.02 rounds to 1.
    let y = 2.0 * x.clamp(-9.02, 9.02);
    let shifted = y.mul_add(std::f32::consts::LOG2_E, ROUND);
    let n = shifted - ROUND;
    let r = n.mul_add(-LN_2_LOW, n.mul_add(-LN_2_HIGH, y));
    let mut p = 1.0 / 5040.0;
    for c in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0] {
        p = r.mul_add(p, c);
    }
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(0x3f80_0000));
    let m = power.mul_add(p * r, power - 1.0);
    (m / (m + 2.0)).copysign(x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn names_read_back() {
        for activation in Activation::ALL {
            assert_eq!(Activation::from_name(activation.name()), Some(activation));
            let text = serde_json::to_string(&activation).unwrap();
            assert_eq!(text, format!("\"{}\"", activation.name()));
        }
        assert_eq!(Activation::from_name("swish"), None);
    }

    #[test]
    fn tanh_is_within_4_ulp_over_all_of_f32() {
        let mut worst = 0;
        // Every 97th float, both signs, and infinities.
        for bits in (0..=f32::INFINITY.to_bits())
            .step_by(97)
            .chain([f32::INFINITY.to_bits()])
        {
            for x in [f32::from_bits(bits), -f32::from_bits(bits)] {
                let expected = f64::from(x).tanh() as f32;
                let error = tanh(x).to_bits().abs_diff(expected.to_bits());
                worst = worst.max(error);
                assert!(error <= 4, "tanh({x}) = {} instead of {expected}", tanh(x));
            }
        }
        assert!(worst > 0, "the comparison sees rounding");
        assert!(tanh(f32::NAN).is_nan());
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

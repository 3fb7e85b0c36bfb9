//! Logarithm of the gamma function and its derivatives.
//!
//! Each is shifted upwards by its recurrence and evaluated there by Stirling's series (Abramowitz
//! and Stegun 1964, 6.1.40, 6.3.18 and 6.4.12): on the host in `f64`, on tensors as expressions
//! that the tape differentiates.

use std::f64::consts::TAU;

use burn::tensor::Tensor;

/// Least argument of Stirling's series on the host: its error there is below 1e-14.
const LARGE: f64 = 10.0;

/// `ln Γ(x)` for `x > 0`.
pub(super) fn ln_gamma(mut x: f64) -> f64 {
    let mut product = 1.0;
    while x < LARGE {
        product *= x;
        x += 1.0;
    }
    let y = (x * x).recip();
    let series = [-1.0 / 360.0, 1.0 / 1260.0, -1.0 / 1680.0, 1.0 / 1188.0];
    let series = polynomial(y, 1.0 / 12.0, &series) / x;
    (x - 0.5) * x.ln() - x + 0.5 * TAU.ln() + series - product.ln()
}

/// `ψ(x) = d ln Γ(x) / dx` for `x > 0`.
pub(super) fn digamma(mut x: f64) -> f64 {
    let mut shift = 0.0;
    while x < LARGE {
        shift += x.recip();
        x += 1.0;
    }
    let y = (x * x).recip();
    let series = [
        1.0 / 120.0,
        -1.0 / 252.0,
        1.0 / 240.0,
        -1.0 / 132.0,
        691.0 / 32_760.0,
    ];
    x.ln() - 0.5 / x + y * polynomial(y, -1.0 / 12.0, &series) - shift
}

/// `ψ'(x)` for `x > 0`.
pub(super) fn trigamma(mut x: f64) -> f64 {
    let mut shift = 0.0;
    while x < LARGE {
        shift += (x * x).recip();
        x += 1.0;
    }
    let y = (x * x).recip();
    let series = [
        -1.0 / 30.0,
        1.0 / 42.0,
        -1.0 / 30.0,
        5.0 / 66.0,
        -691.0 / 2730.0,
    ];
    x.recip() + 0.5 * y + polynomial(y, 1.0 / 6.0, &series) * y / x + shift
}

/// `first + rest[0] y + rest[1] y² + …`
fn polynomial(y: f64, first: f64, rest: &[f64]) -> f64 {
    first + y * rest.iter().rev().fold(0.0, |sum, c| sum * y + c)
}

/// `ln B(α, β) = ln Γ(α) + ln Γ(β) − ln Γ(α + β)` of tensors that are at least 1.
///
/// The large terms of Stirling's formula cancel in the formula used here, so that `f32` keeps its
/// digits.
pub(super) fn ln_beta(alpha: Tensor<2>, beta: Tensor<2>) -> Tensor<2> {
    let product = |x: &Tensor<2>| x.clone() * x.clone().add_scalar(1.0) * x.clone().add_scalar(2.0);
    let sum = alpha.clone() + beta.clone();
    // One logarithm, near that of B: those of the products are large, and cancel.
    let shifts = (product(&sum) / product(&alpha)
        * (product(&sum.clone().add_scalar(3.0)) / product(&beta)))
    .log();
    let (a, b, s) = (
        alpha.add_scalar(3.0),
        beta.add_scalar(3.0),
        sum.add_scalar(6.0),
    );
    let ratios = a.clone().sub_scalar(0.5) * (a.clone() / s.clone()).log()
        + b.clone().sub_scalar(0.5) * (b.clone() / s.clone()).log();
    let series = |x: Tensor<2>| {
        let y = x.recip();
        y.clone() * tensor_polynomial(y.square(), &[1.0 / 12.0, -1.0 / 360.0, 1.0 / 1260.0])
    };
    let half_log = s.clone().log().sub_scalar(TAU.ln()).mul_scalar(0.5);
    ratios - half_log + series(a) + series(b) - series(s) + shifts
}

/// `ψ(x)` of a tensor that is at least 1.
pub(super) fn digamma_tensor(x: Tensor<2>) -> Tensor<2> {
    let shift =
        x.clone().recip() + x.clone().add_scalar(1.0).recip() + x.clone().add_scalar(2.0).recip();
    let x = x.add_scalar(3.0);
    let y = x.clone().recip();
    let squares = y.clone().square();
    let series = tensor_polynomial(
        squares.clone(),
        &[-1.0 / 12.0, 1.0 / 120.0, -1.0 / 252.0, 1.0 / 240.0],
    );
    x.log() - y.mul_scalar(0.5) + squares * series - shift
}

fn tensor_polynomial(y: Tensor<2>, coefficients: &[f64]) -> Tensor<2> {
    coefficients.iter().rev().fold(y.zeros_like(), |sum, &c| {
        (sum * y.clone()).add_scalar(c as f32)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;
    use std::f64::consts::{LN_2, PI};

    const EULER: f64 = 0.577_215_664_901_532_9;

    #[test]
    fn special_functions_have_their_known_values() {
        for (x, gamma, psi, psi_1) in [
            (1.0, 0.0, -EULER, PI * PI / 6.0),
            (2.0, 0.0, 1.0 - EULER, PI * PI / 6.0 - 1.0),
            (0.5, 0.5 * PI.ln(), -EULER - 2.0 * LN_2, PI * PI / 2.0),
            (
                10.0,
                362_880.0_f64.ln(),
                7129.0 / 2520.0 - EULER,
                PI * PI / 6.0 - 9_778_141.0 / 6_350_400.0,
            ),
            // Leading terms of the series, whose next ones are below 1e-17 of them.
            (
                1e6,
                (1e6 - 0.5) * 1e6_f64.ln() - 1e6 + 0.5 * TAU.ln() + 1e-6 / 12.0,
                1e6_f64.ln() - 0.5e-6 - 1e-12 / 12.0,
                1e-6 + 0.5e-12 + 1e-18 / 6.0,
            ),
        ] {
            let close = |a: f64, b: f64| (a - b).abs() <= 4e-14 * b.abs().max(1.0);
            assert!(close(ln_gamma(x), gamma), "ln Γ({x}) = {}", ln_gamma(x));
            assert!(close(digamma(x), psi), "ψ({x}) = {}", digamma(x));
            assert!(close(trigamma(x), psi_1), "ψ'({x}) = {}", trigamma(x));
        }
    }

    #[test]
    fn tensors_have_the_hosts_values() {
        let xs: Vec<f32> = (0..60).map(|i| 1.0 + 0.003 * (i * i) as f32).collect();
        let numbers =
            |x: Tensor<2>| -> Vec<f64> { x.into_data().iter::<f32>().map(f64::from).collect() };
        let alpha = Tensor::<1>::from_floats(xs.as_slice(), &Device::default()).unsqueeze();
        let psi = numbers(digamma_tensor(alpha.clone()));
        for shift in [0.0, 0.7, 30.0] {
            let ln_b = numbers(ln_beta(alpha.clone(), alpha.clone().add_scalar(shift)));
            for ((&x, psi), ln_b) in xs.iter().zip(&psi).zip(ln_b) {
                let (a, b) = (f64::from(x), f64::from(x) + shift);
                let expected = ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b);
                let close = |a: f64, b: f64| (a - b).abs() <= 2e-6 * b.abs().max(1.0);
                assert!(close(ln_b, expected), "ln B({a}, {b}) = {ln_b}, {expected}");
                assert!(close(*psi, digamma(a)), "ψ({a}) = {psi}");
            }
        }
    }
}

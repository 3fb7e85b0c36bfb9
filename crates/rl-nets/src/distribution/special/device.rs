//! The same functions of tensors.

use std::f64::consts::TAU;

use burn::tensor::Tensor;

/// `ln B(α, β) = ln Γ(α) + ln Γ(β) − ln Γ(α + β)` of tensors that are at least 1.
///
/// The large terms of Stirling's formula cancel in the formula used here, so that `f32` keeps its
/// digits.
pub(in crate::distribution) fn ln_beta(alpha: Tensor<2>, beta: Tensor<2>) -> Tensor<2> {
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
pub(in crate::distribution) fn digamma_tensor(x: Tensor<2>) -> Tensor<2> {
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

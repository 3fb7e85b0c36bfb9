//! Logarithm of the gamma function and its derivatives.
//!
//! Each is shifted upwards by its recurrence and evaluated there by Stirling's series (Abramowitz
//! and Stegun 1964, 6.1.40, 6.3.18 and 6.4.12): on the host in `f64`, on tensors as expressions
//! that the tape differentiates.

#[cfg(feature = "burn")]
pub(super) mod device;

use std::f64::consts::TAU;

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

#[cfg(test)]
mod tests {
    use super::device::{digamma_tensor, ln_beta};
    use super::*;
    use burn::tensor::{Device, Tensor};
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

//! Optimizers of a flat vector of parameters.

mod adam;
mod rms_prop;
#[cfg(test)]
mod tests;

pub use adam::{Adam, AdamConfig, AdamFactors};
pub use rms_prop::{RmsProp, RmsPropConfig};

/// The number, or 0 if it is subnormal. The moments of a parameter whose gradient stays 0, as that of a unit that is never active,
/// decay until they are subnormal, and on some processors arithmetic with such numbers is many times slower.
#[inline(always)]
fn flushed(x: f32) -> f32 {
    if x.abs() < f32::MIN_POSITIVE { 0.0 } else { x }
}

/// Checks that there are `len` parameters, and a derivative of each.
fn check(len: usize, parameters: &[f32], gradient: &[f32]) {
    assert_eq!(parameters.len(), len, "the optimizer's parameters");
    assert_eq!(gradient.len(), len, "a derivative per parameter");
}

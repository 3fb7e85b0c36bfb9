//! The error of a value function.

use burn::tensor::Tensor;

use crate::{Derivatives, FusedTerm, Input, Minibatch, Row, Term, UpdateError};

/// Mean squared error `c_V 1/N Σₜ (V(oₜ) - V̂ₜ)²` of a value function.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ValueError {
    /// `c_V`, positive.
    pub coefficient: f32,
    /// Range of a clipped error: that of a row is the larger of those of `V` and of
    /// `V_old + clip(V - V_old, ±range)` (the authors' code of Schulman et al. 2017).
    pub clip_range: Option<f32>,
}

impl ValueError {
    /// The error of a row and its derivative by the value, without the coefficient.
    #[inline]
    fn at(self, value: f32, old: f32, target: f32) -> (f32, f32) {
        let error = value - target;
        let free = (error * error, 2.0 * error);
        match self.clip_range {
            None => free,
            // Within the range there is nothing to clip, however sums are rounded.
            Some(range) if (value - old).abs() <= range => free,
            Some(range) => {
                let clipped = old + (value - old).clamp(-range, range) - target;
                // Where the clipped one is larger it is constant.
                if clipped * clipped > free.0 {
                    (clipped * clipped, 0.0)
                } else {
                    free
                }
            }
        }
    }
}

impl Term for ValueError {
    fn name(&self) -> &'static str {
        "value_loss"
    }

    fn coefficient(&self) -> f32 {
        self.coefficient
    }

    fn inputs(&self) -> &'static [Input] {
        match self.clip_range {
            None => &[Input::Target, Input::Value],
            Some(_) => &[Input::Target, Input::OldValue, Input::Value],
        }
    }

    fn tape(&self, minibatch: &Minibatch) -> Result<Tensor<1>, UpdateError> {
        let (values, targets) = (minibatch.value()?, minibatch.targets()?);
        let errors = (values.clone() - targets.clone()).square();
        let errors = match self.clip_range {
            None => errors,
            Some(range) => {
                let old = minibatch.old_values()?;
                let clipped = old.clone() + (values - old).clamp(-range, range);
                errors.max_pair((clipped - targets).square())
            }
        };
        Ok(errors.mean())
    }

    fn fused(&self) -> Option<&dyn FusedTerm> {
        Some(self)
    }
}

impl FusedTerm for ValueError {
    fn differentiate(&self, row: &Row, scale: f32, derivatives: &mut Derivatives) -> f32 {
        let (error, slope) = self.at(row.value, row.old_value, row.target);
        derivatives.value += slope * scale;
        error
    }

    /// Rounded once.
    fn scale(&self, rows: usize) -> f32 {
        self.coefficient / rows as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clipped_value_error_is_the_larger_one() {
        let term = ValueError {
            coefficient: 1.0,
            clip_range: Some(0.5),
        };
        // Within the range of the old value: the plain error.
        assert_eq!(term.at(1.25, 1.0, 2.0), (0.5625, -1.5));
        // Moved too far towards the target: the error of the clipped value, which is constant.
        assert_eq!(term.at(2.0, 1.0, 2.0), (0.25, 0.0));
        // Moved too far away from it: the plain error.
        assert_eq!(term.at(0.0, 1.0, 2.0), (4.0, -4.0));
    }
}

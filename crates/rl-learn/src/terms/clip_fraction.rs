//! The share of clipped ratios.

use burn::tensor::Tensor;

use crate::{Derivatives, FusedTerm, Input, Minibatch, Row, Term, UpdateError};

/// Share of the importance ratios that are out of the clip range, `|rₜ - 1| > ε`: measured, not
/// learned from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClipFraction {
    /// `ε`, positive.
    pub clip_range: f32,
}

impl Term for ClipFraction {
    fn name(&self) -> &'static str {
        "clip_fraction"
    }

    fn coefficient(&self) -> f32 {
        0.0
    }

    fn inputs(&self) -> &'static [Input] {
        &[Input::Ratio]
    }

    fn tape(&self, minibatch: &Minibatch) -> Result<Tensor<1>, UpdateError> {
        let change = minibatch.ratio()?.inner().sub_scalar(1.0);
        let clipped = change.abs().greater_elem(self.clip_range);
        Ok(clipped.float().mean())
    }

    fn fused(&self) -> Option<&dyn FusedTerm> {
        Some(self)
    }
}

impl FusedTerm for ClipFraction {
    fn differentiate(&self, row: &Row, _: f32, _: &mut Derivatives) -> f32 {
        f32::from(u8::from((row.ratio - 1.0).abs() > self.clip_range))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_out_of_the_range_counts() {
        let term = ClipFraction { clip_range: 0.2 };
        let at = |ratio| {
            let row = Row {
                ratio,
                ..Row::default()
            };
            term.differentiate(&row, 0.0, &mut Derivatives::default())
        };
        assert_eq!([at(1.3), at(0.7), at(1.1)], [1.0, 1.0, 0.0]);
    }

    #[test]
    fn a_ratio_at_the_end_of_the_range_does_not_count() {
        let term = ClipFraction { clip_range: 0.25 };
        for ratio in [0.75, 1.25] {
            let row = Row {
                ratio,
                ..Row::default()
            };
            let counted = term.differentiate(&row, 0.0, &mut Derivatives::default());
            assert_eq!(counted, 0.0, "{ratio}");
        }
    }
}

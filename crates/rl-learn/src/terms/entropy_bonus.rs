//! The bonus for entropy.

use burn::tensor::Tensor;

use crate::{Derivatives, FusedTerm, Input, Minibatch, Row, Term, UpdateError};

/// Entropy bonus `-c_H 1/N Σₜ H(π(·|oₜ))`, which keeps a policy exploring (Mnih et al. 2016,
/// section 4), with its coefficient `c_H`; 0 measures the entropy alone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EntropyBonus(pub f32);

impl Term for EntropyBonus {
    fn name(&self) -> &'static str {
        "entropy"
    }

    fn coefficient(&self) -> f32 {
        -self.0
    }

    fn inputs(&self) -> &'static [Input] {
        &[Input::Entropy]
    }

    fn tape(&self, minibatch: &Minibatch) -> Result<Tensor<1>, UpdateError> {
        Ok(minibatch.entropy()?.mean())
    }

    fn fused(&self) -> Option<&dyn FusedTerm> {
        Some(self)
    }
}

impl FusedTerm for EntropyBonus {
    fn differentiate(&self, row: &Row, scale: f32, derivatives: &mut Derivatives) -> f32 {
        derivatives.entropy += scale;
        row.entropy
    }
}

//! Distributions of a head on a device.

use burn::tensor::Tensor;

use super::Head;
use crate::distribution::bounds::Bounds;
use crate::distribution::{
    ActionDistribution, Beta, Categorical, DiagGaussian, DistributionKind, SquashedGaussian,
};

impl Head {
    /// Distributions on a device for outputs `[batch, outputs]` and `ln σ`, `[action_dim]`; `None` for
    /// a greedy head, whose outputs are action values.
    ///
    /// # Panics
    /// If `log_std` is missing where it [is a parameter](Self::has_log_std), or given where it is
    /// not.
    pub fn distribution(
        &self,
        outputs: Tensor<2>,
        log_std: Option<Tensor<1>>,
    ) -> Option<ActionDistribution> {
        assert_eq!(
            log_std.is_some(),
            self.has_log_std(),
            "{} has ln σ as a parameter: {}",
            self.kind,
            self.has_log_std()
        );
        let [batch, width] = outputs.dims();
        let device = outputs.device();
        let log_std = log_std.unwrap_or_else(|| Tensor::zeros([0], &device));
        let bounds = || Bounds::new(&self.intervals, &device);
        let half = |from, to| outputs.clone().slice([0..batch, from..to]);
        let dim = width / 2;
        Some(match self.kind {
            DistributionKind::Greedy => return None,
            DistributionKind::Categorical => {
                ActionDistribution::Categorical(Categorical::from_logits(outputs))
            }
            DistributionKind::DiagGaussian => {
                ActionDistribution::DiagGaussian(DiagGaussian::new(outputs, log_std))
            }
            DistributionKind::StateGaussian => ActionDistribution::DiagGaussian(
                DiagGaussian::of_state(half(0, dim), half(dim, width)),
            ),
            DistributionKind::SquashedGaussian => {
                let gaussian = DiagGaussian::new(outputs, log_std);
                ActionDistribution::SquashedGaussian(SquashedGaussian::new(gaussian, bounds()))
            }
            DistributionKind::Beta => {
                ActionDistribution::Beta(Beta::new(half(0, dim), half(dim, width), bounds()))
            }
        })
    }
}

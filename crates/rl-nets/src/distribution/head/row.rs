//! Evaluation of a head on the host, one observation at a time.

use rl_core::Stream;

use super::Head;
use crate::distribution::DistributionKind;
use crate::distribution::beta::ScaledBeta;
use crate::distribution::categorical;
use crate::distribution::diag_gaussian::Gaussian;
use crate::distribution::marginal::Marginal;
use crate::distribution::squashed_gaussian::Squashed;

/// Evaluates `$categorical` for a categorical head, `$greedy` for one of action values, and `$body` for
/// any other, with `$marginal` as the type of the distribution of one dimension.
macro_rules! by_kind {
    ($head:ident, $categorical:expr, $greedy:expr, $marginal:ident => $body:expr) => {
        match $head.kind {
            DistributionKind::Categorical => $categorical,
            DistributionKind::Greedy => $greedy,
            DistributionKind::DiagGaussian => {
                type $marginal = Gaussian<false>;
                $body
            }
            DistributionKind::StateGaussian => {
                type $marginal = Gaussian<true>;
                $body
            }
            DistributionKind::SquashedGaussian => {
                type $marginal = Squashed;
                $body
            }
            DistributionKind::Beta => {
                type $marginal = ScaledBeta;
                $body
            }
        }
    };
}

impl Head {
    /// Log-probability `ln π(action)`: the log-density for a box, `-∞` for an index outside a
    /// discrete space; of action values 0 for the best action, `-∞` for any other. For bounded kinds, an action nearer to a bound than 5e-7 of the box's width
    /// counts as one at that distance.
    #[inline]
    pub fn log_prob(&self, output: &[f32], log_std: &[f32], action: &[f32]) -> f32 {
        by_kind!(self, categorical::log_prob(output, action), certain(best_is(output, action)), M => {
            let marginals = self.marginals::<M>(output, log_std).zip(action);
            marginals.map(|(marginal, &a)| marginal.log_prob(a)).sum()
        })
    }

    /// Entropy `-E[ln π]`, in nats.
    #[inline]
    pub fn entropy(&self, output: &[f32], log_std: &[f32]) -> f32 {
        by_kind!(self, categorical::entropy(output), 0.0, M => {
            self.marginals::<M>(output, log_std).map(M::entropy).sum()
        })
    }

    /// Divergence `KL(p ‖ q)` between the distributions of two outputs, in nats.
    #[inline]
    pub fn kl(
        &self,
        p_output: &[f32],
        p_log_std: &[f32],
        q_output: &[f32],
        q_log_std: &[f32],
    ) -> f32 {
        let kl: f64 = by_kind!(self, categorical::kl(p_output, q_output), {
            -f64::from(certain(categorical::mode(p_output) == categorical::mode(q_output)))
        }, M => {
            let p = self.marginals::<M>(p_output, p_log_std);
            let q = self.marginals::<M>(q_output, q_log_std);
            p.zip(q).map(|(p, q)| p.kl(q)).sum()
        });
        kl as f32
    }

    /// Computes the gradient of `d_log_prob · ln π(action) + d_entropy · H`, which overwrites
    /// `d_output` and is added to `d_log_std`.
    #[inline]
    #[expect(
        clippy::too_many_arguments,
        reason = "three inputs, two weights, two gradients"
    )]
    pub fn backward(
        &self,
        output: &[f32],
        log_std: &[f32],
        action: &[f32],
        d_log_prob: f32,
        d_entropy: f32,
        d_output: &mut [f32],
        d_log_std: &mut [f32],
    ) {
        by_kind!(
            self,
            categorical::backward(output, action, d_log_prob, d_entropy, d_output),
            d_output.fill(0.0),
            M => {
                let marginals = self.marginals::<M>(output, log_std).zip(action);
                let gradients =
                    marginals.map(|(marginal, &a)| marginal.gradient(a, d_log_prob, d_entropy));
                self.add(gradients, d_output, d_log_std);
            }
        );
    }

    /// Computes the product `F v` with the Fisher information `F = E[∇ln π ∇ln πᵀ]` of the outputs
    /// and of `ln σ`, which overwrites `d_output` and is added to `d_log_std`.
    ///
    /// With the Jacobian `J` of a network, `Jᵀ F J` is the Hessian of `KL(π_old ‖ π)` at `π_old`,
    /// by which natural gradients are defined (Schulman et al. 2015, "Trust region policy
    /// optimization", appendix C.1).
    #[inline]
    pub fn fisher_product(
        &self,
        output: &[f32],
        log_std: &[f32],
        v_output: &[f32],
        v_log_std: &[f32],
        d_output: &mut [f32],
        d_log_std: &mut [f32],
    ) {
        by_kind!(self, categorical::fisher_product(output, v_output, d_output), d_output.fill(0.0), M => {
            let (first, second) = self.split(v_output, v_log_std);
            let products = self
                .marginals::<M>(output, log_std)
                .zip(first.iter().zip(second))
                .map(|(marginal, (&first, &second))| marginal.fisher_product([first, second]));
            self.add(products, d_output, d_log_std);
        });
    }

    /// Draws an action into `action`.
    #[inline]
    pub fn sample(&self, output: &[f32], log_std: &[f32], rng: &mut Stream, action: &mut [f32]) {
        by_kind!(
            self,
            action.fill(categorical::sample(output, rng) as f32),
            action.fill(categorical::mode(output) as f32),
            M => for (marginal, a) in self.marginals::<M>(output, log_std).zip(action) {
                *a = marginal.sample(rng);
            }
        );
    }

    /// Writes the action without exploration: the likeliest index, or that of the highest action value; the mean of a Gaussian; the
    /// squashed mean of a squashed Gaussian, which is its median; the peak of a Beta distribution,
    /// `x = (α − 1) / (α + β − 2)`.
    #[inline]
    pub fn mode(&self, output: &[f32], action: &mut [f32]) {
        by_kind!(self, action.fill(categorical::mode(output) as f32), {
            action.fill(categorical::mode(output) as f32);
        }, M => {
            // No mode depends on ln σ, so any numbers will do.
            let (first, second) = self.split(output, output);
            let parameters = first.iter().zip(second).zip(&self.intervals);
            for (((&first, &second), interval), a) in parameters.zip(action) {
                *a = M::new(first, second, interval).mode();
            }
        });
    }

    /// The first and the second parameter of each dimension, `[action_dim]` both.
    #[inline(always)]
    fn split<'a>(&self, output: &'a [f32], log_std: &'a [f32]) -> (&'a [f32], &'a [f32]) {
        if self.has_log_std() {
            (output, log_std)
        } else {
            output.split_at(self.intervals.len())
        }
    }

    #[inline(always)]
    fn marginals<'a, M: Marginal>(
        &'a self,
        output: &'a [f32],
        log_std: &'a [f32],
    ) -> impl Iterator<Item = M> + 'a {
        let (first, second) = self.split(output, log_std);
        let parameters = first.iter().zip(second).zip(&self.intervals);
        parameters.map(|((&first, &second), interval)| M::new(first, second, interval))
    }

    /// Writes the gradients by the two parameters of each dimension where the parameters come from:
    /// over `d_output`, and added to `d_log_std`.
    #[inline(always)]
    fn add(
        &self,
        gradients: impl Iterator<Item = [f32; 2]>,
        d_output: &mut [f32],
        d_log_std: &mut [f32],
    ) {
        d_output.fill(0.0);
        let (first, second) = if self.has_log_std() {
            (d_output, d_log_std)
        } else {
            d_output.split_at_mut(self.intervals.len())
        };
        for (gradient, (first, second)) in gradients.zip(first.iter_mut().zip(second)) {
            *first += gradient[0];
            *second += gradient[1];
        }
    }
}

/// Log-probability of what happens for certain, or never.
#[inline]
fn certain(happens: bool) -> f32 {
    if happens { 0.0 } else { f32::NEG_INFINITY }
}

/// Returns `true` for the action of the highest value.
#[inline]
fn best_is(values: &[f32], action: &[f32]) -> bool {
    action.first() == Some(&(categorical::mode(values) as f32))
}

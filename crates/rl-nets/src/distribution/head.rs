//! The head of a policy: what turns the outputs of its network into actions.

use burn::tensor::Tensor;
use rl_core::{Space, Stream};
use serde::{Deserialize, Serialize};

use super::beta::{Beta, ScaledBeta};
use super::bounds::Bounds;
use super::categorical::{self, Categorical};
use super::diag_gaussian::{DiagGaussian, Gaussian};
use super::marginal::{Interval, Marginal};
use super::squashed_gaussian::{Squashed, SquashedGaussian};
use super::{ActionDistribution, DistributionKind};

/// The head of a policy: a distribution and the space of its actions.
///
/// It takes the outputs of a network, and for some kinds the parameters `ln σ`, to the distribution
/// of the action. Here it does so on the host, one observation at a time and without allocation;
/// [`distribution`](Self::distribution) does it on a device, for a batch.
///
/// # Shapes
/// `output` is `[outputs]`, `action` is `[action_dim]`; `log_std` is `[action_dim]`, or empty where
/// there [is none](Self::has_log_std). What begins with `d_` is a gradient of the same shape, what
/// begins with `v_` a direction. Functions panic or leave numbers out if a slice is shorter.
///
/// ```
/// use rl_core::{BoxSpace, Space};
/// use rl_nets::DistributionKind;
/// use rl_nets::distribution::Head;
///
/// let space = Space::Box(BoxSpace::symmetric(&[2.0])?);
/// let head = Head::new(DistributionKind::Beta, &space)?;
/// assert_eq!((head.outputs(), head.action_dim()), (2, 1));
/// let mut action = [0.0];
/// head.mode(&[1.0, 1.0], &mut action);
/// assert_eq!(action, [0.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "UncheckedHead", into = "UncheckedHead")]
pub struct Head {
    kind: DistributionKind,
    space: Space,
    /// Per dimension of a box; none for a discrete space.
    intervals: Vec<Interval>,
}

/// A distribution that does not fit an action space.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error(
    "the distribution '{kind}' has no actions of {space}; one of {} has",
    names(DistributionKind::ALL.into_iter().filter(|kind| kind.fits(space)))
)]
pub struct HeadError {
    /// The distribution.
    pub kind: DistributionKind,
    /// The space.
    pub space: Space,
}

/// Names of kinds, with commas.
fn names(kinds: impl Iterator<Item = DistributionKind>) -> String {
    let names: Vec<&str> = kinds.map(DistributionKind::name).collect();
    names.join(", ")
}

#[derive(Serialize, Deserialize)]
struct UncheckedHead {
    kind: DistributionKind,
    space: Space,
}

impl TryFrom<UncheckedHead> for Head {
    type Error = HeadError;
    fn try_from(head: UncheckedHead) -> Result<Self, HeadError> {
        Self::new(head.kind, &head.space)
    }
}

impl From<Head> for UncheckedHead {
    fn from(Head { kind, space, .. }: Head) -> Self {
        Self { kind, space }
    }
}

/// `$categorical` for a categorical head, `$body` with the type `$marginal` of the dimensions of any
/// other.
macro_rules! by_kind {
    ($head:ident, $categorical:expr, $marginal:ident => $body:expr) => {
        match $head.kind {
            DistributionKind::Categorical => $categorical,
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
    /// A distribution of this kind over the actions of `space`.
    ///
    /// # Errors
    /// [`HeadError`] unless the kind [fits](DistributionKind::fits) the space.
    pub fn new(kind: DistributionKind, space: &Space) -> Result<Self, HeadError> {
        if kind.fits(space) {
            Ok(Self::fitting(kind, space))
        } else {
            Err(HeadError {
                kind,
                space: space.clone(),
            })
        }
    }

    /// The distribution that a space gets unless another is asked for, [`DistributionKind::of`].
    pub fn of(space: &Space) -> Self {
        Self::fitting(DistributionKind::of(space), space)
    }

    fn fitting(kind: DistributionKind, space: &Space) -> Self {
        let intervals = match space {
            Space::Discrete(_) => Vec::new(),
            Space::Box(space) => {
                let bounds = space.low().iter().zip(space.high());
                bounds
                    .map(|(&low, &high)| Interval::new(low, high))
                    .collect()
            }
        };
        Self {
            kind,
            space: space.clone(),
            intervals,
        }
    }

    /// The kind of distribution.
    pub fn kind(&self) -> DistributionKind {
        self.kind
    }

    /// The space of the actions.
    pub fn space(&self) -> &Space {
        &self.space
    }

    /// Numbers that a network gives it per observation.
    pub fn outputs(&self) -> usize {
        match (&self.space, self.kind) {
            (Space::Discrete(space), _) => space.n(),
            (Space::Box(space), DistributionKind::StateGaussian | DistributionKind::Beta) => {
                2 * space.dim()
            }
            (Space::Box(space), _) => space.dim(),
        }
    }

    /// Numbers per flat action.
    pub fn action_dim(&self) -> usize {
        self.space.flat_dim()
    }

    /// Whether `ln σ`, `[action_dim]`, is a parameter beside the network.
    #[inline]
    pub fn has_log_std(&self) -> bool {
        matches!(
            self.kind,
            DistributionKind::DiagGaussian | DistributionKind::SquashedGaussian
        )
    }

    /// `ln π(action)`: the log-density for a box, `-∞` for an index that there is not. For bounded
    /// kinds, an action is taken to lie at least 5e-7 of the box's width within its bounds.
    #[inline]
    pub fn log_prob(&self, output: &[f32], log_std: &[f32], action: &[f32]) -> f32 {
        by_kind!(self, categorical::log_prob(output, action), M => {
            let marginals = self.marginals::<M>(output, log_std).zip(action);
            marginals.map(|(marginal, &a)| marginal.log_prob(a)).sum()
        })
    }

    /// Entropy `-E[ln π]`, in nats.
    #[inline]
    pub fn entropy(&self, output: &[f32], log_std: &[f32]) -> f32 {
        by_kind!(self, categorical::entropy(output), M => {
            self.marginals::<M>(output, log_std).map(M::entropy).sum()
        })
    }

    /// `KL(p ‖ q)` of the distributions of two outputs, in nats.
    #[inline]
    pub fn kl(
        &self,
        p_output: &[f32],
        p_log_std: &[f32],
        q_output: &[f32],
        q_log_std: &[f32],
    ) -> f32 {
        let kl: f64 = by_kind!(self, categorical::kl(p_output, q_output), M => {
            let p = self.marginals::<M>(p_output, p_log_std);
            let q = self.marginals::<M>(q_output, q_log_std);
            p.zip(q).map(|(p, q)| p.kl(q)).sum()
        });
        kl as f32
    }

    /// The gradient of `d_log_prob · ln π(action) + d_entropy · H`: overwrites `d_output`, and adds
    /// to `d_log_std`.
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
            M => {
                let marginals = self.marginals::<M>(output, log_std).zip(action);
                let gradients =
                    marginals.map(|(marginal, &a)| marginal.gradient(a, d_log_prob, d_entropy));
                self.add(gradients, d_output, d_log_std);
            }
        );
    }

    /// `F v` with the Fisher information `F = E[∇ln π ∇ln πᵀ]` of the outputs and of `ln σ`:
    /// overwrites `d_output`, and adds to `d_log_std`.
    ///
    /// With the Jacobian `J` of a network, `Jᵀ F J` is the Hessian of `KL(π_old ‖ π)` at `π_old`,
    /// which natural gradients are made of (Schulman et al. 2015, "Trust region policy
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
        by_kind!(self, categorical::fisher_product(output, v_output, d_output), M => {
            let (first, second) = self.split(v_output, v_log_std);
            let products = self
                .marginals::<M>(output, log_std)
                .zip(first.iter().zip(second))
                .map(|(marginal, (&first, &second))| marginal.fisher_product([first, second]));
            self.add(products, d_output, d_log_std);
        });
    }

    /// Draws an action.
    #[inline]
    pub fn sample(&self, output: &[f32], log_std: &[f32], rng: &mut Stream, action: &mut [f32]) {
        by_kind!(
            self,
            action.fill(categorical::sample(output, rng) as f32),
            M => for (marginal, a) in self.marginals::<M>(output, log_std).zip(action) {
                *a = marginal.sample(rng);
            }
        );
    }

    /// The action that stands for the distribution when none is drawn: the likeliest index; the
    /// mean of a Gaussian; the squashed mean of a squashed one, which is its median; the peak of a
    /// Beta distribution, `x = (α − 1) / (α + β − 2)`.
    #[inline]
    pub fn mode(&self, output: &[f32], action: &mut [f32]) {
        by_kind!(self, action.fill(categorical::mode(output) as f32), M => {
            // None of them depends on ln σ, which need not be known.
            let (first, second) = self.split(output, output);
            let parameters = first.iter().zip(second).zip(&self.intervals);
            for (((&first, &second), interval), a) in parameters.zip(action) {
                *a = M::new(first, second, interval).mode();
            }
        });
    }

    /// The distributions on a device for outputs `[batch, outputs]` and `ln σ`, `[action_dim]`.
    ///
    /// # Panics
    /// If `log_std` is not there where it [should be](Self::has_log_std), or the reverse.
    pub fn distribution(
        &self,
        outputs: Tensor<2>,
        log_std: Option<Tensor<1>>,
    ) -> ActionDistribution {
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
        match self.kind {
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
        }
    }

    /// The first and the second parameter of each dimension.
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

    /// Sorts gradients by the two parameters of each dimension: overwrites `d_output`, adds to
    /// `d_log_std`.
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

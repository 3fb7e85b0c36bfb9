//! The head of a policy: what turns the outputs of its network into actions.

use burn::tensor::Tensor;
use pulp::{Arch, NullaryFnOnce};
use rl_core::{Space, Stream};
use serde::{Deserialize, Serialize};

use super::beta::{Beta, ScaledBeta};
use super::bounds::Bounds;
use super::categorical::{self, Categorical, ROWS, Softmaxes};
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

/// [`Head::differentiate`] for a few logits.
struct Lanes<'a, F> {
    n: usize,
    outputs: &'a [f32],
    width: usize,
    actions: &'a [f32],
    loss: F,
    d_outputs: Option<&'a mut [f32]>,
}

impl<F: FnMut(f32, f32) -> [f32; 2]> NullaryFnOnce for Lanes<'_, F> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self {
            n,
            outputs,
            width,
            actions,
            mut loss,
            mut d_outputs,
        } = self;
        let blocks = outputs.chunks(ROWS * width).zip(actions.chunks(ROWS));
        for (block, (outputs, actions)) in blocks.enumerate() {
            let softmaxes = Softmaxes::new(outputs, width, n);
            let (mut d_log_prob, mut d_entropy) = ([0.0; ROWS], [0.0; ROWS]);
            for (i, action) in actions.chunks_exact(1).enumerate() {
                [d_log_prob[i], d_entropy[i]] =
                    loss(softmaxes.log_prob(i, action), softmaxes.entropy(i));
            }
            if let Some(d_outputs) = &mut d_outputs {
                let d_outputs = &mut d_outputs[block * ROWS * width..][..outputs.len()];
                softmaxes.backward(actions, &d_log_prob, &d_entropy, d_outputs, width);
            }
        }
    }
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

    /// [`log_prob`](Self::log_prob) of each row of a batch, with the same bits, into `log_probs`
    /// `[n]`: of `outputs` `[n, width]`, whose rows begin with the head's, and `actions`
    /// `[n, action_dim]`.
    pub fn log_probs(
        &self,
        outputs: &[f32],
        width: usize,
        log_std: &[f32],
        actions: &[f32],
        log_probs: &mut [f32],
    ) {
        let mut log_probs = log_probs.iter_mut();
        let each = |log_prob, _| {
            if let Some(out) = log_probs.next() {
                *out = log_prob;
            }
            [0.0; 2]
        };
        self.differentiate(outputs, width, log_std, actions, each, None);
    }

    /// Calls `loss` with `ln π(action)` and the entropy of each row of a batch, in order, and
    /// takes the derivatives of a loss by these two back to the outputs: overwrites the head's part
    /// of the rows of `d_outputs` `[n, width]`, and adds to `d_log_std`, if there are such
    /// `gradients = (d_outputs, d_log_std)`.
    ///
    /// It is [`log_prob`](Self::log_prob), [`entropy`](Self::entropy) and
    /// [`backward`](Self::backward) in one, which for a few logits is many times faster: rows take
    /// the lanes of the machine's registers, and share their exponentials.
    pub fn differentiate(
        &self,
        outputs: &[f32],
        width: usize,
        log_std: &[f32],
        actions: &[f32],
        loss: impl FnMut(f32, f32) -> [f32; 2],
        gradients: Option<(&mut [f32], &mut [f32])>,
    ) {
        let mut loss = loss;
        let n = self.outputs();
        let dim = self.action_dim();
        if self.kind == DistributionKind::Categorical && Softmaxes::fit(n) {
            Arch::new().dispatch(Lanes {
                n,
                outputs,
                width,
                actions,
                loss,
                d_outputs: gradients.map(|(d_outputs, _)| d_outputs),
            });
            return;
        }
        let rows = outputs.chunks_exact(width).zip(actions.chunks_exact(dim));
        let measure = |(row, action): (&[f32], &[f32])| {
            let output = &row[..n];
            let log_prob = self.log_prob(output, log_std, action);
            loss(log_prob, self.entropy(output, log_std))
        };
        match gradients {
            None => rows.map(measure).for_each(drop),
            Some((d_outputs, d_log_std)) => {
                let derivatives = rows.clone().map(measure);
                let d_rows = d_outputs.chunks_exact_mut(width);
                for (((row, action), [d_log_prob, d_entropy]), d_row) in
                    rows.zip(derivatives).zip(d_rows)
                {
                    self.backward(
                        &row[..n],
                        log_std,
                        action,
                        d_log_prob,
                        d_entropy,
                        &mut d_row[..n],
                        d_log_std,
                    );
                }
            }
        }
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

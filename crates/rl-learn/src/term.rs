//! Terms that losses are made of.

use burn::tensor::Tensor;

use crate::{Derivatives, Minibatch, Row, UpdateError};

/// Term of a loss over the rows of a minibatch.
///
/// A loss is a list of terms, `L = Σ c · term`, each with its coefficient `c`. A term says what it is
/// computed from, and computes itself on Burn's tape; with a [fused form](Self::fused) beside it,
/// [`FusedLearner`](crate::FusedLearner) learns from it too.
///
/// ```
/// use burn::tensor::Tensor;
/// use rl_learn::{Input, Minibatch, Term, UpdateError};
///
/// /// Mean of `(ln π(aₜ|oₜ))²`, which keeps a policy from becoming certain.
/// struct SquaredLogProb(f32);
///
/// impl Term for SquaredLogProb {
///     fn name(&self) -> &'static str {
///         "squared_log_prob"
///     }
///
///     fn coefficient(&self) -> f32 {
///         self.0
///     }
///
///     fn inputs(&self) -> &'static [Input] {
///         &[Input::LogProb]
///     }
///
///     fn tape(&self, minibatch: &Minibatch) -> Result<Tensor<1>, UpdateError> {
///         Ok(minibatch.log_prob()?.square().mean())
///     }
/// }
/// # assert_eq!(SquaredLogProb(0.1).coefficient(), 0.1);
/// ```
pub trait Term: Send + Sync {
    /// Its name among the metrics.
    fn name(&self) -> &'static str;

    /// Factor of the term in the loss. A term with the factor 0 is measured and not learned from.
    fn coefficient(&self) -> f32 {
        1.0
    }

    /// Inputs that it is computed from: refused by name where networks or samples lack it.
    fn inputs(&self) -> &'static [Input];

    /// The term without its coefficient, `[1]`, on Burn's tape.
    ///
    /// # Errors
    /// [`UpdateError::Input`] for an input that is not there.
    fn tape(&self, minibatch: &Minibatch) -> Result<Tensor<1>, UpdateError>;

    /// Its fused form; `None` for a term that learns on Burn's tape alone.
    fn fused(&self) -> Option<&dyn FusedTerm> {
        None
    }

    /// The fused form of a term of [quantiles](Input::Quantiles), in place of [`fused`](Self::fused).
    fn fused_quantiles(&self) -> Option<&dyn FusedQuantileTerm> {
        None
    }
}

/// Term of a loss over quantiles of the return that is a mean over rows, row by row on the host.
pub trait FusedQuantileTerm: Term {
    /// Adds `scale` times the derivatives of `f(row)` by the quantiles of the action that was taken, `[quantiles]`, and
    /// returns `f(row)`, whose mean over the rows is the term. `samples` are those of the row's target, `weight` is its
    /// importance weight.
    fn differentiate(
        &self,
        quantiles: &[f32],
        samples: &[f32],
        weight: f32,
        scale: f32,
        d_quantiles: &mut [f32],
    ) -> f32;
}

/// Term of a loss that is a mean over rows, row by row on the host.
///
/// A term is computed from quantities of the policy (log-prob, ratio and entropy) or from those of
/// the value function, not from both, since the two networks may be learned at the same time.
pub trait FusedTerm: Term {
    /// Adds `scale` times the derivatives of `f(row)` by the quantities that the networks gave, and
    /// returns `f(row)`, whose mean over the rows is the term.
    fn differentiate(&self, row: &Row, scale: f32, derivatives: &mut Derivatives) -> f32;

    /// Factor on the derivatives of each of `rows` rows, `c / N`.
    fn scale(&self, rows: usize) -> f32 {
        self.coefficient() * (1.0 / rows as f32)
    }

    /// [`differentiate`](Self::differentiate) for each row in order, with the values added to `sum`.
    fn differentiate_rows(
        &self,
        rows: &[Row],
        scale: f32,
        derivatives: &mut [Derivatives],
        sum: &mut f64,
    ) {
        for (row, derivatives) in rows.iter().zip(derivatives) {
            *sum += f64::from(self.differentiate(row, scale, derivatives));
        }
    }
}

impl<T: Term + ?Sized> Term for std::sync::Arc<T> {
    fn name(&self) -> &'static str {
        (**self).name()
    }

    fn coefficient(&self) -> f32 {
        (**self).coefficient()
    }

    fn inputs(&self) -> &'static [Input] {
        (**self).inputs()
    }

    fn tape(&self, minibatch: &Minibatch) -> Result<Tensor<1>, UpdateError> {
        (**self).tape(minibatch)
    }

    fn fused(&self) -> Option<&dyn FusedTerm> {
        (**self).fused()
    }

    fn fused_quantiles(&self) -> Option<&dyn FusedQuantileTerm> {
        (**self).fused_quantiles()
    }
}

/// Input of a term: a column of the samples, or a quantity that the networks give for each row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// Advantage `Aₜ`, a column.
    Advantage,
    /// `ln π_old(aₜ|oₜ)`, a column.
    OldLogProb,
    /// Target `V̂ₜ` of the value function, a column.
    Target,
    /// `V_old(oₜ)`, a column.
    OldValue,
    /// `ln π(aₜ|oₜ)`, by the policy.
    LogProb,
    /// Importance ratio `rₜ = π(aₜ|oₜ) / π_old(aₜ|oₜ)`, by the policy.
    Ratio,
    /// Entropy `H(π(·|oₜ))` in nats, by the policy.
    Entropy,
    /// `V(oₜ)`, by the value function.
    Value,
    /// Importance weight `wₜ` of the row, a column.
    Weight,
    /// Action value `Q(oₜ, aₜ)`, by a network of action values.
    ActionValue,
    /// Quantiles of the return of the action `aₜ`, by a network of action values that learns them.
    Quantiles,
}

impl Input {
    /// Returns `true` if the policy's network gives it.
    pub fn is_of_policy(self) -> bool {
        matches!(
            self,
            Self::LogProb | Self::Ratio | Self::Entropy | Self::ActionValue | Self::Quantiles
        )
    }

    /// Returns `true` if the value function gives it.
    pub fn is_of_value(self) -> bool {
        self == Self::Value
    }
}

/// Returns `true` for a loss with a term of the policy, and for one with a term of the value function.
pub(crate) fn learned(terms: &[&dyn Term]) -> (bool, bool) {
    let inputs = || terms.iter().flat_map(|term| term.inputs());
    (
        inputs().any(|input| input.is_of_policy()),
        inputs().any(|input| input.is_of_value()),
    )
}

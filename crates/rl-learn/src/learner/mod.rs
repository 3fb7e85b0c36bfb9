//! Learners: networks that are moved by an optimizer down the gradient of a loss.

mod burn;
mod crew;
mod device_optimizer;
mod fused;
mod part;

pub use burn::BurnLearner;
pub use fused::FusedLearner;

use rl_core::Threads;
use rl_nets::Networks;

use crate::{FitReport, Loss, Plan, Samples};

/// Networks that learn.
///
/// There are two: [`BurnLearner`], the reference, computes on any device through Burn's tape;
/// [`FusedLearner`] computes the same numbers on the CPU without one.
pub trait Learner: Send {
    /// The networks as of the last update, on the host.
    fn networks(&self) -> &Networks;

    /// Gives it threads to work on; it has none but the caller's unless told. Their number changes
    /// no bit of what is learned, and Burn's backends have threads of their own.
    fn set_threads(&mut self, _threads: &Threads) {}

    /// `ln π(aₜ|oₜ)` of `actions` `[steps, action_dim]` into `log_probs` `[steps]`, and `V(oₜ)`
    /// into `values` `[steps]`, for `observations` `[steps, observation_dim]`. What is not asked
    /// for is left empty.
    ///
    /// # Errors
    /// [`UpdateError`].
    fn evaluate(
        &mut self,
        observations: &[f32],
        actions: &[f32],
        log_probs: &mut [f32],
        values: &mut [f32],
    ) -> Result<(), UpdateError>;

    /// Takes an optimizer step down the gradient of `loss` for each minibatch of the plan.
    ///
    /// # Errors
    /// [`UpdateError`]; the learner is of no use after it.
    fn fit(
        &mut self,
        samples: &Samples<'_>,
        plan: &Plan<'_>,
        loss: &Loss,
    ) -> Result<FitReport, UpdateError>;

    /// The gradient of `loss` over all samples, into `gradient` in the flat order of
    /// [`Networks::parameters`]; nothing moves. Returns the measurements before any clipping.
    ///
    /// # Errors
    /// [`UpdateError`].
    fn gradient(
        &mut self,
        samples: &Samples<'_>,
        loss: &Loss,
        gradient: &mut [f32],
    ) -> Result<FitReport, UpdateError>;

    /// Takes an optimizer step along a gradient that was computed elsewhere, clipped as any
    /// other.
    ///
    /// # Errors
    /// [`UpdateError`]; the learner is of no use after it.
    fn apply(&mut self, gradient: &[f32], learning_rate: f64) -> Result<(), UpdateError>;

    /// Replaces the parameters, in the flat order; the optimizer keeps its state.
    fn set_parameters(&mut self, flat: &[f32]);

    /// `F v` with the mean Fisher information `F` of the policy over `observations`, the matrix
    /// of second derivatives of the mean `KL(π_old ‖ π)` at `π_old`; `vector` and `product` are in
    /// the flat order.
    ///
    /// It is computed as `Jᵀ M J v` with the Jacobian `J` of the policy's outputs and the Fisher
    /// information `M` of the distribution by its own parameters (Martens 2020, "New insights and
    /// perspectives on the natural gradient method", section 8).
    ///
    /// # Errors
    /// [`UpdateError`].
    fn fisher_vector_product(
        &mut self,
        observations: &[f32],
        vector: &[f32],
        product: &mut [f32],
    ) -> Result<(), UpdateError>;
}

/// Why an update failed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum UpdateError {
    /// There is nothing to learn from.
    #[error("an update needs at least one step of experience")]
    NoExperience,
    /// A loss of something that does not learn here.
    #[error("the loss is of a {0}, and the learner has none")]
    NoNetwork(&'static str),
    /// Samples whose columns are of different lengths.
    #[error("the samples' {column} are {actual} numbers; {expected} are needed")]
    Length {
        /// The column.
        column: &'static str,
        /// Its numbers.
        actual: usize,
        /// Those that the loss and the observations ask for.
        expected: usize,
    },
    /// An order that names a step that is not there.
    #[error("the order of the minibatches names step {row} of {steps}")]
    Row {
        /// The step.
        row: u32,
        /// Number of steps.
        steps: usize,
    },
    /// A number that is NaN or infinite.
    #[error(
        "the {quantity} is {value}, not a finite number; a smaller learning_rate, or \
         max_grad_norm, keeps an update in bounds"
    )]
    NonFinite {
        /// What it is the value of.
        quantity: &'static str,
        /// The value.
        value: f64,
    },
    /// The device failed.
    #[error("the device failed: {0}")]
    Device(String),
}

/// Refuses a quantity that is not finite.
pub(crate) fn finite(quantity: &'static str, numbers: &[f32]) -> Result<(), UpdateError> {
    match numbers.iter().find(|x| !x.is_finite()) {
        None => Ok(()),
        Some(&value) => Err(UpdateError::NonFinite {
            quantity,
            value: value.into(),
        }),
    }
}

//! Learners: networks that an optimizer moves down the gradient of a loss.

use std::ops::Range;

use rl_core::{State, Threads};
use rl_nets::Networks;

use crate::{Batch, Measurements, Samples, Term, UpdateError};

/// Networks that learn, with their optimizer.
///
/// There are two: [`BurnLearner`](crate::BurnLearner), the reference, computes on any device through Burn's tape;
/// [`FusedLearner`](crate::FusedLearner) computes the same numbers on the CPU without one. Their [`State`] is parameters
/// and optimizer. Noisy layers learn by the gradients of either ([`OptimizerConfig::init_noisy`](crate::OptimizerConfig::init_noisy)).
///
/// ```
/// use rl_core::{Space, Stream};
/// use rl_learn::{Batch, OptimizerConfig, Samples, Surrogate};
/// use rl_nets::{Device, Networks, PolicyConfig};
///
/// let policy = PolicyConfig::new(1, &Space::discrete(2)).draw(&mut Stream::from_seed(0));
/// let mut learner = OptimizerConfig::adam(0.1).init(Networks::policy(policy), &Device::flex())?;
/// let batch = Batch {
///     samples: Samples {
///         observations: &[1.0, 1.0],
///         actions: &[0.0, 1.0],
///         advantages: &[1.0, -1.0],
///         ..Samples::default()
///     },
///     terms: &[&Surrogate::LogProb],
///     ..Batch::default()
/// };
/// // Three steps on both rows; fit() goes through epochs of minibatches like this.
/// let measured = learner.session(&batch, &mut |session| {
///     for _ in 0..3 {
///         session.gradient(0..2, false)?;
///         session.step(0.1)?;
///     }
///     Ok(())
/// })?;
/// assert_eq!(measured.len(), 3);
/// assert!(measured[2].terms[0] < measured[0].terms[0], "the loss falls");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Learner: State + Send {
    /// The networks as of the last update, on the host.
    fn networks(&self) -> &Networks;

    /// Deviations `σ` of the parameters, in their flat order; empty without [noisy layers](crate::Noise), whose
    /// networks are those of the means.
    fn deviations(&self) -> &[f32] {
        &[]
    }

    /// Gives it threads to work on; without them it has the caller's alone. Their number changes no
    /// bit of what is learned, and Burn's backends have threads of their own.
    fn set_threads(&mut self, _threads: &Threads) {}

    /// Refuses a term of a loss that it cannot compute, by name.
    ///
    /// # Errors
    /// [`UpdateError::Term`].
    fn supports(&self, terms: &[&dyn Term]) -> Result<(), UpdateError>;

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

    /// Opens a session over a batch, lets `body` take its steps, and returns the measurements that
    /// `body` did not ask for. A device is touched once in each direction: samples and order go to
    /// it at the beginning, parameters and measurements come back at the end. Worker threads stay
    /// awake for as long as a session lasts.
    ///
    /// # Errors
    /// [`UpdateError`], that of `body` included; parameters may have moved before it.
    fn session(
        &mut self,
        batch: &Batch<'_>,
        body: &mut SessionBody<'_>,
    ) -> Result<Vec<Measurements>, UpdateError>;

    /// Replaces the parameters, in the flat order; the optimizer keeps its state.
    ///
    /// # Panics
    /// If there are not as many.
    fn set_parameters(&mut self, flat: &[f32]);
}

/// Steps that are taken within a session.
pub type SessionBody<'a> = dyn FnMut(&mut dyn Session) -> Result<(), UpdateError> + Send + 'a;

/// Session of a learner over a [`Batch`]: gradients and optimizer steps, one after the other.
pub trait Session {
    /// Computes the gradient of the loss over the rows at these places of the batch's order, with
    /// their advantages normalised or not. It stays where the learner is.
    ///
    /// # Errors
    /// [`UpdateError`] for rows that are not there, or a measurement that is not finite.
    fn gradient(
        &mut self,
        rows: Range<usize>,
        normalize_advantages: bool,
    ) -> Result<(), UpdateError>;

    /// Lets `change` see and change the gradient in the flat order of
    /// [`Networks::parameters`]; zeros before the first one. It is the only copy of a gradient that
    /// is made for the host.
    ///
    /// # Errors
    /// [`UpdateError`], that of `change` included.
    fn exchange(
        &mut self,
        change: &mut dyn FnMut(&mut [f32]) -> Result<(), UpdateError>,
    ) -> Result<(), UpdateError>;

    /// Clips the gradient by its global norm and takes an optimizer step down it.
    ///
    /// # Errors
    /// [`UpdateError`] without a gradient, or for one that is not finite.
    fn step(&mut self, learning_rate: f64) -> Result<(), UpdateError>;

    /// The measurements of the gradients since the last call; those of a device are fetched from
    /// it.
    ///
    /// # Errors
    /// [`UpdateError`] for a measurement that is not finite.
    fn measurements(&mut self) -> Result<Vec<Measurements>, UpdateError>;
}

/// Learners that natural gradients can be had from.
pub trait NaturalGradient: Learner {
    /// The gradient of a loss over all samples, into `gradient` in the flat order of
    /// [`Networks::parameters`]; nothing moves.
    ///
    /// # Errors
    /// [`UpdateError`].
    fn gradient(
        &mut self,
        samples: &Samples<'_>,
        terms: &[&dyn Term],
        gradient: &mut [f32],
    ) -> Result<Measurements, UpdateError>;

    /// `F v` with the mean Fisher information `F` of the policy over `observations`, the matrix
    /// of second derivatives of the mean `KL(π_old ‖ π)` at `π_old`; `vector` and `product` are in
    /// the flat order.
    ///
    /// It is computed as `Jᵀ M J v` with the Jacobian `J` of the policy's outputs and the Fisher
    /// information `M` of the distribution by its own parameters (Schulman et al. 2015, "Trust region
    /// policy optimization", appendix C.1).
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

/// Refuses rows that are not places of an order of `length` rows, or more than a session was opened
/// for.
pub(crate) fn check_rows(
    rows: &Range<usize>,
    length: usize,
    largest: usize,
) -> Result<(), UpdateError> {
    if rows.is_empty() {
        return Err(UpdateError::NoExperience);
    }
    if rows.end > length || rows.len() > largest {
        let (start, end) = (rows.start, rows.end);
        return Err(UpdateError::Rows {
            start,
            end,
            length,
            largest,
        });
    }
    Ok(())
}

//! Minibatches as terms see them on Burn's tape.

use burn::tensor::Tensor;

use crate::UpdateError;

/// Columns of a minibatch of `n` rows, and what the networks give for it, on the device. What the
/// networks give is on the tape.
#[derive(Clone, Debug)]
pub struct Minibatch {
    pub(crate) observations: Tensor<2>,
    pub(crate) actions: Option<Tensor<2>>,
    pub(crate) advantages: Option<Tensor<1>>,
    pub(crate) old_log_probs: Option<Tensor<1>>,
    pub(crate) targets: Option<Tensor<2>>,
    pub(crate) old_values: Option<Tensor<1>>,
    pub(crate) log_prob: Option<Tensor<1>>,
    pub(crate) ratio: Option<Tensor<1>>,
    pub(crate) entropy: Option<Tensor<1>>,
    pub(crate) value: Option<Tensor<1>>,
    pub(crate) weights: Option<Tensor<1>>,
    pub(crate) quantiles: Option<Tensor<2>>,
}

macro_rules! inputs {
    ($($(#[$doc:meta])* $name:ident: $rank:literal;)*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        /// [`UpdateError::Input`] if neither networks nor samples give it.
        pub fn $name(&self) -> Result<Tensor<$rank>, UpdateError> {
            let input = self.$name.clone();
            input.ok_or(UpdateError::Input(stringify!($name)))
        }
    )*};
}

impl Minibatch {
    /// The observations, `[n, observation_dim]`.
    pub fn observations(&self) -> Tensor<2> {
        self.observations.clone()
    }

    inputs! {
        /// The actions, `[n, action_dim]`.
        actions: 2;
        /// The advantages `Aₜ`, `[n]`.
        advantages: 1;
        /// `ln π_old(aₜ|oₜ)`, `[n]`.
        old_log_probs: 1;
        /// `V_old(oₜ)`, `[n]`.
        old_values: 1;
        /// `ln π(aₜ|oₜ)`, `[n]`.
        log_prob: 1;
        /// The importance ratios `π(aₜ|oₜ) / π_old(aₜ|oₜ)`, `[n]`.
        ratio: 1;
        /// The entropies of the policy in nats, `[n]`.
        entropy: 1;
        /// `V(oₜ)`, `[n]`.
        value: 1;
        /// Importance weights, `[batch]`.
        weights: 1;
        /// Quantiles of the return of the actions that were taken, `[n, quantiles]`.
        quantiles: 2;
    }

    /// The targets `V̂ₜ` of the value function, or those of the action values, `[n]`.
    ///
    /// # Errors
    /// [`UpdateError::Input`] if the samples have none.
    pub fn targets(&self) -> Result<Tensor<1>, UpdateError> {
        Ok(mean_of_row(self.target_quantiles()?))
    }

    /// Samples of the distributions that the quantiles are moved towards, `[n, quantiles]`.
    ///
    /// # Errors
    /// [`UpdateError::Input`] if the samples have none.
    pub fn target_quantiles(&self) -> Result<Tensor<2>, UpdateError> {
        self.targets.clone().ok_or(UpdateError::Input("targets"))
    }

    /// Action values `Q(oₜ, aₜ)`, `[n]`.
    ///
    /// # Errors
    /// [`UpdateError::Input`] if the networks have none.
    pub fn action_value(&self) -> Result<Tensor<1>, UpdateError> {
        let quantiles = self.quantiles.clone();
        quantiles
            .map(mean_of_row)
            .ok_or(UpdateError::Input("action_value"))
    }
}

/// The mean of each row, `[n]`.
fn mean_of_row(rows: Tensor<2>) -> Tensor<1> {
    match rows.dims() {
        [_, 1] => rows.squeeze_dim(1),
        _ => rows.mean_dim(1).squeeze_dim(1),
    }
}

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
    pub(crate) targets: Option<Tensor<1>>,
    pub(crate) old_values: Option<Tensor<1>>,
    pub(crate) log_prob: Option<Tensor<1>>,
    pub(crate) ratio: Option<Tensor<1>>,
    pub(crate) entropy: Option<Tensor<1>>,
    pub(crate) value: Option<Tensor<1>>,
    pub(crate) weights: Option<Tensor<1>>,
    pub(crate) action_value: Option<Tensor<1>>,
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
        /// The targets `V̂ₜ` of the value function, `[n]`.
        targets: 1;
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
        /// Action values `Q(oₜ, aₜ)`, `[batch]`.
        action_value: 1;
    }
}

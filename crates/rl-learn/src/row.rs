//! Rows as fused terms see them.

/// Columns of a row, and what the networks give for it.
///
/// Numbers that a term does not ask for by its [`inputs`](crate::Term::inputs) may be 0.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Row {
    /// Advantage `Aₜ`.
    pub advantage: f32,
    /// `ln π_old(aₜ|oₜ)`.
    pub old_log_prob: f32,
    /// Target `V̂ₜ` of the value function.
    pub target: f32,
    /// `V_old(oₜ)`.
    pub old_value: f32,
    /// `ln π(aₜ|oₜ)`.
    pub log_prob: f32,
    /// Importance ratio `rₜ`.
    pub ratio: f32,
    /// Entropy of the policy in nats.
    pub entropy: f32,
    /// `V(oₜ)`.
    pub value: f32,
    /// Action value `Q(oₜ, aₜ)`.
    pub action_value: f32,
    /// Importance weight `wₜ`; 1 where there is none.
    pub weight: f32,
}

/// Derivatives of a loss by the quantities that the networks give for a row. The ratio's is part of
/// the log-prob's, `∂rₜ / ∂ln π = rₜ`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Derivatives {
    /// By `ln π(aₜ|oₜ)`.
    pub log_prob: f32,
    /// By the entropy.
    pub entropy: f32,
    /// By `V(oₜ)`.
    pub value: f32,
    /// By the action value.
    pub action_value: f32,
}

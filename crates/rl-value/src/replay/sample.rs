//! Samples: transitions that were drawn, in columns, as targets are computed from.

/// Manner of drawing a sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Draw {
    /// Number of transitions.
    pub size: usize,
    /// Steps that rewards are summed over, `n`, at least 1.
    pub n_step: usize,
    /// Discount γ, 0 to 1.
    pub gamma: f64,
    /// Exponent β of the importance weights, 0 to 1; without effect on uniform draws.
    pub beta: f64,
}

/// Transitions that were drawn, with their rewards over up to `n` steps.
///
/// A row that begins at `sₜ` holds `Rₜ = Σ_{i<k} γⁱ rₜ₊ᵢ`, the observation `sₜ₊ₖ` and the factor `γᵏ` of its value, where
/// `k ≤ n` steps were really taken: the sum stops at the first end of an episode, and at the newest transition. The
/// target of any algorithm is `Rₜ + factor · value(sₜ₊ₖ)`; the factor is 0 after a termination and
/// only there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    /// Observations `sₜ`, `[size, observation_dim]`.
    pub observations: Vec<f32>,
    /// Actions, `[size]`.
    pub actions: Vec<f32>,
    /// Sums of discounted rewards `Rₜ`, `[size]`.
    pub rewards: Vec<f32>,
    /// Observations `sₜ₊ₖ`, `[size, observation_dim]`.
    pub next_observations: Vec<f32>,
    /// Factors of the values of `next_observations`: `γᵏ`, or 0 after a termination, `[size]`.
    pub discounts: Vec<f32>,
    /// Importance weights, `[size]`; 1 for uniform draws.
    pub weights: Vec<f32>,
    /// Slots of the first transitions.
    pub(super) slots: Vec<usize>,
    /// Number of transitions that the buffer had taken in when the sample was drawn.
    pub(super) pushed: u64,
}

impl Sample {
    /// Resizes the columns; memory is kept.
    pub(super) fn resize(&mut self, size: usize, observation_dim: usize) {
        for wide in [&mut self.observations, &mut self.next_observations] {
            wide.resize(size * observation_dim, 0.0);
        }
        for narrow in [
            &mut self.actions,
            &mut self.rewards,
            &mut self.discounts,
            &mut self.weights,
        ] {
            narrow.resize(size, 0.0);
        }
        self.slots.resize(size, 0);
    }

    /// Number of transitions.
    pub fn len(&self) -> usize {
        self.actions.len()
    }

    /// Returns `true` if nothing was drawn.
    pub fn is_empty(&self) -> bool {
        self.actions.is_empty()
    }
}

//! Steps of an environment that a value is still to be learned from.

use std::collections::VecDeque;

/// State, action and the rewards since: the last steps of an environment, the oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Lane {
    /// Index of the entry of state and action in the table.
    pub entry: usize,
    /// Entries and rewards of steps whose n-step return is not complete.
    pub pending: VecDeque<(usize, f32)>,
}

impl Lane {
    /// The return of the oldest pending step and what follows the newest, `Σ γ^i rᵢ + γ^k B` over the
    /// `k` steps that are there.
    pub(super) fn pending_return(&self, gamma: f32, bootstrap: f32) -> f32 {
        let rewards = self.pending.iter().rev().map(|&(_, reward)| reward);
        rewards.fold(bootstrap, |sum, reward| reward + gamma * sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bootstrap_is_discounted_by_the_steps_there_are() {
        let mut lane = Lane::default();
        lane.pending.extend([(0, 1.0), (1, 2.0)]);
        assert_eq!(lane.pending_return(0.5, 8.0), 1.0 + 0.5 * 2.0 + 0.25 * 8.0);
        lane.pending.pop_front();
        assert_eq!(lane.pending_return(0.5, 8.0), 2.0 + 0.5 * 8.0);
    }
}

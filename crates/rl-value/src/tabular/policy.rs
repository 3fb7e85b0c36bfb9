//! Greedy policies of a table.

use rl_core::{ActionChoice, NamedArray, Policy, PolicyRecord, SavedPolicy, Stream};

use crate::target::best;

/// Greedy policy of a table of action values, `[states, actions]`: of equal values, the first.
#[derive(Clone, Debug, PartialEq)]
pub struct TablePolicy {
    values: Vec<f32>,
    actions: usize,
}

impl TablePolicy {
    pub(super) fn new(values: Vec<f32>, actions: usize) -> Self {
        Self { values, actions }
    }

    /// The action values, `[states, actions]`.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// The best action of each state, `[states]`.
    pub fn choices(&self) -> Vec<usize> {
        self.values.chunks_exact(self.actions).map(best).collect()
    }
}

impl Policy for TablePolicy {
    fn act(&mut self, observations: &[f32], _rngs: &mut [Stream], actions: &mut [f32]) {
        for (&state, action) in observations.iter().zip(actions) {
            let row = self.values.chunks_exact(self.actions).nth(state as usize);
            *action = row.map_or(f32::NAN, |row| best(row) as f32);
        }
    }
}

impl SavedPolicy for TablePolicy {
    /// The array `q.table`, `[states, actions]`.
    fn record(&self) -> PolicyRecord {
        let (actions, states) = (self.actions, self.values.len() / self.actions);
        let metadata = [
            ("distribution", "greedy".to_owned()),
            ("action_low", "[0]".to_owned()),
            ("action_high", format!("[{}]", actions - 1)),
            ("activation", "identity".to_owned()),
            ("output_activation", "identity".to_owned()),
        ];
        PolicyRecord {
            arrays: vec![NamedArray {
                name: "q.table".into(),
                shape: vec![states, actions],
                values: self.values.clone(),
            }],
            metadata: metadata.map(|(key, value)| (key.to_owned(), value)).into(),
        }
    }

    /// Keeps the policy as it is: a greedy policy has no distribution to sample from.
    fn set_choice(&mut self, _: ActionChoice) {}

    fn boxed_clone(&self) -> Box<dyn SavedPolicy> {
        Box::new(self.clone())
    }
}

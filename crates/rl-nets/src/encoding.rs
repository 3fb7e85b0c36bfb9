//! Observations as networks take them.

use std::borrow::Cow;

use rl_core::Space;

/// Observations `[n, observation_dim]` as a network takes them, `[n, network_inputs]`: the indices of
/// a discrete space of several elements one-hot, the vectors of a box as they are.
///
/// ```
/// use rl_core::Space;
/// use rl_nets::network_inputs;
///
/// let inputs = network_inputs(&Space::discrete(3), &[2.0, 0.0]);
/// assert_eq!(inputs[..], [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
/// ```
pub fn network_inputs<'a>(space: &Space, observations: &'a [f32]) -> Cow<'a, [f32]> {
    match space {
        Space::Discrete(discrete) if discrete.n() > 1 => {
            let mut inputs = Vec::new();
            one_hot(observations, discrete.n(), &mut inputs);
            Cow::Owned(inputs)
        }
        _ => Cow::Borrowed(observations),
    }
}

/// Appends a row of `n` numbers for each index: 1 at the index, 0 elsewhere.
pub(crate) fn one_hot(indices: &[f32], n: usize, inputs: &mut Vec<f32>) {
    let start = inputs.len();
    inputs.resize(start + indices.len() * n, 0.0);
    for (row, &index) in inputs[start..].chunks_exact_mut(n).zip(indices) {
        if let Some(input) = row.get_mut(index as usize) {
            *input = 1.0;
        }
    }
}

//! Arrays and metadata of a policy's weights.

use rl_core::{NamedArray, PolicyRecord, Space};

use super::layout::{LOG_STD, bias_name, format_list, transpose, weight_name};
use crate::{Head, PolicyWeights};

impl PolicyWeights {
    /// The arrays of a policy file, and the metadata that tells what they are.
    pub fn record(&self) -> PolicyRecord {
        let array = |name: String, shape: Vec<usize>, values: Vec<f32>| NamedArray {
            name,
            shape,
            values,
        };
        let mut arrays = Vec::new();
        for (i, layer) in self.mlp.layers.iter().enumerate() {
            let shape = vec![layer.output_size, layer.input_size];
            let weight = transpose(&layer.weight, layer.input_size, layer.output_size);
            arrays.push(array(weight_name(i), shape, weight));
            let bias = layer.bias.clone();
            arrays.push(array(bias_name(i), vec![layer.output_size], bias));
        }
        if let Some(log_std) = &self.log_std {
            let shape = vec![log_std.len()];
            arrays.push(array(LOG_STD.into(), shape, log_std.clone()));
        }
        let mut metadata = vec![
            ("activation".into(), self.mlp.activation.name().into()),
            (
                "output_activation".into(),
                self.mlp.output_activation.name().into(),
            ),
        ];
        metadata.extend(describe(&self.head));
        PolicyRecord { arrays, metadata }
    }
}

/// The metadata of a policy's distribution and of its actions.
pub(crate) fn describe(head: &Head) -> [(String, String); 3] {
    let (low, high) = match head.space() {
        Space::Discrete(space) => ("[0]".into(), format!("[{}]", space.n() - 1)),
        Space::Box(space) => (format_list(space.low()), format_list(space.high())),
    };
    [
        ("distribution".into(), head.kind().name().into()),
        ("action_low".into(), low),
        ("action_high".into(), high),
    ]
}

//! Arrays and metadata of a policy's weights.

use rl_core::{NamedArray, PolicyRecord, Space};

use super::layout::{
    LOG_STD, POLICY, VALUE, VALUE_ACTIVATION, bias_name, format_list, norm_bias_name,
    norm_weight_name, transpose, weight_name,
};
use crate::{Head, LayerWeights, MlpWeights, PolicyWeights};

impl PolicyWeights {
    /// The arrays of a policy file, and the metadata that tells what they are.
    pub fn record(&self) -> PolicyRecord {
        let mut arrays = layers(POLICY, &self.mlp.layers);
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

impl MlpWeights {
    /// The arrays and the metadata of a policy file for the value function that these are the weights of: they stand
    /// beside those of the policy.
    pub fn value_record(&self) -> PolicyRecord {
        PolicyRecord {
            arrays: layers(VALUE, &self.layers),
            metadata: vec![(VALUE_ACTIVATION.into(), self.activation.name().into())],
        }
    }
}

/// The arrays of a network's layers.
fn layers(network: &str, layers: &[LayerWeights]) -> Vec<NamedArray> {
    let mut arrays = Vec::with_capacity(2 * layers.len());
    for (i, layer) in layers.iter().enumerate() {
        let vector = |name, values: &[f32]| array(name, vec![values.len()], values.to_vec());
        let shape = vec![layer.output_size, layer.input_size];
        let weight = transpose(&layer.weight, layer.input_size, layer.output_size);
        arrays.push(array(weight_name(network, i), shape, weight));
        arrays.push(vector(bias_name(network, i), &layer.bias));
        if let Some(norm) = &layer.norm {
            arrays.push(vector(norm_weight_name(network, i), &norm.scale));
            arrays.push(vector(norm_bias_name(network, i), &norm.offset));
        }
    }
    arrays
}

fn array(name: String, shape: Vec<usize>, values: Vec<f32>) -> NamedArray {
    NamedArray {
        name,
        shape,
        values,
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

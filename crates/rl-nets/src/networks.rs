//! What learns: a policy, a value function, or both, as plain numbers on the host.

use crate::distribution::Head;
use crate::{LayerWeights, MlpWeights, PolicyWeights};

/// The weights of a policy, of a value function, or of both.
///
/// They are held the way they are computed: one multi-layer perceptron per network, and for a
/// shared trunk a single one whose last output is the value. The flat order of the parameters is
/// that of the perceptrons, each layer by layer (weight, then bias), with `ln σ` after the first.
#[derive(Clone, Debug, PartialEq)]
pub struct Networks {
    /// The policy, the value function, or the policy and then the value function.
    mlps: Vec<MlpWeights>,
    log_std: Option<Vec<f32>>,
    head: Option<Head>,
    has_value: bool,
}

impl Networks {
    /// A policy alone.
    ///
    /// # Panics
    /// If the network or `ln σ` is not what the head of the weights asks for.
    pub fn policy(policy: PolicyWeights) -> Self {
        policy.assert_fit();
        let PolicyWeights { mlp, head, log_std } = policy;
        Self {
            mlps: vec![mlp],
            log_std,
            head: Some(head),
            has_value: false,
        }
    }

    /// A value function alone: a network with one output.
    ///
    /// # Panics
    /// If it has more.
    pub fn value(value: MlpWeights) -> Self {
        assert_eq!(value.output_size(), 1, "a value is one number");
        Self {
            mlps: vec![value],
            log_std: None,
            head: None,
            has_value: true,
        }
    }

    /// A policy and a value function that share no layer.
    ///
    /// # Panics
    /// If the value function has more than one output.
    pub fn separate(policy: PolicyWeights, value: MlpWeights) -> Self {
        let mut networks = Self::policy(policy);
        networks.mlps.extend(Self::value(value).mlps);
        networks.has_value = true;
        networks
    }

    /// A policy whose last hidden layer also feeds a value, through a layer with one output.
    ///
    /// # Panics
    /// If the layer has more outputs, or other inputs than the policy's output layer.
    pub fn shared(policy: PolicyWeights, value: &LayerWeights) -> Self {
        let mut networks = Self::policy(policy);
        networks.has_value = true;
        if let Some(output) = networks
            .mlps
            .iter_mut()
            .flat_map(|mlp| &mut mlp.layers)
            .last()
        {
            assert_eq!(
                (value.input_size, value.output_size),
                (output.input_size, 1),
                "a value head has the inputs of the output layer and one output"
            );
            let rows = output.weight.chunks_exact(output.output_size);
            output.weight = rows
                .zip(&value.weight)
                .flat_map(|(row, &w)| row.iter().copied().chain([w]))
                .collect();
            output.bias.extend(&value.bias);
            output.output_size += 1;
        }
        networks
    }

    /// The policy, if there is one.
    pub fn policy_weights(&self) -> Option<PolicyWeights> {
        let head = self.head.clone()?;
        let outputs = head.outputs();
        Some(PolicyWeights {
            mlp: columns(self.mlps.first()?, 0, outputs),
            head,
            log_std: self.log_std.clone(),
        })
    }

    /// The value function as a network of its own, if there is one.
    pub fn value_weights(&self) -> Option<MlpWeights> {
        let mlp = self.mlps.last().filter(|_| self.has_value)?;
        Some(columns(mlp, mlp.output_size() - 1, mlp.output_size()))
    }

    /// The perceptrons as they are computed: the policy's, then the value function's if it is
    /// another one.
    pub fn mlps(&self) -> &[MlpWeights] {
        &self.mlps
    }

    /// What turns the outputs of the first perceptron into actions, if there is a policy.
    pub fn head(&self) -> Option<&Head> {
        self.head.as_ref()
    }

    /// `ln σ` where it is a parameter; empty where it is not.
    pub fn log_std(&self) -> &[f32] {
        self.log_std.as_deref().unwrap_or_default()
    }

    /// Whether there is a value function: the last output of the last perceptron.
    pub fn has_value(&self) -> bool {
        self.has_value
    }

    /// Numbers per observation.
    pub fn observation_dim(&self) -> usize {
        self.mlps.first().map_or(0, MlpWeights::input_size)
    }

    /// Number of parameters.
    pub fn len(&self) -> usize {
        self.parameters().map(<[f32]>::len).sum()
    }

    /// Whether there is no parameter.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The parameters in their flat order.
    pub fn parameters(&self) -> impl Iterator<Item = &[f32]> {
        let (first, rest) = self.mlps.split_at(1.min(self.mlps.len()));
        let of =
            |mlps| <[MlpWeights]>::iter(mlps).flat_map(|mlp| mlp.layers.iter().flat_map(tensors));
        of(first).chain(self.log_std.as_deref()).chain(of(rest))
    }

    /// The parameters in the same order, to be changed.
    pub fn parameters_mut(&mut self) -> impl Iterator<Item = &mut [f32]> {
        let first = 1.min(self.mlps.len());
        let (first, rest) = self.mlps.split_at_mut(first);
        let of = |mlps| {
            <[MlpWeights]>::iter_mut(mlps)
                .flat_map(|mlp| &mut mlp.layers)
                .flat_map(|layer| [layer.weight.as_mut_slice(), layer.bias.as_mut_slice()])
        };
        of(first).chain(self.log_std.as_deref_mut()).chain(of(rest))
    }

    /// All parameters as one vector, `[len]`.
    pub fn flat(&self) -> Vec<f32> {
        self.parameters().flatten().copied().collect()
    }

    /// Sets all parameters from one vector, `[len]`.
    ///
    /// # Panics
    /// If it has another length.
    pub fn set_flat(&mut self, flat: &[f32]) {
        assert_eq!(flat.len(), self.len(), "one number per parameter");
        let mut rest = flat;
        for parameter in self.parameters_mut() {
            let (values, others) = rest.split_at(parameter.len());
            parameter.copy_from_slice(values);
            rest = others;
        }
    }
}

impl From<PolicyWeights> for Networks {
    fn from(policy: PolicyWeights) -> Self {
        Self::policy(policy)
    }
}

fn tensors(layer: &LayerWeights) -> [&[f32]; 2] {
    [&layer.weight, &layer.bias]
}

/// The network whose outputs are `start..stop` of this one's.
fn columns(mlp: &MlpWeights, start: usize, stop: usize) -> MlpWeights {
    let mut mlp = mlp.clone();
    if let Some(output) = mlp.layers.last_mut() {
        let rows = output.weight.chunks_exact(output.output_size);
        output.weight = rows.flat_map(|row| &row[start..stop]).copied().collect();
        output.bias = output.bias[start..stop].to_vec();
        output.output_size = stop - start;
    }
    mlp
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MlpConfig, PolicyConfig};
    use rl_core::{BoxSpace, Space, Stream};

    fn policy() -> PolicyWeights {
        let space = Space::Box(BoxSpace::symmetric(&[1.0, 2.0]).unwrap());
        PolicyConfig::new(3, &space).draw(&mut Stream::from_seed(0))
    }

    fn value() -> MlpWeights {
        MlpConfig::new(3, 1).draw(&mut Stream::from_seed(1))
    }

    #[test]
    fn networks_come_apart_as_they_were_put_together() {
        let head = value().layers.pop().unwrap();
        let shared = Networks::shared(policy(), &head);
        assert_eq!(shared.policy_weights(), Some(policy()));
        assert_eq!(shared.value_weights().unwrap().layers.pop(), Some(head));
        let separate = Networks::separate(policy(), value());
        assert_eq!(separate.policy_weights(), Some(policy()));
        assert_eq!(separate.value_weights(), Some(value()));
        assert_eq!(Networks::policy(policy()).value_weights(), None);
        assert_eq!(Networks::value(value()).policy_weights(), None);
    }

    #[test]
    fn flat_parameters_have_the_log_deviation_after_the_first_network() {
        let mut networks = Networks::separate(policy(), value());
        let count = |mlp: &MlpWeights| mlp.layers.iter().flat_map(tensors).map(<[f32]>::len).sum();
        let first: usize = count(&policy().mlp);
        let second: usize = count(&value());
        assert_eq!(networks.len(), first + 2 + second);
        let mut flat = networks.flat();
        flat[first] = 7.0;
        flat[first + 2] = 9.0;
        networks.set_flat(&flat);
        assert_eq!(networks.log_std()[0], 7.0);
        assert_eq!(networks.value_weights().unwrap().layers[0].weight[0], 9.0);
        assert_eq!(networks.flat(), flat);
    }
}

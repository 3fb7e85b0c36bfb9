//! Networks that learn: a policy, a value function, or both, as plain numbers on the host.

use crate::distribution::Head;
use crate::{LayerWeights, MlpWeights, NetworkWeights, PolicyWeights};

/// Weights of a policy, of a value function, or of both.
///
/// A policy and a value function with shared hidden layers are a single network, whose last output
/// is the value. The flat order of the parameters is that of the networks, those of a perceptron
/// layer by layer ([`LayerWeights::parameters`]), with `ln σ` after the first network.
#[derive(Clone, Debug, PartialEq)]
pub struct Networks {
    /// One network, or that of the policy and then that of the value function.
    networks: Vec<NetworkWeights>,
    log_std: Option<Vec<f32>>,
    head: Option<Head>,
    has_value: bool,
}

/// Network that does not fit beside the others: its inputs are not the policy's, or its outputs not
/// what its head asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the network of the {of} has {found} {side}; {expected} are needed")]
pub struct NetworkSizeError {
    /// `policy`, `policy and its value` or `value function`.
    pub of: &'static str,
    /// `inputs` or `outputs`.
    pub side: &'static str,
    /// Number of these.
    pub found: usize,
    /// Number that is needed.
    pub expected: usize,
}

impl NetworkSizeError {
    fn check(
        of: &'static str,
        side: &'static str,
        found: usize,
        expected: usize,
    ) -> Result<(), Self> {
        if found == expected {
            return Ok(());
        }
        Err(Self {
            of,
            side,
            found,
            expected,
        })
    }
}

/// Name of a network in errors.
const VALUE: &str = "value function";

impl Networks {
    /// A policy and, where there is one, a value function, which may be modules of a user's own.
    /// With `shares_value`, the last output of the policy's network is the value.
    ///
    /// # Errors
    /// [`NetworkSizeError`].
    ///
    /// # Panics
    /// If `ln σ` is not what the head asks for.
    pub fn assemble(
        policy: NetworkWeights,
        (head, log_std): (Head, Option<Vec<f32>>),
        value: Option<NetworkWeights>,
        shares_value: bool,
    ) -> Result<Self, NetworkSizeError> {
        let dims = head.has_log_std().then(|| head.action_dim());
        assert_eq!(log_std.as_ref().map(Vec::len), dims, "ln σ of the head");
        let (of, outputs) = if shares_value {
            ("policy and its value", head.outputs() + 1)
        } else {
            ("policy", head.outputs())
        };
        NetworkSizeError::check(of, "outputs", policy.output_size(), outputs)?;
        if let Some(value) = &value {
            NetworkSizeError::check(VALUE, "inputs", value.input_size(), policy.input_size())?;
            NetworkSizeError::check(VALUE, "outputs", value.output_size(), 1)?;
        }
        Ok(Self {
            has_value: shares_value || value.is_some(),
            networks: [policy].into_iter().chain(value).collect(),
            log_std,
            head: Some(head),
        })
    }

    /// A policy alone.
    ///
    /// # Panics
    /// If the network or `ln σ` is not what the head of the weights asks for.
    pub fn policy(policy: PolicyWeights) -> Self {
        policy.assert_fit();
        let PolicyWeights { mlp, head, log_std } = policy;
        Self {
            networks: vec![NetworkWeights::Mlp(mlp)],
            log_std,
            head: Some(head),
            has_value: false,
        }
    }

    /// A value function alone, a network with one output.
    ///
    /// # Errors
    /// [`NetworkSizeError`] for another number of outputs.
    pub fn value(value: MlpWeights) -> Result<Self, NetworkSizeError> {
        NetworkSizeError::check(VALUE, "outputs", value.output_size(), 1)?;
        Ok(Self {
            networks: vec![NetworkWeights::Mlp(value)],
            log_std: None,
            head: None,
            has_value: true,
        })
    }

    /// A policy and a value function that share no layer.
    ///
    /// # Errors
    /// [`NetworkSizeError`] if the value function has other inputs than the policy, or more than one
    /// output.
    ///
    /// # Panics
    /// As [`policy`](Self::policy).
    pub fn separate(policy: PolicyWeights, value: MlpWeights) -> Result<Self, NetworkSizeError> {
        policy.assert_fit();
        let PolicyWeights { mlp, head, log_std } = policy;
        let value = Some(NetworkWeights::Mlp(value));
        Self::assemble(NetworkWeights::Mlp(mlp), (head, log_std), value, false)
    }

    /// A policy whose last hidden layer also feeds a value, through a layer with one output.
    ///
    /// # Errors
    /// [`NetworkSizeError`] if the layer has more outputs, or other inputs than the policy's output
    /// layer.
    ///
    /// # Panics
    /// As [`policy`](Self::policy).
    pub fn shared(policy: PolicyWeights, value: &LayerWeights) -> Result<Self, NetworkSizeError> {
        let mut networks = Self::policy(policy);
        networks.has_value = true;
        if let [NetworkWeights::Mlp(mlp)] = networks.networks.as_mut_slice()
            && let Some(output) = mlp.layers.last_mut()
        {
            NetworkSizeError::check(VALUE, "inputs", value.input_size, output.input_size)?;
            NetworkSizeError::check(VALUE, "outputs", value.output_size, 1)?;
            let rows = output.weight.chunks_exact(output.output_size);
            output.weight = rows
                .zip(&value.weight)
                .flat_map(|(row, &w)| row.iter().copied().chain([w]))
                .collect();
            output.bias.extend(&value.bias);
            output.output_size += 1;
        }
        Ok(networks)
    }

    /// The policy and the value function as networks of their own.
    ///
    /// # Panics
    /// If they share layers, or there is no policy.
    pub fn split(self) -> (Self, Option<Self>) {
        let shared = self.has_value && self.networks.len() == 1;
        assert!(!shared && self.head.is_some(), "networks that come apart");
        let mut networks = self.networks;
        let value = networks.split_off(1);
        let value = (!value.is_empty()).then_some(Self {
            networks: value,
            log_std: None,
            head: None,
            has_value: true,
        });
        let policy = Self {
            networks,
            has_value: false,
            ..self
        };
        (policy, value)
    }

    /// The policy as a perceptron, action values of any form folded into plain ones; `None` if there is none, or if it
    /// is a module of a user's own.
    pub fn policy_weights(&self) -> Option<PolicyWeights> {
        let head = self.head.as_ref()?;
        let mlp = columns(self.networks.first()?.mlp()?, 0, head.outputs());
        let plain = head.plain();
        Some(PolicyWeights {
            mlp: mlp.into_action_values(head.form(), plain.outputs()),
            head: plain,
            log_std: self.log_std.clone(),
        })
    }

    /// The value function as a perceptron of its own; `None` if there is none, or if it is a module
    /// of a user's own.
    pub fn value_weights(&self) -> Option<MlpWeights> {
        let mlp = self.networks.last().filter(|_| self.has_value)?.mlp()?;
        Some(columns(mlp, mlp.output_size() - 1, mlp.output_size()))
    }

    /// The networks: the policy's, then the value function's where it shares no layer.
    pub fn networks(&self) -> &[NetworkWeights] {
        &self.networks
    }

    /// The networks as multi-layer perceptrons; `None` if one is a module of a user's own.
    pub fn mlps(&self) -> Option<Vec<&MlpWeights>> {
        self.networks.iter().map(NetworkWeights::mlp).collect()
    }

    /// Head of the policy, which turns the outputs of the first network into actions; `None`
    /// without a policy.
    pub fn head(&self) -> Option<&Head> {
        self.head.as_ref()
    }

    /// `ln σ`, `[action_dim]`; empty where it is not a parameter.
    pub fn log_std(&self) -> &[f32] {
        self.log_std.as_deref().unwrap_or_default()
    }

    /// Returns `true` if there is a value function: the last output of the last network.
    pub fn has_value(&self) -> bool {
        self.has_value
    }

    /// Numbers per observation.
    pub fn observation_dim(&self) -> usize {
        self.networks.first().map_or(0, NetworkWeights::input_size)
    }

    /// Number of parameters.
    pub fn len(&self) -> usize {
        self.parameters().map(<[f32]>::len).sum()
    }

    /// Returns `true` if there is no parameter.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Parameters in their flat order, one slice per tensor.
    pub fn parameters(&self) -> impl Iterator<Item = &[f32]> {
        let (first, rest) = self.networks.split_at(1.min(self.networks.len()));
        let of = |networks| <[NetworkWeights]>::iter(networks).flat_map(NetworkWeights::parameters);
        of(first).chain(self.log_std.as_deref()).chain(of(rest))
    }

    /// Mutable parameters in their flat order, one slice per tensor.
    pub fn parameters_mut(&mut self) -> impl Iterator<Item = &mut [f32]> {
        let first = 1.min(self.networks.len());
        let (first, rest) = self.networks.split_at_mut(first);
        let of = |networks| {
            <[NetworkWeights]>::iter_mut(networks).flat_map(NetworkWeights::parameters_mut)
        };
        of(first).chain(self.log_std.as_deref_mut()).chain(of(rest))
    }

    /// All parameters as one vector, `[len]`.
    pub fn flat(&self) -> Vec<f32> {
        <Vec<&[f32]>>::from_iter(self.parameters()).concat()
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

/// The network with only the outputs `start..stop`.
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
        let space = Space::Box(BoxSpace::symmetric([1.0, 2.0]));
        PolicyConfig::new(3, &space).draw(&mut Stream::from_seed(0))
    }

    fn value() -> MlpWeights {
        MlpConfig::new(3, 1).draw(&mut Stream::from_seed(1))
    }

    #[test]
    fn networks_come_apart_as_they_were_put_together() {
        let head = value().layers.pop().unwrap();
        let shared = Networks::shared(policy(), &head).unwrap();
        assert_eq!(shared.policy_weights(), Some(policy()));
        assert_eq!(shared.value_weights().unwrap().layers.pop(), Some(head));
        let separate = Networks::separate(policy(), value()).unwrap();
        assert_eq!(separate.policy_weights(), Some(policy()));
        assert_eq!(separate.value_weights(), Some(value()));
        assert_eq!(Networks::policy(policy()).value_weights(), None);
        let alone = Networks::value(value()).unwrap();
        assert_eq!(alone.policy_weights(), None);
    }

    #[test]
    fn flat_parameters_have_the_log_deviation_after_the_first_network() {
        let mut networks = Networks::separate(policy(), value()).unwrap();
        let first = Networks::policy(policy()).len() - 2;
        let second = Networks::value(value()).unwrap().len();
        assert_eq!(networks.len(), first + 2 + second);
        let mut flat = networks.flat();
        flat[first] = 7.0;
        flat[first + 2] = 9.0;
        networks.set_flat(&flat);
        assert_eq!(networks.log_std()[0], 7.0);
        assert_eq!(networks.value_weights().unwrap().layers[0].weight[0], 9.0);
        assert_eq!(networks.flat(), flat);
    }

    #[test]
    fn a_value_function_that_does_not_fit_is_an_error_with_both_sizes() {
        let mut rng = Stream::from_seed(1);
        let mut draw = |inputs, outputs| MlpConfig::new(inputs, outputs).draw(&mut rng);
        let (wide, two) = (draw(5, 1), draw(3, 2));
        let (mut head, mut short) = (value().layers.remove(2), value().layers.remove(2));
        let output = short.input_size;
        (head.output_size, short.input_size) = (2, output - 1);
        for (result, message) in [
            (Networks::separate(policy(), wide), "5 inputs; 3 are needed"),
            (
                Networks::separate(policy(), two.clone()),
                "2 outputs; 1 are needed",
            ),
            (Networks::value(two), "2 outputs; 1 are needed"),
            (Networks::shared(policy(), &head), "2 outputs; 1 are needed"),
            (
                Networks::shared(policy(), &short),
                "63 inputs; 64 are needed",
            ),
        ] {
            let error = result.unwrap_err().to_string();
            assert_eq!(
                error,
                format!("the network of the value function has {message}")
            );
        }
    }
}

//! Policies that no longer learn: what actors share.

use rl_core::{NamedArray, PolicyRecord};

#[cfg(feature = "burn")]
use crate::ModuleWeights;
use crate::PolicyWeights;
use crate::distribution::Head;
use crate::host::{HostMlp, Tape};
use crate::policy_file::{LOG_STD, describe};

/// Policy as its clones share it.
#[derive(Debug)]
pub(crate) struct FrozenPolicy {
    pub head: Head,
    /// `ln σ`, `[action_dim]`; empty where it is not a parameter.
    pub log_std: Vec<f32>,
    /// Numbers that the network takes per observation.
    pub input_size: usize,
    /// Network on the host; `None` for a module.
    pub host: Option<HostPolicy>,
    /// Parameters of a module.
    arrays: Vec<NamedArray>,
}

/// Perceptron of a policy, evaluated on the host.
#[derive(Debug)]
pub(crate) struct HostPolicy {
    pub mlp: HostMlp,
    pub weights: PolicyWeights,
}

impl FrozenPolicy {
    pub fn of_weights(weights: &PolicyWeights) -> Self {
        Self {
            head: weights.head.clone(),
            log_std: weights.log_std.clone().unwrap_or_default(),
            input_size: weights.mlp.input_size(),
            host: Some(HostPolicy {
                mlp: HostMlp::to_evaluate(&weights.mlp),
                weights: weights.clone(),
            }),
            arrays: Vec::new(),
        }
    }

    #[cfg(feature = "burn")]
    pub fn of_module(module: &ModuleWeights, head: &Head, log_std: &[f32]) -> Self {
        Self {
            head: head.clone(),
            log_std: log_std.to_vec(),
            input_size: module.input_size(),
            host: None,
            arrays: module.arrays(),
        }
    }

    /// Writes the outputs of a perceptron.
    pub fn evaluate(&self, inputs: &[f32], outputs: &mut [f32], tape: &mut Tape) {
        match &self.host {
            Some(host) => host.mlp.evaluate(inputs, outputs, tape),
            None => outputs.fill(f32::NAN),
        }
    }

    /// The arrays of the policy's file, those of a module by their names in it.
    pub fn record(&self) -> PolicyRecord {
        if let Some(host) = &self.host {
            return host.weights.record();
        }
        let mut arrays = self.arrays.clone();
        for array in &mut arrays {
            array.name = format!("policy.{}", array.name);
        }
        if !self.log_std.is_empty() {
            arrays.push(NamedArray {
                name: LOG_STD.into(),
                shape: vec![self.log_std.len()],
                values: self.log_std.clone(),
            });
        }
        let mut metadata = vec![("network".into(), "module".into())];
        metadata.extend(describe(&self.head));
        PolicyRecord { arrays, metadata }
    }
}

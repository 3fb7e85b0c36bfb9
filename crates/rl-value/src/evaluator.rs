//! Evaluation of a network of action values whose parameters move.

use rl_core::BoxError;
use rl_nets::host::{HostMlp, Tape};
use rl_nets::{Actor, NetworkWeights, Networks};

use crate::GreedyPolicy;

/// Action values of a network as it was last followed. A perceptron takes new parameters in place; a
/// module of one's own is copied.
pub(crate) struct Evaluator {
    network: Evaluated,
    inputs: usize,
    actions: usize,
}

enum Evaluated {
    Mlp(Box<(HostMlp, Tape)>),
    Module(Box<GreedyPolicy>),
}

impl Evaluator {
    /// Evaluation of a network as it is now.
    pub fn new(networks: &Networks) -> Result<Self, BoxError> {
        let policy = greedy(networks)?;
        Ok(Self {
            inputs: networks.observation_dim(),
            actions: policy.actions(),
            network: match networks.networks().first() {
                Some(NetworkWeights::Mlp(mlp)) => {
                    Evaluated::Mlp(Box::new((HostMlp::new(mlp), Tape::default())))
                }
                _ => Evaluated::Module(Box::new(policy)),
            },
        })
    }

    /// Takes the parameters of the network, which are `flat` in their flat order.
    pub fn follow(&mut self, networks: &Networks, flat: &[f32]) -> Result<(), BoxError> {
        match &mut self.network {
            Evaluated::Mlp(mlp) => mlp.0.set_parameters(flat),
            Evaluated::Module(policy) => **policy = greedy(networks)?,
        }
        Ok(())
    }

    /// Writes the values `[n, actions]` of inputs `[n, inputs]`.
    pub fn evaluate(&mut self, inputs: &[f32], values: &mut Vec<f32>) {
        values.resize(inputs.len() / self.inputs * self.actions, 0.0);
        match &mut self.network {
            Evaluated::Mlp(mlp) => {
                let (mlp, tape) = &mut **mlp;
                mlp.evaluate(inputs, values, tape);
            }
            Evaluated::Module(policy) => policy.values(inputs, values),
        }
    }
}

/// The greedy policy of a network of action values.
pub(crate) fn greedy(networks: &Networks) -> Result<GreedyPolicy, BoxError> {
    let outputs = networks.head().map(|head| head.outputs());
    let policy = Actor::of(networks).zip(outputs);
    let (actor, actions) = policy.ok_or("networks without action values")?;
    Ok(GreedyPolicy::new(actor, actions))
}

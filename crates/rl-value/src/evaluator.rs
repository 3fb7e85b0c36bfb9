//! Evaluation of a network of action values whose parameters move.

use rl_core::BoxError;
use rl_nets::host::{HostMlp, Tape};
use rl_nets::{ActionValueForm, Actor, Head, NetworkWeights, Networks};

use crate::GreedyPolicy;

/// Action values of a network as it was last followed, as quantiles where it learns these. A perceptron takes new parameters in place; a
/// module of one's own is copied.
pub(crate) struct Evaluator {
    network: Evaluated,
    inputs: usize,
    actions: usize,
    form: ActionValueForm,
    outputs: Vec<f32>,
}

enum Evaluated {
    Mlp(Box<(HostMlp, Tape)>),
    Module(Box<(Networks, GreedyPolicy)>),
}

impl Evaluator {
    /// Evaluation of a network as it is now.
    pub fn new(networks: &Networks) -> Result<Self, BoxError> {
        let policy = greedy(networks)?;
        Ok(Self {
            inputs: networks.observation_dim(),
            actions: policy.actions(),
            form: networks.head().map(Head::form).unwrap_or_default(),
            outputs: Vec::new(),
            network: match networks.networks().first() {
                Some(NetworkWeights::Mlp(mlp)) => {
                    Evaluated::Mlp(Box::new((HostMlp::to_evaluate(mlp), Tape::default())))
                }
                _ => Evaluated::Module(Box::new((networks.clone(), policy))),
            },
        })
    }

    /// Takes the parameters of the network in their flat order.
    pub fn follow(&mut self, flat: &[f32]) -> Result<(), BoxError> {
        match &mut self.network {
            Evaluated::Mlp(mlp) => mlp.0.set_parameters(flat),
            Evaluated::Module(module) => {
                let (networks, policy) = &mut **module;
                networks.set_flat(flat);
                *policy = greedy(networks)?;
            }
        }
        Ok(())
    }

    /// Writes the quantiles `[n, actions, quantiles]` of inputs `[n, inputs]`: the values, where no distribution is
    /// learned.
    pub fn evaluate(&mut self, inputs: &[f32], quantiles: &mut Vec<f32>) {
        let (n, actions) = (inputs.len() / self.inputs, self.actions);
        quantiles.resize(n * actions * self.form.quantiles(), 0.0);
        match &mut self.network {
            Evaluated::Mlp(mlp) => {
                let (mlp, tape) = &mut **mlp;
                if self.form != ActionValueForm::Dueling {
                    return mlp.evaluate(inputs, quantiles, tape);
                }
                let width = self.form.outputs(actions);
                self.outputs.resize(n * width, 0.0);
                mlp.evaluate(inputs, &mut self.outputs, tape);
                let rows = self.outputs.chunks_exact(width);
                for (outputs, values) in rows.zip(quantiles.chunks_exact_mut(actions)) {
                    self.form.values(outputs, values);
                }
            }
            Evaluated::Module(module) => module.1.values(inputs, quantiles),
        }
    }
}

/// The greedy policy of a network of action values.
pub(crate) fn greedy(networks: &Networks) -> Result<GreedyPolicy, BoxError> {
    let actions = networks.head().map(|head| head.plain().outputs());
    let policy = Actor::of(networks).zip(actions);
    let (actor, actions) = policy.ok_or("networks without action values")?;
    Ok(GreedyPolicy::new(actor, actions))
}

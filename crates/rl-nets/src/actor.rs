//! Actors: frozen policies that act.

use std::sync::Arc;

use rl_core::{ActionChoice, Policy, PolicyRecord, SavedPolicy, Stream, Threads};

use crate::PolicyWeights;
use crate::distribution::DistributionKind;
use crate::encoding::one_hot;
use crate::frozen_policy::FrozenPolicy;
use crate::host::Tape;
#[cfg(feature = "burn")]
use crate::module_policy::ModulePolicy;
#[cfg(feature = "burn")]
use crate::{NetworkWeights, Networks};

/// Frozen copy of a policy that acts on plain numbers. A perceptron is evaluated on the host: without
/// tensors, and without allocation after the first batch of a size. A module of a user's own is
/// evaluated on its device.
///
/// The same weights and the same random stream give the same actions, whatever device the policy
/// learns on, and the action of a perceptron does not depend on the other observations of its batch.
/// Clones share the weights and have scratch memory of their own.
///
/// An observation of one number, for a network with more inputs, is the index of an element of a
/// discrete space; the network sees it one-hot. Observations that are not finite, no index or of another
/// length, and outputs that are not finite give the action NaN, which environments refuse.
#[derive(Debug)]
pub struct Actor {
    policy: Arc<FrozenPolicy>,
    /// Network of a policy that is a module.
    module: Option<ModulePolicy>,
    choice: ActionChoice,
    scratch: Scratch,
}

/// Without Burn, no policy is a module.
#[cfg(not(feature = "burn"))]
#[derive(Clone, Debug)]
enum ModulePolicy {}

#[cfg(not(feature = "burn"))]
impl ModulePolicy {
    fn evaluate(&self, _inputs: &[f32], _input_size: usize, _outputs: &mut [f32]) {
        match *self {}
    }
}

/// Scratch memory for a batch of observations.
#[derive(Debug, Default)]
struct Scratch {
    tape: Tape,
    inputs: Vec<f32>,
    outputs: Vec<f32>,
}

impl Clone for Actor {
    fn clone(&self) -> Self {
        Self {
            policy: Arc::clone(&self.policy),
            module: self.module.clone(),
            choice: self.choice,
            scratch: Scratch::default(),
        }
    }
}

impl Actor {
    /// An actor that samples from the policy with these weights.
    ///
    /// # Panics
    /// If the network or `ln σ` is not what the head of the weights asks for.
    pub fn new(weights: &PolicyWeights) -> Self {
        weights.assert_fit();
        Self {
            policy: Arc::new(FrozenPolicy::of_weights(weights)),
            module: None,
            choice: ActionChoice::Sample,
            scratch: Scratch::default(),
        }
    }

    /// An actor that samples from the policy among networks; `None` if there is none.
    #[cfg(feature = "burn")]
    pub fn of(networks: &Networks) -> Option<Self> {
        match networks.networks().first()? {
            NetworkWeights::Mlp(_) => Some(Self::new(&networks.policy_weights()?)),
            NetworkWeights::Module(module) => {
                let head = networks.head()?;
                let policy = FrozenPolicy::of_module(module, head, networks.log_std());
                Some(Self {
                    policy: Arc::new(policy),
                    module: Some(ModulePolicy::new(module, head)),
                    choice: ActionChoice::Sample,
                    scratch: Scratch::default(),
                })
            }
        }
    }

    /// Replaces the way actions are chosen from the distribution.
    #[must_use]
    pub fn with_choice(mut self, choice: ActionChoice) -> Self {
        self.choice = choice;
        self
    }

    /// Kind of distribution of the actions.
    pub fn distribution(&self) -> DistributionKind {
        self.policy.head.kind()
    }

    /// The weights of the policy; `None` for a module of a user's own.
    pub fn weights(&self) -> Option<&PolicyWeights> {
        self.policy.host.as_ref().map(|host| &host.weights)
    }

    /// Writes the network's outputs, `[n, outputs]`, for a batch of observations,
    /// `[n, observation_dim]`: NaN if the device of a module fails.
    ///
    /// # Panics
    /// If `outputs` has another number of rows.
    pub fn evaluate(&mut self, observations: &[f32], outputs: &mut [f32]) {
        let Scratch { tape, inputs, .. } = &mut self.scratch;
        let policy = &*self.policy;
        let (size, width) = (policy.input_size, policy.head.outputs());
        let is_index = observations.len() * width == outputs.len();
        let observations = if is_index && size > 1 {
            inputs.clear();
            one_hot(observations, size, inputs);
            inputs.as_slice()
        } else {
            observations
        };
        match (&policy.host, &self.module) {
            (Some(host), _) => host.mlp.evaluate(observations, outputs, tape),
            (None, Some(module)) => module.evaluate(observations, size, outputs),
            (None, None) => outputs.fill(f32::NAN),
        }
    }

    /// Mean of `KL(self ‖ other)`, in nats, over a batch of inputs of the network, `[n, input_size]`.
    /// The result has the same bits for any number of threads.
    ///
    /// # Panics
    /// If the two actors have different heads.
    pub fn mean_kl(&self, other: &Self, inputs: &[f32], threads: &Threads) -> f64 {
        let [p, q] = [self, other].map(|actor| &*actor.policy);
        assert_eq!(
            p.head, q.head,
            "a divergence is between distributions of one kind over one space"
        );
        mean([self, other], inputs, threads, |[of_p, of_q]| {
            p.head.kl(of_p, &p.log_std, of_q, &q.log_std)
        })
    }

    /// Mean entropy, in nats, over a batch of inputs of the network, `[n, input_size]`. The result
    /// has the same bits for any number of threads.
    pub fn mean_entropy(&self, inputs: &[f32], threads: &Threads) -> f64 {
        let FrozenPolicy { head, log_std, .. } = &*self.policy;
        mean([self], inputs, threads, |[output]| {
            head.entropy(output, log_std)
        })
    }
}

/// Mean of a number over inputs of networks of one size, from the outputs of each of the actors.
fn mean<const N: usize>(
    actors: [&Actor; N],
    inputs: &[f32],
    threads: &Threads,
    number: impl Fn([&[f32]; N]) -> f32 + Sync,
) -> f64 {
    let policies = actors.map(|actor| &*actor.policy);
    let (dim, width) = (policies[0].input_size, policies[0].head.outputs());
    let mut sums = vec![0.0; inputs.len().div_ceil(SUM_ROWS * dim)];
    if actors.iter().all(|actor| actor.module.is_none()) {
        let share = sums.len().div_ceil(threads.count()).max(1);
        let rows = inputs.chunks(share * SUM_ROWS * dim);
        threads.map(sums.chunks_mut(share).zip(rows), |(sums, rows)| {
            let mut tape = Tape::default();
            let evaluate = |which: usize, rows: &[f32], outputs: &mut [f32]| {
                policies[which].evaluate(rows, outputs, &mut tape);
            };
            sum(evaluate, (dim, width), &number, rows, sums);
        });
    } else {
        // Modules are evaluated by the caller alone: they are not for several threads.
        let mut actors = actors.map(Actor::clone);
        let evaluate = |which: usize, rows: &[f32], outputs: &mut [f32]| {
            actors[which].evaluate(rows, outputs);
        };
        sum(evaluate, (dim, width), &number, inputs, &mut sums);
    }
    sums.iter().sum::<f64>() / (inputs.len() / dim).max(1) as f64
}

/// Inputs whose numbers are summed before they are added to the others'.
const SUM_ROWS: usize = 512;

/// Writes the sums over each [`SUM_ROWS`] inputs; `evaluate` writes the outputs of the actor with an
/// index.
fn sum<const N: usize>(
    mut evaluate: impl FnMut(usize, &[f32], &mut [f32]),
    (dim, width): (usize, usize),
    number: impl Fn([&[f32]; N]) -> f32,
    inputs: &[f32],
    sums: &mut [f64],
) {
    let mut outputs = [const { Vec::new() }; N];
    for (sum, rows) in sums.iter_mut().zip(inputs.chunks(SUM_ROWS * dim)) {
        let n = rows.len() / dim;
        for (which, outputs) in outputs.iter_mut().enumerate() {
            outputs.resize(n * width, 0.0);
            evaluate(which, rows, outputs);
        }
        let of_row = |i: usize| {
            outputs
                .each_ref()
                .map(|of_all| &of_all[i * width..][..width])
        };
        *sum = (0..n).map(|i| f64::from(number(of_row(i)))).sum();
    }
}

impl Policy for Actor {
    fn act(&mut self, observations: &[f32], rngs: &mut [Stream], actions: &mut [f32]) {
        let (n, size) = (rngs.len(), self.policy.input_size);
        let is_index = observations.len() == n && size > 1;
        if !is_index && observations.len() != n * size {
            return actions.fill(f32::NAN);
        }
        let width = self.policy.head.outputs();
        let mut outputs = std::mem::take(&mut self.scratch.outputs);
        outputs.resize(n * width, 0.0);
        self.evaluate(observations, &mut outputs);
        let FrozenPolicy { head, log_std, .. } = &*self.policy;
        let is_seen = |observation: &[f32]| match observation {
            [x] if is_index => {
                let index = *x as usize;
                index < size && index as f32 == *x
            }
            numbers => numbers.iter().all(|x| x.is_finite()),
        };
        let seen = observations.chunks_exact(if is_index { 1 } else { size });
        let rows = outputs
            .chunks_exact(width)
            .zip(seen)
            .zip(rngs)
            .zip(actions.chunks_exact_mut(head.action_dim()));
        for (((output, observation), rng), action) in rows {
            // No distribution, no action: environments refuse NaN. An activation may hide it.
            if !is_seen(observation) || !output.iter().all(|x| x.is_finite()) {
                action.fill(f32::NAN);
                continue;
            }
            match self.choice {
                ActionChoice::Sample => head.sample(output, log_std, rng, action),
                ActionChoice::Mode => head.mode(output, action),
            }
        }
        self.scratch.outputs = outputs;
    }
}

impl SavedPolicy for Actor {
    fn record(&self) -> PolicyRecord {
        self.policy.record()
    }

    fn set_choice(&mut self, choice: ActionChoice) {
        self.choice = choice;
    }

    fn boxed_clone(&self) -> Box<dyn SavedPolicy> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Activation, ActorCritic, Initialization, Networks, PolicyConfig};
    use burn::tensor::{Device, Tensor, TensorData};
    use rl_core::{BoxSpace, Discrete, Space};

    fn configs() -> [PolicyConfig; 5] {
        DistributionKind::ALL.map(|kind| {
            let space = match kind {
                DistributionKind::Categorical => Space::Discrete(Discrete::new(3).unwrap()),
                _ => Space::Box(BoxSpace::symmetric([1.0, 2.0])),
            };
            let config = PolicyConfig::new(5, &space);
            config.with_distribution(kind).unwrap()
        })
    }

    /// The same policy by tensors.
    fn on_device(weights: &PolicyWeights, device: &Device) -> ActorCritic {
        ActorCritic::from_networks(&Networks::policy(weights.clone()), device)
    }

    fn weights(config: &PolicyConfig, seed: u64, activation: Activation) -> PolicyWeights {
        PolicyConfig {
            log_std: -0.5,
            ..config.clone()
        }
        .with_hidden(2, 40, activation)
        .with_initialization(Initialization::Pytorch)
        .draw(&mut Stream::from_seed(seed))
    }

    fn observations(n: usize) -> Vec<f32> {
        let mut rng = Stream::from_seed(9);
        (0..n * 5).map(|_| rng.uniform(-2.0, 2.0) as f32).collect()
    }

    #[test]
    fn host_and_device_evaluate_the_same_function() {
        let observations = observations(50);
        for config in configs() {
            for activation in Activation::ALL {
                let weights = weights(&config, 1, activation);
                let network = on_device(&weights, &Device::default());
                let data = TensorData::new(observations.clone(), [50, 5]);
                let modes = network
                    .forward(Tensor::from_data(data, &Device::default()))
                    .policy
                    .unwrap()
                    .mode();
                let device = modes.into_data().try_to_vec::<f32>().unwrap();
                let mut host = vec![f32::NAN; device.len()];
                let mut rngs = vec![Stream::from_seed(0); 50];
                Actor::new(&weights).with_choice(ActionChoice::Mode).act(
                    &observations,
                    &mut rngs,
                    &mut host,
                );
                for (a, b) in host.iter().zip(&device) {
                    assert!(
                        (a - b).abs() <= 1e-5,
                        "{activation:?} {:?}: {a} {b}",
                        config.head
                    );
                }
            }
        }
    }

    #[test]
    fn the_index_of_a_discrete_observation_is_seen_one_hot() {
        for config in configs() {
            let mut actor = Actor::new(&weights(&config, 1, Activation::Tanh));
            let mut evaluate = |observations: &[f32]| {
                let mut outputs = vec![f32::NAN; 2 * actor.policy.head.outputs()];
                actor.evaluate(observations, &mut outputs);
                outputs
            };
            let one_hot = [0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0];
            assert_eq!(evaluate(&[3.0, 0.0]), evaluate(&one_hot));
        }
    }

    #[test]
    fn what_cannot_be_seen_or_told_gives_no_action() {
        for config in configs() {
            for activation in Activation::ALL {
                let mut weights = weights(&config, 1, activation);
                let acts = |weights: &PolicyWeights, observation: &[f32]| {
                    [ActionChoice::Sample, ActionChoice::Mode].map(|choice| {
                        let mut action = vec![0.0; config.head.action_dim()];
                        let mut actor = Actor::new(weights).with_choice(choice);
                        actor.act(observation, &mut [Stream::from_seed(0)], &mut action);
                        action.iter().all(|x| x.is_finite())
                    })
                };
                let some = observations(1);
                assert_eq!(acts(&weights, &some), [true; 2]);
                assert_eq!(acts(&weights, &[4.0]), [true; 2]);
                let mut unseen = vec![some[..4].to_vec(), vec![5.0], vec![0.5], vec![-1.0]];
                for number in [f32::NAN, f32::INFINITY] {
                    unseen.push(vec![number]);
                    let mut row = some.clone();
                    row[2] = number;
                    unseen.push(row);
                }
                for observation in unseen {
                    assert_eq!(acts(&weights, &observation), [false; 2], "{observation:?}");
                }
                let bias = &mut weights.mlp.layers.last_mut().unwrap().bias;
                bias[1] = f32::INFINITY;
                assert_eq!(acts(&weights, &some), [false; 2], "{activation:?}");
            }
        }
    }

    #[test]
    fn an_action_does_not_depend_on_its_batch() {
        let observations = observations(20);
        for config in configs() {
            let mut actor = Actor::new(&weights(&config, 1, Activation::Tanh));
            let dim = config.head.action_dim();
            let mut rngs: Vec<Stream> = (0..20).map(Stream::from_seed).collect();
            let mut together = vec![0.0; 20 * dim];
            actor.act(&observations, &mut rngs, &mut together);
            for i in 0..20 {
                let mut alone = vec![0.0; dim];
                let rng = Stream::from_seed(i as u64);
                actor.act(&observations[i * 5..][..5], &mut [rng], &mut alone);
                assert_eq!(alone, together[i * dim..][..dim]);
            }
        }
    }

    #[test]
    fn gaussian_samples_have_mean_and_deviation_of_the_policy() {
        let [_, config, ..] = configs();
        let weights = weights(&config, 1, Activation::Tanh);
        let observation = observations(1);
        let mut mean = [0.0; 2];
        let mut actor = Actor::new(&weights);
        actor.evaluate(&observation, &mut mean);
        let n = 100_000;
        let (mut rng, mut action) = ([Stream::from_seed(0)], [0.0; 2]);
        let (mut sum, mut squares) = ([0.0; 2], [0.0; 2]);
        for _ in 0..n {
            actor.act(&observation, &mut rng, &mut action);
            for i in 0..2 {
                let difference = f64::from(action[i] - mean[i]);
                sum[i] += difference;
                squares[i] += difference * difference;
            }
        }
        let sigma = (-0.5_f64).exp();
        for i in 0..2 {
            // 99.9 %: 3.29 standard errors, σ/√n of the mean and σ/√2n of the deviation.
            let error = 3.29 * sigma / f64::from(n).sqrt();
            assert!((sum[i] / f64::from(n)).abs() < error);
            assert!(((squares[i] / f64::from(n)).sqrt() - sigma).abs() < error / 2_f64.sqrt());
        }
    }

    #[test]
    fn host_kl_equals_the_devices() {
        let observations = observations(50);
        let device = Device::default();
        for config in configs() {
            let pair = [1, 2].map(|seed| weights(&config, seed, Activation::Tanh));
            let [p, q] = pair.each_ref().map(Actor::new);
            let host = p.mean_kl(&q, &observations, &Threads::default());
            let [p, q] = pair.each_ref().map(|weights| {
                let data = TensorData::new(observations.clone(), [50, 5]);
                on_device(weights, &device)
                    .forward(Tensor::from_data(data, &device))
                    .policy
                    .unwrap()
            });
            let kl = p.kl(&q).unwrap().mean().into_scalar::<f32>();
            assert!(
                (host - f64::from(kl)).abs() < 1e-5 * host,
                "{:?}: {host} {kl}",
                config.head
            );
            assert!(host > 1e-4);
        }
    }
}

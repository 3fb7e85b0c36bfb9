//! The host actor: a policy's network evaluated on plain numbers.

use std::sync::Arc;

use rl_core::{Policy, RunningMoments, Stream, Threads};

use crate::PolicyWeights;
use crate::distribution::{DistributionKind, Head};
use crate::host::{HostMlp, Tape};

/// How an actor chooses from the distribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionChoice {
    /// Draws from it, to explore.
    Sample,
    /// Takes its mode, to be judged.
    Mode,
}

/// A frozen copy of a policy that acts without tensors, and after the first batch of a size without
/// allocation.
///
/// It serves every backend alike: the same weights and the same stream give the same actions,
/// whatever device the policy learns on, and an observation's action does not depend on the batch
/// that it comes in. Clones share the weights and have scratch memory of their own.
#[derive(Clone, Debug)]
pub struct Actor {
    network: Arc<Network>,
    choice: ActionChoice,
    moments: Option<Arc<RunningMoments>>,
    scratch: Scratch,
}

/// Memory for a batch.
#[derive(Debug, Default)]
struct Scratch {
    tape: Tape,
    normalized: Vec<f32>,
    outputs: Vec<f32>,
}

impl Clone for Scratch {
    fn clone(&self) -> Self {
        Self::default()
    }
}

#[derive(Debug)]
struct Network {
    mlp: HostMlp,
    head: Head,
    /// Empty where the head has none.
    log_std: Vec<f32>,
}

impl Actor {
    /// An actor that samples from the policy with these weights.
    ///
    /// # Panics
    /// If the network or `ln σ` is not what the head of the weights asks for.
    pub fn new(weights: &PolicyWeights) -> Self {
        weights.assert_fit();
        Self {
            network: Arc::new(Network {
                mlp: HostMlp::to_evaluate(&weights.mlp),
                head: weights.head.clone(),
                log_std: weights.log_std.clone().unwrap_or_default(),
            }),
            choice: ActionChoice::Sample,
            moments: None,
            scratch: Scratch::default(),
        }
    }

    /// Normalises observations before the network sees them, by moments `[observation_dim]`.
    ///
    /// # Panics
    /// If the moments have other dimensions.
    #[must_use]
    pub fn with_normalization(mut self, moments: RunningMoments) -> Self {
        let dim = self.network.mlp.input_size();
        assert_eq!(
            moments.dim(),
            dim,
            "moments have the observations' dimensions"
        );
        self.moments = Some(Arc::new(moments));
        self
    }

    /// Changes how it chooses.
    #[must_use]
    pub fn with_choice(mut self, choice: ActionChoice) -> Self {
        self.choice = choice;
        self
    }

    /// The distribution of the actions.
    pub fn distribution(&self) -> DistributionKind {
        self.network.head.kind()
    }

    /// The network's outputs for a batch of observations, `[n, observation_dim]`, into
    /// `[n, outputs]`.
    ///
    /// # Panics
    /// If `outputs` has another number of rows.
    pub fn evaluate(&mut self, observations: &[f32], outputs: &mut [f32]) {
        let Scratch {
            tape, normalized, ..
        } = &mut self.scratch;
        let mlp = &self.network.mlp;
        let inputs = match &self.moments {
            None => observations,
            Some(moments) => {
                normalized.clear();
                normalized.extend_from_slice(observations);
                for observation in normalized.chunks_exact_mut(mlp.input_size()) {
                    moments.normalize(observation);
                }
                normalized
            }
        };
        mlp.evaluate(inputs, outputs, tape);
    }

    /// The mean of `KL(self ‖ other)` over a batch of observations, `[n, observation_dim]`; the
    /// number of threads changes no bit of it.
    ///
    /// # Panics
    /// If the two have different heads.
    pub fn mean_kl(&self, other: &Self, observations: &[f32], threads: &Threads) -> f64 {
        assert_eq!(
            self.network.head, other.network.head,
            "a divergence is between distributions of one kind over one space"
        );
        let dim = self.network.mlp.input_size();
        let mut sums = vec![0.0; observations.len().div_ceil(KL_ROWS * dim)];
        let share = sums.len().div_ceil(threads.count()).max(1);
        let rows = observations.chunks(share * KL_ROWS * dim);
        threads.map(sums.chunks_mut(share).zip(rows), |(sums, rows)| {
            self.sum_kl(other, rows, sums);
        });
        sums.iter().sum::<f64>() / (observations.len() / dim).max(1) as f64
    }

    /// The sums of `KL(self ‖ other)` over each [`KL_ROWS`] observations.
    fn sum_kl(&self, other: &Self, observations: &[f32], sums: &mut [f64]) {
        let Network {
            mlp,
            head,
            log_std: p_log_std,
            ..
        } = &*self.network;
        let (dim, width) = (mlp.input_size(), mlp.output_size());
        let (mut actors, mut outputs) = ([self.clone(), other.clone()], [Vec::new(), Vec::new()]);
        for (sum, rows) in sums.iter_mut().zip(observations.chunks(KL_ROWS * dim)) {
            for (actor, outputs) in actors.iter_mut().zip(&mut outputs) {
                outputs.resize(rows.len() / dim * width, 0.0);
                actor.evaluate(rows, outputs);
            }
            let [p, q] = outputs.each_ref().map(|rows| rows.chunks_exact(width));
            let rows = p
                .zip(q)
                .map(|(p, q)| f64::from(head.kl(p, p_log_std, q, &other.network.log_std)));
            *sum = rows.sum();
        }
    }
}

/// Observations whose divergences are summed before they are added to the others'.
const KL_ROWS: usize = 512;

impl Policy for Actor {
    fn act(&mut self, observations: &[f32], rngs: &mut [Stream], actions: &mut [f32]) {
        let width = self.network.mlp.output_size();
        let mut outputs = std::mem::take(&mut self.scratch.outputs);
        outputs.resize(rngs.len() * width, 0.0);
        self.evaluate(observations, &mut outputs);
        let Network { head, log_std, .. } = &*self.network;
        let rows = outputs
            .chunks_exact(width)
            .zip(rngs)
            .zip(actions.chunks_exact_mut(head.action_dim()));
        for ((output, rng), action) in rows {
            match self.choice {
                ActionChoice::Sample => head.sample(output, log_std, rng, action),
                ActionChoice::Mode => head.mode(output, action),
            }
        }
        self.scratch.outputs = outputs;
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
                _ => Space::Box(BoxSpace::symmetric(&[1.0, 2.0]).unwrap()),
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
    fn normalised_observations_act_as_if_they_had_been_normalised_before() {
        let mean = vec![0.5, -1.0, 0.0, 2.0, 1.0];
        let moments = RunningMoments::from_parts(1.0, mean, vec![4.0, 0.1, 1.0, 9.0, 0.0]).unwrap();
        let raw = observations(20);
        let mut normalized = raw.clone();
        normalized
            .chunks_mut(5)
            .for_each(|row| moments.normalize(row));
        for config in configs() {
            let actor = Actor::new(&weights(&config, 1, Activation::Tanh));
            let act = |mut actor: Actor, observations: &[f32]| {
                let mut rngs: Vec<Stream> = (0..20).map(Stream::from_seed).collect();
                let mut actions = vec![f32::NAN; 20 * config.head.action_dim()];
                actor.act(observations, &mut rngs, &mut actions);
                let mut outputs = vec![f32::NAN; 20 * actor.network.mlp.output_size()];
                actor.evaluate(observations, &mut outputs);
                (actions, outputs)
            };
            let with = act(actor.clone().with_normalization(moments.clone()), &raw);
            assert_eq!(with, act(actor.clone(), &normalized));
            assert_ne!(with.1, act(actor, &raw).1);
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

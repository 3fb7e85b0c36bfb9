//! The host actor: a policy's network evaluated on plain numbers.

use std::sync::Arc;

use pulp::{Arch, NullaryFnOnce};
use rand_distr::{Distribution, StandardNormal};
use rl_core::{Policy, RunningMoments, Stream};

use crate::dense::Dense;
use crate::{Activation, DistributionKind, PolicyWeights};

/// How an actor chooses from the distribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionChoice {
    /// Draws from it, to explore.
    Sample,
    /// Takes its mode, to be judged.
    Mode,
}

/// A frozen copy of a policy that acts without tensors and without allocation.
///
/// It serves every backend alike: the same weights and the same stream give the same actions,
/// whatever device the policy learns on, and an observation's action does not depend on the batch
/// that it comes in. Clones share the weights and have scratch memory of their own.
#[derive(Clone, Debug)]
pub struct Actor {
    network: Arc<Network>,
    choice: ActionChoice,
    arch: Arch,
    scratch: [Vec<f32>; 2],
    normalization: Option<Normalization>,
}

/// What observations go through before the network.
#[derive(Clone, Debug)]
struct Normalization {
    moments: Arc<RunningMoments>,
    normalized: Vec<f32>,
}

impl Normalization {
    fn apply(&mut self, observation: &[f32]) -> &[f32] {
        self.normalized.copy_from_slice(observation);
        self.moments.normalize(&mut self.normalized);
        &self.normalized
    }
}

#[derive(Debug)]
struct Network {
    layers: Vec<Dense>,
    activation: Activation,
    output_activation: Activation,
    input_size: usize,
    output_size: usize,
    /// `ln σ` and `σ` of a Gaussian policy.
    std: Option<(Vec<f32>, Vec<f32>)>,
}

impl Actor {
    /// An actor that samples from the policy with these weights.
    pub fn new(weights: &PolicyWeights) -> Self {
        let mlp = &weights.mlp;
        let layers: Vec<Dense> = mlp.layers.iter().map(Dense::new).collect();
        let widest = layers.iter().map(Dense::padded).max().unwrap_or(0);
        Self {
            network: Arc::new(Network {
                layers,
                activation: mlp.activation,
                output_activation: mlp.output_activation,
                input_size: mlp.input_size(),
                output_size: mlp.output_size(),
                std: weights.log_std.as_ref().map(|log_std| {
                    (
                        log_std.clone(),
                        log_std.iter().map(|log_std| log_std.exp()).collect(),
                    )
                }),
            }),
            choice: ActionChoice::Sample,
            arch: Arch::new(),
            scratch: [vec![0.0; widest], vec![0.0; widest]],
            normalization: None,
        }
    }

    /// Normalises observations before the network sees them, by moments `[observation_dim]`.
    ///
    /// # Panics
    /// If the moments have other dimensions.
    #[must_use]
    pub fn with_normalization(mut self, moments: RunningMoments) -> Self {
        let dim = self.network.input_size;
        assert_eq!(
            moments.dim(),
            dim,
            "moments have the observations' dimensions"
        );
        self.normalization = Some(Normalization {
            moments: Arc::new(moments),
            normalized: vec![0.0; dim],
        });
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
        match self.network.std {
            None => DistributionKind::Categorical,
            Some(_) => DistributionKind::DiagGaussian,
        }
    }

    /// The logits or means of a batch of observations, `[n, observation_dim]`, into
    /// `[n, output_size]`.
    ///
    /// # Panics
    /// If `outputs` has another number of rows.
    pub fn evaluate(&mut self, observations: &[f32], outputs: &mut [f32]) {
        let Self {
            network,
            arch,
            scratch,
            normalization,
            ..
        } = self;
        let (n_in, n_out) = (network.input_size, network.output_size);
        assert_eq!(
            observations.len() / n_in,
            outputs.len() / n_out,
            "a row per observation"
        );
        let rows = observations
            .chunks_exact(n_in)
            .zip(outputs.chunks_exact_mut(n_out));
        for (observation, output) in rows {
            let observation = match normalization {
                Some(normalization) => normalization.apply(observation),
                None => observation,
            };
            let evaluated = arch.dispatch(Forward {
                network,
                observation,
                scratch,
            });
            output.copy_from_slice(&evaluated[..n_out]);
        }
    }

    /// The mean of `KL(self ‖ other)` over a batch of observations, `[n, observation_dim]`.
    ///
    /// # Panics
    /// If the two have different action spaces.
    pub fn mean_kl(&mut self, other: &mut Self, observations: &[f32]) -> f64 {
        let n = observations.len() / self.network.input_size;
        let width = self.network.output_size;
        let mut outputs = [vec![0.0; n * width], vec![0.0; n * width]];
        self.evaluate(observations, &mut outputs[0]);
        other.evaluate(observations, &mut outputs[1]);
        let [p, q] = outputs.each_ref().map(|rows| rows.chunks_exact(width));
        let total: f64 = match (&self.network.std, &other.network.std) {
            (Some((p_log_std, _)), Some((q_log_std, _))) => p
                .zip(q)
                .map(|(p, q)| gaussian_kl(p, p_log_std, q, q_log_std))
                .sum(),
            _ => p.zip(q).map(|(p, q)| categorical_kl(p, q)).sum(),
        };
        total / n.max(1) as f64
    }
}

impl Network {
    /// Logits or means of one observation, followed by padding.
    #[inline(always)]
    fn forward<'a>(&self, observation: &[f32], scratch: &'a mut [Vec<f32>; 2]) -> &'a [f32] {
        let [mut input, mut output] = scratch.each_mut().map(Vec::as_mut_slice);
        let last = self.layers.len() - 1;
        let mut width = 0;
        for (i, layer) in self.layers.iter().enumerate() {
            let padded = layer.padded();
            let x = if i == 0 { observation } else { &input[..width] };
            layer.forward(x, &mut output[..padded]);
            let activation = if i == last {
                self.output_activation
            } else {
                self.activation
            };
            activation.apply(&mut output[..padded]);
            width = layer.outputs();
            std::mem::swap(&mut input, &mut output);
        }
        input
    }
}

/// [`Network::forward`] for one observation, compiled for the machine's vectors.
struct Forward<'a> {
    network: &'a Network,
    observation: &'a [f32],
    scratch: &'a mut [Vec<f32>; 2],
}

impl<'a> NullaryFnOnce for Forward<'a> {
    type Output = &'a [f32];

    #[inline(always)]
    fn call(self) -> &'a [f32] {
        self.network.forward(self.observation, self.scratch)
    }
}

impl Policy for Actor {
    fn act(&mut self, observations: &[f32], rngs: &mut [Stream], actions: &mut [f32]) {
        let Self {
            network,
            choice,
            arch,
            scratch,
            normalization,
        } = self;
        let action_dim = network.std.as_ref().map_or(1, |(_, std)| std.len());
        let rows = observations
            .chunks_exact(network.input_size)
            .zip(rngs)
            .zip(actions.chunks_exact_mut(action_dim));
        for ((observation, rng), action) in rows {
            let observation = match normalization {
                Some(normalization) => normalization.apply(observation),
                None => observation,
            };
            let output = arch.dispatch(Forward {
                network,
                observation,
                scratch,
            });
            let output = &output[..network.output_size];
            match (&network.std, *choice) {
                (None, ActionChoice::Sample) => action[0] = sample_categorical(output, rng) as f32,
                (None, ActionChoice::Mode) => action[0] = argmax(output) as f32,
                (Some(_), ActionChoice::Mode) => action.copy_from_slice(output),
                (Some((_, std)), ActionChoice::Sample) => {
                    for ((a, mean), std) in action.iter_mut().zip(output).zip(std) {
                        let noise: f32 = StandardNormal.sample(rng);
                        *a = std.mul_add(noise, *mean);
                    }
                }
            }
        }
    }
}

/// The first index whose cumulative probability under `softmax(logits)` exceeds a uniform number.
fn sample_categorical(logits: &[f32], rng: &mut Stream) -> usize {
    let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weight = |logit: &f32| f64::from((logit - max).exp());
    let total: f64 = logits.iter().map(weight).sum();
    let mut left = rng.next_f64() * total;
    for (index, logit) in logits.iter().enumerate() {
        left -= weight(logit);
        if left < 0.0 {
            return index;
        }
    }
    // Rounding may leave a rest; the last action with any probability takes it.
    logits
        .iter()
        .rposition(|logit| weight(logit) > 0.0)
        .unwrap_or(0)
}

/// The first of the largest numbers.
fn argmax(xs: &[f32]) -> usize {
    let mut best = 0;
    for (i, x) in xs.iter().enumerate() {
        if *x > xs[best] {
            best = i;
        }
    }
    best
}

/// `Σ p (ln p - ln q)` for two sets of logits.
fn categorical_kl(p: &[f32], q: &[f32]) -> f64 {
    let log_normalizer = |logits: &[f32]| {
        let max = f64::from(logits.iter().copied().fold(f32::NEG_INFINITY, f32::max));
        max + logits
            .iter()
            .map(|&x| (f64::from(x) - max).exp())
            .sum::<f64>()
            .ln()
    };
    let (p_normalizer, q_normalizer) = (log_normalizer(p), log_normalizer(q));
    let terms = p.iter().zip(q).map(|(&p, &q)| {
        let log_p = f64::from(p) - p_normalizer;
        log_p.exp() * (log_p - (f64::from(q) - q_normalizer))
    });
    terms.sum()
}

/// `Σ [ln σ₂/σ₁ + (σ₁² + (μ₁ - μ₂)²) / 2σ₂² - ½]`.
fn gaussian_kl(p_mean: &[f32], p_log_std: &[f32], q_mean: &[f32], q_log_std: &[f32]) -> f64 {
    let means = p_mean.iter().zip(q_mean);
    let terms = means
        .zip(p_log_std.iter().zip(q_log_std))
        .map(|((&m1, &m2), (&s1, &s2))| {
            let (s1, s2) = (f64::from(s1), f64::from(s2));
            let difference = f64::from(m1) - f64::from(m2);
            s2 - s1 + 0.5 * ((2.0 * s1).exp() + difference * difference) * (-2.0 * s2).exp() - 0.5
        });
    terms.sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Initialization, PolicyConfig, PolicyNetwork};
    use burn::tensor::{Device, Tensor, TensorData};
    use rl_core::{BoxSpace, Discrete, Space};

    fn spaces() -> [Space; 2] {
        [
            Space::Discrete(Discrete::new(3).unwrap()),
            Space::Box(BoxSpace::symmetric(&[1.0, 2.0]).unwrap()),
        ]
    }

    fn weights(space: &Space, seed: u64, activation: Activation) -> PolicyWeights {
        PolicyConfig {
            log_std: -0.5,
            ..PolicyConfig::new(5, space)
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
        for space in spaces() {
            for activation in Activation::ALL {
                let weights = weights(&space, 1, activation);
                let network = PolicyNetwork::from_weights(&weights, &Device::default());
                let data = TensorData::new(observations.clone(), [50, 5]);
                let modes = network
                    .forward(Tensor::from_data(data, &Device::default()))
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
                    assert!((a - b).abs() <= 1e-5, "{activation:?} {space}: {a} {b}");
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
        for space in spaces() {
            let actor = Actor::new(&weights(&space, 1, Activation::Tanh));
            let act = |mut actor: Actor, observations: &[f32]| {
                let mut rngs: Vec<Stream> = (0..20).map(Stream::from_seed).collect();
                let mut actions = vec![f32::NAN; 20 * space.flat_dim()];
                actor.act(observations, &mut rngs, &mut actions);
                let mut outputs = vec![f32::NAN; 20 * actor.network.output_size];
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
        for space in spaces() {
            let mut actor = Actor::new(&weights(&space, 1, Activation::Tanh));
            let dim = space.flat_dim();
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
    fn sampled_indices_have_the_probabilities_of_the_softmax() {
        let logits = [0.2_f32.ln() + 5.0, 0.5_f32.ln() + 5.0, 0.3_f32.ln() + 5.0];
        let mut rng = Stream::from_seed(0);
        let n = 100_000;
        let mut counts = [0; 3];
        for _ in 0..n {
            counts[sample_categorical(&logits, &mut rng)] += 1;
        }
        for (count, p) in counts.into_iter().zip([0.2, 0.5, 0.3]) {
            // 99.9 %: 3.29 standard deviations.
            let bound = 3.29 * (p * (1.0 - p) / f64::from(n)).sqrt();
            assert!(
                (f64::from(count) / f64::from(n) - p).abs() < bound,
                "{counts:?}"
            );
        }
    }

    #[test]
    fn an_impossible_action_is_never_sampled() {
        let mut rng = Stream::from_seed(0);
        for _ in 0..1000 {
            assert_eq!(
                sample_categorical(&[f32::NEG_INFINITY, 0.0, -1e9], &mut rng),
                1
            );
        }
    }

    #[test]
    fn gaussian_samples_have_mean_and_deviation_of_the_policy() {
        let [_, space] = spaces();
        let weights = weights(&space, 1, Activation::Tanh);
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
        for space in spaces() {
            let pair = [1, 2].map(|seed| weights(&space, seed, Activation::Tanh));
            let [mut p, mut q] = pair.each_ref().map(Actor::new);
            let host = p.mean_kl(&mut q, &observations);
            let [p, q] = pair.each_ref().map(|weights| {
                let data = TensorData::new(observations.clone(), [50, 5]);
                PolicyNetwork::from_weights(weights, &device)
                    .forward(Tensor::from_data(data, &device))
            });
            let kl = p.kl(&q).unwrap().mean().into_scalar::<f32>();
            assert!(
                (host - f64::from(kl)).abs() < 1e-5 * host,
                "{space}: {host} {kl}"
            );
            assert!(host > 1e-4);
        }
    }
}

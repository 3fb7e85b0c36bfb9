//! CartPole, with a network for a policy.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData};
use rl_core::{Environment, Peers, Purpose, Stream, TrajectoryStore, reward_to_go, time_baseline};
use rl_envs::CartPole;
use rl_nets::{Activation, Actor, PolicyConfig, PolicyNetwork, PolicyWeights};

use super::experience::{Batch, play};
use super::least_squares::QuadraticFit;
use super::measure::Measured;
use super::{VarianceConfig, VarianceError, VarianceRow, VarianceSetting};
use crate::Backend;

/// Updates that teach the policy to keep the pole up for a while.
const UPDATES: u32 = 6;
/// Episodes of an update.
const UPDATE_EPISODES: usize = 32;
/// Length of the step of an update, in the space of the parameters.
const STEP_LENGTH: f64 = 0.2;
/// Episodes that the value function is fitted to.
const FIT_EPISODES: usize = 1000;
/// Largest change of a parameter that makes the policy that plays off-policy batches.
const PERTURBATION: f64 = 0.01;
/// What times and observations are divided by to be near 1.
const TIME_SCALE: f64 = 100.0;
/// Streams of episodes that no batch is drawn from.
const APART: u32 = 1 << 31;

pub fn rows(batches: u32, config: &VarianceConfig) -> Result<Vec<VarianceRow>, VarianceError> {
    let VarianceConfig {
        trajectories, seed, ..
    } = *config;
    let device = device()?;
    let weights = pretrained(seed, &device)?;
    let mut rng = Stream::derive(seed, Purpose::Initialization, 1);
    let mut other = weights.clone();
    for parameter in other.parameters_mut().flatten() {
        *parameter += rng.uniform(-PERTURBATION, PERTURBATION) as f32;
    }
    let (mut policy, mut other) = (Actor::new(&weights), Actor::new(&other));

    let mut environment = CartPole::v1();
    let mut draw = |policy: &mut Actor, n, index| play(&mut environment, policy, n, seed, index);
    let fitted = {
        let episodes = draw(&mut policy, FIT_EPISODES, APART + UPDATES)?;
        let (inputs, dim) = inputs(&episodes);
        QuadraticFit::new(&inputs, dim, &rewards_to_go(&episodes))
    };
    let values = |episodes: &TrajectoryStore| {
        let (inputs, dim) = inputs(episodes);
        fitted.values(&inputs, dim)
    };
    let (mut on_policy, mut off_policy) = (Vec::new(), Vec::new());
    for index in 0..batches {
        let episodes = draw(&mut policy, trajectories, 2 * index)?;
        let of_episodes = values(&episodes);
        on_policy.push(Batch::on_policy(episodes, of_episodes));

        let episodes = draw(&mut other, trajectories, 2 * index + 1)?;
        let of_episodes = values(&episodes);
        let ratios = log_probs(&mut policy, &episodes)
            .zip(log_probs(&mut other, &episodes))
            .map(|(p, q)| (p - q).exp())
            .collect();
        off_policy.push(Batch::off_policy(episodes, of_episodes, ratios));
    }

    let network = PolicyNetwork::from_weights(&weights, &device.clone().autodiff());
    let measured = Measured {
        setting: VarianceSetting::CartPole,
        on_policy,
        off_policy,
        exact: None,
        gradient: |batch: &Batch, weights: &[f32]| {
            gradient(&network, &batch.episodes, weights, &device)
        },
    };
    measured.rows()
}

/// The first backend of this binary, those on the CPU being the first of all.
fn device() -> Result<Device, VarianceError> {
    let mut compiled = Backend::ALL.into_iter().filter(|b| b.is_compiled());
    Ok(compiled.next().unwrap_or(Backend::Flex).device()?)
}

/// A network after some steps of fixed length along the policy gradient.
fn pretrained(seed: u64, device: &Device) -> Result<PolicyWeights, VarianceError> {
    let mut environment = CartPole::v1();
    let dim = environment.observation_space().dim();
    let mut weights = PolicyConfig::new(dim, &environment.action_space())
        .with_hidden(2, 64, Activation::Tanh)
        .draw(&mut Stream::derive(seed, Purpose::Initialization, 0));
    for update in 0..UPDATES {
        let mut actor = Actor::new(&weights);
        let index = APART + update;
        let episodes = play(&mut environment, &mut actor, UPDATE_EPISODES, seed, index)?;
        let lengths: Vec<usize> = episodes.iter().map(|episode| episode.len()).collect();
        let mut advantages = rewards_to_go(&episodes);
        let mut baselines = vec![0.0; advantages.len()];
        time_baseline(&advantages, &lengths, Peers::Others, &mut baselines);
        for (x, baseline) in advantages.iter_mut().zip(baselines) {
            *x -= baseline;
        }
        let network = PolicyNetwork::from_weights(&weights, &device.clone().autodiff());
        let gradient = gradient(&network, &episodes, &advantages, device)?;
        let length = gradient.iter().map(|x| x * x).sum::<f64>().sqrt();
        for (parameter, x) in weights.parameters_mut().flatten().zip(gradient) {
            *parameter += (STEP_LENGTH / length * x) as f32;
        }
    }
    Ok(weights)
}

fn rewards_to_go(episodes: &TrajectoryStore) -> Vec<f32> {
    let mut out = vec![0.0; episodes.steps()];
    let mut rest = out.as_mut_slice();
    for episode in episodes.iter() {
        let (out, after) = rest.split_at_mut(episode.len());
        reward_to_go(episode.rewards, out);
        rest = after;
    }
    out
}

/// What the value function is given: each observation and its time, and how many numbers that is.
/// A return ends with the time limit, so that its mean depends on the time.
fn inputs(episodes: &TrajectoryStore) -> (Vec<f64>, usize) {
    let dim = episodes.observation_dim();
    let times = episodes.iter().flat_map(|episode| 0..episode.len());
    let rows = episodes.observations().chunks_exact(dim).zip(times);
    let row = |(observation, time): (&[f32], usize)| {
        let observation = observation.iter().map(|&x| f64::from(x));
        observation
            .chain([time as f64 / TIME_SCALE])
            .collect::<Vec<_>>()
    };
    (rows.flat_map(row).collect(), dim + 1)
}

/// `ln π(aₜ|oₜ)` of each step.
fn log_probs(actor: &mut Actor, episodes: &TrajectoryStore) -> impl Iterator<Item = f64> {
    let mut logits = vec![[0.0_f32; 2]; episodes.steps()];
    actor.evaluate(episodes.observations(), logits.as_flattened_mut());
    logits
        .into_iter()
        .zip(episodes.actions())
        .map(|([left, right], &action)| {
            // `ln σ(x)` of the chosen logit less the other.
            let x = f64::from(if action == 0.0 {
                left - right
            } else {
                right - left
            });
            -(-x).exp().ln_1p()
        })
}

/// `1/n Σ ∇ ln π(aₜ|oₜ) wₜ` over the steps of `n` episodes, by the tape, in the order of
/// [`PolicyWeights::parameters`].
fn gradient(
    network: &PolicyNetwork,
    episodes: &TrajectoryStore,
    weights: &[f32],
    device: &Device,
) -> Result<Vec<f64>, VarianceError> {
    let steps = episodes.steps();
    let matrix = |xs: &[f32]| {
        let data = TensorData::new(xs.to_vec(), [steps, xs.len() / steps]);
        Tensor::<2>::from_data(data, device)
    };
    let scale = 1.0 / episodes.len() as f32;
    let weights: Vec<f32> = weights.iter().map(|w| w * scale).collect();
    let policy = network.forward(matrix(episodes.observations()));
    let log_probs = policy.log_prob(matrix(episodes.actions()));
    let surrogate = (log_probs * matrix(&weights).squeeze_dim(1)).sum();
    let grads = GradientsParams::from_grads(surrogate.backward(), network);
    let mut flat = Flat {
        grads: &grads,
        numbers: Ok(Vec::new()),
    };
    network.visit(&mut flat);
    flat.numbers
}

/// Reads the gradients of all parameters, one after the other.
struct Flat<'a> {
    grads: &'a GradientsParams,
    numbers: Result<Vec<f64>, VarianceError>,
}

impl ModuleVisitor for Flat<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let Ok(numbers) = &mut self.numbers else {
            return;
        };
        // A parameter that the loss does not depend on has a gradient of zero, and none here.
        let Some(grad) = self.grads.get::<D>(param.id) else {
            numbers.resize(numbers.len() + param.val().shape().num_elements(), 0.0);
            return;
        };
        match grad.into_data().try_to_vec::<f32>() {
            Ok(grad) => numbers.extend(grad.into_iter().map(f64::from)),
            Err(error) => self.numbers = Err(VarianceError::Device(error.to_string())),
        }
    }
}

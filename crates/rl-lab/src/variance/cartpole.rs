//! CartPole, with a network for a policy.

use rl_core::baselines::{Peers, time_baseline};
use rl_core::finite_mdp::SolveError;
use rl_core::{
    CollectConfig, EnvironmentSource as _, Purpose, Stream, TrajectoryStore, reward_to_go,
};
use rl_envs::EnvironmentId;
use rl_learn::{NaturalGradient, OptimizerConfig, Samples, Surrogate};
use rl_nets::{Activation, Actor, Device, Networks, PolicyConfig, PolicyWeights};
use rl_train::Backend;

use super::experience::{Batch, Players};
use super::least_squares::QuadraticFit;
use super::measure::Measured;
use super::{VarianceConfig, VarianceError, VarianceRow, VarianceSetting};

/// Updates that teach the policy to keep the pole up for a while.
const UPDATES: usize = 6;
/// Episodes of an update, at least.
const UPDATE_EPISODES: usize = 32;
/// Length of the step of an update, in the space of the parameters.
const STEP_LENGTH: f64 = 0.2;
/// Episodes that the value function is fitted to, at least.
const FIT_EPISODES: usize = 1000;
/// Largest change of a parameter that makes the policy that plays off-policy batches.
const PERTURBATION: f64 = 0.01;
/// Divisor that brings times near 1, as observations are.
const TIME_SCALE: f64 = 100.0;
const ENVIRONMENT: EnvironmentId = EnvironmentId::CartPole;

pub fn rows(batches: u32, config: &VarianceConfig) -> Result<Vec<VarianceRow>, VarianceError> {
    let VarianceConfig {
        trajectories, seed, ..
    } = *config;
    let device = device()?;
    let config = CollectConfig::new(ENVIRONMENT)
        .environments(trajectories)
        .seed(seed);
    let mut players = Players::new(config)?;
    let weights = pretrained(&mut players, seed, &device)?;
    let mut rng = Stream::derive(seed, Purpose::Initialization, 1);
    let mut other = weights.clone();
    for parameter in other.parameters_mut().flatten() {
        *parameter += rng.uniform(-PERTURBATION, PERTURBATION) as f32;
    }
    let mut learners = [learner(&weights, &device)?, learner(&other, &device)?];
    let (policy, other) = (Actor::new(&weights), Actor::new(&other));

    let fitted = {
        let episodes = players.play_many(&policy, FIT_EPISODES)?;
        let (inputs, dim) = inputs(&episodes);
        QuadraticFit::new(&inputs, dim, &rewards_to_go(&episodes)).ok_or(SolveError::Singular)?
    };
    let values = |episodes: &TrajectoryStore| {
        let (inputs, dim) = inputs(episodes);
        fitted.values(&inputs, dim)
    };
    let (mut on_policy, mut off_policy) = (Vec::new(), Vec::new());
    for _ in 0..batches {
        let episodes = players.play(&policy)?;
        let of_episodes = values(&episodes);
        on_policy.push(Batch::on_policy(episodes, of_episodes));

        let episodes = players.play(&other)?;
        let of_episodes = values(&episodes);
        let [target, behaviour] = &mut learners;
        let ratios = log_probs(target.as_mut(), &episodes)?
            .into_iter()
            .zip(log_probs(behaviour.as_mut(), &episodes)?)
            .map(|(p, q)| f64::from(p - q).exp())
            .collect();
        off_policy.push(Batch::off_policy(episodes, of_episodes, ratios));
    }

    let [target, _] = &mut learners;
    let measured = Measured {
        setting: VarianceSetting::CartPole,
        on_policy,
        off_policy,
        exact: None,
        gradient: |batch: &Batch, weights: &[f32]| {
            gradient(target.as_mut(), &batch.episodes, weights)
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
fn pretrained(
    players: &mut Players<Actor>,
    seed: u64,
    device: &Device,
) -> Result<PolicyWeights, VarianceError> {
    let spaces = ENVIRONMENT.make()?.spaces();
    let mut weights = PolicyConfig::new(spaces.observation.network_inputs(), &spaces.action)
        .with_hidden(2, 64, Activation::Tanh)
        .draw(&mut Stream::derive(seed, Purpose::Initialization, 0));
    for _ in 0..UPDATES {
        let episodes = players.play_many(&Actor::new(&weights), UPDATE_EPISODES)?;
        let lengths: Vec<usize> = episodes.iter().map(|episode| episode.len()).collect();
        let mut advantages = rewards_to_go(&episodes);
        let mut baselines = vec![0.0; advantages.len()];
        time_baseline(&advantages, &lengths, Peers::Others, &mut baselines);
        for (x, baseline) in advantages.iter_mut().zip(baselines) {
            *x -= baseline;
        }
        let gradient = gradient(learner(&weights, device)?.as_mut(), &episodes, &advantages)?;
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

/// Inputs of the value function, each observation and its time, and the number of them at a step. A
/// return ends with the time limit, so that its mean depends on the time.
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
fn log_probs(
    learner: &mut dyn NaturalGradient,
    episodes: &TrajectoryStore,
) -> Result<Vec<f32>, VarianceError> {
    let mut log_probs = vec![0.0; episodes.steps()];
    let (observations, actions) = (episodes.observations(), episodes.actions());
    learner.evaluate(observations, actions, &mut log_probs, &mut [])?;
    Ok(log_probs)
}

/// A learner of a policy, for its gradients; its optimizer is not used.
fn learner(
    weights: &PolicyWeights,
    device: &Device,
) -> Result<Box<dyn NaturalGradient>, VarianceError> {
    let networks = Networks::policy(weights.clone());
    Ok(OptimizerConfig::adam(1.0).init_natural(networks, device)?)
}

/// `1/n Σ ∇ ln π(aₜ|oₜ) wₜ` over the steps of `n` episodes, in the order of
/// [`PolicyWeights::parameters`].
fn gradient(
    learner: &mut dyn NaturalGradient,
    episodes: &TrajectoryStore,
    weights: &[f32],
) -> Result<Vec<f64>, VarianceError> {
    let samples = Samples {
        observations: episodes.observations(),
        actions: episodes.actions(),
        advantages: weights,
        ..Samples::default()
    };
    let mut gradient = vec![0.0; learner.networks().len()];
    learner.gradient(&samples, &[&Surrogate::LogProb], &mut gradient)?;
    // The loss is the negative mean over the steps.
    let scale = -(episodes.steps() as f64) / episodes.len() as f64;
    Ok(gradient.iter().map(|&g| f64::from(g) * scale).collect())
}

//! The gridworld, whose gradient is known.

use rl_core::finite_mdp::{FiniteMdpEnvironment, SoftmaxPolicy, StateWeighting, grid, state_of};
use rl_core::{CollectConfig, Purpose, Stream, TrajectoryStore};

use super::experience::{Batch, Players};
use super::measure::Measured;
use super::{VarianceConfig, VarianceError, VarianceRow, VarianceSetting};

const SIDE: usize = 4;
/// Largest change of a logit that makes the policy that plays off-policy batches.
const PERTURBATION: f64 = 0.2;

pub fn rows(batches: u32, config: &VarianceConfig) -> Result<Vec<VarianceRow>, VarianceError> {
    let VarianceConfig {
        trajectories, seed, ..
    } = *config;
    let mdp = grid(SIDE, SIDE, 1.0)?;
    let softmax = SoftmaxPolicy::zeros(mdp.states(), mdp.actions())?;
    let policy = softmax.probabilities();
    let mut rng = Stream::derive(seed, Purpose::Initialization, 0);
    let logits = softmax
        .logits()
        .iter()
        .map(|logit| logit + rng.uniform(-PERTURBATION, PERTURBATION));
    let other = SoftmaxPolicy::new(mdp.states(), mdp.actions(), logits.collect())?.probabilities();

    let exact = mdp.policy_gradient(&softmax, StateWeighting::Discounted)?;
    let state_values = mdp.evaluate(&policy)?.values;
    let values = |episodes: &TrajectoryStore| -> Vec<f32> {
        steps(episodes, mdp.states())
            .map(|(state, _)| state_values[state] as f32)
            .collect()
    };
    let source = {
        let mdp = mdp.clone();
        move || FiniteMdpEnvironment::new(mdp.clone())
    };
    let config = CollectConfig::new(source)
        .environments(trajectories)
        .seed(seed);
    let mut players = Players::new(config)?;
    let (mut on_policy, mut off_policy) = (Vec::new(), Vec::new());
    for _ in 0..batches {
        let episodes = players.play(&policy)?;
        let of_episodes = values(&episodes);
        on_policy.push(Batch::on_policy(episodes, of_episodes));

        let episodes = players.play(&other)?;
        let of_episodes = values(&episodes);
        let ratio = |(state, action)| policy.row(state)[action] / other.row(state)[action];
        let ratios = steps(&episodes, mdp.states()).map(ratio).collect();
        off_policy.push(Batch::off_policy(episodes, of_episodes, ratios));
    }

    let measured = Measured {
        setting: VarianceSetting::FiniteMdp,
        on_policy,
        off_policy,
        exact: Some(exact),
        gradient: |batch: &Batch, weights: &[f32]| {
            let mut gradient = vec![0.0; softmax.logits().len()];
            let scale = 1.0 / batch.lengths.len() as f64;
            for ((state, action), weight) in steps(&batch.episodes, mdp.states()).zip(weights) {
                softmax.add_score(state, action, scale * f64::from(*weight), &mut gradient);
            }
            Ok(gradient)
        },
    };
    measured.rows()
}

/// State and action of each step.
fn steps(episodes: &TrajectoryStore, states: usize) -> impl Iterator<Item = (usize, usize)> {
    let observed = episodes.observations().chunks_exact(states);
    // Every observation that the environment makes is one-hot.
    let states = observed.map(|observation| state_of(observation).unwrap_or_default());
    states.zip(episodes.actions().iter().map(|&action| action as usize))
}

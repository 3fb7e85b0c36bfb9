//! Updates from whole episodes.

use rl_core::{
    CollectConfig, End, Episodes, Learns, Metrics, RandomPolicy, Trajectory, TrajectoryStore,
};
use rl_pg::{Baseline, Gradient, ReinforceConfig, ValueTargets, VpgConfig, Weighting};

use super::*;

const GAMMA: f64 = 0.9;
const LAMBDA: f64 = 0.8;
const N_STEP: usize = 3;
const VALUE_RATE: f64 = 0.01;
const VALUE_ITERATIONS: usize = 3;
const STEPS_PER_UPDATE: usize = 60;

/// Episodes of random actions, other ones for each update.
fn experience(update: u64) -> TrajectoryStore {
    let config = CollectConfig::new(Line::default)
        .environments(3)
        .seed(update);
    let policy = RandomPolicy::new(Space::discrete(3));
    let mut episodes = Episodes::new(config, STEPS_PER_UPDATE).unwrap();
    let collection = episodes.collect(&policy, STEPS_PER_UPDATE).unwrap();
    for end in [End::Terminated, End::Truncated] {
        assert!(collection.trajectories.iter().any(|t| t.end == end));
    }
    collection.trajectories.clone()
}

/// Estimates of what the actions of an episode are worth, from its rewards and values.
struct Episode {
    rewards: Vec<f64>,
    /// `V(oₜ)`, and after the last what stands for what follows: 0 after a termination.
    values: Vec<f64>,
}

impl Episode {
    fn len(&self) -> usize {
        self.rewards.len()
    }

    /// `Σ γⁱ r` of `n` steps from `t` on, and the value after them.
    fn n_step(&self, t: usize, n: usize) -> f64 {
        let stop = (t + n).min(self.len());
        let rewards = (t..stop).map(|i| GAMMA.powi((i - t) as i32) * self.rewards[i]);
        rewards.sum::<f64>() + GAMMA.powi((stop - t) as i32) * self.values[stop]
    }

    fn advantage(&self, t: usize) -> f64 {
        let delta = |i: usize| self.rewards[i] + GAMMA * self.values[i + 1] - self.values[i];
        let deltas = (t..self.len()).map(|i| (GAMMA * LAMBDA).powi((i - t) as i32) * delta(i));
        deltas.sum()
    }

    fn weight(&self, weighting: Weighting, t: usize) -> f64 {
        match weighting {
            Weighting::TotalReturn => {
                let terms = self.rewards.iter().enumerate();
                terms.map(|(i, r)| GAMMA.powi(i as i32) * r).sum()
            }
            Weighting::RewardToGo => self.n_step(t, self.len()),
            Weighting::NStep => self.n_step(t, N_STEP),
            Weighting::Gae => self.advantage(t),
        }
    }

    fn target(&self, targets: ValueTargets, t: usize) -> f64 {
        match targets {
            ValueTargets::MonteCarlo => self.n_step(t, self.len()),
            ValueTargets::NStep => self.n_step(t, N_STEP),
            ValueTargets::Lambda => self.advantage(t) + self.values[t],
        }
    }
}

/// The rows of a store, weighted; without a value function all values are 0.
fn rows(
    own: &[f64],
    store: &TrajectoryStore,
    (weighting, baseline, targets): (Weighting, Baseline, ValueTargets),
) -> Vec<Row> {
    let with_value = baseline == Baseline::Value;
    let value = |observation: &[f64; plain::D]| match with_value {
        true => plain::value(own, observation),
        false => 0.0,
    };
    let of_trajectory = |trajectory: Trajectory<'_>| {
        let point = |numbers: &[f32]| std::array::from_fn(|d| f64::from(numbers[d]));
        let observations: Vec<[f64; plain::D]> = trajectory
            .observations
            .chunks(plain::D)
            .map(point)
            .collect();
        let last = point(trajectory.final_observation);
        let after = match trajectory.end {
            End::Terminated => 0.0,
            End::Truncated => value(&last),
        };
        let episode = Episode {
            rewards: wide(trajectory.rewards),
            values: observations.iter().map(value).chain([after]).collect(),
        };
        let rows = observations
            .into_iter()
            .enumerate()
            .map(|(t, observation)| {
                let action = trajectory.actions[t] as usize;
                // The generalised estimate has its baseline within.
                let baseline = match weighting {
                    Weighting::Gae => 0.0,
                    _ => episode.values[t],
                };
                Row {
                    observation,
                    action,
                    advantage: episode.weight(weighting, t) - baseline,
                    target: episode.target(targets, t),
                    value: episode.values[t],
                    old_log_prob: plain::log_probs(own, &observation)[action],
                }
            });
        rows.collect::<Vec<_>>()
    };
    store.iter().flat_map(of_trajectory).collect()
}

/// Parameters of an agent that learns from episodes, and its two optimizers.
struct Own {
    parameters: Parameters,
    policy: Optimizer,
    value: Optimizer,
}

impl Own {
    fn of(agent: &impl Agent<Policy = rl_nets::Actor>, with_value: bool) -> Self {
        let mut parameters = policy_parameters(agent);
        if with_value {
            parameters.extend(value_parameters(agent));
        }
        Self {
            parameters,
            policy: Optimizer::new(true, 1e-3, 0.3, POLICY),
            value: Optimizer::new(true, 1e-3, 0.3, ALL - POLICY),
        }
    }

    fn step_policy(
        &mut self,
        rows: &[Row],
        slope: impl Fn(&Row, f64) -> f64,
        entropy: f64,
        rate: f64,
    ) {
        let rows: Vec<&Row> = rows.iter().collect();
        let own = &mut self.parameters[..POLICY];
        let gradient = plain::gradient(own, &rows, slope, (entropy, 0.0));
        self.policy.step(own, &gradient, rate);
    }

    fn fit_value(&mut self, rows: &[Row]) {
        let rows: Vec<&Row> = rows.iter().collect();
        for _ in 0..VALUE_ITERATIONS {
            let gradient = plain::gradient(&self.parameters, &rows, |_, _| 0.0, (0.0, 1.0));
            let own = &mut self.parameters[POLICY..];
            self.value.step(own, &gradient[POLICY..], VALUE_RATE);
        }
    }
}

fn policy_parameters(agent: &impl Agent<Policy = rl_nets::Actor>) -> Parameters {
    wide(&agent.policy().weights().unwrap().mlp.flatten())
}

/// The agent has gone the way of `own`.
fn assert_went(agent: &impl Agent<Policy = rl_nets::Actor>, own: &Own, start: &[f64], what: &str) {
    let narrow = |numbers: &[f64]| numbers.iter().map(|&x| x as f32).collect::<Vec<_>>();
    let found = narrow(&policy_parameters(agent));
    assert_close(&found, &own.parameters[..POLICY], &start[..POLICY], what);
    if start.len() > POLICY {
        let found: Vec<f32> = value_parameters(agent).map(|x| x as f32).collect();
        assert_close(&found, &own.parameters[POLICY..], &start[POLICY..], what);
    }
}

fn vanilla(config: &VpgConfig) {
    let kinds = (config.weighting, config.baseline, config.value_targets);
    let what = format!("{kinds:?} {:?} {}", config.gradient, config.epochs);
    let mut training = training(config.clone());
    let agent = &mut training.agent;
    let mut own = Own::of(agent, config.baseline == Baseline::Value);
    let start = own.parameters.clone();
    for update in 0..3 {
        let store = experience(update);
        training.clock.updates = update;
        let mut metrics = Metrics::default();
        agent.update(&store, &training.clock, &mut metrics).unwrap();
        let before = own.parameters.clone();
        let mut rows = rows(&own.parameters, &store, kinds);
        if config.normalize_advantages {
            plain::normalize(&mut rows.iter_mut().collect::<Vec<_>>());
        }
        // The gradient is of a mean over the steps gathered.
        let scale = match config.gradient {
            Gradient::Sum => rows.len() as f64 / STEPS_PER_UPDATE as f64,
            Gradient::MeanOverSteps => 1.0,
        };
        let rate = 0.02 * (1.0 - update as f64 / UPDATES as f64);
        for _ in 0..config.epochs {
            let slope = |row: &Row, log_prob: f64| {
                scale * (log_prob - row.old_log_prob).exp() * row.advantage
            };
            own.step_policy(&rows, slope, scale * 0.05, rate);
        }
        assert_kl(
            &metrics,
            plain::kl(&before[..POLICY], &own.parameters[..POLICY], &rows),
        );
        if config.baseline == Baseline::Value {
            own.fit_value(&rows);
        }
        assert_went(agent, &own, &start, &format!("{what}, update {update}"));
    }
}

#[test]
fn vanilla_policy_gradient_takes_the_steps_of_its_equation() {
    for learner in BOTH {
        for (weighting, baseline, value_targets, normalized, gradient, epochs) in [
            (
                Weighting::RewardToGo,
                Baseline::None,
                ValueTargets::MonteCarlo,
                false,
                Gradient::Sum,
                1,
            ),
            (
                Weighting::TotalReturn,
                Baseline::None,
                ValueTargets::MonteCarlo,
                true,
                Gradient::MeanOverSteps,
                1,
            ),
            (
                Weighting::RewardToGo,
                Baseline::Value,
                ValueTargets::MonteCarlo,
                true,
                Gradient::Sum,
                3,
            ),
            (
                Weighting::NStep,
                Baseline::Value,
                ValueTargets::NStep,
                false,
                Gradient::MeanOverSteps,
                1,
            ),
            (
                Weighting::Gae,
                Baseline::Value,
                ValueTargets::Lambda,
                true,
                Gradient::Sum,
                2,
            ),
        ] {
            vanilla(&VpgConfig {
                steps_per_update: STEPS_PER_UPDATE,
                weighting,
                baseline,
                value_targets,
                gradient,
                epochs,
                gamma: GAMMA,
                lambda: LAMBDA,
                n_step: N_STEP,
                normalize_advantages: normalized,
                entropy_coefficient: 0.05,
                value_learning_rate: VALUE_RATE,
                value_iterations: VALUE_ITERATIONS,
                optimizer: optimizer(learner, true),
                ..VpgConfig::default()
            });
        }
    }
}

#[test]
fn reinforce_takes_the_steps_of_its_equation() {
    for learner in BOTH {
        for (baseline, gradient, discount_from_start) in [
            (Baseline::None, Gradient::Sum, false),
            (Baseline::Value, Gradient::Sum, true),
            (Baseline::Value, Gradient::MeanOverSteps, false),
        ] {
            let config = ReinforceConfig {
                baseline,
                gradient,
                gamma: GAMMA,
                discount_from_start,
                entropy_coefficient: 0.05,
                value_learning_rate: VALUE_RATE,
                value_iterations: VALUE_ITERATIONS,
                optimizer: optimizer(learner, true),
            };
            let mut training = training(config);
            let agent = &mut training.agent;
            let mut own = Own::of(agent, baseline == Baseline::Value);
            let start = own.parameters.clone();
            let kinds = (Weighting::RewardToGo, baseline, ValueTargets::MonteCarlo);
            for update in 0..3 {
                let store = experience(update);
                training.clock.updates = update;
                let mut metrics = Metrics::default();
                agent.update(&store, &training.clock, &mut metrics).unwrap();
                let before = own.parameters.clone();
                let mut rows = rows(&own.parameters, &store, kinds);
                if discount_from_start {
                    let times = store.iter().flat_map(|episode| 0..episode.len() as i32);
                    for (row, t) in rows.iter_mut().zip(times) {
                        row.advantage *= GAMMA.powi(t);
                    }
                }
                let scale = match gradient {
                    Gradient::Sum => rows.len() as f64 / store.len() as f64,
                    Gradient::MeanOverSteps => 1.0,
                };
                let rate = 0.02 * (1.0 - update as f64 / UPDATES as f64);
                own.step_policy(&rows, |row, _| scale * row.advantage, scale * 0.05, rate);
                assert_kl(
                    &metrics,
                    plain::kl(&before[..POLICY], &own.parameters[..POLICY], &rows),
                );
                if baseline == Baseline::Value {
                    own.fit_value(&rows);
                }
                let what = format!("{baseline:?} {gradient:?}, update {update}");
                assert_went(agent, &own, &start, &what);
            }
        }
    }
}

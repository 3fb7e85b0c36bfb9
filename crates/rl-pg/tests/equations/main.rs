//! Updates of every algorithm against the same computed in `f64` from the equations, on rollouts in
//! which episodes terminate and are truncated.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../common/mod.rs"]
mod common;
mod episodes;
mod plain;

use common::Training;
use plain::{ALL, Optimizer, POLICY, Parameters, Row};
use rl_core::{
    Agent, Budget, Environment, EnvironmentError, Metrics, Purpose, Rollout, Snapshot, Space,
    State, StateReader, Status, Step, Stream,
};
use rl_learn::{Algorithm, LearnerKind, NetworksConfig, OptimizerConfig, Setup};
use rl_nets::Device;
use rl_pg::{A2cConfig, A3cConfig, PpoConfig, TrpoConfig};

const UPDATES: u64 = 4;
const ENVIRONMENTS: usize = 4;

/// A point on a line that actions and noise push; it terminates beyond ±0.7, and is truncated after
/// seven steps.
#[derive(Default)]
struct Line {
    at: f32,
    steps: usize,
}

impl Environment for Line {
    type Observation = [f32; 2];
    type Action = usize;

    fn observation_space(&self) -> Space {
        Space::unbounded(2)
    }

    fn action_space(&self) -> Space {
        Space::discrete(3)
    }

    fn reset(&mut self, rng: &mut Stream) -> Result<[f32; 2], EnvironmentError> {
        (self.at, self.steps) = (rng.uniform(-0.5, 0.5) as f32, 0);
        Ok([self.at, 0.0])
    }

    fn step(
        &mut self,
        action: &usize,
        rng: &mut Stream,
    ) -> Result<Step<[f32; 2]>, EnvironmentError> {
        self.at += 0.2 * (*action as f32 - 1.0) + rng.uniform(-0.3, 0.3) as f32;
        self.steps += 1;
        Ok(Step {
            observation: [self.at, self.steps as f32 / 7.0],
            reward: f64::from(self.at),
            status: match (self.at.abs() > 0.7, self.steps) {
                (true, _) => Status::Terminated,
                (_, 7) => Status::Truncated,
                _ => Status::Running,
            },
        })
    }
}

fn training<K: Algorithm>(config: K) -> Training<K> {
    let setup = Setup {
        environments: ENVIRONMENTS,
        seed: 5,
        device: Device::flex(),
        networks: NetworksConfig {
            n_layers: 0,
            ..NetworksConfig::default()
        },
        ..Setup::new(Line::default, Budget::Updates(UPDATES)).unwrap()
    };
    Training::new(config, setup)
}

fn wide(numbers: &[f32]) -> Parameters {
    numbers.iter().map(|&x| x.into()).collect()
}

/// Both kinds of ends are in a rollout.
fn assert_ends(rollout: &Rollout) {
    for end in [Status::Terminated, Status::Truncated] {
        assert!(rollout.statuses().contains(&end), "{end:?}");
    }
}

/// Parameters are where they should be, up to rounding of the way that they went.
fn assert_close(found: &[f32], expected: &[f64], start: &[f64], what: &str) {
    let difference = |a: &[f64], b: &[f64]| {
        plain::norm(&a.iter().zip(b).map(|(a, b)| a - b).collect::<Vec<_>>())
    };
    let (off, way) = (
        difference(&wide(found), expected),
        difference(expected, start),
    );
    assert!(way > 1e-4, "{what}: nothing moved");
    assert!(off < 2e-4 * way, "{what}: {off} off on a way of {way}");
}

/// The divergence of an update is the one measured, which differences of `f32` make.
fn assert_kl(metrics: &Metrics, expected: f64) {
    let measured = metrics.get("kl").unwrap();
    assert!(expected > 1e-6, "nothing moved");
    assert!(
        (measured - expected).abs() < 1e-3 * expected + 1e-7,
        "{measured} instead of {expected}"
    );
}

fn optimizer(learner: LearnerKind, adam: bool) -> OptimizerConfig {
    OptimizerConfig {
        optimizer: match adam {
            true => rl_learn::Optimizer::Adam,
            false => rl_learn::Optimizer::Rmsprop,
        },
        optimizer_epsilon: 1e-3,
        max_grad_norm: Some(0.3),
        anneal_learning_rate: true,
        learner,
        ..OptimizerConfig::adam(0.02)
    }
}

const BOTH: [LearnerKind; 2] = [LearnerKind::Fused, LearnerKind::Burn];

#[test]
fn advantage_actor_critic_takes_the_step_of_its_equation() {
    for (learner, normalized, adam) in BOTH
        .map(|learner| [(learner, false, false), (learner, true, true)])
        .concat()
    {
        let config = A2cConfig {
            steps_per_environment: 24,
            lambda: 0.8,
            gamma: 0.9,
            entropy_coefficient: 0.05,
            normalize_advantages: normalized,
            optimizer: optimizer(learner, adam),
            ..A2cConfig::default()
        };
        let mut training = training(config);
        let mut own = wide(&training.agent.networks().flat());
        let start = own.clone();
        let mut optimizer = Optimizer::new(adam, 1e-3, 0.3, ALL);
        for update in 0..UPDATES {
            let metrics = training.update();
            let rollout = &training.interaction.batch().rollout;
            assert_ends(rollout);
            let mut rows = plain::rows(&own, rollout, 0.9, 0.8).concat();
            let explained = metrics.get("explained_variance").unwrap();
            assert!((explained - plain::explained_variance(&rows)).abs() < 1e-4);
            if normalized {
                plain::normalize(&mut rows.iter_mut().collect::<Vec<_>>());
            }
            let rows: Vec<&Row> = rows.iter().collect();
            let gradient = plain::gradient(&own, &rows, |row, _| row.advantage, (0.05, 0.5));
            let rate = 0.02 * (1.0 - update as f64 / UPDATES as f64);
            let before = own.clone();
            optimizer.step(&mut own, &gradient, rate);
            assert_kl(&metrics, plain::kl(&before, &own, rows));
            let found = training.agent.networks().flat();
            assert_close(
                &found,
                &own,
                &start,
                &format!("{learner:?}, update {update}"),
            );
        }
    }
}

#[test]
fn workers_apply_the_gradients_of_their_own_parameters_in_turn() {
    for (learner, normalized) in BOTH
        .map(|learner| [(learner, false), (learner, true)])
        .concat()
    {
        let worker = A2cConfig {
            steps_per_environment: 24,
            lambda: 0.8,
            gamma: 0.9,
            entropy_coefficient: 0.05,
            normalize_advantages: normalized,
            optimizer: optimizer(learner, false),
            ..A2cConfig::default()
        };
        let mut training = training(A3cConfig { worker });
        let mut own = wide(&training.agent.networks().flat());
        let start = own.clone();
        let mut workers = vec![own.clone(); ENVIRONMENTS];
        let mut optimizer = Optimizer::new(false, 1e-3, 0.3, ALL);
        for update in 0..UPDATES {
            let metrics = training.update();
            let rollout = &training.interaction.batch().rollout;
            assert_ends(rollout);
            let rate = 0.02 * (1.0 - update as f64 / UPDATES as f64);
            let (mut kl, mut explained) = (0.0, 0.0);
            for (index, worker) in workers.iter_mut().enumerate() {
                let mut rows = plain::rows(worker, rollout, 0.9, 0.8).swap_remove(index);
                explained += plain::explained_variance(&rows) / ENVIRONMENTS as f64;
                if normalized {
                    plain::normalize(&mut rows.iter_mut().collect::<Vec<_>>());
                }
                let rows: Vec<&Row> = rows.iter().collect();
                let slope = |row: &Row, _: f64| row.advantage;
                let gradient = plain::gradient(worker, &rows, slope, (0.05, 0.5));
                optimizer.step(&mut own, &gradient, rate);
                kl += plain::kl(worker, &own, rows) / ENVIRONMENTS as f64;
                worker.clone_from(&own);
            }
            assert_kl(&metrics, kl);
            let measured = metrics.get("explained_variance").unwrap();
            assert!(
                (measured - explained).abs() < 1e-4,
                "{measured} {explained}"
            );
            // Steps of others since a worker's last one; in the first update, of those before it.
            let staleness = if update == 0 { 1.5 } else { 3.0 };
            assert_eq!(metrics.get("staleness"), Some(staleness));
            let found = training.agent.networks().flat();
            assert_close(
                &found,
                &own,
                &start,
                &format!("{learner:?}, update {update}"),
            );
        }
    }
}

const MINIBATCH: usize = 16;
const EPOCHS: usize = 5;

/// An update of PPO, whose mean divergences of the epochs are returned.
fn ppo_update(
    own: &mut Parameters,
    optimizer: &mut Optimizer,
    rows: &[Row],
    shuffling: &mut Stream,
    (rate, clip, most_kl): (f64, f64, f64),
) -> Vec<f64> {
    let mut orders = Vec::new();
    for _ in 0..EPOCHS {
        let mut order: Vec<usize> = (0..rows.len()).collect();
        for i in (1..rows.len()).rev() {
            order.swap(i, shuffling.below(i + 1));
        }
        orders.push(order);
    }
    let mut divergences = Vec::new();
    for (epoch, order) in orders.iter().enumerate() {
        let mut kl = 0.0;
        for minibatch in order.chunks(MINIBATCH) {
            let mut rows: Vec<Row> = minibatch.iter().map(|&i| rows[i].clone()).collect();
            plain::normalize(&mut rows.iter_mut().collect::<Vec<_>>());
            for row in &rows {
                let new = plain::log_probs(own, &row.observation)[row.action];
                let log_ratio = new - row.old_log_prob;
                kl += (log_ratio.exp() - 1.0 - log_ratio) / rows.len() as f64;
            }
            let slope = |row: &Row, log_prob: f64| {
                let ratio = (log_prob - row.old_log_prob).exp();
                let clipped = match row.advantage > 0.0 {
                    true => ratio > 1.0 + clip,
                    false => ratio < 1.0 - clip,
                };
                if clipped { 0.0 } else { ratio * row.advantage }
            };
            let rows: Vec<&Row> = rows.iter().collect();
            let gradient = plain::gradient(own, &rows, slope, (0.01, 0.5));
            optimizer.step(own, &gradient, rate);
        }
        divergences.push(kl / rows.len().div_ceil(MINIBATCH) as f64);
        if epoch + 1 < EPOCHS && divergences[epoch] > most_kl {
            break;
        }
    }
    divergences
}

/// The divergences of the last update of PPO; each is compared with that of the agent.
fn ppo(learner: LearnerKind, updates: u64, target_kl: Option<f64>) -> Vec<f64> {
    let config = PpoConfig {
        steps_per_environment: 24,
        epochs: EPOCHS,
        minibatch_size: MINIBATCH,
        lambda: 0.8,
        gamma: 0.9,
        clip_range: 0.1,
        anneal_clip_range: true,
        entropy_coefficient: 0.01,
        target_kl,
        optimizer: optimizer(learner, true),
        ..PpoConfig::default()
    };
    let mut training = training(config);
    let mut own = wide(&training.agent.networks().flat());
    let start = own.clone();
    let mut optimizer = Optimizer::new(true, 1e-3, 0.3, ALL);
    let mut shuffling = Stream::derive(5, Purpose::Shuffling, 0);
    let mut divergences = Vec::new();
    for update in 0..updates {
        let metrics = training.update();
        let rollout = &training.interaction.batch().rollout;
        assert_ends(rollout);
        let rows = plain::rows(&own, rollout, 0.9, 0.8).concat();
        let explained = metrics.get("explained_variance").unwrap();
        assert!((explained - plain::explained_variance(&rows)).abs() < 1e-4);
        let left = 1.0 - update as f64 / UPDATES as f64;
        let most_kl = 1.5 * target_kl.unwrap_or(f64::INFINITY);
        let limits = (0.02 * left, 0.1 * left, most_kl);
        divergences = ppo_update(&mut own, &mut optimizer, &rows, &mut shuffling, limits);
        let found = training.agent.networks().flat();
        assert_close(
            &found,
            &own,
            &start,
            &format!("{learner:?}, update {update}"),
        );
        let kl = metrics.get("approx_kl").unwrap();
        let expected = *divergences.last().unwrap();
        assert!((kl - expected).abs() < 1e-3 * expected, "{kl} {expected}");
    }
    divergences
}

#[test]
fn proximal_policy_optimization_takes_the_steps_of_its_equation() {
    for learner in BOTH {
        ppo(learner, UPDATES, None);
        let divergences = ppo(learner, 1, None);
        assert_eq!(divergences.len(), EPOCHS);
        // On either side of 1.5 times the limit; the plain update stops where the equation says.
        let second = divergences[1];
        assert!(second > divergences[0], "{divergences:?}");
        assert!(ppo(learner, 1, Some(second / 1.4)).len() > 2);
        assert_eq!(ppo(learner, 1, Some(second / 1.6)).len(), 2);
    }
}

/// Conjugate gradients and the line search of TRPO, in place; the divergence of the step.
fn trust_region_step(own: &mut [f64], rows: &[Row], config: &TrpoConfig, target_kl: f64) -> f64 {
    let all: Vec<&Row> = rows.iter().collect();
    let coefficients = (config.entropy_coefficient, 0.0);
    let mut g = plain::gradient(own, &all, |row, _| row.advantage, coefficients);
    g.iter_mut().for_each(|x| *x = -*x);
    let product = |v: &[f64]| plain::fisher(own, rows, v, config.cg_damping);
    let (mut x, mut r, mut p) = (vec![0.0; g.len()], g.clone(), g.clone());
    for _ in 0..config.cg_iterations {
        let squares = plain::dot(&r, &r);
        if squares.sqrt() <= 1e-2 * plain::norm(&g) {
            break;
        }
        let along = product(&p);
        let alpha = squares / plain::dot(&p, &along);
        for i in 0..g.len() {
            x[i] += alpha * p[i];
            r[i] -= alpha * along[i];
        }
        let beta = plain::dot(&r, &r) / squares;
        for i in 0..g.len() {
            p[i] = r[i] + beta * p[i];
        }
    }
    let curvature = plain::dot(&x, &product(&x));
    let objective = |at: &[f64]| {
        let of_row = |row: &Row| {
            let log_probs = plain::log_probs(at, &row.observation);
            let entropy = -log_probs.iter().map(|l| l.exp() * l).sum::<f64>();
            (log_probs[row.action] - row.old_log_prob).exp() * row.advantage
                + config.entropy_coefficient * entropy
        };
        rows.iter().map(of_row).sum::<f64>() / rows.len() as f64
    };
    let mut length = (2.0 * target_kl / curvature).sqrt();
    for _ in 0..config.line_search_steps {
        let tried: Vec<f64> = own.iter().zip(&x).map(|(a, x)| a + length * x).collect();
        let kl = plain::kl(own, &tried, rows);
        if objective(&tried) > objective(own) && kl <= target_kl {
            own.copy_from_slice(&tried);
            return kl;
        }
        length *= config.line_search_factor;
    }
    0.0
}

#[test]
fn trust_region_policy_optimization_takes_the_step_of_its_equation() {
    for learner in BOTH {
        for (target_kl, cg_damping) in [(0.01, 0.1), (0.3, 0.01)] {
            let config = TrpoConfig {
                steps_per_environment: 24,
                lambda: 0.8,
                gamma: 0.9,
                target_kl,
                anneal_target_kl: true,
                cg_damping,
                entropy_coefficient: 0.05,
                value_iterations: 3,
                optimizer: optimizer(learner, true),
                ..TrpoConfig::default()
            };
            let mut training = training(config.clone());
            let policy = training.agent.policy();
            let mut own: Parameters = policy
                .weights()
                .unwrap()
                .mlp
                .flatten()
                .iter()
                .map(|&x| x.into())
                .collect();
            own.extend(value_parameters(&training.agent));
            let start = own.clone();
            let mut optimizer = Optimizer::new(true, 1e-3, 0.3, ALL - POLICY);
            for update in 0..2 {
                let metrics = training.update();
                let rollout = &training.interaction.batch().rollout;
                assert_ends(rollout);
                let mut rows = plain::rows(&own, rollout, 0.9, 0.8).concat();
                plain::normalize(&mut rows.iter_mut().collect::<Vec<_>>());
                let left = 1.0 - update as f64 / UPDATES as f64;
                let kl = trust_region_step(&mut own[..POLICY], &rows, &config, target_kl * left);
                let what = format!("{learner:?}, {target_kl}, update {update}");
                let found = training.agent.policy();
                let found = found.weights().unwrap().mlp.flatten();
                assert_close(&found, &own[..POLICY], &start[..POLICY], &what);
                let measured = metrics.get("kl").unwrap();
                assert!((measured - kl).abs() < 1e-3 * kl, "{measured} {kl}");

                let rate = 0.02 * left;
                let rows: Vec<&Row> = rows.iter().collect();
                for _ in 0..3 {
                    let gradient = plain::gradient(&own, &rows, |_, _| 0.0, (0.0, 1.0));
                    optimizer.step(&mut own[POLICY..], &gradient[POLICY..], rate);
                }
                let found: Vec<f32> = value_parameters(&training.agent)
                    .map(|x| x as f32)
                    .collect();
                assert_close(&found, &own[POLICY..], &start[POLICY..], &what);
            }
        }
    }
}

/// The parameters of the value function, which the agent keeps to itself.
fn value_parameters<A: State>(agent: &A) -> impl Iterator<Item = f64> + use<A> {
    let state = Snapshot::of(agent);
    let name = "value_function.parameters";
    let mut numbers = vec![0.0; state.length(name).unwrap()];
    state.f32s(name, &mut numbers).unwrap();
    numbers.into_iter().map(f64::from)
}

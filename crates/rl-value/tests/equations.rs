//! Updates against the same computed in `f64` from the equations, on experience in which episodes
//! terminate and are truncated.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Line, argmax, linear};
use rl_core::{
    Acts, Agent, Budget, Clock, Interact, Learns, Metrics, Purpose, Rollout, Rollouts, Snapshot,
    State, StateReader, Status, Stream,
};
use rl_learn::{
    Algorithm, LearnerKind, NetworksConfig, Noise, Optimizer, OptimizerConfig, Setup, TdLoss,
};
use rl_nets::Device;
use rl_value::replay::{Draw, Prioritization, Replay, Sample};
use rl_value::{Dqn, DqnConfig, ExplorationConfig, PqnConfig};

const ENVIRONMENTS: usize = 3;
const RATE: f64 = 0.05;
const GAMMA: f64 = 0.9;

fn setup() -> Setup {
    Setup {
        environments: ENVIRONMENTS,
        seed: 5,
        device: Device::flex(),
        networks: NetworksConfig {
            n_layers: 0,
            ..NetworksConfig::default()
        },
        ..Setup::new(Line::default, Budget::Steps(1000)).unwrap()
    }
}

fn optimizer(learner: LearnerKind) -> OptimizerConfig {
    OptimizerConfig {
        optimizer: Optimizer::Sgd,
        learner,
        ..OptimizerConfig::adam(RATE)
    }
}

fn dqn(learner: LearnerKind) -> DqnConfig {
    DqnConfig {
        train_every: 8,
        learning_starts: 0,
        buffer_size: 200,
        minibatch_size: 16,
        gamma: GAMMA,
        optimizer: optimizer(learner),
        ..DqnConfig::default()
    }
}

fn wide(numbers: impl Iterator<Item = f32>) -> Vec<f64> {
    numbers.map(f64::from).collect()
}

/// Parameters; of noisy layers the means, then the deviations.
fn parameters(agent: &Dqn) -> Vec<f64> {
    let means = agent.networks().parameters().flatten();
    wide(means.chain(agent.deviations()).copied())
}

/// Noise of a use: 0 the gradient, 1 the target network, 2 the choice of actions, 3 acting.
fn noise(agent: &Dqn, of: u32) -> Noise {
    Noise::new(agent.networks(), Stream::derive(5, Purpose::Noise, of)).unwrap()
}

/// The weights that parameters have, under new noise if layers are noisy.
fn weights(config: &DqnConfig, parameters: &[f64], noise: &mut Noise) -> Vec<f64> {
    if !config.noisy {
        return parameters.to_vec();
    }
    noise.draw();
    let (means, deviations) = parameters.split_at(parameters.len() / 2);
    let terms = means.iter().zip(deviations).zip(noise.numbers());
    terms
        .map(|((mean, deviation), &x)| mean + deviation * f64::from(x))
        .collect()
}

/// Differences of two values of each action, of a policy's and of a network's with these weights.
fn assert_acts_by(policy: &rl_value::GreedyPolicy, config: &DqnConfig, weights: &[f64]) {
    let (input, mut values) = ([0.3, -0.8], [0.0; 3]);
    policy.clone().values(&input, &mut values);
    for (value, expected) in values
        .iter()
        .zip(means(&quantiles(config, weights, &input)))
    {
        let off = (f64::from(*value) - expected).abs();
        assert!(off < 1e-4, "{config:?}: {value} {expected}");
    }
}

/// A rollout by the agent's own policy.
fn rollout(
    rollouts: &mut Rollouts<rl_value::GreedyPolicy>,
    policy: &rl_value::GreedyPolicy,
    steps: usize,
) -> Rollout {
    rollouts.collect(policy, steps).unwrap().rollout.clone()
}

fn assert_close(found: &[f64], expected: &[f64], start: &[f64], what: &str) {
    let distance = |a: &[f64], b: &[f64]| {
        let squares = a.iter().zip(b).map(|(a, b)| (a - b).powi(2));
        squares.sum::<f64>().sqrt()
    };
    let (off, way) = (distance(found, expected), distance(expected, start));
    assert!(way > 1e-4, "{what}: nothing moved");
    assert!(off < 2e-4 * way, "{what}: {off} off on a way of {way}");
}

/// Quantiles of the three actions of a linear network, by the form of its outputs.
fn quantiles(config: &DqnConfig, parameters: &[f64], input: &[f32]) -> [Vec<f64>; 3] {
    let width = parameters.len() / 3;
    let output = |o: usize| {
        let [x, y] = [input[0], input[1]].map(f64::from);
        parameters[o] * x + parameters[width + o] * y + parameters[2 * width + o]
    };
    let n = config.n_quantiles;
    let mean = (0..3).map(output).sum::<f64>() / 3.0;
    [0, 1, 2].map(|action| match config.dueling {
        true => vec![output(3) + output(action) - mean],
        false => (action * n..(action + 1) * n).map(output).collect(),
    })
}

fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len() as f64
}

fn means(quantiles: &[Vec<f64>; 3]) -> [f64; 3] {
    [0, 1, 2].map(|action| mean(&quantiles[action]))
}

/// Targets of a row, one for each quantile, with the action chosen by weights of the network that learns.
fn targets(
    config: &DqnConfig,
    sample: &Sample,
    row: usize,
    choosing: &[f64],
    target: &[f64],
) -> Vec<f64> {
    let after = &sample.next_observations[2 * row..][..2];
    let of_target = quantiles(config, target, after);
    let best = match config.double {
        true => argmax(&means(&quantiles(config, choosing, after))),
        false => argmax(&means(&of_target)),
    };
    let (reward, discount) = (sample.rewards[row], sample.discounts[row]);
    let of_best = of_target[best].iter();
    of_best
        .map(|value| f64::from(reward) + f64::from(discount) * value)
        .collect()
}

/// Derivative of the loss by a quantile with an index.
fn slope(config: &DqnConfig, index: usize, quantile: f64, targets: &[f64]) -> f64 {
    if let [y] = targets {
        let error = quantile - y;
        return match config.loss {
            TdLoss::Huber => error.clamp(-1.0, 1.0),
            TdLoss::Squared => 2.0 * error,
        };
    }
    let level = (index as f64 + 0.5) / targets.len() as f64;
    let of_target = |y: &f64| {
        let is_below = f64::from(u8::from(*y < quantile));
        (level - is_below).abs() * (quantile - y).clamp(-1.0, 1.0)
    };
    targets.iter().map(of_target).sum::<f64>() / targets.len() as f64
}

/// Weights after a gradient step on a sample, by the equation.
fn step(
    config: &DqnConfig,
    sample: &Sample,
    online: &[f64],
    choosing: &[f64],
    target: &[f64],
) -> Vec<f64> {
    let width = online.len() / 3;
    let mut moved = online.to_vec();
    for row in 0..sample.len() {
        let input = &sample.observations[2 * row..][..2];
        let targets = targets(config, sample, row, choosing, target);
        let action = sample.actions[row] as usize;
        let weight = match config.prioritized {
            true => f64::from(sample.weights[row]),
            false => 1.0,
        };
        let now = &quantiles(config, online, input)[action];
        for (i, quantile) in now.iter().enumerate() {
            let d = RATE * weight * slope(config, i, *quantile, &targets) / sample.len() as f64;
            let by_output = |output: usize| match config.dueling {
                true if output == 3 => 1.0,
                true => f64::from(u8::from(output == action)) - 1.0 / 3.0,
                false => f64::from(u8::from(output == action * config.n_quantiles + i)),
            };
            for output in 0..width {
                let d = d * by_output(output);
                moved[output] -= d * f64::from(input[0]);
                moved[width + output] -= d * f64::from(input[1]);
                moved[2 * width + output] -= d;
            }
        }
    }
    moved
}

#[test]
fn deep_q_networks_take_the_steps_of_their_equation() {
    let base = |learner| dqn(learner);
    let cases = [LearnerKind::Fused, LearnerKind::Burn].map(|of| {
        [
            base(of),
            DqnConfig {
                loss: TdLoss::Squared,
                n_step: 3,
                ..base(of)
            },
            DqnConfig {
                double: true,
                target_every: 3,
                gradient_steps: 4,
                ..base(of)
            },
            DqnConfig {
                target_every: 1,
                target_rate: 0.25,
                gradient_steps: 3,
                ..base(of)
            },
            DqnConfig {
                target_every: 3,
                gradient_steps: 5,
                ..base(of)
            },
            DqnConfig {
                prioritized: true,
                gradient_steps: 2,
                ..base(of)
            },
            DqnConfig {
                dueling: true,
                double: true,
                prioritized: true,
                gradient_steps: 2,
                ..base(of)
            },
            DqnConfig {
                n_quantiles: 4,
                n_step: 2,
                target_every: 2,
                gradient_steps: 3,
                ..base(of)
            },
            DqnConfig {
                n_quantiles: 3,
                double: true,
                prioritized: true,
                target_every: 3,
                gradient_steps: 4,
                ..base(of)
            },
            DqnConfig {
                noisy: true,
                gradient_steps: 3,
                target_every: 3,
                ..base(of)
            },
            DqnConfig {
                noisy: true,
                n_quantiles: 3,
                n_step: 2,
                target_every: 1,
                target_rate: 0.25,
                gradient_steps: 2,
                ..base(of)
            },
            DqnConfig {
                noisy: true,
                dueling: true,
                double: true,
                prioritized: true,
                target_every: 3,
                gradient_steps: 4,
                ..base(of)
            },
        ]
    });
    for config in cases.into_iter().flatten() {
        let valid = config.clone().validate(setup()).unwrap();
        let (mut agent, _) = DqnConfig::build(&valid).unwrap();
        let mut rollouts = Rollouts::new(setup().collection(1, GAMMA), 8).unwrap();
        let mut replay = Replay::new(200, ENVIRONMENTS, 2, 5).unwrap();
        if config.prioritized {
            let exponent = config.priority_exponent;
            let epsilon = config.priority_epsilon;
            let prioritization = Prioritization { exponent, epsilon };
            replay = replay.prioritized(prioritization).unwrap();
        }
        let mut clock = Clock::start(Budget::Steps(1000));
        let (mut online, start) = (parameters(&agent), parameters(&agent));
        let mut target = online.clone();
        let mut noises = [0, 1, 2].map(|of| noise(&agent, of));
        let (mut steps, mut ends) = (0, Vec::new());
        for _ in 0..4 {
            let policy = agent.actor(0, &clock).clone();
            let rollout = rollout(&mut rollouts, &policy, 8);
            ends.extend_from_slice(rollout.statuses());
            replay.push_rollout(&rollout);
            let beta = config.importance_exponent;
            let draw = Draw {
                size: 16,
                n_step: config.n_step,
                gamma: GAMMA,
                beta: beta + (1.0 - beta) * clock.done(),
            };
            let mut sample = Sample::default();
            for _ in 0..config.gradient_steps {
                replay.sample(draw, &mut sample);
                let [of_gradient, of_target, of_choice] = &mut noises;
                let now = weights(&config, &online, of_gradient);
                let by_target = weights(&config, &target, of_target);
                let choosing = weights(&config, &online, of_choice);
                if config.prioritized {
                    // Errors before the step, as the agent's own `f32` have them up to rounding.
                    let error = |row: usize| {
                        let input = &sample.observations[2 * row..][..2];
                        let value = quantiles(&config, &choosing, input);
                        let value = mean(&value[sample.actions[row] as usize]);
                        let targets = targets(&config, &sample, row, &choosing, &by_target);
                        (value - mean(&targets)) as f32
                    };
                    let errors: Vec<f32> = (0..16).map(error).collect();
                    replay.set_priorities(&sample, &errors).unwrap();
                }
                let moved = step(&config, &sample, &now, &choosing, &by_target);
                for (i, (moved, now)) in moved.iter().zip(&now).enumerate() {
                    online[i] += moved - now;
                    if config.noisy {
                        let x = f64::from(noises[0].numbers()[i]);
                        online[agent.networks().len() + i] += (moved - now) * x;
                    }
                }
                steps += 1;
                if steps % config.target_every == 0 {
                    for (target, online) in target.iter_mut().zip(&online) {
                        *target += config.target_rate * (online - *target);
                    }
                }
            }
            let mut metrics = Metrics::default();
            agent.update(&rollout, &clock, &mut metrics).unwrap();
            clock.env_steps += rollout.len() as u64;
        }
        assert_acts_by(&agent.policy(), &config, &online[..agent.networks().len()]);
        let mut of_acting = noise(&agent, 3);
        (0..3).for_each(|_| of_acting.draw());
        let acting = weights(&config, &online, &mut of_acting);
        assert_acts_by(agent.actor(0, &clock), &config, &acting);
        let (mut restored, _) = DqnConfig::build(&valid).unwrap();
        restored.load(&Snapshot::of(&agent)).unwrap();
        assert_acts_by(restored.actor(0, &clock), &config, &acting);
        for end in [Status::Terminated, Status::Truncated] {
            assert!(ends.contains(&end), "{end:?}");
        }
        assert_close(&parameters(&agent), &online, &start, &format!("{config:?}"));
        let mut snapshot = Snapshot::default();
        agent.save(&mut snapshot);
        let mut saved = vec![0.0; target.len()];
        snapshot.f32s("target.parameters", &mut saved).unwrap();
        let saved = wide(saved.into_iter());
        if config.target_every <= 3 {
            assert_close(&saved, &target, &start, "target network");
        } else {
            assert_eq!(saved, start, "a target network that is not due stays");
        }
    }
}

/// λ-return of a row, by its recursion.
fn lambda_return(
    rollout: &Rollout,
    values: &dyn Fn(&[f32]) -> f64,
    lane: usize,
    t: usize,
    lambda: f64,
) -> f64 {
    let view = rollout.environment_range(lane..lane + 1);
    let reward = f64::from(view.rewards()[t]);
    let is_last = t + 1 == view.len();
    let has_successor = |t: usize| !view.statuses()[t].continues() || t + 1 == view.len();
    if has_successor(t) {
        let place = (0..t).filter(|&t| has_successor(t)).count();
        let value = values(&view.successors()[2 * place..][..2]);
        return match view.statuses()[t] {
            Status::Terminated => reward,
            _ => reward + GAMMA * value,
        };
    }
    assert!(!is_last);
    let value = values(&view.observations()[2 * (t + 1)..][..2]);
    let later = lambda_return(rollout, values, lane, t + 1, lambda);
    reward + GAMMA * (lambda * later + (1.0 - lambda) * value)
}

#[test]
fn parallelised_q_networks_take_the_step_of_their_equation() {
    for learner in [LearnerKind::Fused, LearnerKind::Burn] {
        for lambda in [0.0, 0.65, 1.0] {
            let config = PqnConfig {
                steps_per_environment: 20,
                epochs: 1,
                minibatch_size: 60,
                gamma: GAMMA,
                lambda,
                optimizer: optimizer(learner),
                ..PqnConfig::default()
            };
            let valid = config.validate(setup()).unwrap();
            let (mut agent, _) = PqnConfig::build(&valid).unwrap();
            let mut rollouts = Rollouts::new(setup().collection(1, GAMMA), 20).unwrap();
            let mut clock = Clock::start(Budget::Steps(1000));
            let parameters =
                |agent: &rl_value::Pqn| wide(agent.networks().parameters().flatten().copied());
            let start = parameters(&agent);
            let mut online = start.clone();
            for _ in 0..3 {
                let policy = agent.actor(0, &clock).clone();
                let rollout = rollout(&mut rollouts, &policy, 20);
                let before = online.clone();
                let values = |input: &[f32]| {
                    let values = linear(&before, input);
                    values[argmax(&values)]
                };
                for lane in 0..ENVIRONMENTS {
                    for t in 0..20 {
                        let row = 20 * lane + t;
                        let input = &rollout.observations()[2 * row..][..2];
                        let action = rollout.actions()[row] as usize;
                        let y = lambda_return(&rollout, &values, lane, t, lambda);
                        // ½ δ² of 60 rows.
                        let d = RATE * (linear(&before, input)[action] - y) / 60.0;
                        online[action] -= d * f64::from(input[0]);
                        online[3 + action] -= d * f64::from(input[1]);
                        online[6 + action] -= d;
                    }
                }
                let mut metrics = Metrics::default();
                agent.update(&rollout, &clock, &mut metrics).unwrap();
                clock.env_steps += rollout.len() as u64;
            }
            let what = format!("{learner:?} λ = {lambda}");
            assert_close(&parameters(&agent), &online, &start, &what);
        }
    }
}

#[test]
fn actions_are_random_until_learning_starts_and_then_by_the_schedule() {
    let config = DqnConfig {
        learning_starts: 100,
        rounds: 1,
        exploration: ExplorationConfig {
            epsilon_start: 0.8,
            epsilon_end: 0.2,
            exploration_fraction: 0.5,
            ..ExplorationConfig::default()
        },
        ..dqn(LearnerKind::Fused)
    };
    let valid = config.validate(setup()).unwrap();
    let (mut agent, mut rounds) = DqnConfig::build(&valid).unwrap();
    let mut clock = Clock::start(Budget::Steps(1000));
    let mut metrics = Metrics::default();
    rounds.update(&mut agent, &mut clock, &mut metrics).unwrap();
    assert_eq!(metrics.get("epsilon"), Some(1.0), "as the actions were");
    for (steps, epsilon) in [
        (0, 1.0),
        (99, 1.0),
        (100, 0.68),
        (250, 0.5),
        (500, 0.2),
        (900, 0.2),
    ] {
        clock.env_steps = steps;
        let found = agent.actor(0, &clock).epsilon();
        assert!((found - epsilon).abs() < 1e-12, "{steps}: {found}");
    }
    assert_eq!(agent.policy().epsilon(), 0.0, "judged without");
}

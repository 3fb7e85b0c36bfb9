//! The kernels that a run spends its time in, one thread each.
//!
//! `cargo xtask regress` divides each time by that of `reference`, measured in the same run, and
//! compares the ratios with those in `ratios.toml`.
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use divan::{Bencher, black_box};
use rl_core::{
    BatchEnvironment, Environment, EnvironmentSource, GaeConfig, Policy, Purpose, SingleProcess,
    Status, StepBuffers, Stream, ValuedSteps, discounted_reward_to_go,
};
use rl_envs::{CartPole, EnvironmentId};
use rl_learn::{
    ClipFraction, EntropyBonus, LearnerKind, NaturalGradient, OptimizerConfig, Plan, Samples,
    Surrogate, Term, ValueError, fit,
};
use rl_nets::{Actor, Device, MlpConfig, Networks, PolicyConfig, PolicyWeights};

fn main() {
    divan::main();
}

fn numbers(n: usize, seed: u64) -> Vec<f32> {
    let mut rng = Stream::from_seed(seed);
    (0..n).map(|_| rng.uniform(-1.0, 1.0) as f32).collect()
}

/// The yardstick, which is no part of the project: `C += A B` for matrices of 64×64.
#[divan::bench]
fn reference(bencher: Bencher) {
    const N: usize = 64;
    let (a, b) = (numbers(N * N, 1), numbers(N * N, 2));
    let mut c = vec![0.0; N * N];
    bencher.bench_local(|| {
        for (row, out) in a.chunks_exact(N).zip(c.chunks_exact_mut(N)) {
            for (x, ys) in row.iter().zip(b.chunks_exact(N)) {
                for (out, y) in out.iter_mut().zip(ys) {
                    *out += x * y;
                }
            }
        }
        black_box(&mut c);
    });
}

/// 4→64→64→2, the networks of CartPole.
fn policy() -> PolicyWeights {
    let mut rng = Stream::derive(0, Purpose::Initialization, 0);
    PolicyConfig::new(4, &CartPole::v1().action_space()).draw(&mut rng)
}

fn act(bencher: Bencher, rows: usize) {
    let mut actor = Actor::new(&policy());
    let observations = numbers(rows * 4, 1);
    let mut rngs: Vec<Stream> = (0..rows as u64).map(Stream::from_seed).collect();
    let mut actions = vec![0.0; rows];
    bencher.bench_local(|| actor.act(black_box(&observations), &mut rngs, &mut actions));
}

#[divan::bench]
fn actor_1_row(bencher: Bencher) {
    act(bencher, 1);
}

#[divan::bench]
fn actor_1024_rows(bencher: Bencher) {
    act(bencher, 1024);
}

fn learn(bencher: Bencher, rows: usize, run: impl Fn(&mut dyn NaturalGradient, &Samples<'_>)) {
    let value = MlpConfig::new(4, 1).draw(&mut Stream::from_seed(1));
    let config = OptimizerConfig {
        learner: LearnerKind::Fused,
        ..OptimizerConfig::adam(1e-6)
    };
    let networks = Networks::separate(policy(), value).unwrap();
    let mut learner = config.init_natural(networks, &Device::flex()).unwrap();
    let [advantages, targets, values] = [2, 3, 4].map(|seed| numbers(rows, seed));
    let samples = Samples {
        observations: &numbers(rows * 4, 5),
        actions: &(0..rows).map(|row| (row % 2) as f32).collect::<Vec<_>>(),
        advantages: &advantages,
        log_probs: &vec![-0.7; rows],
        targets: &targets,
        values: &values,
        weights: &[],
    };
    bencher.bench_local(|| run(learner.as_mut(), black_box(&samples)));
}

const ENTROPY: EntropyBonus = EntropyBonus(0.01);
const VALUE: ValueError = ValueError {
    coefficient: 0.5,
    clip_range: None,
};

#[divan::bench]
fn learner_gradient_1000_rows(bencher: Bencher) {
    let terms: [&dyn Term; 3] = [&Surrogate::LogProb, &ENTROPY, &VALUE];
    learn(bencher, 1000, |learner, samples| {
        let mut gradient = vec![0.0; learner.networks().len()];
        learner.gradient(samples, &terms, &mut gradient).unwrap();
        black_box(gradient);
    });
}

#[divan::bench]
fn learner_ppo_minibatch_of_64(bencher: Bencher) {
    let clip_range = 0.2;
    let (surrogate, clipped) = (
        Surrogate::ClippedRatio { clip_range },
        ClipFraction { clip_range },
    );
    let terms: [&dyn Term; 4] = [&surrogate, &ENTROPY, &VALUE, &clipped];
    let plan = Plan {
        minibatch_size: 64,
        normalize_advantages: true,
        ..Plan::whole(1e-6)
    };
    learn(bencher, 64, |learner, samples| {
        let report = fit(learner, samples, &terms, &plan, None, &SingleProcess);
        black_box(report.unwrap());
    });
}

/// 16 environments with 1024 steps each, an episode ending every 200.
#[divan::bench]
fn gae_16x1024(bencher: Bencher) {
    const STEPS: usize = 16 * 1024;
    let gae = GaeConfig {
        gamma: 0.99,
        lambda: 0.95,
    };
    let gae = gae.validate().unwrap();
    let [rewards, values, next_values] = [1, 2, 3].map(|seed| numbers(STEPS, seed));
    let ends = |step: usize| match step % 200 {
        199 if step.is_multiple_of(2) => Status::Truncated,
        199 => Status::Terminated,
        _ => Status::Running,
    };
    let statuses: Vec<Status> = (0..STEPS).map(ends).collect();
    let mut advantages = vec![0.0; STEPS];
    bencher.bench_local(|| {
        let rows = rewards.chunks_exact(1024).zip(values.chunks_exact(1024));
        let after = (next_values.chunks_exact(1024)).zip(statuses.chunks_exact(1024));
        let outs = advantages.chunks_exact_mut(1024);
        for (((rewards, values), (next_values, statuses)), out) in rows.zip(after).zip(outs) {
            let steps = ValuedSteps::Rollout {
                rewards,
                values,
                next_values,
                statuses,
            };
            gae.advantages(black_box(steps), out);
        }
    });
}

#[divan::bench]
fn reward_to_go_16x1024(bencher: Bencher) {
    let rewards = numbers(16 * 1024, 1);
    let mut out = vec![0.0; 16 * 1024];
    bencher.bench_local(|| {
        for (rewards, out) in rewards.chunks_exact(1024).zip(out.chunks_exact_mut(1024)) {
            discounted_reward_to_go(black_box(rewards), 0.99, 0.5, out);
        }
    });
}

/// `steps` steps of `n` environments on one thread, from a reset on, with actions drawn beforehand.
fn step(bencher: Bencher, id: EnvironmentId, n: usize, steps: usize) {
    let mut batch = id
        .batch((0..n as u64).map(Stream::from_seed).collect())
        .unwrap();
    let mut rng = Stream::from_seed(1);
    let spaces = batch.spaces();
    let space = spaces.action;
    let mut actions = vec![0.0; n * space.flat_dim()];
    for action in actions.chunks_exact_mut(space.flat_dim()) {
        space.sample(&mut rng, action);
    }
    let mut buffers = StepBuffers::new(n, spaces.observation.flat_dim());
    bencher.bench_local(|| {
        batch.reset_into(&mut buffers.observations).unwrap();
        for _ in 0..steps {
            let actions = black_box(&actions);
            batch.step_into(actions, buffers.as_mut()).unwrap();
        }
    });
}

#[divan::bench]
fn cartpole_1024x32(bencher: Bencher) {
    step(bencher, EnvironmentId::CartPole, 1024, 32);
}

/// Long enough to come down.
#[divan::bench]
fn lunar_lander_64x200(bencher: Bencher) {
    step(bencher, EnvironmentId::LunarLander, 64, 200);
}

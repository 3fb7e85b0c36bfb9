//! How fast the environments are.

use std::time::Instant;

use rl_core::{
    Action, BatchEnvironment, BatchError, Environment, Purpose, Space, Status, StepBuffers, Stream,
};
use rl_envs::{
    Acrobot, Batch, CartPole, EnvironmentId, LunarLander, LunarLanderContinuous, MountainCar,
    MountainCarContinuous, Pendulum,
};
use serde::Serialize;

/// Sizes of the batches that are measured.
pub const BATCH_SIZES: [usize; 4] = [1, 64, 1024, 4096];

/// How long to measure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BenchConfig {
    /// Runs of each measurement, of which the median counts.
    pub runs: usize,
    /// Length of a run, in seconds.
    pub seconds: f64,
}

/// How environments step together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// One alone.
    Scalar,
    /// One after the other, in a [`Batch`].
    Batch,
    /// Side by side in SIMD registers, in an [`rl_envs::SimdBatch`].
    Simd,
}

/// Environment steps per second on one thread, with random actions drawn beforehand, resets
/// included.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Speed {
    /// The environment.
    pub env: &'static str,
    /// How they step together.
    pub form: Form,
    /// Number of environments.
    pub n: usize,
    /// The median over the runs.
    pub steps_per_s: f64,
}

/// Measures an environment in every form it has.
///
/// # Errors
/// [`BatchError`] if an environment refuses what was drawn from its own action space: nothing
/// was measured then.
pub fn bench_environment(
    id: EnvironmentId,
    config: &BenchConfig,
) -> Result<Vec<Speed>, BatchError> {
    match id {
        EnvironmentId::CartPole => forms(id, CartPole::v1, config),
        EnvironmentId::Pendulum => forms(id, Pendulum::v1, config),
        EnvironmentId::MountainCar => forms(id, MountainCar::v0, config),
        EnvironmentId::MountainCarContinuous => forms(id, MountainCarContinuous::v0, config),
        EnvironmentId::Acrobot => forms(id, Acrobot::v1, config),
        EnvironmentId::LunarLander => forms(id, LunarLander::v0, config),
        EnvironmentId::LunarLanderContinuous => forms(id, LunarLanderContinuous::v0, config),
    }
}

fn forms<E: Environment + Send>(
    id: EnvironmentId,
    make: impl Fn() -> E,
    config: &BenchConfig,
) -> Result<Vec<Speed>, BatchError> {
    let speed = |form, n, steps_per_s| Speed {
        env: id.name(),
        form,
        n,
        steps_per_s,
    };
    let mut speeds = vec![speed(Form::Scalar, 1, scalar(make(), config)?)];
    for n in BATCH_SIZES {
        let generic = Batch::new(&make, streams(n));
        speeds.push(speed(Form::Batch, n, batch(generic, config)?));
    }
    if id.has_simd_batch() {
        for n in BATCH_SIZES {
            let simd = id.make_batch(streams(n));
            speeds.push(speed(Form::Simd, n, batch(simd, config)?));
        }
    }
    Ok(speeds)
}

fn streams(n: usize) -> Vec<Stream> {
    (0..n)
        .map(|i| Stream::derive(0, Purpose::Environment, i as u32))
        .collect()
}

/// Flat random actions, `[rows, action_dim]`.
fn random_actions(space: &Space, rows: usize) -> Vec<f32> {
    let mut rng = Stream::derive(0, Purpose::Action, 0);
    let width = space.flat_dim();
    let mut actions = vec![0.0; rows * width];
    for action in actions.chunks_exact_mut(width) {
        space.sample(&mut rng, action);
    }
    actions
}

fn scalar<E: Environment>(mut environment: E, config: &BenchConfig) -> Result<f64, BatchError> {
    let space = environment.action_space();
    let actions: Vec<E::Action> = random_actions(&space, 4096)
        .chunks_exact(space.flat_dim())
        .filter_map(E::Action::from_flat)
        .collect();
    let mut rng = Stream::derive(0, Purpose::Environment, 0);
    environment.reset(&mut rng);
    median_rate(config, actions.len(), || {
        for action in &actions {
            let step =
                environment
                    .step(action, &mut rng)
                    .map_err(|source| BatchError::Environment {
                        environment: 0,
                        source,
                    })?;
            if step.status != Status::Running {
                environment.reset(&mut rng);
            }
        }
        Ok(())
    })
}

fn batch(mut batch: impl BatchEnvironment, config: &BenchConfig) -> Result<f64, BatchError> {
    /// Environment steps between two looks at the clock.
    const CHUNK: usize = 65_536;
    let n = batch.len();
    let width = batch.action_space().flat_dim();
    let rows = (4096 / n).max(16);
    let actions = random_actions(&batch.action_space(), rows * n);
    let mut buffers = StepBuffers::new(n, batch.observation_space().dim());
    batch.reset_into(&mut buffers.observations)?;
    let steps = CHUNK.div_ceil(n);
    median_rate(config, steps * n, || {
        for row in actions.chunks_exact(n * width).cycle().take(steps) {
            batch.step_into(row, buffers.as_mut())?;
        }
        Ok(())
    })
}

/// The median over runs of the environment steps per second of `chunk`, which takes `steps`.
fn median_rate(
    config: &BenchConfig,
    steps: usize,
    mut chunk: impl FnMut() -> Result<(), BatchError>,
) -> Result<f64, BatchError> {
    chunk()?;
    let mut rates = Vec::with_capacity(config.runs);
    for _ in 0..config.runs {
        let start = Instant::now();
        let mut chunks = 0;
        while chunks == 0 || start.elapsed().as_secs_f64() < config.seconds {
            chunk()?;
            chunks += 1;
        }
        rates.push((chunks * steps) as f64 / start.elapsed().as_secs_f64());
    }
    rates.sort_by(f64::total_cmp);
    Ok(rates[rates.len() / 2])
}

//! A batch against the environments it stands for.

use rl_core::error::BatchError;
use rl_core::{
    BatchEnvironment, End, EnvironmentError, FlatEnvironment, Purpose, Status, StepBuffers, Stream,
};

use super::config::ConformanceConfig;
use super::error::NonConformance;

/// Environments of a batch under check: more than fit a SIMD register, and not a multiple.
const ENVIRONMENTS: usize = 11;

/// Checks that a batch of environments does what each of them does alone: rewards, statuses,
/// observations, final observations, returns and lengths, bit for bit, with a reset in the step
/// that ends an episode, with other streams from the middle on. Rows that belong to no end are left
/// as they were.
///
/// `make_batch` makes a batch with an environment for each stream, `make` one environment.
///
/// ```
/// use rl_envs::{CartPole, SimdBatch};
/// use rl_envs::conformance::{ConformanceConfig, check_batch};
///
/// let make_batch = |rngs| SimdBatch::new(&CartPole::v1(), rngs);
/// check_batch(make_batch, CartPole::v1, &ConformanceConfig::default())?;
/// # Ok::<(), rl_envs::conformance::NonConformance>(())
/// ```
///
/// # Errors
/// [`NonConformance::BatchRefused`] or [`NonConformance::BatchDiffers`].
pub fn check_batch<E: FlatEnvironment, B: BatchEnvironment>(
    make_batch: impl FnOnce(Vec<Stream>) -> B,
    make: impl Fn() -> E,
    config: &ConformanceConfig,
) -> Result<(), NonConformance> {
    let stream = |purpose, i| Stream::derive(config.seed, purpose, i as u32);
    let mut rngs: Vec<Stream> = (0..ENVIRONMENTS)
        .map(|i| stream(Purpose::Environment, i))
        .collect();
    let mut batch = make_batch(rngs.clone());
    let mut alone: Vec<E> = rngs.iter().map(|_| make()).collect();
    let spaces = batch.spaces();
    let (dim, space) = (spaces.observation.flat_dim(), spaces.action);
    let width = space.flat_dim();

    let refused = |step| move |source| NonConformance::BatchRefused { step, source };
    let mut out = poisoned(dim);
    let mut expected = poisoned(dim);
    batch
        .reset_into(&mut out.observations)
        .map_err(refused(None))?;
    for (i, (environment, rng)) in alone.iter_mut().zip(&mut rngs).enumerate() {
        environment
            .reset_into(rng, &mut expected.observations[i * dim..][..dim])
            .map_err(|source| refused(None)(at(i, source)))?;
    }
    compare(None, &out, &expected)?;

    let mut action_rng = stream(Purpose::Action, 0);
    let mut actions = vec![0.0; ENVIRONMENTS * width];
    let mut totals = [(0.0, 0); ENVIRONMENTS];
    let steps = config.steps.div_ceil(ENVIRONMENTS);
    for step in 0..steps {
        if step == steps / 2 {
            for (i, rng) in rngs.iter_mut().enumerate() {
                *rng = stream(Purpose::Environment, ENVIRONMENTS + i);
                batch.set_rng(i, rng.clone());
            }
        }
        for action in actions.chunks_exact_mut(width) {
            space.sample(&mut action_rng, action);
        }
        (out, expected) = (poisoned(dim), poisoned(dim));
        batch
            .step_into(&actions, out.as_mut())
            .map_err(refused(Some(step)))?;
        for (i, (environment, rng)) in alone.iter_mut().zip(&mut rngs).enumerate() {
            let row = i * dim..(i + 1) * dim;
            let observation = &mut expected.observations[row.clone()];
            let (reward, status) = environment
                .step_into(&actions[i * width..][..width], rng, observation)
                .map_err(|source| refused(Some(step))(at(i, source)))?;
            expected.rewards[i] = reward;
            expected.statuses[i] = status;
            totals[i] = (totals[i].0 + reward, totals[i].1 + 1);
            if let Some(End::Terminated | End::Truncated) = status.end() {
                expected.final_observations[row].copy_from_slice(observation);
                (expected.episode_returns[i], expected.episode_lengths[i]) = totals[i];
                environment
                    .reset_into(rng, observation)
                    .map_err(|source| refused(Some(step))(at(i, source)))?;
                totals[i] = (0.0, 0);
            }
        }
        compare(Some(step), &out, &expected)?;
    }
    Ok(())
}

/// The error of an environment that stands for one of the batch.
fn at(environment: usize, source: EnvironmentError) -> BatchError {
    BatchError::Environment {
        environment,
        source,
    }
}

/// Buffers whose numbers no environment writes.
fn poisoned(dim: usize) -> StepBuffers {
    let mut buffers = StepBuffers::new(ENVIRONMENTS, dim);
    buffers.observations.fill(f32::NAN);
    buffers.final_observations.fill(f32::NAN);
    buffers.rewards.fill(f64::NAN);
    buffers.episode_returns.fill(f64::NAN);
    buffers.statuses.fill(Status::Truncated);
    buffers
}

/// The first difference between what a batch wrote and what it should have.
fn compare(
    step: Option<usize>,
    out: &StepBuffers,
    expected: &StepBuffers,
) -> Result<(), NonConformance> {
    let dim = out.observations.len() / ENVIRONMENTS;
    let differ = |environment, difference| {
        Err(NonConformance::BatchDiffers {
            step,
            environment,
            difference,
        })
    };
    for i in 0..ENVIRONMENTS {
        for (name, a, b) in [
            ("observation", &out.observations, &expected.observations),
            (
                "final observation",
                &out.final_observations,
                &expected.final_observations,
            ),
        ] {
            for (dimension, (x, y)) in a[i * dim..].iter().zip(&b[i * dim..][..dim]).enumerate() {
                if x.to_bits() != y.to_bits() {
                    return differ(
                        i,
                        format!("dimension {dimension} of the {name} ({x} and {y})"),
                    );
                }
            }
        }
        for (name, a, b) in [
            ("reward", &out.rewards, &expected.rewards),
            (
                "episode's return",
                &out.episode_returns,
                &expected.episode_returns,
            ),
        ] {
            if a[i].to_bits() != b[i].to_bits() {
                return differ(i, format!("the {name} ({} and {})", a[i], b[i]));
            }
        }
        let (a, b) = (out.statuses[i], expected.statuses[i]);
        if a != b {
            return differ(i, format!("the status ({a:?} and {b:?})"));
        }
        let (a, b) = (out.episode_lengths[i], expected.episode_lengths[i]);
        if a != b {
            return differ(i, format!("the episode's length ({a} and {b})"));
        }
    }
    Ok(())
}

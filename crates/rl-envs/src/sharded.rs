//! A batch on several threads.

use rl_core::{BatchEnvironment, BatchError, BoxSpace, EnvironmentError, Space, StepSlices};

/// Batches that step at the same time, each on a thread, and together are one: environments are
/// numbered through. As every environment has its own stream, results do not depend on how they
/// are spread.
#[derive(Debug)]
pub struct Sharded<B> {
    shards: Vec<B>,
    pool: rayon::ThreadPool,
    widths: Widths,
    action_space: Space,
}

/// Numbers per environment.
#[derive(Clone, Copy, Debug)]
struct Widths {
    observation: usize,
    action: usize,
}

/// Why shards cannot be one batch.
#[derive(Debug, thiserror::Error)]
pub enum ShardError {
    /// There is none.
    #[error("a sharded batch needs at least one shard")]
    NoShard,
    /// They have different spaces.
    #[error("shard {0} has other spaces than shard 0")]
    Spaces(usize),
    /// The system gave no threads.
    #[error("cannot start threads: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}

impl<B: BatchEnvironment> Sharded<B> {
    /// One batch of several, each stepped by a thread of its own.
    ///
    /// # Errors
    /// [`ShardError`].
    pub fn new(shards: Vec<B>) -> Result<Self, ShardError> {
        let first = shards.first().ok_or(ShardError::NoShard)?;
        let (observation_space, action_space) = (first.observation_space(), first.action_space());
        if let Some(other) = shards.iter().position(|shard| {
            shard.observation_space() != observation_space || shard.action_space() != action_space
        }) {
            return Err(ShardError::Spaces(other));
        }
        Ok(Self {
            pool: rayon::ThreadPoolBuilder::new()
                .num_threads(shards.len())
                .build()?,
            widths: Widths {
                observation: observation_space.dim(),
                action: action_space.flat_dim(),
            },
            action_space,
            shards,
        })
    }
}

impl<B: BatchEnvironment> BatchEnvironment for Sharded<B> {
    fn len(&self) -> usize {
        self.shards.iter().map(B::len).sum()
    }

    fn observation_space(&self) -> BoxSpace {
        self.shards[0].observation_space()
    }

    fn action_space(&self) -> Space {
        self.action_space.clone()
    }

    fn reset_into(&mut self, observations: &mut [f32]) -> Result<(), BatchError> {
        let (n, width) = (self.len(), self.widths.observation);
        BatchError::check_length("observations", observations.len(), n, width)?;
        let shards = &mut self.shards;
        self.pool.install(|| reset(shards, observations, width))
    }

    fn step_into(&mut self, actions: &[f32], out: StepSlices<'_>) -> Result<(), BatchError> {
        let (n, widths) = (self.len(), self.widths);
        BatchError::check_length("actions", actions.len(), n, widths.action)?;
        out.check(n, widths.observation)?;
        // All are judged before any shard moves.
        let mut rows = actions.chunks_exact(widths.action);
        if let Some(environment) = rows.position(|action| !self.action_space.admits(action)) {
            let action = &actions[environment * widths.action..][..widths.action];
            let source = EnvironmentError::outside(action, &self.action_space);
            return Err(BatchError::Environment {
                environment,
                source,
            });
        }
        let shards = &mut self.shards;
        self.pool.install(|| step(shards, actions, out, widths))
    }
}

/// Halves the shards until one is left; `rayon::join` allocates nothing.
fn reset<B: BatchEnvironment>(
    shards: &mut [B],
    observations: &mut [f32],
    width: usize,
) -> Result<(), BatchError> {
    if let [shard] = shards {
        return shard.reset_into(observations);
    }
    let (left, right) = shards.split_at_mut(shards.len() / 2);
    let n: usize = left.iter().map(B::len).sum();
    let (observations, rest) = observations.split_at_mut(n * width);
    let (left, right) = rayon::join(
        || reset(left, observations, width),
        || reset(right, rest, width),
    );
    left.and(right)
}

fn step<B: BatchEnvironment>(
    shards: &mut [B],
    actions: &[f32],
    out: StepSlices<'_>,
    widths: Widths,
) -> Result<(), BatchError> {
    if let [shard] = shards {
        return shard.step_into(actions, out);
    }
    let (left, right) = shards.split_at_mut(shards.len() / 2);
    let n: usize = left.iter().map(B::len).sum();
    let (actions, other_actions) = actions.split_at(n * widths.action);
    let (out, other_out) = out.split_at(n, widths.observation);
    let (left, right) = rayon::join(
        || step(left, actions, out, widths),
        || step(right, other_actions, other_out, widths),
    );
    left.and(right.map_err(|error| match error {
        BatchError::Environment {
            environment,
            source,
        } => BatchError::Environment {
            environment: environment + n,
            source,
        },
        error @ BatchError::Length { .. } => error,
    }))
}

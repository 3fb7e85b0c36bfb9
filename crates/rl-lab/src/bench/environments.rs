//! Speed of environments alone.

use rl_core::error::BatchError;
use rl_core::{
    BatchEnvironment, Environment, EnvironmentError, EnvironmentSource, Flat, Purpose, ScalarBatch,
    Space, Status, StepBuffers, Stream,
};
use rl_envs::{
    Acrobot, CartPole, CliffWalking, EnvironmentId, FrozenLake, LunarLander, LunarLanderContinuous,
    MountainCar, MountainCarContinuous, Pendulum, Taxi,
};
use serde::Serialize;

use super::rate::Runs;

/// Sizes of the batches that are measured.
pub const BATCH_SIZES: [usize; 4] = [1, 64, 1024, 4096];

/// Measurement of environments on one thread, with random actions drawn beforehand, resets included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EnvironmentBench {
    /// Runs of each measurement, of which the median counts.
    pub runs: usize,
    /// Length of a run, in seconds.
    pub seconds: f64,
}

/// Form in which environments step together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BatchForm {
    /// One alone.
    Scalar,
    /// One after the other, in a [`ScalarBatch`].
    Batch,
    /// Side by side in SIMD registers, in an [`rl_envs::SimdBatch`].
    Simd,
}

/// Environment steps per second.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EnvironmentSpeed {
    /// The environment.
    pub env: &'static str,
    /// Form in which they step together.
    pub form: BatchForm,
    /// Number of environments.
    pub n: usize,
    /// The median over the runs.
    pub steps_per_s: f64,
}

impl EnvironmentBench {
    /// Measures an environment in every form that it has.
    ///
    /// # Errors
    /// [`BatchError`] if an environment refuses what was drawn from its own action space: nothing
    /// was measured then.
    pub fn environment(&self, id: EnvironmentId) -> Result<Vec<EnvironmentSpeed>, BatchError> {
        match id {
            EnvironmentId::CartPole => self.forms(id, CartPole::v1),
            EnvironmentId::Pendulum => self.forms(id, Pendulum::v1),
            EnvironmentId::MountainCar => self.forms(id, MountainCar::v0),
            EnvironmentId::MountainCarContinuous => self.forms(id, MountainCarContinuous::v0),
            EnvironmentId::Acrobot => self.forms(id, Acrobot::v1),
            EnvironmentId::LunarLander => self.forms(id, LunarLander::v0),
            EnvironmentId::LunarLanderContinuous => self.forms(id, LunarLanderContinuous::v0),
            EnvironmentId::FrozenLake => self.forms(id, FrozenLake::v1),
            EnvironmentId::FrozenLake8x8 => self.forms(id, FrozenLake::v1_8x8),
            EnvironmentId::CliffWalking => self.forms(id, CliffWalking::v1),
            EnvironmentId::Taxi => self.forms(id, Taxi::v4),
        }
    }

    fn forms<E: Environment + Send>(
        &self,
        id: EnvironmentId,
        make: impl Fn() -> E,
    ) -> Result<Vec<EnvironmentSpeed>, BatchError> {
        let speed = |form, n, steps_per_s| EnvironmentSpeed {
            env: id.name(),
            form,
            n,
            steps_per_s,
        };
        let mut speeds = vec![speed(BatchForm::Scalar, 1, self.scalar(make())?)];
        for n in BATCH_SIZES {
            let batch = ScalarBatch::new(&make, streams(n));
            speeds.push(speed(BatchForm::Batch, n, self.batch(batch)?));
        }
        if id.has_simd_batch() {
            for n in BATCH_SIZES {
                let batch = id.batch(streams(n)).map_err(failed)?;
                speeds.push(speed(BatchForm::Simd, n, self.batch(batch)?));
            }
        }
        Ok(speeds)
    }

    fn scalar<E: Environment>(&self, mut environment: E) -> Result<f64, BatchError> {
        let space = environment.action_space();
        let actions: Vec<E::Action> = random_actions(&space, 4096)
            .chunks_exact(space.flat_dim())
            .filter_map(E::Action::read)
            .collect();
        let mut rng = Stream::derive(0, Purpose::Environment, 0);
        environment.reset(&mut rng).map_err(failed)?;
        self.runs().median_rate(actions.len(), || {
            for action in &actions {
                let step = environment.step(action, &mut rng).map_err(failed)?;
                if step.status != Status::Running {
                    environment.reset(&mut rng).map_err(failed)?;
                }
            }
            Ok(())
        })
    }

    fn batch(&self, mut batch: impl BatchEnvironment) -> Result<f64, BatchError> {
        /// Environment steps between two looks at the clock.
        const CHUNK: usize = 65_536;
        let n = batch.len();
        let spaces = batch.spaces();
        let width = spaces.action.flat_dim();
        let rows = (4096 / n).max(16);
        let actions = random_actions(&spaces.action, rows * n);
        let mut buffers = StepBuffers::new(n, spaces.observation.flat_dim());
        batch.reset_into(&mut buffers.observations)?;
        let steps = CHUNK.div_ceil(n);
        self.runs().median_rate(steps * n, || {
            for row in actions.chunks_exact(n * width).cycle().take(steps) {
                batch.step_into(row, buffers.as_mut())?;
            }
            Ok(())
        })
    }

    fn runs(&self) -> Runs {
        Runs {
            runs: self.runs,
            seconds: self.seconds,
        }
    }
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

/// The error of an only environment.
fn failed(source: EnvironmentError) -> BatchError {
    BatchError::Environment {
        environment: 0,
        source,
    }
}

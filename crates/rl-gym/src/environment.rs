//! An environment of Gymnasium by itself.

use std::sync::{Arc, Mutex, PoisonError};

use rl_core::error::BatchError;
use rl_core::{
    BatchEnvironment, EnvironmentError, FlatEnvironment, Spaces, Status, StepBuffers, Stream,
};

use crate::batch::GymBatch;
use crate::config::GymConfig;
use crate::error::GymError;
use crate::picture::GymPicture;

/// Environments that nobody uses at the moment, with their workers.
pub(crate) type Idle = Arc<Mutex<Vec<GymBatch>>>;

/// An environment of Gymnasium with a worker of its own.
///
/// Each reset has a seed from the stream that it is handed, so that the same stream gives the same episode.
#[derive(Debug)]
pub struct GymEnvironment {
    /// The batch of one; always there until it is given back.
    batch: Option<GymBatch>,
    spaces: Spaces,
    buffers: StepBuffers,
    idle: Idle,
}

impl GymEnvironment {
    /// Starts one.
    ///
    /// # Errors
    /// As [`GymBatch::new`].
    pub fn new(config: GymConfig) -> Result<Self, GymError> {
        let batch = GymBatch::new(config, vec![Stream::from_seed(0)])?;
        Ok(Self::of(batch, Idle::default()))
    }

    /// One that is given back when it is dropped.
    pub(crate) fn of(batch: GymBatch, idle: Idle) -> Self {
        let spaces = batch.spaces();
        Self {
            buffers: StepBuffers::new(1, spaces.observation.flat_dim()),
            batch: Some(batch),
            spaces,
            idle,
        }
    }

    /// The picture of the current state, after a reset; of a configuration that is
    /// [pictured](GymConfig::pictured).
    ///
    /// # Errors
    /// [`GymError`], as an environment's own error, for an environment that draws nothing.
    pub fn picture(&mut self) -> Result<GymPicture, EnvironmentError> {
        self.batch()?.picture(0).map_err(own)
    }

    fn batch(&mut self) -> Result<&mut GymBatch, EnvironmentError> {
        self.batch.as_mut().ok_or(EnvironmentError::Failed)
    }
}

fn own(error: BatchError) -> EnvironmentError {
    match error {
        BatchError::Environment { source, .. } => source,
        error => EnvironmentError::own(error),
    }
}

impl FlatEnvironment for GymEnvironment {
    fn spaces(&self) -> Spaces {
        self.spaces.clone()
    }

    fn reset_into(
        &mut self,
        rng: &mut Stream,
        observation: &mut [f32],
    ) -> Result<(), EnvironmentError> {
        let batch = self.batch()?;
        let done = batch.restart_by(rng, observation);
        done.map_err(own)
    }

    fn step_into(
        &mut self,
        action: &[f32],
        _rng: &mut Stream,
        observation: &mut [f32],
    ) -> Result<(f64, Status), EnvironmentError> {
        let batch = self.batch.as_mut().ok_or(EnvironmentError::Failed)?;
        let stepped = batch.step_lanes(&[0], action, self.buffers.as_mut());
        stepped.map_err(own)?;
        observation.copy_from_slice(&self.buffers.observations);
        Ok((self.buffers.rewards[0], self.buffers.statuses[0]))
    }

    fn save_flat(&self) -> Option<Vec<f64>> {
        None
    }

    fn restore_flat(&mut self, _state: &[f64]) -> Result<(), EnvironmentError> {
        Err(EnvironmentError::state(
            "an environment of Gymnasium cannot be restored",
        ))
    }
}

impl Drop for GymEnvironment {
    fn drop(&mut self) {
        if let Some(batch) = self.batch.take().filter(GymBatch::is_alive) {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.push(batch);
        }
    }
}

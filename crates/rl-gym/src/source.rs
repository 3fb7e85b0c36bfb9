//! The source of an environment of Gymnasium.

use std::sync::PoisonError;

use rl_core::{BatchEnvironment, EnvironmentError, EnvironmentSource, FlatEnvironment, Stream};

use crate::batch::GymBatch;
use crate::config::GymConfig;
use crate::environment::{GymEnvironment, Idle};

/// Source of an environment of Gymnasium, by the name `gym:SPEC`: each batch has a worker of its own, and
/// environments by themselves take over the workers of those that are gone.
#[derive(Debug)]
pub struct GymSource {
    name: String,
    config: GymConfig,
    idle: Idle,
}

impl GymSource {
    /// The source of a configuration. Nothing is started yet.
    pub fn new(config: GymConfig) -> Self {
        Self {
            name: format!("gym:{}", config.spec()),
            config,
            idle: Idle::default(),
        }
    }
}

impl EnvironmentSource for GymSource {
    fn name(&self) -> &str {
        &self.name
    }

    fn make(&self) -> Result<Box<dyn FlatEnvironment>, EnvironmentError> {
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let batch = match idle {
            Some(batch) => batch,
            None => GymBatch::new(self.config.clone(), vec![Stream::from_seed(0)])
                .map_err(EnvironmentError::own)?,
        };
        Ok(Box::new(GymEnvironment::of(batch, Idle::clone(&self.idle))))
    }

    fn batch(&self, rngs: Vec<Stream>) -> Result<Box<dyn BatchEnvironment>, EnvironmentError> {
        let batch = GymBatch::new(self.config.clone(), rngs).map_err(EnvironmentError::own)?;
        Ok(Box::new(batch))
    }
}

//! The tasks by name.

use rl_core::{
    BatchEnvironment, EnvironmentError, EnvironmentSource, FlatEnvironment, ScalarBatch, Stream,
};
use rl_envs::draw::Drawable;

use crate::HalfCheetah;
use crate::error::MujocoError;

/// A task's name on the command line and in files: a source of its environments, with the time limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MujocoTask {
    /// `half-cheetah`, Gymnasium's `HalfCheetah-v5`.
    HalfCheetah,
}

/// Calls a function with what makes a task's environment.
macro_rules! of {
    ($task:expr, $make:ident => $body:expr) => {
        match $task {
            MujocoTask::HalfCheetah => {
                let $make = HalfCheetah::v5;
                $body
            }
        }
    };
}

impl MujocoTask {
    /// Every task.
    pub const ALL: &'static [Self] = &[Self::HalfCheetah];

    /// The short name.
    pub fn name(self) -> &'static str {
        match self {
            Self::HalfCheetah => "half-cheetah",
        }
    }

    /// The id in Gymnasium.
    pub fn gymnasium_id(self) -> &'static str {
        match self {
            Self::HalfCheetah => "HalfCheetah-v5",
        }
    }

    /// The mean return over 100 episodes at which Gymnasium counts the task as solved, if it does.
    pub fn solved_at(self) -> Option<f64> {
        match self {
            Self::HalfCheetah => Some(4800.0),
        }
    }

    /// Makes the environment as [`make`](EnvironmentSource::make) does, with pictures.
    ///
    /// # Errors
    /// [`MujocoError`].
    pub fn make_drawable(self) -> Result<Box<dyn Drawable>, MujocoError> {
        of!(self, make => Ok(Box::new(make()?)))
    }
}

impl EnvironmentSource for MujocoTask {
    fn name(&self) -> &str {
        Self::name(*self)
    }

    fn make(&self) -> Result<Box<dyn FlatEnvironment>, EnvironmentError> {
        of!(self, make => Ok(Box::new(make().map_err(EnvironmentError::own)?)))
    }

    fn batch(&self, rngs: Vec<Stream>) -> Result<Box<dyn BatchEnvironment>, EnvironmentError> {
        of!(self, make => {
            let make = || make().map_err(EnvironmentError::own);
            Ok(Box::new(ScalarBatch::try_new(make, rngs)?))
        })
    }
}

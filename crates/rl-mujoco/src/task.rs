//! The tasks by name.

use rl_core::{
    BatchEnvironment, EnvironmentError, EnvironmentSource, FlatEnvironment, ScalarBatch, Stream,
};
use rl_envs::draw::Drawable;

use crate::error::MujocoError;
use crate::{
    Ant, HalfCheetah, Hopper, InvertedDoublePendulum, InvertedPendulum, Reacher, Swimmer, Walker2d,
};

/// A task's name on the command line and in files: a source of its environments, with the time limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MujocoTask {
    /// `half-cheetah`, Gymnasium's `HalfCheetah-v5`.
    HalfCheetah,
    /// `hopper`, Gymnasium's `Hopper-v5`.
    Hopper,
    /// `walker2d`, Gymnasium's `Walker2d-v5`.
    Walker2d,
    /// `swimmer`, Gymnasium's `Swimmer-v5`.
    Swimmer,
    /// `reacher`, Gymnasium's `Reacher-v5`.
    Reacher,
    /// `inverted-pendulum`, Gymnasium's `InvertedPendulum-v5`.
    InvertedPendulum,
    /// `inverted-double-pendulum`, Gymnasium's `InvertedDoublePendulum-v5`.
    InvertedDoublePendulum,
    /// `ant`, Gymnasium's `Ant-v5`.
    Ant,
}

/// Calls a function with what makes a task's environment.
macro_rules! of {
    ($task:expr, $make:ident => $body:expr) => {
        match $task {
            MujocoTask::HalfCheetah => {
                let $make = HalfCheetah::v5;
                $body
            }
            MujocoTask::Hopper => {
                let $make = Hopper::v5;
                $body
            }
            MujocoTask::Walker2d => {
                let $make = Walker2d::v5;
                $body
            }
            MujocoTask::Swimmer => {
                let $make = Swimmer::v5;
                $body
            }
            MujocoTask::Reacher => {
                let $make = Reacher::v5;
                $body
            }
            MujocoTask::InvertedPendulum => {
                let $make = InvertedPendulum::v5;
                $body
            }
            MujocoTask::InvertedDoublePendulum => {
                let $make = InvertedDoublePendulum::v5;
                $body
            }
            MujocoTask::Ant => {
                let $make = Ant::v5;
                $body
            }
        }
    };
}

impl MujocoTask {
    /// Every task.
    pub const ALL: &'static [Self] = &[
        Self::HalfCheetah,
        Self::Hopper,
        Self::Walker2d,
        Self::Swimmer,
        Self::Reacher,
        Self::InvertedPendulum,
        Self::InvertedDoublePendulum,
        Self::Ant,
    ];

    /// The short name.
    pub fn name(self) -> &'static str {
        match self {
            Self::HalfCheetah => "half-cheetah",
            Self::Hopper => "hopper",
            Self::Walker2d => "walker2d",
            Self::Swimmer => "swimmer",
            Self::Reacher => "reacher",
            Self::InvertedPendulum => "inverted-pendulum",
            Self::InvertedDoublePendulum => "inverted-double-pendulum",
            Self::Ant => "ant",
        }
    }

    /// The id in Gymnasium.
    pub fn gymnasium_id(self) -> &'static str {
        match self {
            Self::HalfCheetah => "HalfCheetah-v5",
            Self::Hopper => "Hopper-v5",
            Self::Walker2d => "Walker2d-v5",
            Self::Swimmer => "Swimmer-v5",
            Self::Reacher => "Reacher-v5",
            Self::InvertedPendulum => "InvertedPendulum-v5",
            Self::InvertedDoublePendulum => "InvertedDoublePendulum-v5",
            Self::Ant => "Ant-v5",
        }
    }

    /// The mean return over 100 episodes at which Gymnasium counts the task as solved, if it does.
    pub fn solved_at(self) -> Option<f64> {
        match self {
            Self::HalfCheetah => Some(4800.0),
            Self::Hopper => Some(3800.0),
            Self::Walker2d => None,
            Self::Swimmer => Some(360.0),
            Self::Reacher => Some(-3.75),
            Self::InvertedPendulum => Some(950.0),
            Self::InvertedDoublePendulum => Some(9100.0),
            Self::Ant => Some(6000.0),
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

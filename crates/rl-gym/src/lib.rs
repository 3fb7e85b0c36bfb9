//! Gymnasium's environments in worker processes of the user's own Python.
//!
//! ```no_run
//! use rl_core::{BatchEnvironment, EnvironmentSource, Stream};
//! use rl_gym::{GymConfig, GymSource};
//!
//! let source = GymSource::new(GymConfig::new("CartPole-v1")?);
//! let mut batch = source.batch((0..8).map(Stream::from_seed).collect())?;
//! let mut observations = vec![0.0; 8 * batch.spaces().observation.flat_dim()];
//! batch.reset_into(&mut observations)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Nothing of Python is linked, and none is needed to build: a [`GymBatch`] starts an interpreter, hands it a
//! script that travels inside this crate, and steps its environments over plain pipes. One batch is one
//! worker; as many batches as threads are as many workers.
//!
//! Observations are a `Box` of any shape, flattened, or `Discrete`; actions a `Box` of floating-point numbers
//! or `Discrete`. Each environment gets `reset(seed=…)` once, before its first episode. *Terminated* and
//! *truncated* stay apart, and the final observation of an episode is kept. The state of such an environment
//! cannot be saved: a run that is resumed starts its episodes anew.

mod batch;
mod config;
mod description;
mod environment;
mod error;
mod lane;
mod picture;
mod rows;
mod source;
mod start;
mod worker;

pub use batch::GymBatch;
pub use config::{GymConfig, SpecError};
pub use environment::GymEnvironment;
pub use error::GymError;
pub use picture::GymPicture;
pub use source::GymSource;

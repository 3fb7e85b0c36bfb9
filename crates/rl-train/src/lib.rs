//! A training run: configuration, loop, metrics, run directory and evaluation.
//!
//! ```no_run
//! use rl_train::{Config, Origin, train};
//!
//! let mut layers = Config::layers();
//! layers.set("seed", "1", &Origin::Flag("--seed".into()))?;
//! let summary = train(&layers.finish()?, &mut |_| {})?;
//! println!("{}", summary.final_return_mean);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod algo;
mod backend;
mod config;
mod evaluate;
mod keys;
mod layers;
mod metrics;
mod player;
mod presets;
mod render;
mod run_directory;
mod runs;
mod train;

pub use algo::{ActorCritic, Algo, AlgoConfig, Episodes, Rollouts};
pub use backend::{Backend, BackendError};
pub use config::Config;
pub use evaluate::{EvaluateError, Evaluation, evaluate};
pub use keys::{KEYS, Key};
pub use layers::{Layers, NO_PRESET, Origin, UsageError, nearest};
pub use metrics::{Returns, Row};
pub use player::Player;
pub use presets::{PRESETS, Preset};
pub use render::{Picture, RenderError, render};
pub use run_directory::{RunDirectory, RunDirectoryError};
pub use runs::RunError;
pub use train::{Progress, Summary, TrainError, train};

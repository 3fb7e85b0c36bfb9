//! Runs: an agent, the environments that it takes its turns with, and everything that watches,
//! stops, saves and resumes them.
//!
//! ```
//! use rl_envs::CartPole;
//! use rl_pg::VpgConfig;
//! use rl_train::{Progress, Trainer};
//!
//! let mut trainer = Trainer::new(VpgConfig::default(), CartPole::v1).steps(10_000).build()?;
//! trainer.run(&mut [&mut Progress::stderr()])?;
//! assert!(trainer.clock().env_steps >= 10_000);
//! # Ok::<(), rl_train::TrainError>(())
//! ```
//!
//! A [`Trainer`] is a run. [`Observer`]s hear of its updates: [`Progress`], [`RunDirectory`],
//! [`PeriodicEvaluation`], [`BestPolicy`], [`StopAt`], [`StopAfter`], or one's own. A [`Registry`] knows
//! environments, algorithms and presets by name, and [`Layers`] make a run of presets, files and
//! options.

mod backend;
mod builder;
pub mod checkpoint;
mod checkpoint_error;
mod checkpoint_every;
mod config;
mod duration;
mod environment_entry;
pub mod error;
mod evaluate;
mod event_file;
mod files;
mod filmed;
#[cfg(feature = "gym")]
mod gymnasium;
mod initial_policy;
mod inspect;
mod layers;
mod mujoco;
mod observer;
mod observers;
mod onnx;
mod player;
mod presets;
mod provenance;
mod recent_returns;
mod registry;
mod run;
mod run_directory;
mod run_directory_error;
mod run_name;
mod state_file;
mod summary;
mod symptoms;
mod trained_policy;
mod trainer;
mod usage;
mod view;
mod words;

pub use backend::Backend;
pub use builder::TrainerBuilder;
pub use checkpoint_every::CheckpointEvery;
pub use config::{Config, NO_PRESET, RunConfig};
pub use environment_entry::{EnvironmentEntry, EnvironmentFamily};
pub use error::TrainError;
pub use evaluate::{Actions, Evaluation, EvaluationConfig, evaluate};
pub use filmed::Filmed;
#[cfg(feature = "gym")]
pub use gymnasium::gymnasium;
pub use inspect::{Inspection, TensorContents, inspect};
pub use layers::{Layers, exclusive};
pub use observer::{Each, Observer, each};
pub use observers::{
    BestPolicy, MetricsFile, PeriodicEvaluation, PolicySnapshots, Progress, StopAfter, StopAt,
    StopFlag, TensorBoard,
};
pub use onnx::{export_onnx, onnx};
pub use player::Player;
pub use presets::Preset;
pub use provenance::{Program, cpu};
pub use recent_returns::RecentReturns;
pub use registry::{AlgorithmEntry, Registry};
pub use rl_learn::{Key, ValueKind};
pub use run::Run;
pub use run_directory::RunDirectory;
pub use summary::{BURN_VERSION, Summary, Versions};
pub use trained_policy::TrainedPolicy;
pub use trainer::Trainer;
pub use usage::{Origin, UsageError};
pub use view::{Outcome, RunView};
pub use words::{key_of_others, nearest};

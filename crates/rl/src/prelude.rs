//! Names that a program needs, to be imported all at once: `use rl::prelude::*;`.
//!
//! Traits are here only where a program implements or takes them.
//!
//! ```
//! use rl::prelude::*;
//!
//! let config = PpoConfig { steps_per_environment: 128, ..PpoConfig::default() };
//! let mut trainer = Trainer::new(config, Pendulum::v1)
//!     .environments(2)
//!     .steps(512)
//!     .normalize_observations()
//!     .build()?;
//! let mut at_most_one = each(|run, _: &mut Metrics| match run.clock().updates {
//!     0 => ControlFlow::Continue(()),
//!     _ => ControlFlow::Break(()),
//! });
//! assert_eq!(trainer.run(&mut [&mut at_most_one])?, Outcome::Interrupted);
//! # Ok::<(), BoxError>(())
//! ```

pub use std::ops::ControlFlow;

pub use rl_core::{
    ActionChoice, BoxError, Budget, CollectConfig, Environment, EnvironmentError, Episodes,
    Metrics, Rollouts, Space, Status, Step, Stream,
};
pub use rl_envs::{
    Acrobot, CartPole, LunarLander, LunarLanderContinuous, MountainCar, MountainCarContinuous,
    Pendulum, TimeLimit,
};
pub use rl_learn::{NetworksConfig, OptimizerConfig, OwnNetworks};
pub use rl_nets::{Activation, Device, DistributionKind, Forward};
pub use rl_pg::{
    A2cConfig, A3cConfig, Baseline, PpoConfig, ReinforceConfig, TrpoConfig, VpgConfig, Weighting,
};
pub use rl_train::{
    Backend, BestPolicy, CheckpointEvery, EnvironmentEntry, Evaluation, EvaluationConfig,
    MetricsFile, Observer, Outcome, PeriodicEvaluation, Progress, Registry, RunDirectory, RunView,
    StopAfter, StopAt, TrainError, TrainedPolicy, Trainer, each, evaluate,
};
pub use rl_value::tabular::{ExpectedSarsaConfig, QLearningConfig, SarsaConfig};
pub use rl_value::{DqnConfig, PqnConfig};

//! The vocabulary of reinforcement learning, without tensors: spaces, environments, policies and
//! agents as traits, trajectories whose ends cannot be confused, returns on slices, and random
//! streams that start where NumPy's do.
//!
//! ```
//! use rl_core::{reward_to_go, End, TrajectoryStore};
//!
//! // One observation dimension, one action dimension.
//! let mut store = TrajectoryStore::new(1, 1);
//! let mut trajectory = store.begin(&[0.0]);
//! trajectory.push(&[1.0], 1.0, &[0.5]);
//! trajectory.finish(&[0.0], 2.0, &[0.9], End::Truncated);
//!
//! let trajectory = store.get(0).unwrap();
//! assert_eq!(trajectory.final_observation, [0.9]);
//! let mut returns = [0.0; 2];
//! reward_to_go(trajectory.rewards, &mut returns);
//! assert_eq!(returns, [3.0, 2.0]);
//! ```

mod baselines;
mod batch;
mod clock;
mod collect;
mod environment;
mod episode;
pub mod finite_mdp;
mod gae;
mod metrics;
mod moments;
mod n_step;
mod normalize;
mod policy;
mod returns;
mod rollout;
mod rollout_collector;
mod rollout_config;
mod space;
mod state;
mod stream;
mod threads;
mod trajectory;
mod valued_steps;

pub use baselines::{
    Peers, batch_baseline, group_advantages, group_baseline, spread_over_steps, time_baseline,
};
pub use batch::{BatchEnvironment, BatchError, StepBuffers, StepSlices};
pub use clock::{Budget, Clock};
pub use collect::{CollectError, Collection, Collector};
pub use environment::{Action, End, Environment, EnvironmentError, FlatEnvironment, Status, Step};
pub use episode::{Episode, run_episode};
pub use gae::{Gae, GaeConfig, GaeConfigError};
pub use metrics::Metrics;
pub use moments::{MomentsError, RunningMoments};
pub use n_step::{n_step_returns, td_targets};
pub use normalize::normalize;
pub use policy::{Agent, Policy, RandomAgent, RandomPolicy};
pub use returns::{discounted_return, discounted_reward_to_go, reward_to_go, sum_of_rewards};
pub use rollout::Rollout;
pub use rollout_collector::{RolloutBatch, RolloutCollector, RolloutError};
pub use rollout_config::{RolloutConfig, RolloutConfigError};
pub use space::{BoxSpace, Discrete, Space, SpaceError};
pub use state::{
    Array, Scoped, ScopedReader, Snapshot, State, StateError, StateReader, StateWriter,
};
pub use stream::{Purpose, SeedSequence, Stream};
pub use threads::{Threads, ThreadsError, wait_until};
pub use trajectory::{Trajectory, TrajectoryBuilder, TrajectoryStore};
pub use valued_steps::ValuedSteps;

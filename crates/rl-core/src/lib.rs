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

mod agent;
mod baselines;
mod batch;
mod clock;
mod collect;
mod environment;
mod environment_error;
mod episode;
pub mod finite_mdp;
mod flat;
mod gae;
mod lane;
mod metrics;
mod moments;
mod n_step;
mod normalize;
mod pace;
mod policy;
mod reduce;
mod returns;
mod rollout;
mod rollout_view;
mod scalar_batch;
mod source;
mod space;
mod state;
mod stream;
mod threads;
mod trajectory;
mod valued_steps;

pub use agent::{
    Acts, Agent, BoxError, Learns, LearnsOnline, NamedArray, PolicyRecord, SavedPolicy,
};
pub use baselines::{
    Peers, batch_baseline, group_advantages, group_baseline, spread_over_steps, time_baseline,
};
pub use batch::{BatchEnvironment, BatchError, StepBuffers, StepSlices};
pub use clock::{Budget, Clock};
pub use collect::{
    CollectConfig, CollectError, Collection, Episodes, Interact, InteractError, Normalization,
    RolloutBatch, Rollouts, SizeError, Steps, TransformConfig, Transformed, check_size,
};
pub use environment::{End, Environment, FlatEnvironment, Status, Step};
pub use environment_error::{EnvironmentError, OwnError, panic_message};
pub use episode::{Episode, EpisodeEvent, LONGEST_EPISODE, play_episode, run_episode};
pub use flat::Flat;
pub use gae::{Gae, GaeConfig, GaeConfigError};
pub use lane::{LaneEpisode, LanePhase, LaneState};
pub use metrics::Metrics;
pub use moments::{MomentsError, RunningMoments};
pub use n_step::{n_step_returns, td_targets};
pub use normalize::normalize;
pub use policy::{ActionChoice, Policy, RandomPolicy};
pub use reduce::{Reduce, SingleProcess};
pub use returns::{discounted_return, discounted_reward_to_go, reward_to_go, sum_of_rewards};
pub use rollout::Rollout;
pub use rollout_view::RolloutView;
pub use scalar_batch::ScalarBatch;
pub use source::{EnvironmentSource, IntoEnvironment, shards};
pub use space::{BoxSpace, Discrete, Space, SpaceError, Spaces};
pub use state::{
    Array, Scoped, ScopedReader, Snapshot, State, StateError, StateReader, StateWriter,
};
pub use stream::{Purpose, SeedSequence, Stream};
pub use threads::{Threads, ThreadsError, TimedWork, wait_until};
pub use trajectory::{Trajectory, TrajectoryBuilder, TrajectoryStore};
pub use valued_steps::ValuedSteps;

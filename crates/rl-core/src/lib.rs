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
pub mod baselines;
mod batch;
mod clock;
pub mod collect;
mod environment;
mod environment_error;
mod episode;
pub mod finite_mdp;
mod flat;
mod gae;
pub mod lane;
mod metrics;
mod moments;
mod n_step;
mod normal;
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
pub mod state;
mod stream;
mod threads;
mod trajectory;
mod valued_steps;

pub use agent::{
    Acts, Agent, BoxError, Learns, LearnsOnline, NamedArray, PolicyRecord, SavedPolicy,
};
pub use batch::{BatchEnvironment, StepBuffers, StepSlices};
pub use clock::{Budget, Clock};
#[doc(inline)]
pub use collect::{
    CollectConfig, Episodes, Interact, Rollouts, Steps, TransformConfig, Transformed,
};
pub use environment::{End, Environment, FlatEnvironment, Status, Step};
pub use environment_error::EnvironmentError;
pub use episode::{Episode, EpisodeEvent, LONGEST_EPISODE, play_episode, run_episode};
pub use flat::Flat;
pub use gae::{Gae, GaeConfig};
pub use metrics::Metrics;
pub use moments::RunningMoments;
pub use n_step::{n_step_returns, td_targets};
pub use normalize::normalize;
pub use policy::{ActionChoice, Policy, RandomPolicy};
pub use reduce::{Reduce, SingleProcess};
pub use returns::{discounted_return, discounted_reward_to_go, reward_to_go, sum_of_rewards};
pub use rollout::Rollout;
pub use rollout_view::RolloutView;
pub use scalar_batch::ScalarBatch;
pub use source::{EnvironmentSource, IntoEnvironment, shards};
pub use space::{BoxSpace, Discrete, Space, Spaces};
#[doc(inline)]
pub use state::{Snapshot, State, StateError, StateReader, StateWriter};
pub use stream::{Purpose, SeedSequence, Stream};
pub use threads::{Threads, TimedWork, wait_until};
pub use trajectory::{Trajectory, TrajectoryBuilder, TrajectoryStore};
pub use valued_steps::ValuedSteps;

/// Errors of values and of calls. Those that an environment or an agent of a user's own returns are
/// [`EnvironmentError`], [`StateError`] and [`BoxError`].
pub mod error {
    pub use crate::batch::BatchError;
    pub use crate::environment_error::{OwnError, panic_message};
    pub use crate::gae::GaeConfigError;
    pub use crate::moments::MomentsError;
    pub use crate::space::SpaceError;
    pub use crate::threads::ThreadsError;
}

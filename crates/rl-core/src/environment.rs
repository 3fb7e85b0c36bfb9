//! Environments: what an agent acts upon.

use crate::{BoxSpace, Space, Stream};

/// How an episode stands after a step.
///
/// Where an episode both terminates and reaches its time limit, it is `Terminated`: there is
/// nothing left to bootstrap from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The episode goes on.
    Running,
    /// The episode reached a terminal state: the value of what follows is zero.
    Terminated,
    /// The episode was cut off, by a time limit say: what would follow has a value.
    Truncated,
}

/// How an episode ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// In a terminal state.
    Terminated,
    /// Cut off before one.
    Truncated,
}

impl Status {
    /// How the episode ended, or `None` while it runs.
    pub fn end(self) -> Option<End> {
        match self {
            Self::Running => None,
            Self::Terminated => Some(End::Terminated),
            Self::Truncated => Some(End::Truncated),
        }
    }

    /// Whether the observation after the step has a value: unless the episode terminated.
    pub fn bootstraps(self) -> bool {
        self != Self::Terminated
    }

    /// Whether the next step belongs to the same episode: unless it ended, one way or the other.
    pub fn continues(self) -> bool {
        self == Self::Running
    }
}

impl From<End> for Status {
    fn from(end: End) -> Self {
        match end {
            End::Terminated => Self::Terminated,
            End::Truncated => Self::Truncated,
        }
    }
}

impl End {
    /// What the value of the final observation counts: 0 after termination, 1 after truncation.
    pub fn bootstrap_mask(self) -> f32 {
        match self {
            Self::Terminated => 0.0,
            Self::Truncated => 1.0,
        }
    }
}

/// What a step of an environment returns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step<O> {
    /// The observation after the step; the final one if the episode ended.
    pub observation: O,
    /// The reward of the step.
    pub reward: f64,
    /// Whether the episode goes on.
    pub status: Status,
}

/// A misuse of an environment. Its state and the random stream are as before.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum EnvironmentError {
    /// An action that is not an element of the action space.
    #[error("action {action} is outside the action space {space}")]
    ActionOutsideSpace {
        /// The action.
        action: String,
        /// What is allowed.
        space: String,
    },
    /// A step before the first reset.
    #[error("step before the first reset; call reset first")]
    NotReset,
    /// A step after the end of an episode.
    #[error("step after the end of the episode; call reset first")]
    EpisodeOver,
}

impl EnvironmentError {
    /// The error for `action` outside `space`.
    pub fn outside(action: impl std::fmt::Debug, space: &Space) -> Self {
        Self::ActionOutsideSpace {
            action: format!("{action:?}"),
            space: space.to_string(),
        }
    }
}

/// An action with a flat form: the numbers that stand for it in a buffer of `f32`.
pub trait Action: Sized {
    /// Reads the action from its flat form; `None` if the numbers stand for no action.
    fn from_flat(flat: &[f32]) -> Option<Self>;
}

impl Action for usize {
    fn from_flat(flat: &[f32]) -> Option<Self> {
        match *flat {
            [x] if x <= (1 << 24) as f32 && x as Self as f32 == x => Some(x as Self),
            _ => None,
        }
    }
}

impl<const N: usize> Action for [f32; N] {
    fn from_flat(flat: &[f32]) -> Option<Self> {
        flat.try_into().ok()
    }
}

/// A Markov decision process that an agent acts upon, episode by episode.
///
/// Everything random comes from the stream passed in, so that an environment holds nothing but
/// its state, and the same stream gives the same episode.
pub trait Environment {
    /// An observation of the state, `[observation_dim]` numbers.
    type Observation: AsRef<[f32]>;
    /// What an agent does.
    type Action: Action;

    /// The space of observations.
    fn observation_space(&self) -> BoxSpace;

    /// The space of actions.
    fn action_space(&self) -> Space;

    /// Starts an episode.
    fn reset(&mut self, rng: &mut Stream) -> Self::Observation;

    /// Takes a step. A finite action beyond the bounds of a box may be refused, or clipped as
    /// Gymnasium's environments do.
    ///
    /// # Errors
    /// [`EnvironmentError`], with state and stream untouched.
    fn step(
        &mut self,
        action: &Self::Action,
        rng: &mut Stream,
    ) -> Result<Step<Self::Observation>, EnvironmentError>;
}

/// An environment seen through flat slices of `f32`, whatever the types of its observations and
/// actions: what collects experience needs no more. Every [`Environment`] is one.
pub trait FlatEnvironment: Send {
    /// The space of observations.
    fn observation_space(&self) -> BoxSpace;

    /// The space of actions.
    fn action_space(&self) -> Space;

    /// Starts an episode and writes its first observation, `[observation_dim]`.
    fn reset_into(&mut self, rng: &mut Stream, observation: &mut [f32]);

    /// Takes the step of a flat action, `[action_dim]`, and writes the observation after it.
    ///
    /// # Errors
    /// [`EnvironmentError`], with state, stream and `observation` untouched.
    fn step_into(
        &mut self,
        action: &[f32],
        rng: &mut Stream,
        observation: &mut [f32],
    ) -> Result<(f64, Status), EnvironmentError>;
}

impl<E: Environment + Send> FlatEnvironment for E {
    fn observation_space(&self) -> BoxSpace {
        Environment::observation_space(self)
    }

    fn action_space(&self) -> Space {
        Environment::action_space(self)
    }

    fn reset_into(&mut self, rng: &mut Stream, observation: &mut [f32]) {
        observation.copy_from_slice(self.reset(rng).as_ref());
    }

    fn step_into(
        &mut self,
        action: &[f32],
        rng: &mut Stream,
        observation: &mut [f32],
    ) -> Result<(f64, Status), EnvironmentError> {
        let typed = E::Action::from_flat(action)
            .ok_or_else(|| EnvironmentError::outside(action, &Environment::action_space(self)))?;
        let step = self.step(&typed, rng)?;
        observation.copy_from_slice(step.observation.as_ref());
        Ok((step.reward, step.status))
    }
}

impl FlatEnvironment for Box<dyn FlatEnvironment> {
    fn observation_space(&self) -> BoxSpace {
        (**self).observation_space()
    }

    fn action_space(&self) -> Space {
        (**self).action_space()
    }

    fn reset_into(&mut self, rng: &mut Stream, observation: &mut [f32]) {
        (**self).reset_into(rng, observation);
    }

    fn step_into(
        &mut self,
        action: &[f32],
        rng: &mut Stream,
        observation: &mut [f32],
    ) -> Result<(f64, Status), EnvironmentError> {
        (**self).step_into(action, rng, observation)
    }
}

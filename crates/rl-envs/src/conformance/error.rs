//! Faults of an environment.

use std::fmt::{Display, Formatter, Result};

use rl_core::EnvironmentError;
use rl_core::error::BatchError;

/// Moment of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Before the first reset.
    Start,
    /// At the reset that starts an episode, counted from 0.
    Reset(usize),
    /// At a step.
    Step {
        /// The episode, from 0.
        episode: usize,
        /// The step of the episode, from 0.
        step: usize,
    },
    /// At a step of an episode of one and the same extreme action.
    OneSided {
        /// The index of a discrete space; 0 for the lower corner of a box, 1 for its upper one.
        extreme: usize,
        /// The step of the episode, from 0.
        step: usize,
    },
}

impl Display for Moment {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Start => f.write_str("before the first reset"),
            Self::Reset(episode) => write!(f, "reset of episode {episode}"),
            Self::Step { episode, step } => write!(f, "episode {episode}, step {step}"),
            Self::OneSided { extreme, step } => {
                write!(
                    f,
                    "episode of the extreme action {extreme} alone, step {step}"
                )
            }
        }
    }
}

/// A step that an environment has to refuse.
#[derive(Clone, Debug, PartialEq)]
pub enum Misuse {
    /// A step before the first reset.
    BeforeReset,
    /// A step after the end of an episode.
    AfterEnd,
    /// An action that is not in the action space.
    Action {
        /// The flat action.
        action: Vec<f32>,
        /// The actions that are allowed.
        space: String,
    },
}

impl Misuse {
    /// Returns `true` if `error` says what was wrong.
    pub(super) fn is(&self, error: &EnvironmentError) -> bool {
        use EnvironmentError::{ActionOutsideSpace, EpisodeOver, NotReset};
        matches!(
            (self, error),
            (Self::BeforeReset, NotReset)
                | (Self::AfterEnd, EpisodeOver)
                | (Self::Action { .. }, ActionOutsideSpace { .. })
        )
    }
}

impl Display for Misuse {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::BeforeReset => f.write_str("a step before the first reset"),
            Self::AfterEnd => f.write_str("a step after the end of the episode"),
            Self::Action { action, space } => write!(f, "action {action:?} outside {space}"),
        }
    }
}

/// A fault of an environment. Numbers of episodes, steps and dimensions count
/// from 0.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum NonConformance {
    /// A space that is not what it was.
    #[error("{moment}: the {space} space is {found}, but was {expected}")]
    SpaceChanged {
        /// The moment at which it was found out.
        moment: Moment,
        /// `observation` or `action`.
        space: &'static str,
        /// The space that it was.
        expected: String,
        /// The space that it is.
        found: String,
    },
    /// A dimension that keeps, wholly or in part, what the buffer held before.
    #[error("{moment}: dimension {dimension} of the observation is not overwritten")]
    NotWritten {
        /// The moment.
        moment: Moment,
        /// Index of the dimension.
        dimension: usize,
    },
    /// A NaN or an infinity among the observations.
    #[error("{moment}: dimension {dimension} of the observation is {value}, not a finite number")]
    NonFiniteObservation {
        /// The moment.
        moment: Moment,
        /// Index of the dimension.
        dimension: usize,
        /// Its value.
        value: f32,
    },
    /// An observation beyond the bounds of its space.
    #[error(
        "{moment}: dimension {dimension} of the observation is {value}, outside [{low}, {high}]"
    )]
    ObservationOutsideSpace {
        /// The moment.
        moment: Moment,
        /// Index of the dimension.
        dimension: usize,
        /// Its value.
        value: f32,
        /// Its lower bound.
        low: f32,
        /// Its upper bound.
        high: f32,
    },
    /// A reward that nothing can be learned from.
    #[error("{moment}: the reward is {reward}, not a finite 32-bit number")]
    NonFiniteReward {
        /// The moment.
        moment: Moment,
        /// The reward.
        reward: f64,
    },
    /// A reset that fails.
    #[error("{moment} failed: {source}")]
    ResetFailed {
        /// The moment.
        moment: Moment,
        /// Its error.
        source: EnvironmentError,
    },
    /// An error where there is nothing wrong.
    #[error("{moment}: action {action:?} is in the action space, but refused: {source}")]
    Refused {
        /// The moment.
        moment: Moment,
        /// The flat action.
        action: Vec<f32>,
        /// Its error.
        source: EnvironmentError,
    },
    /// Two instances that have just been made and behave differently.
    #[error(
        "{moment}: two new instances differ in {difference}, with the same stream and the same \
         actions; everything random must come from the stream that is passed in"
    )]
    InstancesDiffer {
        /// The moment.
        moment: Moment,
        /// The difference, with the two values.
        difference: String,
    },
    /// A reset that does not start anew.
    #[error(
        "{moment}: an instance with episodes behind it and a new one differ in {difference}, with \
         the same stream and the same actions; a reset must leave nothing of what was before"
    )]
    StateOutlivesReset {
        /// The moment.
        moment: Moment,
        /// The difference, with the two values.
        difference: String,
    },
    /// An environment that has no randomness, or not from the stream.
    #[error(
        "{seeds} seeds give the same {steps} steps; draw from the stream that is passed in, or say \
         that the environment is deterministic"
    )]
    SeedIgnored {
        /// Number of seeds tried.
        seeds: u64,
        /// Steps of their episodes.
        steps: usize,
    },
    /// A misuse that goes unnoticed.
    #[error("{moment}: {misuse} is accepted, but must be an error")]
    MisuseAccepted {
        /// The moment.
        moment: Moment,
        /// The step that should have been refused.
        misuse: Misuse,
    },
    /// A misuse that is taken for another.
    #[error("{moment}: {misuse} is refused for another reason: {source}")]
    WrongError {
        /// The moment.
        moment: Moment,
        /// The step that was refused.
        misuse: Misuse,
        /// The reason given.
        source: EnvironmentError,
    },
    /// A refused step that drew from the stream.
    #[error("{moment}: {misuse} is refused, but draws from the stream")]
    RefusalDraws {
        /// The moment.
        moment: Moment,
        /// The step that was refused.
        misuse: Misuse,
    },
    /// A refused step that wrote an observation.
    #[error("{moment}: {misuse} is refused, but writes dimension {dimension} of the observation")]
    RefusalWrites {
        /// The moment.
        moment: Moment,
        /// The step that was refused.
        misuse: Misuse,
        /// The first dimension written.
        dimension: usize,
    },
    /// A refused step that left its mark.
    #[error(
        "{moment}: {misuse} was refused, but changed the state: {difference} differs from that of \
         an instance that was left in peace"
    )]
    RefusalChangesState {
        /// The moment at which the change showed.
        moment: Moment,
        /// The step that was refused.
        misuse: Misuse,
        /// The difference, with the two values.
        difference: String,
    },
    /// A state that an instance saved, and another does not take up.
    #[error("{moment}: the state that was saved is refused by a new instance: {source}")]
    StateRefused {
        /// The moment of the saving.
        moment: Moment,
        /// Its error.
        source: EnvironmentError,
    },
    /// A saved state that lacks something.
    #[error(
        "{moment}: an instance and a new one that took up its state ({saved}) differ in \
         {difference}, with the same stream and the same actions; a state must hold everything \
         that the future depends on"
    )]
    RestoredDiffers {
        /// The moment.
        moment: Moment,
        /// The moment of the saving.
        saved: Moment,
        /// The difference, with the two values, the original's first.
        difference: String,
    },
    /// A batch that cannot be reset or stepped.
    #[error("batch, {}: {source}", at(*step))]
    BatchRefused {
        /// The step, `None` for the first reset.
        step: Option<usize>,
        /// Its error.
        source: BatchError,
    },
    /// An environment of a batch that does not do what it does alone.
    #[error(
        "batch, {}: environment {environment} differs from the same one alone in {difference}, \
         with the same stream and the same actions",
        at(*step)
    )]
    BatchDiffers {
        /// The step, `None` for the first reset.
        step: Option<usize>,
        /// Index of the environment.
        environment: usize,
        /// The difference, with the two values, the batch's first.
        difference: String,
    },
}

fn at(step: Option<usize>) -> String {
    step.map_or("first reset".to_owned(), |step| format!("step {step}"))
}

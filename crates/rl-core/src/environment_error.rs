//! Errors of environments.

use std::any::Any;
use std::error::Error;
use std::fmt::{Display, Formatter};
use std::sync::Arc;
use std::time::Duration;

use crate::{Space, Spaces};

/// A misuse of an environment, or its failure.
///
/// After a misuse (the first three, and [`Failed`](Self::Failed)) its state and the random stream
/// are as before.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum EnvironmentError {
    /// An action that is not an element of the action space.
    #[error("action {action} is outside the action space {space}")]
    ActionOutsideSpace {
        /// The action.
        action: String,
        /// The action space.
        space: String,
    },
    /// A step before the first reset.
    #[error("step before the first reset; call reset first")]
    NotReset,
    /// A step after the end of an episode.
    #[error("step after the end of the episode; call reset first")]
    EpisodeOver,
    /// A step after a failure.
    #[error("step after a failure of the environment; call reset first")]
    Failed,
    /// An observation that does not have the length of its space.
    #[error("an observation of {found} numbers; its space has {expected}")]
    ObservationLength {
        /// Its length.
        found: usize,
        /// The length of the space.
        expected: usize,
    },
    /// An environment beside others of another kind.
    #[error(
        "its observations are {}, its actions {}; those of the environments beside it are {} and {}",
        found.observation, found.action, expected.observation, expected.action
    )]
    Spaces {
        /// Its spaces.
        found: Box<Spaces>,
        /// The spaces of the environments beside it.
        expected: Box<Spaces>,
    },
    /// A number that is NaN or infinite.
    #[error("step {step} of the episode: {quantity} {value:?} is not a finite number")]
    NonFinite {
        /// Step of the episode, from 0.
        step: usize,
        /// `reward`, `observation[i] =` or `the policy's action[i] =`.
        quantity: String,
        /// The number.
        value: f64,
    },
    /// An episode that goes on for too long.
    #[error("the episode goes on after {steps} steps; a time limit would end it")]
    Endless {
        /// Steps of the episode so far.
        steps: usize,
    },
    /// A call that was given up.
    #[error("{call} took longer than {limit:?}")]
    Late {
        /// The call: `the step` or another.
        call: String,
        /// The time it had.
        limit: Duration,
    },
    /// A saved state that does not fit the environment.
    #[error("a saved state that does not fit: {reason}")]
    State {
        /// The number and what is allowed.
        reason: String,
    },
    /// A panic in the environment's code.
    #[error("the environment panicked: {message}")]
    Panicked {
        /// The message of the panic.
        message: String,
    },
    /// An error of the environment's own, made by [`own`](Self::own).
    #[error(transparent)]
    Own(OwnError),
}

/// An error of a user's environment; two are equal if they say the same.
#[derive(Clone, Debug)]
pub struct OwnError(Arc<dyn Error + Send + Sync>);

impl OwnError {
    /// The error itself.
    pub fn get(&self) -> &(dyn Error + Send + Sync + 'static) {
        &*self.0
    }
}

impl Display for OwnError {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for OwnError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

impl PartialEq for OwnError {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl EnvironmentError {
    /// The error for `action` outside `space`.
    pub fn outside(action: impl std::fmt::Debug, space: &Space) -> Self {
        Self::ActionOutsideSpace {
            action: format!("{action:?}"),
            space: space.to_string(),
        }
    }

    /// An error of the environment's own.
    ///
    /// ```
    /// use rl_core::EnvironmentError;
    ///
    /// let error = EnvironmentError::own("the simulator does not answer");
    /// assert_eq!(error.to_string(), "the simulator does not answer");
    /// ```
    pub fn own(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Own(OwnError(error.into().into()))
    }

    /// Refuses spaces other than those of the environments beside it.
    ///
    /// # Errors
    /// [`EnvironmentError::Spaces`].
    pub(crate) fn check_spaces(found: Spaces, expected: &Spaces) -> Result<(), Self> {
        if found == *expected {
            return Ok(());
        }
        Err(Self::Spaces {
            found: found.into(),
            expected: expected.clone().into(),
        })
    }

    /// The error for a saved state that does not fit.
    pub fn state(reason: impl Into<String>) -> Self {
        Self::State {
            reason: reason.into(),
        }
    }

    /// The error for what [`catch_unwind`](std::panic::catch_unwind) caught.
    pub fn panicked(payload: &(dyn Any + Send)) -> Self {
        Self::Panicked {
            message: panic_message(payload),
        }
    }
}

/// The message of a panic that [`catch_unwind`](std::panic::catch_unwind) caught.
pub fn panic_message(payload: &(dyn Any + Send)) -> String {
    match (payload.downcast_ref::<&str>(), payload.downcast_ref()) {
        (Some(message), _) => (*message).to_owned(),
        (None, Some(message)) => String::clone(message),
        (None, None) => "a value that is not a message".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("the simulator is gone")]
    struct Gone(#[source] std::fmt::Error);

    #[test]
    fn an_own_error_keeps_its_message_its_source_and_itself() {
        let error = EnvironmentError::own(Gone(std::fmt::Error));
        assert_eq!(error.to_string(), "the simulator is gone");
        assert!(error.source().unwrap().is::<std::fmt::Error>());
        let EnvironmentError::Own(own) = &error else {
            panic!("{error:?}");
        };
        assert!(own.get().is::<Gone>());
        assert_eq!(error, EnvironmentError::own("the simulator is gone"));
        assert_ne!(error, EnvironmentError::own("it is here"));
    }
}

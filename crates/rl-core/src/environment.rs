//! Environments, typed and flat.

use crate::{EnvironmentError, Flat, Space, Spaces, Stream};

/// Standing of an episode after a step.
///
/// An episode that both terminates and reaches its time limit is `Terminated`: there is nothing
/// left to bootstrap from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The episode goes on.
    Running,
    /// The episode reached a terminal state: the value of what follows is zero.
    Terminated,
    /// The episode was cut off, by a time limit say: what would follow has a value.
    Truncated,
}

/// End of an episode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// In a terminal state.
    Terminated,
    /// Cut off before one.
    Truncated,
}

impl Status {
    /// The end of the episode, or `None` while it runs.
    pub fn end(self) -> Option<End> {
        match self {
            Self::Running => None,
            Self::Terminated => Some(End::Terminated),
            Self::Truncated => Some(End::Truncated),
        }
    }

    /// Returns `true` if the observation after the step has a value: unless the episode
    /// terminated.
    pub fn bootstraps(self) -> bool {
        self != Self::Terminated
    }

    /// Returns `true` if the next step belongs to the same episode: unless it ended, one way or
    /// the other.
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

/// Outcome of a step of an environment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step<O> {
    /// The observation after the step; the final one if the episode ended.
    pub observation: O,
    /// The reward of the step.
    pub reward: f64,
    /// Standing of the episode after the step.
    pub status: Status,
}

/// A Markov decision process that an agent acts upon, episode by episode.
///
/// Everything random comes from the stream passed in, so that an environment holds nothing but
/// its state, and the same stream gives the same episode.
///
/// A call that never returns stops the run: no thread can be ended from outside. An environment that
/// waits for another program or machine waits with a deadline of its own (a socket's read timeout, a
/// channel's `recv_timeout`), and answers with an error when it is over ([`EnvironmentError::own`]); the
/// wrapper `Deadline` of `rl-envs` gives up the calls of any.
///
/// ```
/// use rl_core::{Environment, EnvironmentError, Space, Status, Step, Stream};
///
/// /// A walk over the numbers 0 to 4, from 2 to either end; the upper one pays.
/// #[derive(Default)]
/// struct Walk {
///     at: usize,
/// }
///
/// impl Environment for Walk {
///     type Observation = usize;
///     type Action = usize;
///
///     fn observation_space(&self) -> Space {
///         Space::discrete(5)
///     }
///
///     fn action_space(&self) -> Space {
///         Space::discrete(2)
///     }
///
///     fn reset(&mut self, _rng: &mut Stream) -> Result<usize, EnvironmentError> {
///         self.at = 2;
///         Ok(self.at)
///     }
///
///     fn step(
///         &mut self,
///         action: &usize,
///         _rng: &mut Stream,
///     ) -> Result<Step<usize>, EnvironmentError> {
///         self.at = (self.at + 2 * action).saturating_sub(1);
///         Ok(Step {
///             observation: self.at,
///             reward: f64::from(u8::from(self.at == 4)),
///             status: match self.at {
///                 1..4 => Status::Running,
///                 _ => Status::Terminated,
///             },
///         })
///     }
/// }
///
/// let mut walk = Walk::default();
/// let mut rng = Stream::from_seed(0);
/// assert_eq!(walk.reset(&mut rng)?, 2);
/// assert_eq!(walk.step(&1, &mut rng)?.observation, 3);
/// assert_eq!(walk.step(&1, &mut rng)?.status, Status::Terminated);
/// # Ok::<(), EnvironmentError>(())
/// ```
pub trait Environment {
    /// An observation of the state: an index for a discrete space, `[observation_dim]` numbers for
    /// a box.
    type Observation: Flat;
    /// A choice of the agent: an index for a discrete space, `[action_dim]` numbers for a box.
    type Action: Flat;

    /// The space of observations.
    fn observation_space(&self) -> Space;

    /// The space of actions.
    fn action_space(&self) -> Space;

    /// Starts an episode.
    ///
    /// # Errors
    /// The environment's own ([`EnvironmentError::own`]); it then has to be reset again.
    fn reset(&mut self, rng: &mut Stream) -> Result<Self::Observation, EnvironmentError>;

    /// Takes a step. A finite action beyond the bounds of a box may be refused, or clipped as
    /// Gymnasium's environments do.
    ///
    /// # Errors
    /// [`EnvironmentError`] for a misuse, with state and stream untouched, or the environment's own
    /// ([`EnvironmentError::own`]), after which it has to be reset.
    fn step(
        &mut self,
        action: &Self::Action,
        rng: &mut Stream,
    ) -> Result<Step<Self::Observation>, EnvironmentError>;

    /// Everything that the future depends on, from which [`restore_state`](Self::restore_state)
    /// goes on to the bit; `None`, as without this method, if the environment cannot be saved. A
    /// resumed run then starts its episode anew, and says so.
    fn save_state(&self) -> Option<Vec<f64>> {
        None
    }

    /// Takes up a state that the like of this environment saved.
    ///
    /// # Errors
    /// [`EnvironmentError::State`] if it does not fit, or if the environment cannot be restored, as
    /// without this method.
    fn restore_state(&mut self, _state: &[f64]) -> Result<(), EnvironmentError> {
        Err(EnvironmentError::state(
            "this environment cannot be restored",
        ))
    }
}

/// An environment seen through flat slices of `f32`, whatever the types of its observations and
/// actions: what collects experience needs no more. Every [`Environment`] is one.
///
/// No method has the name of one of [`Environment`]'s, so that both traits can be in scope.
pub trait FlatEnvironment: Send {
    /// The spaces of observations and actions.
    fn spaces(&self) -> Spaces;

    /// Starts an episode and writes its first observation, `[observation_dim]`.
    ///
    /// # Errors
    /// As [`Environment::reset`].
    fn reset_into(
        &mut self,
        rng: &mut Stream,
        observation: &mut [f32],
    ) -> Result<(), EnvironmentError>;

    /// Takes the step of a flat action, `[action_dim]`, and writes the observation after it.
    ///
    /// # Errors
    /// As [`Environment::step`]; `observation` is untouched.
    fn step_into(
        &mut self,
        action: &[f32],
        rng: &mut Stream,
        observation: &mut [f32],
    ) -> Result<(f64, Status), EnvironmentError>;

    /// The state, as [`Environment::save_state`].
    fn save_flat(&self) -> Option<Vec<f64>>;

    /// Takes up a state.
    ///
    /// # Errors
    /// As [`Environment::restore_state`].
    fn restore_flat(&mut self, state: &[f64]) -> Result<(), EnvironmentError>;
}

/// Writes an observation, unless its length is not that of its space.
#[inline]
fn show(observation: &impl Flat, flat: &mut [f32]) -> Result<(), EnvironmentError> {
    let (found, expected) = (observation.flat_len(), flat.len());
    if found != expected {
        return Err(EnvironmentError::ObservationLength { found, expected });
    }
    observation.write(flat);
    Ok(())
}

impl<E: Environment + Send> FlatEnvironment for E {
    fn spaces(&self) -> Spaces {
        Spaces {
            observation: self.observation_space(),
            action: self.action_space(),
        }
    }

    #[inline]
    fn reset_into(
        &mut self,
        rng: &mut Stream,
        observation: &mut [f32],
    ) -> Result<(), EnvironmentError> {
        show(&self.reset(rng)?, observation)
    }

    #[inline]
    fn step_into(
        &mut self,
        action: &[f32],
        rng: &mut Stream,
        observation: &mut [f32],
    ) -> Result<(f64, Status), EnvironmentError> {
        let typed = E::Action::read(action)
            .ok_or_else(|| EnvironmentError::outside(action, &self.action_space()))?;
        let step = self.step(&typed, rng)?;
        show(&step.observation, observation)?;
        Ok((step.reward, step.status))
    }

    fn save_flat(&self) -> Option<Vec<f64>> {
        self.save_state()
    }

    fn restore_flat(&mut self, state: &[f64]) -> Result<(), EnvironmentError> {
        self.restore_state(state)
    }
}

impl FlatEnvironment for Box<dyn FlatEnvironment> {
    fn spaces(&self) -> Spaces {
        (**self).spaces()
    }

    fn reset_into(
        &mut self,
        rng: &mut Stream,
        observation: &mut [f32],
    ) -> Result<(), EnvironmentError> {
        (**self).reset_into(rng, observation)
    }

    fn step_into(
        &mut self,
        action: &[f32],
        rng: &mut Stream,
        observation: &mut [f32],
    ) -> Result<(f64, Status), EnvironmentError> {
        (**self).step_into(action, rng, observation)
    }

    fn save_flat(&self) -> Option<Vec<f64>> {
        (**self).save_flat()
    }

    fn restore_flat(&mut self, state: &[f64]) -> Result<(), EnvironmentError> {
        (**self).restore_flat(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Implements what it has to, and no more.
    struct Bare;

    impl Environment for Bare {
        type Observation = usize;
        type Action = usize;

        fn observation_space(&self) -> Space {
            Space::discrete(5)
        }

        fn action_space(&self) -> Space {
            Space::discrete(2)
        }

        fn reset(&mut self, _rng: &mut Stream) -> Result<usize, EnvironmentError> {
            Ok(4)
        }

        fn step(
            &mut self,
            action: &usize,
            _rng: &mut Stream,
        ) -> Result<Step<usize>, EnvironmentError> {
            Ok(Step {
                observation: *action,
                reward: -1.0,
                status: Status::Truncated,
            })
        }
    }

    /// Answers each call in a way of its own.
    struct Flatly;

    impl FlatEnvironment for Flatly {
        fn spaces(&self) -> Spaces {
            Bare.spaces()
        }

        fn reset_into(
            &mut self,
            rng: &mut Stream,
            observation: &mut [f32],
        ) -> Result<(), EnvironmentError> {
            observation[0] = rng.next_f64() as f32;
            Err(EnvironmentError::own("no start"))
        }

        fn step_into(
            &mut self,
            action: &[f32],
            _rng: &mut Stream,
            observation: &mut [f32],
        ) -> Result<(f64, Status), EnvironmentError> {
            observation.copy_from_slice(action);
            Ok((-1.0, Status::Truncated))
        }

        fn save_flat(&self) -> Option<Vec<f64>> {
            Some(vec![1.0, 2.0])
        }

        fn restore_flat(&mut self, state: &[f64]) -> Result<(), EnvironmentError> {
            Err(EnvironmentError::state(format!("{state:?}")))
        }
    }

    /// Answers to all calls, in words.
    fn answers(mut environment: impl FlatEnvironment) -> String {
        let mut rng = Stream::from_seed(0);
        let [mut first, mut second] = [[f32::NAN]; 2];
        let started = environment.reset_into(&mut rng, &mut first);
        let stepped = environment.step_into(&[1.0], &mut rng, &mut second);
        let state = environment.save_flat();
        let restored = environment.restore_flat(&[3.0]);
        let spaces = environment.spaces();
        format!("{spaces:?} {started:?} {first:?} {stepped:?} {second:?} {state:?} {restored:?}")
    }

    #[test]
    fn a_boxed_environment_answers_as_the_environment() {
        let boxed: Box<dyn FlatEnvironment> = Box::new(Flatly);
        assert_eq!(answers(boxed), answers(Flatly));
    }

    #[test]
    fn an_environment_without_the_methods_is_neither_saved_nor_restored() {
        assert_eq!(Bare.save_state(), None);
        assert_eq!(Bare.save_flat(), None);
        let refusal = Err(EnvironmentError::state(
            "this environment cannot be restored",
        ));
        assert_eq!(Bare.restore_state(&[0.0]), refusal);
        assert_eq!(Bare.restore_flat(&[0.0]), refusal);
    }

    #[test]
    fn only_a_termination_ends_the_value_and_any_end_the_episode() {
        for (status, end, bootstraps, continues) in [
            (Status::Running, None, true, true),
            (Status::Terminated, Some(End::Terminated), false, false),
            (Status::Truncated, Some(End::Truncated), true, false),
        ] {
            assert_eq!(status.end(), end);
            assert_eq!(status.bootstraps(), bootstraps);
            assert_eq!(status.continues(), continues);
            assert_eq!(end.map_or(Status::Running, Status::from), status);
        }
    }
}

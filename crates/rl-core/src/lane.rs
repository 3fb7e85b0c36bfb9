//! Lanes: what a batch keeps of each of its environments.

use crate::{
    End, EnvironmentError, Episode, State, StateError, StateReader, StateWriter, Status, Stream,
};

/// Phase of a lane of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LanePhase {
    /// Before its first episode.
    #[default]
    NotStarted,
    /// In an episode.
    Running,
    /// After an episode, and before the next.
    Over(End),
    /// After a failure of the environment.
    Failed,
}

impl LanePhase {
    /// An error unless the lane can take a step.
    ///
    /// # Errors
    /// [`EnvironmentError::NotReset`], [`EnvironmentError::EpisodeOver`] or
    /// [`EnvironmentError::Failed`].
    #[inline]
    pub fn check(self) -> Result<(), EnvironmentError> {
        match self {
            Self::Running => Ok(()),
            Self::NotStarted => Err(EnvironmentError::NotReset),
            Self::Over(_) => Err(EnvironmentError::EpisodeOver),
            Self::Failed => Err(EnvironmentError::Failed),
        }
    }
}

impl From<Status> for LanePhase {
    #[inline]
    fn from(status: Status) -> Self {
        status.end().map_or(Self::Running, Self::Over)
    }
}

/// State of a lane, the same for every batch: the stream `stream` (as [`Stream`] saves itself),
/// and, unless the environment starts anew, the array of integers `episode` (1 in an episode, 2
/// after a termination, 3 after a truncation; the steps of the episode), the array of one number
/// `return` (the undiscounted sum of its rewards), and `state`, the numbers of the environment.
#[derive(Clone, Debug, PartialEq)]
pub struct LaneState {
    /// The stream that the environment draws from.
    pub rng: Stream,
    /// The rest; `None` for an environment that starts anew.
    pub episode: Option<LaneEpisode>,
}

/// Episode of a lane that is saved.
#[derive(Clone, Debug, PartialEq)]
pub struct LaneEpisode {
    /// The end of the episode; `None` while it runs.
    pub end: Option<End>,
    /// Its statistics so far.
    pub statistics: Episode,
    /// The state of the environment.
    pub state: Vec<f64>,
}

impl LaneState {
    /// Writes the arrays. False if only the stream is there to be written.
    pub fn save(&self, out: &mut dyn StateWriter) -> bool {
        self.rng.save(out);
        let Some(episode) = &self.episode else {
            return false;
        };
        let phase = match episode.end {
            None => 1,
            Some(End::Terminated) => 2,
            Some(End::Truncated) => 3,
        };
        out.u64s("episode", &[phase, episode.statistics.length as u64]);
        out.f64s("return", &[episode.statistics.total_reward]);
        out.f64s("state", &episode.state);
        true
    }

    /// Reads the arrays.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn load(from: &dyn StateReader) -> Result<Self, StateError> {
        let mut rng = Stream::from_seed(0);
        rng.load(from)?;
        let Some(numbers) = from.length("state") else {
            return Ok(Self { rng, episode: None });
        };
        let (mut episode, mut total, mut state) = ([0; 2], [0.0], vec![0.0; numbers]);
        from.u64s("episode", &mut episode)?;
        from.f64s("return", &mut total)?;
        from.f64s("state", &mut state)?;
        let [phase, length] = episode;
        let end = match phase {
            1 => None,
            2 => Some(End::Terminated),
            3 => Some(End::Truncated),
            _ => {
                let reason = format!("{phase} is none of the phases 1 to 3");
                return Err(StateError::value("episode", reason));
            }
        };
        let length = usize::try_from(length)
            .map_err(|_| StateError::value("episode", format!("{length} steps are too many")))?;
        let [total_reward] = total;
        Ok(Self {
            rng,
            episode: Some(LaneEpisode {
                end,
                statistics: Episode {
                    total_reward,
                    length,
                },
                state,
            }),
        })
    }
}

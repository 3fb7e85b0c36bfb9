//! A batch of any environment.

use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::batch::BatchError;
use crate::lane::{LaneEpisode, LanePhase, LaneState};
use crate::{
    BatchEnvironment, EnvironmentError, Episode, FlatEnvironment, Spaces, StateError, StateReader,
    StateWriter, StepSlices, Stream,
};

/// Environments of one type, stepped one after the other.
///
/// A panic in the code of an environment is caught, and becomes the error
/// [`EnvironmentError::Panicked`] of its lane.
#[derive(Clone, Debug)]
pub struct ScalarBatch<E> {
    members: Vec<Member<E>>,
    /// The phase of each member.
    phases: Vec<LanePhase>,
    spaces: Spaces,
}

#[derive(Clone, Debug)]
struct Member<E> {
    environment: E,
    rng: Stream,
    total_reward: f64,
    length: usize,
}

impl<E: FlatEnvironment> ScalarBatch<E> {
    /// An environment by `make` for each of `rngs`, which it draws from.
    pub fn new(mut make: impl FnMut() -> E, rngs: Vec<Stream>) -> Self {
        let Ok(batch) = Self::of(|_| Ok::<_, Infallible>(make()), rngs);
        batch
    }

    /// An environment by `make` for each of `rngs`, which it draws from. Without any, one is made
    /// for its spaces.
    ///
    /// # Errors
    /// The first one of `make`, or [`EnvironmentError::Spaces`] for an environment whose spaces are
    /// not those of the first.
    pub fn try_new<X: From<EnvironmentError>>(
        mut make: impl FnMut() -> Result<E, X>,
        rngs: Vec<Stream>,
    ) -> Result<Self, X> {
        let make = |spaces: Option<&Spaces>| {
            let environment = make()?;
            if let Some(spaces) = spaces {
                EnvironmentError::check_spaces(environment.spaces(), spaces)?;
            }
            Ok(environment)
        };
        Self::of(make, rngs)
    }

    /// `make` is given the spaces of the first environment, once it is there.
    fn of<X>(
        mut make: impl FnMut(Option<&Spaces>) -> Result<E, X>,
        rngs: Vec<Stream>,
    ) -> Result<Self, X> {
        let first = make(None)?;
        let spaces = first.spaces();
        let mut environments = Vec::with_capacity(rngs.len().max(1));
        environments.push(first);
        while environments.len() < rngs.len() {
            environments.push(make(Some(&spaces))?);
        }
        let phases = vec![LanePhase::NotStarted; rngs.len()];
        let members = environments.into_iter().zip(rngs);
        Ok(Self {
            members: members
                .map(|(environment, rng)| Member {
                    environment,
                    rng,
                    total_reward: 0.0,
                    length: 0,
                })
                .collect(),
            phases,
            spaces,
        })
    }

    fn observation_dim(&self) -> usize {
        self.spaces.observation.flat_dim()
    }

    /// Takes a step in `rows` environments, those at `lane(row)`; with `RESETS`, an episode that
    /// ends is followed by the next.
    #[inline]
    fn advance<const RESETS: bool>(
        &mut self,
        rows: usize,
        lane: impl Fn(usize) -> usize,
        actions: &[f32],
        mut out: StepSlices<'_>,
    ) -> Result<(), BatchError> {
        let (dim, width) = (self.observation_dim(), self.spaces.action.flat_dim());
        BatchError::check_length("actions", actions.len(), rows, width)?;
        out.check(rows, dim)?;
        let mut failure = Failure(None);
        for row in 0..rows {
            let (lane, action) = (lane(row), &actions[row * width..][..width]);
            if self.phases[lane] != LanePhase::Running || !self.spaces.action.admits(action) {
                failure.note(lane, self.refusal(lane, action));
            }
        }
        failure.result()?;

        let mut failure = Failure(None);
        let mut next = 0;
        while next < rows {
            // One guard for all of them, put up again where an environment panicked.
            let steps = Steps {
                members: &mut self.members,
                phases: &mut self.phases,
                actions,
                out: out.reborrow(),
                rows,
                dim,
                width,
            };
            let (next_row, failed) = (&mut next, &mut failure);
            let lane_of = &lane;
            let guarded = catch_unwind(AssertUnwindSafe(move || {
                steps.take::<RESETS>(next_row, lane_of, failed);
            }));
            if let Err(payload) = guarded {
                failure.note(lane(next - 1), EnvironmentError::panicked(&*payload));
            }
        }
        failure.result()
    }

    /// The reason that a lane cannot take the step of an action.
    #[cold]
    fn refusal(&self, lane: usize, action: &[f32]) -> EnvironmentError {
        match self.phases[lane].check() {
            Err(error) => error,
            Ok(()) => EnvironmentError::outside(action, &self.spaces.action),
        }
    }
}

/// Steps that are taken one after the other.
struct Steps<'a, E> {
    members: &'a mut [Member<E>],
    phases: &'a mut [LanePhase],
    actions: &'a [f32],
    out: StepSlices<'a>,
    rows: usize,
    dim: usize,
    width: usize,
}

impl<E: FlatEnvironment> Steps<'_, E> {
    /// Takes those from `next` on; where an environment panics, `next` is the row after it.
    #[inline]
    fn take<const RESETS: bool>(
        self,
        next: &mut usize,
        lane: &impl Fn(usize) -> usize,
        failure: &mut Failure,
    ) {
        let Self {
            members,
            phases,
            actions,
            mut out,
            rows,
            dim,
            width,
        } = self;
        for row in *next..rows {
            *next = row + 1;
            let lane = lane(row);
            let action = &actions[row * width..][..width];
            let phase = &mut phases[lane];
            let outcome = members[lane].step::<RESETS>(phase, action, &mut out, row, dim);
            if let Err(error) = outcome {
                failure.note(lane, error);
            }
        }
    }
}

impl<E: FlatEnvironment> BatchEnvironment for ScalarBatch<E> {
    fn len(&self) -> usize {
        self.members.len()
    }

    fn spaces(&self) -> Spaces {
        self.spaces.clone()
    }

    fn reset_into(&mut self, observations: &mut [f32]) -> Result<(), BatchError> {
        let dim = self.observation_dim();
        BatchError::check_length("observations", observations.len(), self.len(), dim)?;
        let mut failure = Failure(None);
        let members = self.members.iter_mut().zip(&mut self.phases);
        for (lane, (member, phase)) in members.enumerate() {
            let observation = &mut observations[lane * dim..][..dim];
            if let Err(error) = guard(|| member.reset(phase, observation)) {
                failure.note(lane, error);
            }
        }
        failure.result()
    }

    fn step_into(&mut self, actions: &[f32], out: StepSlices<'_>) -> Result<(), BatchError> {
        self.advance::<true>(self.len(), |row| row, actions, out)
    }

    fn step_lanes(
        &mut self,
        lanes: &[usize],
        actions: &[f32],
        out: StepSlices<'_>,
    ) -> Result<(), BatchError> {
        for &lane in lanes {
            BatchError::check_lane(lane, self.len())?;
        }
        self.advance::<false>(lanes.len(), |row| lanes[row], actions, out)
    }

    fn restart(&mut self, lane: usize, observation: &mut [f32]) -> Result<(), BatchError> {
        BatchError::check_lane(lane, self.len())?;
        BatchError::check_length("observation", observation.len(), 1, self.observation_dim())?;
        let (member, phase) = (&mut self.members[lane], &mut self.phases[lane]);
        guard(|| member.reset(phase, observation)).map_err(|source| BatchError::Environment {
            environment: lane,
            source,
        })
    }

    fn set_rng(&mut self, lane: usize, rng: Stream) {
        if let Some(member) = self.members.get_mut(lane) {
            member.rng = rng;
        }
    }

    fn has_failed(&self, lane: usize) -> bool {
        self.phases.get(lane) == Some(&LanePhase::Failed)
    }

    fn save(&self, lane: usize, out: &mut dyn StateWriter) -> bool {
        let Some(member) = self.members.get(lane) else {
            return false;
        };
        let end = match self.phases[lane] {
            LanePhase::Running => Some(None),
            LanePhase::Over(end) => Some(Some(end)),
            LanePhase::NotStarted | LanePhase::Failed => None,
        };
        let episode = end.and_then(|end| {
            Some(LaneEpisode {
                end,
                statistics: Episode {
                    total_reward: member.total_reward,
                    length: member.length,
                },
                state: member.environment.save_flat()?,
            })
        });
        let rng = member.rng.clone();
        LaneState { rng, episode }.save(out)
    }

    fn load(&mut self, lane: usize, from: &dyn StateReader) -> Result<bool, StateError> {
        let environments = self.len();
        let Some(member) = self.members.get_mut(lane) else {
            let reason = BatchError::Lane { lane, environments }.to_string();
            return Err(StateError::value("state", reason));
        };
        let LaneState { rng, episode } = LaneState::load(from)?;
        member.rng = rng;
        self.phases[lane] = LanePhase::NotStarted;
        let Some(episode) = episode else {
            return Ok(false);
        };
        guard(|| member.environment.restore_flat(&episode.state))
            .map_err(|error| StateError::value("state", error.to_string()))?;
        member.total_reward = episode.statistics.total_reward;
        member.length = episode.statistics.length;
        self.phases[lane] = episode.end.map_or(LanePhase::Running, LanePhase::Over);
        Ok(true)
    }
}

impl<E: FlatEnvironment> Member<E> {
    #[inline]
    fn reset(
        &mut self,
        phase: &mut LanePhase,
        observation: &mut [f32],
    ) -> Result<(), EnvironmentError> {
        *phase = LanePhase::Failed; // Unless it comes to the end of this.
        self.environment.reset_into(&mut self.rng, observation)?;
        (self.total_reward, self.length) = (0.0, 0);
        *phase = LanePhase::Running;
        Ok(())
    }

    /// Takes a step and writes a row, and with `RESETS` starts the next episode.
    #[inline]
    fn step<const RESETS: bool>(
        &mut self,
        phase: &mut LanePhase,
        action: &[f32],
        out: &mut StepSlices<'_>,
        row: usize,
        dim: usize,
    ) -> Result<(), EnvironmentError> {
        phase.check()?;
        *phase = LanePhase::Failed; // Unless it comes to the end of this.
        let observation = &mut out.observations[row * dim..][..dim];
        let (reward, status) = self
            .environment
            .step_into(action, &mut self.rng, observation)?;
        out.rewards[row] = reward;
        out.statuses[row] = status;
        self.total_reward += reward;
        self.length += 1;
        if status.end().is_some() {
            out.final_observations[row * dim..][..dim].copy_from_slice(observation);
            out.episode_returns[row] = self.total_reward;
            out.episode_lengths[row] = self.length;
            if RESETS {
                return self.reset(phase, observation);
            }
        }
        *phase = status.into();
        Ok(())
    }
}

/// The error of the lowest lane that failed.
struct Failure(Option<(usize, EnvironmentError)>);

impl Failure {
    #[cold]
    fn note(&mut self, lane: usize, error: EnvironmentError) {
        if self.0.as_ref().is_none_or(|(lowest, _)| lane < *lowest) {
            self.0 = Some((lane, error));
        }
    }

    fn result(self) -> Result<(), BatchError> {
        match self.0 {
            None => Ok(()),
            Some((environment, source)) => Err(BatchError::Environment {
                environment,
                source,
            }),
        }
    }
}

/// Work of an environment, in which a panic is an error.
fn guard(work: impl FnOnce() -> Result<(), EnvironmentError>) -> Result<(), EnvironmentError> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|payload| Err(EnvironmentError::panicked(&*payload)))
}

#[cfg(test)]
mod tests;

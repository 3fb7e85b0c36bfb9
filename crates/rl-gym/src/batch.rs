//! Environments of a worker that step together.

use rl_core::error::BatchError;
use rl_core::lane::{LanePhase, LaneState};
use rl_core::{
    BatchEnvironment, EnvironmentError, Spaces, StateError, StateReader, StateWriter, Status,
    StepSlices, Stream,
};

use crate::config::GymConfig;
use crate::error::GymError;
use crate::lane::Lane;
use crate::picture::GymPicture;
use crate::rows::{Rows, TERMINATED};
use crate::start::{Failure, begin, gone_error};
use crate::worker::{Gone, Kind, Worker};

/// Operations of a worker.
const STEP: u32 = 0;
const STEP_LANES: u32 = 1;
const RESET: u32 = 2;
const SEED: u32 = 3;
const RENDER: u32 = 4;

/// Environments of Gymnasium in one worker process.
///
/// Each is reset with a seed from its stream before its first episode, and again after
/// [`set_rng`](BatchEnvironment::set_rng); all other resets go on where Gymnasium's generator stands. Whatever
/// a worker does ends in an error: an exception, a number that is not finite, an answer that is none or does
/// not come, a process that ended. The next reset starts a worker anew, if that one is gone.
#[derive(Debug)]
pub struct GymBatch {
    config: GymConfig,
    worker: Option<Worker>,
    spaces: Spaces,
    lanes: Vec<Lane>,
    request: Vec<u8>,
}

impl GymBatch {
    /// An environment for each of `rngs`; none of them is started. Without any, one is made for its spaces.
    ///
    /// # Errors
    /// [`GymError`] for an interpreter, a package or an environment that is not there or does not fit.
    pub fn new(config: GymConfig, rngs: Vec<Stream>) -> Result<Self, GymError> {
        let (worker, spaces) = begin(&config, rngs.len().max(1))?;
        Ok(Self {
            config,
            worker: Some(worker),
            spaces,
            lanes: rngs.into_iter().map(Lane::new).collect(),
            request: Vec::new(),
        })
    }

    /// The seed that an environment was last reset with.
    pub fn seed(&self, lane: usize) -> Option<u64> {
        let lane = self.lanes.get(lane)?;
        (lane.episode > 0).then_some(lane.seed)
    }

    /// Starts an episode in the first environment, with a seed from a stream.
    pub(crate) fn restart_by(
        &mut self,
        rng: &mut Stream,
        observation: &mut [f32],
    ) -> Result<(), BatchError> {
        self.set_rng(0, rng.clone());
        let done = self.restart(0, observation);
        if let Some(lane) = self.lanes.first() {
            *rng = lane.rng.clone();
        }
        done
    }

    /// The picture of an environment that has begun.
    pub(crate) fn picture(&mut self, lane: usize) -> Result<GymPicture, BatchError> {
        self.request(RENDER, lane);
        self.ask(Kind::Picture, Some(lane))?;
        let picture = GymPicture::read(payload(self.worker.as_ref()));
        let other = || Gone::Rubbish("a picture that is none".to_owned());
        picture.ok_or_else(|| self.give_up(Err(other()), lane))
    }

    /// Returns `true` unless the worker is gone.
    pub(crate) fn is_alive(&self) -> bool {
        self.worker.is_some()
    }

    fn dim(&self) -> usize {
        self.spaces.observation.flat_dim()
    }

    /// Begins a request.
    fn request(&mut self, operation: u32, m: usize) {
        self.request.clear();
        self.request.extend(operation.to_le_bytes());
        self.request.extend((m as u32).to_le_bytes());
    }

    /// Adds lanes with their seeds to the request.
    fn put_seeds(&mut self, lanes: &[usize]) {
        for &lane in lanes {
            self.request.extend((lane as u32).to_le_bytes());
        }
        for &lane in lanes {
            let seed = self.lanes[lane].next_seed();
            self.request.extend(seed.to_le_bytes());
        }
    }

    /// Resets some environments, in a new worker if that is needed. Row `r` of the observations belongs to
    /// `lanes[r]`.
    fn reset(&mut self, lanes: &[usize], observations: &mut [f32]) -> Result<(), BatchError> {
        if self.worker.is_none() {
            let first = lanes.first().copied().unwrap_or_default();
            let begun = begin(&self.config, self.lanes.len().max(1));
            let (worker, spaces) = begun.map_err(|error| failed(first, error))?;
            let checked = (spaces == self.spaces).then_some(worker);
            let other = "its spaces are not those that it had";
            self.worker = Some(checked.ok_or_else(|| failed(first, other))?);
            for lane in &mut self.lanes {
                (lane.phase, lane.is_fresh) = (LanePhase::Failed, true);
            }
        }
        for &lane in lanes {
            // Unless it comes to the end of this.
            self.lanes[lane].phase = LanePhase::Failed;
        }
        self.request(RESET, lanes.len());
        self.put_seeds(lanes);
        let dim = self.dim();
        self.ask(Kind::Steps, lanes.first().copied())?;
        let rows = match Rows::new(payload(self.worker.as_ref()), lanes.len(), dim) {
            Ok(rows) => rows,
            Err(found) => return Err(self.give_up(Err(Gone::Rubbish(found)), 0)),
        };
        let (members, id) = (&mut self.lanes, self.config.spec());
        let mut failure = None;
        for (row, &lane) in lanes.iter().enumerate() {
            let member = &mut members[lane];
            member.begin();
            let observation = &mut observations[row * dim..][..dim];
            let outcome = match rows.flags(row) {
                Some(_) => rows
                    .observation(row, observation)
                    .map_err(|error| member.non_finite(id, error)),
                None => Err(member.raised(id, rows.traceback(lane))),
            };
            match outcome {
                Ok(()) => member.phase = LanePhase::Running,
                Err(error) => note(&mut failure, lane, error),
            }
        }
        failure.map_or(Ok(()), |(lane, error)| Err(failed(lane, error)))
    }

    /// Takes a step in `m` environments, those at `lane(row)`; with `RESETS`, an episode that ends is
    /// followed by the next.
    fn advance<const RESETS: bool>(
        &mut self,
        m: usize,
        lane: impl Fn(usize) -> usize,
        actions: &[f32],
        mut out: StepSlices<'_>,
    ) -> Result<(), BatchError> {
        let (dim, width) = (self.dim(), self.spaces.action.flat_dim());
        BatchError::check_length("actions", actions.len(), m, width)?;
        out.check(m, dim)?;
        for row in 0..m {
            self.check_step(lane(row), &actions[row * width..][..width])?;
        }
        if RESETS {
            self.send_seeds()?;
        }
        self.request(if RESETS { STEP } else { STEP_LANES }, m);
        if !RESETS {
            for row in 0..m {
                self.request.extend((lane(row) as u32).to_le_bytes());
            }
        }
        for action in actions {
            self.request.extend(action.to_le_bytes());
        }
        self.ask(Kind::Steps, (m > 0).then(|| lane(0)))?;
        let rows = match Rows::new(payload(self.worker.as_ref()), m, dim) {
            Ok(rows) => rows,
            Err(found) => return Err(self.give_up(Err(Gone::Rubbish(found)), 0)),
        };
        let (members, id) = (&mut self.lanes, self.config.spec());
        let (mut failure, mut ended) = (None, 0);
        for row in 0..m {
            let index = lane(row);
            let member = &mut members[index];
            member.phase = LanePhase::Failed; // Unless it comes to the end of this.
            let Some(flags) = rows.flags(row) else {
                note(
                    &mut failure,
                    index,
                    member.raised(id, rows.traceback(index)),
                );
                continue;
            };
            let final_row = (flags != 0).then_some(m + ended);
            ended += usize::from(flags != 0);
            let status = match flags {
                0 => Status::Running,
                flags if flags & TERMINATED != 0 => Status::Terminated,
                _ => Status::Truncated,
            };
            match member.take::<RESETS>(&rows, row, final_row, &mut out, dim) {
                Ok(()) => {
                    out.statuses[row] = status;
                    member.phase = if RESETS {
                        LanePhase::Running
                    } else {
                        status.into()
                    };
                }
                Err(error) => note(&mut failure, index, member.non_finite(id, error)),
            }
        }
        failure.map_or(Ok(()), |(lane, error)| Err(failed(lane, error)))
    }

    /// An error unless an environment can take the step of an action.
    #[inline]
    fn check_step(&self, lane: usize, action: &[f32]) -> Result<(), BatchError> {
        let admitted = || match self.spaces.action.admits(action) {
            true => Ok(()),
            false => Err(EnvironmentError::outside(action, &self.spaces.action)),
        };
        let checked = self.lanes[lane].phase.check().and_then(|()| admitted());
        checked.map_err(|source| BatchError::Environment {
            environment: lane,
            source,
        })
    }

    /// Hands the seeds of streams that were replaced to the worker, for the resets of its own.
    fn send_seeds(&mut self) -> Result<(), BatchError> {
        if !self.lanes.iter().any(|lane| lane.is_fresh) {
            return Ok(());
        }
        let fresh: Vec<usize> = (0..self.lanes.len())
            .filter(|&lane| self.lanes[lane].is_fresh)
            .collect();
        self.request(SEED, fresh.len());
        self.put_seeds(&fresh);
        self.ask(Kind::Text, fresh.first().copied())
    }

    /// Sends the request, and waits for an answer of a kind.
    fn ask(&mut self, expected: Kind, first: Option<usize>) -> Result<(), BatchError> {
        let first = first.unwrap_or_default();
        let Some(worker) = &mut self.worker else {
            return Err(failed(first, EnvironmentError::Failed));
        };
        let gone = match worker.ask(&self.request, self.config.time_to_answer()) {
            Ok(kind) if kind == expected => return Ok(()),
            Ok(Kind::Failure) => Failure::of(worker).map_or_else(Err, |failure| Ok(failure.error)),
            Ok(kind) => Err(Gone::Rubbish(format!("{kind:?} instead of {expected:?}"))),
            Err(gone) => Err(gone),
        };
        Err(self.give_up(gone, first))
    }

    /// Ends the worker; the error is its own, or that of a worker that is gone.
    fn give_up(&mut self, gone: Result<String, Gone>, first: usize) -> BatchError {
        let Some(worker) = self.worker.take() else {
            return failed(first, EnvironmentError::Failed);
        };
        for lane in &mut self.lanes {
            lane.phase = LanePhase::Failed;
        }
        let place = |lane: usize| self.lanes.get(lane).map(Lane::place).unwrap_or_default();
        match gone {
            Ok(traceback) => failed(
                first,
                GymError::Raised {
                    id: self.config.spec().to_owned(),
                    place: place(first),
                    traceback,
                },
            ),
            Err(gone) => {
                // Its last lines first: they say where it was.
                let lines = worker.last_lines();
                let (lane, place) = match (worker.last_environment(), self.lanes.len()) {
                    (Some(lane), _) => (lane, place(lane)),
                    (None, 1) => (first, place(first)),
                    (None, n) => (first, format!("or one of all {n}, {}", place(first))),
                };
                failed(lane, gone_error(&self.config, gone, place, lines))
            }
        }
    }
}

/// The answer of a worker; none of one that is gone.
fn payload(worker: Option<&Worker>) -> &[u8] {
    worker.map(Worker::payload).unwrap_or_default()
}

fn failed(
    environment: usize,
    error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> BatchError {
    BatchError::Environment {
        environment,
        source: EnvironmentError::own(error),
    }
}

/// Keeps the error of the lowest lane.
fn note(failure: &mut Option<(usize, GymError)>, lane: usize, error: GymError) {
    if failure.as_ref().is_none_or(|(lowest, _)| lane < *lowest) {
        *failure = Some((lane, error));
    }
}

impl BatchEnvironment for GymBatch {
    fn len(&self) -> usize {
        self.lanes.len()
    }

    fn spaces(&self) -> Spaces {
        self.spaces.clone()
    }

    fn reset_into(&mut self, observations: &mut [f32]) -> Result<(), BatchError> {
        BatchError::check_length("observations", observations.len(), self.len(), self.dim())?;
        let all: Vec<usize> = (0..self.len()).collect();
        self.reset(&all, observations)
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
        BatchError::check_length("observation", observation.len(), 1, self.dim())?;
        self.reset(&[lane], observation)
    }

    fn set_rng(&mut self, lane: usize, rng: Stream) {
        if let Some(lane) = self.lanes.get_mut(lane) {
            (lane.rng, lane.is_fresh) = (rng, true);
        }
    }

    fn has_failed(&self, lane: usize) -> bool {
        let lane = self.lanes.get(lane);
        lane.is_some_and(|lane| lane.phase == LanePhase::Failed)
    }

    fn save(&self, lane: usize, out: &mut dyn StateWriter) -> bool {
        let Some(lane) = self.lanes.get(lane) else {
            return false;
        };
        LaneState {
            rng: lane.rng.clone(),
            episode: None,
        }
        .save(out)
    }

    fn load(&mut self, lane: usize, from: &dyn StateReader) -> Result<bool, StateError> {
        let environments = self.len();
        let Some(lane) = self.lanes.get_mut(lane) else {
            let reason = BatchError::Lane { lane, environments }.to_string();
            return Err(StateError::value("state", reason));
        };
        let saved = LaneState::load(from)?;
        if saved.episode.is_some() {
            let reason = "an environment of Gymnasium has no state to take up";
            return Err(StateError::value("state", reason.to_owned()));
        }
        (lane.rng, lane.is_fresh) = (saved.rng, true);
        lane.phase = LanePhase::NotStarted;
        Ok(false)
    }
}

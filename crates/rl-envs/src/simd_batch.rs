//! A batch of simulations as structure of arrays, a register of environments at a time.

use pulp::{Arch, Simd, WithSimd};
use rl_core::error::BatchError;
use rl_core::lane::{LaneEpisode, LanePhase, LaneState};
use rl_core::{
    BatchEnvironment, End, Environment, EnvironmentError, Episode, Spaces, StateError, StateReader,
    StateWriter, Status, StepSlices, Stream,
};

use crate::TimeLimit;
use crate::physics::{Lanes, Physics, Real};
use crate::simulation::Phase;
use crate::simulation::Simulation;

/// Numbers in the widest register there is: arrays are padded to a multiple of it.
const WIDEST: usize = 8;

/// Environments with the same [`Physics`], stepped side by side in `f64` by the widest SIMD
/// instructions of the machine that runs the program.
///
/// It does, to the bit, what a [`ScalarBatch`](rl_core::ScalarBatch) of the same environments does,
/// and saves the same. Lanes that step by themselves take no SIMD instructions.
///
/// ```
/// use rl_core::{BatchEnvironment, StepBuffers, Stream};
/// use rl_envs::{CartPole, SimdBatch};
///
/// let rngs = (0..100).map(Stream::from_seed).collect();
/// let mut batch = SimdBatch::new(&CartPole::v1(), rngs);
/// let mut buffers = StepBuffers::new(100, 4);
/// batch.reset_into(&mut buffers.observations)?;
/// let actions = [1.0; 100]; // push right, everywhere
/// batch.step_into(&actions, buffers.as_mut())?;
/// assert_eq!(buffers.rewards, [1.0; 100]);
/// # Ok::<(), rl_core::error::BatchError>(())
/// ```
#[derive(Clone, Debug)]
pub struct SimdBatch<P, const STATE: usize, const OBSERVATION: usize> {
    arch: Arch,
    physics: P,
    max_steps: f64,
    rngs: Vec<Stream>,
    phases: Vec<LanePhase>,
    /// Number of lanes in an episode.
    running: usize,
    /// One array per number of the state, each padded, as are those below.
    states: [Vec<f64>; STATE],
    /// The action of each lane's last step.
    actions: Vec<f64>,
    /// Actions that are not yet known to be in their space.
    next_actions: Vec<f64>,
    total_rewards: Vec<f64>,
    lengths: Vec<f64>,
}

impl<P: Physics<S, O>, const S: usize, const O: usize> SimdBatch<P, S, O> {
    /// A copy of `environment` for each of `rngs`, which it draws from.
    pub fn new(environment: &TimeLimit<Simulation<P, S, O>>, rngs: Vec<Stream>) -> Self {
        let padded = vec![0.0; rngs.len().next_multiple_of(WIDEST)];
        Self {
            arch: Arch::new(),
            physics: environment.inner().physics().clone(),
            max_steps: environment.max_steps() as f64,
            phases: vec![LanePhase::NotStarted; rngs.len()],
            running: 0,
            rngs,
            states: std::array::from_fn(|_| padded.clone()),
            actions: padded.clone(),
            next_actions: padded.clone(),
            total_rewards: padded.clone(),
            lengths: padded,
        }
    }

    /// The same batch without SIMD instructions: the same results, to the bit.
    #[must_use]
    pub fn without_simd(self) -> Self {
        Self {
            arch: Arch::Scalar,
            ..self
        }
    }

    /// Starts an episode of environment `i` and writes its first observation.
    #[inline(always)]
    fn reset(&mut self, i: usize, observation: &mut [f32]) {
        let state = self.physics.initial_state(&mut self.rngs[i]);
        for (numbers, number) in self.states.iter_mut().zip(state) {
            numbers[i] = number;
        }
        self.total_rewards[i] = 0.0;
        self.lengths[i] = 0.0;
        for (x, number) in observation.iter_mut().zip(self.physics.observe(state)) {
            *x = number as f32;
        }
    }
    /// Starts an episode of a lane that may be in none.
    fn start(&mut self, lane: usize, observation: &mut [f32]) {
        self.reset(lane, observation);
        self.enter(lane, LanePhase::Running);
    }

    fn enter(&mut self, lane: usize, phase: LanePhase) {
        let count = |phase| usize::from(phase == LanePhase::Running);
        self.running = self.running + count(phase) - count(self.phases[lane]);
        self.phases[lane] = phase;
    }

    /// An error unless a lane can take the step of an action.
    fn judge(&self, lane: usize, action: f32) -> Result<(), BatchError> {
        let judged = self.phases[lane].check().and_then(|()| {
            if P::ACTIONS.admits(action) {
                return Ok(());
            }
            Err(EnvironmentError::outside([action], &P::ACTIONS.space()))
        });
        judged.map_err(|source| BatchError::Environment {
            environment: lane,
            source,
        })
    }

    /// A lane as an environment of its own.
    fn environment(&self, lane: usize) -> TimeLimit<Simulation<P, S, O>> {
        let steps = self.lengths[lane] as usize;
        let phase = match self.phases[lane] {
            LanePhase::Over(End::Terminated) => Phase::Over,
            _ => Phase::Running,
        };
        let state = std::array::from_fn(|k| self.states[k][lane]);
        let action = (steps > 0).then_some(self.actions[lane]);
        let simulation = Simulation::in_phase(self.physics.clone(), phase, state, action);
        TimeLimit::at(simulation, self.max_steps as usize, Some(steps))
    }

    /// Takes up a lane's episode, where its end and its environment agree.
    fn resume(&mut self, lane: usize, episode: &LaneEpisode) -> Result<(), EnvironmentError> {
        let mut environment = self.environment(lane);
        environment.restore_state(&episode.state)?;
        let simulation = environment.inner();
        let Episode {
            total_reward,
            length,
        } = episode.statistics;
        let at_limit = length as f64 >= self.max_steps;
        let phase = match (simulation.phase(), episode.end) {
            (Phase::Running, None) if !at_limit => LanePhase::Running,
            (Phase::Over, Some(End::Terminated)) => LanePhase::Over(End::Terminated),
            (Phase::Running, Some(End::Truncated)) if at_limit => LanePhase::Over(End::Truncated),
            _ => return Err(EnvironmentError::state("an episode with another end")),
        };
        if environment.elapsed() != Some(length) {
            return Err(EnvironmentError::state("an episode of another length"));
        }
        for (numbers, number) in self.states.iter_mut().zip(simulation.numbers()) {
            numbers[lane] = number;
        }
        self.actions[lane] = simulation.last_action().unwrap_or_default();
        self.total_rewards[lane] = total_reward;
        self.lengths[lane] = length as f64;
        self.enter(lane, phase);
        Ok(())
    }
}

impl<P: Physics<S, O>, const S: usize, const O: usize> BatchEnvironment for SimdBatch<P, S, O> {
    fn len(&self) -> usize {
        self.rngs.len()
    }

    fn spaces(&self) -> Spaces {
        Spaces {
            observation: self.physics.observation_space(),
            action: P::ACTIONS.space(),
        }
    }

    fn reset_into(&mut self, observations: &mut [f32]) -> Result<(), BatchError> {
        BatchError::check_length("observations", observations.len(), self.len(), O)?;
        for lane in 0..self.len() {
            self.start(lane, &mut observations[lane * O..][..O]);
        }
        Ok(())
    }

    fn step_into(&mut self, actions: &[f32], out: StepSlices<'_>) -> Result<(), BatchError> {
        BatchError::check_length("actions", actions.len(), self.len(), 1)?;
        out.check(self.len(), O)?;
        let arch = self.arch;
        let admitted = arch.dispatch(ReadActions {
            batch: self,
            actions,
        });
        if !admitted || self.running < self.len() {
            let mut lanes = actions.iter().enumerate();
            return lanes.try_for_each(|(lane, &action)| self.judge(lane, action));
        }
        std::mem::swap(&mut self.actions, &mut self.next_actions);
        arch.dispatch(Tick { batch: self, out });
        Ok(())
    }

    fn step_lanes(
        &mut self,
        lanes: &[usize],
        actions: &[f32],
        out: StepSlices<'_>,
    ) -> Result<(), BatchError> {
        BatchError::check_length("actions", actions.len(), lanes.len(), 1)?;
        out.check(lanes.len(), O)?;
        let mut lowest: Option<(usize, BatchError)> = None;
        for (&lane, &action) in lanes.iter().zip(actions) {
            BatchError::check_lane(lane, self.len())?;
            if let Err(error) = self.judge(lane, action)
                && lowest.as_ref().is_none_or(|(lowest, _)| lane < *lowest)
            {
                lowest = Some((lane, error));
            }
        }
        if let Some((_, error)) = lowest {
            return Err(error);
        }
        for (row, (&lane, &action)) in lanes.iter().zip(actions).enumerate() {
            self.judge(lane, action)?; // A lane that is named twice may be over by now.
            let action = f64::from(action);
            let state = std::array::from_fn(|k| self.states[k][lane]);
            let after = self.physics.step(state, action);
            for (numbers, number) in self.states.iter_mut().zip(after.state) {
                numbers[lane] = number;
            }
            self.actions[lane] = action;
            self.total_rewards[lane] += after.reward;
            self.lengths[lane] += 1.0;

            let observation = &mut out.observations[row * O..][..O];
            for (x, number) in observation
                .iter_mut()
                .zip(self.physics.observe(after.state))
            {
                *x = number as f32;
            }
            let status = if after.terminated {
                Status::Terminated
            } else if self.lengths[lane] >= self.max_steps {
                Status::Truncated
            } else {
                Status::Running
            };
            out.rewards[row] = after.reward;
            out.statuses[row] = status;
            if status.end().is_some() {
                out.final_observations[row * O..][..O].copy_from_slice(observation);
                out.episode_returns[row] = self.total_rewards[lane];
                out.episode_lengths[row] = self.lengths[lane] as usize;
                self.enter(lane, status.into());
            }
        }
        Ok(())
    }

    /// All lanes take the step, and those that are held are put back.
    fn step_except(
        &mut self,
        held: &[usize],
        actions: &[f32],
        out: StepSlices<'_>,
    ) -> Option<Result<(), BatchError>> {
        for &lane in held {
            if let Err(error) = BatchError::check_lane(lane, self.len()) {
                return Some(Err(error));
            }
        }
        let kept = |&lane: &usize| {
            let state: [f64; S] = std::array::from_fn(|k| self.states[k][lane]);
            let totals = [
                self.actions[lane],
                self.total_rewards[lane],
                self.lengths[lane],
            ];
            (lane, self.rngs[lane].clone(), state, totals)
        };
        let kept: Vec<_> = held.iter().map(kept).collect();
        let stepped = self.step_into(actions, out);
        for (lane, rng, state, [action, total_reward, length]) in kept {
            self.rngs[lane] = rng;
            for (numbers, number) in self.states.iter_mut().zip(state) {
                numbers[lane] = number;
            }
            self.actions[lane] = action;
            self.total_rewards[lane] = total_reward;
            self.lengths[lane] = length;
        }
        Some(stepped)
    }

    fn restart(&mut self, lane: usize, observation: &mut [f32]) -> Result<(), BatchError> {
        BatchError::check_lane(lane, self.len())?;
        BatchError::check_length("observation", observation.len(), 1, O)?;
        self.start(lane, observation);
        Ok(())
    }

    fn set_rng(&mut self, lane: usize, rng: Stream) {
        if let Some(own) = self.rngs.get_mut(lane) {
            *own = rng;
        }
    }

    fn save(&self, lane: usize, out: &mut dyn StateWriter) -> bool {
        let Some(phase) = self.phases.get(lane) else {
            return false;
        };
        let end = match phase {
            LanePhase::Running => Some(None),
            LanePhase::Over(end) => Some(Some(*end)),
            LanePhase::NotStarted | LanePhase::Failed => None,
        };
        let episode = end.and_then(|end| {
            Some(LaneEpisode {
                end,
                statistics: Episode {
                    total_reward: self.total_rewards[lane],
                    length: self.lengths[lane] as usize,
                },
                state: self.environment(lane).save_state()?,
            })
        });
        let rng = self.rngs[lane].clone();
        LaneState { rng, episode }.save(out)
    }

    fn load(&mut self, lane: usize, from: &dyn StateReader) -> Result<bool, StateError> {
        if let Err(error) = BatchError::check_lane(lane, self.len()) {
            return Err(StateError::value("state", error.to_string()));
        }
        let LaneState { rng, episode } = LaneState::load(from)?;
        self.rngs[lane] = rng;
        self.enter(lane, LanePhase::NotStarted);
        let Some(episode) = episode else {
            return Ok(false);
        };
        self.resume(lane, &episode)
            .map_err(|error| StateError::value("state", error.to_string()))?;
        Ok(true)
    }
}

/// Reads the actions, and tells whether all of them can be acted on.
struct ReadActions<'a, P, const S: usize, const O: usize> {
    batch: &'a mut SimdBatch<P, S, O>,
    actions: &'a [f32],
}

impl<P: Physics<S, O>, const S: usize, const O: usize> WithSimd for ReadActions<'_, P, S, O> {
    type Output = bool;

    #[inline(always)]
    fn with_simd<I: Simd>(self, _simd: I) -> bool {
        let mut admitted = true;
        for (number, &action) in self.batch.next_actions.iter_mut().zip(self.actions) {
            admitted &= P::ACTIONS.admits(action);
            *number = f64::from(action);
        }
        admitted
    }
}

/// A step of every environment.
struct Tick<'a, 'b, P, const S: usize, const O: usize> {
    batch: &'a mut SimdBatch<P, S, O>,
    out: StepSlices<'b>,
}

impl<P: Physics<S, O>, const S: usize, const O: usize> WithSimd for Tick<'_, '_, P, S, O> {
    type Output = ();

    #[inline(always)]
    fn with_simd<I: Simd>(self, simd: I) {
        let Self { batch, mut out } = self;
        let width = I::F64_LANES;
        let load = |numbers: &[f64]| Lanes::new(simd, I::as_simd_f64s(numbers).0[0]);
        let store = |numbers: &mut [f64], lanes: Lanes<I>| {
            I::as_mut_simd_f64s(numbers).0[0] = lanes.value();
        };
        for start in (0..batch.len()).step_by(width) {
            let block = start..start + width;
            let state = std::array::from_fn(|k| load(&batch.states[k][block.clone()]));
            let action = load(&batch.actions[block.clone()]);
            let after = batch.physics.step(state, action);
            for (numbers, number) in batch.states.iter_mut().zip(after.state) {
                store(&mut numbers[block.clone()], number);
            }
            let total = load(&batch.total_rewards[block.clone()]) + after.reward;
            store(&mut batch.total_rewards[block.clone()], total);
            let length = load(&batch.lengths[block.clone()]) + 1.0;
            store(&mut batch.lengths[block], length);

            let mut observations = [[0.0; WIDEST]; O];
            for (numbers, number) in observations
                .iter_mut()
                .zip(batch.physics.observe(after.state))
            {
                store(numbers, number);
            }
            let mut rewards = [0.0; WIDEST];
            store(&mut rewards, after.reward);
            // The number of lanes is a constant, and the loops are unrolled, in all blocks but the
            // last.
            let lanes = width.min(batch.len() - start);
            if lanes == width {
                write(&mut out, start, width, &observations, &rewards);
            } else {
                write(&mut out, start, lanes, &observations, &rewards);
            }

            let limit = length.ge(length.constant(batch.max_steps));
            let ended = after.terminated | limit;
            if !ended.any() {
                continue;
            }
            let (mut ends, mut terminations) = ([0.0; WIDEST], [0.0; WIDEST]);
            store(&mut ends, ended.indicator());
            store(&mut terminations, after.terminated.indicator());
            let mut pending = (0..width).fold(0_u32, |bits, lane| {
                bits | u32::from(ends[lane] != 0.0) << lane
            });
            while pending != 0 {
                let lane = pending.trailing_zeros() as usize;
                pending &= pending - 1;
                let i = start + lane;
                if lane >= lanes {
                    // Padding stays where nothing moves far.
                    batch.states.iter_mut().for_each(|numbers| numbers[i] = 0.0);
                    batch.lengths[i] = 0.0;
                    continue;
                }
                out.statuses[i] = if terminations[lane] != 0.0 {
                    Status::Terminated
                } else {
                    Status::Truncated
                };
                let row = &mut out.observations[i * O..][..O];
                out.final_observations[i * O..][..O].copy_from_slice(row);
                out.episode_returns[i] = batch.total_rewards[i];
                out.episode_lengths[i] = batch.lengths[i] as usize;
                batch.reset(i, row);
            }
        }
    }
}

/// Writes observations and rewards of `lanes` environments from `start` on, all of them running.
#[inline(always)]
fn write<const O: usize>(
    out: &mut StepSlices<'_>,
    start: usize,
    lanes: usize,
    observations: &[[f64; WIDEST]; O],
    rewards: &[f64; WIDEST],
) {
    let rows = &mut out.observations[start * O..][..lanes * O];
    for (lane, row) in rows.chunks_exact_mut(O).enumerate() {
        for (x, numbers) in row.iter_mut().zip(observations) {
            *x = numbers[lane] as f32;
        }
    }
    out.rewards[start..][..lanes].copy_from_slice(&rewards[..lanes]);
    out.statuses[start..][..lanes].fill(Status::Running);
}

#[cfg(test)]
mod tests;

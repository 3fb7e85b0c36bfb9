//! Replay buffers.

use rl_core::{Purpose, Rollout, State, StateError, StateReader, StateWriter, Stream};
use rl_learn::{ConfigError, Range};

use super::priorities::Priorities;
use super::transition::{Transition, width};
use super::{Draw, Prioritization, PriorityError, Sample};

/// Greatest number of transitions: devices number rows by `i32`.
const MOST_TRANSITIONS: f64 = i32::MAX as f64;

/// Ring of the newest transitions of environments side by side.
///
/// A transition is one record of `2 · observation_dim + 3` numbers of 32 bits; with priorities come
/// a number of 64 bits and, for sums and minima, a little more than 8 bits. All memory is asked for at the
/// beginning, and a saved state holds all records.
///
/// Observations are kept as they came, so that they must not be normalised by moments that move.
///
/// ```
/// use rl_core::Status;
/// use rl_value::replay::{Draw, Replay, Sample, Transition};
///
/// let mut replay = Replay::new(100, 1, 1, 0)?;
/// for t in 0..10 {
///     replay.push(Transition {
///         observation: &[t as f32],
///         action: 0.0,
///         reward: 1.0,
///         status: if t == 9 { Status::Truncated } else { Status::Running },
///         next_observation: &[t as f32 + 1.0],
///     });
/// }
/// let mut sample = Sample::default();
/// replay.sample(Draw { size: 32, n_step: 2, gamma: 0.5, beta: 0.0 }, &mut sample);
/// for (&s, &after) in sample.observations.iter().zip(&sample.next_observations) {
///     assert_eq!(after, (s + 2.0).min(10.0));
/// }
/// # Ok::<(), rl_learn::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Replay {
    environments: usize,
    observation_dim: usize,
    records: Vec<f32>,
    capacity: usize,
    /// Transitions taken in so far.
    pushed: u64,
    rng: Stream,
    priorities: Option<Priorities>,
}

impl Replay {
    /// A buffer of the newest `buffer_size` transitions of so many environments, rounded down to a
    /// multiple of their number, that are drawn uniformly by the stream `(Replay, 0)` of the run with
    /// `seed`.
    ///
    /// # Errors
    /// [`ConfigError`] for fewer transitions than environments, and for more than can be numbered or
    /// than fit into memory.
    pub fn new(
        buffer_size: usize,
        environments: usize,
        observation_dim: usize,
        seed: u64,
    ) -> Result<Self, ConfigError> {
        let range = Range::Between(environments.max(1) as f64, MOST_TRANSITIONS);
        ConfigError::check("buffer_size", &buffer_size, range)?;
        let environments = environments.max(1);
        let capacity = buffer_size / environments * environments;
        let mut records = Vec::new();
        let numbers = capacity.saturating_mul(width(observation_dim));
        records.try_reserve_exact(numbers).map_err(|_| {
            let gib = numbers as f64 / f64::from(1 << 28);
            let allowed = format!("what fits into memory; this takes {gib:.1} GiB");
            ConfigError::new("buffer_size", buffer_size, allowed)
        })?;
        Ok(Self {
            environments,
            observation_dim,
            records,
            capacity,
            pushed: 0,
            rng: Stream::derive(seed, Purpose::Replay, 0),
            priorities: None,
        })
    }

    /// Draws by priority from now on, for an empty buffer.
    ///
    /// # Errors
    /// [`ConfigError`] for numbers out of their range.
    pub fn prioritized(mut self, config: Prioritization) -> Result<Self, ConfigError> {
        config.check()?;
        self.priorities = Some(Priorities::new(config, self.capacity));
        Ok(self)
    }

    /// Greatest number of transitions that are kept.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Number of transitions that are kept.
    pub fn len(&self) -> usize {
        self.pushed.min(self.capacity as u64) as usize
    }

    /// Returns `true` before the first transition.
    pub fn is_empty(&self) -> bool {
        self.pushed == 0
    }

    /// Number of transitions that were taken in so far, those that were overwritten included.
    pub fn pushed(&self) -> u64 {
        self.pushed
    }

    /// Memory that the transitions and their priorities take once the buffer is full, in bytes; it is asked for at the
    /// beginning.
    pub fn bytes(&self) -> usize {
        let records = self.capacity * width(self.observation_dim) * size_of::<f32>();
        records + self.priorities.as_ref().map_or(0, Priorities::bytes)
    }

    /// Takes in a transition, over the oldest one if the buffer is full. The environments take turns:
    /// one transition of the first, one of the second, and so on.
    ///
    /// # Panics
    /// If an observation is not of `observation_dim` numbers.
    pub fn push(&mut self, transition: Transition<'_>) {
        self.put(self.pushed, transition);
        self.pushed += 1;
    }

    /// Takes in the transitions of a rollout in the order of time.
    ///
    /// # Panics
    /// If it is of other environments, or not every environment had its turn before.
    pub fn push_rollout(&mut self, rollout: &Rollout) {
        let (n, steps) = (rollout.environments(), rollout.steps_per_environment());
        let dim = self.observation_dim;
        assert_eq!(n, self.environments, "environments of a rollout");
        assert!(self.pushed.is_multiple_of(n as u64), "whole turns");
        // The slots of an environment are its own, whatever the order in which they are written.
        for environment in 0..n {
            let lane = rollout.environment_range(environment..environment + 1);
            let mut successors = lane.successors().chunks_exact(dim);
            let mut after = lane.observations().chunks_exact(dim).skip(1);
            for (t, observation) in lane.observations().chunks_exact(dim).enumerate() {
                let (status, following) = (lane.statuses()[t], after.next());
                let next = match following {
                    Some(following) if status.continues() => following,
                    _ => successors.next().unwrap_or_default(),
                };
                let transition = Transition {
                    observation,
                    action: lane.actions()[t],
                    reward: lane.rewards()[t],
                    status,
                    next_observation: next,
                };
                self.put(self.pushed + (t * n + environment) as u64, transition);
            }
        }
        self.pushed += (n * steps) as u64;
    }

    fn put(&mut self, serial: u64, transition: Transition<'_>) {
        let lengths = [transition.observation, transition.next_observation].map(<[f32]>::len);
        assert_eq!(
            lengths, [self.observation_dim; 2],
            "numbers per observation"
        );
        let (slot, width) = (self.slot(serial), width(self.observation_dim));
        let record = slot * width..(slot + 1) * width;
        if record.end > self.records.len() {
            self.records.resize(record.end, 0.0);
        }
        transition.write(&mut self.records[record]);
        if let Some(priorities) = &mut self.priorities {
            priorities.enter(slot);
        }
    }

    /// Draws transitions that are kept, with replacement, uniformly or by priority.
    ///
    /// # Panics
    /// If the buffer is empty.
    pub fn sample(&mut self, draw: Draw, out: &mut Sample) {
        assert!(!self.is_empty(), "a sample of an empty buffer");
        out.resize(draw.size, self.observation_dim);
        out.pushed = self.pushed;
        match &self.priorities {
            None => {
                let len = self.len();
                out.slots.fill_with(|| self.rng.below(len));
                out.weights.fill(1.0);
            }
            Some(priorities) => {
                priorities.draw(&mut self.rng, &mut out.slots);
                let least = priorities.least();
                for (weight, &slot) in out.weights.iter_mut().zip(&out.slots) {
                    *weight = priorities.weight(slot, draw.beta, least);
                }
            }
        }
        self.touch(draw.n_step, &out.slots);
        self.gather(draw, out);
    }

    /// Reads from the first and the last record of each row, and does nothing else, so that the memory of many rows is on
    /// its way at once.
    fn touch(&self, n_step: usize, slots: &[usize]) {
        let width = width(self.observation_dim);
        let ahead = n_step.saturating_sub(1) * self.environments * width;
        let mut bits = 0;
        let mut read = |at: usize| bits ^= self.records.get(at).map_or(0, |x| x.to_bits());
        for first in slots.iter().map(|slot| slot * width) {
            read(first);
            read(first + width - 1);
            if n_step > 1 {
                read(first + ahead);
                read(first + ahead + width - 1);
            }
        }
        std::hint::black_box(bits);
    }

    /// Writes the columns of the transitions in `out.slots`.
    fn gather(&self, draw: Draw, out: &mut Sample) {
        let (dim, gamma, head) = (self.observation_dim, draw.gamma, self.slot(self.pushed));
        let rows = out.observations.chunks_exact_mut(dim);
        let rows = rows.zip(out.next_observations.chunks_exact_mut(dim));
        let rows = rows.zip(&mut out.actions).zip(&mut out.rewards);
        let rows = rows.zip(&mut out.discounts).zip(&out.slots);
        for (((((observation, next), action), reward), discount), &slot) in rows {
            let first = self.read(slot);
            observation.copy_from_slice(first.observation);
            *action = first.action;
            let (mut last, mut slot, mut newer) = (first, slot, self.newer(slot, head));
            let (mut sum, mut factor) = (f64::from(first.reward), gamma);
            for _ in 1..draw.n_step {
                if !last.status.continues() || newer < self.environments {
                    break;
                }
                newer -= self.environments;
                slot += self.environments;
                if slot >= self.capacity {
                    slot -= self.capacity;
                }
                last = self.read(slot);
                sum += factor * f64::from(last.reward);
                factor *= gamma;
            }
            *reward = sum as f32;
            next.copy_from_slice(last.next_observation);
            *discount = if last.status.bootstraps() {
                factor as f32
            } else {
                0.0
            };
        }
    }

    /// Sets the priorities of the transitions of a sample by their TD errors, `[size]`, unless they
    /// have been overwritten since. Without priorities nothing changes.
    ///
    /// # Errors
    /// [`PriorityError`] for an error that is not finite.
    pub fn set_priorities(&mut self, sample: &Sample, errors: &[f32]) -> Result<(), PriorityError> {
        let head = self.slot(self.pushed);
        for (row, (&slot, &error)) in sample.slots.iter().zip(errors).enumerate() {
            if !error.is_finite() {
                return Err(PriorityError { row, error });
            }
            // Transitions since the sample have taken the oldest slots.
            let is_there = self.pushed - self.newer(slot, head) as u64 <= sample.pushed;
            if let Some(priorities) = self.priorities.as_mut().filter(|_| is_there) {
                priorities.set(slot, error);
            }
        }
        Ok(())
    }

    fn read(&self, slot: usize) -> Transition<'_> {
        let width = width(self.observation_dim);
        Transition::read(&self.records[slot * width..(slot + 1) * width])
    }

    /// Slot of the transition that was the `serial`-th to be taken in.
    fn slot(&self, serial: u64) -> usize {
        (serial % self.capacity as u64) as usize
    }

    /// Number of transitions that were taken in after the one that is in a slot, where the next goes to slot `head`.
    #[inline]
    fn newer(&self, slot: usize, head: usize) -> usize {
        let ahead = if head > slot {
            head
        } else {
            head + self.capacity
        };
        ahead - 1 - slot
    }
}

impl State for Replay {
    fn save(&self, out: &mut dyn StateWriter) {
        out.u64s("buffer", &[self.capacity as u64, self.pushed]);
        out.f32s("records", &self.records);
        self.rng.save(out);
        if let Some(priorities) = &self.priorities {
            priorities.save(self.len(), out);
        }
    }

    fn load(&mut self, from: &dyn StateReader) -> Result<(), StateError> {
        let mut buffer = [0; 2];
        from.u64s("buffer", &mut buffer)?;
        let [capacity, pushed] = buffer;
        if capacity != self.capacity as u64 {
            let reason = format!(
                "buffer_size is {capacity} transitions; {} are asked for here",
                self.capacity
            );
            return Err(StateError::value("buffer", reason));
        }
        self.pushed = pushed;
        let width = width(self.observation_dim);
        self.records.resize(self.len() * width, 0.0);
        from.f32s("records", &mut self.records)?;
        let mut records = self.records.chunks_exact(width);
        if let Some(record) = records.position(|record| !Transition::is_record(record)) {
            let reason = format!("record {record} is not that of a transition");
            return Err(StateError::value("records", reason));
        }
        self.rng.load(from)?;
        let used = self.len();
        match &mut self.priorities {
            Some(priorities) => priorities.load(used, from),
            None => Ok(()),
        }
    }
}

//! Gymnasium's three ways to go on after the end of an episode.

use rl_core::error::BatchError;
use rl_core::{BatchEnvironment, Status, StepBuffers, StepSlices, Stream};

/// When the next episode begins after the end of one: Gymnasium's `AutoresetMode`.
#[derive(Clone, Copy, PartialEq)]
pub enum Mode {
    /// In the next step, whose action is ignored.
    NextStep,
    /// In the same step.
    SameStep,
    /// When it is asked for.
    Disabled,
}

impl Mode {
    /// The mode of a value of Gymnasium's enum.
    pub fn from_value(value: &str) -> Option<Self> {
        match value {
            "NextStep" => Some(Self::NextStep),
            "SameStep" => Some(Self::SameStep),
            "Disabled" => Some(Self::Disabled),
            _ => None,
        }
    }
}

/// Batch of `n` environments in one of the modes.
///
/// The next episode of an environment starts as soon as one ends: it takes the same draws as later. In the modes other
/// than [`Mode::SameStep`], its first observation is held back until its time comes.
pub struct Autoreset {
    batch: Box<dyn BatchEnvironment>,
    mode: Mode,
    dim: usize,
    /// Results of the last step but for observations and rewards.
    results: StepBuffers,
    /// Environments between two episodes, `[n]`.
    pub over: Vec<bool>,
    /// First observations of their next episodes, `[n, observation_dim]`.
    pub first: Vec<f32>,
    /// Observations that were returned last, `[n, observation_dim]`.
    pub shown: Vec<f32>,
    /// Environments between two episodes, by their numbers.
    held: Vec<usize>,
    /// Environments of a step that not all take, with their actions and results.
    part: (Vec<usize>, Vec<f32>, StepBuffers),
}

impl Autoreset {
    /// A batch in a mode.
    pub fn new(batch: Box<dyn BatchEnvironment>, mode: Mode) -> Self {
        let (n, dim) = (batch.len(), batch.spaces().observation.flat_dim());
        Self {
            batch,
            mode,
            dim,
            results: StepBuffers::new(n, dim),
            over: vec![false; n],
            first: vec![0.0; n * dim],
            shown: vec![0.0; n * dim],
            held: Vec::new(),
            part: (Vec::new(), Vec::new(), StepBuffers::new(n, dim)),
        }
    }

    /// The environments themselves.
    pub fn batch(&mut self) -> &mut dyn BatchEnvironment {
        self.batch.as_mut()
    }

    /// Standings, final observations, returns and lengths of the last step: rows of episodes that ended, and the standings
    /// of all.
    pub fn results(&self) -> &StepBuffers {
        &self.results
    }

    /// The lowest environment that must be reset before a step.
    pub fn needs_reset(&self) -> Option<usize> {
        match self.mode {
            Mode::Disabled => self.over.iter().position(|over| *over),
            Mode::NextStep | Mode::SameStep => None,
        }
    }

    /// Starts an episode of one environment, with a new stream where there is one.
    pub fn restart(&mut self, lane: usize, rng: Option<Stream>) -> Result<(), BatchError> {
        let row = lane * self.dim..(lane + 1) * self.dim;
        if rng.is_none() && self.over[lane] {
            self.shown[row.clone()].copy_from_slice(&self.first[row]);
        } else {
            if let Some(rng) = rng {
                self.batch.set_rng(lane, rng);
            }
            self.batch.restart(lane, &mut self.shown[row])?;
        }
        self.over[lane] = false;
        Ok(())
    }

    /// Takes a step in every environment that is in an episode, and shows the first observation of the others, whose
    /// actions are overwritten. `actions` is `[n, action_dim]`; writes `observations`, `[n, observation_dim]`, and
    /// `rewards`, `[n]`.
    pub fn step(
        &mut self,
        actions: &mut [f32],
        observations: &mut [f32],
        rewards: &mut [f64],
    ) -> Result<(), BatchError> {
        let all = self.over.iter().enumerate();
        self.held.clear();
        self.held
            .extend(all.filter(|(_, over)| **over).map(|(lane, _)| lane));
        if self.held.is_empty() {
            let results = StepSlices {
                observations: &mut *observations,
                rewards,
                ..self.results.as_mut()
            };
            self.batch.step_into(actions, results)?;
        } else {
            let width = actions.len() / self.over.len();
            for &lane in &self.held {
                actions[lane * width..][..width].fill(0.0); // An action of every space.
            }
            let results = StepSlices {
                observations: &mut *observations,
                rewards: &mut *rewards,
                ..self.results.as_mut()
            };
            match self.batch.step_except(&self.held, actions, results) {
                Some(stepped) => stepped?,
                None => self.step_part(actions, observations, rewards)?,
            }
            for &lane in &self.held {
                let row = lane * self.dim..(lane + 1) * self.dim;
                observations[row.clone()].copy_from_slice(&self.first[row]);
                rewards[lane] = 0.0;
                self.results.statuses[lane] = Status::Running;
                self.over[lane] = false;
            }
        }
        if self.mode != Mode::SameStep {
            for (lane, _) in ended(&self.results.statuses) {
                let row = lane * self.dim..(lane + 1) * self.dim;
                let shown = &mut observations[row.clone()];
                self.first[row.clone()].copy_from_slice(shown);
                shown.copy_from_slice(&self.results.final_observations[row]);
                self.over[lane] = true;
            }
        }
        self.shown.copy_from_slice(observations);
        Ok(())
    }

    /// The step of every environment but those that are held, each by itself.
    fn step_part(
        &mut self,
        actions: &[f32],
        observations: &mut [f32],
        rewards: &mut [f64],
    ) -> Result<(), BatchError> {
        let dim = self.dim;
        let width = actions.len() / self.over.len();
        let (lanes, own_actions, part) = &mut self.part;
        lanes.clear();
        own_actions.clear();
        for (lane, action) in actions.chunks_exact(width).enumerate() {
            if !self.over[lane] {
                lanes.push(lane);
                own_actions.extend_from_slice(action);
            }
        }
        let (rows, _) = part.as_mut().split_at(lanes.len(), dim);
        self.batch.step_lanes(lanes, own_actions, rows)?;
        let results = &mut self.results;
        for (from, &lane) in lanes.iter().enumerate() {
            let row = lane * dim..(lane + 1) * dim;
            let shown = &mut observations[row.clone()];
            shown.copy_from_slice(&part.observations[from * dim..][..dim]);
            rewards[lane] = part.rewards[from];
            results.statuses[lane] = part.statuses[from];
            if part.statuses[from].end().is_some() {
                results.final_observations[row].copy_from_slice(shown);
                results.episode_returns[lane] = part.episode_returns[from];
                results.episode_lengths[lane] = part.episode_lengths[from];
                self.batch.restart(lane, shown)?;
            }
        }
        Ok(())
    }
}

/// The episodes that ended, by the indices of their standings.
pub fn ended(statuses: &[Status]) -> impl Iterator<Item = (usize, Status)> {
    let all = statuses.iter().copied().enumerate();
    all.filter(|(_, status)| status.end().is_some())
}

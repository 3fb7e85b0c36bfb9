//! Environments of a worker, as its parent knows them.

use rand::Rng as _;
use rl_core::lane::LanePhase;
use rl_core::{StepSlices, Stream};

use crate::error::GymError;
use crate::rows::{NonFinite, Rows};

/// An environment of a worker, as its parent knows it.
#[derive(Debug)]
pub(crate) struct Lane {
    pub rng: Stream,
    pub phase: LanePhase,
    /// The next reset has a seed.
    pub is_fresh: bool,
    pub seed: u64,
    /// Episodes since the seed.
    pub episode: usize,
    pub total_reward: f64,
    pub length: usize,
}

impl Lane {
    /// One that has not begun.
    pub fn new(rng: Stream) -> Self {
        Self {
            rng,
            phase: LanePhase::NotStarted,
            is_fresh: true,
            seed: 0,
            episode: 0,
            total_reward: 0.0,
            length: 0,
        }
    }

    /// The seed of the next reset, which counts as used from now on; -1 if the generator goes on.
    pub fn next_seed(&mut self) -> i64 {
        if !self.is_fresh {
            return -1;
        }
        // 31 bits: some simulators take no more.
        self.seed = self.rng.next_u64() >> 33;
        (self.is_fresh, self.episode) = (false, 0);
        self.seed as i64
    }

    /// Seed, episode and step.
    pub fn place(&self) -> String {
        let (seed, episode, step) = (self.seed, self.episode, self.length);
        format!("seed {seed}, episode {episode} since then, step {step}")
    }

    /// Begins an episode.
    pub fn begin(&mut self) {
        (self.total_reward, self.length) = (0.0, 0);
        self.episode += 1;
    }

    /// Takes up a step, and writes its row.
    #[inline]
    pub fn take<const RESETS: bool>(
        &mut self,
        rows: &Rows<'_>,
        row: usize,
        final_row: Option<usize>,
        out: &mut StepSlices<'_>,
        dim: usize,
    ) -> Result<(), NonFinite> {
        let reward = rows.reward(row)?;
        let shown = row * dim..(row + 1) * dim;
        rows.observation(row, &mut out.observations[shown.clone()])?;
        if let Some(final_row) = final_row {
            rows.observation(final_row, &mut out.final_observations[shown])?;
        }
        out.rewards[row] = reward;
        self.total_reward += reward;
        self.length += 1;
        if final_row.is_some() {
            out.episode_returns[row] = self.total_reward;
            out.episode_lengths[row] = self.length;
            if RESETS {
                self.begin();
            }
        }
        Ok(())
    }

    /// The error of an exception.
    pub fn raised(&self, id: &str, traceback: String) -> GymError {
        GymError::Raised {
            id: id.to_owned(),
            place: self.place(),
            traceback,
        }
    }

    /// The error of a number that is not finite.
    pub fn non_finite(&self, id: &str, error: NonFinite) -> GymError {
        GymError::NonFinite {
            id: id.to_owned(),
            place: self.place(),
            quantity: error.quantity,
            value: error.value,
        }
    }
}

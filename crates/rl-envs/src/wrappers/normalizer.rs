//! The statistics of a normalising wrapper, and the moments at which they change.

use rl_core::{EnvironmentError, RunningMoments};

use super::error::WrapperError;
use super::updating::Updating;
use crate::saved::Saved;

/// Count of the mean 0 and the variance 1 of the start (Gymnasium's initial count).
const PRIOR_COUNT: f64 = 1e-4;

/// Statistics that a wrapper normalises by, and what it has seen since.
#[derive(Clone, Debug)]
pub(super) struct Normalizer {
    updating: Updating,
    statistics: RunningMoments,
    /// The moments of what was seen since the last synchronization; empty in the other modes.
    observed: RunningMoments,
}

impl Normalizer {
    pub(super) fn new(dim: usize, updating: Updating) -> Self {
        Self {
            updating,
            statistics: RunningMoments::with_prior(dim, PRIOR_COUNT),
            observed: RunningMoments::new(dim),
        }
    }

    /// The numbers of the statistics and of what was seen since.
    pub(super) fn save(&self) -> Vec<f64> {
        let mut state = Vec::new();
        for moments in [&self.statistics, &self.observed] {
            state.push(moments.count());
            state.extend_from_slice(moments.mean());
            state.extend_from_slice(moments.variance());
        }
        state
    }

    /// The normalizer of numbers that the like of this one saved.
    pub(super) fn restored(&self, saved: &mut Saved<'_>) -> Result<Self, EnvironmentError> {
        let dim = self.statistics.dim();
        let mut moments = || {
            let count = saved.number()?;
            let (mean, variance) = (saved.slice(dim)?.to_vec(), saved.slice(dim)?.to_vec());
            RunningMoments::from_parts(count, mean, variance)
                .map_err(|error| EnvironmentError::state(error.to_string()))
        };
        Ok(Self {
            updating: self.updating,
            statistics: moments()?,
            observed: moments()?,
        })
    }

    pub(super) fn set_statistics(
        &mut self,
        statistics: RunningMoments,
    ) -> Result<(), WrapperError> {
        let (found, expected) = (statistics.dim(), self.statistics.dim());
        if found != expected {
            return Err(WrapperError::Dimensions { found, expected });
        }
        self.statistics = statistics;
        Ok(())
    }

    pub(super) fn statistics(&self) -> &RunningMoments {
        &self.statistics
    }

    /// Takes note of a vector, `[dim]`.
    pub(super) fn observe<T: Copy + Into<f64>>(&mut self, x: &[T]) {
        match self.updating {
            Updating::EveryStep => self.statistics.update(x),
            Updating::OnSynchronize => self.observed.update(x),
            Updating::Never => {}
        }
    }

    /// Gives all of `normalizers` the statistics of the first, with what all have seen, in order.
    pub(super) fn synchronize<'a>(
        normalizers: impl Iterator<Item = &'a mut Self>,
    ) -> Result<(), WrapperError> {
        let mut normalizers: Vec<_> = normalizers.collect();
        let Some(first) = normalizers.first() else {
            return Ok(());
        };
        let mut statistics = first.statistics.clone();
        for (environment, normalizer) in normalizers.iter().enumerate() {
            if normalizer.updating != Updating::OnSynchronize {
                return Err(WrapperError::NotSynchronized {
                    environment,
                    updating: normalizer.updating,
                });
            }
            let (found, expected) = (statistics.dim(), normalizer.observed.dim());
            if found != expected {
                return Err(WrapperError::Dimensions { found, expected });
            }
            statistics.merge(&normalizer.observed);
        }
        for normalizer in &mut normalizers {
            normalizer.statistics.clone_from(&statistics);
            normalizer.observed.clear();
        }
        Ok(())
    }
}

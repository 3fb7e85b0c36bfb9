//! The statistics of a normalising wrapper, and when they change.

use rl_core::RunningMoments;

use super::WrapperError;

/// What the mean 0 and the variance 1 of the start count for (Gymnasium's initial count).
const PRIOR_COUNT: f64 = 1e-4;

/// When a normalising wrapper updates the statistics it normalises by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Updating {
    /// With everything it sees, before normalising it, as in Gymnasium: for one environment alone.
    /// The statistics outlive an episode, so that the same seed need not give the same episode.
    EveryStep,
    /// When `synchronize` is called: environments side by side share their statistics, and what
    /// they show does not depend on which of them was stepped first.
    OnSynchronize,
    /// Never: for evaluation, with the statistics of the training.
    Never,
}

/// What a wrapper normalises by, and what it has seen since.
#[derive(Clone, Debug)]
pub(super) struct Normalizer {
    updating: Updating,
    statistics: RunningMoments,
    /// What was seen since the last synchronization; empty in the other modes.
    observed: RunningMoments,
}

impl Normalizer {
    #[expect(clippy::expect_used, reason = "constant moments")]
    pub(super) fn new(dim: usize, updating: Updating) -> Self {
        let prior = RunningMoments::from_parts(PRIOR_COUNT, vec![0.0; dim], vec![1.0; dim]);
        Self {
            updating,
            statistics: prior.expect("the prior is finite"),
            observed: RunningMoments::new(dim),
        }
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

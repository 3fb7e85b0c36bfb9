//! Policies of other runs, to start from.

use rl_core::RunningMoments;
use rl_core::state::Array;
use rl_learn::ConfigError;
use rl_nets::{PolicyFile, PolicyWeights};

use crate::config::RunConfig;
use crate::error::TrainError;
use crate::run::Run;

/// Observations that the moments of a file stand for, which does not say of how many they are.
const OBSERVATIONS: f64 = 100_000.0;

/// Policy of `init_from`, with the normalisation of observations that it was trained with.
pub(crate) struct InitialPolicy {
    pub weights: PolicyWeights,
    normalization: Option<RunningMoments>,
}

impl InitialPolicy {
    /// The policy that a configuration names, if it names one.
    ///
    /// # Errors
    /// [`TrainError::Policy`] for a file that cannot be read; [`TrainError::Config`] for a policy of
    /// normalised observations in a run that does not normalise them, or the reverse.
    pub fn of(config: &RunConfig) -> Result<Option<Self>, TrainError> {
        let Some(path) = &config.init_from else {
            return Ok(None);
        };
        let file = PolicyFile::load(path)?;
        if file.normalization.is_some() != config.normalize_observations {
            let is_needed = file.normalization.is_some();
            return Err(ConfigError::new(
                "normalize_observations",
                config.normalize_observations,
                format!("{is_needed}, as of the policy in {}", path.display()),
            )
            .into());
        }
        Ok(Some(Self {
            weights: file.weights,
            normalization: file.normalization,
        }))
    }

    /// Starts the normalisation of a run where that of the policy stood.
    ///
    /// # Errors
    /// [`TrainError::State`].
    pub fn carry_normalization(&self, run: &mut dyn Run) -> Result<(), TrainError> {
        let Some(moments) = &self.normalization else {
            return Ok(());
        };
        let mut state = run.snapshot();
        let place = "transform.observations.";
        let names: Vec<String> = state.arrays().map(|(name, _)| name.to_owned()).collect();
        for name in names {
            let numbers = match name.split_once(place) {
                Some((_, "count")) => vec![OBSERVATIONS],
                Some((_, "mean")) => moments.mean().to_vec(),
                Some((_, "variance")) => moments.variance().to_vec(),
                _ => continue,
            };
            state.insert(name, Array::F64(numbers));
        }
        run.restore(&state)?;
        Ok(())
    }
}

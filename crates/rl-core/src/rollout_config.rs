//! What a rollout is asked for.

/// What is done to observations and rewards before they are acted on and learned from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RolloutConfig {
    /// What rewards are multiplied by, before anything else: finite, and not 0.
    pub reward_scale: f64,
    /// Whether observations are normalised, `o ↦ clip((o - mean) / √(variance + 1e-8), ±10)`.
    pub normalize_observations: bool,
    /// The discount γ, from 0 to 1, with which rewards are normalised, if they are:
    /// `r ↦ clip(r / √(variance + 1e-8), ±10)` with the variance of the discounted return
    /// `G ← γG + r`, which runs from 0 at the start of every episode. The mean is not subtracted:
    /// that would pay or charge for every step, and so change the task.
    pub normalize_rewards: Option<f64>,
}

impl Default for RolloutConfig {
    /// Observations and rewards as they are.
    fn default() -> Self {
        Self {
            reward_scale: 1.0,
            normalize_observations: false,
            normalize_rewards: None,
        }
    }
}

/// A parameter of [`RolloutConfig`] out of its range.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{key} = {value} is out of range: {allowed}")]
pub struct RolloutConfigError {
    /// The field.
    pub key: &'static str,
    /// Its value.
    pub value: f64,
    /// What it may be.
    pub allowed: &'static str,
}

impl RolloutConfig {
    /// Whether all parameters are in their ranges.
    ///
    /// # Errors
    /// [`RolloutConfigError`] for the first that is not.
    pub fn validate(&self) -> Result<(), RolloutConfigError> {
        let scale = self.reward_scale;
        if !scale.is_finite() || scale == 0.0 {
            return Err(RolloutConfigError {
                key: "reward_scale",
                value: scale,
                allowed: "a finite number other than 0",
            });
        }
        match self.normalize_rewards {
            Some(gamma) if !(0.0..=1.0).contains(&gamma) => Err(RolloutConfigError {
                key: "normalize_rewards",
                value: gamma,
                allowed: "a discount from 0 to 1",
            }),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(config: RolloutConfig) -> String {
        config.validate().unwrap_err().to_string()
    }

    #[test]
    fn parameters_out_of_range_are_refused_by_name() {
        assert_eq!(RolloutConfig::default().validate(), Ok(()));
        for reward_scale in [0.0, f64::INFINITY, f64::NAN] {
            let message = refused(RolloutConfig {
                reward_scale,
                ..RolloutConfig::default()
            });
            let range = "is out of range: a finite number other than 0";
            assert_eq!(message, format!("reward_scale = {reward_scale} {range}"));
        }
        for gamma in [-0.1, 1.1, f64::NAN] {
            let message = refused(RolloutConfig {
                normalize_rewards: Some(gamma),
                ..RolloutConfig::default()
            });
            let range = "is out of range: a discount from 0 to 1";
            assert_eq!(message, format!("normalize_rewards = {gamma} {range}"));
        }
    }
}

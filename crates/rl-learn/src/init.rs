//! The learner that a configuration describes.

use rl_nets::{Device, Networks, is_cpu};

use crate::noisy_learner::NoisyLearner;
use crate::{
    BurnLearner, ConfigError, FusedLearner, Keys, Learner, LearnerKind, NaturalGradient, Noise,
    Optimizer, OptimizerConfig,
};

impl OptimizerConfig {
    /// Puts networks on a device to learn.
    ///
    /// # Errors
    /// [`ConfigError`] for a value out of its range, or the fused learner on another device than
    /// a CPU, with a module or an optimizer of a user's own.
    pub fn init(
        &self,
        networks: Networks,
        device: &Device,
    ) -> Result<Box<dyn Learner>, ConfigError> {
        Ok(self.init_natural(networks, device)?)
    }

    /// Puts networks with noisy layers on a device to learn: the parameters of the networks are the means.
    ///
    /// Gradients are those of the configured learner; the optimizer works on the host, whatever the device.
    ///
    /// # Errors
    /// As [`init`](Self::init), and [`ConfigError`] for a module or an optimizer of a user's own.
    pub fn init_noisy(
        &self,
        networks: Networks,
        noise: Noise,
        device: &Device,
    ) -> Result<Box<dyn Learner>, ConfigError> {
        let allowed = "false with an optimizer of one's own";
        ConfigError::unless(self.own.make().is_none(), "noisy", true, allowed)?;
        let deviations = Noise::initial_deviations(&networks)?;
        let of_weights = Self {
            optimizer: Optimizer::Sgd,
            max_grad_norm: None,
            ..self.clone()
        };
        let learner = of_weights.init(networks, device)?;
        let learner = NoisyLearner::new(learner, &deviations, self, noise);
        Ok(Box::new(learner))
    }

    /// Puts networks on a device to learn by natural gradients.
    ///
    /// # Errors
    /// As [`init`](Self::init).
    pub fn init_natural(
        &self,
        networks: Networks,
        device: &Device,
    ) -> Result<Box<dyn NaturalGradient>, ConfigError> {
        self.check_ranges()?;
        let own = if networks.mlps().is_none() {
            Some("a module of one's own")
        } else {
            self.own.make().map(|_| "an optimizer of one's own")
        };
        let fused = match self.learner {
            LearnerKind::Burn => false,
            LearnerKind::Auto => is_cpu(device) && own.is_none(),
            LearnerKind::Fused => {
                let allowed = "burn or auto on a device other than a CPU";
                ConfigError::unless(is_cpu(device), "learner", "fused", allowed)?;
                let allowed = format!("burn or auto for {}", own.unwrap_or_default());
                ConfigError::unless(own.is_none(), "learner", "fused", &allowed)?;
                true
            }
        };
        Ok(if fused {
            Box::new(FusedLearner::new(networks, self))
        } else {
            Box::new(BurnLearner::new(networks, self, device))
        })
    }
}

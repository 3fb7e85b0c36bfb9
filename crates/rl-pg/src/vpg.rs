//! Vanilla policy gradient.

use burn::tensor::{Device, Tensor};
use rl_core::{Agent, TrajectoryStore};
use rl_nets::distribution::ActionDistribution;
use rl_nets::{Actor, PolicyWeights};
use serde::{Deserialize, Serialize};

use crate::{
    Batch, ConfigError, LearnerConfig, LossReport, PolicyLearner, UpdateError, Weighting, normalize,
};

/// Configuration of [`Vpg`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct VpgConfig {
    /// What the log-probabilities are weighted with; the reward-to-go.
    pub weighting: Weighting,
    /// Discount γ of the rewards, in `[0, 1]`; 1.
    pub gamma: f64,
    /// Whether the weights of a batch are shifted and scaled to mean 0 and deviation 1, which
    /// makes their mean a baseline; no.
    pub normalize_weights: bool,
    /// Adam's step size; 5e-3.
    pub learning_rate: f64,
    /// The largest global norm of a gradient; none.
    pub max_grad_norm: Option<f32>,
}

impl Default for VpgConfig {
    fn default() -> Self {
        Self {
            weighting: Weighting::RewardToGo,
            gamma: 1.0,
            normalize_weights: false,
            learning_rate: 5e-3,
            max_grad_norm: None,
        }
    }
}

impl VpgConfig {
    /// Checks the ranges.
    ///
    /// # Errors
    /// [`ConfigError`] for a value out of its range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let in_unit = (0.0..=1.0).contains(&self.gamma);
        ConfigError::unless(in_unit, "gamma", self.gamma, "a number from 0 to 1")?;
        self.learner().validate()
    }

    fn learner(&self) -> LearnerConfig {
        let Self {
            learning_rate,
            max_grad_norm,
            ..
        } = *self;
        LearnerConfig {
            learning_rate,
            max_grad_norm,
        }
    }

    /// An agent that learns on `device`, starting from `weights`.
    ///
    /// # Errors
    /// [`ConfigError`] for a value out of its range.
    pub fn init(self, weights: PolicyWeights, device: &Device) -> Result<Vpg, ConfigError> {
        self.validate()?;
        let actor = Actor::new(&weights);
        let learner = self.learner().init(weights, device)?;
        Ok(Vpg {
            config: self,
            learner,
            actor,
        })
    }
}

/// Vanilla policy gradient (REINFORCE on batches of whole episodes; Williams 1992, Sutton et al.
/// 2000, and Spinning Up, "Intro to policy optimization", eq. 3):
///
/// ```text
/// ∇J(θ) ≈ 1/N Σₜ ∇ ln π_θ(aₜ|oₜ) wₜ
/// ```
///
/// over the `N` steps of a batch that π_θ collected, with `wₜ` the return or the reward-to-go. One
/// optimizer step per batch follows this gradient.
pub struct Vpg {
    config: VpgConfig,
    learner: PolicyLearner,
    actor: Actor,
}

/// `-1/N Σ ln π(aₜ|oₜ) wₜ`, `[1]`: the loss whose negative gradient is the policy gradient.
pub fn policy_gradient_loss(policy: &ActionDistribution, batch: Batch) -> Tensor<1> {
    (policy.log_prob(batch.actions) * batch.weights)
        .mean()
        .neg()
}

/// What an update of [`Vpg`] tells about itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VpgReport {
    /// `-1/N Σ ln π(aₜ|oₜ) wₜ` before the step. Its gradient means something, its value little.
    pub loss: f32,
    /// Mean entropy of the policy over the batch before the step, in nats.
    pub entropy: f32,
    /// Global norm of the gradient before clipping.
    pub grad_norm: f32,
    /// Mean `KL(before ‖ after)` over the batch: how far the step moved the policy, in nats.
    pub kl: f64,
}

impl Vpg {
    /// The weights as of the last update.
    pub fn weights(&self) -> &PolicyWeights {
        self.learner.weights()
    }

    /// Changes the step size of the updates to come, for schedules.
    ///
    /// # Errors
    /// [`ConfigError`] unless it is positive and finite.
    pub fn set_learning_rate(&mut self, learning_rate: f64) -> Result<(), ConfigError> {
        self.learner.set_learning_rate(learning_rate)
    }
}

impl Agent for Vpg {
    type Policy = Actor;
    type Report = VpgReport;
    type Error = UpdateError;

    fn policy(&self) -> Actor {
        self.actor.clone()
    }

    fn update(&mut self, experience: &TrajectoryStore) -> Result<VpgReport, UpdateError> {
        let mut weights = self.config.weighting.of(experience, self.config.gamma);
        if self.config.normalize_weights {
            normalize(&mut weights);
        }

        let LossReport {
            loss,
            entropy,
            grad_norm,
        } = self
            .learner
            .minimize(experience, &weights, policy_gradient_loss)?;

        let mut after = Actor::new(self.learner.weights());
        let kl = self.actor.mean_kl(&mut after, experience.observations());
        self.actor = after;
        Ok(VpgReport {
            loss,
            entropy,
            grad_norm,
            kl,
        })
    }
}

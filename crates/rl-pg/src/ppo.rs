//! Proximal policy optimization.

use rl_core::{Agent, Gae, Rollout, Stream, Threads};
use rl_learn::{
    ConfigError, FitReport, Learner, Loss, OptimizerConfig, Plan, PolicyLoss, Samples, Surrogate,
    UpdateError, ValueLoss,
};
use rl_nets::{Actor, Device, Networks};
use serde::{Deserialize, Serialize};

use crate::report::explained_variance;
use crate::rollout_values::Estimates;
use crate::{PolicyGradient, UpdateReport};

/// An update stops once its mean divergence is this many times `target_kl`.
const KL_TOLERANCE: f64 = 1.5;

/// Configuration of [`Ppo`]; the defaults are Stable-Baselines3's.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PpoConfig {
    /// Steps per environment and update, at least 1; 2048.
    pub steps_per_environment: usize,
    /// Passes over a rollout, at least 1; 10.
    pub epochs: usize,
    /// Steps per optimizer step; divides the rollout; 64.
    pub minibatch_size: usize,
    /// Discount γ of the rewards, in `[0, 1]`; 0.99.
    pub gamma: f64,
    /// λ of the generalised advantage estimate, in `[0, 1]`; 0.95.
    pub lambda: f64,
    /// ε of the clipped surrogate, positive; 0.2. Infinity leaves the ratios as they are.
    pub clip_range: f64,
    /// Whether ε falls linearly to 0 over the run; no.
    pub anneal_clip_range: bool,
    /// How far a value may move from its old one before its error is clipped, positive; none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value_clip_range: Option<f64>,
    /// Coefficient of the entropy bonus, not negative; 0.
    pub entropy_coefficient: f64,
    /// Coefficient of the value function's mean squared error, positive; 0.5.
    pub value_coefficient: f64,
    /// Whether the advantages of a minibatch are shifted and scaled to mean 0 and deviation 1;
    /// yes.
    pub normalize_advantages: bool,
    /// No epoch starts once the mean approximate divergence of the last is 1.5 times this,
    /// positive; none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_kl: Option<f64>,
    /// The optimizer: Adam with step size 3e-4 and ε = 1e-5, gradients up to norm 0.5.
    #[serde(flatten)]
    pub optimizer: OptimizerConfig,
}

impl Default for PpoConfig {
    fn default() -> Self {
        Self {
            steps_per_environment: 2048,
            epochs: 10,
            minibatch_size: 64,
            gamma: 0.99,
            lambda: 0.95,
            clip_range: 0.2,
            anneal_clip_range: false,
            value_clip_range: None,
            entropy_coefficient: 0.0,
            value_coefficient: 0.5,
            normalize_advantages: true,
            target_kl: None,
            optimizer: OptimizerConfig {
                optimizer_epsilon: 1e-5,
                max_grad_norm: Some(0.5),
                ..OptimizerConfig::adam(3e-4)
            },
        }
    }
}

impl PpoConfig {
    /// Checks the ranges, for rollouts of so many environments.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn validate(&self, environments: usize) -> Result<(), ConfigError> {
        self.checked()?;
        let (size, steps) = (
            self.minibatch_size,
            self.steps_per_environment * environments,
        );
        if size == 0 || !steps.is_multiple_of(size) {
            return Err(ConfigError::new(
                "minibatch_size",
                size,
                format!("a divisor of the {steps} steps of a rollout"),
            ));
        }
        ConfigError::normalized(self.normalize_advantages, size)
    }

    fn checked(&self) -> Result<Gae, ConfigError> {
        ConfigError::at_least_1("steps_per_environment", self.steps_per_environment)?;
        ConfigError::at_least_1("epochs", self.epochs)?;
        let allowed = "a positive number, or inf";
        ConfigError::unless(
            self.clip_range > 0.0,
            "clip_range",
            self.clip_range,
            allowed,
        )?;
        if let Some(range) = self.value_clip_range {
            ConfigError::positive("value_clip_range", range)?;
        }
        ConfigError::not_negative("entropy_coefficient", self.entropy_coefficient)?;
        ConfigError::positive("value_coefficient", self.value_coefficient)?;
        if let Some(kl) = self.target_kl {
            ConfigError::positive("target_kl", kl)?;
        }
        self.optimizer.validate()?;
        ConfigError::gae(self.gamma, self.lambda)
    }

    /// An agent that learns on `device`, starting from a policy and a value function, which may
    /// share their hidden layers. It draws its minibatches from `shuffling`.
    ///
    /// # Errors
    /// [`ConfigError`] for a value out of its range, or networks without a value function.
    pub fn init(
        self,
        networks: Networks,
        device: &Device,
        shuffling: Stream,
    ) -> Result<Ppo, ConfigError> {
        let gae = self.checked()?;
        ConfigError::at_least_1("minibatch_size", self.minibatch_size)?;
        crate::value_of(&networks)?;
        Ok(Ppo {
            actor: Actor::new(&crate::policy_of(&networks)?),
            learner: self.optimizer.init(networks, device)?,
            learning_rate: self.optimizer.learning_rate,
            clip_range: self.clip_range,
            config: self,
            gae,
            shuffling,
            estimates: Estimates::default(),
            order: Vec::new(),
            last_fit: FitReport::default(),
        })
    }
}

/// Proximal policy optimization with the clipped surrogate (PPO; Schulman et al. 2017, algorithm
/// 1 and eq. 9): several epochs of minibatches on each rollout, each an optimizer step down
///
/// ```text
/// -1/M Σₜ [min(rₜ Âₜ, clip(rₜ, 1-ε, 1+ε) Âₜ) + c_H H(π(·|oₜ))] + c_V 1/M Σₜ (V(oₜ) - V̂ₜ)²
/// ```
///
/// with importance ratios `rₜ = π(aₜ|oₜ) / π_old(aₜ|oₜ)`, generalised advantage estimates `Âₜ`
/// and λ-returns `V̂ₜ` from the networks as they were before the update.
pub struct Ppo {
    config: PpoConfig,
    gae: Gae,
    learning_rate: f64,
    clip_range: f64,
    learner: Box<dyn Learner>,
    shuffling: Stream,
    estimates: Estimates,
    order: Vec<u32>,
    actor: Actor,
    last_fit: FitReport,
}

impl Ppo {
    /// What the last update measured, in full.
    pub fn last_fit(&self) -> &FitReport {
        &self.last_fit
    }

    /// Draws the order of all epochs: each is a permutation of the steps (Fisher-Yates).
    fn shuffle(&mut self, steps: usize) {
        self.order.clear();
        for _ in 0..self.config.epochs {
            let start = self.order.len();
            self.order.extend(0..steps as u32);
            let epoch = &mut self.order[start..];
            for i in (1..steps).rev() {
                epoch.swap(i, self.shuffling.below(i + 1));
            }
        }
    }
}

impl Agent for Ppo {
    type Policy = Actor;
    type Experience = Rollout;
    type Report = UpdateReport;
    type Error = UpdateError;

    fn policy(&self) -> Actor {
        self.actor.clone()
    }

    fn update(&mut self, rollout: &Rollout) -> Result<UpdateReport, UpdateError> {
        self.shuffle(rollout.len());
        let Self {
            config,
            learner,
            estimates,
            ..
        } = self;
        estimates.compute(learner.as_mut(), rollout, &self.gae, true)?;
        let samples = Samples {
            observations: rollout.observations(),
            actions: rollout.actions(),
            advantages: &estimates.advantages,
            log_probs: &estimates.log_probs,
            targets: &estimates.returns,
            values: if config.value_clip_range.is_some() {
                &estimates.values
            } else {
                &[]
            },
        };
        let plan = Plan {
            order: Some(&self.order),
            minibatch_size: config.minibatch_size,
            learning_rate: self.learning_rate,
            normalize_advantages: config.normalize_advantages,
            max_kl: config.target_kl.map(|kl| KL_TOLERANCE * kl),
        };
        let surrogate = if self.clip_range.is_finite() {
            Surrogate::ClippedRatio {
                clip_range: self.clip_range as f32,
            }
        } else {
            Surrogate::Ratio
        };
        let loss = Loss {
            policy: Some(PolicyLoss {
                surrogate,
                entropy_coefficient: config.entropy_coefficient as f32,
            }),
            value: Some(ValueLoss {
                coefficient: config.value_coefficient as f32,
                clip_range: config.value_clip_range.map(|range| range as f32),
            }),
        };
        let fit = learner.fit(&samples, &plan, &loss)?;

        self.actor = Actor::new(&crate::policy_weights(learner.as_ref()));
        self.last_fit = fit;
        Ok(UpdateReport {
            value_loss: Some(fit.value_loss),
            explained_variance: explained_variance(&estimates.returns, &estimates.values),
            clip_fraction: Some(fit.clip_fraction),
            ..UpdateReport::of(&fit, fit.approx_kl)
        })
    }
}

impl PolicyGradient for Ppo {
    fn set_progress(&mut self, done: f64) {
        self.learning_rate = self.config.optimizer.learning_rate_at(done);
        if self.config.anneal_clip_range {
            // Some range, even past the end.
            self.clip_range = self.config.clip_range * (1.0 - done).max(1e-6);
        }
    }

    fn set_threads(&mut self, threads: &Threads) {
        self.learner.set_threads(threads);
    }

    fn networks(&self) -> Networks {
        self.learner.networks().clone()
    }
}

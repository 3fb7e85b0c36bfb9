//! Advantage actor-critic.

use rl_core::{Agent, Gae, Rollout, Threads};
use rl_nets::{Actor, Device, Networks};
use serde::{Deserialize, Serialize};

use crate::report::explained_variance;
use crate::rollout_values::Estimates;
use crate::{PolicyGradient, UpdateReport};
use rl_core::normalize;
use rl_learn::{
    ConfigError, Learner, Loss, Optimizer, OptimizerConfig, Plan, PolicyLoss, Samples, Surrogate,
    UpdateError, ValueLoss,
};

/// Configuration of [`A2c`]; the defaults are Stable-Baselines3's.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct A2cConfig {
    /// Steps per environment and update, at least 1; 5.
    pub steps_per_environment: usize,
    /// Discount γ of the rewards, in `[0, 1]`; 0.99.
    pub gamma: f64,
    /// λ of the generalised advantage estimate, in `[0, 1]`; 1, which makes it the return of all
    /// steps to the end of the rollout.
    pub lambda: f64,
    /// Coefficient of the entropy bonus, not negative; 0.
    pub entropy_coefficient: f64,
    /// Coefficient of the value function's mean squared error, positive; 0.5.
    pub value_coefficient: f64,
    /// Whether the advantages of an update are shifted and scaled to mean 0 and deviation 1; no.
    pub normalize_advantages: bool,
    /// The optimizer: RMSProp with step size 7e-4 and ε = 1e-5, gradients up to norm 0.5.
    #[serde(flatten)]
    pub optimizer: OptimizerConfig,
}

impl Default for A2cConfig {
    fn default() -> Self {
        Self {
            steps_per_environment: 5,
            gamma: 0.99,
            lambda: 1.0,
            entropy_coefficient: 0.0,
            value_coefficient: 0.5,
            normalize_advantages: false,
            optimizer: OptimizerConfig {
                optimizer: Optimizer::Rmsprop,
                optimizer_epsilon: 1e-5,
                max_grad_norm: Some(0.5),
                ..OptimizerConfig::adam(7e-4)
            },
        }
    }
}

impl A2cConfig {
    /// Checks the ranges, for rollouts of so many environments.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn validate(&self, environments: usize) -> Result<(), ConfigError> {
        self.checked()?;
        let steps = environments * self.steps_per_environment;
        ConfigError::normalized(self.normalize_advantages, steps)
    }

    fn checked(&self) -> Result<Gae, ConfigError> {
        ConfigError::at_least_1("steps_per_environment", self.steps_per_environment)?;
        ConfigError::not_negative("entropy_coefficient", self.entropy_coefficient)?;
        ConfigError::positive("value_coefficient", self.value_coefficient)?;
        self.optimizer.validate()?;
        ConfigError::gae(self.gamma, self.lambda)
    }

    /// The loss of an update.
    pub(crate) fn loss(&self) -> Loss {
        Loss {
            policy: Some(PolicyLoss {
                surrogate: Surrogate::LogProb,
                entropy_coefficient: self.entropy_coefficient as f32,
            }),
            value: Some(ValueLoss {
                coefficient: self.value_coefficient as f32,
                clip_range: None,
            }),
        }
    }

    /// An agent that learns on `device`, starting from a policy and a value function, which may
    /// share their hidden layers.
    ///
    /// # Errors
    /// [`ConfigError`] for a value out of its range, or networks without a value function.
    pub fn init(self, networks: Networks, device: &Device) -> Result<A2c, ConfigError> {
        let gae = self.checked()?;
        crate::value_of(&networks)?;
        Ok(A2c {
            actor: Actor::new(&crate::policy_of(&networks)?),
            threads: Threads::default(),
            learning_rate: self.optimizer.learning_rate,
            learner: self.optimizer.init(networks, device)?,
            estimates: Estimates::default(),
            config: self,
            gae,
        })
    }
}

/// Advantage actor-critic (A2C; the synchronous form of Mnih et al. 2016, "Asynchronous methods
/// for deep reinforcement learning", algorithm S3): one optimizer step per rollout down
///
/// ```text
/// -1/N Σₜ [ln π(aₜ|oₜ) Âₜ + c_H H(π(·|oₜ))] + c_V 1/N Σₜ (V(oₜ) - V̂ₜ)²
/// ```
///
/// with generalised advantage estimates `Âₜ` and λ-returns `V̂ₜ`; λ = 1 makes them n-step returns
/// that reach to the end of the rollout, as in the paper.
pub struct A2c {
    config: A2cConfig,
    gae: Gae,
    learning_rate: f64,
    learner: Box<dyn Learner>,
    estimates: Estimates,
    actor: Actor,
    threads: Threads,
}

impl Agent for A2c {
    type Policy = Actor;
    type Experience = Rollout;
    type Report = UpdateReport;
    type Error = UpdateError;

    fn policy(&self) -> Actor {
        self.actor.clone()
    }

    fn update(&mut self, rollout: &Rollout) -> Result<UpdateReport, UpdateError> {
        let Self {
            config,
            learner,
            estimates,
            ..
        } = self;
        estimates.compute(learner.as_mut(), rollout, &self.gae, false)?;
        if config.normalize_advantages {
            normalize(&mut estimates.advantages);
        }
        let samples = Samples {
            observations: rollout.observations(),
            actions: rollout.actions(),
            advantages: &estimates.advantages,
            targets: &estimates.returns,
            ..Samples::default()
        };
        let plan = Plan::whole(rollout.len(), self.learning_rate);
        let fit = learner.fit(&samples, &plan, &config.loss())?;

        let after = Actor::new(&crate::policy_weights(learner.as_ref()));
        let kl = self
            .actor
            .mean_kl(&after, rollout.observations(), &self.threads);
        self.actor = after;
        Ok(UpdateReport {
            value_loss: Some(fit.value_loss),
            explained_variance: explained_variance(&estimates.returns, &estimates.values),
            ..UpdateReport::of(&fit, kl)
        })
    }
}

impl PolicyGradient for A2c {
    fn set_progress(&mut self, done: f64) {
        self.learning_rate = self.config.optimizer.learning_rate_at(done);
    }

    fn set_threads(&mut self, threads: &Threads) {
        self.threads = threads.clone();
        self.learner.set_threads(threads);
    }

    fn networks(&self) -> Networks {
        self.learner.networks().clone()
    }
}

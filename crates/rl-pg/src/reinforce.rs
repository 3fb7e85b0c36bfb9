//! REINFORCE.

use rl_core::{Agent, End, Threads, Trajectory, TrajectoryStore, discounted_reward_to_go};
use rl_learn::{
    ConfigError, FitReport, Learner, Loss, OptimizerConfig, Plan, PolicyLoss, Samples, Surrogate,
    UpdateError,
};
use rl_nets::{Actor, Device, Networks, PolicyWeights};
use serde::{Deserialize, Serialize};

use crate::value_function::ValueFunction;
use crate::{Baseline, PolicyGradient, UpdateReport};

/// Configuration of [`Reinforce`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReinforceConfig {
    /// Discount γ of the rewards, in `[0, 1]`; 0.99.
    pub gamma: f64,
    /// [`Baseline::None`], the default, or [`Baseline::Value`]: an episode has no peers to be
    /// compared with.
    pub baseline: Baseline,
    /// Coefficient of the entropy bonus, not negative; 0.
    pub entropy_coefficient: f64,
    /// Step size of the value function, positive; 1e-3.
    pub value_learning_rate: f64,
    /// Its regression steps per episode, at least 1; 1.
    pub value_iterations: usize,
    /// The optimizer: Adam with step size 1e-3.
    #[serde(flatten)]
    pub optimizer: OptimizerConfig,
}

impl Default for ReinforceConfig {
    fn default() -> Self {
        Self {
            gamma: 0.99,
            baseline: Baseline::None,
            entropy_coefficient: 0.0,
            value_learning_rate: 1e-3,
            value_iterations: 1,
            optimizer: OptimizerConfig::adam(1e-3),
        }
    }
}

impl ReinforceConfig {
    /// Checks the ranges, and that the baseline is one for single episodes.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn validate(&self) -> Result<(), ConfigError> {
        ConfigError::gae(self.gamma, 1.0)?;
        let valid = matches!(self.baseline, Baseline::None | Baseline::Value);
        let allowed = "none or value: an episode has no peers to be compared with";
        ConfigError::unless(valid, "baseline", crate::word(&self.baseline), allowed)?;
        ConfigError::not_negative("entropy_coefficient", self.entropy_coefficient)?;
        ConfigError::positive("value_learning_rate", self.value_learning_rate)?;
        ConfigError::at_least_1("value_iterations", self.value_iterations)?;
        self.optimizer.validate()
    }

    /// An agent that learns on `device`, starting from a policy, and for [`Baseline::Value`] a
    /// value function that shares no layer with it.
    ///
    /// # Errors
    /// [`ConfigError`] for a value out of its range, or networks that lack what it needs.
    pub fn init(
        self,
        networks: impl Into<Networks>,
        device: &Device,
    ) -> Result<Reinforce, ConfigError> {
        self.validate()?;
        let networks = networks.into();
        let policy = crate::policy_of(&networks)?;
        let value = if self.baseline == Baseline::Value {
            Some(ValueFunction::new(
                crate::separate_value_of(&networks, "baseline", "value")?,
                &self.optimizer,
                self.value_learning_rate,
                self.value_iterations,
                device,
            )?)
        } else {
            None
        };
        Ok(Reinforce {
            actor: Actor::new(&policy),
            learning_rate: self.optimizer.learning_rate,
            learner: self.optimizer.init(Networks::policy(policy), device)?,
            config: self,
            value,
        })
    }
}

/// REINFORCE (Williams 1992; Sutton & Barto 2018, section 13.3 and 13.4): after each episode, in
/// the order they were gathered, one step along
///
/// ```text
/// 1/T Σₜ ∇ ln π_θ(aₜ|oₜ) (Gₜ - V(oₜ)),    Gₜ = Σ_{t' ≥ t} γ^{t'-t} r_{t'}
/// ```
///
/// with `V = 0`, or a value function that is fitted to `Gₜ` after the policy's step. The factor
/// `γᵗ` of the book's algorithm is left out, as is customary.
///
/// Experience of one episode makes it the textbook's algorithm. Of several, all but the first are
/// learned from after the policy that gathered them has moved on.
pub struct Reinforce {
    config: ReinforceConfig,
    learning_rate: f64,
    learner: Box<dyn Learner>,
    value: Option<ValueFunction>,
    actor: Actor,
}

impl Reinforce {
    /// The weights as of the last update.
    pub fn weights(&self) -> PolicyWeights {
        crate::policy_weights(self.learner.as_ref())
    }

    /// Learns from one episode; returns what the policy's and the value function's step measured.
    fn learn(
        &mut self,
        episode: &Trajectory<'_>,
    ) -> Result<(FitReport, Option<FitReport>), UpdateError> {
        let mut values = vec![0.0; episode.len()];
        let mut final_value = 0.0;
        if let Some(value) = &mut self.value {
            values = value.of(episode.observations)?;
            if episode.end == End::Truncated {
                final_value = value.of(episode.final_observation)?[0];
            }
        }
        let mut returns = vec![0.0; episode.len()];
        let gamma = self.config.gamma;
        discounted_reward_to_go(episode.rewards, gamma, final_value, &mut returns);
        let advantages: Vec<f32> = returns.iter().zip(&values).map(|(g, v)| g - v).collect();

        let samples = Samples {
            observations: episode.observations,
            actions: episode.actions,
            advantages: &advantages,
            ..Samples::default()
        };
        let plan = Plan::whole(episode.len(), self.learning_rate);
        let loss = Loss {
            policy: Some(PolicyLoss {
                surrogate: Surrogate::LogProb,
                entropy_coefficient: self.config.entropy_coefficient as f32,
            }),
            value: None,
        };
        let fit = self.learner.fit(&samples, &plan, &loss)?;
        let value_fit = match &mut self.value {
            Some(value) => Some(value.fit(episode.observations, &returns)?),
            None => None,
        };
        Ok((fit, value_fit))
    }
}

impl Agent for Reinforce {
    type Policy = Actor;
    type Experience = TrajectoryStore;
    type Report = UpdateReport;
    type Error = UpdateError;

    fn policy(&self) -> Actor {
        self.actor.clone()
    }

    fn update(&mut self, experience: &TrajectoryStore) -> Result<UpdateReport, UpdateError> {
        if experience.is_empty() {
            return Err(UpdateError::NoExperience);
        }
        let mut report = UpdateReport::default();
        let share = 1.0 / experience.len() as f64;
        for episode in experience.iter() {
            let (fit, value_fit) = self.learn(&episode)?;
            report.loss += fit.policy_loss * share;
            report.entropy += fit.entropy * share;
            report.grad_norm += fit.grad_norm * share;
            report.steps += fit.steps;
            if let Some(fit) = value_fit {
                report.value_loss = Some(report.value_loss.unwrap_or(0.0) + fit.value_loss * share);
            }
        }
        let after = Actor::new(&self.weights());
        report.kl = self
            .actor
            .mean_kl(&after, experience.observations(), &Threads::default());
        self.actor = after;
        Ok(report)
    }
}

impl PolicyGradient for Reinforce {
    fn set_progress(&mut self, done: f64) {
        self.learning_rate = self.config.optimizer.learning_rate_at(done);
    }

    fn set_threads(&mut self, threads: &Threads) {
        self.learner.set_threads(threads);
        if let Some(value) = &mut self.value {
            value.learner().set_threads(threads);
        }
    }

    fn networks(&self) -> Networks {
        ValueFunction::beside(self.weights(), self.value.as_ref())
    }
}

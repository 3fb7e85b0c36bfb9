//! Vanilla policy gradient.

use std::num::NonZeroUsize;

use rl_core::{
    Agent, End, Gae, Threads, TrajectoryStore, ValuedSteps, discounted_return,
    discounted_reward_to_go, n_step_returns,
};
use rl_nets::{Actor, Device, Networks, PolicyWeights};
use serde::{Deserialize, Serialize};

use crate::report::explained_variance;
use crate::value_function::{ValueFunction, Values};
use crate::{Baseline, PolicyGradient, UpdateReport, ValueTargets, Weighting};
use rl_core::normalize;
use rl_learn::{
    ConfigError, Learner, Loss, OptimizerConfig, Plan, PolicyLoss, Samples, Surrogate, UpdateError,
};

/// Configuration of [`Vpg`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct VpgConfig {
    /// What the log-probabilities are weighted with; the reward-to-go.
    pub weighting: Weighting,
    /// What is taken from it; nothing.
    pub baseline: Baseline,
    /// Discount γ of the rewards, in `[0, 1]`; 1.
    pub gamma: f64,
    /// λ of the generalised advantage estimate and of λ-returns, in `[0, 1]`; 0.97.
    pub lambda: f64,
    /// Steps of n-step returns, at least 1; 5.
    pub n_step: usize,
    /// Whether the weights of a batch are shifted and scaled to mean 0 and deviation 1, which
    /// makes their mean a baseline; no.
    pub normalize_advantages: bool,
    /// Coefficient of the entropy bonus, not negative; 0.
    pub entropy_coefficient: f64,
    /// Optimizer steps per batch, at least 1; 1. From the second on the batch is of an older
    /// policy, and steps are weighted by their importance ratio, without clipping.
    pub epochs: usize,
    /// What a learned value function is fitted to; Monte Carlo returns.
    pub value_targets: ValueTargets,
    /// Its step size, positive; 1e-3.
    pub value_learning_rate: f64,
    /// Its regression steps per update, at least 1; 80.
    pub value_iterations: usize,
    /// The optimizer: Adam with step size 5e-3.
    #[serde(flatten)]
    pub optimizer: OptimizerConfig,
}

impl Default for VpgConfig {
    fn default() -> Self {
        Self {
            weighting: Weighting::RewardToGo,
            baseline: Baseline::None,
            gamma: 1.0,
            lambda: 0.97,
            n_step: 5,
            normalize_advantages: false,
            entropy_coefficient: 0.0,
            epochs: 1,
            value_targets: ValueTargets::MonteCarlo,
            value_learning_rate: 1e-3,
            value_iterations: 80,
            optimizer: OptimizerConfig::adam(5e-3),
        }
    }
}

impl VpgConfig {
    /// Checks the ranges, and that weighting and baseline go together.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.checked().map(|_| ())
    }

    fn checked(&self) -> Result<(Gae, NonZeroUsize), ConfigError> {
        let gae = ConfigError::gae(self.gamma, self.lambda)?;
        let n_step = ConfigError::at_least_1("n_step", self.n_step)?;
        ConfigError::at_least_1("epochs", self.epochs)?;
        ConfigError::not_negative("entropy_coefficient", self.entropy_coefficient)?;
        ConfigError::positive("value_learning_rate", self.value_learning_rate)?;
        ConfigError::at_least_1("value_iterations", self.value_iterations)?;
        if self.weighting.needs_values() {
            let valid = self.baseline == Baseline::Value;
            let allowed = "value, for a weighting that bootstraps from values";
            ConfigError::unless(valid, "baseline", crate::word(&self.baseline), allowed)?;
        }
        if self.baseline == Baseline::GroupScaled {
            let valid = self.weighting == Weighting::TotalReturn;
            let allowed = "total-return, for a baseline of whole trajectories";
            ConfigError::unless(valid, "weighting", crate::word(&self.weighting), allowed)?;
        }
        self.optimizer.validate()?;
        Ok((gae, n_step))
    }

    /// An agent that learns on `device`, starting from a policy, and for [`Baseline::Value`] a
    /// value function that shares no layer with it.
    ///
    /// # Errors
    /// [`ConfigError`] for a value out of its range, or networks that lack what it needs.
    pub fn init(self, networks: impl Into<Networks>, device: &Device) -> Result<Vpg, ConfigError> {
        let (gae, n_step) = self.checked()?;
        let networks = networks.into();
        let policy = crate::policy_of(&networks)?;
        let actor = Actor::new(&policy);
        let value = if self.baseline == Baseline::Value {
            let weights = crate::separate_value_of(&networks, "baseline", "value")?;
            Some(ValueFunction::new(
                weights,
                &self.optimizer,
                self.value_learning_rate,
                self.value_iterations,
                device,
            )?)
        } else {
            None
        };
        Ok(Vpg {
            learning_rate: self.optimizer.learning_rate,
            learner: self.optimizer.init(Networks::policy(policy), device)?,
            config: self,
            value,
            gae,
            n_step,
            actor,
            threads: Threads::default(),
        })
    }
}

/// Vanilla policy gradient (REINFORCE on batches of whole episodes; Williams 1992, Sutton et al.
/// 2000, and Spinning Up, "Intro to policy optimization", eq. 3):
///
/// ```text
/// ∇J(θ) ≈ 1/N Σₜ ∇ ln π_θ(aₜ|oₜ) (wₜ - bₜ)
/// ```
///
/// over the `N` steps of a batch that π_θ collected, with `wₜ` the return, the reward-to-go, an
/// n-step return or the generalised advantage estimate, and `bₜ` a baseline. One optimizer step
/// per batch follows this gradient; a value function is fitted after it.
pub struct Vpg {
    config: VpgConfig,
    gae: Gae,
    n_step: NonZeroUsize,
    learning_rate: f64,
    learner: Box<dyn Learner>,
    value: Option<ValueFunction>,
    actor: Actor,
    threads: Threads,
}

impl Vpg {
    /// The weights as of the last update.
    pub fn weights(&self) -> PolicyWeights {
        crate::policy_weights(self.learner.as_ref())
    }

    /// The weight of each step, `[steps]`.
    fn advantages(&self, experience: &TrajectoryStore, values: &Values) -> Vec<f32> {
        let Self { config, gae, .. } = self;
        let gamma = config.gamma;
        let mut weights = vec![0.0; experience.steps()];
        values.each(experience, &mut weights, |steps, out| {
            match config.weighting {
                Weighting::TotalReturn => out.fill(discounted_return(steps.rewards(), gamma)),
                Weighting::RewardToGo => {
                    discounted_reward_to_go(steps.rewards(), gamma, bootstrap(steps), out);
                }
                Weighting::NStep => n_step_returns(steps, gamma, self.n_step, out),
                Weighting::Gae => gae.advantages(steps, out),
            }
        });
        if config.weighting != Weighting::Gae {
            config
                .baseline
                .subtract(experience, &values.steps, &mut weights);
        }
        if config.normalize_advantages {
            normalize(&mut weights);
        }
        weights
    }

    /// What the value function is fitted to, `[steps]`.
    fn value_targets(&self, experience: &TrajectoryStore, values: &Values) -> Vec<f32> {
        let gamma = self.config.gamma;
        let mut targets = vec![0.0; experience.steps()];
        values.each(experience, &mut targets, |steps, out| {
            match self.config.value_targets {
                ValueTargets::MonteCarlo => {
                    discounted_reward_to_go(steps.rewards(), gamma, bootstrap(steps), out);
                }
                ValueTargets::NStep => n_step_returns(steps, gamma, self.n_step, out),
                ValueTargets::Lambda => self.gae.lambda_returns(steps, out),
            }
        });
        targets
    }
}

/// What a return goes on with after the last reward of a trajectory: the value of the final
/// observation if it was truncated (zero without a value function), nothing if it terminated.
fn bootstrap(steps: ValuedSteps<'_>) -> f32 {
    match steps {
        ValuedSteps::Trajectory {
            final_value,
            end: End::Truncated,
            ..
        } => final_value,
        _ => 0.0,
    }
}

impl Agent for Vpg {
    type Policy = Actor;
    type Experience = TrajectoryStore;
    type Report = UpdateReport;
    type Error = UpdateError;

    fn policy(&self) -> Actor {
        self.actor.clone()
    }

    fn update(&mut self, experience: &TrajectoryStore) -> Result<UpdateReport, UpdateError> {
        let values = match &mut self.value {
            Some(value) => value.of_store(experience)?,
            None => Values::zeros(experience),
        };
        let advantages = self.advantages(experience, &values);

        let observations = experience.observations();
        let mut samples = Samples {
            observations,
            actions: experience.actions(),
            advantages: &advantages,
            ..Samples::default()
        };
        let n = experience.steps();
        let (mut log_probs, mut order) = (Vec::new(), Vec::new());
        let mut surrogate = Surrogate::LogProb;
        if self.config.epochs > 1 {
            log_probs.resize(n, 0.0);
            self.learner
                .evaluate(observations, samples.actions, &mut log_probs, &mut [])?;
            samples.log_probs = &log_probs;
            surrogate = Surrogate::Ratio;
            order.extend((0..self.config.epochs).flat_map(|_| 0..n as u32));
        }
        let plan = Plan {
            order: (!order.is_empty()).then_some(order.as_slice()),
            ..Plan::whole(n, self.learning_rate)
        };
        let loss = Loss {
            policy: Some(PolicyLoss {
                surrogate,
                entropy_coefficient: self.config.entropy_coefficient as f32,
            }),
            value: None,
        };
        let fit = self.learner.fit(&samples, &plan, &loss)?;

        let after = Actor::new(&self.weights());
        let kl = self.actor.mean_kl(&after, observations, &self.threads);
        self.actor = after;
        let mut report = UpdateReport::of(&fit, kl);
        let targets = self.value_targets(experience, &values);
        if let Some(value) = &mut self.value {
            report.explained_variance = explained_variance(&targets, &values.steps);
            report.value_loss = Some(value.fit(observations, &targets)?.value_loss);
        }
        Ok(report)
    }
}

impl PolicyGradient for Vpg {
    fn set_progress(&mut self, done: f64) {
        self.learning_rate = self.config.optimizer.learning_rate_at(done);
    }

    fn set_threads(&mut self, threads: &Threads) {
        self.threads = threads.clone();
        self.learner.set_threads(threads);
        if let Some(value) = &mut self.value {
            value.learner().set_threads(threads);
        }
    }

    fn networks(&self) -> Networks {
        ValueFunction::beside(self.weights(), self.value.as_ref())
    }
}

//! Trust region policy optimization.

use rl_core::{Agent, Gae, Rollout, Threads};
use rl_learn::{
    ConfigError, FitReport, Learner, Loss, OptimizerConfig, PolicyLoss, Samples, Surrogate,
    UpdateError,
};
use rl_nets::{Actor, Device, Networks};
use serde::{Deserialize, Serialize};

use crate::report::explained_variance;
use crate::rollout_values::Estimates;
use crate::value_function::ValueFunction;
use crate::{PolicyGradient, UpdateReport};
use rl_core::normalize;

/// Configuration of [`Trpo`]; the defaults are those of Stable-Baselines3's contributions.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrpoConfig {
    /// Steps per environment and update, at least 1; 2048.
    pub steps_per_environment: usize,
    /// Discount γ of the rewards, in `[0, 1]`; 0.99.
    pub gamma: f64,
    /// λ of the generalised advantage estimate, in `[0, 1]`; 0.95.
    pub lambda: f64,
    /// δ, the largest mean `KL(old ‖ new)` of an update in nats, positive; 0.01.
    pub target_kl: f64,
    /// Iterations of the conjugate gradient method, at least 1; 15.
    pub cg_iterations: usize,
    /// What is added to the diagonal of the Fisher information, not negative; 0.1.
    pub cg_damping: f64,
    /// Steps that the line search tries, at least 1; 10.
    pub line_search_steps: usize,
    /// What a step is multiplied by when it is refused, above 0 and below 1; 0.8.
    pub line_search_factor: f64,
    /// Coefficient of the entropy bonus, not negative; 0.
    pub entropy_coefficient: f64,
    /// Whether the advantages of an update are shifted and scaled to mean 0 and deviation 1; yes.
    pub normalize_advantages: bool,
    /// Regression steps of the value function per update, at least 1; 80.
    pub value_iterations: usize,
    /// The value function's optimizer, Adam with step size 1e-3; the policy needs none.
    #[serde(flatten)]
    pub optimizer: OptimizerConfig,
}

impl Default for TrpoConfig {
    fn default() -> Self {
        Self {
            steps_per_environment: 2048,
            gamma: 0.99,
            lambda: 0.95,
            target_kl: 0.01,
            cg_iterations: 15,
            cg_damping: 0.1,
            line_search_steps: 10,
            line_search_factor: 0.8,
            entropy_coefficient: 0.0,
            normalize_advantages: true,
            value_iterations: 80,
            optimizer: OptimizerConfig::adam(1e-3),
        }
    }
}

impl TrpoConfig {
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
        ConfigError::positive("target_kl", self.target_kl)?;
        ConfigError::at_least_1("cg_iterations", self.cg_iterations)?;
        ConfigError::not_negative("cg_damping", self.cg_damping)?;
        ConfigError::at_least_1("line_search_steps", self.line_search_steps)?;
        let factor = self.line_search_factor;
        let inside = factor > 0.0 && factor < 1.0;
        let allowed = "a number above 0 and below 1";
        ConfigError::unless(inside, "line_search_factor", factor, allowed)?;
        ConfigError::not_negative("entropy_coefficient", self.entropy_coefficient)?;
        ConfigError::at_least_1("value_iterations", self.value_iterations)?;
        self.optimizer.validate()?;
        ConfigError::gae(self.gamma, self.lambda)
    }

    /// An agent that learns on `device`, starting from a policy and a value function that share
    /// no layer.
    ///
    /// # Errors
    /// [`ConfigError`] for a value out of its range, or networks that share layers or lack a value
    /// function.
    pub fn init(self, networks: Networks, device: &Device) -> Result<Trpo, ConfigError> {
        let gae = self.checked()?;
        let policy = crate::policy_of(&networks)?;
        let value = ValueFunction::new(
            crate::separate_value_of(&networks, "algo", "trpo")?,
            &self.optimizer,
            self.optimizer.learning_rate,
            self.value_iterations,
            device,
        )?;
        Ok(Trpo {
            actor: Actor::new(&policy),
            learner: self.optimizer.init(Networks::policy(policy), device)?,
            value,
            config: self,
            gae,
            estimates: Estimates::default(),
            threads: Threads::default(),
        })
    }
}

/// Trust region policy optimization (TRPO; Schulman et al. 2015, appendix C): the step that
/// maximises the surrogate's linear part while the mean divergence's quadratic part stays at δ,
///
/// ```text
/// θ' = θ + √(2δ / xᵀFx) x,    F x = g
/// ```
///
/// with the gradient `g` of the surrogate and the entropy bonus and the policy's Fisher
/// information `F`, then shortened until these have grown and the divergence itself is at most δ. The system is solved by
/// the conjugate gradient method, which needs products with `F` only. A value function is fitted
/// after it.
pub struct Trpo {
    config: TrpoConfig,
    gae: Gae,
    learner: Box<dyn Learner>,
    value: ValueFunction,
    estimates: Estimates,
    actor: Actor,
    threads: Threads,
}

impl Trpo {
    /// Solves `(F + damping I) x = g` by the conjugate gradient method (Hestenes & Stiefel 1952),
    /// and returns `x` and `xᵀ(F + damping I)x`.
    fn natural_direction(
        &mut self,
        observations: &[f32],
        gradient: &[f32],
    ) -> Result<(Vec<f32>, f64), UpdateError> {
        let damping = self.config.cg_damping as f32;
        let mut x = vec![0.0; gradient.len()];
        let mut product = vec![0.0; gradient.len()];
        let mut residual = gradient.to_vec();
        let mut direction = gradient.to_vec();
        let mut squares = dot(&residual, &residual);
        for _ in 0..self.config.cg_iterations {
            // Solved to the last digit.
            if squares <= 1e-20 {
                break;
            }
            self.learner
                .fisher_vector_product(observations, &direction, &mut product)?;
            add_scaled(&mut product, damping, &direction);
            let alpha = (squares / dot(&direction, &product)) as f32;
            add_scaled(&mut x, alpha, &direction);
            add_scaled(&mut residual, -alpha, &product);
            let next = dot(&residual, &residual);
            let beta = (next / squares) as f32;
            for (d, r) in direction.iter_mut().zip(&residual) {
                *d = r + beta * *d;
            }
            squares = next;
        }
        self.learner
            .fisher_vector_product(observations, &x, &mut product)?;
        add_scaled(&mut product, damping, &x);
        let curvature = dot(&x, &product);
        Ok((x, curvature))
    }
}

/// What the line search wants to see grow: the surrogate and the entropy bonus.
fn objective(measured: &FitReport, config: &TrpoConfig) -> f64 {
    config.entropy_coefficient * measured.entropy - measured.policy_loss
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter()
        .zip(b)
        .map(|(a, b)| f64::from(*a) * f64::from(*b))
        .sum()
}

/// `y += factor · x`.
fn add_scaled(y: &mut [f32], factor: f32, x: &[f32]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y += factor * x;
    }
}

impl Agent for Trpo {
    type Policy = Actor;
    type Experience = Rollout;
    type Report = UpdateReport;
    type Error = UpdateError;

    fn policy(&self) -> Actor {
        self.actor.clone()
    }

    fn update(&mut self, rollout: &Rollout) -> Result<UpdateReport, UpdateError> {
        let observations = rollout.observations();
        let mut estimates = std::mem::take(&mut self.estimates);
        estimates.compute(self.value.learner(), rollout, &self.gae, false)?;
        estimates.log_probs.resize(rollout.len(), 0.0);
        let (actions, log_probs) = (rollout.actions(), &mut estimates.log_probs);
        self.learner
            .evaluate(observations, actions, log_probs, &mut [])?;
        if self.config.normalize_advantages {
            normalize(&mut estimates.advantages);
        }
        let samples = Samples {
            observations,
            actions: rollout.actions(),
            advantages: &estimates.advantages,
            log_probs: &estimates.log_probs,
            ..Samples::default()
        };
        let loss = Loss {
            policy: Some(PolicyLoss {
                surrogate: Surrogate::Ratio,
                entropy_coefficient: self.config.entropy_coefficient as f32,
            }),
            value: None,
        };
        let start = self.learner.networks().flat();
        let mut gradient = vec![0.0; start.len()];
        let measured = self.learner.gradient(&samples, &loss, &mut gradient)?;
        gradient.iter_mut().for_each(|g| *g = -*g);
        let (direction, curvature) = self.natural_direction(observations, &gradient)?;

        let delta = self.config.target_kl;
        let mut report = UpdateReport::of(&measured, 0.0);
        report.steps = 0;
        // No curvature, no gradient: nothing to be gained.
        if curvature > 0.0 {
            let mut length = (2.0 * delta / curvature).sqrt();
            let before = objective(&measured, &self.config);
            for _ in 0..self.config.line_search_steps {
                let mut candidate = start.clone();
                add_scaled(&mut candidate, length as f32, &direction);
                self.learner.set_parameters(&candidate);
                let actor = Actor::new(&crate::policy_weights(self.learner.as_ref()));
                let kl = self.actor.mean_kl(&actor, observations, &self.threads);
                let tried = self.learner.gradient(&samples, &loss, &mut gradient)?;
                if kl <= delta && objective(&tried, &self.config) > before {
                    (report.kl, report.steps) = (kl, 1);
                    self.actor = actor;
                    break;
                }
                length *= self.config.line_search_factor;
            }
            if report.steps == 0 {
                self.learner.set_parameters(&start);
            }
        }
        let fit = self.value.fit(observations, &estimates.returns)?;
        report.value_loss = Some(fit.value_loss);
        report.explained_variance = explained_variance(&estimates.returns, &estimates.values);
        self.estimates = estimates;
        Ok(report)
    }
}

impl PolicyGradient for Trpo {
    fn set_progress(&mut self, done: f64) {
        let rate = self.config.optimizer.learning_rate_at(done);
        self.value.set_learning_rate(rate);
    }

    fn set_threads(&mut self, threads: &Threads) {
        self.threads = threads.clone();
        self.learner.set_threads(threads);
        self.value.learner().set_threads(threads);
    }

    fn networks(&self) -> Networks {
        let policy = crate::policy_weights(self.learner.as_ref());
        ValueFunction::beside(policy, Some(&self.value))
    }
}

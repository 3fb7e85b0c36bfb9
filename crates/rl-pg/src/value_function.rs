//! A value function with an optimizer of its own.

use rl_core::{TrajectoryStore, ValuedSteps};
use rl_learn::{
    ConfigError, FitReport, Learner, Loss, OptimizerConfig, Plan, Samples, UpdateError, ValueLoss,
};
use rl_nets::{Device, MlpWeights, Networks, PolicyWeights};
use serde::{Deserialize, Serialize};

/// What a value function is fitted to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ValueTargets {
    /// Discounted returns; those of a truncated trajectory go on with the value of its final
    /// observation.
    #[default]
    MonteCarlo,
    /// Returns of `n_step` steps (temporal-difference targets).
    NStep,
    /// λ-returns.
    Lambda,
}

/// A value function that is fitted by regression, apart from the policy.
pub(crate) struct ValueFunction {
    learner: Box<dyn Learner>,
    learning_rate: f64,
    iterations: usize,
}

/// Values of all steps of a store, and of the final observation of each trajectory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Values {
    pub steps: Vec<f32>,
    pub finals: Vec<f32>,
}

impl ValueFunction {
    pub fn new(
        weights: MlpWeights,
        optimizer: &OptimizerConfig,
        learning_rate: f64,
        iterations: usize,
        device: &Device,
    ) -> Result<Self, ConfigError> {
        ConfigError::positive("value_learning_rate", learning_rate)?;
        ConfigError::at_least_1("value_iterations", iterations)?;
        let optimizer = OptimizerConfig {
            learning_rate,
            ..*optimizer
        };
        Ok(Self {
            learner: optimizer.init(Networks::value(weights), device)?,
            learning_rate,
            iterations,
        })
    }

    /// A policy with the value function that an agent has beside it, if it has one.
    pub fn beside(policy: PolicyWeights, value: Option<&Self>) -> Networks {
        match value.and_then(|value| value.learner.networks().value_weights()) {
            Some(value) => Networks::separate(policy, value),
            None => Networks::policy(policy),
        }
    }

    /// What evaluates it.
    pub fn learner(&mut self) -> &mut dyn Learner {
        self.learner.as_mut()
    }

    /// Changes the step size of the fits to come.
    pub fn set_learning_rate(&mut self, learning_rate: f64) {
        self.learning_rate = learning_rate;
    }

    /// The values of observations `[n, observation_dim]`.
    pub fn of(&mut self, observations: &[f32]) -> Result<Vec<f32>, UpdateError> {
        let dim = self.learner.networks().observation_dim();
        let mut values = vec![0.0; observations.len() / dim];
        self.learner
            .evaluate(observations, &[], &mut [], &mut values)?;
        Ok(values)
    }

    /// The values of a store.
    pub fn of_store(&mut self, experience: &TrajectoryStore) -> Result<Values, UpdateError> {
        let finals: Vec<f32> = experience
            .iter()
            .flat_map(|trajectory| trajectory.final_observation)
            .copied()
            .collect();
        Ok(Values {
            steps: self.of(experience.observations())?,
            finals: self.of(&finals)?,
        })
    }

    /// Takes the regression steps of an update towards `targets` `[n]`.
    pub fn fit(&mut self, observations: &[f32], targets: &[f32]) -> Result<FitReport, UpdateError> {
        let samples = Samples {
            observations,
            targets,
            ..Samples::default()
        };
        let order: Vec<u32> = (0..self.iterations)
            .flat_map(|_| 0..targets.len() as u32)
            .collect();
        let plan = Plan {
            order: Some(&order),
            ..Plan::whole(targets.len(), self.learning_rate)
        };
        let loss = Loss {
            policy: None,
            value: Some(ValueLoss {
                coefficient: 1.0,
                clip_range: None,
            }),
        };
        self.learner.fit(&samples, &plan, &loss)
    }
}

impl Values {
    /// Calls `f` with each trajectory's steps and its part of `out`, `[steps]`.
    pub fn each<'a>(
        &'a self,
        experience: &'a TrajectoryStore,
        out: &mut [f32],
        mut f: impl FnMut(ValuedSteps<'a>, &mut [f32]),
    ) {
        let (mut values, mut rest) = (self.steps.as_slice(), out);
        for (trajectory, &final_value) in experience.iter().zip(&self.finals) {
            let (of_trajectory, later_values) = values.split_at(trajectory.len());
            let (out, later) = rest.split_at_mut(trajectory.len());
            f(
                ValuedSteps::of_trajectory(&trajectory, of_trajectory, final_value),
                out,
            );
            (values, rest) = (later_values, later);
        }
    }
}

impl Values {
    /// Without a value function.
    pub fn zeros(experience: &TrajectoryStore) -> Self {
        Self {
            steps: vec![0.0; experience.steps()],
            finals: vec![0.0; experience.len()],
        }
    }
}

//! A value function with an optimizer of its own.

use rl_core::{
    End, Reduce, Space, State, StateError, StateReader, StateWriter, TrajectoryStore, ValuedSteps,
    discounted_reward_to_go,
};
use rl_learn::{
    ConfigError, Learner, OptimizerConfig, Plan, Samples, Setup, Term, UpdateError, ValueError,
    fit, words,
};
use rl_nets::{Networks, network_inputs};
use serde::{Deserialize, Serialize};

/// Targets that a value function is fitted to.
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

words!(ValueTargets: MonteCarlo, NStep, Lambda);

/// Value function that is fitted by regression, apart from the policy.
pub(crate) struct ValueFunction {
    learner: Box<dyn Learner>,
    iterations: usize,
}

/// Values of all steps of a store, and of the final observation of each trajectory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Values {
    pub steps: Vec<f32>,
    pub finals: Vec<f32>,
}

impl ValueFunction {
    /// The value function among `networks`, which shares no layer with the policy.
    pub fn new(
        networks: Networks,
        optimizer: &OptimizerConfig,
        iterations: usize,
        setup: &Setup,
    ) -> Result<Self, ConfigError> {
        let mut learner = optimizer.init(networks, &setup.device)?;
        learner.set_threads(&setup.threads);
        Ok(Self {
            learner,
            iterations,
        })
    }

    /// Its network.
    pub fn networks(&self) -> &Networks {
        self.learner.networks()
    }

    /// The learner that evaluates it.
    pub fn learner(&mut self) -> &mut dyn Learner {
        self.learner.as_mut()
    }

    /// The values of observations, as the network takes them, `[n, inputs]`.
    pub fn of(&mut self, inputs: &[f32]) -> Result<Vec<f32>, UpdateError> {
        let dim = self.learner.networks().observation_dim();
        let mut values = vec![0.0; inputs.len() / dim];
        self.learner.evaluate(inputs, &[], &mut [], &mut values)?;
        Ok(values)
    }

    /// The values of a store, whose observations are elements of `space`.
    pub fn of_store(
        &mut self,
        experience: &TrajectoryStore,
        space: &Space,
    ) -> Result<Values, UpdateError> {
        let finals: Vec<f32> = experience
            .iter()
            .flat_map(|trajectory| trajectory.final_observation)
            .copied()
            .collect();
        Ok(Values {
            steps: self.of(&network_inputs(space, experience.observations()))?,
            finals: self.of(&network_inputs(space, &finals))?,
        })
    }

    /// Takes the regression steps of an update towards `targets` `[n]`, down the mean squared error
    /// `1/N Σₜ (V(oₜ) - V̂ₜ)²`, and returns its mean over the steps.
    pub fn fit(
        &mut self,
        inputs: &[f32],
        targets: &[f32],
        learning_rate: f64,
        reduce: &dyn Reduce,
    ) -> Result<f64, UpdateError> {
        let samples = Samples {
            observations: inputs,
            targets,
            ..Samples::default()
        };
        let plan = Plan {
            epochs: self.iterations,
            ..Plan::whole(learning_rate)
        };
        let error = ValueError {
            coefficient: 1.0,
            clip_range: None,
        };
        let terms: [&dyn Term; 1] = [&error];
        let report = fit(self.learner.as_mut(), &samples, &terms, &plan, None, reduce)?;
        Ok(report.terms[0].1)
    }
}

impl State for ValueFunction {
    fn save(&self, out: &mut dyn StateWriter) {
        self.learner.save(out);
    }

    fn load(&mut self, from: &dyn StateReader) -> Result<(), StateError> {
        self.learner.load(from)
    }
}

/// Writes the rewards-to-go of a trajectory, `[T]`. After the last reward of a truncated one comes
/// the value of its final observation, zero without a value function; after that of a terminated
/// one nothing.
pub(crate) fn rewards_to_go(steps: ValuedSteps<'_>, gamma: f64, out: &mut [f32]) {
    let after = match steps {
        ValuedSteps::Trajectory {
            final_value,
            end: End::Truncated,
            ..
        } => final_value,
        _ => 0.0,
    };
    discounted_reward_to_go(steps.rewards(), gamma, after, out);
}

impl Values {
    /// Values of 0, without a value function.
    pub fn zeros(experience: &TrajectoryStore) -> Self {
        Self {
            steps: vec![0.0; experience.steps()],
            finals: vec![0.0; experience.len()],
        }
    }

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

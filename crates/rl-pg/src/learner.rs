//! The learner: a policy on a device, moved by an optimizer.

use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Tensor, TensorData, Transaction};
use rl_core::TrajectoryStore;
use rl_nets::distribution::ActionDistribution;
use rl_nets::{PolicyNetwork, PolicyWeights};

use crate::{ConfigError, clip_global_norm};

/// How a learner moves its parameters: Adam with PyTorch's defaults (β = 0.9, 0.999, ε = 1e-8).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LearnerConfig {
    /// Adam's step size, positive.
    pub learning_rate: f64,
    /// The largest global norm of a gradient, positive; `None` and infinity leave gradients as
    /// they are.
    pub max_grad_norm: Option<f32>,
}

/// A batch on the device of a learner.
#[derive(Clone, Debug)]
pub struct Batch {
    /// `[batch, observation_dim]`.
    pub observations: Tensor<2>,
    /// Flat actions, `[batch, action_dim]`.
    pub actions: Tensor<2>,
    /// A number per step: the weight of its log-probability, `[batch]`.
    pub weights: Tensor<1>,
}

/// What an update measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LossReport {
    /// The loss before the step.
    pub loss: f32,
    /// Mean entropy of the policy over the batch before the step, in nats.
    pub entropy: f32,
    /// Global norm of the gradient before clipping.
    pub grad_norm: f32,
}

/// Why an update failed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum UpdateError {
    /// There is nothing to learn from.
    #[error("an update needs at least one step of experience")]
    NoExperience,
    /// A number that is NaN or infinite.
    #[error(
        "the {quantity} is {value}, not a finite number; a smaller learning_rate, or \
         max_grad_norm, keeps an update in bounds"
    )]
    NonFinite {
        /// What it is the value of.
        quantity: &'static str,
        /// The value.
        value: f32,
    },
    /// The device failed.
    #[error("the device failed: {0}")]
    Device(String),
}

/// A policy that learns on a device.
///
/// An update touches the device once in each direction: one upload of the batch, one download of
/// the new weights and the measurements.
pub struct PolicyLearner {
    network: PolicyNetwork,
    optimizer: ModuleOptimizer,
    config: LearnerConfig,
    /// Where batches go: the device without its tape.
    device: Device,
    weights: PolicyWeights,
}

impl LearnerConfig {
    /// Checks the ranges.
    ///
    /// # Errors
    /// [`ConfigError`] for a value out of its range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let Self {
            learning_rate: rate,
            max_grad_norm,
        } = *self;
        let allowed = "a positive finite number";
        ConfigError::unless(
            rate > 0.0 && rate.is_finite(),
            "learning_rate",
            rate,
            allowed,
        )?;
        if let Some(norm) = max_grad_norm {
            ConfigError::unless(
                norm > 0.0,
                "max_grad_norm",
                norm,
                "a positive number, or inf",
            )?;
        }
        Ok(())
    }

    /// Puts a policy on a device to learn.
    ///
    /// # Errors
    /// [`ConfigError`] for a value out of its range.
    pub fn init(
        self,
        weights: PolicyWeights,
        device: &Device,
    ) -> Result<PolicyLearner, ConfigError> {
        self.validate()?;
        Ok(PolicyLearner {
            network: PolicyNetwork::from_weights(&weights, &device.clone().autodiff()),
            optimizer: AdamConfig::new().with_epsilon(1e-8).init(),
            config: self,
            device: device.clone(),
            weights,
        })
    }
}

impl PolicyLearner {
    /// The weights as of the last update.
    pub fn weights(&self) -> &PolicyWeights {
        &self.weights
    }

    /// Changes the step size of the updates to come, for schedules.
    ///
    /// # Errors
    /// [`ConfigError`] unless it is positive and finite.
    pub fn set_learning_rate(&mut self, learning_rate: f64) -> Result<(), ConfigError> {
        let config = LearnerConfig {
            learning_rate,
            ..self.config
        };
        config.validate()?;
        self.config = config;
        Ok(())
    }

    /// Takes one optimizer step down the gradient of `loss`, a scalar `[1]` made of the policy's
    /// distributions and the batch of all steps of `experience` with their `weights`, `[steps]`.
    ///
    /// # Errors
    /// [`UpdateError`]; the learner is of no use after it.
    pub fn minimize(
        &mut self,
        experience: &TrajectoryStore,
        weights: &[f32],
        loss: impl FnOnce(&ActionDistribution, Batch) -> Tensor<1>,
    ) -> Result<LossReport, UpdateError> {
        let batch = self.upload(experience, weights)?;
        let distribution = self.network.forward(batch.observations.clone());
        let loss = loss(&distribution, batch);
        let entropy = distribution.detached().entropy().mean();

        let mut grads = GradientsParams::from_grads(loss.backward(), &self.network);
        let grad_norm = clip_global_norm(&self.network, &mut grads, self.config.max_grad_norm);
        let grad_norm = grad_norm.unwrap_or_else(|| Tensor::zeros([1], &self.device));
        self.network = self
            .optimizer
            .step(self.config.learning_rate, self.network.clone(), grads);

        self.download(Tensor::cat(vec![loss.inner(), entropy, grad_norm], 0))
    }

    /// One transfer to the device: each row is a step's observation, action and weight.
    fn upload(&self, experience: &TrajectoryStore, weights: &[f32]) -> Result<Batch, UpdateError> {
        let (n, o, a) = (
            experience.steps(),
            experience.observation_dim(),
            experience.action_dim(),
        );
        if n == 0 {
            return Err(UpdateError::NoExperience);
        }
        let mut rows = Vec::with_capacity(n * (o + a + 1));
        let observations = experience.observations().chunks_exact(o);
        for ((observation, action), weight) in observations
            .zip(experience.actions().chunks_exact(a))
            .zip(weights)
        {
            rows.extend_from_slice(observation);
            rows.extend_from_slice(action);
            rows.push(*weight);
        }
        let rows = Tensor::<2>::from_data(TensorData::new(rows, [n, o + a + 1]), &self.device);
        Ok(Batch {
            observations: rows.clone().slice([0..n, 0..o]),
            actions: rows.clone().slice([0..n, o..o + a]),
            weights: rows.slice([0..n, o + a..o + a + 1]).squeeze_dim(1),
        })
    }

    /// One transfer from the device: the measurements and all parameters.
    fn download(&mut self, measurements: Tensor<1>) -> Result<LossReport, UpdateError> {
        let transaction = Transaction::default().register(measurements);
        let data = self
            .network
            .register(transaction)
            .try_execute()
            .map_err(|error| UpdateError::Device(error.to_string()))?;
        let mut numbers = data.iter().map(|data| {
            data.as_slice::<f32>()
                .map_err(|error| UpdateError::Device(error.to_string()))
        });
        let mut next = || {
            numbers
                .next()
                .unwrap_or_else(|| Err(UpdateError::Device("lost a tensor".into())))
        };

        let finite = |quantity, xs: &[f32]| match xs.iter().find(|x| !x.is_finite()) {
            None => Ok(()),
            Some(&value) => Err(UpdateError::NonFinite { quantity, value }),
        };
        let measurements = next()?;
        let &[loss, entropy, grad_norm] = measurements else {
            return Err(UpdateError::Device("lost a measurement".into()));
        };
        finite("loss", &[loss])?;
        finite("entropy", &[entropy])?;
        finite("norm of the gradient", &[grad_norm])?;
        for parameters in self.weights.parameters_mut() {
            let new = next()?;
            finite("new value of a weight", new)?;
            parameters.copy_from_slice(new);
        }
        Ok(LossReport {
            loss,
            entropy,
            grad_norm,
        })
    }
}

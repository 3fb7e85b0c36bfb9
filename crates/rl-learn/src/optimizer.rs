//! Configuration of optimizers and learners.

use serde::{Deserialize, Serialize};

use crate::{OwnOptimizer, Range, config, words};

/// An optimizer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Optimizer {
    /// Adam with `β = 0.9, 0.999` (Kingma & Ba 2015).
    #[default]
    Adam,
    /// Adam whose first steps are plain ones, and the next ones shorter, until its step sizes are
    /// known well enough: RAdam in PyTorch's form (Liu et al. 2020, "On the variance of the adaptive
    /// learning rate and beyond", algorithm 2).
    Radam,
    /// RMSProp with `α = 0.99`, PyTorch's form: `g / (√v + ε)`.
    Rmsprop,
    /// Stochastic gradient descent without momentum: the step size times the gradient. It has no
    /// state.
    Sgd,
}

words!(Optimizer: Adam, Radam, Rmsprop, Sgd);

/// Choice of the learner that computes gradients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LearnerKind {
    /// The fused one for multi-layer perceptrons on a CPU device, Burn's tape for anything else.
    #[default]
    Auto,
    /// Burn's tape, on any device.
    Burn,
    /// The same gradient without a tape, in loops over flat buffers on the CPU.
    Fused,
}

words!(LearnerKind: Auto, Burn, Fused);

config! {
    /// Configuration of a learner: how its parameters are moved.
    ///
    /// ```
    /// use rl_core::{Space, Stream};
    /// use rl_learn::{Optimizer, OptimizerConfig};
    /// use rl_nets::{Device, Networks, PolicyConfig};
    ///
    /// let config = OptimizerConfig {
    ///     optimizer: Optimizer::Rmsprop,
    ///     max_grad_norm: Some(0.5),
    ///     ..OptimizerConfig::adam(7e-4)
    /// };
    /// let policy = PolicyConfig::new(4, &Space::discrete(2)).draw(&mut Stream::from_seed(0));
    /// let learner = config.init(Networks::policy(policy), &Device::flex())?;
    /// assert!(learner.networks().head().is_some());
    /// # Ok::<(), rl_learn::ConfigError>(())
    /// ```
    pub struct OptimizerConfig {
        /// Optimizer.
        pub optimizer: Optimizer = Optimizer::Adam;
        /// Step size (also: lr).
        pub learning_rate: f64 = 1e-3, Range::Positive;
        /// Lower the step size linearly to 0 over the run.
        pub anneal_learning_rate: bool = false;
        /// Number that keeps the optimizer's divisions finite.
        pub optimizer_epsilon: f64 = 1e-8, Range::Positive;
        /// Largest global norm of a gradient; inf for no limit.
        pub max_grad_norm: Option<f64> = None, Range::PositiveOrInfinite;
        /// Computation of gradients: `fused` on a CPU, or Burn's tape.
        pub learner: LearnerKind = LearnerKind::Auto;
        skip
        /// Optimizer of one's own in place of `optimizer`, for the learner on Burn's tape.
        pub own: OwnOptimizer = OwnOptimizer::default();
    }
}

impl OptimizerConfig {
    /// Adam with PyTorch's ε of 1e-8, a constant step size and no clipping.
    pub fn adam(learning_rate: f64) -> Self {
        Self {
            learning_rate,
            ..Self::default()
        }
    }

    /// The step size when a share `done` of the run is.
    pub fn learning_rate_at(&self, done: f64) -> f64 {
        if self.anneal_learning_rate {
            // An optimizer needs some step size, even past the end.
            self.learning_rate * (1.0 - done).max(1e-9)
        } else {
            self.learning_rate
        }
    }
}

//! What a learner learns from.

use rl_nets::Networks;

use crate::{Loss, Surrogate, UpdateError};

/// Steps to learn from, row by row. What the loss does not ask for may be empty.
#[derive(Clone, Copy, Debug, Default)]
pub struct Samples<'a> {
    /// `[steps, observation_dim]`.
    pub observations: &'a [f32],
    /// `[steps, action_dim]`; for a policy.
    pub actions: &'a [f32],
    /// `Aₜ`, `[steps]`; for a policy.
    pub advantages: &'a [f32],
    /// `ln π_old(aₜ|oₜ)`, `[steps]`; for a ratio.
    pub log_probs: &'a [f32],
    /// `V̂ₜ`, `[steps]`; for a value function.
    pub targets: &'a [f32],
    /// `V_old(oₜ)`, `[steps]`; for a clipped value function.
    pub values: &'a [f32],
}

impl Samples<'_> {
    /// The number of steps, if there is every column that `loss` asks of `networks`.
    pub(crate) fn check(&self, networks: &Networks, loss: &Loss) -> Result<usize, UpdateError> {
        let dim = networks.observation_dim();
        let steps = self.observations.len() / dim;
        if steps == 0 {
            return Err(UpdateError::NoExperience);
        }
        let mut columns = vec![("observations", self.observations, dim)];
        if let Some(policy) = loss.policy {
            let head = networks.head().ok_or(UpdateError::NoNetwork("policy"))?;
            columns.push(("actions", self.actions, head.action_dim()));
            columns.push(("advantages", self.advantages, 1));
            if policy.surrogate != Surrogate::LogProb {
                columns.push(("log_probs", self.log_probs, 1));
            }
        }
        if let Some(value) = loss.value {
            if !networks.has_value() {
                return Err(UpdateError::NoNetwork("value function"));
            }
            columns.push(("targets", self.targets, 1));
            if value.clip_range.is_some() {
                columns.push(("values", self.values, 1));
            }
        }
        for (column, numbers, width) in columns {
            let (actual, expected) = (numbers.len(), steps * width);
            if actual != expected {
                return Err(UpdateError::Length {
                    column,
                    actual,
                    expected,
                });
            }
        }
        Ok(steps)
    }
}

/// How a learner goes through its samples.
#[derive(Clone, Copy, Debug)]
pub struct Plan<'a> {
    /// The samples in the order of the epochs, `[epochs · steps]`; `None` is one epoch in their
    /// own order.
    pub order: Option<&'a [u32]>,
    /// Samples per optimizer step.
    pub minibatch_size: usize,
    /// Step size.
    pub learning_rate: f64,
    /// Whether advantages are shifted to mean 0 and scaled to deviation 1 in each minibatch.
    pub normalize_advantages: bool,
    /// No epoch starts once the mean approximate divergence of the last one is larger.
    pub max_kl: Option<f64>,
}

impl Plan<'_> {
    /// One step on all samples.
    pub fn whole(steps: usize, learning_rate: f64) -> Self {
        Self {
            order: None,
            minibatch_size: steps.max(1),
            learning_rate,
            normalize_advantages: false,
            max_kl: None,
        }
    }

    /// Whether it is one for so many samples.
    pub(crate) fn check(&self, steps: usize) -> Result<(), UpdateError> {
        let order = self.order.unwrap_or_default();
        if let Some(&row) = order.iter().find(|&&row| row as usize >= steps) {
            return Err(UpdateError::Row { row, steps });
        }
        if self.minibatch_size == 0 || self.order.is_some_and(<[u32]>::is_empty) {
            return Err(UpdateError::NoExperience);
        }
        Ok(())
    }
}

/// What was measured while learning: means over the optimizer steps, each before its step.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FitReport {
    /// The policy's surrogate, negated.
    pub policy_loss: f64,
    /// Mean squared error of the value function, without its coefficient.
    pub value_loss: f64,
    /// Mean entropy of the policy, in nats.
    pub entropy: f64,
    /// `E[r - 1 - ln r]`, an estimate of `KL(old ‖ present)` that is never negative (Schulman
    /// 2020, "Approximating KL divergence", k3); of the last epoch.
    pub approx_kl: f64,
    /// Share of the ratios that are out of the clip range.
    pub clip_fraction: f64,
    /// Global norm of the gradient before clipping.
    pub grad_norm: f64,
    /// Largest `|r - 1|` of the first minibatch, which is learned from before any step.
    pub first_ratio_error: f64,
    /// Optimizer steps.
    pub steps: usize,
    /// Epochs that were started.
    pub epochs: usize,
}

/// The measurements of one optimizer step, in the order of [`Measured::NAMES`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Measured(pub [f64; Self::NAMES.len()]);

impl Measured {
    pub const NAMES: [&'static str; 7] = [
        "policy loss",
        "value loss",
        "entropy",
        "approximate KL divergence",
        "clip fraction",
        "norm of the gradient",
        "largest change of a ratio",
    ];

    /// Refuses numbers that are not finite.
    pub fn check(&self) -> Result<(), UpdateError> {
        let mut named = Self::NAMES.into_iter().zip(self.0);
        match named.find(|(_, value)| !value.is_finite()) {
            None => Ok(()),
            Some((quantity, value)) => Err(UpdateError::NonFinite { quantity, value }),
        }
    }

    /// The report of one gradient.
    pub fn report(self) -> FitReport {
        let mut tally = Tally::default();
        tally.begin_epoch();
        tally.add(self);
        tally.report()
    }

    /// Adds the sums over other rows.
    pub fn join(&mut self, other: &Self) {
        let largest = self.0[6].max(other.0[6]);
        self.0
            .iter_mut()
            .zip(other.0)
            .for_each(|(sum, x)| *sum += x);
        self.0[6] = largest;
    }

    /// The measurements, for sums over `n` rows and the squared norm in the norm's place.
    pub fn mean(self, n: usize) -> Self {
        let [.., squared_norm, largest] = self.0;
        let mut mean = Self(self.0.map(|sum| sum / n as f64));
        mean.0[5] = f64::from(squared_norm.sqrt() as f32);
        mean.0[6] = largest;
        mean
    }
}

/// Sums up the measurements of an update.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    sums: [f64; Measured::NAMES.len()],
    steps: usize,
    epoch_kl: f64,
    epoch_steps: usize,
    first_ratio_error: f64,
    epochs: usize,
}

impl Tally {
    pub fn begin_epoch(&mut self) {
        (self.epoch_kl, self.epoch_steps) = (0.0, 0);
        self.epochs += 1;
    }

    pub fn add(&mut self, Measured(measured): Measured) {
        if self.steps == 0 {
            self.first_ratio_error = measured[6];
        }
        self.sums
            .iter_mut()
            .zip(measured)
            .for_each(|(sum, x)| *sum += x);
        self.steps += 1;
        self.epoch_kl += measured[3];
        self.epoch_steps += 1;
    }

    /// Mean approximate divergence of the epoch so far.
    pub fn epoch_kl(&self) -> f64 {
        self.epoch_kl / self.epoch_steps.max(1) as f64
    }

    pub fn report(&self) -> FitReport {
        let [
            policy_loss,
            value_loss,
            entropy,
            _,
            clip_fraction,
            grad_norm,
            _,
        ] = self.sums.map(|sum| sum / self.steps.max(1) as f64);
        FitReport {
            policy_loss,
            value_loss,
            entropy,
            approx_kl: self.epoch_kl(),
            clip_fraction,
            grad_norm,
            first_ratio_error: self.first_ratio_error,
            steps: self.steps,
            epochs: self.epochs,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{PolicyLoss, ValueLoss};
    use rl_core::{Discrete, Space, Stream};
    use rl_nets::{MlpConfig, PolicyConfig};

    #[test]
    fn samples_without_what_a_loss_needs_are_refused_by_name() {
        let mut rng = Stream::from_seed(0);
        let space = Space::Discrete(Discrete::new(2).unwrap());
        let policy = PolicyConfig::new(3, &space).draw(&mut rng);
        let value = MlpConfig::new(3, 1).draw(&mut rng);
        let both = Networks::separate(policy.clone(), value.clone());
        let loss = Loss {
            policy: Some(PolicyLoss {
                surrogate: Surrogate::Ratio,
                entropy_coefficient: 0.0,
            }),
            value: Some(ValueLoss {
                coefficient: 1.0,
                clip_range: Some(0.2),
            }),
        };
        let whole = Samples {
            observations: &[0.0; 6],
            actions: &[0.0; 2],
            advantages: &[0.0; 2],
            log_probs: &[0.0; 2],
            targets: &[0.0; 2],
            values: &[0.0; 2],
        };
        assert_eq!(whole.check(&both, &loss), Ok(2));
        for (samples, column) in [
            (
                Samples {
                    actions: &[0.0; 3],
                    ..whole
                },
                "actions",
            ),
            (
                Samples {
                    advantages: &[],
                    ..whole
                },
                "advantages",
            ),
            (
                Samples {
                    log_probs: &[],
                    ..whole
                },
                "log_probs",
            ),
            (
                Samples {
                    targets: &[0.0],
                    ..whole
                },
                "targets",
            ),
            (
                Samples {
                    values: &[],
                    ..whole
                },
                "values",
            ),
            (
                Samples {
                    observations: &[0.0; 7],
                    ..whole
                },
                "observations",
            ),
        ] {
            let message = samples.check(&both, &loss).unwrap_err().to_string();
            assert!(message.contains(column), "{message}");
        }
        let empty = Samples::default().check(&both, &loss);
        assert_eq!(empty, Err(UpdateError::NoExperience));
        let value = whole.check(&Networks::value(value), &loss);
        assert_eq!(value, Err(UpdateError::NoNetwork("policy")));
        let policy = whole.check(&Networks::policy(policy), &loss);
        assert_eq!(policy, Err(UpdateError::NoNetwork("value function")));

        let plan = |order, minibatch_size| Plan {
            order,
            minibatch_size,
            learning_rate: 1e-3,
            normalize_advantages: false,
            max_kl: None,
        };
        assert_eq!(plan(Some(&[0, 1]), 2).check(2), Ok(()));
        let beyond = plan(Some(&[0, 2]), 2).check(2);
        assert_eq!(beyond, Err(UpdateError::Row { row: 2, steps: 2 }));
        assert_eq!(plan(None, 0).check(2), Err(UpdateError::NoExperience));
    }
}

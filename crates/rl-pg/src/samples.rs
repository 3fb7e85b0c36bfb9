//! What a learner learns from.

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
}

impl Measured {
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

//! What an update tells about itself.

use rl_learn::FitReport;

/// What an update measured. What an algorithm does not have is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct UpdateReport {
    /// The surrogate of the policy, negated, before the step (the mean over several). Its gradient
    /// means something, its value little.
    pub loss: f64,
    /// Mean entropy of the policy over the experience, in nats, measured with the loss.
    pub entropy: f64,
    /// Global norm of the gradient before clipping.
    pub grad_norm: f64,
    /// Mean `KL(before ‖ after)` over the experience: how far the update moved the policy, in
    /// nats.
    pub kl: f64,
    /// Mean squared error of the value function.
    pub value_loss: Option<f64>,
    /// `1 - Var(V̂ - V) / Var(V̂)`: 1 for a perfect value function, 0 for a constant.
    pub explained_variance: Option<f64>,
    /// Share of the importance ratios out of the clip range.
    pub clip_fraction: Option<f64>,
    /// Mean number of updates between the parameters that a gradient was computed on and those it
    /// was applied to.
    pub staleness: Option<f64>,
    /// Optimizer steps on the policy.
    pub steps: usize,
}

impl UpdateReport {
    /// The report of a policy's fit.
    pub(crate) fn of(fit: &FitReport, kl: f64) -> Self {
        Self {
            loss: fit.policy_loss,
            entropy: fit.entropy,
            grad_norm: fit.grad_norm,
            kl,
            steps: fit.steps,
            ..Self::default()
        }
    }
}

/// `1 - Var(targets - values) / Var(targets)`; `None` where the targets don't vary.
pub(crate) fn explained_variance(targets: &[f32], values: &[f32]) -> Option<f64> {
    let variance = |xs: &mut dyn Iterator<Item = f64>| {
        let (mut n, mut mean, mut squares) = (0.0, 0.0, 0.0);
        for x in xs {
            n += 1.0;
            let delta = x - mean;
            mean += delta / n;
            squares += delta * (x - mean);
        }
        squares / n
    };
    let total = variance(&mut targets.iter().map(|&x| x.into()));
    let errors = targets.iter().zip(values);
    let left = variance(&mut errors.map(|(&target, &value)| f64::from(target) - f64::from(value)));
    (total > 0.0).then(|| 1.0 - left / total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn explained_variance_is_one_for_the_targets_and_zero_for_a_constant() {
        let targets = [1.0, 2.0, 4.0];
        assert_eq!(explained_variance(&targets, &targets), Some(1.0));
        assert_eq!(explained_variance(&targets, &[3.0; 3]), Some(0.0));
        assert_eq!(explained_variance(&[2.0; 3], &targets), None);
    }
}

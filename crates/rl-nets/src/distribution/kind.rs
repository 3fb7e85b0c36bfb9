//! Kinds of distributions of actions.

use rl_core::Space;
use serde::{Deserialize, Serialize};

/// Kind of distribution whose parameters a policy's network computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DistributionKind {
    /// Categorical distribution over a discrete space of `n` elements; the network computes `n`
    /// logits.
    Categorical,
    /// Gaussian over a box of `K` dimensions; the network computes `K` means, and `ln σ`, `[K]`, is
    /// a parameter that does not depend on the observation. Actions are not bounded; an environment
    /// clips them.
    DiagGaussian,
    /// Gaussian over a box of `K` dimensions; the network computes `K` means, then `K` times
    /// `ln σ`, which is clamped to `[-20, 2]`. Actions are not bounded.
    StateGaussian,
    /// Distribution over a bounded box: actions `u` of a [`DiagGaussian`](Self::DiagGaussian) are
    /// mapped into the bounds by tanh, `a = low + ½ (tanh u + 1) (high − low)` (Haarnoja et al.
    /// 2018, "Soft actor-critic", appendix C, with `ln σ` a parameter).
    SquashedGaussian,
    /// Distribution over a bounded box of `K` dimensions: `a = low + x (high − low)` with `x` of a
    /// Beta distribution. The network computes `K` numbers for `α`, then `K` for `β`, each 1 +
    /// softplus of its output, so that the density has one peak (Chou, Maturana and Scherer 2017,
    /// "Improving stochastic policy gradients in continuous control with deep reinforcement
    /// learning using the Beta distribution").
    Beta,
    /// No distribution: the network computes the values of `n` actions, and the best one is taken.
    Greedy,
}

impl DistributionKind {
    /// All kinds that give actions probabilities, by which policies learn.
    pub const ALL: [Self; 5] = [
        Self::Categorical,
        Self::DiagGaussian,
        Self::StateGaussian,
        Self::SquashedGaussian,
        Self::Beta,
    ];

    /// Default kind for an action space: categorical for a discrete space, a diagonal Gaussian for
    /// a box.
    pub fn of(space: &Space) -> Self {
        match space {
            Space::Discrete(_) => Self::Categorical,
            Space::Box(_) => Self::DiagGaussian,
        }
    }

    /// Name in configurations and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Categorical => "categorical",
            Self::DiagGaussian => "diag-gaussian",
            Self::StateGaussian => "state-gaussian",
            Self::SquashedGaussian => "squashed-gaussian",
            Self::Beta => "beta",
            Self::Greedy => "greedy",
        }
    }

    /// The kind with this name; `None` if there is none.
    pub fn from_name(name: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter().chain([Self::Greedy]);
        all.find(|kind| kind.name() == name)
    }

    /// Returns `true` if it can be over the action space `space`: the bounded kinds need a box whose
    /// every dimension has a finite, positive width.
    pub fn fits(self, space: &Space) -> bool {
        match (self, space) {
            (Self::Categorical | Self::Greedy, space) => matches!(space, Space::Discrete(_)),
            (_, Space::Discrete(_)) => false,
            (Self::DiagGaussian | Self::StateGaussian, Space::Box(_)) => true,
            (Self::SquashedGaussian | Self::Beta, Space::Box(space)) => {
                let mut bounds = space.low().iter().zip(space.high());
                bounds.all(|(low, high)| high > low && (high - low).is_finite())
            }
        }
    }
}

impl std::fmt::Display for DistributionKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for kind in DistributionKind::ALL
            .into_iter()
            .chain([DistributionKind::Greedy])
        {
            assert_eq!(DistributionKind::from_name(kind.name()), Some(kind));
            let text = serde_json::to_string(&kind).unwrap();
            assert_eq!(text, format!("\"{kind}\""));
        }
        assert_eq!(DistributionKind::from_name("gaussian"), None);
    }
}

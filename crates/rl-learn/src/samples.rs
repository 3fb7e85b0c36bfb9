//! Samples that learners learn from.

use rl_nets::{DistributionKind, Networks};

use crate::term::learned;
use crate::{Input, Term, UpdateError};

/// Steps to learn from, row by row. Columns that the loss does not ask for may be empty.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Samples<'a> {
    /// `[steps, observation_dim]`.
    pub observations: &'a [f32],
    /// `[steps, action_dim]`; for a policy.
    pub actions: &'a [f32],
    /// `Aₜ`, `[steps]`; for a policy.
    pub advantages: &'a [f32],
    /// `ln π_old(aₜ|oₜ)`, `[steps]`; for a ratio, and to measure how far a policy has moved.
    pub log_probs: &'a [f32],
    /// `V̂ₜ`, `[steps]`; for a value function. Where a network learns quantiles of the return, as many samples of its
    /// distribution, `[steps, quantiles]`.
    pub targets: &'a [f32],
    /// `V_old(oₜ)`, `[steps]`; for a clipped value function.
    pub values: &'a [f32],
    /// Importance weights, `[steps]`.
    pub weights: &'a [f32],
}

impl Samples<'_> {
    /// Number of steps, for observations of `observation_dim` numbers.
    pub fn steps(&self, observation_dim: usize) -> usize {
        self.observations.len() / observation_dim.max(1)
    }
}

/// Samples with a loss over them, and the order in which minibatches are taken from them: what a
/// [session](crate::Learner::session) is opened over.
#[derive(Clone, Copy, Default)]
pub struct Batch<'a> {
    /// The samples.
    pub samples: Samples<'a>,
    /// The terms of the loss.
    pub terms: &'a [&'a dyn Term],
    /// Rows of the samples, one after the other as minibatches take them; empty for their own
    /// order.
    pub order: &'a [u32],
    /// Number of rows of a minibatch, at most; 0 for all.
    pub minibatch_size: usize,
    /// Number of times that the session goes through the samples, as far as it is known.
    pub epochs: usize,
}

impl Batch<'_> {
    /// Number of rows of a minibatch, at most, of so many steps.
    pub(crate) fn largest(&self, steps: usize) -> usize {
        match self.minibatch_size {
            0 => steps,
            size => size.min(steps),
        }
    }

    /// The number of steps, if samples and networks have what every term asks for; 0 without terms.
    pub(crate) fn check(&self, networks: &Networks) -> Result<usize, UpdateError> {
        supports(networks, self.terms)?;
        if self.terms.is_empty() {
            return Ok(0);
        }
        let samples = &self.samples;
        let dim = networks.observation_dim();
        let steps = samples.steps(dim);
        if steps == 0 {
            return Err(UpdateError::NoExperience);
        }
        let asks = |inputs: &[Input]| {
            let mut terms = self.terms.iter();
            terms.any(|term| term.inputs().iter().any(|input| inputs.contains(input)))
        };
        let (of_policy, _) = learned(self.terms);
        let action_dim = networks.head().map_or(0, |head| head.action_dim());
        let quantiles = networks.head().map_or(1, |head| head.form().quantiles());
        use Input::{Advantage, OldLogProb, OldValue, Ratio, Target, Weight};
        for (column, numbers, width, needed) in [
            ("observations", samples.observations, dim, true),
            ("actions", samples.actions, action_dim, of_policy),
            ("advantages", samples.advantages, 1, asks(&[Advantage])),
            (
                "log_probs",
                samples.log_probs,
                1,
                asks(&[OldLogProb, Ratio]),
            ),
            ("targets", samples.targets, quantiles, asks(&[Target])),
            ("values", samples.values, 1, asks(&[OldValue])),
            ("weights", samples.weights, 1, asks(&[Weight])),
        ] {
            let (actual, expected) = (numbers.len(), steps * width);
            if actual != expected && (needed || actual > 0) {
                return Err(UpdateError::Length {
                    column,
                    actual,
                    expected,
                });
            }
        }
        match self.order.iter().find(|&&row| row as usize >= steps) {
            Some(&row) => Err(UpdateError::Row { row, steps }),
            None => Ok(steps),
        }
    }
}

/// Refuses terms of a policy or of a value function that is not among the networks.
pub(crate) fn supports(networks: &Networks, terms: &[&dyn Term]) -> Result<(), UpdateError> {
    for term in terms {
        let missing = |reason| UpdateError::Term {
            term: term.name(),
            reason,
        };
        let (of_policy, of_value) = learned(&[*term]);
        if of_policy && networks.head().is_none() {
            return Err(missing("is of a policy, and the learner has none"));
        }
        let asks = |input| term.inputs().contains(&input);
        let is_greedy = networks.head().map(|head| head.kind()) == Some(DistributionKind::Greedy);
        let of_values = asks(Input::ActionValue) || asks(Input::Quantiles);
        if of_policy && of_values != is_greedy {
            return Err(missing(match is_greedy {
                true => "is of probabilities, and the learner has action values",
                false => "is of action values, and the learner has probabilities",
            }));
        }
        let quantiles = networks.head().map_or(1, |head| head.form().quantiles());
        if is_greedy && asks(Input::ActionValue) && quantiles > 1 {
            return Err(missing(
                "is of single action values, and the learner has quantiles of them",
            ));
        }
        if of_value && !networks.has_value() {
            return Err(missing("is of a value function, and the learner has none"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Surrogate, ValueError};
    use rl_core::{Discrete, Space, Stream};
    use rl_nets::{MlpConfig, PolicyConfig};

    #[test]
    fn samples_without_what_a_loss_needs_are_refused_by_name() {
        let mut rng = Stream::from_seed(0);
        let space = Space::Discrete(Discrete::new(2).unwrap());
        let policy = PolicyConfig::new(3, &space).draw(&mut rng);
        let value = MlpConfig::new(3, 1).draw(&mut rng);
        let both = Networks::separate(policy.clone(), value.clone()).unwrap();
        let error = ValueError {
            coefficient: 1.0,
            clip_range: Some(0.2),
        };
        let terms: [&dyn Term; 2] = [&Surrogate::Ratio, &error];
        let whole = Samples {
            observations: &[0.0; 6],
            actions: &[0.0; 2],
            advantages: &[0.0; 2],
            log_probs: &[0.0; 2],
            targets: &[0.0; 2],
            values: &[0.0; 2],
            weights: &[0.0; 2],
        };
        let check = |samples, networks: &Networks| {
            let batch = Batch {
                samples,
                terms: &terms,
                ..Batch::default()
            };
            batch.check(networks)
        };
        assert_eq!(check(whole, &both), Ok(2));
        type Cut = (&'static str, fn(&mut Samples<'static>));
        let cut: [Cut; 7] = [
            ("weights", |samples| samples.weights = &[0.0; 3]),
            ("actions", |samples| samples.actions = &[0.0; 3]),
            ("advantages", |samples| samples.advantages = &[]),
            ("log_probs", |samples| samples.log_probs = &[]),
            ("targets", |samples| samples.targets = &[0.0; 3]),
            ("values", |samples| samples.values = &[]),
            ("observations", |samples| samples.observations = &[0.0; 7]),
        ];
        for (column, change) in cut {
            let mut samples = whole;
            change(&mut samples);
            let message = check(samples, &both).unwrap_err().to_string();
            assert!(message.contains(column), "{message}");
        }
        let empty = check(Samples::default(), &both);
        assert_eq!(empty, Err(UpdateError::NoExperience));
        let message = |networks| check(whole, &networks).unwrap_err().to_string();
        let alone = message(Networks::value(value).unwrap());
        assert!(alone.contains("'policy_loss'") && alone.contains("of a policy"));
        let alone = message(Networks::policy(policy));
        assert!(alone.contains("'value_loss'") && alone.contains("of a value function"));
        let beyond = Batch {
            samples: whole,
            terms: &terms,
            order: &[0, 2],
            ..Batch::default()
        };
        let row = UpdateError::Row { row: 2, steps: 2 };
        assert_eq!(beyond.check(&both), Err(row));
    }
}

//! Outlook of a policy on an observation: probabilities, values, or actions with their deviation.

use std::borrow::Cow;

use rl_core::collect::Normalization;
use rl_core::{Space, Stream};
use rl_nets::host::{HostMlp, Tape};
use rl_nets::{Actor, DistributionKind, Head, PolicyFile, network_inputs};
use serde::Serialize;

/// Draws that the deviation of an action is taken over.
const DRAWS: usize = 200;

/// Meaning of the numbers of an [`Outlook`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OutlookKind {
    /// The probability of each action.
    Probabilities,
    /// The value of each action, of which the largest is taken.
    ActionValues,
    /// The likeliest action, which is a Gaussian's mean, and then the standard deviation of each of its numbers.
    ModeAndDeviation,
}

/// Numbers that a policy computes of an observation before it acts.
pub struct Outlook {
    actor: Actor,
    value: Option<HostMlp>,
    tape: Tape,
    normalization: Normalization,
    head: Head,
    log_std: Vec<f32>,
    observation: Vec<f32>,
    output: Vec<f32>,
}

impl Outlook {
    /// The numbers of a policy.
    pub fn new(policy: &PolicyFile) -> Self {
        let head = policy.weights.head.clone();
        Self {
            actor: Actor::new(&policy.weights),
            value: policy.value.as_ref().map(HostMlp::new),
            tape: Tape::default(),
            normalization: Normalization::new(policy.normalization.as_ref()),
            output: vec![0.0; head.outputs()],
            log_std: policy.weights.log_std.clone().unwrap_or_default(),
            observation: Vec::new(),
            head,
        }
    }

    /// Meaning of the numbers.
    pub fn kind(&self) -> OutlookKind {
        match self.head.space() {
            _ if self.head.kind() == DistributionKind::Greedy => OutlookKind::ActionValues,
            Space::Discrete(_) => OutlookKind::Probabilities,
            Space::Box(_) => OutlookKind::ModeAndDeviation,
        }
    }

    /// The numbers of an observation, as the environment shows it. Deviations are those of 200 draws, by the same
    /// random numbers whatever is observed, so that they change with the policy's alone. Beside them stands the value of the
    /// observation, in the unit that the value function learned; `None` without one.
    pub fn of(&mut self, observation: &[f32]) -> (Vec<f32>, Option<f32>) {
        self.observation.clear();
        self.observation.extend(observation);
        self.normalization.apply(&mut self.observation);
        self.actor.evaluate(&self.observation, &mut self.output);
        let numbers = match self.kind() {
            OutlookKind::ActionValues => self.output.clone(),
            OutlookKind::Probabilities => {
                let actions = 0..self.head.outputs();
                let probability = |action: usize| {
                    let action = [action as f32];
                    self.head
                        .log_prob(&self.output, &self.log_std, &action)
                        .exp()
                };
                actions.map(probability).collect()
            }
            OutlookKind::ModeAndDeviation => self.moments(),
        };
        (numbers, self.value())
    }

    fn value(&mut self) -> Option<f32> {
        let network = self.value.as_ref()?;
        let inputs = match network.input_size() {
            size if size == self.observation.len() => Cow::Borrowed(self.observation.as_slice()),
            size => network_inputs(&Space::discrete(size), &self.observation),
        };
        let mut value = [f32::NAN];
        network.evaluate(&inputs, &mut value, &mut self.tape);
        Some(value[0])
    }

    fn moments(&self) -> Vec<f32> {
        let dims = self.head.action_dim();
        let (mut sums, mut squares) = (vec![0.0_f64; dims], vec![0.0_f64; dims]);
        let (mut rng, mut action) = (Stream::from_seed(0), vec![0.0; dims]);
        for _ in 0..DRAWS {
            self.head
                .sample(&self.output, &self.log_std, &mut rng, &mut action);
            for ((&a, sum), square) in action.iter().zip(&mut sums).zip(&mut squares) {
                *sum += f64::from(a);
                *square += f64::from(a).powi(2);
            }
        }
        let n = DRAWS as f64;
        let means: Vec<f64> = sums.iter().map(|sum| sum / n).collect();
        let deviations = squares.iter().zip(&means);
        let deviations =
            deviations.map(|(square, mean)| (square / n - mean * mean).max(0.0).sqrt());
        let deviations: Vec<f32> = deviations.map(|x| x as f32).collect();
        self.head.mode(&self.output, &mut action);
        action.into_iter().chain(deviations).collect()
    }
}

#[cfg(test)]
mod tests {
    use rl_core::BoxSpace;
    use rl_nets::{Activation, LayerWeights, MlpWeights, PolicyConfig};

    use super::*;

    fn outlook(space: Space) -> Outlook {
        let config = PolicyConfig::new(2, &space).with_hidden(1, 8, Activation::Tanh);
        Outlook::new(&PolicyFile {
            env: "mine".into(),
            algo: "vpg".into(),
            action_space: space,
            weights: config.draw(&mut Stream::from_seed(3)),
            normalization: None,
            value: None,
        })
    }

    #[test]
    fn a_value_is_that_of_the_network_beside_the_policy() {
        let mut outlook = outlook(Space::discrete(3));
        assert_eq!(outlook.of(&[0.5, -1.0]).1, None);
        let layer = LayerWeights {
            input_size: 2,
            output_size: 1,
            weight: vec![2.0, 3.0],
            bias: vec![10.0],
            norm: None,
        };
        outlook.value = Some(HostMlp::new(&MlpWeights {
            layers: vec![layer],
            activation: Activation::Tanh,
            output_activation: Activation::Identity,
        }));
        assert_eq!(outlook.of(&[0.5, -1.0]).1, Some(8.0));
    }

    #[test]
    fn probabilities_of_a_discrete_policy_sum_to_one() {
        let mut outlook = outlook(Space::discrete(3));
        assert_eq!(outlook.kind(), OutlookKind::Probabilities);
        let (probabilities, _) = outlook.of(&[0.5, -1.0]);
        assert_eq!(probabilities.len(), 3);
        assert!((probabilities.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        assert_ne!(probabilities, outlook.of(&[2.0, 1.0]).0);
    }

    #[test]
    fn mode_and_deviation_of_a_gaussian_are_its_mean_and_near_its_parameter() {
        let mut outlook = outlook(Space::Box(BoxSpace::symmetric([1.0, 2.0])));
        assert_eq!(outlook.kind(), OutlookKind::ModeAndDeviation);
        let (numbers, _) = outlook.of(&[0.5, -1.0]);
        // ln σ is 0; 99.9 % of 200 draws: 3.29 standard errors.
        let error = 3.29 / 400_f32.sqrt();
        for i in 0..2 {
            assert_eq!(numbers[i], outlook.output[i]);
            assert!((numbers[2 + i] - 1.0).abs() < error, "{numbers:?}");
        }
    }
}

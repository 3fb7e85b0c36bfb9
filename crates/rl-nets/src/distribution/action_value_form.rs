//! Forms in which the outputs of a network are action values.

#[cfg(feature = "burn")]
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

/// Form in which the outputs of a network are the values `Q(s, a)` of `n` actions. Each value is a linear function of
/// the outputs, so that a network of any form can be [folded](crate::MlpWeights::into_action_values) into a plain one.
///
/// ```
/// use rl_nets::ActionValueForm;
///
/// let dueling = ActionValueForm::Dueling;
/// assert_eq!(dueling.outputs(2), 3);
/// // Advantages 1 and 3, value 10: their mean is taken from the advantages.
/// let mut values = [0.0; 2];
/// dueling.values(&[1.0, 3.0, 10.0], &mut values);
/// assert_eq!(values, [9.0, 11.0]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ActionValueForm {
    /// An output for each action, its value.
    #[default]
    Plain,
    /// `n` advantages `A` and, as the last output, `V`: `Q(s, a) = V(s) + A(s, a) - mean_b A(s, b)` (Wang et al. 2016,
    /// "Dueling network architectures for deep reinforcement learning", eq. 9).
    Dueling,
    /// So many quantiles of the return of each action, action by action, whose mean is its value (Dabney et al. 2018,
    /// "Distributional reinforcement learning with quantile regression").
    Quantiles(usize),
}

impl ActionValueForm {
    /// Number of outputs for `actions` actions.
    pub fn outputs(self, actions: usize) -> usize {
        match self {
            Self::Plain => actions,
            Self::Dueling => actions + 1,
            Self::Quantiles(n) => actions * n,
        }
    }

    /// Numbers that are learned of an action: 1, or the number of quantiles.
    pub fn quantiles(self) -> usize {
        match self {
            Self::Plain | Self::Dueling => 1,
            Self::Quantiles(n) => n,
        }
    }

    /// The value of an action, from the outputs `[outputs]`; 0 for one that does not exist.
    #[inline]
    pub fn value(self, outputs: &[f32], action: usize) -> f32 {
        let at = |index: usize| outputs.get(index).copied().unwrap_or_default();
        match self {
            Self::Plain => at(action),
            Self::Dueling => match outputs.split_last() {
                Some((value, advantages)) if action < advantages.len() => {
                    value + at(action) - mean(advantages)
                }
                _ => 0.0,
            },
            Self::Quantiles(n) => mean(outputs.get(action * n..(action + 1) * n).unwrap_or(&[])),
        }
    }

    /// Writes the values of all actions, `[actions]`, from the outputs `[outputs]`.
    pub fn values(self, outputs: &[f32], values: &mut [f32]) {
        match (self, outputs.split_last()) {
            (Self::Dueling, Some((state, advantages))) => {
                let base = state - mean(advantages);
                for (value, advantage) in values.iter_mut().zip(advantages) {
                    *value = base + advantage;
                }
            }
            _ => {
                for (action, value) in values.iter_mut().enumerate() {
                    *value = self.value(outputs, action);
                }
            }
        }
    }

    /// Adds the derivatives by the outputs, `[outputs]`, where `derivative` is that by the value of an action.
    #[inline]
    pub fn add_derivative(self, d_outputs: &mut [f32], action: usize, derivative: f32) {
        match self {
            Self::Plain => {
                if let Some(d) = d_outputs.get_mut(action) {
                    *d += derivative;
                }
            }
            Self::Dueling => {
                if let Some((d_value, d_advantages)) = d_outputs.split_last_mut()
                    && action < d_advantages.len()
                {
                    *d_value += derivative;
                    let share = derivative / d_advantages.len() as f32;
                    for (other, d) in d_advantages.iter_mut().enumerate() {
                        *d += if other == action {
                            derivative - share
                        } else {
                            -share
                        };
                    }
                }
            }
            Self::Quantiles(n) => {
                let quantiles = d_outputs.get_mut(action * n..(action + 1) * n);
                for d in quantiles.unwrap_or(&mut []) {
                    *d += derivative / n as f32;
                }
            }
        }
    }

    /// The quantiles of all actions, `[batch, actions, quantiles]`, from the outputs `[batch, outputs]`: the value alone
    /// where no distribution is learned.
    #[cfg(feature = "burn")]
    pub fn quantiles_on_device(self, outputs: Tensor<2>) -> Tensor<3> {
        let [batch, width] = outputs.dims();
        match self {
            Self::Plain => outputs.unsqueeze_dim(2),
            Self::Dueling => {
                let advantages = outputs.clone().narrow(1, 0, width - 1);
                let value = outputs.narrow(1, width - 1, 1);
                let mean = advantages.clone().mean_dim(1);
                (advantages + (value - mean)).unsqueeze_dim(2)
            }
            Self::Quantiles(n) => outputs.reshape([batch, width / n, n]),
        }
    }
}

#[inline]
fn mean(numbers: &[f32]) -> f32 {
    numbers.iter().sum::<f32>() / numbers.len().max(1) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMS: [ActionValueForm; 3] = [
        ActionValueForm::Plain,
        ActionValueForm::Dueling,
        ActionValueForm::Quantiles(5),
    ];

    #[test]
    fn derivatives_are_those_of_the_value() {
        let outputs: Vec<f32> = (0..15).map(|i| (i * i % 7) as f32).collect();
        for form in FORMS {
            let outputs = &outputs[..form.outputs(3)];
            for action in 0..3 {
                let mut derivatives = vec![0.0; outputs.len()];
                form.add_derivative(&mut derivatives, action, 2.0);
                for (i, d) in derivatives.iter().enumerate() {
                    let mut moved = outputs.to_vec();
                    moved[i] += 0.5;
                    let change = form.value(&moved, action) - form.value(outputs, action);
                    assert!((d - 2.0 * change / 0.5).abs() < 1e-5, "{form:?} {i}");
                }
            }
            let mut none = vec![0.0; outputs.len()];
            form.add_derivative(&mut none, 3, 1.0);
            assert!(none.iter().all(|d| *d == 0.0), "no action 3 of 3");
        }
    }
}

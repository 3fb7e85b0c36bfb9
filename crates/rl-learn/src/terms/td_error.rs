//! The error of action values.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::{Derivatives, FusedTerm, Input, Minibatch, Row, Term, UpdateError, words};

/// Loss of a temporal-difference error `δ`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TdLoss {
    /// `½ δ²` up to 1 in size, `|δ| - ½` beyond it: the error clipped to ±1 of Mnih et al. 2015.
    #[default]
    Huber,
    /// `δ²`.
    Squared,
}

words!(TdLoss: Huber, Squared);

/// Loss of the temporal-difference errors `δₜ = Q(oₜ, aₜ) - yₜ`, `1/N Σₜ wₜ f(δₜ)`, with the targets `yₜ` as they are
/// given: no gradient flows through them (Mnih et al. 2015, "Human-level control through deep
/// reinforcement learning", algorithm 1; with the importance weights `wₜ` of Schaul et al. 2016,
/// "Prioritized experience replay").
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TdError {
    /// Its factor in the loss.
    pub coefficient: f32,
    /// The loss of an error, `f`.
    pub loss: TdLoss,
    /// Weigh rows by the column of weights; otherwise every row counts as one.
    pub weighted: bool,
}

impl TdError {
    /// The loss of an error, and its derivative.
    #[inline]
    fn at(self, error: f32) -> (f32, f32) {
        match self.loss {
            TdLoss::Squared => (error * error, 2.0 * error),
            TdLoss::Huber if error.abs() <= 1.0 => (0.5 * error * error, error),
            TdLoss::Huber => (error.abs() - 0.5, error.signum()),
        }
    }
}

impl Term for TdError {
    fn name(&self) -> &'static str {
        "td_loss"
    }

    fn coefficient(&self) -> f32 {
        self.coefficient
    }

    fn inputs(&self) -> &'static [Input] {
        match self.weighted {
            false => &[Input::Target, Input::ActionValue],
            true => &[Input::Target, Input::Weight, Input::ActionValue],
        }
    }

    fn tape(&self, minibatch: &Minibatch) -> Result<Tensor<1>, UpdateError> {
        let errors = minibatch.action_value()? - minibatch.targets()?;
        let losses = match self.loss {
            TdLoss::Squared => errors.square(),
            TdLoss::Huber => {
                // With q = min(|δ|, 1), q (|δ| - ½ q) is both branches in one.
                let size = errors.abs();
                let q = size.clone().clamp_max(1.0);
                q.clone() * (size - q.mul_scalar(0.5))
            }
        };
        Ok(match self.weighted {
            false => losses.mean(),
            true => (losses * minibatch.weights()?).mean(),
        })
    }

    fn fused(&self) -> Option<&dyn FusedTerm> {
        Some(self)
    }
}

impl FusedTerm for TdError {
    fn differentiate(&self, row: &Row, scale: f32, derivatives: &mut Derivatives) -> f32 {
        let (loss, slope) = self.at(row.action_value - row.target);
        let weight = if self.weighted { row.weight } else { 1.0 };
        derivatives.action_value += weight * slope * scale;
        weight * loss
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn term(loss: TdLoss) -> TdError {
        TdError {
            coefficient: 1.0,
            loss,
            weighted: false,
        }
    }

    #[test]
    fn the_huber_loss_is_a_parabola_up_to_one_and_a_line_beyond() {
        for (error, expected) in [
            (0.5, (0.125, 0.5)),
            (-1.0, (0.5, -1.0)),
            (3.0, (2.5, 1.0)),
            (-3.0, (2.5, -1.0)),
        ] {
            assert_eq!(term(TdLoss::Huber).at(error), expected);
        }
        assert_eq!(term(TdLoss::Squared).at(-3.0), (9.0, -6.0));
    }

    #[test]
    fn a_row_counts_by_its_weight_only_where_rows_are_weighted() {
        let row = Row {
            action_value: 2.0,
            target: 0.5,
            weight: 0.25,
            ..Row::default()
        };
        for (weighted, loss, slope) in [(false, 2.25, 1.5), (true, 0.5625, 0.375)] {
            let mut derivatives = Derivatives::default();
            let term = TdError {
                weighted,
                ..term(TdLoss::Squared)
            };
            assert_eq!(term.differentiate(&row, 0.5, &mut derivatives), loss);
            assert_eq!(derivatives.action_value, slope);
        }
    }
}

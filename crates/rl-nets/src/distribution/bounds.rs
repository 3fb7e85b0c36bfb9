//! Bounds of a box on a device.

use burn::tensor::{Device, Tensor, TensorData};

use super::marginal::{EDGE, Interval};

/// Lower bounds, upper bounds and logarithms of the widths of a box, `[1, action_dim]` each.
#[derive(Clone, Debug)]
pub(super) struct Bounds {
    low: Tensor<2>,
    high: Tensor<2>,
    log_width: Tensor<2>,
}

impl Bounds {
    pub(super) fn new(intervals: &[Interval], device: &Device) -> Self {
        let row = |number: fn(&Interval) -> f32| {
            let numbers: Vec<f32> = intervals.iter().map(number).collect();
            Tensor::from_data(TensorData::new(numbers, [1, intervals.len()]), device)
        };
        Self {
            low: row(|interval| interval.low),
            high: row(|interval| interval.high),
            log_width: row(|interval| interval.log_width),
        }
    }

    /// `ln (high − low)`, `[1, action_dim]`.
    pub(super) fn log_width(&self) -> Tensor<2> {
        self.log_width.clone()
    }

    /// Logarithms of the shares of the box below and above each action, `[batch, action_dim]` both;
    /// the shares are those of [`Interval::shares`].
    pub(super) fn log_shares(&self, actions: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let width = self.high.clone() - self.low.clone();
        let share = |length: Tensor<2>| (length / width.clone()).clamp(EDGE, 1.0 - EDGE).log();
        (
            share(actions.clone() - self.low.clone()),
            share(self.high.clone() - actions),
        )
    }
}

#[cfg(test)]
impl Bounds {
    /// Actions with these shares of the box below them, `[batch, action_dim]` both.
    pub(super) fn at(&self, shares: Tensor<2>) -> Tensor<2> {
        let width = self.high.clone() - self.low.clone();
        // Rounding may step over a bound.
        (self.low.clone() + shares * width)
            .max_pair(self.low.clone())
            .min_pair(self.high.clone())
    }
}

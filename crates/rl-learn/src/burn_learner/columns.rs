//! Samples on a device.

use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::Samples;

/// All columns of the samples in one tensor, `[steps, width]`; those that are missing have no
/// width.
pub(super) struct SampleTensor {
    all: Tensor<2>,
    /// Widths of observations, actions, advantages, log-probs, targets and values.
    widths: [usize; 7],
}

/// Columns of some rows.
pub(super) struct ColumnTensors {
    pub observations: Tensor<2>,
    pub actions: Option<Tensor<2>>,
    pub advantages: Option<Tensor<1>>,
    pub log_probs: Option<Tensor<1>>,
    pub targets: Option<Tensor<2>>,
    pub values: Option<Tensor<1>>,
    pub weights: Option<Tensor<1>>,
}

impl SampleTensor {
    /// One transfer to the device.
    pub fn upload(samples: &Samples<'_>, steps: usize, device: &Device) -> Self {
        let columns = [
            samples.observations,
            samples.actions,
            samples.advantages,
            samples.log_probs,
            samples.targets,
            samples.values,
            samples.weights,
        ];
        let widths = columns.map(|column| column.len() / steps.max(1));
        let width: usize = widths.iter().sum();
        let mut rows = Vec::with_capacity(steps * width);
        for t in 0..steps {
            for (column, width) in columns.iter().zip(widths) {
                rows.extend_from_slice(&column[t * width..(t + 1) * width]);
            }
        }
        let data = TensorData::new(rows, [steps, width]);
        Self {
            all: Tensor::from_data(data, device),
            widths,
        }
    }

    /// The columns of the rows with these indices, or of all.
    pub fn columns(&self, rows: Option<Tensor<1, Int>>) -> ColumnTensors {
        let rows = match rows {
            None => self.all.clone(),
            Some(indices) => self.all.clone().select(0, indices),
        };
        self.split(rows)
    }

    /// The columns of consecutive rows.
    pub fn range(&self, start: usize, length: usize) -> ColumnTensors {
        self.split(self.all.clone().narrow(0, start, length))
    }

    fn split(&self, rows: Tensor<2>) -> ColumnTensors {
        let mut start = 0;
        let mut columns = self.widths.map(|width| {
            let column = (width > 0).then(|| rows.clone().narrow(1, start, width));
            start += width;
            column
        });
        let mut single = |index: usize| {
            columns[index]
                .take()
                .map(|column| column.squeeze_dim::<1>(1))
        };
        let (advantages, log_probs) = (single(2), single(3));
        let (values, weights) = (single(5), single(6));
        let [observations, actions, _, _, targets, ..] = columns;
        ColumnTensors {
            observations: observations.unwrap_or(rows),
            actions,
            advantages,
            log_probs,
            targets,
            values,
            weights,
        }
    }
}

/// Shifts and scales to mean 0 and deviation 1, as [`normalize`](rl_core::normalize) does.
pub(super) fn normalized(advantages: Tensor<1>) -> Tensor<1> {
    let centred = advantages.clone() - advantages.mean();
    let deviation = centred.clone().square().mean().sqrt();
    centred / deviation.add_scalar(1e-8)
}

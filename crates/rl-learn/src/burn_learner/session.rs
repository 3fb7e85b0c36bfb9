//! Sessions on a device.

use std::ops::Range;

use burn::tensor::{Int, Tensor};

use super::columns::{SampleTensor, normalized};
use super::device_networks::DeviceNetworks;
use super::transfer::{download_all, vector};
use crate::error::finite;
use crate::learner::check_rows;
use crate::{Measurements, Session, Term, UpdateError};

/// Session on a device: gradients, steps and measurements stay on the device.
pub(super) struct BurnSession<'a> {
    learner: &'a mut DeviceNetworks,
    samples: SampleTensor,
    /// The rows as minibatches take them; `None` for their own order.
    order: Option<Tensor<1, Int>>,
    /// Number of rows of the order.
    rows: usize,
    /// Number of rows of a minibatch, at most.
    largest: usize,
    terms: &'a [&'a dyn Term],
    /// Measurements on the device: those of each gradient, then its norm.
    pending: Vec<Tensor<1>>,
    /// The gradient that no step was taken down yet, and whether its measurements wait for its
    /// norm.
    gradient: Option<(Tensor<1>, bool)>,
    moved: bool,
}

impl<'a> BurnSession<'a> {
    pub fn new(
        learner: &'a mut DeviceNetworks,
        samples: SampleTensor,
        order: Option<Tensor<1, Int>>,
        (rows, largest): (usize, usize),
        terms: &'a [&'a dyn Term],
    ) -> Self {
        Self {
            learner,
            samples,
            order,
            rows,
            largest,
            terms,
            pending: Vec::new(),
            gradient: None,
            moved: false,
        }
    }

    /// The rest of the measurements, and the new parameters if they have moved: one download.
    pub fn finish(mut self) -> Result<Vec<Measurements>, UpdateError> {
        self.complete();
        let pending = std::mem::take(&mut self.pending);
        if !self.moved {
            return self.fetch(pending);
        }
        // Never an empty tensor.
        let pad = Tensor::zeros([1], &self.learner.device);
        let pending = Tensor::cat([pending, vec![pad]].concat(), 0);
        let [numbers, flat] = download_all([pending, self.learner.flat.clone()])?;
        self.learner.publish(&flat)?;
        self.measured(&numbers)
    }

    /// Adds the norm of a gradient whose measurements wait for it.
    fn complete(&mut self) {
        if let Some((gradient, waits @ true)) = &mut self.gradient {
            self.pending.push(gradient.clone().square().sum().sqrt());
            *waits = false;
        }
    }

    fn fetch(&self, pending: Vec<Tensor<1>>) -> Result<Vec<Measurements>, UpdateError> {
        if pending.is_empty() {
            return Ok(Vec::new());
        }
        let [numbers] = download_all([Tensor::cat(pending, 0)])?;
        self.measured(&numbers)
    }

    /// Measurements as they come from the device.
    fn measured(&self, numbers: &[f32]) -> Result<Vec<Measurements>, UpdateError> {
        let terms = self.terms.len();
        let rows = numbers.chunks_exact(terms + 3).map(|row| {
            let number = |index: usize| f64::from(row[index]);
            let measured = Measurements {
                terms: (0..terms).map(number).collect(),
                approx_kl: number(terms),
                ratio_error: number(terms + 1),
                grad_norm: number(terms + 2),
            };
            measured.check(self.terms)?;
            Ok(measured)
        });
        rows.collect()
    }
}

impl Session for BurnSession<'_> {
    fn gradient(
        &mut self,
        rows: Range<usize>,
        normalize_advantages: bool,
    ) -> Result<(), UpdateError> {
        check_rows(&rows, self.rows, self.largest)?;
        self.complete();
        let mut columns = match &self.order {
            Some(order) => {
                let indices = order.clone().narrow(0, rows.start, rows.len());
                self.samples.columns(Some(indices))
            }
            None if rows.len() == self.rows => self.samples.columns(None),
            None => self.samples.range(rows.start, rows.len()),
        };
        if normalize_advantages {
            columns.advantages = columns.advantages.map(normalized);
        }
        let (gradient, measured) = self.learner.differentiate(columns, self.terms)?;
        self.pending.extend(measured);
        self.gradient = Some((gradient, true));
        Ok(())
    }

    fn exchange(
        &mut self,
        change: &mut dyn FnMut(&mut [f32]) -> Result<(), UpdateError>,
    ) -> Result<(), UpdateError> {
        let (mut gradient, waits) = match self.gradient.take() {
            Some((gradient, waits)) => {
                let [gradient] = download_all([gradient])?;
                (gradient, waits)
            }
            None => (vec![0.0; self.learner.networks.len()], false),
        };
        change(&mut gradient)?;
        finite("gradient", &gradient)?;
        self.gradient = Some((vector(gradient, &self.learner.device), waits));
        Ok(())
    }

    fn step(&mut self, learning_rate: f64) -> Result<(), UpdateError> {
        let (gradient, waits) = self.gradient.take().ok_or(UpdateError::NoGradient)?;
        let norm = self.learner.step(gradient, learning_rate);
        if waits {
            self.pending.push(norm);
        }
        self.moved = true;
        Ok(())
    }

    fn measurements(&mut self) -> Result<Vec<Measurements>, UpdateError> {
        self.complete();
        let pending = std::mem::take(&mut self.pending);
        self.fetch(pending)
    }
}

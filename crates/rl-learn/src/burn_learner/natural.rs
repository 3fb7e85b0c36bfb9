//! Natural gradients on a device.

use burn::tensor::{Tensor, TensorData, Transaction};
use rl_nets::ActorCritic;

use super::columns::SampleTensor;
use super::device_networks::DeviceNetworks;
use super::transfer::{download, download_all};
use crate::error::finite;
use crate::{Batch, Measurements, Samples, Term, UpdateError};

impl DeviceNetworks {
    /// The gradient of a loss over all samples; see [`NaturalGradient`](crate::NaturalGradient).
    pub fn gradient_of_all(
        &self,
        samples: &Samples<'_>,
        terms: &[&dyn Term],
        gradient: &mut [f32],
    ) -> Result<Measurements, UpdateError> {
        let batch = Batch {
            samples: *samples,
            terms,
            ..Batch::default()
        };
        let steps = batch.check(&self.networks)?;
        let columns = SampleTensor::upload(samples, steps, &self.device).columns(None);
        let (flat, mut measured) = self.differentiate(columns, terms)?;
        measured.push(flat.clone().square().sum().sqrt());
        let [numbers, flat] = download_all([Tensor::cat(measured, 0), flat])?;
        let number = |index: usize| f64::from(numbers[index]);
        let n = terms.len();
        let measured = Measurements {
            terms: (0..n).map(number).collect(),
            approx_kl: number(n),
            ratio_error: number(n + 1),
            grad_norm: number(n + 2),
        };
        measured.check(terms)?;
        gradient.copy_from_slice(&flat);
        Ok(measured)
    }

    /// `F v`; see [`NaturalGradient`](crate::NaturalGradient).
    pub fn fisher_vector_product(
        &self,
        observations: &[f32],
        vector: &[f32],
        product: &mut [f32],
    ) -> Result<(), UpdateError> {
        product.fill(0.0);
        let steps = observations.len() / self.networks.observation_dim();
        if steps == 0 {
            return Err(UpdateError::NoExperience);
        }
        let Some(head) = self.networks.head().cloned() else {
            return Ok(());
        };
        let samples = Samples {
            observations,
            ..Samples::default()
        };
        let columns = SampleTensor::upload(&samples, steps, &self.device).columns(None);
        let mut direction = self.networks.clone();
        direction.set_flat(vector);
        let along = self.module.policy_output_along(
            columns.observations,
            &ActorCritic::from_networks(&direction, &self.device),
        );
        let (output, derivative) = along.ok_or(UpdateError::Unsupported(
            "a natural gradient needs a policy that is a multi-layer perceptron",
        ))?;
        let outputs = head.outputs();
        let transaction = Transaction::default()
            .register(output.clone().inner())
            .register(derivative);
        let on_host = download(transaction)?;
        let [at, along] = on_host.as_slice() else {
            return Err(UpdateError::Device("lost a tensor".into()));
        };
        let mut d_outputs = vec![0.0; steps * outputs];
        let mut d_log_std = vec![0.0; self.networks.log_std().len()];
        let rows = at.chunks_exact(outputs).zip(along.chunks_exact(outputs));
        for ((at, along), d_output) in rows.zip(d_outputs.chunks_exact_mut(outputs)) {
            head.fisher_product(
                at,
                self.networks.log_std(),
                along,
                direction.log_std(),
                d_output,
                &mut d_log_std,
            );
        }
        let data = TensorData::new(d_outputs, [steps, outputs]);
        let d_outputs = Tensor::<2>::from_data(data, &self.device);
        let mut total = (output * d_outputs).sum();
        if let Some(log_std) = self.module.log_std() {
            let data = TensorData::new(d_log_std.clone(), [d_log_std.len()]);
            total = total + (log_std * Tensor::<1>::from_data(data, &self.device)).sum();
        }
        let total = total.div_scalar(steps as f32);
        let flat = self.module.flat_gradient(Some(&total.backward()));
        let [on_host] = download_all([flat])?;
        product.copy_from_slice(&on_host);
        finite("product with the Fisher matrix", product)
    }
}

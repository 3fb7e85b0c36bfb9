//! Learning through Burn's tape, on any device.

mod columns;
mod device_networks;
mod device_optimizer;
mod module_optimizer;
mod natural;
mod session;
mod transfer;

use burn::tensor::{Device, Int, Tensor, TensorData, Transaction};
use rl_core::{State, StateError, StateReader, StateWriter};
use rl_nets::Networks;

use self::columns::SampleTensor;
use self::device_networks::DeviceNetworks;
use self::session::BurnSession;
use self::transfer::download;
use crate::error::check_evaluation;
use crate::samples::supports;
use crate::{
    Batch, Learner, Measurements, NaturalGradient, OptimizerConfig, Samples, SessionBody, Term,
    UpdateError,
};

/// The reference learner: Burn's modules, tape and optimizers, on the device it is given.
///
/// A session touches the device once in each direction: an upload of the samples and their order, a
/// download of the measurements and the new weights. Measurements that are asked for before its end,
/// as those of an epoch that may be the last, cost one more download.
pub struct BurnLearner(DeviceNetworks);

impl BurnLearner {
    pub(crate) fn new(networks: Networks, config: &OptimizerConfig, device: &Device) -> Self {
        Self(DeviceNetworks::new(networks, config, device))
    }
}

impl Learner for BurnLearner {
    fn networks(&self) -> &Networks {
        &self.0.networks
    }

    fn supports(&self, terms: &[&dyn Term]) -> Result<(), UpdateError> {
        supports(&self.0.networks, terms)
    }

    fn evaluate(
        &mut self,
        observations: &[f32],
        actions: &[f32],
        log_probs: &mut [f32],
        values: &mut [f32],
    ) -> Result<(), UpdateError> {
        let steps = observations.len() / self.0.networks.observation_dim();
        if steps == 0 {
            return Ok(());
        }
        let wanted = Samples {
            observations,
            actions: if log_probs.is_empty() { &[] } else { actions },
            ..Samples::default()
        };
        let columns = SampleTensor::upload(&wanted, steps, &self.0.device).columns(None);
        let outputs = self.0.module.forward(columns.observations);
        let mut transaction = Transaction::default();
        let mut wanted = Vec::with_capacity(2);
        if let (Some(policy), Some(actions)) = (outputs.policy, columns.actions) {
            transaction = transaction.register(policy.log_prob(actions).inner());
            wanted.push(&mut *log_probs);
        }
        if let Some(of_network) = outputs.values
            && !values.is_empty()
        {
            transaction = transaction.register(of_network.inner());
            wanted.push(&mut *values);
        }
        for (to, from) in wanted.into_iter().zip(download(transaction)?) {
            to.copy_from_slice(&from);
        }
        check_evaluation(log_probs, values)
    }

    fn session(
        &mut self,
        batch: &Batch<'_>,
        body: &mut SessionBody<'_>,
    ) -> Result<Vec<Measurements>, UpdateError> {
        let steps = batch.check(&self.0.networks)?;
        let samples = SampleTensor::upload(&batch.samples, steps, &self.0.device);
        let order = (!batch.order.is_empty()).then(|| {
            let indices: Vec<i32> = batch.order.iter().map(|&row| row as i32).collect();
            let data = TensorData::new(indices, [batch.order.len()]);
            Tensor::<1, Int>::from_data(data, &self.0.device)
        });
        let rows = match batch.order {
            [] => steps,
            order => order.len(),
        };
        let limits = (rows, batch.largest(steps));
        let mut session = BurnSession::new(&mut self.0, samples, order, limits, batch.terms);
        let outcome = body(&mut session);
        let rest = session.finish();
        outcome?;
        rest
    }

    fn set_parameters(&mut self, flat: &[f32]) {
        self.0.set_parameters(flat);
    }
}

impl NaturalGradient for BurnLearner {
    fn gradient(
        &mut self,
        samples: &Samples<'_>,
        terms: &[&dyn Term],
        gradient: &mut [f32],
    ) -> Result<Measurements, UpdateError> {
        self.0.gradient_of_all(samples, terms, gradient)
    }

    fn fisher_vector_product(
        &mut self,
        observations: &[f32],
        vector: &[f32],
        product: &mut [f32],
    ) -> Result<(), UpdateError> {
        self.0.fisher_vector_product(observations, vector, product)
    }
}

impl State for BurnLearner {
    fn save(&self, out: &mut dyn StateWriter) {
        self.0.save(out);
    }

    fn load(&mut self, from: &dyn StateReader) -> Result<(), StateError> {
        self.0.load(from)
    }
}

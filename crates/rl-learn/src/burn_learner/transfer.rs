//! Transfers between host and device.

use burn::tensor::{Device, Tensor, TensorData, Transaction};

use crate::UpdateError;

/// A vector on a device.
pub(super) fn vector(numbers: Vec<f32>, device: &Device) -> Tensor<1> {
    let length = numbers.len();
    Tensor::from_data(TensorData::new(numbers, [length]), device)
}

/// Everything registered, in order.
pub(super) fn download(transaction: Transaction) -> Result<Vec<Vec<f32>>, UpdateError> {
    let failed = |error: &dyn std::fmt::Display| UpdateError::Device(error.to_string());
    let data = transaction.try_execute().map_err(|error| failed(&error))?;
    data.into_iter()
        .map(|data| data.try_to_vec::<f32>().map_err(|error| failed(&error)))
        .collect()
}

/// As many vectors as were registered.
pub(super) fn download_all<const N: usize>(
    tensors: [Tensor<1>; N],
) -> Result<[Vec<f32>; N], UpdateError> {
    let transaction = tensors
        .into_iter()
        .fold(Transaction::default(), Transaction::register);
    let vectors = download(transaction)?;
    let lost = |_| UpdateError::Device("lost a tensor".into());
    vectors.try_into().map_err(lost)
}

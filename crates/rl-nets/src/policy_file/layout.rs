//! Layout of a policy file that reading and writing agree on.

/// Version of the layout.
pub(super) const FORMAT_VERSION: u32 = 1;

/// Name of the tensor of `ln σ`.
pub(crate) const LOG_STD: &str = "policy.log_std";
/// Name of the tensor of a table of action values, `[states, actions]`.
pub(super) const TABLE: &str = "q.table";
/// Name of the tensor of the observations' means.
pub(super) const NORM_MEAN: &str = "obs_norm.mean";
/// Key of the metadata that says if observations are normalised: `true` or `false`.
pub(super) const NORM: &str = "obs_norm";
/// Name of the tensor of the observations' variances.
pub(super) const NORM_VAR: &str = "obs_norm.var";

/// Name of the policy's network.
pub(super) const POLICY: &str = "policy";
/// Name of the value function's network.
pub(super) const VALUE: &str = "value";
/// Key of the metadata that names the activation between the layers of the value function.
pub(super) const VALUE_ACTIVATION: &str = "value_activation";

/// Name of the tensor of the weight of a network's layer.
pub(super) fn weight_name(network: &str, layer: usize) -> String {
    format!("{network}.layers.{layer}.weight")
}

/// Name of the tensor of the bias of a network's layer.
pub(super) fn bias_name(network: &str, layer: usize) -> String {
    format!("{network}.layers.{layer}.bias")
}

/// Name of the tensor of the scale of a layer's normalisation.
pub(super) fn norm_weight_name(network: &str, layer: usize) -> String {
    format!("{network}.layers.{layer}.norm.weight")
}

/// Name of the tensor of the offset of a layer's normalisation.
pub(super) fn norm_bias_name(network: &str, layer: usize) -> String {
    format!("{network}.layers.{layer}.norm.bias")
}

/// The transpose `[columns, rows]` of a matrix `[rows, columns]`: weights are `[in, out]` in memory
/// and `[out, in]` in the file.
pub(super) fn transpose(matrix: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    (0..columns)
        .flat_map(|j| (0..rows).map(move |i| matrix[i * columns + j]))
        .collect()
}

/// Numbers as the metadata has them: `[0, 1.5]`.
pub(super) fn format_list(xs: &[f32]) -> String {
    let xs: Vec<String> = xs.iter().map(f32::to_string).collect();
    format!("[{}]", xs.join(", "))
}

/// The numbers of a list in the metadata; `None` for another text.
pub(super) fn parse_list(text: &str) -> Option<Vec<f32>> {
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    inner.split(',').map(|x| x.trim().parse().ok()).collect()
}

/// Refuses numbers of a tensor that are not finite, or whose squares are not: sums over a layer would
/// not be, whatever is observed.
pub(super) fn check_weights(name: &str, numbers: &[f32]) -> Result<(), String> {
    match numbers.iter().find(|x| !(*x * *x).is_finite()) {
        None => Ok(()),
        Some(number) => {
            let most = f32::MAX.sqrt();
            Err(format!(
                "{name} holds {number}; its numbers are finite, and within ±{most:e}"
            ))
        }
    }
}

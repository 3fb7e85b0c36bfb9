//! Contents of a policy file, in memory.

use rl_core::collect::Normalization;
use rl_core::{ActionChoice, RunningMoments, Space, Transformed};

use crate::{Actor, MlpWeights, PolicyWeights};

/// Policy on disk, with everything that its use needs.
///
/// The file is a safetensors file. Tensors: `policy.layers.{i}.weight` of shape `[out, in]` and
/// `policy.layers.{i}.bias`, as `torch.nn.Linear` has them; `policy.layers.{i}.norm.weight` and `.norm.bias`, of shape
/// `[out]`, as `torch.nn.LayerNorm` has them, where the outputs of a hidden layer are normalised before their activation;
/// `policy.log_std` where `ln σ` is a
/// parameter ([`Head::has_log_std`](crate::Head::has_log_std)), and `obs_norm.mean` and
/// `obs_norm.var` where observations are normalised, to `clip((o − mean) / √(var + 1e-8), ±10)`. A value function that
/// was learned beside the policy is `value.layers.{i}.weight`, `.bias` and so on, of the same observations, with one output.
/// Metadata: `env`, `algo`, `activation`, `output_activation`, `distribution`
/// ([`DistributionKind::name`](crate::DistributionKind::name)), `action_low`, `action_high` (lists;
/// of indices for a discrete space), `obs_norm` (`true` or `false`), `value_activation` (between the layers of the value
/// function) and `format_version`. Anything else
/// among the tensors is an error.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyFile {
    /// Name of the environment that the policy was trained on.
    pub env: String,
    /// Name of the algorithm that trained it.
    pub algo: String,
    /// Space of its actions.
    pub action_space: Space,
    /// Its weights.
    pub weights: PolicyWeights,
    /// Moments that normalise observations before the network sees them, where it was trained so.
    /// The file holds what [`RunningMoments::frozen`] leaves of them.
    pub normalization: Option<RunningMoments>,
    /// Weights of the value function that was learned beside it, if one was. It sees what the policy's network sees; its
    /// unit is that of the rewards it learned from, which a run may have scaled or normalised.
    pub value: Option<MlpWeights>,
}

impl PolicyFile {
    /// The policy, acting on observations as the environment shows them.
    pub fn policy(&self, choice: ActionChoice) -> Transformed<Actor> {
        let actor = Actor::new(&self.weights).with_choice(choice);
        Transformed::new(actor, Normalization::new(self.normalization.as_ref()))
    }
}

//! Policy networks on Burn: multi-layer perceptrons, action distributions, the host actor, and
//! weights on disk.
//!
//! Weights are drawn on the host, from the run's own streams; they go to a device to learn and
//! come back to act. [`PolicyWeights`] is the plain form in between, which an [`Actor`] evaluates
//! without tensors, an [`ActorCritic`] holds on a device, and a [`PolicyFile`] keeps on disk.
//!
//! ```
//! use rl_core::{Discrete, Policy, Space, Stream};
//! use rl_nets::{Actor, PolicyConfig};
//!
//! let space = Space::Discrete(Discrete::new(2)?);
//! let weights = PolicyConfig::new(4, &space).draw(&mut Stream::from_seed(0));
//! let mut action = [0.0];
//! Actor::new(&weights).act(&[0.1, 0.0, -0.1, 0.0], &mut [Stream::from_seed(1)], &mut action);
//! assert!(space.contains(&action));
//! # Ok::<(), rl_core::error::SpaceError>(())
//! ```
//!
//! # Features
//! `flex` (the default), `ndarray`, `wgpu`, `vulkan`, `metal` and `cuda` compile Burn's backends
//! in. Without any, Burn is not compiled: what is left evaluates perceptrons on the host, and reads and writes the files
//! of policies. The feature `burn`, which each of them enables, asks for one of them.

#[cfg(all(
    feature = "burn",
    not(any(
        feature = "flex",
        feature = "ndarray",
        feature = "wgpu",
        feature = "vulkan",
        feature = "metal",
        feature = "cuda"
    ))
))]
compile_error!(
    "rl-nets needs a backend to compute on: enable at least one of its features `flex`, \
     `ndarray`, `wgpu`, `vulkan`, `metal`, `cuda`"
);

mod activation;
mod actor;
#[cfg(feature = "burn")]
mod actor_critic;
pub mod distribution;
mod encoding;
mod frozen_policy;
pub mod host;
mod initialization;
#[cfg(feature = "burn")]
mod mlp;
mod mlp_config;
#[cfg(feature = "burn")]
mod module_policy;
#[cfg(feature = "burn")]
mod network;
#[cfg(feature = "burn")]
mod network_weights;
#[cfg(feature = "burn")]
mod networks;
mod policy;
mod policy_file;
mod weights;

#[cfg(feature = "burn")]
pub use burn::tensor::Device;
pub use rl_core::ActionChoice;

pub use activation::Activation;
pub use actor::Actor;
#[cfg(feature = "burn")]
pub use actor_critic::{ActorCritic, Outputs};
pub use distribution::{ActionValueForm, DistributionKind, Head};
pub use encoding::network_inputs;
pub use initialization::Initialization;
#[cfg(feature = "burn")]
pub use mlp::{Mlp, MlpLayer, MlpNorm};
pub use mlp_config::MlpConfig;
#[cfg(feature = "burn")]
pub use network::{Forward, Network};
#[cfg(feature = "burn")]
pub use network_weights::{ModuleWeights, NetworkWeights};
#[cfg(feature = "burn")]
pub use networks::Networks;
pub use policy::PolicyConfig;
pub use policy_file::{PolicyFile, save_policy, sort_header};
pub use weights::{LayerWeights, MlpWeights, NormWeights, PolicyWeights};

/// Errors of networks and of the files of policies.
pub mod error {
    pub use crate::distribution::HeadError;
    #[cfg(feature = "burn")]
    pub use crate::network_weights::ModuleError;
    #[cfg(feature = "burn")]
    pub use crate::networks::NetworkSizeError;
    pub use crate::policy_file::PolicyFileError;
}

/// Returns `true` if vector instructions of this CPU multiply and add at once, as networks on the host
/// do. Without them the same bits take a hundred times as long.
pub fn has_fused_multiply_add() -> bool {
    !matches!(pulp::Arch::new(), pulp::Arch::Scalar)
}

/// Returns `true` if a device computes on the CPU.
#[cfg(feature = "burn")]
#[cfg_attr(
    feature = "ndarray",
    expect(deprecated, reason = "ndarray is offered as long as Burn has it")
)]
pub fn is_cpu(device: &Device) -> bool {
    let cpus: &[fn() -> Device] = &[
        #[cfg(feature = "flex")]
        Device::flex,
        #[cfg(feature = "ndarray")]
        Device::ndarray,
    ];
    cpus.iter().any(|cpu| *device == cpu())
}

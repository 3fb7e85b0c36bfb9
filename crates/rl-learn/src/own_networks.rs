//! Networks of a user's own.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use rl_core::{Purpose, Stream};
use rl_nets::error::ModuleError;
use rl_nets::{Device, Forward, ModuleWeights};

type Make = Arc<dyn Fn(&Device, usize) -> Made + Send + Sync>;
type Made = Result<ModuleWeights, ModuleError>;

/// Burn modules of a user's own, in place of perceptrons: a policy, a value function, or both. They
/// are learned on Burn's tape and act on their device.
///
/// A configuration holds functions that make them, since Burn's modules are not for several threads
/// at once. What they draw from Burn's random numbers depends on the seed of the run alone.
///
/// ```
/// use burn::module::Module;
/// use burn::nn::{Linear, LinearConfig};
/// use burn::tensor::Tensor;
/// use rl_learn::{NetworksConfig, OwnNetworks};
/// use rl_nets::Forward;
///
/// #[derive(Module, Debug)]
/// struct Layer {
///     linear: Linear,
/// }
///
/// impl Forward for Layer {
///     fn forward(&self, observations: Tensor<2>) -> Tensor<2> {
///         self.linear.forward(observations)
///     }
/// }
///
/// // Four numbers per observation, two actions.
/// let own = OwnNetworks::default()
///     .policy(|device| Layer { linear: LinearConfig::new(4, 2).init(device) });
/// let config = NetworksConfig { log_std: -0.5, ..own.into() };
/// assert_eq!(config, config.clone());
/// ```
#[derive(Clone, Default)]
pub struct OwnNetworks {
    policy: Option<Make>,
    value: Option<Make>,
}

impl OwnNetworks {
    /// Makes the policy by `make`, on the device that it is given. With layers shared with a value
    /// function, the last output is the value.
    #[must_use]
    pub fn policy<M: Forward>(
        mut self,
        make: impl Fn(&Device) -> M + Send + Sync + 'static,
    ) -> Self {
        self.policy = Some(erased(make));
        self
    }

    /// Makes the value function by `make`, on the device that it is given.
    #[must_use]
    pub fn value<M: Forward>(
        mut self,
        make: impl Fn(&Device) -> M + Send + Sync + 'static,
    ) -> Self {
        self.value = Some(erased(make));
        self
    }

    /// Returns `true` if the policy is a module.
    pub fn has_policy(&self) -> bool {
        self.policy.is_some()
    }

    /// Returns `true` if the value function is a module.
    pub fn has_value(&self) -> bool {
        self.value.is_some()
    }

    /// A new policy of the run with `seed`, for so many inputs; `None` if it is none of one's own.
    pub(crate) fn make_policy(&self, seed: u64, device: &Device, inputs: usize) -> Option<Made> {
        self.policy
            .as_ref()
            .map(|make| drawn(make, seed, 1, device, inputs))
    }

    /// A new value function, likewise.
    pub(crate) fn make_value(&self, seed: u64, device: &Device, inputs: usize) -> Option<Made> {
        self.value
            .as_ref()
            .map(|make| drawn(make, seed, 2, device, inputs))
    }
}

fn erased<M: Forward>(make: impl Fn(&Device) -> M + Send + Sync + 'static) -> Make {
    Arc::new(move |device, inputs| {
        let module = make(&device.clone().autodiff());
        ModuleWeights::new(module, inputs, device)
    })
}

/// Makes a module whose random numbers are those of the stream `(Initialization, index)`: Burn has
/// one generator for all.
fn drawn(make: &Make, seed: u64, index: u32, device: &Device, inputs: usize) -> Made {
    static GENERATOR: Mutex<()> = Mutex::new(());
    let _turn = GENERATOR.lock().unwrap_or_else(PoisonError::into_inner);
    let mut rng = Stream::derive(seed, Purpose::Initialization, index);
    device.seed(rng.next_f64().to_bits());
    make(device, inputs)
}

impl PartialEq for OwnNetworks {
    /// Returns `true` if they are made by the same functions.
    fn eq(&self, other: &Self) -> bool {
        let same = |a: &Option<Make>, b: &Option<Make>| match (a, b) {
            (None, None) => true,
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            _ => false,
        };
        same(&self.policy, &other.policy) && same(&self.value, &other.value)
    }
}

impl fmt::Debug for OwnNetworks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (policy, value) = (self.has_policy(), self.has_value());
        write!(f, "OwnNetworks {{ policy: {policy}, value: {value} }}")
    }
}

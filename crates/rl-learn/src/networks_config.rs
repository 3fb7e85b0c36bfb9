//! Configuration of the networks that an agent starts from.

use rl_core::{Purpose, Spaces, Stream};
use rl_nets::error::{ModuleError, NetworkSizeError};
use rl_nets::{
    ActionValueForm, Activation, Device, DistributionKind, Head, Initialization, MlpConfig,
    MlpWeights, NetworkWeights, Networks, PolicyConfig, PolicyWeights,
};

use crate::{ConfigError, OwnNetworks, Range, config, words};

words!(Activation: Identity, Relu, Tanh, LeakyRelu, Sigmoid, Selu, Softplus);
words!(Initialization: Orthogonal, Pytorch);
words!(DistributionKind: Categorical, DiagGaussian, StateGaussian, SquashedGaussian, Beta);

config! {
    /// Configuration of the networks that an agent starts from.
    ///
    /// ```
    /// use rl_core::{Space, Spaces};
    /// use rl_learn::{NetworksConfig, ValueLayers};
    /// use rl_nets::Device;
    ///
    /// let spaces = Spaces {
    ///     observation: Space::unbounded(4),
    ///     action: Space::discrete(2),
    /// };
    /// let config = NetworksConfig { size: 32, ..NetworksConfig::default() };
    /// let value = Some(ValueLayers::Separate);
    /// let networks = config.draw(&spaces, 0, value, &Device::flex())?;
    /// assert_eq!(networks.observation_dim(), 4);
    /// assert!(networks.has_value());
    /// # Ok::<(), rl_learn::ConfigError>(())
    /// ```
    pub struct NetworksConfig {
        /// Hidden layers of each network.
        pub n_layers: usize = 2, Range::Between(0.0, 16.0);
        /// Units per hidden layer.
        pub size: usize = 64, Range::Between(1.0, 4096.0);
        /// Activation of the hidden layers.
        pub activation: Activation = Activation::Tanh;
        /// Layer normalisation of the hidden layers, before their activation.
        pub layer_norm: bool = false;
        /// Distribution that weights are drawn from.
        pub initialization: Initialization = Initialization::Orthogonal;
        /// Distribution of the actions [default: categorical or diag-gaussian, by the space].
        pub distribution: Option<DistributionKind> = None;
        /// Initial ln σ of a Gaussian policy.
        pub log_std: f64 = 0.0, Range::Between(-20.0, 2.0);
        /// Seed of the initial weights; the run's without it.
        pub init_seed: Option<u64> = None;
        skip
        /// Policy to start from instead of random weights.
        pub start_from: Option<PolicyWeights> = None;
        skip
        /// Modules of one's own in place of these networks.
        pub own: OwnNetworks = OwnNetworks::default();
    }
}

impl From<OwnNetworks> for NetworksConfig {
    /// Modules of one's own, and otherwise the defaults.
    fn from(own: OwnNetworks) -> Self {
        Self {
            own,
            ..Self::default()
        }
    }
}

/// Layers of a value function beside a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueLayers {
    /// A network of its own.
    Separate,
    /// The policy's hidden layers, and an output of its own.
    Shared,
}

impl ValueLayers {
    /// The policy's hidden layers if they are shared.
    pub fn shared(shared: bool) -> Self {
        if shared { Self::Shared } else { Self::Separate }
    }
}

impl NetworksConfig {
    /// Draws the weights of a policy, then those that a value function adds, from the stream
    /// `(Initialization, 0)` of the run with `seed`. Modules of one's own are made on `device`.
    ///
    /// # Errors
    /// [`ConfigError`] for a distribution that the action space cannot have, or modules with other
    /// outputs than are needed.
    pub fn draw(
        &self,
        spaces: &Spaces,
        seed: u64,
        value: Option<ValueLayers>,
        device: &Device,
    ) -> Result<Networks, ConfigError> {
        let seed = self.init_seed.unwrap_or(seed);
        let rng = &mut Stream::derive(seed, Purpose::Initialization, 0);
        let config = self.policy(spaces)?;
        if self.own.has_policy() || self.own.has_value() {
            return self.draw_own(&config, seed, value, device, rng);
        }
        let policy = self.start(&config, rng)?;
        Ok(match value {
            None => Networks::policy(policy),
            Some(ValueLayers::Separate) => {
                Networks::separate(policy, self.value(&config, rng)).map_err(refused_size)?
            }
            Some(ValueLayers::Shared) => self.shared(&config, policy, rng)?,
        })
    }

    /// Draws the weights of a network of action values of the discrete actions, in some form, from
    /// the stream `(Initialization, 0)` of the run with `seed`. A module of one's own is made on `device`.
    ///
    /// # Errors
    /// [`ConfigError`] for continuous actions, or a module with other outputs.
    pub fn draw_action_values(
        &self,
        form: ActionValueForm,
        spaces: &Spaces,
        seed: u64,
        device: &Device,
    ) -> Result<Networks, ConfigError> {
        let seed = self.init_seed.unwrap_or(seed);
        let rng = &mut Stream::derive(seed, Purpose::Initialization, 0);
        let config = self.policy(spaces)?.with_action_values(form);
        let mut config = config.map_err(|_| {
            let allowed = "discrete, for a network of action values";
            ConfigError::new("actions", &spaces.action, allowed)
        })?;
        config.mlp.output_gain = 1.0;
        if form != ActionValueForm::Plain {
            let plain = "none, where a network is one's own or started from: its outputs are single action values";
            let (dueling, given) = (form == ActionValueForm::Dueling, form.quantiles());
            if self.own.has_policy() || self.start_from.is_some() {
                return Err(match dueling {
                    true => ConfigError::new("dueling", true, plain),
                    false => ConfigError::new("n_quantiles", given, plain),
                });
            }
        }
        if self.own.has_policy() || self.own.has_value() {
            return self.draw_own(&config, seed, None, device, rng);
        }
        Ok(Networks::policy(self.start(&config, rng)?))
    }

    /// The policy to start from; random weights are drawn in any case.
    fn start(&self, config: &PolicyConfig, rng: &mut Stream) -> Result<PolicyWeights, ConfigError> {
        let drawn = config.draw(rng);
        match &self.start_from {
            None => Ok(drawn),
            Some(policy) => fitting(policy, config),
        }
    }

    fn draw_own(
        &self,
        config: &PolicyConfig,
        seed: u64,
        value: Option<ValueLayers>,
        device: &Device,
        rng: &mut Stream,
    ) -> Result<Networks, ConfigError> {
        let refused =
            |given: &str, allowed: &str| Err(ConfigError::new("networks", given, allowed));
        let inputs = config.mlp.input_size;
        let shares_value = value == Some(ValueLayers::Shared);
        if self.own.has_value() && value != Some(ValueLayers::Separate) {
            let allowed = "none, without a value function that shares no layer with the policy";
            return refused("a value function of one's own", allowed);
        }
        if self.own.has_policy() && self.start_from.is_some() {
            return refused("a policy of one's own", "one of the two: start_from or own");
        }
        let head = config.head.clone();
        let (policy, log_std) = match self.own.make_policy(seed, device, inputs) {
            Some(module) => {
                let module = module.map_err(refused_module)?;
                let dim = head.action_dim();
                let log_std = head.has_log_std().then(|| vec![self.log_std as f32; dim]);
                (NetworkWeights::Module(module), log_std)
            }
            None => {
                let PolicyWeights { mlp, log_std, .. } = self.start(config, rng)?;
                (NetworkWeights::Mlp(mlp), log_std)
            }
        };
        let value = match (value, self.own.make_value(seed, device, inputs)) {
            (Some(ValueLayers::Separate), Some(module)) => {
                Some(NetworkWeights::Module(module.map_err(refused_module)?))
            }
            (Some(ValueLayers::Separate), None) => {
                Some(NetworkWeights::Mlp(self.value(config, rng)))
            }
            _ => None,
        };
        let networks = Networks::assemble(policy, (head, log_std), value, shares_value);
        networks.map_err(refused_size)
    }

    /// Configuration of the policy.
    ///
    /// # Errors
    /// As [`draw`](Self::draw).
    pub fn policy(&self, spaces: &Spaces) -> Result<PolicyConfig, ConfigError> {
        let config = PolicyConfig {
            log_std: self.log_std as f32,
            ..PolicyConfig::new(spaces.observation.network_inputs(), &spaces.action)
        };
        let config = match self.distribution {
            None => config,
            Some(kind) => config.with_distribution(kind).map_err(|_| {
                let possible = DistributionKind::ALL.into_iter();
                let possible = possible.filter(|kind| kind.fits(&spaces.action));
                let names: Vec<&str> = possible.map(DistributionKind::name).collect();
                let allowed = format!("{} for the actions {}", names.join(", "), spaces.action);
                ConfigError::new("distribution", kind.name(), allowed)
            })?,
        };
        Ok(config
            .with_hidden(self.n_layers, self.size, self.activation)
            .with_layer_norm(self.layer_norm)
            .with_initialization(self.initialization))
    }

    fn value(&self, policy: &PolicyConfig, rng: &mut Stream) -> MlpWeights {
        let config = MlpConfig {
            output_size: 1,
            output_gain: 1.0,
            ..policy.mlp.clone()
        };
        config.draw(rng)
    }

    fn shared(
        &self,
        config: &PolicyConfig,
        policy: PolicyWeights,
        rng: &mut Stream,
    ) -> Result<Networks, ConfigError> {
        let output = policy.mlp.layers.last();
        let inputs = output.map_or(config.mlp.input_size, |layer| layer.input_size);
        let head = MlpConfig {
            input_size: inputs,
            output_size: 1,
            n_layers: 0,
            output_gain: 1.0,
            ..config.mlp.clone()
        };
        Networks::shared(policy, &head.draw(rng).layers[0]).map_err(refused_size)
    }
}

/// The error of networks that don't go together.
fn refused_size(error: NetworkSizeError) -> ConfigError {
    let given = format!("a {} with {} {}", error.of, error.found, error.side);
    ConfigError::new(
        "networks",
        given,
        format!("{} {}", error.expected, error.side),
    )
}

/// The error of a module that panics on the environment's observations.
fn refused_module(error: ModuleError) -> ConfigError {
    let allowed = format!("one for observations of {} numbers", error.input_size);
    ConfigError::new(
        "networks",
        format!("a module that panics ({})", error.message),
        allowed,
    )
}

/// A policy to start from, if it is one for these spaces and this distribution.
fn fitting(policy: &PolicyWeights, config: &PolicyConfig) -> Result<PolicyWeights, ConfigError> {
    let described = |inputs: usize, head: &Head| {
        let (kind, space) = (head.kind().name(), head.space());
        format!("a {kind} policy of {inputs} inputs for the actions {space}")
    };
    let (found, wanted) = (
        described(policy.mlp.input_size(), &policy.head),
        described(config.mlp.input_size, &config.head),
    );
    ConfigError::unless(found == wanted, "init_from", found, &wanted)?;
    Ok(policy.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rl_core::Space;

    #[test]
    fn hidden_layers_alone_are_normalised_in_every_network() {
        let spaces = Spaces {
            observation: Space::unbounded(3),
            action: Space::discrete(2),
        };
        let config = NetworksConfig {
            layer_norm: true,
            ..NetworksConfig::default()
        };
        let plain = NetworksConfig::default();
        let norms = |networks: &Networks| -> Vec<bool> {
            let mlps = networks.mlps().unwrap();
            let layers = mlps.iter().flat_map(|mlp| &mlp.layers);
            layers.map(|layer| layer.norm.is_some()).collect()
        };
        let (device, hidden) = (Device::flex(), [true, true, false]);
        for value in [None, Some(ValueLayers::Separate), Some(ValueLayers::Shared)] {
            let networks = config.draw(&spaces, 0, value, &device).unwrap();
            let count = networks.networks().len();
            assert_eq!(norms(&networks), hidden.repeat(count));
            let without = plain.draw(&spaces, 0, value, &device).unwrap();
            assert_eq!(networks.len(), without.len() + count * 2 * 2 * 64);
        }
        let values = config
            .draw_action_values(ActionValueForm::Plain, &spaces, 0, &device)
            .unwrap();
        assert_eq!(norms(&values), hidden);
    }

    #[test]
    fn a_seed_of_its_own_draws_the_same_weights_whatever_the_runs_seed() {
        let spaces = Spaces {
            observation: Space::unbounded(3),
            action: Space::discrete(2),
        };
        let draw = |init_seed, seed| {
            let config = NetworksConfig {
                init_seed,
                ..NetworksConfig::default()
            };
            let networks = config.draw(&spaces, seed, None, &Device::flex()).unwrap();
            networks.flat()
        };
        assert_eq!(draw(Some(42), 0), draw(Some(42), 1));
        assert_eq!(draw(Some(42), 0), draw(None, 42));
        assert_ne!(draw(None, 0), draw(None, 1));
    }
}

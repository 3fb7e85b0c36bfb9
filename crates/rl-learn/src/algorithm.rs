//! Algorithms: configurations that are checked once, and that build an agent with its interaction.

use std::fmt::Debug;
use std::ops::Deref;
use std::sync::Arc;

use rl_core::collect::check_size;
use rl_core::{
    Agent, BoxError, Budget, CollectConfig, EnvironmentError, EnvironmentSource, Interact,
    LONGEST_EPISODE, Reduce, SingleProcess, Spaces, Threads, TransformConfig,
};
use rl_nets::{Device, Networks};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{ConfigError, Keys, NetworksConfig, Range, ScheduleSpan, ValueLayers};

/// Surroundings of an agent: what its configuration is checked against, and what it is built from.
///
/// ```
/// use rl_core::finite_mdp::{FiniteMdpEnvironment, chain};
/// use rl_core::Budget;
/// use rl_learn::Setup;
///
/// let mdp = chain(4, 1.0)?;
/// let setup = Setup {
///     environments: 2,
///     seed: 7,
///     ..Setup::new(move || FiniteMdpEnvironment::new(mdp.clone()), Budget::Steps(1000))?
/// };
/// assert_eq!(setup.spaces.action.flat_dim(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Setup {
    /// Spaces of the environments.
    pub spaces: Spaces,
    /// Number of environments side by side in this process.
    pub environments: usize,
    /// Seed of every stream of the run.
    pub seed: u64,
    /// Budget that schedules are annealed over.
    pub horizon: Budget,
    /// Threads to act and learn on.
    pub threads: Threads,
    /// Steps that an episode has at most, where whole episodes are gathered.
    pub longest_episode: usize,
    /// Source of the environments.
    pub source: Arc<dyn EnvironmentSource>,
    /// Processes that learn together.
    pub reduce: Arc<dyn Reduce>,
    /// Transform of observations and rewards.
    pub transform: TransformConfig,
    /// Networks that the agent starts from.
    pub networks: NetworksConfig,
    /// Device to learn on.
    pub device: Device,
}

impl Setup {
    /// Eight environments on one thread, seed 0, observations and rewards as they are, the default
    /// networks on the default device.
    ///
    /// # Errors
    /// [`EnvironmentError`] if no environment can be made.
    pub fn new(
        source: impl EnvironmentSource + 'static,
        horizon: Budget,
    ) -> Result<Self, EnvironmentError> {
        Ok(Self {
            spaces: source.make()?.spaces(),
            environments: 8,
            seed: 0,
            horizon,
            threads: Threads::default(),
            longest_episode: LONGEST_EPISODE,
            source: Arc::new(source),
            reduce: Arc::new(SingleProcess),
            transform: TransformConfig::default(),
            networks: NetworksConfig::default(),
            device: Device::default(),
        })
    }

    /// Configuration of the environments, in groups that draw the same numbers, with the discount of
    /// the returns that rewards are normalised by.
    pub fn collection(&self, group_size: usize, gamma: f64) -> CollectConfig {
        CollectConfig {
            source: Arc::clone(&self.source),
            environments: self.environments,
            group_size,
            seed: self.seed,
            threads: self.threads.clone(),
            transform: self.transform,
            gamma,
            longest_episode: self.longest_episode,
            reduce: Arc::clone(&self.reduce),
        }
    }

    /// Draws the networks that an agent starts from: see [`NetworksConfig::draw`].
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn draw_networks(&self, value: Option<ValueLayers>) -> Result<Networks, ConfigError> {
        self.networks
            .draw(&self.spaces, self.seed, value, &self.device)
    }

    /// Number of steps of a batch with so many of each environment, as the key says.
    ///
    /// # Errors
    /// [`ConfigError`] for more than can be numbered, or than fit into memory ([`check_size`]).
    pub fn steps(&self, key: &'static str, per_environment: usize) -> Result<usize, ConfigError> {
        check_size(self.environments, per_environment, &self.spaces).map_err(|error| {
            let allowed = format!("{} of {} environments", error.allowed, error.environments);
            ConfigError::new(key, per_environment, allowed)
        })
    }

    /// Refuses what no algorithm can learn with.
    fn check(&self) -> Result<(), ConfigError> {
        let (environments, longest) = (self.environments, self.longest_episode);
        ConfigError::check("environments", &environments, Range::ENVIRONMENTS)?;
        ConfigError::check("longest_episode", &longest, Range::AtLeast(1.0))?;
        let scale = self.transform.reward_scale;
        ConfigError::check("reward_scale", &scale, Range::NonZero)?;
        self.networks.check_ranges()?;
        self.networks.policy(&self.spaces).map(|_| ())
    }
}

/// A configuration that was checked, with the setup that it was checked against. Only
/// [`Algorithm::validate`] makes one.
#[derive(Clone)]
pub struct Valid<K> {
    config: K,
    setup: Setup,
}

impl<K> Valid<K> {
    /// The configuration.
    pub fn config(&self) -> &K {
        &self.config
    }

    /// The setup.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }
}

impl<K> Deref for Valid<K> {
    type Target = K;

    fn deref(&self) -> &K {
        &self.config
    }
}

/// Algorithm, by its configuration: its name, the setups that it can be run in, and the agent and the
/// interaction that it makes.
///
/// ```no_run
/// use rl_core::finite_mdp::{FiniteMdpEnvironment, chain};
/// use rl_core::{Agent, BoxError, Budget, Clock, Interact, Metrics};
/// use rl_learn::{Algorithm, Setup};
///
/// /// One update of any algorithm.
/// fn update<K: Algorithm>(config: K) -> Result<Metrics, BoxError> {
///     let mdp = chain(4, 1.0)?;
///     let source = move || FiniteMdpEnvironment::new(mdp.clone());
///     let setup = Setup::new(source, Budget::Updates(1))?;
///     let mut clock = Clock::start(setup.horizon);
///     let (mut agent, mut interaction) = K::build(&config.validate(setup)?)?;
///     let mut metrics = Metrics::default();
///     interaction.update(&mut agent, &mut clock, &mut metrics)?;
///     Ok(metrics)
/// }
/// ```
pub trait Algorithm:
    Keys + Clone + PartialEq + Debug + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// Its name in files and on the command line.
    const NAME: &'static str;

    /// Description in one line.
    const DESCRIPTION: &'static str;

    /// `false` for an algorithm that learns no network: a run of it has no keys of networks.
    const HAS_NETWORKS: bool = true;

    /// Type of its agents.
    type Agent: Agent;

    /// Type of the turns that an agent takes with its environments.
    type Interaction: Interact<Self::Agent>;

    /// Refuses what the ranges of single keys cannot: sizes that don't go together, spaces that it
    /// cannot act in.
    ///
    /// # Errors
    /// [`ConfigError`].
    fn check(&self, _setup: &Setup) -> Result<(), ConfigError> {
        Ok(())
    }

    /// Numbers that change by plan over a run of a budget, to be shown to people; none by default.
    fn schedules(&self, _horizon: Budget) -> Vec<ScheduleSpan> {
        Vec::new()
    }

    /// Makes an agent and its interaction.
    ///
    /// # Errors
    /// Those of making environments, networks and learners.
    fn build(valid: &Valid<Self>) -> Result<(Self::Agent, Self::Interaction), BoxError>;

    /// Checks the configuration, once for all that is built from it.
    ///
    /// # Errors
    /// [`ConfigError`] for the first value that is out of its range or does not go with the others.
    fn validate(self, setup: Setup) -> Result<Valid<Self>, ConfigError> {
        setup.check()?;
        self.check_ranges()?;
        self.check(&setup)?;
        Ok(Valid {
            config: self,
            setup,
        })
    }
}

//! Builder of a trainer.

use std::sync::Arc;

use rl_core::{
    Budget, EnvironmentSource, LONGEST_EPISODE, Reduce, SingleProcess, Threads, TransformConfig,
};
use rl_learn::{Algorithm, NetworksConfig, Setup};
use rl_nets::Device;
use toml::{Table, Value};

use crate::backend::Backend;
use crate::error::TrainError;
use crate::trainer::Trainer;

/// Builder that [`Trainer::new`] makes: what a run needs beside its algorithm and its environments.
///
/// ```
/// use rl_envs::Pendulum;
/// use rl_pg::PpoConfig;
/// use rl_train::Trainer;
///
/// let trainer = Trainer::new(PpoConfig::default(), Pendulum::v1)
///     .environments(8)
///     .steps(200_000)
///     .seed(1)
///     .normalize_observations()
///     .build()?;
/// # Ok::<(), rl_train::TrainError>(())
/// ```
#[must_use]
pub struct TrainerBuilder<K> {
    config: K,
    source: Arc<dyn EnvironmentSource>,
    environments: usize,
    seed: u64,
    threads: usize,
    budget: Option<Budget>,
    horizon: Option<Budget>,
    transform: TransformConfig,
    networks: NetworksConfig,
    device: Option<Device>,
    reduce: Arc<dyn Reduce>,
    described: Table,
}

/// Trainer of an algorithm.
pub type TrainerOf<K> = Trainer<<K as Algorithm>::Agent, <K as Algorithm>::Interaction>;

impl Trainer<(), ()> {
    /// The beginning of a run of an algorithm in environments from a source: a closure that makes
    /// one, or an entry of a [`Registry`](crate::Registry).
    #[expect(
        clippy::new_ret_no_self,
        reason = "the types of a trainer follow from the configuration"
    )]
    pub fn new<K: Algorithm>(
        config: K,
        source: impl EnvironmentSource + 'static,
    ) -> TrainerBuilder<K> {
        TrainerBuilder::new(config, Arc::new(source))
    }
}

impl TrainerBuilder<()> {
    /// The same parts with the configuration of an algorithm.
    pub(crate) fn with<K>(self, config: K) -> TrainerBuilder<K> {
        TrainerBuilder {
            config,
            source: self.source,
            environments: self.environments,
            seed: self.seed,
            threads: self.threads,
            budget: self.budget,
            horizon: self.horizon,
            transform: self.transform,
            networks: self.networks,
            device: self.device,
            reduce: self.reduce,
            described: self.described,
        }
    }
}

impl<K> TrainerBuilder<K> {
    pub(crate) fn new(config: K, source: Arc<dyn EnvironmentSource>) -> Self {
        Self {
            config,
            source,
            environments: 8,
            seed: 0,
            threads: 1,
            budget: None,
            horizon: None,
            transform: TransformConfig::default(),
            networks: NetworksConfig::default(),
            device: None,
            reduce: Arc::new(SingleProcess),
            described: Table::new(),
        }
    }

    /// Sets the number of environments side by side; 8 without it.
    pub fn environments(mut self, environments: usize) -> Self {
        self.environments = environments;
        self
    }

    /// Sets the seed of every stream of the run; 0 without it.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets the number of threads to act and learn on; 1 without it. It changes no bit.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// Ends the run after so many updates.
    pub fn updates(self, updates: u64) -> Self {
        self.budget(Budget::Updates(updates))
    }

    /// Ends the run after so many environment steps: no update starts beyond them.
    pub fn steps(self, steps: u64) -> Self {
        self.budget(Budget::Steps(steps))
    }

    /// Ends the run after so many episodes: no update starts beyond them.
    pub fn episodes(self, episodes: u64) -> Self {
        self.budget(Budget::Episodes(episodes))
    }

    /// Sets the budget.
    pub fn budget(mut self, budget: Budget) -> Self {
        self.budget = Some(budget);
        self
    }

    /// Sets the budget that step sizes and the like are annealed over; that of the run without it.
    pub fn horizon(mut self, horizon: Budget) -> Self {
        self.horizon = Some(horizon);
        self
    }

    /// Sets the transform of observations and rewards.
    pub fn transform(mut self, transform: TransformConfig) -> Self {
        self.transform = transform;
        self
    }

    /// Normalises observations.
    pub fn normalize_observations(mut self) -> Self {
        self.transform.normalize_observations = true;
        self
    }

    /// Normalises rewards.
    pub fn normalize_rewards(mut self) -> Self {
        self.transform.normalize_rewards = true;
        self
    }

    /// Sets the networks: their size, or modules of one's own.
    pub fn networks(mut self, networks: NetworksConfig) -> Self {
        self.networks = networks;
        self
    }

    /// Sets the device to learn on; a CPU without it.
    pub fn device(mut self, device: Device) -> Self {
        self.device = Some(device);
        self
    }

    /// Sets the processes that learn together.
    pub fn reduce(mut self, reduce: impl Reduce + 'static) -> Self {
        self.reduce = Arc::new(reduce);
        self
    }

    /// Adds keys to the configuration that the run shows and that its directory keeps.
    pub fn describe(mut self, keys: Table) -> Self {
        self.described.extend(keys);
        self
    }
}

impl<K: Algorithm> TrainerBuilder<K> {
    /// Checks everything, and makes environments and agent.
    ///
    /// # Errors
    /// [`TrainError`] for a value out of its range, environments or a device that cannot be made,
    /// or a run without a budget.
    pub fn build(self) -> Result<TrainerOf<K>, TrainError> {
        let budget = self.budget.ok_or(TrainError::NoBudget)?;
        let device = match self.device {
            Some(device) => device,
            None => Backend::default().device()?,
        };
        let environment = self.source.make().map_err(TrainError::Environment)?;
        let setup = Setup {
            spaces: environment.spaces(),
            environments: self.environments,
            seed: self.seed,
            horizon: self.horizon.unwrap_or(budget),
            threads: Threads::new(self.threads)?,
            longest_episode: LONGEST_EPISODE,
            source: self.source,
            reduce: self.reduce,
            transform: self.transform,
            networks: self.networks,
            device,
        };
        let valid = self.config.validate(setup.clone())?;
        let mut config = complete(&valid, budget, self.threads)?;
        config.extend(self.described);
        let parts = K::build(&valid).map_err(TrainError::Build)?;
        Ok(Trainer::from_parts(parts, K::NAME, config, budget, setup))
    }
}

/// Every key of a run with its value.
fn complete<K: Algorithm>(
    valid: &rl_learn::Valid<K>,
    budget: Budget,
    threads: usize,
) -> Result<Table, TrainError> {
    let setup = valid.setup();
    let unwritable = |error: toml::ser::Error| TrainError::Describe(error.to_string());
    let mut table = Table::try_from(valid.config()).map_err(unwritable)?;
    if K::HAS_NETWORKS {
        table.extend(Table::try_from(&setup.networks).map_err(unwritable)?);
    }
    let transform = &setup.transform;
    let integer = |number: u64| {
        i64::try_from(number)
            .map(Value::Integer)
            .map_err(|_| TrainError::Describe(format!("{number} is larger than a file can hold")))
    };
    for (key, value) in [
        ("env", Value::String(setup.source.name().to_owned())),
        ("algo", Value::String(K::NAME.to_owned())),
        ("seed", integer(setup.seed)?),
        ("environments", integer(setup.environments as u64)?),
        ("threads", integer(threads as u64)?),
        (budget.unit(), integer(budget.amount())?),
        (
            "normalize_observations",
            Value::Boolean(transform.normalize_observations),
        ),
        (
            "normalize_rewards",
            Value::Boolean(transform.normalize_rewards),
        ),
        ("reward_scale", Value::Float(transform.reward_scale)),
    ] {
        table.insert(key.to_owned(), value);
    }
    if setup.horizon != budget {
        table.insert("horizon".to_owned(), setup.horizon.to_string().into());
    }
    Ok(table)
}

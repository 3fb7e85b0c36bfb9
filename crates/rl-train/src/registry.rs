//! Registries: environments, algorithms and presets by name.

use rl_core::Budget;
use rl_envs::EnvironmentId;
use rl_learn::{Algorithm, Key, ScheduleSpan};
use rl_pg::{A2cConfig, A3cConfig, PpoConfig, ReinforceConfig, TrpoConfig, VpgConfig};
use rl_value::tabular::{ExpectedSarsaConfig, QLearningConfig, SarsaConfig};
use rl_value::{DqnConfig, PqnConfig};
use toml::{Table, Value};

use crate::builder::TrainerBuilder;
use crate::config::network_keys;
use crate::environment_entry::{EnvironmentEntry, EnvironmentFamily};
use crate::error::TrainError;
use crate::presets::{Preset, built_in};
use crate::run::Run;
use crate::usage::UsageError;

/// Environments, algorithms and presets that a program knows by name. The default holds all of this
/// project; a program adds its own.
///
/// ```
/// use rl_envs::CartPole;
/// use rl_train::{EnvironmentEntry, Registry};
///
/// let registry = Registry::default()
///     .environment(EnvironmentEntry::new("my-cartpole", CartPole::v1).solved_at(475.0))
///     .preset("mine", "# PPO on my own\nenv = \"my-cartpole\"\nalgo = \"ppo\"\nsteps = 100000\n");
/// assert!(registry.find_environment("My-CartPole").is_some());
/// ```
#[derive(Clone)]
pub struct Registry {
    environments: Vec<EnvironmentEntry>,
    families: Vec<EnvironmentFamily>,
    algorithms: Vec<AlgorithmEntry>,
    presets: Vec<Preset>,
}

/// An algorithm with a name, whose configuration is a table.
#[derive(Clone)]
pub struct AlgorithmEntry {
    name: &'static str,
    description: &'static str,
    keys: Vec<Key>,
    defaults: Table,
    /// Keys of the networks that it learns; none for an algorithm without.
    network_keys: Vec<&'static str>,
    check: fn(&Table) -> Result<(), TrainError>,
    schedules: fn(&Table, Budget) -> Result<Vec<ScheduleSpan>, UsageError>,
    start: fn(Table, RunParts) -> Result<Box<dyn Run>, TrainError>,
}

/// Parts of a run beside its algorithm.
pub(crate) type RunParts = TrainerBuilder<()>;

impl AlgorithmEntry {
    /// The entry of an algorithm.
    pub fn of<K: Algorithm>() -> Self {
        Self {
            name: K::NAME,
            description: K::DESCRIPTION,
            keys: K::keys(),
            defaults: Table::try_from(K::default()).unwrap_or_default(),
            network_keys: match K::HAS_NETWORKS {
                true => network_keys(),
                false => Vec::new(),
            },
            check: |table| Ok(config_of::<K>(table)?.check_ranges()?),
            schedules: |table, horizon| Ok(config_of::<K>(table)?.schedules(horizon)),
            start: |table, parts| Ok(Box::new(parts.with(config_of::<K>(&table)?).build()?)),
        }
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// A line about it.
    pub fn description(&self) -> &'static str {
        self.description
    }

    /// The keys of its own.
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// Returns `true` for a key of its own.
    pub fn has(&self, key: &str) -> bool {
        self.keys.iter().any(|known| known.name == key)
    }

    /// `false` if it learns no network.
    pub fn has_networks(&self) -> bool {
        !self.network_keys.is_empty()
    }

    /// Returns `true` for a key of its own, or of the networks that it learns.
    pub fn uses(&self, key: &str) -> bool {
        self.has(key) || self.network_keys.contains(&key)
    }

    /// The keys of its own with their defaults; those without a value are left out.
    pub fn defaults(&self) -> &Table {
        &self.defaults
    }

    /// Numbers that change by plan over a run of a budget, by the algorithm's keys of a configuration.
    ///
    /// # Errors
    /// [`UsageError`] for values of another type.
    pub fn schedules(
        &self,
        keys: &Table,
        horizon: Budget,
    ) -> Result<Vec<ScheduleSpan>, UsageError> {
        (self.schedules)(keys, horizon)
    }

    /// Refuses values of another type or out of their range.
    pub(crate) fn check(&self, table: &Table) -> Result<(), TrainError> {
        (self.check)(table)
    }

    pub(crate) fn start(&self, table: Table, parts: RunParts) -> Result<Box<dyn Run>, TrainError> {
        (self.start)(table, parts)
    }
}

/// The configuration that a table holds.
fn config_of<K: Algorithm>(table: &Table) -> Result<K, UsageError> {
    let read = Value::Table(table.clone()).try_into();
    read.map_err(|error: toml::de::Error| UsageError(error.message().trim().replace('\n', " ")))
}

impl Default for Registry {
    /// Everything of this project.
    fn default() -> Self {
        let ours = EnvironmentId::ALL.iter();
        let environments = ours.map(|&id| EnvironmentEntry::of(id));
        #[cfg(feature = "mujoco")]
        let environments = environments.chain(crate::mujoco::entries());
        let presets = built_in().into_iter();
        #[cfg(feature = "mujoco")]
        let presets = presets.chain(crate::mujoco::presets());
        Self {
            environments: environments.collect(),
            #[cfg(feature = "gym")]
            families: vec![crate::gymnasium::gymnasium(|config| config)],
            #[cfg(not(feature = "gym"))]
            families: Vec::new(),
            algorithms: Vec::new(),
            presets: presets.collect(),
        }
        .algorithm::<ReinforceConfig>()
        .algorithm::<VpgConfig>()
        .algorithm::<A2cConfig>()
        .algorithm::<A3cConfig>()
        .algorithm::<TrpoConfig>()
        .algorithm::<PpoConfig>()
        .algorithm::<DqnConfig>()
        .algorithm::<PqnConfig>()
        .algorithm::<QLearningConfig>()
        .algorithm::<SarsaConfig>()
        .algorithm::<ExpectedSarsaConfig>()
    }
}

impl Registry {
    /// Adds an environment; it replaces one of the same name.
    #[must_use]
    pub fn environment(mut self, entry: EnvironmentEntry) -> Self {
        self.environments
            .retain(|known| !known.is_called(entry.name()));
        self.environments.push(entry);
        self
    }

    /// Adds a family of environments; it replaces one of the same prefix.
    #[must_use]
    pub fn family(mut self, family: EnvironmentFamily) -> Self {
        self.families.retain(|known| !known.is_like(&family));
        self.families.push(family);
        self
    }

    /// Adds an algorithm.
    #[must_use]
    pub fn algorithm<K: Algorithm>(mut self) -> Self {
        self.algorithms.push(AlgorithmEntry::of::<K>());
        self
    }

    /// Adds a preset: keys as TOML, whose first line is a comment about it. Of several for one
    /// environment and algorithm, the two choose the one added first.
    #[must_use]
    pub fn preset(mut self, name: impl Into<String>, toml: impl Into<String>) -> Self {
        self.presets.push(Preset::new(name, toml));
        self
    }

    /// The environments.
    pub fn environments(&self) -> &[EnvironmentEntry] {
        &self.environments
    }

    /// The algorithms.
    pub fn algorithms(&self) -> &[AlgorithmEntry] {
        &self.algorithms
    }

    /// The presets.
    pub fn presets(&self) -> &[Preset] {
        &self.presets
    }

    /// The environment of a name, whatever its case.
    pub fn find_environment(&self, name: &str) -> Option<EnvironmentEntry> {
        let entry = self.environments.iter().find(|entry| entry.is_called(name));
        let of_family = || self.environment_of_family(name)?.ok();
        entry.cloned().or_else(of_family)
    }

    /// The environment of a name that is one of a family, or the fault of the name.
    fn environment_of_family(&self, name: &str) -> Option<Result<EnvironmentEntry, UsageError>> {
        let mut families = self.families.iter();
        families.find_map(|family| Some(family.entry(family.rest(name)?)))
    }

    /// The reason why a name of a family of environments, or of a task that takes a library, names none.
    pub(crate) fn fault_of_name(&self, name: &str) -> Option<UsageError> {
        match self.environment_of_family(name) {
            Some(made) => made.err(),
            None if name.to_ascii_lowercase().starts_with("gym:") => Some(UsageError(format!(
                "'{name}' takes a program with the feature gym: cargo build --release -p rl-cli \
                 --features gym"
            ))),
            None => crate::mujoco::fault(name),
        }
    }

    /// The environment whose presets apply to one of a name: for `gym:CartPole-v1?a=b` that of the alias
    /// `CartPole-v1`, if there is one.
    pub(crate) fn twin<'a>(&'a self, name: &'a str) -> &'a str {
        let mut families = self.families.iter();
        let rest = families.find_map(|family| family.rest(name));
        let id = rest.map(|rest| rest.split('?').next().unwrap_or(rest));
        let twin = |id| self.environments.iter().find(|entry| entry.is_called(id));
        id.and_then(twin).map_or(name, EnvironmentEntry::name)
    }

    /// The algorithm of a name, whatever its case.
    pub fn find_algorithm(&self, name: &str) -> Option<&AlgorithmEntry> {
        let mut entries = self.algorithms.iter();
        entries.find(|entry| entry.name.eq_ignore_ascii_case(name))
    }

    /// The first preset for an environment and an algorithm, by their names.
    pub fn preset_of(&self, environment: &str, algorithm: &str) -> Option<&Preset> {
        let is = |preset: &Preset, key, name| preset.word(key) == Some(name);
        let mut presets = self.presets.iter();
        presets.find(|preset| is(preset, "env", environment) && is(preset, "algo", algorithm))
    }

    /// The preset of a name, whatever its case.
    pub fn find_preset(&self, name: &str) -> Option<&Preset> {
        let mut presets = self.presets.iter();
        presets.find(|preset| preset.name().eq_ignore_ascii_case(name))
    }
}

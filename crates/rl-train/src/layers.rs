//! Layers of a configuration: presets below files below options, with the origin of each value.

mod values;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use rl_learn::{ConfigError, Key, Keys as _};
use rl_nets::PolicyWeights;
use toml::{Table, Value};

use crate::backend::Backend;
use crate::builder::TrainerBuilder;
use crate::config::{Config, NO_PRESET, RunConfig};
use crate::error::TrainError;
use crate::initial_policy::InitialPolicy;
use crate::presets::Preset;
use crate::registry::{AlgorithmEntry, Registry};
use crate::run::Run;
use crate::usage::{Origin, UsageError, read_toml};
use values::{typed, unknown_key, value_of};

/// Keys that exclude each other: of several layers, the later one counts.
const BUDGETS: [&str; 3] = ["updates", "steps", "episodes"];

/// Everything that was set of a configuration so far, with the origin of each value. The rest comes
/// from a preset: the one that was named, or else the first for the environment and the algorithm
/// that were; failing that, from the algorithm's defaults.
#[derive(Clone)]
pub struct Layers<'r> {
    registry: &'r Registry,
    set: Table,
    origins: BTreeMap<String, Origin>,
    /// A preset that was read from a file.
    preset_file: Option<Preset>,
    notices: Vec<String>,
}

impl<'r> Layers<'r> {
    /// Nothing set: the default preset of a registry.
    pub fn new(registry: &'r Registry) -> Self {
        Self {
            registry,
            set: Table::new(),
            origins: BTreeMap::new(),
            preset_file: None,
            notices: Vec::new(),
        }
    }

    /// Sets a key from text: TOML where it is TOML, a word otherwise.
    ///
    /// # Errors
    /// [`UsageError`] for an unknown key or a value of another type.
    pub fn set(&mut self, key: &str, text: &str, origin: &Origin) -> Result<(), UsageError> {
        self.insert(key, value_of(text), Some(text), origin)
    }

    /// Puts a configuration file on top.
    ///
    /// # Errors
    /// [`UsageError`] for a file that cannot be read, is not TOML, or has an unknown key or a
    /// value of another type.
    pub fn file(&mut self, path: &Path) -> Result<(), UsageError> {
        let table = read_toml("--config", path)?;
        exclusive(&names_in(&table), &path.display())?;
        let origin = Origin::File(path.to_owned());
        table
            .into_iter()
            .try_for_each(|(key, value)| self.insert(&key, value, None, &origin))
    }

    /// Checks the whole.
    ///
    /// # Errors
    /// [`UsageError`] for a value out of its range, or one that the algorithm has no use for. Keys
    /// of other algorithms that come from a file are dropped, with a notice.
    pub fn finish(&mut self) -> Result<Config, UsageError> {
        let algorithm = self.algorithm();
        let foreign: Vec<String> = self
            .set
            .keys()
            .filter(|key| !self.is_used(key, algorithm))
            .cloned()
            .collect();
        for key in foreign {
            let users = names(self.registry.users(&key));
            if let Some(Origin::File(path)) = self.origins.get(&key) {
                self.notices.push(format!(
                    "{key} (from {}) is not used by the algorithm {}; it is by {users}",
                    path.display(),
                    algorithm.name()
                ));
                self.set.remove(&key);
                continue;
            }
            return Err(UsageError(format!(
                "{key}{} is not used by the algorithm {}; it is by {users}",
                self.from(&key),
                algorithm.name()
            )));
        }
        if let Some(preset) = self.preset() {
            self.values_of(preset)?;
        }
        let mut resolved = self.resolved();
        let mut own = Table::new();
        for key in algorithm.keys() {
            if let Some(value) = resolved.remove(key.name) {
                own.insert(key.name.to_owned(), value);
            }
        }
        let run: RunConfig = Value::Table(resolved)
            .try_into()
            .map_err(|error: toml::de::Error| UsageError(error.message().to_owned()))?;
        let config = Config {
            run,
            algorithm: own,
            has_networks: algorithm.has_networks(),
        };
        config.check().map_err(|error| self.explain(&error))?;
        algorithm
            .check(&config.algorithm)
            .map_err(|error| match error {
                TrainError::Config(error) => self.explain(&error),
                error => UsageError(error.to_string()),
            })?;
        Ok(config)
    }

    /// Checks the whole, and makes the run that it describes.
    ///
    /// # Errors
    /// [`TrainError`]; values out of their range are named with their origin.
    pub fn start(&mut self) -> Result<(Config, Box<dyn Run>), TrainError> {
        let config = self.finish()?;
        let initial = InitialPolicy::of(&config.run).map_err(|error| self.explained(error))?;
        let weights = initial.as_ref().map(|initial| initial.weights.clone());
        let mut run = self.make(&config, weights)?;
        if let Some(initial) = initial {
            initial.carry_normalization(&mut *run)?;
        }
        Ok((config, run))
    }

    /// Checks the whole, and makes the run that it describes for [`Run::restore`]: a policy to start from
    /// is not read, since the state has what became of it.
    ///
    /// # Errors
    /// [`TrainError`].
    pub fn start_to_restore(&mut self) -> Result<(Config, Box<dyn Run>), TrainError> {
        let config = self.finish()?;
        let run = self.make(&config, None)?;
        Ok((config, run))
    }

    /// The run of a configuration, with the weights that its policy starts from if they are not drawn.
    fn make(
        &self,
        config: &Config,
        weights: Option<PolicyWeights>,
    ) -> Result<Box<dyn Run>, TrainError> {
        let environment = self.registry.find_environment(&config.run.env);
        let (Some(environment), Some(backend)) =
            (environment, Backend::from_name(&config.run.backend))
        else {
            let missing = "an environment or a backend that is not there";
            return Err(UsageError(missing.into()).into());
        };
        let mut networks = config.run.networks.clone();
        networks.start_from = weights;
        let horizon = config.horizon().map_err(|error| self.explain(&error))?;
        let parts = TrainerBuilder::new((), Arc::clone(environment.source()))
            .environments(config.run.environments)
            .seed(config.run.seed)
            .threads(config.run.threads)
            .budget(config.budget()?)
            .horizon(horizon.unwrap_or(config.budget()?))
            .transform(config.transform())
            .networks(networks)
            .device(backend.device()?)
            .describe(config.to_repeat()?);
        self.algorithm()
            .start(config.algorithm.clone(), parts)
            .map_err(|error| self.explained(error))
    }

    /// The error, with the origin of a value out of its range.
    fn explained(&self, error: TrainError) -> TrainError {
        match error {
            TrainError::Config(error) => self.explain(&error).into(),
            error => error,
        }
    }

    /// The message of a value out of its range, with its origin.
    pub fn explain(&self, error: &ConfigError) -> UsageError {
        let ConfigError {
            key,
            value,
            allowed,
        } = error;
        let from = self.from(key);
        UsageError(format!("{key} = {value}{from}: allowed is {allowed}"))
    }

    /// Messages about keys that were dropped.
    pub fn notices(&self) -> &[String] {
        &self.notices
    }

    /// Origin of the value of a key, if it was set.
    pub fn origin(&self, key: &str) -> Option<&Origin> {
        self.origins.get(key)
    }

    /// The value of a key as text, if it has one.
    pub fn get(&self, key: &str) -> Option<String> {
        self.resolved().get(key).map(|value| match value {
            Value::String(text) => text.clone(),
            value => value.to_string(),
        })
    }

    /// Keys that were set to another value than the preset, or the defaults, have below them.
    pub(crate) fn changed(&self) -> Vec<(String, Value)> {
        let mut below = self.clone();
        let names = ["preset", "env", "algo"];
        below.set.retain(|key, _| names.contains(&key));
        let below = below.resolved();
        let set = self.set.iter();
        let changed = set.filter(|(key, value)| below.get(*key) != Some(*value));
        changed
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    }

    /// The preset below what was set.
    pub fn preset(&self) -> Option<&Preset> {
        let word = |key| self.set.get(key).and_then(Value::as_str);
        let presets = self.registry.presets();
        match (word("preset"), word("env"), word("algo")) {
            (Some(name), ..) => match &self.preset_file {
                Some(preset) => Some(preset),
                None => self.registry.find_preset(name),
            },
            (None, None, None) => presets.first(),
            (None, env, algo) => presets.iter().find(|preset| {
                let is = |key, wanted: Option<&str>| {
                    wanted.is_none_or(|wanted| preset.word(key) == Some(wanted))
                };
                let env = env.map(|name| self.registry.twin(name));
                is("env", env.or(algo.map(|_| "cartpole"))) && is("algo", algo)
            }),
        }
    }

    /// The algorithm that the layers name, or the first.
    fn algorithm(&self) -> &'r AlgorithmEntry {
        let named = self.set.get("algo").and_then(Value::as_str);
        let named = named.or_else(|| self.preset().and_then(|preset| preset.word("algo")));
        let defaults = RunConfig::default();
        let entry = |name: &str| self.registry.find_algorithm(name);
        named
            .and_then(entry)
            .or_else(|| entry(&defaults.algo))
            .unwrap_or(&self.registry.algorithms()[0])
    }

    fn is_used(&self, key: &str, algorithm: &AlgorithmEntry) -> bool {
        algorithm.uses(key) || self.registry.users(key).next().is_none()
    }

    /// Every key with its value.
    fn resolved(&self) -> Table {
        let algorithm = self.algorithm();
        let mut values = Table::try_from(RunConfig::default()).unwrap_or_default();
        values.insert("updates".into(), Value::Integer(100));
        values.extend(algorithm.defaults().clone());
        if let Some(preset) = self.preset() {
            // Its faults are those of `finish`.
            let of_preset = self.values_of(preset).unwrap_or_default().into_iter();
            put(
                &mut values,
                of_preset.filter(|(key, _)| self.is_used(key, algorithm)),
            );
            values.insert("preset".into(), Value::String(preset.name().to_owned()));
        }
        put(&mut values, self.set.clone());
        if let Some(preset) = &self.preset_file {
            values.insert("preset".into(), Value::String(preset.name().to_owned()));
        }
        values.insert("algo".into(), Value::String(algorithm.name().to_owned()));
        values
    }

    /// ` (from ORIGIN)`, if the key was set.
    fn from(&self, key: &str) -> String {
        match (self.origins.get(key), self.preset()) {
            (Some(origin), _) => format!(" (from {origin})"),
            (None, Some(preset)) if preset.table().contains_key(key) => {
                format!(" (from {})", Origin::Preset(preset.name().to_owned()))
            }
            _ => String::new(),
        }
    }

    fn insert(
        &mut self,
        key: &str,
        value: Value,
        text: Option<&str>,
        origin: &Origin,
    ) -> Result<(), UsageError> {
        let key = key.trim();
        let name = if key == "lr" { "learning_rate" } else { key };
        let Some(known) = self.registry.key(name) else {
            return Err(unknown_key(self.registry, name, origin));
        };
        let value = typed(self.registry, &known, value, text, origin)?;
        if name == "preset"
            && let Value::String(path) = &value
            && (path.ends_with(".toml") || path.contains(std::path::MAIN_SEPARATOR))
        {
            self.preset_file = Some(self.read_preset(Path::new(path))?);
        }
        for other in BUDGETS {
            if BUDGETS.contains(&name) && other != name {
                self.set.remove(other);
            }
        }
        self.set.insert(name.to_owned(), value);
        self.origins.insert(name.to_owned(), origin.clone());
        Ok(())
    }

    fn read_preset(&self, path: &Path) -> Result<Preset, UsageError> {
        let table = read_toml("--preset", path)?;
        exclusive(&names_in(&table), &path.display())?;
        let preset = Preset::new(path.display().to_string(), table.to_string());
        self.values_of(&preset)?;
        Ok(preset)
    }

    /// The values of a preset in the types of their keys.
    fn values_of(&self, preset: &Preset) -> Result<Table, UsageError> {
        let origin = Origin::Preset(preset.name().to_owned());
        if let Some(fault) = preset.fault() {
            return Err(UsageError(format!("{origin}: not TOML: {fault}")));
        }
        let mut values = Table::new();
        for (key, value) in preset.table() {
            let known = self.registry.key(key);
            let known = known.ok_or_else(|| unknown_key(self.registry, key, &origin))?;
            let value = typed(self.registry, &known, value.clone(), None, &origin)?;
            values.insert(key.clone(), value);
        }
        Ok(values)
    }
}

impl Registry {
    /// Every key: those of a run, then those of the algorithms, each once.
    pub fn keys(&self) -> Vec<Key> {
        let mut keys = RunConfig::keys();
        for key in self.algorithms().iter().flat_map(AlgorithmEntry::keys) {
            if !keys.iter().any(|known| known.name == key.name) {
                keys.push(key.clone());
            }
        }
        keys
    }

    /// The key of a name.
    pub fn key(&self, name: &str) -> Option<Key> {
        self.keys().into_iter().find(|key| key.name == name)
    }

    /// The algorithms that have a key of their own, or of the networks that they learn; none for a key of every run.
    pub fn users<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a AlgorithmEntry> {
        self.algorithms()
            .iter()
            .filter(move |entry| entry.uses(key))
    }

    /// The words that a key may take because of what is registered; none for other keys.
    pub fn words(&self, key: &str) -> Vec<String> {
        let owned = |name: &str| name.to_owned();
        match key {
            "env" => self
                .environments()
                .iter()
                .map(|e| owned(e.name()))
                .collect(),
            "algo" => self.algorithms().iter().map(|a| owned(a.name())).collect(),
            "backend" => Backend::ALL.map(|backend| owned(backend.name())).into(),
            "preset" => {
                let names = self.presets().iter().map(|p| owned(p.name()));
                names.chain([NO_PRESET.to_owned()]).collect()
            }
            _ => Vec::new(),
        }
    }
}

fn names<'a>(entries: impl Iterator<Item = &'a AlgorithmEntry>) -> String {
    let names: Vec<&str> = entries.map(AlgorithmEntry::name).collect();
    names.join(", ")
}

fn names_in(table: &Table) -> Vec<&str> {
    table.keys().map(String::as_str).collect()
}

/// Refuses two keys of one layer that exclude each other.
///
/// # Errors
/// [`UsageError`] with the origin.
pub fn exclusive(keys: &[&str], origin: &dyn fmt::Display) -> Result<(), UsageError> {
    for names in [&BUDGETS[..], &["lr", "learning_rate"]] {
        let mut found = names.iter().filter(|name| keys.contains(name));
        if let (Some(first), Some(second)) = (found.next(), found.next()) {
            return Err(UsageError(format!(
                "'{first}' and '{second}' exclude each other (from {origin})"
            )));
        }
    }
    Ok(())
}

/// Puts values over others; of the budgets, the later one stays.
fn put(values: &mut Table, others: impl IntoIterator<Item = (String, Value)>) {
    for (key, value) in others {
        if BUDGETS.contains(&key.as_str()) {
            for budget in BUDGETS {
                values.remove(budget);
            }
        }
        values.insert(key, value);
    }
}

#[cfg(test)]
mod tests;

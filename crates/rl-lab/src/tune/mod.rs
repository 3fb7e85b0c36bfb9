//! Tuning: a search for values of keys that make the runs of a configuration better.

mod chart;
mod config;
mod error;
mod importance;
mod progress;
mod ranges;
mod report;
mod sampler;
mod span;
mod study;
mod trial;

use rl_train::{Registry, UsageError};
use toml::{Table, Value};

use crate::files::{FileError, write_all};
use crate::jobs::{JobPool, Recipe, claim_plan};
use study::Study;

pub use config::TuneConfig;
pub use error::TuneError;
pub use progress::TuneProgress;
pub use ranges::TunedKey;
pub use report::Tuning;
pub use span::{Scale, Span};
pub use trial::TrialState;

/// Keys that belong to the single runs.
const OWN_KEYS: [&str; 3] = ["seed", "out", "quiet"];

impl TuneConfig {
    /// Searches for values of the tuned keys. `best.toml`, `tune.md`, `tune.csv` and `tune.svg` go to the output directory.
    ///
    /// The result is the same for any number of processes, and for a search that was stopped and went on: runs that are
    /// complete in the output directory are not repeated, and the sampler is told of them again. `progress` is called
    /// after each trial.
    ///
    /// # Errors
    /// [`TuneError`]. The base and the ends of every span are checked before the first run starts.
    pub fn run(
        &self,
        registry: &Registry,
        progress: &mut dyn FnMut(&TuneProgress),
    ) -> Result<Tuning, TuneError> {
        JobPool::check(self.jobs)?;
        for (name, value, least, most) in [
            ("trials", self.trials as u64, 2, 10_000),
            ("seeds per trial", self.seeds_per_trial, 1, 25),
        ] {
            if !(least..=most).contains(&value) {
                let option = name.replace(' ', "-");
                let message =
                    format!("{value} {name} (from --{option}): allowed are {least} to {most}");
                return Err(UsageError(message).into());
            }
        }
        let keys = self.checked_keys(registry)?;
        let pool = JobPool::claim(&self.out.join("runs"), &self.program, self.jobs, None)?;
        claim_plan(&self.out, "tune.toml", &self.plan(&keys))?;
        let study = Study::new(self, registry, &keys, pool.keep_failed())?;
        let tuning = Tuning::new(keys.clone(), study.search(progress)?)?;
        let draw = FileError::new("draw", &self.out);
        let picture = tuning.picture().map_err(draw)?;
        let write = FileError::new("write", &self.out);
        let files = [
            ("best.toml".to_owned(), tuning.preset().into_bytes()),
            ("tune.md".to_owned(), tuning.page(self).into_bytes()),
            ("tune.csv".to_owned(), tuning.csv().map_err(write)?),
            ("tune.svg".to_owned(), picture.into_bytes()),
        ];
        write_all(&self.out, files)?;
        Ok(tuning)
    }

    /// The configuration that is tuned.
    fn base(&self) -> Recipe {
        Recipe {
            config: self.config.clone(),
            set: self.set.clone(),
        }
    }

    /// The keys that are tuned, after a check of the base and of the ends of their spans.
    fn checked_keys(&self, registry: &Registry) -> Result<Vec<TunedKey>, TuneError> {
        let base = self.base();
        let whole = base.check(registry, &(0..1))?;
        let keys = match self.keys.as_slice() {
            [] => {
                let algorithm = whole.get("algo").and_then(serde_json::Value::as_str);
                let algorithm = algorithm.and_then(|name| registry.find_algorithm(name));
                algorithm.map(TunedKey::defaults).unwrap_or_default()
            }
            keys => keys.to_vec(),
        };
        for (i, tuned) in keys.iter().enumerate() {
            let key = &tuned.key;
            if keys[..i].iter().any(|other| other.key == *key) {
                return Err(UsageError(format!("--key {key} is given twice")).into());
            }
            for value in tuned.span.ends() {
                let mut layers = base.layers(registry)?;
                layers.set(key, &value, &rl_train::Origin::Flag(format!("--key {key}")))?;
                layers.finish()?;
            }
        }
        let own = |key: &&str| OWN_KEYS.contains(key);
        let tuned = keys.iter().map(|tuned| tuned.key.as_str());
        let mut all = self.set.iter().map(|(key, _)| key.as_str()).chain(tuned);
        if let Some(key) = all.find(own) {
            let message = format!("{key}: every run of a tuning has its own {key}");
            return Err(UsageError(message).into());
        }
        if keys.is_empty() {
            let message = "the algorithm has no key with a span of its own: --key KEY=LOW..HIGH";
            return Err(UsageError(message.to_owned()).into());
        }
        Ok(keys)
    }

    /// All that makes the runs of one call go together with those of another: more trials and more processes do.
    fn plan(&self, keys: &[TunedKey]) -> Table {
        let mut plan = Table::new();
        for tuned in keys {
            let name = format!("key.{}", tuned.key);
            plan.insert(name, Value::String(tuned.span.to_string()));
        }
        if let Some(file) = &self.config {
            let file = Value::String(file.display().to_string());
            plan.insert("config".to_owned(), file);
        }
        for (key, value) in &self.set {
            plan.insert(format!("set.{key}"), Value::String(value.clone()));
        }
        for (name, number) in [
            ("seed", self.seed),
            ("seeds_per_trial", self.seeds_per_trial),
        ] {
            plan.insert(name.to_owned(), Value::String(number.to_string()));
        }
        plan
    }
}

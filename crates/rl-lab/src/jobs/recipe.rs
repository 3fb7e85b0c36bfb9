//! Recipes of runs that differ in their seed.

use std::ffi::OsString;
use std::ops::Range;
use std::path::PathBuf;

use rl_train::{Layers, Origin, Registry, UsageError};
use serde_json::{Map, Value};

use super::JobError;
use super::job::Job;
use crate::settings::of_table;

/// Configuration without a seed: a file, and keys on top of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recipe {
    /// Configuration file, such as that of `--config`.
    pub config: Option<PathBuf>,
    /// Keys with the texts of their values, later ones on top.
    pub set: Vec<(String, String)>,
}

impl Recipe {
    /// Its layers.
    ///
    /// # Errors
    /// [`UsageError`] for an unknown key or a value of another type.
    pub fn layers<'r>(&self, registry: &'r Registry) -> Result<Layers<'r>, UsageError> {
        let mut layers = Layers::new(registry);
        if let Some(file) = &self.config {
            layers.file(file)?;
        }
        for (key, value) in &self.set {
            // These three are options of every command.
            let flag = match key.trim() {
                key @ ("preset" | "env" | "algo") => format!("--{key}"),
                key => format!("--set {key}"),
            };
            layers.set(key, value, &Origin::Flag(flag))?;
        }
        Ok(layers)
    }

    /// The whole configuration of a run with the first of the seeds, after a check that this run can be made and that
    /// the last seed is one.
    ///
    /// # Errors
    /// [`JobError::Usage`], [`JobError::Train`].
    pub fn check(
        &self,
        registry: &Registry,
        seeds: &Range<u64>,
    ) -> Result<Map<String, Value>, JobError> {
        let mut layers = self.layers(registry)?;
        let origin = Origin::Flag("--seeds".into());
        for seed in [seeds.end.saturating_sub(1), seeds.start] {
            layers.set("seed", &seed.to_string(), &origin)?;
        }
        let (config, _) = layers.start()?;
        Ok(of_table(&config.to_repeat()?))
    }

    /// The job of a configuration that [`check`](Self::check) returned, with a seed of those, in the directory of a name.
    pub fn job(
        &self,
        (kind, label): (&'static str, &str),
        mut config: Map<String, Value>,
        seed: u64,
        name: String,
    ) -> Job {
        config.insert("seed".to_owned(), seed.into());
        let mut arguments: Vec<OsString> = Vec::new();
        if let Some(file) = &self.config {
            arguments.extend(["--config".into(), file.into()]);
        }
        for (key, value) in &self.set {
            arguments.extend(["--set".into(), format!("{key}={value}").into()]);
        }
        Job {
            kind,
            label: label.to_owned(),
            seed,
            arguments,
            config,
            name,
        }
    }
}

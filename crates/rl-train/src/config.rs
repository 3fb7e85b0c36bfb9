//! The configuration of a run.

use std::path::PathBuf;

use rl_envs::EnvironmentId;
use rl_nets::{Activation, DistributionKind, Initialization};
use serde::{Deserialize, Serialize};

use crate::{Algo, AlgoConfig, Layers, UsageError};

/// A complete configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// The preset it started from, or [`NO_PRESET`](crate::NO_PRESET).
    pub preset: String,
    /// Name of the environment.
    pub env: String,
    /// Seed of every random stream of the run.
    pub seed: u64,
    /// Name of the backend to learn on.
    pub backend: String,
    /// Threads to act and learn on.
    pub threads: usize,
    /// Number of updates; excludes `steps`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updates: Option<u64>,
    /// Environment steps after which no update starts; excludes `updates`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<u64>,
    /// The run directory.
    #[serde(skip_serializing)]
    pub out: Option<PathBuf>,
    /// Whether to show no progress.
    #[serde(default, skip_serializing)]
    pub quiet: bool,
    /// Environments side by side.
    pub environments: usize,
    /// Whether observations are normalised by what was observed up to the last update.
    pub normalize_observations: bool,
    /// Factor on the rewards that are learned from.
    pub reward_scale: f64,
    /// Hidden layers of each network.
    pub n_layers: usize,
    /// Units per hidden layer.
    pub size: usize,
    /// Activation of the hidden layers.
    pub activation: Activation,
    /// How weights are drawn.
    pub initialization: Initialization,
    /// Distribution of the actions; the space's own if `None`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distribution: Option<DistributionKind>,
    /// Initial `ln σ` of a Gaussian policy.
    pub log_std: f64,
    /// The algorithm, and the keys of its own.
    #[serde(flatten)]
    pub algo: AlgoConfig,
}

impl Config {
    /// Nothing set: the default preset.
    pub fn layers() -> Layers {
        Layers::default()
    }

    /// The environment.
    ///
    /// # Errors
    /// [`UsageError`] if there is none of that name.
    pub fn environment(&self) -> Result<EnvironmentId, UsageError> {
        self.env
            .parse()
            .map_err(|error| UsageError(format!("{error}")))
    }

    /// The file that repeats the run.
    ///
    /// # Errors
    /// [`UsageError`] for a seed that TOML cannot hold.
    pub fn to_toml(&self) -> Result<String, UsageError> {
        toml::to_string(self).map_err(|error| UsageError(format!("configuration: {error}")))
    }

    /// What is out of range: key, value, what is allowed.
    pub(crate) fn out_of_range(&self) -> Option<(&'static str, String, String)> {
        let limit = |key, n: usize, range: std::ops::RangeInclusive<usize>, allowed: &str| {
            (!range.contains(&n)).then(|| (key, n.to_string(), allowed.to_owned()))
        };
        let count =
            |key, n: Option<u64>| limit(key, n.map_or(1, clamp), 1..=usize::MAX, "at least 1");
        let finite = |key, x: f64, valid: bool, allowed: &str| {
            (!valid).then(|| (key, x.to_string(), allowed.to_owned()))
        };
        limit("threads", self.threads, 1..=1024, "1 to 1024")
            .or_else(|| limit("environments", self.environments, 1..=65_536, "1 to 65536"))
            .or_else(|| count("updates", self.updates))
            .or_else(|| count("steps", self.steps))
            .or_else(|| limit("n_layers", self.n_layers, 0..=16, "0 to 16"))
            .or_else(|| limit("size", self.size, 1..=4096, "1 to 4096"))
            .or_else(|| {
                let valid = self.reward_scale.is_finite() && self.reward_scale != 0.0;
                let allowed = "a finite number other than 0";
                finite("reward_scale", self.reward_scale, valid, allowed)
            })
            .or_else(|| {
                let valid = (-20.0..=2.0).contains(&self.log_std);
                finite("log_std", self.log_std, valid, "a number from -20 to 2")
            })
            .or_else(|| {
                // Its workers would each have statistics of their own.
                let apart = self.normalize_observations && self.algo.algo() == Algo::A3c;
                apart.then(|| {
                    let allowed = "false for the algorithm a3c".to_owned();
                    ("normalize_observations", "true".to_owned(), allowed)
                })
            })
            .or_else(|| self.head().err())
            .or_else(|| {
                let error = self.algo.validate(self.environments).err()?;
                Some((error.key, error.value, error.allowed))
            })
    }

    /// The distribution of the actions, for the environment's action space.
    fn head(&self) -> Result<(), (&'static str, String, String)> {
        let (Some(kind), Ok(id)) = (self.distribution, self.environment()) else {
            return Ok(());
        };
        let space = id.make().action_space();
        if kind.fits(&space) {
            return Ok(());
        }
        let possible = DistributionKind::ALL.into_iter();
        let possible = possible.filter(|kind| kind.fits(&space));
        let names: Vec<&str> = possible.map(DistributionKind::name).collect();
        let allowed = format!(
            "{} for the actions {space} of {}",
            names.join(", "),
            self.env
        );
        Err(("distribution", kind.name().to_owned(), allowed))
    }
}

fn clamp(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

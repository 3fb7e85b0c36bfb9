//! The configuration of a run, as files and the command line have it.

use std::path::PathBuf;
use std::time::Duration;

use rl_core::{Budget, TransformConfig};
use rl_learn::{ConfigError, Keys as _, NetworksConfig, Range, config};
use toml::Table;

use crate::checkpoint_every::CheckpointEvery;
use crate::duration::duration;
use crate::usage::UsageError;

config! {
    /// Keys of every run, whatever its algorithm.
    pub struct RunConfig {
        /// Named configuration to start from, or a file of one.
        pub preset: String = NO_PRESET.into();
        /// Environment.
        pub env: String = "cartpole".into();
        /// Algorithm.
        pub algo: String = "vpg".into();
        /// Seed of every random stream; the same seed gives the same bits.
        pub seed: u64 = 0;
        /// Burn backend to learn on.
        pub backend: String = "flex".into();
        /// Threads to act and learn on; any number gives the same bits.
        pub threads: usize = 1, Range::Between(1.0, 1024.0);
        /// Number of updates (instead of steps or episodes).
        pub updates: Option<u64> = None, Range::AtLeast(1.0);
        /// Environment steps after which no update starts (instead of updates or episodes).
        pub steps: Option<u64> = None, Range::AtLeast(1.0);
        /// Episodes after which no update starts (instead of updates or steps).
        pub episodes: Option<u64> = None, Range::AtLeast(1.0);
        /// Budget that schedules are annealed over, as in 60000 steps; that of the run without it.
        pub horizon: Option<String> = None;
        /// Run directory, new or empty; without it, one in runs that is named after what was changed.
        pub out: Option<PathBuf> = None;
        /// Name of the run directory in runs, instead of one after what was changed.
        pub name: Option<String> = None;
        /// Show no progress.
        pub quiet: bool = false;
        /// Interval between checkpoints: updates as a number, or a time as in 30s or 10m.
        pub checkpoint_every: String = "60s".into();
        /// Number of checkpoints to keep.
        pub checkpoint_keep: usize = 3, Range::AtLeast(1.0);
        /// Updates that make a row of metrics.csv: their means, the counters of the last.
        pub log_every: u64 = 1, Range::AtLeast(1.0);
        /// Write event files for TensorBoard.
        pub tensorboard: bool = true;
        /// Updates between TensorBoard's histograms of actions and weights; 0 for none.
        pub histogram_every: u64 = 0;
        /// Updates between evaluations; 0 for none while training.
        pub eval_every: u64 = 0;
        /// Episodes of each of these evaluations.
        pub eval_episodes: usize = 20, Range::Between(1.0, 1e6);
        /// Discount of the returns of these evaluations, 0 to 1.
        pub eval_gamma: f64 = 1.0, Range::Unit;
        /// Mean return at which the run ends early: of the evaluations, or of late episodes.
        pub stop_at: Option<f64> = None;
        /// Time after which the run ends, saved, as in 10m; --resume goes on for as long again.
        pub time_limit: Option<String> = None;
        /// Policy file to start from instead of random weights.
        pub init_from: Option<PathBuf> = None;
        /// Environments side by side.
        pub environments: usize = 8, Range::ENVIRONMENTS;
        /// Shift and scale observations to mean 0 and deviation 1.
        pub normalize_observations: bool = false;
        /// Divide rewards by the deviation of the discounted return.
        pub normalize_rewards: bool = false;
        /// Factor on the rewards that are learned from.
        pub reward_scale: f64 = 1.0, Range::NonZero;
        flatten
        /// Networks.
        pub networks: NetworksConfig = NetworksConfig::default();
    }
}

/// Name of no preset: the algorithm's defaults.
pub const NO_PRESET: &str = "none";

/// Keys that say where and how a run is made, and not what it computes: none of them is in the file
/// that repeats it.
const NOT_REPEATED: [&str; 4] = ["out", "name", "quiet", "preset_file"];

/// Characters of a name.
const NAME_LENGTH: usize = 100;

/// Keys that mean nothing without a network.
pub(crate) fn network_keys() -> Vec<&'static str> {
    let own = NetworksConfig::keys().into_iter().map(|key| key.name);
    own.chain(["init_from"]).collect()
}

/// A complete configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Keys of every run.
    pub run: RunConfig,
    /// Keys of the algorithm.
    pub algorithm: Table,
    /// `false` for an algorithm that learns no network: the keys of networks are in no table then.
    pub has_networks: bool,
}

impl Config {
    /// The budget.
    ///
    /// # Errors
    /// [`UsageError`] for none, or more than one.
    pub fn budget(&self) -> Result<Budget, UsageError> {
        let RunConfig {
            updates,
            steps,
            episodes,
            ..
        } = self.run;
        match (updates, steps, episodes) {
            (Some(n), None, None) => Ok(Budget::Updates(n)),
            (None, Some(n), None) => Ok(Budget::Steps(n)),
            (None, None, Some(n)) => Ok(Budget::Episodes(n)),
            _ => Err(UsageError(
                "a run needs one budget: updates, steps or episodes".into(),
            )),
        }
    }

    /// The budget that schedules are annealed over, where it is not that of the run.
    ///
    /// # Errors
    /// [`ConfigError`] for a text that is none.
    pub fn horizon(&self) -> Result<Option<Budget>, ConfigError> {
        let Some(text) = &self.run.horizon else {
            return Ok(None);
        };
        let (number, unit) = text.split_once(' ').unwrap_or((text, ""));
        let horizon = match (whole(number), unit.trim()) {
            (Some(n), "updates") => Budget::Updates(n),
            (Some(n), "steps") => Budget::Steps(n),
            (Some(n), "episodes") => Budget::Episodes(n),
            _ => {
                let allowed = "a number with its unit, as in 60000 steps, 100 updates, 50 episodes";
                return Err(ConfigError::new("horizon", text, allowed));
            }
        };
        Ok(Some(horizon))
    }

    /// The transform of observations and rewards.
    pub fn transform(&self) -> TransformConfig {
        TransformConfig {
            normalize_observations: self.run.normalize_observations,
            normalize_rewards: self.run.normalize_rewards,
            reward_scale: self.run.reward_scale,
        }
    }

    /// The interval between checkpoints.
    ///
    /// # Errors
    /// [`ConfigError`] for a text that is none.
    pub fn checkpoint_every(&self) -> Result<CheckpointEvery, ConfigError> {
        let text = &self.run.checkpoint_every;
        let wrong = || {
            let allowed = "a number of updates from 1, or a time as in 30s, 10m or 1h";
            ConfigError::new("checkpoint_every", text, allowed)
        };
        duration(text)
            .map(CheckpointEvery::Time)
            .or_else(|| whole(text).map(CheckpointEvery::Updates))
            .ok_or_else(wrong)
    }

    /// The time after which the run ends.
    ///
    /// # Errors
    /// [`ConfigError`] for a text that is none.
    pub fn time_limit(&self) -> Result<Option<Duration>, ConfigError> {
        let Some(text) = &self.run.time_limit else {
            return Ok(None);
        };
        let limit = duration(text).filter(|limit| !limit.is_zero());
        let allowed = "a time above 0, as in 30s, 10m or 1.5h";
        limit
            .map(Some)
            .ok_or_else(|| ConfigError::new("time_limit", text, allowed))
    }

    /// Every key with its value, those without one left out.
    ///
    /// # Errors
    /// [`UsageError`] for a number that TOML cannot hold.
    pub fn to_table(&self) -> Result<Table, UsageError> {
        let mut table = Table::try_from(&self.run)
            .map_err(|error| UsageError(format!("configuration: {error}")))?;
        table.extend(self.algorithm.clone());
        if !self.has_networks {
            for key in network_keys() {
                table.remove(key);
            }
        }
        Ok(table)
    }

    /// The keys of the file that repeats the run.
    ///
    /// # Errors
    /// As [`to_table`](Self::to_table).
    pub fn to_repeat(&self) -> Result<Table, UsageError> {
        let mut table = self.to_table()?;
        for key in NOT_REPEATED {
            table.remove(key);
        }
        Ok(table)
    }

    /// Refuses a value out of its range.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        self.run.check_ranges()?;
        self.horizon()?;
        self.time_limit()?;
        self.check_name()?;
        self.checkpoint_every().map(|_| ())
    }

    /// Refuses a name that is no file name on every system, or one beside a directory.
    fn check_name(&self) -> Result<(), ConfigError> {
        let Some(name) = &self.run.name else {
            return Ok(());
        };
        let is_safe = |c: char| c.is_alphanumeric() || " ._-+=,".contains(c);
        let is_name = name.chars().all(is_safe)
            && name.starts_with(|c: char| c.is_alphanumeric())
            && name.chars().count() <= NAME_LENGTH;
        let allowed = match &self.run.out {
            Some(_) => "no name where out is given",
            None if is_name => return Ok(()),
            None => "at most 100 letters, digits and ' ._-+=,', the first a letter or a digit",
        };
        Err(ConfigError::new("name", name, allowed))
    }
}

/// The whole number from 1 that a text is, which may be written `1e6`.
fn whole(text: &str) -> Option<u64> {
    let written = || {
        let number: Option<f64> = text.parse().ok();
        number.filter(|n| n.fract() == 0.0 && *n < 2_f64.powi(53))
    };
    let exact = text.parse().ok();
    exact
        .or_else(|| written().map(|n| n as u64))
        .filter(|n| *n >= 1)
}

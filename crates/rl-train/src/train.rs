//! The training loop.

use std::collections::VecDeque;
use std::time::Instant;

use rl_core::{Episode, ThreadsError};
use rl_learn::ConfigError;
use rl_nets::distribution::HeadError;
use rl_nets::{ActionChoice, PolicyFile, PolicyFileError};
use serde::Serialize;

use crate::runs::{self, RunError, Update};
use crate::{
    AlgoConfig, Backend, BackendError, Config, EvaluateError, Evaluation, Player, Row,
    RunDirectory, RunDirectoryError, UsageError, evaluate,
};

/// Episodes of the evaluation at the end of a run.
const EVALUATION_EPISODES: usize = 100;
/// Where their seeds start.
const EVALUATION_SEED: u64 = 0;
/// The version of Burn in `Cargo.lock`.
const BURN_VERSION: &str = "0.22.1";

/// How far a run is, after each update.
#[derive(Clone, Debug)]
pub struct Progress {
    /// The update's metrics.
    pub row: Row,
    /// Mean return of late: see [`Summary::final_return_mean`]. NaN as long as no episode ended.
    pub return_mean: f64,
    /// Share of the run that is done, 0 to 1.
    pub done: f64,
}

/// What a run came to: `summary.json`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// The environment.
    pub env: String,
    /// The algorithm.
    pub algo: String,
    /// The preset it started from.
    pub preset: String,
    /// The seed.
    pub seed: u64,
    /// The backend.
    pub backend: String,
    /// Environment steps.
    pub env_steps: u64,
    /// Environment steps at which the last update began to gather its own.
    pub env_steps_before_last_update: u64,
    /// Updates.
    pub updates: u64,
    /// Finished episodes.
    pub episodes: u64,
    /// Seconds from the first step to the last update.
    pub wall_s: f64,
    /// Of which acting.
    pub acting_s: f64,
    /// Of which learning.
    pub learning_s: f64,
    /// Environment steps per second.
    pub env_steps_per_s: f64,
    /// Mean return of the last batch of whole episodes; of the last 100 episodes, where updates
    /// are on rollouts or single episodes.
    pub final_return_mean: f64,
    /// The largest such mean after an update.
    pub best_return_mean: f64,
    /// The final policy, its likeliest actions, over 100 episodes.
    pub evaluation: Evaluation,
    /// What made it.
    pub versions: Versions,
    /// The run directory.
    #[serde(skip)]
    pub directory: std::path::PathBuf,
}

/// Versions that a result depends on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Versions {
    /// This project.
    pub rl: &'static str,
    /// Burn.
    pub burn: &'static str,
}

/// Why a run ended early.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The configuration is wrong.
    #[error(transparent)]
    Usage(#[from] UsageError),
    /// The backend is not there.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// The run directory could not be used.
    #[error(transparent)]
    Directory(#[from] RunDirectoryError),
    /// The system gave no threads.
    #[error(transparent)]
    Threads(#[from] ThreadsError),
    /// The algorithm's configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// An update failed.
    #[error("update {update}: {source}")]
    Update {
        /// The update, from 1.
        update: u64,
        /// Why.
        source: RunError,
    },
    /// The distribution does not suit the actions.
    #[error(transparent)]
    Distribution(#[from] HeadError),
    /// The run has no policy to save.
    #[error("the run has learned no policy")]
    NoPolicy,
    /// The policy could not be written.
    #[error(transparent)]
    Policy(#[from] PolicyFileError),
    /// The final policy could not be judged.
    #[error(transparent)]
    Evaluate(#[from] EvaluateError),
}

impl TrainError {
    /// Whether the call was wrong, rather than the run.
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::Usage(_)
                | Self::Config(_)
                | Self::Backend(BackendError::NotCompiled { .. })
                | Self::Directory(RunDirectoryError::NotEmpty(_))
        )
    }
}

/// Trains an agent, writes its run directory and returns the summary; `progress` hears of each
/// update.
///
/// # Errors
/// [`TrainError`]. The metrics of the updates before a failure stay in the run directory.
pub fn train(config: &Config, progress: &mut dyn FnMut(&Progress)) -> Result<Summary, TrainError> {
    let backend = Backend::from_name(&config.backend)
        .ok_or_else(|| UsageError(format!("unknown backend '{}'", config.backend)))?;
    let device = backend.device()?;
    let mut run = runs::start(config, &device)?;
    let mut directory = RunDirectory::create(config, &config.to_toml()?)?;

    let start = Instant::now();
    let mut recent = Recent::new(&config.algo);
    let mut acting_s = 0.0;
    let (mut last, mut done): (Option<Row>, f64) = (None, 0.0);
    let (last, before_last) = loop {
        let update = last.as_ref().map_or(0, |row| row.update) + 1;
        run.set_progress(done);
        let Update {
            steps,
            episodes,
            report,
            acting,
        } = run
            .update()
            .map_err(|source| TrainError::Update { update, source })?;
        acting_s += acting.as_secs_f64();

        let wall_s = start.elapsed().as_secs_f64();
        let row = Row::after(last.as_ref(), steps, &episodes, report, wall_s);
        directory.append(&row)?;
        recent.add(&episodes);
        done = match (config.updates, config.steps) {
            (Some(updates), _) => row.update as f64 / updates as f64,
            (None, Some(steps)) => (row.env_steps as f64 / steps as f64).min(1.0),
            (None, None) => 1.0,
        };
        progress(&Progress {
            row: row.clone(),
            return_mean: recent.mean,
            done,
        });
        if done >= 1.0 {
            break (row, last.map_or(0, |row| row.env_steps));
        }
        last = Some(row);
    };

    let networks = run.networks();
    let weights = networks.policy_weights().ok_or(TrainError::NoPolicy)?;
    let policy = PolicyFile {
        env: config.env.clone(),
        algo: config.algo.algo().name().to_owned(),
        action_space: config.environment()?.make().action_space(),
        weights,
        normalization: run.normalization(),
    };
    policy.save(&directory.policy_path())?;
    let player = Player::Trained {
        policy: Box::new(policy),
        choice: ActionChoice::Mode,
    };
    let evaluation = evaluate(&player, EVALUATION_EPISODES, EVALUATION_SEED)?;
    // Where no episode ended, the evaluation is all that is known.
    let known = |mean: f64| {
        if mean.is_finite() {
            mean
        } else {
            evaluation.return_mean
        }
    };
    let summary = Summary {
        env: config.env.clone(),
        algo: config.algo.algo().name().to_owned(),
        preset: config.preset.clone(),
        seed: config.seed,
        backend: config.backend.clone(),
        env_steps: last.env_steps,
        env_steps_before_last_update: before_last,
        updates: last.update,
        episodes: last.episodes,
        wall_s: last.wall_s,
        acting_s,
        learning_s: last.wall_s - acting_s,
        env_steps_per_s: last.env_steps as f64 / last.wall_s,
        final_return_mean: known(recent.mean),
        best_return_mean: known(recent.best),
        evaluation,
        versions: Versions {
            rl: env!("CARGO_PKG_VERSION"),
            burn: BURN_VERSION,
        },
        directory: directory.path().to_owned(),
    };
    directory.finish(&summary)?;
    Ok(summary)
}

/// The returns of late.
struct Recent {
    returns: VecDeque<f64>,
    /// Episodes that are remembered beyond an update.
    window: usize,
    mean: f64,
    best: f64,
}

impl Recent {
    /// A batch of whole episodes speaks for itself; of rollouts, each may end few or none.
    fn new(algo: &AlgoConfig) -> Self {
        Self {
            returns: VecDeque::new(),
            window: match algo {
                AlgoConfig::Vpg(_) => 0,
                _ => 100,
            },
            mean: f64::NAN,
            best: f64::NEG_INFINITY,
        }
    }

    fn add(&mut self, episodes: &[Episode]) {
        if episodes.is_empty() {
            return;
        }
        let returns = episodes.iter().map(|episode| episode.total_reward);
        self.returns.extend(returns);
        let known = self.window.max(episodes.len()).min(self.returns.len());
        self.returns.drain(..self.returns.len() - known);
        self.mean = self.returns.iter().sum::<f64>() / known as f64;
        self.best = self.best.max(self.mean);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Algo;

    #[test]
    fn batches_speak_for_themselves_and_rollouts_for_the_last_100_episodes() {
        let episodes = |total_reward, n| {
            vec![
                Episode {
                    total_reward,
                    length: 1
                };
                n
            ]
        };
        for (algo, means) in [
            (Algo::Vpg, [2.0, 6.0, 6.0, 4.0]),
            (Algo::Ppo, [2.0, 5.0, 5.0, 5.5]),
        ] {
            let mut recent = Recent::new(&AlgoConfig::default_of(algo));
            let batches = [(2.0, 25), (6.0, 75), (0.0, 0), (4.0, 25)];
            for ((reward, n), mean) in batches.into_iter().zip(means) {
                recent.add(&episodes(reward, n));
                assert_eq!(recent.mean, mean, "{algo:?}");
            }
            assert_eq!(recent.best, means.into_iter().fold(0.0, f64::max));
        }
    }

    #[test]
    fn the_version_of_burn_is_the_locked_one() {
        let lock = include_str!("../../../Cargo.lock");
        let entry = format!("name = \"burn\"\nversion = \"{}\"", super::BURN_VERSION);
        assert!(lock.contains(&entry));
    }
}

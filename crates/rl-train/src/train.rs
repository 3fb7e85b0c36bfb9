//! The training loop.

use std::time::Instant;

use rl_core::{
    Agent, CollectError, Collection, Collector, FlatEnvironment, Purpose, RunningMoments, Stream,
};
use rl_envs::{NormalizeObservation, Updating, WrapperError};
use rl_nets::{ActionChoice, PolicyConfig, PolicyFile, PolicyFileError};
use rl_pg::{ConfigError, UpdateError};
use serde::Serialize;

use crate::{
    Backend, BackendError, Config, EvaluateError, Evaluation, Player, Row, RunDirectory,
    RunDirectoryError, UsageError, evaluate,
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
    /// Mean return of the last batch.
    pub final_return_mean: f64,
    /// Largest mean return of a batch.
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
    /// The algorithm's configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// No experience could be collected.
    #[error("update {update}: {source}")]
    Collect {
        /// The update, from 1.
        update: u64,
        /// Why.
        source: CollectError,
    },
    /// An update failed.
    #[error("update {update}: {source}")]
    Update {
        /// The update, from 1.
        update: u64,
        /// Why.
        source: UpdateError,
    },
    /// The environments could not share their statistics.
    #[error(transparent)]
    Wrapper(#[from] WrapperError),
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
    let id = config.environment()?;
    let environments = (0..config.environments).map(|_| id.make());
    if !config.normalize_observations {
        return train_on(config, environments.collect(), |_| Ok(None), progress);
    }
    let normalized =
        environments.map(|made| NormalizeObservation::new(made, Updating::OnSynchronize));
    let synchronize = |collector: &mut Collector<NormalizeObservation<_>>| {
        NormalizeObservation::synchronize(collector.environments_mut())?;
        let first = collector.environments_mut().next();
        Ok(first.map(|environment| environment.statistics().frozen()))
    };
    train_on(config, normalized.collect(), synchronize, progress)
}

/// Trains on given environments. `synchronize` is called after every update, and returns what
/// observations are normalised by from then on.
fn train_on<E: FlatEnvironment>(
    config: &Config,
    environments: Vec<E>,
    synchronize: impl Fn(&mut Collector<E>) -> Result<Option<RunningMoments>, WrapperError>,
    progress: &mut dyn FnMut(&Progress),
) -> Result<Summary, TrainError> {
    let backend = Backend::from_name(&config.backend)
        .ok_or_else(|| UsageError(format!("unknown backend '{}'", config.backend)))?;
    let device = backend.device()?;
    let mut directory = RunDirectory::create(config, &config.to_toml()?)?;

    let made = config.environment()?.make();
    let action_space = made.action_space();
    let weights = PolicyConfig::new(made.observation_space().dim(), &action_space)
        .with_hidden(config.n_layers, config.size, config.activation)
        .with_initialization(config.initialization)
        .draw(&mut Stream::derive(config.seed, Purpose::Initialization, 0));
    let mut agent = config.vpg().init(weights, &device)?;
    let mut collector = Collector::new(environments, config.seed, config.threads)
        .map_err(|source| TrainError::Collect { update: 1, source })?
        .with_reward_scale(config.reward_scale);

    let start = Instant::now();
    let (mut acting_s, mut best) = (0.0, f64::NEG_INFINITY);
    let (mut last, mut done): (Option<Row>, f64) = (None, 0.0);
    let (last, normalization) = loop {
        let update = last.as_ref().map_or(0, |row| row.update) + 1;
        if config.anneal_learning_rate {
            agent.set_learning_rate(config.learning_rate * (1.0 - done))?;
        }
        let before = start.elapsed();
        let Collection {
            trajectories,
            episodes,
        } = collector
            .collect(&agent.policy(), config.steps_per_update)
            .map_err(|source| TrainError::Collect { update, source })?;
        acting_s += (start.elapsed() - before).as_secs_f64();
        let report = agent
            .update(trajectories)
            .map_err(|source| TrainError::Update { update, source })?;

        let row = Row::after(
            last.as_ref(),
            episodes,
            report,
            start.elapsed().as_secs_f64(),
        );
        directory.append(&row)?;
        let normalization = synchronize(&mut collector)?;
        best = f64::max(best, row.return_mean);
        done = match (config.updates, config.steps) {
            (Some(updates), _) => row.update as f64 / updates as f64,
            (None, Some(steps)) => (row.env_steps as f64 / steps as f64).min(1.0),
            (None, None) => 1.0,
        };
        progress(&Progress {
            row: row.clone(),
            done,
        });
        if done >= 1.0 {
            break (row, normalization);
        }
        last = Some(row);
    };

    let policy = PolicyFile {
        env: config.env.clone(),
        algo: config.algo.name().to_owned(),
        action_space,
        weights: agent.weights().clone(),
        normalization,
    };
    policy.save(&directory.policy_path())?;
    let player = Player::Trained {
        policy: Box::new(policy),
        choice: ActionChoice::Mode,
    };
    let evaluation = evaluate(&player, EVALUATION_EPISODES, EVALUATION_SEED)?;
    let summary = Summary {
        env: config.env.clone(),
        algo: config.algo.name().to_owned(),
        preset: config.preset.clone(),
        seed: config.seed,
        backend: config.backend.clone(),
        env_steps: last.env_steps,
        updates: last.update,
        episodes: last.episodes,
        wall_s: last.wall_s,
        acting_s,
        learning_s: last.wall_s - acting_s,
        env_steps_per_s: last.env_steps as f64 / last.wall_s,
        final_return_mean: last.return_mean,
        best_return_mean: best,
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

#[cfg(test)]
mod tests {
    #[test]
    fn the_version_of_burn_is_the_locked_one() {
        let lock = include_str!("../../../Cargo.lock");
        let entry = format!("name = \"burn\"\nversion = \"{}\"", super::BURN_VERSION);
        assert!(lock.contains(&entry));
    }
}

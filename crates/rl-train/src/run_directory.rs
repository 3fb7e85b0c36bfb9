//! The directory that a run leaves behind.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rl_core::state::{Scoped, ScopedReader};
use rl_core::{ActionChoice, BoxError, Metrics, Snapshot, StateError, StateReader, StateWriter};

use crate::checkpoint::Checkpoint;
use crate::checkpoint_error::CheckpointError;
use crate::checkpoint_every::CheckpointEvery;
use crate::evaluate::{EvaluationConfig, evaluate_run};
use crate::files::write_whole;
use crate::observer::Observer;
use crate::observers::{MetricsFile, TensorBoard};
use crate::provenance::Program;
use crate::run_directory_error::RunDirectoryError;
use crate::summary::Summary;
use crate::symptoms::Symptoms;
use crate::view::{Outcome, RunView};

/// Episodes of the evaluation at the end of a run.
const EVALUATION_EPISODES: usize = 100;
/// Seed of the first of them.
const EVALUATION_SEED: u64 = 0;
/// Episodes of the initial policy that the final one is compared with.
const INITIAL_EPISODES: usize = 20;
/// Checkpoints that are kept.
const KEPT: usize = 3;
/// Tries to take the lock, and the time between them: a reader's look holds it for an instant.
const TRIES: usize = 5;
const BETWEEN_TRIES: Duration = Duration::from_millis(10);

/// The evaluation of a run by so many episodes.
fn evaluation(episodes: usize) -> EvaluationConfig {
    EvaluationConfig {
        episodes,
        seed: EVALUATION_SEED,
        ..EvaluationConfig::default()
    }
}

/// Directory of a run, as an observer: `config.toml`, `metrics.csv`, `checkpoints/`,
/// `policy.safetensors` (with each checkpoint) and `summary.json`. It is the last of a run's observers, so that it hears
/// of all metrics.
///
/// A directory belongs to one process at a time. It is claimed by the exclusive creation of a file,
/// and held by a lock that the system releases when the process ends, in whatever way.
///
/// ```
/// use rl_envs::CartPole;
/// use rl_pg::PpoConfig;
/// use rl_train::{RunDirectory, Trainer};
///
/// # let place = tempfile::tempdir()?;
/// # let path = place.path().join("cartpole");
/// let builder = || Trainer::new(PpoConfig::default(), CartPole::v1).updates(2);
/// let mut trainer = builder().build()?;
/// trainer.run(&mut [&mut RunDirectory::create(&path)?])?;
///
/// // Another process goes on where this one stopped.
/// let mut trainer = builder().build()?;
/// trainer.resume(&path)?;
/// assert_eq!(trainer.clock().updates, 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct RunDirectory {
    path: PathBuf,
    /// Held as long as the directory is.
    _lock: File,
    metrics: MetricsFile,
    tensorboard: Option<TensorBoard>,
    every: CheckpointEvery,
    keep: usize,
    evaluation_episodes: usize,
    last_checkpoint: Instant,
    /// Update of the last checkpoint.
    stored: Option<u64>,
    acting: Duration,
    /// Environment steps when the last update began, and when it ended.
    env_steps: [u64; 2],
    /// Returns of drawn actions of the policy before the first update.
    initial_returns: Vec<f64>,
    symptoms: Symptoms,
    program: Program,
    summary: Option<Summary>,
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> RunDirectoryError {
    let path = path.to_owned();
    |source| RunDirectoryError::Io { path, source }
}

impl RunDirectory {
    /// Name of the configuration's file.
    pub const CONFIG: &'static str = "config.toml";
    /// Name of the file of the last policy.
    pub const POLICY: &'static str = "policy.safetensors";
    /// Name of the file of the best policy.
    pub const BEST: &'static str = "best.safetensors";
    /// Name of the summary's file.
    pub const SUMMARY: &'static str = "summary.json";
    /// Name of the file of the metrics.
    pub const METRICS: &'static str = "metrics.csv";
    const CHECKPOINTS: &'static str = "checkpoints";
    const LOCK: &'static str = ".lock";

    /// Makes a directory, or claims an empty one.
    ///
    /// # Errors
    /// [`RunDirectoryError`]; a directory that holds anything is left as it is.
    pub fn create(path: impl AsRef<Path>) -> Result<Self, RunDirectoryError> {
        let path = path.as_ref();
        fs::create_dir_all(path).map_err(io_error(path))?;
        let mut entries = fs::read_dir(path).map_err(io_error(path))?;
        if entries.next().is_some() {
            return Err(RunDirectoryError::NotEmpty(path.to_owned()));
        }
        let lock = path.join(Self::LOCK);
        // Of two processes that found it empty one makes the file.
        match OpenOptions::new().write(true).create_new(true).open(&lock) {
            Ok(file) => Self::held(path, file),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(RunDirectoryError::NotEmpty(path.to_owned()))
            }
            Err(error) => Err(io_error(&lock)(error)),
        }
    }

    /// Makes the first free one of `parent/NAME`, `parent/NAME-2`, ….
    ///
    /// # Errors
    /// [`RunDirectoryError::Io`].
    pub fn create_in(parent: impl AsRef<Path>, name: &str) -> Result<Self, RunDirectoryError> {
        let parent = parent.as_ref();
        fs::create_dir_all(parent).map_err(io_error(parent))?;
        let mut attempt = 1;
        loop {
            let path = parent.join(match attempt {
                1 => name.to_owned(),
                _ => format!("{name}-{attempt}"),
            });
            // Creating it is the test: two runs at once never share one.
            match fs::create_dir(&path) {
                Ok(()) => return Self::create(&path),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => attempt += 1,
                Err(error) => return Err(io_error(&path)(error)),
            }
        }
    }

    /// Takes up the directory of a run that ended, or was ended.
    ///
    /// # Errors
    /// [`RunDirectoryError`] for one that another process writes to, or that is of no run.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, RunDirectoryError> {
        let path = path.as_ref();
        if !path.join(Self::CONFIG).is_file() {
            return Err(RunDirectoryError::NoRun(path.to_owned()));
        }
        let lock = path.join(Self::LOCK);
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&lock)
            .map_err(io_error(&lock))?;
        Self::held(path, file)
    }

    /// Returns `true` if a process writes to the directory; it is not disturbed.
    ///
    /// # Errors
    /// The system's, for a lock that cannot be looked at.
    pub fn is_in_use(path: impl AsRef<Path>) -> io::Result<bool> {
        let lock = match File::open(path.as_ref().join(Self::LOCK)) {
            Ok(lock) => lock,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        match lock.try_lock_shared() {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn held(path: &Path, lock: File) -> Result<Self, RunDirectoryError> {
        for attempt in 1.. {
            match lock.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if attempt < TRIES => thread::sleep(BETWEEN_TRIES),
                Err(TryLockError::WouldBlock) => {
                    return Err(RunDirectoryError::InUse(path.to_owned()));
                }
                Err(TryLockError::Error(error)) => return Err(io_error(path)(error)),
            }
        }
        Ok(Self {
            path: path.to_owned(),
            _lock: lock,
            metrics: MetricsFile::new(path.join(Self::METRICS)),
            tensorboard: None,
            every: CheckpointEvery::default(),
            keep: KEPT,
            evaluation_episodes: EVALUATION_EPISODES,
            last_checkpoint: Instant::now(),
            stored: None,
            acting: Duration::ZERO,
            env_steps: [0; 2],
            initial_returns: Vec::new(),
            symptoms: Symptoms::default(),
            program: Program::default(),
            summary: None,
        })
    }

    /// Sets the number of updates that make a row of `metrics.csv`; 1 without it. See
    /// [`MetricsFile::every`].
    #[must_use]
    pub fn log_every(mut self, updates: u64) -> Self {
        self.metrics = self.metrics.every(updates);
        self.tensorboard = self.tensorboard.map(|events| events.every(updates));
        self
    }

    /// Adds event files for TensorBoard with histograms every so many updates; 0 for none of these. See
    /// [`TensorBoard`].
    #[must_use]
    pub fn tensorboard(mut self, histograms_every: u64) -> Self {
        let events = TensorBoard::new(&self.path).histograms_every(histograms_every);
        self.tensorboard = Some(events.every(self.metrics.updates_per_row()));
        self
    }

    /// Sets the interval between checkpoints; a minute without it. The end of a run, in whatever
    /// way, leaves one too.
    #[must_use]
    pub fn checkpoint_every(mut self, every: CheckpointEvery) -> Self {
        self.every = every;
        self
    }

    /// Sets the number of checkpoints that are kept, at least 1; the 3 newest without it.
    #[must_use]
    pub fn keep_checkpoints(mut self, keep: usize) -> Self {
        self.keep = keep.max(1);
        self
    }

    /// Sets the number of episodes of the evaluation at the end; 100 without it, and none with 0.
    #[must_use]
    pub fn evaluation_episodes(mut self, episodes: usize) -> Self {
        self.evaluation_episodes = episodes;
        self
    }

    /// Sets the program that the summary names.
    #[must_use]
    pub fn made_by(mut self, program: Program) -> Self {
        self.program = program;
        self
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The summary of the run, once it has ended.
    pub fn summary(&self) -> Option<&Summary> {
        self.summary.as_ref()
    }

    /// The outcome of the run in the directory, if its summary is of so many updates. A run that was
    /// killed between its last checkpoint and its summary has none: resumed, it writes what is missing.
    pub fn outcome_after(&self, updates: u64) -> Option<String> {
        let text = fs::read_to_string(self.path.join(Self::SUMMARY)).ok()?;
        let summary: serde_json::Value = serde_json::from_str(&text).ok()?;
        let outcome = summary["outcome"].as_str()?;
        (summary["updates"] == updates).then(|| outcome.to_owned())
    }

    /// The newest checkpoint in the directory of a run.
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn newest_checkpoint(path: impl AsRef<Path>) -> Result<Checkpoint, CheckpointError> {
        Checkpoint::newest(path.as_ref().join(Self::CHECKPOINTS))
    }

    /// Writes a file whole or not at all.
    fn write(&self, name: &str, text: &str) -> Result<(), RunDirectoryError> {
        write_whole(&self.path, name, text.as_bytes()).map_err(io_error(&self.path.join(name)))
    }
}

impl Observer for RunDirectory {
    fn start(&mut self, run: &dyn RunView) -> Result<(), BoxError> {
        self.write(Self::CONFIG, &toml::to_string(&run.config())?)?;
        if run.clock().updates == 0 && self.evaluation_episodes > 0 {
            let episodes = self.evaluation_episodes.min(INITIAL_EPISODES);
            let initial = evaluate_run(run, ActionChoice::Sample, evaluation(episodes))?;
            self.initial_returns = initial.returns;
        }
        self.metrics.start(run)?;
        if let Some(events) = &mut self.tensorboard {
            events.start(run)?;
        }
        self.last_checkpoint = Instant::now();
        Ok(())
    }

    fn update(
        &mut self,
        run: &dyn RunView,
        metrics: &mut Metrics,
    ) -> Result<ControlFlow<()>, BoxError> {
        self.acting += run.acting();
        self.symptoms.update(metrics);
        self.env_steps = [self.env_steps[1], run.clock().env_steps];
        let result = self.metrics.update(run, metrics);
        if let Some(events) = &mut self.tensorboard {
            _ = events.update(run, metrics)?;
        }
        result
    }

    fn is_due(&self, run: &dyn RunView) -> bool {
        match self.every {
            CheckpointEvery::Updates(n) => run.clock().updates.is_multiple_of(n.max(1)),
            CheckpointEvery::Time(time) => self.last_checkpoint.elapsed() >= time,
        }
    }

    fn store(&mut self, run: &dyn RunView, state: &Snapshot) -> Result<(), BoxError> {
        let update = run.clock().updates;
        if self.stored == Some(update) {
            return Ok(());
        }
        // What was learned outlives a directory that is gone, and metrics that cannot be written.
        fs::create_dir_all(&self.path).map_err(io_error(&self.path))?;
        run.policy().save(self.path.join(Self::POLICY))?;
        self.metrics.check_place()?;
        // Without its row a state would be of no use: the run goes on from the one before.
        if self.metrics.last_update() == update {
            let directory = self.path.join(Self::CHECKPOINTS);
            Checkpoint::write(&directory, run, state, self.keep)?;
            self.stored = Some(update);
            self.last_checkpoint = Instant::now();
        }
        Ok(())
    }

    fn end(&mut self, run: &dyn RunView, outcome: Outcome) -> Result<(), BoxError> {
        let [wall, here] = self.metrics.wall();
        let written = self.metrics.end(run, outcome);
        if let Some(events) = &mut self.tensorboard {
            events.end(run, outcome)?;
        }
        let is_complete = matches!(
            outcome,
            Outcome::Finished | Outcome::Reached | Outcome::TimeLimit
        );
        let config = evaluation(self.evaluation_episodes);
        let judge = |choice| evaluate_run(run, choice, config);
        let judged = match is_complete && self.evaluation_episodes > 0 {
            true => judge(ActionChoice::Mode)
                .and_then(|likeliest| Ok(Some([likeliest, judge(ActionChoice::Sample)?]))),
            false => Ok(None),
        };
        let (evaluations, failed) = match judged {
            Ok(evaluations) => (evaluations, written),
            Err(error) => (None, written.and(Err(error.into()))),
        };
        let acting = self.acting.as_secs_f64();
        let mut summary = Summary::of(
            run,
            outcome,
            self.env_steps[0],
            [wall, acting, here - acting],
            evaluations,
            (&self.initial_returns, &self.symptoms),
            (&self.program, &self.path),
        );
        let unwritten = self.tensorboard.as_ref().and_then(TensorBoard::failure);
        summary.notes.extend(unwritten.map(str::to_owned));
        self.write(
            Self::SUMMARY,
            &(serde_json::to_string_pretty(&summary)? + "\n"),
        )?;
        self.summary = Some(summary);
        failed
    }

    fn name(&self) -> &'static str {
        "run_directory"
    }

    fn save(&self, out: &mut dyn StateWriter) {
        out.u64s("env_steps", &self.env_steps);
        out.f64s("initial_returns", &self.initial_returns);
        self.symptoms.save(out);
        self.metrics.save(out);
        if let Some(events) = &self.tensorboard {
            events.save(&mut Scoped::new(out, events.name()));
        }
    }

    fn load(&mut self, from: &dyn StateReader) -> Result<(), StateError> {
        from.u64s("env_steps", &mut self.env_steps)?;
        let initial = from.length("initial_returns").unwrap_or(0);
        self.initial_returns = vec![0.0; initial];
        from.f64s("initial_returns", &mut self.initial_returns)?;
        self.symptoms.load(from)?;
        self.metrics.load(from)?;
        if let Some(events) = &mut self.tensorboard
            && from.length("tensorboard.written").is_some()
        {
            events.load(&ScopedReader::new(from, events.name()))?;
        }
        Ok(())
    }
}

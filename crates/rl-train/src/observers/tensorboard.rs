//! Metrics as TensorBoard's event files.

use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use rl_core::{BoxError, Metrics, State as _, StateError, StateReader, StateWriter};

use super::window::{WALL, Window};
use crate::event_file::{Event, EventFiles, histogram, hyperparameters, now, scalar, text};
use crate::observer::Observer;
use crate::view::{Outcome, RunView};

/// Metric that is the step of an event, not one of its scalars.
const STEP: &str = "env_steps";

/// Event files for TensorBoard, in the directory of a run: scalars with the names and values of the rows of
/// `metrics.csv` at their environment steps, the configuration as a text and as hyperparameters, and
/// [on request](Self::histograms_every) histograms of actions and weights.
///
/// A run that is taken up from a checkpoint cuts out the events after it and goes on in another file: each
/// step is there once. Event files are an extra: one that cannot be written ends here, not the run, and
/// [`failure`](Self::failure) has the reason.
#[derive(Debug)]
pub struct TensorBoard {
    directory: PathBuf,
    /// Updates that make a row.
    every: u64,
    /// Updates between histograms; 0 for none.
    histograms_every: u64,
    files: Option<EventFiles>,
    failure: Option<String>,
    columns: Vec<String>,
    window: Window,
    wall_s: f64,
    /// Environment steps of the last row; `None` in a run that was begun without event files.
    written: Option<u64>,
}

impl TensorBoard {
    /// Event files in a directory that is there when the run starts.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            every: 1,
            histograms_every: 0,
            files: None,
            failure: None,
            columns: Vec::new(),
            window: Window::default(),
            wall_s: f64::NAN,
            written: None,
        }
    }

    /// Sets the number of updates that make a scalar, as [`MetricsFile::every`](crate::MetricsFile::every)
    /// does; 1 without it.
    #[must_use]
    pub fn every(mut self, updates: u64) -> Self {
        self.every = updates.max(1);
        self
    }

    /// Sets the number of updates between histograms; 0, and none, without it.
    #[must_use]
    pub fn histograms_every(mut self, updates: u64) -> Self {
        self.histograms_every = updates;
        self
    }

    /// The directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The reason why no more events are written, if one could not be.
    pub fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    fn open(&mut self, run: &dyn RunView) -> io::Result<()> {
        let clock = run.clock();
        let written = self.written.unwrap_or(clock.env_steps);
        let is_begun = clock.updates > 0 && {
            EventFiles::keep(&self.directory, |event| {
                let is_row = !event.values().iter().any(|value| value.is_histogram());
                let last = if is_row { written } else { clock.env_steps };
                u64::try_from(event.step).is_ok_and(|step| step <= last)
            })?
        };
        let mut files = EventFiles::create(&self.directory)?;
        if !is_begun {
            let (config, now) = (run.config(), now());
            let toml = toml::to_string(&config).map_err(io::Error::other)?;
            let config_text = text("config", &format!("```toml\n{toml}```\n"));
            let values = vec![config_text, hyperparameters(&config, now)];
            files.write(&[Event::of(now, 0, values)])?;
        }
        self.files = Some(files);
        Ok(())
    }

    /// Writes a row of the window at so many environment steps.
    fn write_row(&mut self, env_steps: u64) {
        let row = self.window.take().into_iter().zip(&self.columns);
        let wall_s = self.wall_s;
        let values = row.filter_map(|(number, column)| match column.as_str() {
            STEP => None,
            WALL => Some(scalar(WALL, wall_s)),
            column => number.map(|number| scalar(column, number)),
        });
        let event = Event::of(now(), env_steps, values.collect());
        self.write(event);
        self.written = Some(env_steps);
    }

    fn write_histograms(&mut self, run: &dyn RunView) {
        let (actions, dim) = (run.actions(), run.spaces().action.flat_dim());
        let mut values = Vec::new();
        for i in 0..dim {
            let tag = match dim {
                1 => "actions".to_owned(),
                _ => format!("actions/{i}"),
            };
            let numbers = actions.iter().skip(i).step_by(dim).copied();
            values.extend(histogram(&tag, numbers));
        }
        for array in run.policy().record().arrays {
            let tag = format!("weights/{}", array.name);
            values.extend(histogram(&tag, array.values.iter().copied()));
        }
        self.write(Event::of(now(), run.clock().env_steps, values));
    }

    fn write(&mut self, event: Event) {
        if let Some(files) = &mut self.files
            && let Err(error) = files.write(&[event])
        {
            self.fail(&error);
        }
    }

    fn fail(&mut self, error: &io::Error) {
        self.files = None;
        let place = self.directory.display();
        self.failure = Some(format!(
            "no more events for TensorBoard in {place}: {error}"
        ));
    }
}

impl Observer for TensorBoard {
    fn start(&mut self, run: &dyn RunView) -> Result<(), BoxError> {
        if let Err(error) = self.open(run) {
            self.fail(&error);
        }
        Ok(())
    }

    fn update(
        &mut self,
        run: &dyn RunView,
        metrics: &mut Metrics,
    ) -> Result<ControlFlow<()>, BoxError> {
        if self.columns.len() != metrics.iter().count() {
            self.columns = metrics.iter().map(|(name, _)| name.to_owned()).collect();
        }
        self.window
            .add(&self.columns, metrics, run.episodes().len());
        self.wall_s = metrics.get(WALL).unwrap_or(f64::NAN);
        if self.window.updates() >= self.every {
            self.write_row(run.clock().env_steps);
        }
        let every = self.histograms_every;
        if every > 0 && run.clock().updates.is_multiple_of(every) && self.files.is_some() {
            self.write_histograms(run);
        }
        Ok(ControlFlow::Continue(()))
    }

    fn end(&mut self, run: &dyn RunView, _outcome: Outcome) -> Result<(), BoxError> {
        if self.window.updates() > 0 {
            self.write_row(run.clock().env_steps);
        }
        Ok(())
    }

    fn name(&self) -> &'static str {
        "tensorboard"
    }

    fn save(&self, out: &mut dyn StateWriter) {
        out.u64s("written", self.written.as_slice());
        self.window.save(out);
    }

    fn load(&mut self, from: &dyn StateReader) -> Result<(), StateError> {
        let mut written = vec![0; from.length("written").unwrap_or(0).min(1)];
        from.u64s("written", &mut written)?;
        self.written = written.first().copied();
        self.window.load(from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    use rl_envs::CartPole;
    use rl_pg::A2cConfig;

    use crate::builder::TrainerOf;
    use crate::{CheckpointEvery, RunDirectory, Trainer};

    fn trainer(updates: u64) -> TrainerOf<A2cConfig> {
        let builder = Trainer::new(A2cConfig::default(), CartPole::v1);
        builder.environments(2).updates(updates).build().unwrap()
    }

    fn directory(made: RunDirectory) -> RunDirectory {
        made.evaluation_episodes(0)
            .checkpoint_every(CheckpointEvery::Updates(5))
            .log_every(2)
            .tensorboard(1)
    }

    /// Steps of the events with values of a kind, over all files of a run.
    fn steps(path: &Path, is_histogram: bool) -> Vec<u64> {
        let events = EventFiles::read(path).concat().into_iter();
        let of_kind = events.filter(|event| {
            let first = event.values().first();
            event.step > 0 && first.is_some_and(|value| value.is_histogram() == is_histogram)
        });
        of_kind.map(|event| event.step as u64).collect()
    }

    #[test]
    fn a_run_that_was_killed_and_resumed_has_each_step_once() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("run");
        // What a kill in the middle of the window after the checkpoint of update 5 leaves.
        let mut first = directory(RunDirectory::create(&path).unwrap());
        trainer(8).run(&mut [&mut first]).unwrap();
        drop(first);
        fs::remove_dir_all(path.join("checkpoints/0000000008")).unwrap();

        let mut resumed = trainer(9);
        resumed.resume(&path).unwrap();
        assert_eq!(resumed.clock().updates, 5);
        crate::Run::set_budget(&mut resumed, rl_core::Budget::Updates(9));
        let mut second = directory(RunDirectory::open(&path).unwrap());
        resumed.run(&mut [&mut second]).unwrap();

        assert_eq!(EventFiles::read(&path).len(), 2);
        let rows = fs::read_to_string(path.join("metrics.csv")).unwrap();
        let rows = rows
            .lines()
            .skip(1)
            .map(|row| row.split(',').nth(1).unwrap());
        let rows: Vec<u64> = rows.map(|steps| steps.parse().unwrap()).collect();
        assert_eq!((rows.len(), steps(&path, false)), (5, rows));
        let each: Vec<u64> = (1..=9).map(|n| n * resumed.clock().env_steps / 9).collect();
        assert_eq!(steps(&path, true), each);
    }

    #[test]
    fn events_that_cannot_be_written_end_no_run_and_are_noted() {
        let place = tempfile::tempdir().unwrap();
        let mut nowhere = TensorBoard::new(place.path().join("missing"));
        trainer(2).run(&mut [&mut nowhere]).unwrap();
        assert!(nowhere.failure().unwrap().contains("missing"));

        let path = place.path().join("run");
        let mut first = directory(RunDirectory::create(&path).unwrap());
        trainer(2).run(&mut [&mut first]).unwrap();
        drop(first);
        // A directory cannot be read as a file.
        fs::create_dir(path.join("events.out.tfevents.0")).unwrap();
        let mut resumed = trainer(2);
        resumed.resume(&path).unwrap();
        crate::Run::set_budget(&mut resumed, rl_core::Budget::Updates(4));
        let mut second = directory(RunDirectory::open(&path).unwrap());
        let outcome = resumed.run(&mut [&mut second]).unwrap();
        let notes = &second.summary().unwrap().notes;
        assert_eq!(outcome, Outcome::Finished);
        assert!(
            notes.iter().any(|note| note.contains("TensorBoard")),
            "{notes:?}"
        );
    }
}

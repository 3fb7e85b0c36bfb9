//! Metrics as a CSV file.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rl_core::{BoxError, Metrics, State as _, StateError, StateReader, StateWriter};

use super::window::{WALL, Window};
use crate::observer::Observer;
use crate::view::{Outcome, RunView};

/// Time after which the file is looked for at its path again.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

/// CSV file with a row for each update, or for several, in the columns of the first one; a metric that
/// has no value is an empty field.
///
/// A row for several updates ([`every`](Self::every)) has the counters, step size and seconds of the last
/// of them, the extremes of all, means of returns and lengths over their episodes, and means of
/// everything else over those updates that have a value.
///
/// A run that is taken up from a checkpoint keeps the rows up to it and writes the others anew: each
/// update is there once. It adds the metric `wall_s`, the seconds that updates took so far, those
/// before an interruption among them.
#[derive(Debug)]
pub struct MetricsFile {
    path: PathBuf,
    file: Option<File>,
    columns: Vec<String>,
    /// Updates that make a row.
    every: u64,
    /// Those since the last row.
    window: Window,
    /// Update of the last row or of the window.
    last: u64,
    /// When the file was last found in its place.
    seen: Instant,
    begin: Instant,
    /// Seconds that updates before this process took.
    wall_before: f64,
    /// Seconds at the end of the last update.
    wall_s: f64,
}

impl MetricsFile {
    /// The file at `path`, which is made or taken up when the run starts.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            file: None,
            columns: Vec::new(),
            every: 1,
            window: Window::default(),
            last: 0,
            seen: Instant::now(),
            begin: Instant::now(),
            wall_before: 0.0,
            wall_s: 0.0,
        }
    }

    /// Sets the number of updates that make a row; 1 without it. The end of a run makes one of what is
    /// left.
    #[must_use]
    pub fn every(mut self, updates: u64) -> Self {
        self.every = updates.max(1);
        self
    }

    /// Number of updates that make a row.
    pub(crate) fn updates_per_row(&self) -> u64 {
        self.every
    }

    /// Path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Update of the last row, or of those that wait for theirs.
    pub(crate) fn last_update(&self) -> u64 {
        self.last
    }

    /// Seconds that updates took so far, and those of them since the run was started or resumed.
    pub(crate) fn wall(&self) -> [f64; 2] {
        [self.wall_s, self.wall_s - self.wall_before]
    }

    /// Refuses to go on when the file is no longer at its path.
    pub(crate) fn check_place(&mut self) -> Result<(), BoxError> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        self.seen = Instant::now();
        match is_at(file, &self.path) {
            true => Ok(()),
            false => Err(format!(
                "{}: the file is gone: it was removed, renamed or replaced while the run went on",
                self.path.display()
            )
            .into()),
        }
    }

    /// Opens the file for a run with so many updates.
    fn open(&mut self, updates: u64) -> Result<(), BoxError> {
        let place = |error: &dyn std::fmt::Display| format!("{}: {error}", self.path.display());
        let mut wall = 0.0;
        let mut end = 0;
        // Updates whose rows are there for good.
        let written = updates.saturating_sub(self.window.updates());
        if updates > 0 {
            let mut reader = csv::ReaderBuilder::new()
                .flexible(true)
                .from_path(&self.path)
                .map_err(|error| place(&error))?;
            let columns = reader.headers().map_err(|error| place(&error))?;
            self.columns = columns.iter().map(str::to_owned).collect();
            let mut record = csv::StringRecord::new();
            let mut last = 0;
            end = reader.position().byte();
            // A row that was cut short is after the last one that counts.
            while last < written && reader.read_record(&mut record).map_err(|e| place(&e))? {
                if record.len() != self.columns.len() {
                    break;
                }
                last = record[0].parse().map_err(|_| {
                    place(&format!("'{}' is not the number of an update", &record[0]))
                })?;
                let column = self.columns.iter().position(|column| column == WALL);
                wall = column.map_or(wall, |column| record[column].parse().unwrap_or(wall));
                end = reader.position().byte();
            }
            if last != written {
                let lacks =
                    format!("it ends with update {last}; the checkpoint goes on from {written}");
                return Err(place(&lacks).into());
            }
        }
        let open = || -> io::Result<File> {
            let mut file = OpenOptions::new()
                .create(true)
                .truncate(false)
                .write(true)
                .open(&self.path)?;
            file.set_len(end)?;
            file.seek(SeekFrom::End(0))?;
            Ok(file)
        };
        self.file = Some(open().map_err(|error| place(&error))?);
        (self.begin, self.wall_before, self.wall_s) = (Instant::now(), wall, wall);
        self.last = updates;
        Ok(())
    }

    /// Writes lines at once, and in one piece: what is killed leaves whole rows.
    fn write<T: AsRef<[u8]>>(
        &mut self,
        fields: impl IntoIterator<Item = T>,
    ) -> Result<(), BoxError> {
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        let mut line = csv::Writer::from_writer(Vec::new());
        line.write_record(fields)?;
        let bytes = line.into_inner().map_err(|error| error.to_string())?;
        file.write_all(&bytes)
            .map_err(|error| format!("cannot write {}: {error}", self.path.display()).into())
    }

    fn add(&mut self, metrics: &Metrics, episodes: usize) -> Result<(), BoxError> {
        if self.columns.is_empty() {
            self.columns = metrics.iter().map(|(name, _)| name.to_owned()).collect();
            self.write(self.columns.clone())?;
        }
        if let Some((name, _)) = metrics
            .iter()
            .find(|(name, _)| !self.columns.iter().any(|column| column == name))
        {
            return Err(format!(
                "{}: the metric '{name}' is not among its columns, which are those of the first \
                 update; put it as NaN from the start",
                self.path.display()
            )
            .into());
        }
        self.window.add(&self.columns, metrics, episodes);
        Ok(())
    }

    /// Writes the row of the window.
    fn write_row(&mut self) -> Result<(), BoxError> {
        let wall_s = format!("{:.4}", self.wall_s);
        let row = self.window.take().into_iter().zip(&self.columns);
        let fields: Vec<String> = row
            .map(|(value, column)| match value {
                _ if column == WALL => wall_s.clone(),
                Some(number) => number.to_string(),
                None => String::new(),
            })
            .collect();
        self.write(fields)
    }
}

/// Returns `true` if a path still leads to an open file.
fn is_at(file: &File, path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let of =
            |metadata: io::Result<std::fs::Metadata>| metadata.map(|m| (m.dev(), m.ino())).ok();
        of(file.metadata()).is_some_and(|own| of(std::fs::metadata(path)) == Some(own))
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        path.exists()
    }
}

impl Observer for MetricsFile {
    fn start(&mut self, run: &dyn RunView) -> Result<(), BoxError> {
        self.open(run.clock().updates)
    }

    fn update(
        &mut self,
        run: &dyn RunView,
        metrics: &mut Metrics,
    ) -> Result<ControlFlow<()>, BoxError> {
        self.wall_s = self.wall_before + self.begin.elapsed().as_secs_f64();
        metrics.put(WALL, self.wall_s);
        if self.seen.elapsed() >= BETWEEN_LOOKS {
            self.check_place()?;
        }
        self.add(metrics, run.episodes().len())?;
        if self.window.updates() >= self.every {
            self.write_row()?;
        }
        self.last = run.clock().updates;
        Ok(ControlFlow::Continue(()))
    }

    fn end(&mut self, _run: &dyn RunView, _outcome: Outcome) -> Result<(), BoxError> {
        match self.window.updates() {
            0 => Ok(()),
            _ => self.write_row(),
        }
    }

    fn name(&self) -> &'static str {
        "metrics_file"
    }

    fn save(&self, out: &mut dyn StateWriter) {
        self.window.save(out);
    }

    fn load(&mut self, from: &dyn StateReader) -> Result<(), StateError> {
        self.window.load(from)
    }
}

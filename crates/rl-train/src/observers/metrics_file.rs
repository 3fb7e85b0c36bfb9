//! Metrics as a CSV file.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Instant;

use rl_core::{BoxError, Metrics};

use crate::observer::Observer;
use crate::view::RunView;

/// CSV file with a row for each update, in the columns of the first one; a metric that has no value
/// in an update is an empty field.
///
/// A run that is taken up from a checkpoint keeps the rows up to it and writes the others anew: each
/// update is there once. It adds the metric `wall_s`, the seconds that updates took so far, those
/// before an interruption among them.
#[derive(Debug)]
pub struct MetricsFile {
    path: PathBuf,
    file: Option<File>,
    columns: Vec<String>,
    /// Update of the last whole row.
    last: u64,
    begin: Instant,
    /// Seconds that updates before this process took.
    wall_before: f64,
}

impl MetricsFile {
    /// The file at `path`, which is made or taken up when the run starts.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            file: None,
            columns: Vec::new(),
            last: 0,
            begin: Instant::now(),
            wall_before: 0.0,
        }
    }

    /// Path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Update of the last row that was written whole.
    pub(crate) fn last_update(&self) -> u64 {
        self.last
    }

    /// Seconds that updates took so far.
    pub(crate) fn wall(&self) -> f64 {
        self.wall_before + self.begin.elapsed().as_secs_f64()
    }

    /// Opens the file for a run with so many updates.
    fn open(&mut self, updates: u64) -> Result<(), BoxError> {
        let place = |error: &dyn std::fmt::Display| format!("{}: {error}", self.path.display());
        let mut wall = 0.0;
        let mut end = 0;
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
            while last < updates && reader.read_record(&mut record).map_err(|e| place(&e))? {
                if record.len() != self.columns.len() {
                    break;
                }
                last = record[0].parse().map_err(|_| {
                    place(&format!("'{}' is not the number of an update", &record[0]))
                })?;
                let column = self.columns.iter().position(|column| column == "wall_s");
                wall = column.map_or(wall, |column| record[column].parse().unwrap_or(wall));
                end = reader.position().byte();
            }
            if last != updates {
                let lacks = format!("it ends with update {last}; the checkpoint is of {updates}");
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
        (self.begin, self.wall_before) = (Instant::now(), wall);
        self.last = updates;
        Ok(())
    }

    fn append(&mut self, metrics: &Metrics) -> Result<(), BoxError> {
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        let mut lines = csv::Writer::from_writer(Vec::new());
        if self.columns.is_empty() {
            self.columns = metrics.iter().map(|(name, _)| name.to_owned()).collect();
            lines.write_record(&self.columns)?;
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
        lines.write_record(self.columns.iter().map(|column| {
            match metrics.get(column).filter(|x| !x.is_nan()) {
                Some(number) if column == "wall_s" => format!("{number:.4}"),
                Some(number) => number.to_string(),
                None => String::new(),
            }
        }))?;
        let bytes = lines.into_inner().map_err(|error| error.to_string())?;
        // At once, and in one piece: what is killed leaves whole rows.
        file.write_all(&bytes)
            .map_err(|error| format!("cannot write {}: {error}", self.path.display()).into())
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
        metrics.put("wall_s", self.wall());
        self.append(metrics)?;
        self.last = run.clock().updates;
        Ok(ControlFlow::Continue(()))
    }
}

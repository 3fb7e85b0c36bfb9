//! Reports of a replay.

use std::path::PathBuf;

use rl_core::Status;
use serde::Serialize;

use super::ParityError;
use super::table::{Row, Table};

/// Number of deviations of a quantity that are listed one by one; of flags, all are listed.
const TOLD: usize = 5;

/// Outcome of a replay.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Flag: every number is within its tolerance, and every flag is equal.
    pub passed: bool,
    /// Number of numbers beyond their tolerance and of flags that differ.
    pub beyond: usize,
    /// Reports of the sets of traces, in the order of their paths.
    pub environments: Vec<EnvironmentReport>,
}

/// Report of the traces of one environment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EnvironmentReport {
    /// Name of the environment's directory.
    pub environment: String,
    /// Path of the directory.
    pub directory: PathBuf,
    /// Flag: every file passed.
    pub passed: bool,
    /// Reports of its files.
    pub files: Vec<FileReport>,
}

/// Report of one file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FileReport {
    /// Name of the file.
    pub file: String,
    /// Number of its rows.
    pub rows: usize,
    /// Number of rows that were compared; in the others, rounding errors have grown too large for a
    /// comparison.
    pub compared: usize,
    /// Flag: every quantity is within its tolerance.
    pub passed: bool,
    /// Compared quantities.
    pub quantities: Vec<Quantity>,
}

/// Greatest distance between a number and the recorded one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tolerance {
    /// No distance: the numbers must be equal.
    Exact,
    /// Bound of `|ours − theirs|`.
    Absolute(f64),
    /// Bound of `|ours − theirs| / max(1, |theirs|)`.
    Scaled(f64),
    /// Any distance: the number is only reported.
    NotJudged,
}

/// Comparison of all numbers of one kind.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Quantity {
    /// Name of the kind: `state`, `observation`, `reward`, `flags`, …
    pub name: &'static str,
    /// Tolerance of each number.
    pub tolerance: Tolerance,
    /// Number of comparisons.
    pub compared: usize,
    /// Number of comparisons with unequal numbers.
    pub differing: usize,
    /// Number of comparisons beyond the tolerance.
    pub beyond: usize,
    /// The largest `|ours − theirs|`.
    pub largest_absolute: f64,
    /// The largest `|ours − theirs| / |theirs|` where `theirs` is not 0.
    pub largest_relative: f64,
    /// The first numbers beyond the tolerance, or every flag that differs.
    pub deviations: Vec<Deviation>,
}

/// One number beyond its tolerance.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Deviation {
    /// Number of the line in the file, from 1.
    pub line: u64,
    /// Name of the row, such as `id 7` or `episode 3, t 12`.
    pub row: String,
    /// Name of the column.
    pub column: String,
    /// Our number; 0 or 1 for a flag.
    pub ours: f64,
    /// The recorded number.
    pub theirs: f64,
}

impl Report {
    pub(super) fn new(environments: Vec<EnvironmentReport>) -> Self {
        let files = environments.iter().flat_map(|e| &e.files);
        let beyond = files.flat_map(|f| &f.quantities).map(|q| q.beyond).sum();
        Self {
            passed: beyond == 0,
            beyond,
            environments,
        }
    }
}

impl FileReport {
    /// The report of a file of whose rows `compared` were compared.
    pub fn new(table: &Table, compared: usize, quantities: Vec<Quantity>) -> Self {
        let name = table.path().file_name().unwrap_or_default();
        Self {
            file: name.to_string_lossy().into_owned(),
            rows: table.len(),
            compared,
            passed: quantities.iter().all(|quantity| quantity.beyond == 0),
            quantities,
        }
    }
}

impl Quantity {
    /// A quantity of which nothing was compared so far.
    pub fn new(name: &'static str, tolerance: Tolerance) -> Self {
        Self {
            name,
            tolerance,
            compared: 0,
            differing: 0,
            beyond: 0,
            largest_absolute: 0.0,
            largest_relative: 0.0,
            deviations: Vec::new(),
        }
    }

    /// Compares our number with the one in a column.
    ///
    /// # Errors
    /// [`ParityError`].
    pub fn number(&mut self, row: Row<'_>, column: &str, ours: f64) -> Result<(), ParityError> {
        let theirs = row.number(column)?;
        self.compare(row, column, ours, theirs, TOLD);
        Ok(())
    }

    /// Compares our numbers with those in the columns `{prefix}{name}`.
    ///
    /// # Errors
    /// [`ParityError`].
    pub fn numbers<'a>(
        &mut self,
        row: Row<'_>,
        prefix: &str,
        names: impl IntoIterator<Item = &'a str>,
        ours: impl IntoIterator<Item = f64>,
    ) -> Result<(), ParityError> {
        ours.into_iter()
            .zip(names)
            .try_for_each(|(ours, name)| self.number(row, &format!("{prefix}{name}"), ours))
    }

    /// Compares our observation with the one in the columns `{prefix}0`, `{prefix}1`, ….
    ///
    /// # Errors
    /// [`ParityError`].
    pub fn observation(
        &mut self,
        row: Row<'_>,
        prefix: &str,
        ours: &[f32],
    ) -> Result<(), ParityError> {
        for (i, ours) in ours.iter().enumerate() {
            let column = format!("{prefix}{i}");
            let theirs = row.single(&column)?;
            self.compare(row, &column, f64::from(*ours), f64::from(theirs), TOLD);
        }
        Ok(())
    }

    /// Compares our number of rows with `theirs`, counted by a column.
    pub fn count(&mut self, row: Row<'_>, column: &str, ours: usize, theirs: usize) {
        self.compare(row, column, ours as f64, theirs as f64, TOLD);
    }

    /// Compares our flag with `theirs`, from a column.
    pub fn flag(&mut self, row: Row<'_>, column: &str, ours: bool, theirs: bool) {
        self.compare(row, column, ours.into(), theirs.into(), usize::MAX);
    }

    /// Compares the status of an episode after a step with the flags of a row; a step that both
    /// terminates and reaches the time limit is terminated.
    ///
    /// # Errors
    /// [`ParityError`].
    pub fn status(&mut self, row: Row<'_>, ours: Status) -> Result<(), ParityError> {
        let terminated = row.flag("terminated")?;
        let truncated = row.flag("truncated")? && !terminated;
        self.flag(row, "terminated", ours == Status::Terminated, terminated);
        self.flag(row, "truncated", ours == Status::Truncated, truncated);
        Ok(())
    }

    fn compare(&mut self, row: Row<'_>, column: &str, ours: f64, theirs: f64, told: usize) {
        self.compared += 1;
        if ours == theirs {
            return;
        }
        self.differing += 1;
        let error = (ours - theirs).abs();
        // A NaN counts as infinitely far.
        let error = if error.is_nan() { f64::INFINITY } else { error };
        self.largest_absolute = self.largest_absolute.max(error);
        if theirs != 0.0 {
            self.largest_relative = self.largest_relative.max(error / theirs.abs());
        }
        let within = match self.tolerance {
            Tolerance::Exact => false,
            Tolerance::Absolute(most) => error <= most,
            Tolerance::Scaled(most) => error <= most * theirs.abs().max(1.0),
            Tolerance::NotJudged => true,
        };
        if !within {
            self.beyond += 1;
            if self.deviations.len() < told {
                self.deviations.push(Deviation {
                    line: row.line(),
                    row: row.name(),
                    column: column.to_owned(),
                    ours,
                    theirs,
                });
            }
        }
    }
}

impl std::fmt::Display for Tolerance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exact => f.write_str("equal"),
            Self::Absolute(most) => write!(f, "{most:e}"),
            Self::Scaled(most) => write!(f, "{most:e}·max(1, |theirs|)"),
            Self::NotJudged => f.write_str("not judged"),
        }
    }
}

//! What a replay finds.

use std::path::PathBuf;

use serde::Serialize;

use super::ParityError;
use super::table::{Row, Table};

/// Deviations of a quantity that are told one by one; flags are told all.
const TOLD: usize = 5;

/// The outcome of a replay.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Whether everything judged is within its tolerance.
    pub passed: bool,
    /// Numbers and flags beyond their tolerance.
    pub beyond: usize,
    /// A report for each set of traces, in the order of their paths.
    pub environments: Vec<EnvironmentReport>,
}

/// What was found in the traces of an environment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EnvironmentReport {
    /// The name of the environment's directory.
    pub environment: String,
    /// The directory.
    pub directory: PathBuf,
    /// Whether every file passed.
    pub passed: bool,
    /// A report for each file.
    pub files: Vec<FileReport>,
}

/// What was found in a file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FileReport {
    /// Its name.
    pub file: String,
    /// Rows it has.
    pub rows: usize,
    /// Rows that were compared; the others lie beyond the steps that rounding leaves comparable.
    pub compared: usize,
    /// Whether every quantity is within its tolerance.
    pub passed: bool,
    /// What was compared.
    pub quantities: Vec<Quantity>,
}

/// How far a number may be from the recorded one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tolerance {
    /// Equal.
    Exact,
    /// `|ours − theirs|` at most this.
    Absolute(f64),
    /// `|ours − theirs|` at most this times `max(1, |theirs|)`.
    Scaled(f64),
    /// However far: the number is reported, not judged.
    NotJudged,
}

/// Numbers of one kind, compared one by one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Quantity {
    /// What they are: `state`, `observation`, `reward`, `flags`, …
    pub name: &'static str,
    /// How far they may be off.
    pub tolerance: Tolerance,
    /// How many were compared.
    pub compared: usize,
    /// How many are not equal.
    pub differing: usize,
    /// How many are beyond the tolerance.
    pub beyond: usize,
    /// The largest `|ours − theirs|`.
    pub largest_absolute: f64,
    /// The largest `|ours − theirs| / |theirs|` where `theirs` is not 0.
    pub largest_relative: f64,
    /// The first numbers beyond the tolerance, or every flag that differs.
    pub deviations: Vec<Deviation>,
}

/// A number beyond its tolerance.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Deviation {
    /// The line of the file, from 1.
    pub line: u64,
    /// What the row is about, such as `id 7` or `episode 3, t 12`.
    pub row: String,
    /// The column.
    pub column: String,
    /// Our number; 0 or 1 for a flag.
    pub ours: f64,
    /// The recorded one.
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
    pub(super) fn new(table: &Table, compared: usize, quantities: Vec<Quantity>) -> Self {
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
    pub(super) fn new(name: &'static str, tolerance: Tolerance) -> Self {
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
    pub(super) fn number(
        &mut self,
        row: Row<'_>,
        column: &str,
        ours: f64,
    ) -> Result<(), ParityError> {
        let theirs = row.number(column)?;
        self.compare(row, column, ours, theirs, TOLD);
        Ok(())
    }

    /// Compares our numbers with those in the columns `{prefix}{name}`.
    pub(super) fn numbers<'a>(
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
    pub(super) fn observation(
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

    /// Compares our flag with `theirs`, from a column.
    pub(super) fn flag(&mut self, row: Row<'_>, column: &str, ours: bool, theirs: bool) {
        self.compare(row, column, ours.into(), theirs.into(), usize::MAX);
    }

    fn compare(&mut self, row: Row<'_>, column: &str, ours: f64, theirs: f64, told: usize) {
        self.compared += 1;
        if ours == theirs {
            return;
        }
        self.differing += 1;
        let error = (ours - theirs).abs();
        // A NaN is as far as can be.
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

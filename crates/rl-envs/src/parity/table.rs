//! Files of comma-separated values, with the place of every value for error messages.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use csv::StringRecord;

use super::ParityError;

/// Names of the columns that hold words, or numbers in some rows only; all others hold numbers.
const WORDS: &[&str] = &["kind", "policy", "name", "source", "outcome", "dest_draw"];

/// File with a header and at least one row, each row with a value per column.
pub struct Table {
    path: PathBuf,
    columns: StringRecord,
    rows: Vec<StringRecord>,
    key: Key,
}

/// Names of the columns whose values identify a row.
pub type Key = &'static [&'static str];

/// One row of a [`Table`].
#[derive(Clone, Copy)]
pub struct Row<'a> {
    table: &'a Table,
    values: &'a StringRecord,
}

impl Table {
    /// Reads a file whose rows are identified by the columns `key`.
    fn read(path: PathBuf, key: Key) -> Result<Self, ParityError> {
        let failed = |error: csv::Error| match error.kind() {
            csv::ErrorKind::UnequalLengths {
                pos,
                expected_len,
                len,
            } => ParityError::RowLength {
                file: path.clone(),
                line: pos.as_ref().map_or(0, csv::Position::line),
                cells: *len,
                columns: *expected_len,
            },
            _ => ParityError::Read {
                path: path.clone(),
                source: error.into(),
            },
        };
        let mut reader = csv::Reader::from_path(&path).map_err(failed)?;
        let columns = reader.headers().map_err(failed)?.clone();
        let rows: Vec<_> = reader.records().collect::<Result<_, _>>().map_err(failed)?;
        if rows.is_empty() {
            return Err(ParityError::NoRows { file: path });
        }
        let table = Self {
            path,
            columns,
            rows,
            key,
        };
        // Every column of numbers is checked, even where it is not compared.
        let is_number = |column: &&str| !WORDS.contains(column);
        for row in table.rows() {
            for column in table.columns.iter().filter(is_number) {
                row.number(column)?;
            }
        }
        Ok(table)
    }

    /// Reads a file; `None` if it does not exist.
    ///
    /// # Errors
    /// [`ParityError`].
    pub fn read_if_there(path: PathBuf, key: Key) -> Result<Option<Self>, ParityError> {
        path.exists().then(|| Self::read(path, key)).transpose()
    }

    /// Reads a file of steps and the index of its segments or episodes; `None` if neither exists.
    ///
    /// # Errors
    /// [`ParityError`].
    pub fn read_pair(
        directory: &Path,
        [steps, index]: [(&str, Key); 2],
    ) -> Result<Option<(Self, Self)>, ParityError> {
        let read = |(file, key)| Self::read_if_there(directory.join(file), key);
        let missing = |(file, _), present: Self| ParityError::MissingFile {
            missing: directory.join(file),
            present: present.path,
        };
        match (read(steps)?, read(index)?) {
            (None, None) => Ok(None),
            (Some(table), None) => Err(missing(index, table)),
            (None, Some(table)) => Err(missing(steps, table)),
            (Some(steps), Some(index)) => {
                steps.announced_by(&index)?;
                Ok(Some((steps, index)))
            }
        }
    }

    /// Path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Number of rows, at least one.
    #[expect(
        clippy::len_without_is_empty,
        reason = "a table without rows is an error"
    )]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// The rows, in order.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|values| Row {
            table: self,
            values,
        })
    }

    /// The steps that a row of the index belongs to: at least one, with the same values in the
    /// columns of its key, with `t` counting from 0, and as many as its column `length` says, if it
    /// has one.
    ///
    /// # Errors
    /// [`ParityError`].
    pub fn steps_of<'a>(
        &'a self,
        index: Row<'_>,
        key: &str,
        length: Option<usize>,
    ) -> Result<Vec<Row<'a>>, ParityError> {
        let name = index.text(key)?;
        let mut steps = Vec::new();
        for row in self.rows() {
            if row.text(key)? == name {
                if row.integer::<usize>("t")? != steps.len() {
                    return Err(row.wrong("t", format!("{}, the next step", steps.len())));
                }
                steps.push(row);
            }
        }
        if !steps.is_empty() && length.is_none_or(|length| length == steps.len()) {
            return Ok(steps);
        }
        let length = length.map_or("some".into(), |length| length.to_string());
        let (file, rows) = (self.path.display(), steps.len());
        Err(index.wrong(
            key,
            format!("told in {length} rows of {file}, but in {rows}"),
        ))
    }

    /// Checks that every row belongs to a row of the index.
    fn announced_by(&self, index: &Table) -> Result<(), ParityError> {
        for key in index.key {
            let names: Vec<&str> = index
                .rows()
                .map(|row| row.text(key))
                .collect::<Result<_, _>>()?;
            for row in self.rows() {
                if !names.contains(&row.text(key)?) {
                    return Err(row.wrong(key, format!("in {}", index.path.display())));
                }
            }
        }
        Ok(())
    }
}

impl<'a> Row<'a> {
    /// Number of its line, from 1.
    pub fn line(self) -> u64 {
        self.values.position().map_or(0, csv::Position::line)
    }

    /// Name of the row by its key, such as `episode 3, t 12`.
    pub fn name(self) -> String {
        let parts: Vec<String> = self
            .table
            .key
            .iter()
            .map(|column| format!("{column} {}", self.text(column).unwrap_or("?")))
            .collect();
        parts.join(", ")
    }

    /// Names of the columns, in order.
    pub fn columns(self) -> impl Iterator<Item = &'a str> {
        self.table.columns.iter()
    }

    /// The text in a column.
    ///
    /// # Errors
    /// [`ParityError::MissingColumn`].
    pub fn text(self, column: &str) -> Result<&'a str, ParityError> {
        let Table { path, columns, .. } = self.table;
        columns
            .iter()
            .position(|name| name == column)
            .and_then(|i| self.values.get(i))
            .ok_or_else(|| ParityError::MissingColumn {
                file: path.clone(),
                column: column.to_owned(),
                columns: columns.iter().collect::<Vec<_>>().join(", "),
            })
    }

    /// The finite number in a column.
    ///
    /// # Errors
    /// [`ParityError`].
    pub fn number(self, column: &str) -> Result<f64, ParityError> {
        self.parse(column, "a finite number", |x: &f64| x.is_finite())
    }

    /// The finite number in a column, in single precision.
    ///
    /// # Errors
    /// [`ParityError`].
    pub fn single(self, column: &str) -> Result<f32, ParityError> {
        self.parse(column, "a finite number", |x: &f32| x.is_finite())
    }

    /// The integer in a column.
    ///
    /// # Errors
    /// [`ParityError`].
    pub fn integer<T: FromStr>(self, column: &str) -> Result<T, ParityError> {
        self.parse(column, "a whole number", |_| true)
    }

    /// The flag in a column: 0 or 1.
    ///
    /// # Errors
    /// [`ParityError`].
    pub fn flag(self, column: &str) -> Result<bool, ParityError> {
        self.parse(column, "0 or 1", |flag: &u8| *flag < 2)
            .map(|flag| flag == 1)
    }

    /// The finite numbers in several columns.
    ///
    /// # Errors
    /// [`ParityError`].
    pub fn numbers<const N: usize>(
        self,
        columns: [&str; N],
        prefix: &str,
    ) -> Result<[f64; N], ParityError> {
        let mut numbers = [0.0; N];
        for (number, column) in numbers.iter_mut().zip(columns) {
            *number = self.number(&format!("{prefix}{column}"))?;
        }
        Ok(numbers)
    }

    /// The error for a value in a column that is not as `expected` describes.
    pub fn wrong(self, column: &str, expected: impl Into<String>) -> ParityError {
        ParityError::Value {
            file: self.table.path.clone(),
            line: self.line(),
            column: column.to_owned(),
            value: self.text(column).unwrap_or_default().to_owned(),
            expected: expected.into(),
        }
    }

    fn parse<T: FromStr>(
        self,
        column: &str,
        expected: &str,
        allowed: impl Fn(&T) -> bool,
    ) -> Result<T, ParityError> {
        let value = self.text(column)?.parse().ok();
        value
            .filter(allowed)
            .ok_or_else(|| self.wrong(column, expected))
    }
}

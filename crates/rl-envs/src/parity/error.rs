//! Errors of reading traces.

use std::path::PathBuf;

/// Error for traces that are missing or malformed.
#[derive(Debug, thiserror::Error)]
pub enum ParityError {
    /// A file or directory that cannot be read, or is not text.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// Path of the file or directory.
        path: PathBuf,
        /// Error of the file system.
        source: std::io::Error,
    },
    /// A directory without traces.
    #[error("{} holds no recorded traces; expected {expected}", directory.display())]
    NoTraces {
        /// Path of the directory.
        directory: PathBuf,
        /// Name that was looked for.
        expected: String,
    },
    /// One of two files that belong together.
    #[error("{} is missing, without which {} cannot be replayed", missing.display(), present.display())]
    MissingFile {
        /// Path of the missing file.
        missing: PathBuf,
        /// Path of the file that is there.
        present: PathBuf,
    },
    /// Traces of no known environment.
    #[error("{} is in no directory named after an environment ({known})", file.display())]
    UnknownEnvironment {
        /// Path of one of the files.
        file: PathBuf,
        /// Recognised names of directories.
        known: String,
    },
    /// An error of the replayed environment.
    #[error("an environment failed: {0}")]
    Environment(#[from] rl_core::EnvironmentError),
    /// A header without a column.
    #[error("{}, line 1: there is no column '{column}' among {columns}", file.display())]
    MissingColumn {
        /// Path of the file.
        file: PathBuf,
        /// Name that was looked for.
        column: String,
        /// Columns of the header.
        columns: String,
    },
    /// A header without rows.
    #[error("{} has no rows", file.display())]
    NoRows {
        /// Path of the file.
        file: PathBuf,
    },
    /// A row that is shorter or longer than the header.
    #[error("{}, line {line}: {cells} values stand under {columns} columns", file.display())]
    RowLength {
        /// Path of the file.
        file: PathBuf,
        /// Number of the line, from 1.
        line: u64,
        /// Number of values in the row.
        cells: u64,
        /// Number of columns in the header.
        columns: u64,
    },
    /// A value that its column cannot hold.
    #[error("{}, line {line}: {column} = '{value}' is not {expected}", file.display())]
    Value {
        /// Path of the file.
        file: PathBuf,
        /// Number of the line, from 1.
        line: u64,
        /// Name of the column.
        column: String,
        /// Text of the value.
        value: String,
        /// Description of the values that the column can hold.
        expected: String,
    },
}

//! What a replay cannot read.

use std::path::PathBuf;

/// Traces that are missing or malformed.
#[derive(Debug, thiserror::Error)]
pub enum ParityError {
    /// A file or directory that cannot be read, or is not text.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file or directory.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A directory without traces.
    #[error("{} holds no recorded traces; expected {expected}", directory.display())]
    NoTraces {
        /// The directory.
        directory: PathBuf,
        /// What was looked for.
        expected: String,
    },
    /// One of two files that belong together.
    #[error("{} is missing, without which {} cannot be replayed", missing.display(), present.display())]
    MissingFile {
        /// The file that should be there.
        missing: PathBuf,
        /// The file that is.
        present: PathBuf,
    },
    /// Traces of no known environment.
    #[error("{} is in no directory named after an environment ({known})", file.display())]
    UnknownEnvironment {
        /// A file of traces.
        file: PathBuf,
        /// The names that are recognised.
        known: String,
    },
    /// A header without a column.
    #[error("{}, line 1: there is no column '{column}' among {columns}", file.display())]
    MissingColumn {
        /// The file.
        file: PathBuf,
        /// What was looked for.
        column: String,
        /// What there is.
        columns: String,
    },
    /// A header without rows.
    #[error("{} has no rows", file.display())]
    NoRows {
        /// The file.
        file: PathBuf,
    },
    /// A row that is shorter or longer than the header.
    #[error("{}, line {line}: {cells} values stand under {columns} columns", file.display())]
    RowLength {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: u64,
        /// Values in the row.
        cells: u64,
        /// Columns in the header.
        columns: u64,
    },
    /// A value that cannot be what the column holds.
    #[error("{}, line {line}: {column} = '{value}' is not {expected}", file.display())]
    Value {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The column.
        column: String,
        /// What stands there.
        value: String,
        /// What may stand there.
        expected: String,
    },
}

//! Files that measurements leave.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

/// Refusal of the file system.
#[derive(Debug, thiserror::Error)]
#[error("cannot {verb} {}: {source}", path.display())]
pub struct FileError {
    /// `read`, `write` or `draw`.
    pub verb: &'static str,
    /// File or directory.
    pub path: PathBuf,
    /// Reason of the system.
    pub source: io::Error,
}

impl FileError {
    /// The error of doing `verb` to a file.
    pub(crate) fn new(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self { verb, path, source }
    }
}

/// Writes files by their names into a directory, which is made if need be. Returns their paths.
pub(crate) fn write_all(
    directory: &Path,
    files: impl IntoIterator<Item = (String, Vec<u8>)>,
) -> Result<Vec<PathBuf>, FileError> {
    fs::create_dir_all(directory).map_err(FileError::new("write", directory))?;
    let write = |(name, bytes): (String, Vec<u8>)| {
        let path = directory.join(name);
        fs::write(&path, bytes).map_err(FileError::new("write", &path))?;
        Ok(path)
    };
    files.into_iter().map(write).collect()
}

/// Writes a file beside `path` and renames it, so that `path` is the complete old file or the complete new one.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let part = path.with_file_name(format!(".{name}.{}.part", std::process::id()));
    let written = fs::write(&part, bytes).and_then(|()| fs::rename(&part, path));
    written.map_err(|error| {
        // The rest of a failed attempt is useless; it may not exist.
        _ = fs::remove_file(&part);
        FileError::new("write", path)(error)
    })
}

/// Text of a file.
pub(crate) fn read(path: &Path) -> Result<String, FileError> {
    fs::read_to_string(path).map_err(FileError::new("read", path))
}

/// The rows as a CSV file with a header.
pub(crate) fn csv_of<T: Serialize>(rows: impl IntoIterator<Item = T>) -> io::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.serialize(row)?;
    }
    writer.into_inner().map_err(|error| error.into_error())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_go_into_a_directory_that_is_made() {
        let place = tempfile::tempdir().unwrap();
        let directory = place.path().join("new/place");
        let files = [("a".to_owned(), vec![1]), ("b".to_owned(), vec![2])];
        let paths = write_all(&directory, files).unwrap();
        assert_eq!(paths, [directory.join("a"), directory.join("b")]);
        let error = write_all(&paths[0], []).unwrap_err().to_string();
        assert!(error.starts_with("cannot write ") && error.contains("new/place/a"));
        let error = read(&directory.join("c")).unwrap_err().to_string();
        assert!(error.starts_with("cannot read "), "{error}");
    }

    #[test]
    fn text_with_a_comma_is_quoted() {
        #[derive(Serialize)]
        struct Row {
            name: &'static str,
            n: f64,
        }
        let rows = [
            Row {
                name: "group, all",
                n: 1.0,
            },
            Row { name: "a", n: 0.5 },
        ];
        let csv = csv_of(&rows).unwrap();
        assert_eq!(csv, b"name,n\n\"group, all\",1.0\na,0.5\n");
    }
}

//! Files that are there whole or not at all, whenever the program or the machine stops.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

/// Writes the file `name` in a directory; one of this name is replaced once the new one is on the disk.
pub(crate) fn write_whole(directory: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let partial = directory.join(format!(".{name}.partial"));
    write_flushed(&partial, bytes)?;
    fs::rename(&partial, directory.join(name))?;
    flush_directory(directory)
}

pub(crate) fn write_flushed(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes names of a directory last; only Unix has a way to ask for it.
pub(crate) fn flush_directory(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(path)?.sync_all()?;
    }
    Ok(())
}

//! Policies as ONNX files, for the runtimes that read them.

mod graph;
mod messages;
mod policy;
#[cfg(test)]
mod tests;

use std::path::Path;

use rl_nets::PolicyFile;

pub use policy::onnx;

use crate::files::write_whole;

/// ONNX file that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {path}: {source}")]
pub struct ExportError {
    /// Path of the file.
    path: String,
    /// The system's reason.
    source: std::io::Error,
}

/// Writes the ONNX file of a policy; one at `path` is replaced once the new one is on the disk.
///
/// # Errors
/// [`ExportError`].
pub fn export_onnx(policy: &PolicyFile, path: &Path) -> Result<(), ExportError> {
    let directory = path.parent().filter(|parent| *parent != Path::new(""));
    let directory = directory.unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let written = std::fs::create_dir_all(directory)
        .and_then(|()| write_whole(directory, &name, &onnx(policy)));
    written.map_err(|source| ExportError {
        path: path.display().to_string(),
        source,
    })
}

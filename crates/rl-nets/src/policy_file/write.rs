//! Writing a policy file.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use rl_core::{NamedArray, PolicyRecord};
use safetensors::{Dtype, tensor::TensorView};

use super::contents::PolicyFile;
use super::error::PolicyFileError;
use super::header::sort_header;
use super::layout::{FORMAT_VERSION, NORM_MEAN, NORM_VAR};

impl PolicyFile {
    /// Writes the file; a file at `path` is replaced once the new one is complete.
    ///
    /// # Errors
    /// [`PolicyFileError::Io`], or [`PolicyFileError::Malformed`] if the weights cannot be stored.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), PolicyFileError> {
        save_policy(path, &self.record())
    }

    /// The arrays and the metadata of the file.
    pub fn record(&self) -> PolicyRecord {
        let mut record = self.weights.record();
        if let Some(moments) = &self.normalization {
            let array = |name: &str, numbers: &[f64]| NamedArray {
                name: name.into(),
                shape: vec![numbers.len()],
                values: numbers.iter().map(|&x| x as f32).collect(),
            };
            record.arrays.push(array(NORM_MEAN, moments.mean()));
            record.arrays.push(array(NORM_VAR, moments.variance()));
        }
        record.metadata.push(("env".into(), self.env.clone()));
        record.metadata.push(("algo".into(), self.algo.clone()));
        record
    }
}

/// Writes a policy's file, with the version of its layout; a file at `path` is replaced once the new
/// one is on the disk.
///
/// # Errors
/// [`PolicyFileError::Io`], or [`PolicyFileError::Malformed`] for arrays whose shapes are not theirs.
pub fn save_policy(path: impl AsRef<Path>, record: &PolicyRecord) -> Result<(), PolicyFileError> {
    let path = path.as_ref();
    let bytes = to_bytes(record).map_err(|reason| PolicyFileError::malformed(path, reason))?;
    let partial = path.with_extension("safetensors.partial");
    let write = || -> io::Result<()> {
        let mut file = File::create(&partial)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(&partial, path)
    };
    write().map_err(|source| PolicyFileError::Io {
        action: "write",
        path: path.into(),
        source,
    })
}

/// The bytes of the file: equal records give equal bytes.
///
/// # Errors
/// A message for arrays whose shapes are not theirs.
pub(super) fn to_bytes(record: &PolicyRecord) -> Result<Vec<u8>, String> {
    let data: Vec<Vec<u8>> = record
        .arrays
        .iter()
        .map(|array| array.values.iter().flat_map(|x| x.to_le_bytes()).collect())
        .collect();
    let views: Result<Vec<_>, _> = record
        .arrays
        .iter()
        .zip(&data)
        .map(|(array, bytes)| {
            TensorView::new(Dtype::F32, array.shape.clone(), bytes).map(|view| (&array.name, view))
        })
        .collect();
    let views = views.map_err(|error| error.to_string())?;
    let mut metadata: HashMap<String, String> = record.metadata.iter().cloned().collect();
    metadata.insert("format_version".into(), FORMAT_VERSION.to_string());
    let file = safetensors::serialize(views, Some(metadata)).map_err(|error| error.to_string())?;
    sort_header(&file)
}

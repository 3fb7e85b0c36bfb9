//! Writing a policy file.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use rl_core::{ActionChoice, PolicyRecord, SavedPolicy};
use safetensors::{Dtype, tensor::TensorView};

use super::contents::PolicyFile;
use super::error::PolicyFileError;
use super::header::sort_header;
use super::layout::{FORMAT_VERSION, check_weights};
use crate::MlpWeights;

impl PolicyFile {
    /// Writes the file; a file at `path` is replaced once the new one is complete.
    ///
    /// # Errors
    /// As [`save_policy`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), PolicyFileError> {
        let path = path.as_ref();
        let mut fit = self.weights.check_fit();
        let of_head = self.weights.head.space();
        if fit.is_ok() && self.action_space != *of_head {
            let space = &self.action_space;
            fit = Err(format!(
                "its actions are {space}, those of its weights {of_head}"
            ));
        }
        fit.map_err(|reason| PolicyFileError::content(path, reason))?;
        save_policy(path, &self.record())
    }

    /// The arrays and the metadata of the file.
    ///
    /// # Panics
    /// If the network or `ln σ` is not what the head of the weights asks for.
    pub fn record(&self) -> PolicyRecord {
        let mut record = self.policy(ActionChoice::Mode).record();
        record.metadata.push(("env".into(), self.env.clone()));
        record.metadata.push(("algo".into(), self.algo.clone()));
        record.extend(self.value.as_ref().map(MlpWeights::value_record));
        record
    }
}

/// Writes a policy's file, with the version of its layout; a file at `path` is replaced once the new
/// one is on the disk.
///
/// # Errors
/// [`PolicyFileError::Io`], [`PolicyFileError::Malformed`] for arrays whose shapes are not theirs, or
/// [`PolicyFileError::Content`] for numbers that reading refuses.
pub fn save_policy(path: impl AsRef<Path>, record: &PolicyRecord) -> Result<(), PolicyFileError> {
    let path = path.as_ref();
    for array in &record.arrays {
        check_weights(&array.name, &array.values)
            .map_err(|reason| PolicyFileError::content(path, reason))?;
    }
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

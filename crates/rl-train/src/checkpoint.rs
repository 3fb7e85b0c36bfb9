//! Checkpoints: states of a run on disk, each whole or absent.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rl_core::Snapshot;
use serde::{Deserialize, Serialize};

pub use crate::checkpoint_error::CheckpointError;
use crate::checkpoint_error::FORMAT_VERSION;
use crate::files::{flush_directory, write_flushed};
use crate::state_file;
use crate::view::RunView;

const STATE: &str = "state.safetensors";
const MANIFEST: &str = "manifest.json";

/// Description of a checkpoint, `manifest.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the layout.
    pub format_version: u32,
    /// Name of the environment.
    pub env: String,
    /// Name of the algorithm.
    pub algo: String,
    /// Seed of the run.
    pub seed: u64,
    /// Updates so far.
    pub update: u64,
    /// Environment steps so far.
    pub env_steps: u64,
    /// Lengths and checksums of the other files, by name.
    pub files: BTreeMap<String, FileEntry>,
    /// CRC-32 of this file with an empty `checksum`.
    pub checksum: String,
}

/// Length and checksum of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Number of bytes.
    pub bytes: u64,
    /// CRC-32.
    pub crc32: String,
}

/// A checkpoint that was read and found whole: a directory with the arrays of a state in
/// `state.safetensors` and a [`Manifest`].
#[derive(Clone, Debug)]
pub struct Checkpoint {
    path: PathBuf,
    manifest: Manifest,
    state: Snapshot,
}

impl Manifest {
    fn of(run: &dyn RunView, state: &[u8]) -> Self {
        let clock = run.clock();
        let entry = FileEntry {
            bytes: state.len() as u64,
            crc32: crc32(state),
        };
        let mut manifest = Self {
            format_version: FORMAT_VERSION,
            env: run.source().name().to_owned(),
            algo: run.algorithm().to_owned(),
            seed: run.seed(),
            update: clock.updates,
            env_steps: clock.env_steps,
            files: [(STATE.to_owned(), entry)].into(),
            checksum: String::new(),
        };
        manifest.checksum = manifest.own_checksum();
        manifest
    }

    fn own_checksum(&self) -> String {
        let unsigned = Self {
            checksum: String::new(),
            ..self.clone()
        };
        crc32(&serde_json::to_vec(&unsigned).unwrap_or_default())
    }
}

fn crc32(bytes: &[u8]) -> String {
    format!("{:08x}", crc32fast::hash(bytes))
}

impl Checkpoint {
    /// Writes a checkpoint of a run into `directory` and keeps the `keep` newest there.
    ///
    /// Its files are written under a temporary name and flushed to the disk before the name that
    /// counts, the number of the update, is given: a checkpoint is whole or absent, whenever the
    /// program or the machine stops.
    ///
    /// # Errors
    /// [`CheckpointError::Io`].
    pub fn write(
        directory: &Path,
        run: &dyn RunView,
        state: &Snapshot,
        keep: usize,
    ) -> Result<PathBuf, CheckpointError> {
        let update = run.clock().updates;
        let path = directory.join(format!("{update:010}"));
        let partial = directory.join(format!(".partial-{update}"));
        let write = || -> io::Result<()> {
            let state = state_file::encode(state).map_err(io::Error::other)?;
            let manifest = Manifest::of(run, &state);
            let manifest = serde_json::to_vec_pretty(&manifest).map_err(io::Error::other)?;
            fs::create_dir_all(directory)?;
            remove(&partial)?;
            fs::create_dir(&partial)?;
            write_flushed(&partial.join(STATE), &state)?;
            write_flushed(&partial.join(MANIFEST), &manifest)?;
            flush_directory(&partial)?;
            discard(directory, &path)?;
            fs::rename(&partial, &path)?;
            flush_directory(directory)?;
            let mut known = numbers(directory)?;
            known.sort_unstable();
            for (_, old) in known.iter().rev().skip(keep.max(1)) {
                discard(directory, old)?;
            }
            Ok(())
        };
        write().map_err(|source| {
            // A disk that is full should not stay so because of this.
            _ = fs::remove_dir_all(&partial);
            CheckpointError::io("write", &path)(source)
        })?;
        Ok(path)
    }

    /// Reads the newest checkpoint in `directory`.
    ///
    /// # Errors
    /// [`CheckpointError`] if there is none, or if the newest is not whole.
    pub fn newest(directory: impl AsRef<Path>) -> Result<Self, CheckpointError> {
        let directory = directory.as_ref();
        let found = match numbers(directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            found => found.map_err(CheckpointError::io("read", directory))?,
        };
        match found.into_iter().max() {
            Some((_, path)) => Self::read(&path),
            None => Err(CheckpointError::None(directory.to_owned())),
        }
    }

    /// Reads a checkpoint and verifies it.
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn read(path: &Path) -> Result<Self, CheckpointError> {
        let damaged = |reason: String| CheckpointError::Damaged {
            path: path.to_owned(),
            reason,
        };
        let bytes = |name: &str| {
            fs::read(path.join(name)).map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => damaged(format!("{name} is missing")),
                _ => CheckpointError::io("read", &path.join(name))(error),
            })
        };
        let text = bytes(MANIFEST)?;
        let unreadable = |error: serde_json::Error| damaged(format!("{MANIFEST}: {error}"));
        let manifest: serde_json::Value = serde_json::from_slice(&text).map_err(unreadable)?;
        let version = manifest["format_version"].as_u64();
        if let Some(found) = version.filter(|&version| version != u64::from(FORMAT_VERSION)) {
            return Err(CheckpointError::Version {
                path: path.to_owned(),
                found,
            });
        }
        let manifest: Manifest = serde_json::from_value(manifest).map_err(unreadable)?;
        if manifest.checksum != manifest.own_checksum() {
            return Err(damaged(format!(
                "{MANIFEST} was changed: its checksum differs"
            )));
        }
        let entry = manifest.files.get(STATE);
        let entry = entry.ok_or_else(|| damaged(format!("{MANIFEST} lacks {STATE}")))?;
        let state = bytes(STATE)?;
        if state.len() as u64 != entry.bytes {
            return Err(damaged(format!(
                "{STATE} has {} bytes, not {}",
                state.len(),
                entry.bytes
            )));
        }
        if crc32(&state) != entry.crc32 {
            return Err(damaged(format!(
                "{STATE} was changed: its checksum differs"
            )));
        }
        let state =
            state_file::decode(&state).map_err(|reason| damaged(format!("{STATE}: {reason}")))?;
        Ok(Self {
            path: path.to_owned(),
            manifest,
            state,
        })
    }

    /// Path of its directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its description.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The state of the run and of its observers.
    pub fn state(&self) -> &Snapshot {
        &self.state
    }

    /// Refuses to be taken up by another run than the one it is of.
    ///
    /// # Errors
    /// [`CheckpointError::OtherRun`].
    pub fn check(&self, run: &dyn RunView) -> Result<(), CheckpointError> {
        let Manifest {
            env, algo, seed, ..
        } = &self.manifest;
        for (key, found, expected) in [
            ("env", env.clone(), run.source().name().to_owned()),
            ("algo", algo.clone(), run.algorithm().to_owned()),
            ("seed", seed.to_string(), run.seed().to_string()),
        ] {
            if found != expected {
                return Err(CheckpointError::OtherRun {
                    path: self.path.clone(),
                    key,
                    found,
                    expected,
                });
            }
        }
        Ok(())
    }
}

/// The checkpoints of a directory with the numbers of their updates.
fn numbers(directory: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let number = path
            .file_name()
            .and_then(|name| name.to_str()?.parse().ok());
        found.extend(number.map(|number| (number, path)));
    }
    Ok(found)
}

/// Removes a checkpoint, if it is there: its name first, so that it is never there in part.
fn discard(directory: &Path, path: &Path) -> io::Result<()> {
    if !path.exists() {
        return Ok(());
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let discarded = directory.join(format!(".discarded-{name}"));
    remove(&discarded)?;
    fs::rename(path, &discarded)?;
    fs::remove_dir_all(&discarded)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

//! Contents of the files that a run leaves behind.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use safetensors::{Dtype, SafeTensors};
use serde::Serialize;

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::run_directory::RunDirectory;

/// Contents of a file of tensors, of a checkpoint, or of a run with its policies and its newest checkpoint.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Inspection {
    /// Kind: `policy`, `tensors`, `checkpoint` or `run`.
    pub kind: &'static str,
    /// Path of the file or directory.
    pub path: PathBuf,
    /// Metadata of the file, by key.
    pub metadata: BTreeMap<String, String>,
    /// Its tensors, by name.
    pub tensors: Vec<TensorContents>,
    /// Contents of its parts.
    pub parts: Vec<Inspection>,
}

/// A tensor in numbers; those are `None` where it has no element, or one that is not finite.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TensorContents {
    /// Name.
    pub name: String,
    /// Type of its elements, as safetensors has it: `F32`, `F64`, `U64`.
    pub dtype: String,
    /// Shape.
    pub shape: Vec<usize>,
    /// Euclidean norm.
    pub norm: Option<f64>,
    /// Mean.
    pub mean: Option<f64>,
    /// Smallest element.
    pub min: Option<f64>,
    /// Largest element.
    pub max: Option<f64>,
}

/// Reason why contents could not be told.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// A path that leads to no file and no directory.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A file that is not safetensors, or that is damaged.
    #[error("{} is damaged or not a safetensors file: {reason}", path.display())]
    NotTensors {
        /// Path of the file.
        path: PathBuf,
        /// The parser's message, or the type of elements that is not known here.
        reason: String,
    },
    /// A directory of something else.
    #[error(
        "{} is neither the directory of a run, which has a config.toml, nor a checkpoint, which has \
         a manifest.json", .0.display()
    )]
    NoRun(PathBuf),
    /// A checkpoint that is not whole.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
}

/// Tells what a policy file or another file of tensors, a checkpoint or the directory of a run contains.
///
/// # Errors
/// [`InspectError`].
pub fn inspect(path: impl AsRef<Path>) -> Result<Inspection, InspectError> {
    let path = path.as_ref();
    let about = fs::metadata(path).map_err(io_error(path))?;
    if about.is_file() {
        return tensors(path);
    }
    if path.join(RunDirectory::CONFIG).is_file() {
        return run(path);
    }
    if path.join("manifest.json").is_file() {
        return checkpoint(&Checkpoint::read(path)?);
    }
    Err(InspectError::NoRun(path.to_owned()))
}

fn io_error(path: &Path) -> impl FnOnce(std::io::Error) -> InspectError {
    let path = path.to_owned();
    |source| InspectError::Io { path, source }
}

fn run(path: &Path) -> Result<Inspection, InspectError> {
    let mut parts = Vec::new();
    for name in [RunDirectory::POLICY, RunDirectory::BEST] {
        if path.join(name).is_file() {
            parts.push(tensors(&path.join(name))?);
        }
    }
    match RunDirectory::newest_checkpoint(path) {
        Ok(found) => parts.push(checkpoint(&found)?),
        Err(CheckpointError::None(_)) => {}
        Err(error) => return Err(error.into()),
    }
    let summary = fs::read_to_string(path.join(RunDirectory::SUMMARY)).unwrap_or_default();
    let summary: serde_json::Value = serde_json::from_str(&summary).unwrap_or_default();
    let mut metadata = BTreeMap::new();
    for key in [
        "outcome",
        "env",
        "algo",
        "preset",
        "seed",
        "updates",
        "env_steps",
        "episodes",
        "final_return_mean",
        "date",
    ] {
        match &summary[key] {
            serde_json::Value::Null => {}
            serde_json::Value::String(text) => _ = metadata.insert(key.to_owned(), text.clone()),
            value => _ = metadata.insert(key.to_owned(), value.to_string()),
        }
    }
    if metadata.is_empty() {
        let none = "no summary: it goes on, or was killed";
        metadata.insert("outcome".into(), none.into());
    }
    Ok(Inspection {
        kind: "run",
        path: path.to_owned(),
        metadata,
        tensors: Vec::new(),
        parts,
    })
}

fn checkpoint(found: &Checkpoint) -> Result<Inspection, InspectError> {
    let state = tensors(&found.path().join("state.safetensors"))?;
    let manifest = found.manifest();
    let metadata = [
        ("env", manifest.env.clone()),
        ("algo", manifest.algo.clone()),
        ("seed", manifest.seed.to_string()),
        ("update", manifest.update.to_string()),
        ("env_steps", manifest.env_steps.to_string()),
        ("format_version", manifest.format_version.to_string()),
    ];
    Ok(Inspection {
        kind: "checkpoint",
        path: found.path().to_owned(),
        metadata: metadata.map(|(key, text)| (key.to_owned(), text)).into(),
        ..state
    })
}

fn tensors(path: &Path) -> Result<Inspection, InspectError> {
    let bytes = fs::read(path).map_err(io_error(path))?;
    let fault = |reason: String| InspectError::NotTensors {
        path: path.to_owned(),
        reason,
    };
    let read = |error: safetensors::SafeTensorError| fault(error.to_string());
    let (_, header) = SafeTensors::read_metadata(&bytes).map_err(read)?;
    let file = SafeTensors::deserialize(&bytes).map_err(read)?;
    let mut tensors = Vec::new();
    for (name, view) in file.iter() {
        let numbers = numbers(view.dtype(), view.data());
        let numbers = numbers.ok_or_else(|| fault(format!("{name} holds {:?}", view.dtype())))?;
        let dtype = format!("{:?}", view.dtype());
        tensors.push(TensorContents::of(name, dtype, view.shape(), &numbers));
    }
    tensors.sort_by(|a, b| a.name.cmp(&b.name));
    let metadata: BTreeMap<String, String> = header
        .metadata()
        .clone()
        .unwrap_or_default()
        .into_iter()
        .collect();
    Ok(Inspection {
        kind: match metadata.contains_key("distribution") {
            true => "policy",
            false => "tensors",
        },
        path: path.to_owned(),
        metadata,
        tensors,
        parts: Vec::new(),
    })
}

/// Elements of a type that is written here; `None` for another.
fn numbers(dtype: Dtype, data: &[u8]) -> Option<Vec<f64>> {
    let words = || data.as_chunks::<8>().0.iter();
    Some(match dtype {
        Dtype::F32 => {
            let words = data.as_chunks::<4>().0.iter();
            words.map(|word| f32::from_le_bytes(*word).into()).collect()
        }
        Dtype::F64 => words().map(|word| f64::from_le_bytes(*word)).collect(),
        Dtype::U64 => words()
            .map(|word| u64::from_le_bytes(*word) as f64)
            .collect(),
        _ => return None,
    })
}

impl TensorContents {
    fn of(name: &str, dtype: String, shape: &[usize], numbers: &[f64]) -> Self {
        let finite = |x: f64| x.is_finite().then_some(x);
        let squares: f64 = numbers.iter().map(|x| x * x).sum();
        let is_any = !numbers.is_empty();
        let fold = |f: fn(f64, f64) -> f64| {
            // A comparison would pass over NaN.
            let has_nan = numbers.iter().any(|x| x.is_nan());
            let found = numbers.iter().copied().reduce(f);
            found.filter(|_| !has_nan).and_then(finite)
        };
        Self {
            name: name.to_owned(),
            dtype,
            shape: shape.to_vec(),
            norm: finite(squares.sqrt()).filter(|_| is_any),
            mean: finite(numbers.iter().sum::<f64>() / numbers.len() as f64),
            min: fold(f64::min),
            max: fold(f64::max),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tensor_is_told_by_its_norm_mean_and_extremes() {
        let contents = TensorContents::of("w", "F64".into(), &[2, 2], &[3.0, -4.0, 0.0, 0.0]);
        assert_eq!((contents.norm, contents.mean), (Some(5.0), Some(-0.25)));
        assert_eq!((contents.min, contents.max), (Some(-4.0), Some(3.0)));
        for numbers in [&[][..], &[1.0, f64::NAN]] {
            let contents = TensorContents::of("w", "F64".into(), &[numbers.len()], numbers);
            let told = [contents.norm, contents.mean, contents.min, contents.max];
            assert_eq!(told, [None; 4], "{numbers:?}");
        }
    }

    #[test]
    fn what_is_no_file_of_a_run_is_refused_by_name() {
        let place = tempfile::tempdir().unwrap();
        let text = place.path().join("text.safetensors");
        fs::write(&text, "no tensors").unwrap();
        for (path, named) in [
            (text, "text.safetensors is damaged"),
            (place.path().join("none"), "none"),
            (place.path().to_owned(), "config.toml"),
        ] {
            let error = inspect(path).unwrap_err().to_string();
            assert!(error.contains(named), "{error}");
        }
    }
}

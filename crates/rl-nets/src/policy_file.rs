//! Policies on disk, as safetensors that PyTorch reads without this project.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use rl_core::{BoxSpace, Discrete, RunningMoments, Space, SpaceError};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};

use crate::{
    ActionChoice, Activation, Actor, DistributionKind, Head, LayerWeights, MlpWeights,
    PolicyWeights,
};

/// The version of the layout below.
const FORMAT_VERSION: u32 = 1;

/// A policy with what is needed to use it.
///
/// The file is a safetensors file. Tensors: `policy.layers.{i}.weight` of shape `[out, in]` and
/// `policy.layers.{i}.bias`, as `torch.nn.Linear` has them, `policy.log_std` where `ln σ` is a
/// parameter ([`Head::has_log_std`]), and `obs_norm.mean` and `obs_norm.var` where observations are normalised, to
/// `clip((o − mean) / √(var + 1e-8), ±10)`. Metadata: `env`, `algo`, `activation`, `output_activation`,
/// `distribution` ([`DistributionKind::name`]), `action_low`, `action_high` (lists; of indices for a
/// discrete space) and `format_version`.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyFile {
    /// The environment it was trained on.
    pub env: String,
    /// The algorithm it was trained by.
    pub algo: String,
    /// The actions it chooses from.
    pub action_space: Space,
    /// Its weights.
    pub weights: PolicyWeights,
    /// What observations are normalised by before the network sees them, if they are. The file
    /// holds what [`RunningMoments::frozen`] leaves of it.
    pub normalization: Option<RunningMoments>,
}

/// Why a policy could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum PolicyFileError {
    /// The file system said no.
    #[error("cannot {action} policy {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Not a safetensors file, or one that is cut short.
    #[error("policy {} is damaged or not a safetensors file: {reason}", path.display())]
    Malformed {
        /// Where.
        path: PathBuf,
        /// What the parser says.
        reason: String,
    },
    /// A file of a later version of this project.
    #[error(
        "policy {} has format_version {found}; this version reads up to {FORMAT_VERSION}: use a \
         newer one", path.display()
    )]
    FormatVersion {
        /// Where.
        path: PathBuf,
        /// Its version.
        found: String,
    },
    /// A safetensors file, but not of a policy as described by [`PolicyFile`].
    #[error("policy {}: {reason}", path.display())]
    Content {
        /// Where.
        path: PathBuf,
        /// What is missing or wrong.
        reason: String,
    },
}

impl PolicyFile {
    /// The actor that plays the policy.
    pub fn actor(&self, choice: ActionChoice) -> Actor {
        let actor = Actor::new(&self.weights).with_choice(choice);
        match &self.normalization {
            Some(moments) => actor.with_normalization(moments.clone()),
            None => actor,
        }
    }

    /// Writes the file; a file at `path` is replaced once the new one is complete.
    ///
    /// # Errors
    /// [`PolicyFileError::Io`], or [`PolicyFileError::Malformed`] if the weights cannot be stored.
    pub fn save(&self, path: &Path) -> Result<(), PolicyFileError> {
        let bytes = self.to_bytes().map_err(|reason| malformed(path, reason))?;
        let partial = path.with_extension("safetensors.partial");
        std::fs::write(&partial, bytes)
            .and_then(|()| std::fs::rename(&partial, path))
            .map_err(|source| PolicyFileError::Io {
                action: "write",
                path: path.into(),
                source,
            })
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`PolicyFileError`].
    pub fn load(path: &Path) -> Result<Self, PolicyFileError> {
        let bytes = std::fs::read(path).map_err(|source| PolicyFileError::Io {
            action: "read",
            path: path.into(),
            source,
        })?;
        let (_, header) =
            SafeTensors::read_metadata(&bytes).map_err(|reason| malformed(path, reason))?;
        let metadata = header.metadata().clone().unwrap_or_default();
        if let Some(version) = metadata.get("format_version")
            && version
                .parse()
                .ok()
                .is_none_or(|version: u32| version > FORMAT_VERSION)
        {
            return Err(PolicyFileError::FormatVersion {
                path: path.into(),
                found: version.clone(),
            });
        }
        let tensors = SafeTensors::deserialize(&bytes).map_err(|reason| malformed(path, reason))?;
        parse(&metadata, &tensors).map_err(|reason| PolicyFileError::Content {
            path: path.into(),
            reason,
        })
    }

    /// The bytes of the file: equal policies give equal bytes.
    fn to_bytes(&self) -> Result<Vec<u8>, String> {
        let mut tensors: Vec<(String, Vec<usize>, Vec<u8>)> = Vec::new();
        let bytes = |xs: &[f32]| xs.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
        for (i, layer) in self.weights.mlp.layers.iter().enumerate() {
            let shape = vec![layer.output_size, layer.input_size];
            let weight = transpose(&layer.weight, layer.input_size, layer.output_size);
            tensors.push((weight_name(i), shape, bytes(&weight)));
            tensors.push((bias_name(i), vec![layer.output_size], bytes(&layer.bias)));
        }
        if let Some(log_std) = &self.weights.log_std {
            tensors.push((LOG_STD.into(), vec![log_std.len()], bytes(log_std)));
        }
        if let Some(moments) = &self.normalization {
            let single = |xs: &[f64]| xs.iter().map(|&x| x as f32).collect::<Vec<f32>>();
            let shape = vec![moments.dim()];
            let (mean, variance) = (single(moments.mean()), single(moments.variance()));
            tensors.push((NORM_MEAN.into(), shape.clone(), bytes(&mean)));
            tensors.push((NORM_VAR.into(), shape, bytes(&variance)));
        }
        let views: Result<Vec<_>, _> = tensors
            .iter()
            .map(|(name, shape, bytes)| {
                TensorView::new(Dtype::F32, shape.clone(), bytes).map(|view| (name, view))
            })
            .collect();
        let views = views.map_err(|error| error.to_string())?;
        let file = safetensors::serialize(views, Some(self.metadata()))
            .map_err(|error| error.to_string())?;
        sort_header(&file)
    }

    fn metadata(&self) -> HashMap<String, String> {
        let (low, high) = match &self.action_space {
            Space::Discrete(space) => ("[0]".into(), format!("[{}]", space.n() - 1)),
            Space::Box(space) => (list(space.low()), list(space.high())),
        };
        let mlp = &self.weights.mlp;
        let entries = [
            ("env", self.env.clone()),
            ("algo", self.algo.clone()),
            ("activation", mlp.activation.name().into()),
            ("output_activation", mlp.output_activation.name().into()),
            ("distribution", self.weights.distribution().name().into()),
            ("action_low", low),
            ("action_high", high),
            ("format_version", FORMAT_VERSION.to_string()),
        ];
        entries
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect()
    }
}

const LOG_STD: &str = "policy.log_std";
const NORM_MEAN: &str = "obs_norm.mean";
const NORM_VAR: &str = "obs_norm.var";

fn weight_name(layer: usize) -> String {
    format!("policy.layers.{layer}.weight")
}

fn bias_name(layer: usize) -> String {
    format!("policy.layers.{layer}.bias")
}

fn malformed(path: &Path, reason: impl ToString) -> PolicyFileError {
    PolicyFileError::Malformed {
        path: path.into(),
        reason: reason.to_string(),
    }
}

/// `[rows, columns]` to `[columns, rows]`.
fn transpose(matrix: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    (0..columns)
        .flat_map(|j| (0..rows).map(move |i| matrix[i * columns + j]))
        .collect()
}

/// Puts the keys of the header, which `safetensors` writes in the random order of a hash map, in
/// alphabetical order.
fn sort_header(file: &[u8]) -> Result<Vec<u8>, String> {
    let (length, rest) = file.split_first_chunk::<8>().ok_or("no header")?;
    let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|error| error.to_string())?;
    let (header, data) = rest.split_at_checked(length).ok_or("header cut short")?;
    let entries: BTreeMap<String, serde_json::Value> =
        serde_json::from_slice(header).map_err(|error| error.to_string())?;
    let mut header = serde_json::to_vec(&entries).map_err(|error| error.to_string())?;
    header.resize(header.len().next_multiple_of(8), b' ');
    Ok([
        &(header.len() as u64).to_le_bytes(),
        header.as_slice(),
        data,
    ]
    .concat())
}

fn list(xs: &[f32]) -> String {
    let xs: Vec<String> = xs.iter().map(f32::to_string).collect();
    format!("[{}]", xs.join(", "))
}

fn parse_list(text: &str) -> Option<Vec<f32>> {
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    inner.split(',').map(|x| x.trim().parse().ok()).collect()
}

/// Reads a policy from a file's metadata and tensors; the error says what is wrong.
fn parse(
    metadata: &HashMap<String, String>,
    tensors: &SafeTensors<'_>,
) -> Result<PolicyFile, String> {
    let text = |key: &str| {
        metadata
            .get(key)
            .cloned()
            .ok_or_else(|| format!("its metadata lacks '{key}'"))
    };
    text("format_version")?;
    let activation = |key: &str| {
        let name = text(key)?;
        Activation::from_name(&name).ok_or_else(|| {
            let names = Activation::ALL.map(Activation::name).join(", ");
            format!("its {key} is '{name}', which is none of {names}")
        })
    };
    let bounds = |key: &str| {
        let bounds = text(key)?;
        parse_list(&bounds).ok_or_else(|| format!("its {key} is '{bounds}', not a list of numbers"))
    };

    let mut layers: Vec<LayerWeights> = Vec::new();
    while tensors.tensor(&weight_name(layers.len())).is_ok() {
        let i = layers.len();
        let (shape, weight) = floats(tensors, &weight_name(i))?;
        let &[output_size, input_size] = shape.as_slice() else {
            return Err(format!(
                "{} has shape {shape:?}, not [out, in]",
                weight_name(i)
            ));
        };
        if let Some(previous) = layers.last()
            && previous.output_size != input_size
        {
            return Err(format!(
                "{} has shape {shape:?}, but the layer before it has {} outputs",
                weight_name(i),
                previous.output_size
            ));
        }
        let weight = transpose(&weight, output_size, input_size);
        let bias = vector(tensors, &bias_name(i), output_size)?;
        layers.push(LayerWeights {
            input_size,
            output_size,
            weight,
            bias,
        });
    }
    let outputs = layers
        .last()
        .ok_or_else(|| format!("it lacks tensor {}", weight_name(0)))?;
    let outputs = outputs.output_size;
    if layers
        .iter()
        .any(|layer| layer.input_size == 0 || layer.output_size == 0)
    {
        return Err("it has a layer without inputs or outputs".into());
    }

    let distribution = text("distribution")?;
    let kind = DistributionKind::from_name(&distribution).ok_or_else(|| {
        let names = DistributionKind::ALL.map(DistributionKind::name).join(", ");
        format!("its distribution is '{distribution}', which is none of {names}")
    })?;
    let action_space = if kind == DistributionKind::Categorical {
        Discrete::new(outputs).map(Space::Discrete)
    } else {
        BoxSpace::new(bounds("action_low")?, bounds("action_high")?).map(Space::Box)
    };
    let action_space = action_space.map_err(|error: SpaceError| error.to_string())?;
    let head = Head::new(kind, &action_space).map_err(|error| error.to_string())?;
    if head.outputs() != outputs {
        return Err(format!(
            "its network has {outputs} outputs; the distribution '{kind}' of the actions \
             {action_space} needs {}",
            head.outputs()
        ));
    }
    let log_std = if head.has_log_std() {
        Some(vector(tensors, LOG_STD, head.action_dim())?)
    } else {
        None
    };
    let normalization = if [NORM_MEAN, NORM_VAR]
        .iter()
        .any(|name| tensors.tensor(name).is_ok())
    {
        let inputs = layers.first().map_or(0, |layer| layer.input_size);
        let moments = |name| -> Result<Vec<f64>, String> {
            let numbers = vector(tensors, name, inputs)?;
            Ok(numbers.into_iter().map(f64::from).collect())
        };
        let moments = RunningMoments::from_parts(0.0, moments(NORM_MEAN)?, moments(NORM_VAR)?);
        Some(moments.map_err(|error| format!("{NORM_MEAN} and {NORM_VAR}: {error}"))?)
    } else {
        None
    };
    Ok(PolicyFile {
        env: text("env")?,
        algo: text("algo")?,
        action_space,
        weights: PolicyWeights {
            head,
            mlp: MlpWeights {
                layers,
                activation: activation("activation")?,
                output_activation: activation("output_activation")?,
            },
            log_std,
        },
        normalization,
    })
}

fn floats(tensors: &SafeTensors<'_>, name: &str) -> Result<(Vec<usize>, Vec<f32>), String> {
    let view = tensors
        .tensor(name)
        .map_err(|_| format!("it lacks tensor {name}"))?;
    if view.dtype() != Dtype::F32 {
        return Err(format!("{name} holds {:?}, not F32", view.dtype()));
    }
    let (chunks, _) = view.data().as_chunks::<4>();
    let numbers: Vec<f32> = chunks
        .iter()
        .map(|bytes| f32::from_le_bytes(*bytes))
        .collect();
    if let Some(number) = numbers.iter().find(|number| !number.is_finite()) {
        return Err(format!("{name} holds {number}; weights are finite"));
    }
    Ok((view.shape().to_vec(), numbers))
}

fn vector(tensors: &SafeTensors<'_>, name: &str, length: usize) -> Result<Vec<f32>, String> {
    let (shape, numbers) = floats(tensors, name)?;
    if shape == [length] {
        Ok(numbers)
    } else {
        Err(format!("{name} has shape {shape:?}, not [{length}]"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PolicyConfig;
    use rl_core::Stream;

    fn policies() -> [PolicyFile; 2] {
        let spaces = [
            Space::Discrete(Discrete::new(2).unwrap()),
            Space::Box(BoxSpace::symmetric(&[2.0, f32::INFINITY]).unwrap()),
        ];
        spaces.map(|action_space| PolicyFile {
            env: "cartpole".into(),
            algo: "vpg".into(),
            weights: PolicyConfig::new(4, &action_space).draw(&mut Stream::from_seed(0)),
            normalization: matches!(action_space, Space::Box(_)).then(|| {
                let (mean, variance) = (vec![0.5, -1.0, 0.0, 2.0], vec![1.0, 4.0, 0.0, 0.25]);
                RunningMoments::from_parts(0.0, mean, variance).unwrap()
            }),
            action_space,
        })
    }

    fn error_of(bytes: &[u8]) -> String {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("policy.safetensors");
        std::fs::write(&path, bytes).unwrap();
        let message = PolicyFile::load(&path).unwrap_err().to_string();
        assert!(
            message.contains(path.to_str().unwrap()),
            "{message} names the file"
        );
        message
    }

    fn replace(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
        assert_eq!(from.len(), to.len());
        let start = bytes
            .windows(from.len())
            .position(|w| w == from.as_bytes())
            .unwrap();
        let mut bytes = bytes.to_vec();
        bytes[start..start + to.len()].copy_from_slice(to.as_bytes());
        bytes
    }

    #[test]
    fn a_policy_survives_its_file() {
        let directory = tempfile::tempdir().unwrap();
        for policy in policies() {
            let path = directory.path().join("policy.safetensors");
            policy.save(&path).unwrap();
            assert_eq!(PolicyFile::load(&path).unwrap(), policy);
            let files = std::fs::read_dir(directory.path()).unwrap().count();
            assert_eq!(files, 1, "nothing half-written is left");
        }
    }

    #[test]
    fn every_distribution_survives_its_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("policy.safetensors");
        let action_space = Space::Box(BoxSpace::new(vec![-2.0, 0.1], vec![2.0, 0.7]).unwrap());
        let config = PolicyConfig::new(4, &action_space);
        for kind in &DistributionKind::ALL[1..] {
            let config = config.clone().with_distribution(*kind).unwrap();
            let policy = PolicyFile {
                env: "own".into(),
                algo: "vpg".into(),
                weights: config.draw(&mut Stream::from_seed(0)),
                normalization: None,
                action_space: action_space.clone(),
            };
            policy.save(&path).unwrap();
            assert_eq!(PolicyFile::load(&path).unwrap(), policy);
        }
    }

    #[test]
    fn equal_policies_have_equal_bytes() {
        for policy in policies() {
            let bytes = policy.to_bytes().unwrap();
            for _ in 0..10 {
                assert_eq!(policy.to_bytes().unwrap(), bytes);
            }
        }
    }

    #[test]
    fn the_weight_of_a_layer_is_stored_as_pytorch_has_it() {
        let [policy, _] = policies();
        let bytes = policy.to_bytes().unwrap();
        let tensors = SafeTensors::deserialize(&bytes).unwrap();
        let view = tensors.tensor("policy.layers.0.weight").unwrap();
        assert_eq!(view.shape(), [64, 4]);
        let second = f32::from_le_bytes(view.data()[4..8].try_into().unwrap());
        // Row 0 (the first output), column 1 (the second input).
        assert_eq!(second, policy.weights.mlp.layers[0].weight[64]);
    }

    #[test]
    fn every_truncation_is_an_error() {
        let [policy, _] = policies();
        let bytes = policy.to_bytes().unwrap();
        for length in (0..bytes.len()).step_by(37).chain([bytes.len() - 1]) {
            let message = error_of(&bytes[..length]);
            assert!(
                message.contains("damaged or not a safetensors file"),
                "{message}"
            );
        }
    }

    #[test]
    fn bad_content_is_named() {
        let [categorical, gaussian] = policies().map(|policy| policy.to_bytes().unwrap());
        for (bytes, from, to, message) in [
            (
                &categorical,
                r#""format_version":"1""#,
                r#""format_version":"2""#,
                "format_version 2",
            ),
            (
                &categorical,
                r#""format_version":"1""#,
                r#""gormat_version":"1""#,
                "'format_version'",
            ),
            (
                &categorical,
                r#""activation":"tanh""#,
                r#""activation":"tanx""#,
                "'tanx'",
            ),
            (&categorical, r#""env":"#, r#""enw":"#, "'env'"),
            (
                &categorical,
                "policy.layers.1.bias",
                "policy.layers.1.bian",
                "layers.1.bias",
            ),
            (&categorical, "categorical", "categoricax", "'categoricax'"),
            (
                &gaussian,
                "policy.log_std",
                "policy.log_stx",
                "policy.log_std",
            ),
            (
                &gaussian,
                "obs_norm.mean",
                "obs_norm.meam",
                "it lacks tensor obs_norm.mean",
            ),
            (
                &gaussian,
                r#""diag-gaussian""#,
                r#""beta"         "#,
                "the distribution 'beta' has no actions of",
            ),
            (&gaussian, "[2, inf]", "[2 , nf]", "'[2 , nf]'"),
            (&gaussian, "[2, inf]", "[-3, in]", "action_high"),
        ] {
            let error = error_of(&replace(bytes, from, to));
            assert!(error.contains(message), "{error}");
        }
    }

    #[test]
    fn a_weight_that_is_not_finite_is_named() {
        let [mut policy, _] = policies();
        policy.weights.mlp.layers[1].bias[3] = f32::NAN;
        let error = error_of(&policy.to_bytes().unwrap());
        assert!(error.contains("policy.layers.1.bias holds NaN"), "{error}");
    }

    #[test]
    fn a_variance_that_is_none_is_named() {
        let [_, policy] = policies();
        let bytes = policy.to_bytes().unwrap();
        let variance = [1.0_f32, 4.0, 0.0, 0.25].map(f32::to_le_bytes).concat();
        let start = bytes.windows(16).position(|w| w == variance).unwrap();
        let mut bytes = bytes;
        bytes[start..start + 4].copy_from_slice(&(-1.0_f32).to_le_bytes());
        let error = error_of(&bytes);
        assert!(
            error.contains("dimension 0 has mean 0.5 and variance -1"),
            "{error}"
        );
    }

    #[test]
    fn a_missing_file_is_an_error() {
        let error = PolicyFile::load(Path::new("does/not/exist.safetensors")).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("cannot read policy does/not/exist.safetensors")
        );
    }
}

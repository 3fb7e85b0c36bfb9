//! Reading a policy file.

use std::collections::HashMap;
use std::path::Path;

use rl_core::error::SpaceError;
use rl_core::{BoxSpace, Discrete, RunningMoments, Space};
use safetensors::{Dtype, SafeTensors};

use super::contents::PolicyFile;
use super::error::PolicyFileError;
use super::layout::{
    FORMAT_VERSION, LOG_STD, NORM, NORM_MEAN, NORM_VAR, POLICY, TABLE, VALUE, VALUE_ACTIVATION,
    bias_name, check_weights, norm_bias_name, norm_weight_name, parse_list, transpose, weight_name,
};
use crate::{
    Activation, DistributionKind, Head, LayerWeights, MlpWeights, NormWeights, PolicyWeights,
};

impl PolicyFile {
    /// Reads a file.
    ///
    /// # Errors
    /// [`PolicyFileError`].
    pub fn load(path: impl AsRef<Path>) -> Result<Self, PolicyFileError> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(|source| PolicyFileError::Io {
            action: "read",
            path: path.into(),
            source,
        })?;
        let malformed = |reason| PolicyFileError::malformed(path, reason);
        let (_, header) = SafeTensors::read_metadata(&bytes).map_err(malformed)?;
        let metadata = header.metadata().clone().unwrap_or_default();
        if let Some(version) = metadata.get("format_version")
            && version
                .parse()
                .ok()
                .is_none_or(|version: u32| !(1..=FORMAT_VERSION).contains(&version))
        {
            return Err(PolicyFileError::FormatVersion {
                path: path.into(),
                found: version.clone(),
            });
        }
        let tensors = SafeTensors::deserialize(&bytes).map_err(malformed)?;
        let file = Reader {
            metadata: &metadata,
            tensors: &tensors,
        };
        file.policy()
            .map_err(|reason| PolicyFileError::content(path, reason))
    }
}

/// Metadata and tensors of a file. The errors of its methods are messages that name the missing or
/// wrong part.
struct Reader<'a> {
    metadata: &'a HashMap<String, String>,
    tensors: &'a SafeTensors<'a>,
}

impl Reader<'_> {
    fn policy(&self) -> Result<PolicyFile, String> {
        self.text("format_version")?;
        let has_table = self.tensors.tensor(TABLE).is_ok();
        let layers = match has_table {
            true => vec![self.table()?],
            false => self.layers(POLICY)?,
        };
        if layers.is_empty() {
            return Err(format!("it lacks tensor {}", weight_name(POLICY, 0)));
        }
        let inputs = layers.first().map_or(0, |layer| layer.input_size);
        let outputs = layers.last().map_or(0, |layer| layer.output_size);
        let (action_space, head) = self.head(outputs)?;
        let log_std = if head.has_log_std() {
            Some(self.vector(LOG_STD, head.action_dim())?)
        } else {
            None
        };
        let normalization = self.normalization(inputs)?;
        let value = self.value(inputs)?;
        let of_policy = if has_table {
            &[][..]
        } else {
            layers.as_slice()
        };
        let of_value = value.as_ref().map_or(&[][..], |mlp| &mlp.layers);
        let is_normalized = normalization.is_some();
        let others = [
            (TABLE, has_table),
            (LOG_STD, log_std.is_some()),
            (NORM_MEAN, is_normalized),
            (NORM_VAR, is_normalized),
        ];
        self.nothing_else([of_policy, of_value], &others)?;
        Ok(PolicyFile {
            value,
            normalization,
            env: self.text("env")?,
            algo: self.text("algo")?,
            action_space,
            weights: PolicyWeights {
                head,
                mlp: MlpWeights {
                    layers,
                    activation: self.activation("activation")?,
                    output_activation: self.activation("output_activation")?,
                },
                log_std,
            },
        })
    }

    /// The layers of a network, each with the outputs of the one before it as inputs.
    fn layers(&self, network: &str) -> Result<Vec<LayerWeights>, String> {
        let mut layers: Vec<LayerWeights> = Vec::new();
        loop {
            let name = weight_name(network, layers.len());
            if self.tensors.tensor(&name).is_err() {
                break;
            }
            let (shape, weight) = self.numbers(&name)?;
            let &[output_size, input_size] = shape.as_slice() else {
                return Err(format!("{name} has shape {shape:?}, not [out, in]"));
            };
            if let Some(previous) = layers.last()
                && previous.output_size != input_size
            {
                return Err(format!(
                    "{name} has shape {shape:?}, but the layer before it has {} outputs",
                    previous.output_size
                ));
            }
            let weight = transpose(&weight, output_size, input_size);
            let bias = self.vector(&bias_name(network, layers.len()), output_size)?;
            layers.push(LayerWeights {
                input_size,
                output_size,
                weight,
                bias,
                norm: self.norm(network, layers.len(), output_size)?,
            });
        }
        if let Some((last, _)) =
            (layers.iter().enumerate().next_back()).filter(|(_, layer)| layer.norm.is_some())
        {
            return Err(format!(
                "{} is of an output layer; hidden layers alone are normalised",
                norm_weight_name(network, last)
            ));
        }
        if layers
            .iter()
            .any(|layer| layer.input_size == 0 || layer.output_size == 0)
        {
            return Err("it has a layer without inputs or outputs".into());
        }
        Ok(layers)
    }

    /// The layer of a table of action values: for a state, seen one-hot, its outputs are the row of the
    /// state.
    fn table(&self) -> Result<LayerWeights, String> {
        let (shape, weight) = self.numbers(TABLE)?;
        let &[input_size, output_size] = shape.as_slice() else {
            return Err(format!(
                "{TABLE} has shape {shape:?}, not [states, actions]"
            ));
        };
        let distribution = self.text("distribution")?;
        if distribution != DistributionKind::Greedy.name() {
            return Err(format!(
                "its {TABLE} goes with the distribution greedy, not {distribution}"
            ));
        }
        // The index of the only state, 0, is not made one-hot.
        let bias = match input_size {
            1 => weight.clone(),
            _ => vec![0.0; output_size],
        };
        Ok(LayerWeights {
            input_size,
            output_size,
            weight,
            bias,
            norm: None,
        })
    }

    /// The normalisation of a layer with so many outputs: both of its tensors, or none.
    fn norm(
        &self,
        network: &str,
        layer: usize,
        outputs: usize,
    ) -> Result<Option<NormWeights>, String> {
        let names = [
            norm_weight_name(network, layer),
            norm_bias_name(network, layer),
        ];
        if names.iter().all(|name| self.tensors.tensor(name).is_err()) {
            return Ok(None);
        }
        Ok(Some(NormWeights {
            scale: self.vector(&names[0], outputs)?,
            offset: self.vector(&names[1], outputs)?,
        }))
    }

    /// The value function, for a policy whose network has so many inputs; `None` without one.
    fn value(&self, inputs: usize) -> Result<Option<MlpWeights>, String> {
        let layers = self.layers(VALUE)?;
        let (Some(first), Some(last)) = (layers.first(), layers.last()) else {
            return Ok(None);
        };
        if (first.input_size, last.output_size) != (inputs, 1) {
            return Err(format!(
                "its value function has {} inputs and {} outputs; beside a policy of {inputs} inputs it has as many, \
                 and one output",
                first.input_size, last.output_size
            ));
        }
        Ok(Some(MlpWeights {
            activation: self.activation(VALUE_ACTIVATION)?,
            output_activation: Activation::Identity,
            layers,
        }))
    }

    /// The action space, and the head for a network with `outputs` outputs.
    fn head(&self, outputs: usize) -> Result<(Space, Head), String> {
        let distribution = self.text("distribution")?;
        let kind = DistributionKind::from_name(&distribution).ok_or_else(|| {
            let names = DistributionKind::ALL.map(DistributionKind::name).join(", ");
            format!("its distribution is '{distribution}', which is none of {names}, greedy")
        })?;
        let is_discrete = matches!(
            kind,
            DistributionKind::Categorical | DistributionKind::Greedy
        );
        let action_space = if is_discrete {
            self.indices(outputs)?;
            Discrete::new(outputs).map(Space::Discrete)
        } else {
            BoxSpace::new(self.bounds("action_low")?, self.bounds("action_high")?).map(Space::Box)
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
        Ok((action_space, head))
    }

    /// The moments of the observations, for a network with `inputs` inputs.
    fn normalization(&self, inputs: usize) -> Result<Option<RunningMoments>, String> {
        let mut names = [NORM_MEAN, NORM_VAR].iter();
        let is_there = names.any(|name| self.tensors.tensor(name).is_ok());
        // A file that another program wrote need not say so.
        let needed = self.metadata.get(NORM).map(String::as_str);
        match (needed, is_there) {
            (None | Some("false"), false) => return Ok(None),
            (None | Some("true"), _) => {}
            (Some(text), _) => {
                return Err(format!(
                    "its {NORM} is '{text}': true with {NORM_MEAN} and {NORM_VAR}, or false without"
                ));
            }
        }
        let moments = |name| -> Result<Vec<f64>, String> {
            let numbers = self.vector(name, inputs)?;
            Ok(numbers.into_iter().map(f64::from).collect())
        };
        let moments = RunningMoments::from_parts(0.0, moments(NORM_MEAN)?, moments(NORM_VAR)?);
        let moments = moments.map_err(|error| format!("{NORM_MEAN} and {NORM_VAR}: {error}"))?;
        Ok(Some(moments))
    }

    /// Refuses tensors that no part of the policy has been read from.
    fn nothing_else(
        &self,
        networks: [&[LayerWeights]; 2],
        others: &[(&str, bool)],
    ) -> Result<(), String> {
        let of_layers = [POLICY, VALUE]
            .into_iter()
            .zip(networks)
            .flat_map(|(network, layers)| {
                let layers = layers.iter().enumerate();
                layers.flat_map(move |(i, layer)| tensor_names(network, i, layer))
            });
        let others = others.iter().filter(|(_, there)| *there);
        let known: Vec<String> = of_layers
            .chain(others.map(|(name, _)| (*name).into()))
            .collect();
        let mut names = self.tensors.names();
        names.sort_unstable();
        match names
            .iter()
            .find(|name| !known.iter().any(|known| known == *name))
        {
            None => Ok(()),
            Some(name) => Err(format!(
                "its tensor {name} is no part of a policy with {} layers and this distribution",
                networks[0].len()
            )),
        }
    }

    /// Refuses bounds other than those of the indices below `n`.
    fn indices(&self, n: usize) -> Result<(), String> {
        let last = n.saturating_sub(1) as f32;
        for (key, expected) in [("action_low", 0.0), ("action_high", last)] {
            let bounds = self.bounds(key)?;
            if bounds != [expected] {
                return Err(format!(
                    "its {key} is {bounds:?}; that of {n} actions is [{expected}]"
                ));
            }
        }
        Ok(())
    }

    fn text(&self, key: &str) -> Result<String, String> {
        self.metadata
            .get(key)
            .cloned()
            .ok_or_else(|| format!("its metadata lacks '{key}'"))
    }

    fn activation(&self, key: &str) -> Result<Activation, String> {
        let name = self.text(key)?;
        Activation::from_name(&name).ok_or_else(|| {
            let names = Activation::ALL.map(Activation::name).join(", ");
            format!("its {key} is '{name}', which is none of {names}")
        })
    }

    fn bounds(&self, key: &str) -> Result<Vec<f32>, String> {
        let bounds = self.text(key)?;
        parse_list(&bounds).ok_or_else(|| format!("its {key} is '{bounds}', not a list of numbers"))
    }

    /// Shape and numbers of a tensor; they are finite.
    fn numbers(&self, name: &str) -> Result<(Vec<usize>, Vec<f32>), String> {
        let view = self
            .tensors
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
        check_weights(name, &numbers)?;
        Ok((view.shape().to_vec(), numbers))
    }

    /// The numbers of a tensor of shape `[length]`.
    fn vector(&self, name: &str, length: usize) -> Result<Vec<f32>, String> {
        let (shape, numbers) = self.numbers(name)?;
        if shape == [length] {
            Ok(numbers)
        } else {
            Err(format!("{name} has shape {shape:?}, not [{length}]"))
        }
    }
}

/// Names of the tensors of a layer.
fn tensor_names(network: &str, index: usize, layer: &LayerWeights) -> Vec<String> {
    let mut names = vec![weight_name(network, index), bias_name(network, index)];
    if layer.norm.is_some() {
        names.extend([
            norm_weight_name(network, index),
            norm_bias_name(network, index),
        ]);
    }
    names
}

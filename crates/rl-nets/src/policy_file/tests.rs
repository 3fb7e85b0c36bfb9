//! Round trips through a file, and errors of files that are not policies.

use std::path::Path;

use rl_core::{BoxSpace, Discrete, NamedArray, PolicyRecord, RunningMoments, Space, Stream};
use safetensors::SafeTensors;

use super::PolicyFile;
use super::write::to_bytes;
use crate::{Activation, DistributionKind, MlpConfig, PolicyConfig};

fn policies() -> [PolicyFile; 2] {
    let spaces = [
        Space::Discrete(Discrete::new(2).unwrap()),
        Space::Box(BoxSpace::symmetric([2.0, f32::INFINITY])),
    ];
    spaces.map(|action_space| PolicyFile {
        value: None,
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
            value: None,
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

/// A policy and a value function whose hidden layers are normalised.
fn normalized() -> PolicyFile {
    let [mut policy, _] = policies();
    let mut network = MlpConfig::new(4, 2);
    network.layer_norm = true;
    policy.weights.mlp = network.draw(&mut Stream::from_seed(1));
    network.output_size = 1;
    policy.value = Some(network.draw(&mut Stream::from_seed(2)));
    let norms = policy.weights.mlp.layers[..2].iter_mut();
    for norm in norms.filter_map(|layer| layer.norm.as_mut()) {
        norm.scale[3] = 0.5;
        norm.offset[5] = -0.25;
    }
    policy
}

#[test]
fn normalised_layers_survive_their_file_as_pytorch_has_them() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("policy.safetensors");
    let policy = normalized();
    policy.save(&path).unwrap();
    assert_eq!(PolicyFile::load(&path).unwrap(), policy);
    let bytes = std::fs::read(&path).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    for name in ["policy.layers.1.norm.weight", "value.layers.0.norm.bias"] {
        assert_eq!(tensors.tensor(name).unwrap().shape(), [64], "{name}");
    }
    assert!(tensors.tensor("policy.layers.2.norm.weight").is_err());
}

#[test]
fn a_malformed_normalisation_is_named() {
    let policy = normalized();
    let without = |name: &'static str| {
        changed(&policy, |record| {
            record.arrays.retain(|array| array.name != name);
        })
    };
    let vector = |name: &str, length: usize| NamedArray {
        name: name.into(),
        shape: vec![length],
        values: vec![0.5; length],
    };
    let narrow = changed(&policy, |record| {
        let name = "policy.layers.0.norm.bias";
        record.arrays.retain(|array| array.name != name);
        record.arrays.push(vector(name, 63));
    });
    let output = changed(&policy, |record| {
        for name in ["value.layers.2.norm.weight", "value.layers.2.norm.bias"] {
            record.arrays.push(vector(name, 1));
        }
    });
    for (bytes, message) in [
        (
            without("policy.layers.1.norm.weight"),
            "it lacks tensor policy.layers.1.norm.weight",
        ),
        (
            without("value.layers.0.norm.bias"),
            "it lacks tensor value.layers.0.norm.bias",
        ),
        (narrow, "policy.layers.0.norm.bias has shape [63], not [64]"),
        (
            output,
            "value.layers.2.norm.weight is of an output layer; hidden layers alone",
        ),
    ] {
        let error = error_of(&bytes);
        assert!(error.contains(message), "{error}");
    }
}

#[test]
fn a_value_function_survives_its_file_and_fits_the_policy() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("policy.safetensors");
    for mut policy in policies() {
        let mut network = MlpConfig::new(4, 1);
        network.activation = Activation::Relu;
        policy.value = Some(network.draw(&mut Stream::from_seed(1)));
        policy.save(&path).unwrap();
        assert_eq!(PolicyFile::load(&path).unwrap(), policy);
    }
    let [mut policy, _] = policies();
    for [inputs, outputs] in [[3, 1], [4, 2]] {
        policy.value = Some(MlpConfig::new(inputs, outputs).draw(&mut Stream::from_seed(1)));
        let message = error_of(&to_bytes(&policy.record()).unwrap());
        let told = format!("its value function has {inputs} inputs and {outputs} outputs");
        assert!(message.contains(&told), "{message}");
    }
}

#[test]
fn equal_policies_have_equal_bytes() {
    for policy in policies() {
        let bytes = to_bytes(&policy.record()).unwrap();
        for _ in 0..10 {
            assert_eq!(to_bytes(&policy.record()).unwrap(), bytes);
        }
    }
}

#[test]
fn the_weight_of_a_layer_is_stored_as_pytorch_has_it() {
    let [policy, _] = policies();
    let bytes = to_bytes(&policy.record()).unwrap();
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
    let bytes = to_bytes(&policy.record()).unwrap();
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
    let [categorical, gaussian] = policies().map(|policy| to_bytes(&policy.record()).unwrap());
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
            r#""format_version":"0""#,
            "format_version 0; this version reads 1 to 1",
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
fn a_weight_that_reading_refuses_is_not_written() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("policy.safetensors");
    for number in [f32::NAN, f32::INFINITY, 1e38] {
        let [mut policy, _] = policies();
        policy.weights.mlp.layers[1].bias[3] = number;
        let message = format!("policy.layers.1.bias holds {number}");
        let error = error_of(&to_bytes(&policy.record()).unwrap());
        assert!(error.contains(&message), "{error}");
        let error = policy.save(&path).unwrap_err().to_string();
        assert!(error.contains(&message), "{error}");
        assert!(!path.exists());
    }
}

#[test]
fn a_policy_that_does_not_fit_together_is_not_written() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("policy.safetensors");
    let [mut categorical, mut gaussian] = policies();
    std::mem::swap(&mut categorical.action_space, &mut gaussian.action_space);
    let error = categorical.save(&path).unwrap_err().to_string();
    assert!(error.contains("its actions are Box"), "{error}");
    gaussian.weights.log_std = None;
    let error = gaussian.save(&path).unwrap_err().to_string();
    assert!(error.contains("its ln σ are 0 numbers"), "{error}");
}

/// The file of a record that is changed.
fn changed(policy: &PolicyFile, change: impl FnOnce(&mut PolicyRecord)) -> Vec<u8> {
    let mut record = policy.record();
    change(&mut record);
    to_bytes(&record).unwrap()
}

#[test]
fn what_is_not_understood_is_an_error() {
    let [categorical, gaussian] = policies();
    let array = |name: &str, shape: &[usize]| NamedArray {
        name: name.into(),
        shape: shape.to_vec(),
        values: vec![0.5; shape.iter().product()],
    };
    let extra = |policy: &PolicyFile, name: &'static str, shape: &[usize]| {
        changed(policy, |record| record.arrays.push(array(name, shape)))
    };
    let set = |policy: &PolicyFile, key: &'static str, text: &'static str| {
        changed(policy, |record| {
            let metadata = &mut record.metadata;
            metadata.retain(|(name, _)| name != key);
            if !text.is_empty() {
                metadata.push((key.into(), text.into()));
            }
        })
    };
    let without_norm = changed(&gaussian, |record| {
        record
            .arrays
            .retain(|array| !array.name.starts_with("obs_norm"));
    });
    let with_norm = changed(&categorical, |record| {
        record.arrays.push(array("obs_norm.mean", &[4]));
        record.arrays.push(array("obs_norm.var", &[4]));
    });
    let transposed = |array: usize| {
        changed(&categorical, |record| {
            record.arrays[array].shape.reverse();
        })
    };
    for (bytes, message) in [
        (
            extra(&categorical, "policy.extra", &[2]),
            "policy.extra is no part",
        ),
        (
            extra(&categorical, "policy.layers.4.weight", &[2, 2]),
            "policy.layers.4.weight is no",
        ),
        (
            extra(&categorical, "policy.layers.3.bias", &[2]),
            "policy.layers.3.bias is no part",
        ),
        (
            extra(&categorical, "policy.log_std", &[1]),
            "policy.log_std is no part",
        ),
        (
            set(&categorical, "action_high", "[2]"),
            "action_high is [2.0]; that of 2 actions is [1]",
        ),
        (set(&categorical, "action_low", ""), "lacks 'action_low'"),
        (set(&gaussian, "action_high", ""), "lacks 'action_high'"),
        (
            set(&gaussian, "action_low", "[-2]"),
            "as many upper bounds as lower",
        ),
        (set(&gaussian, "obs_norm", "no"), "obs_norm is 'no'"),
        (without_norm, "lacks tensor obs_norm.mean"),
        (with_norm, "obs_norm is 'false'"),
        (
            transposed(0),
            "policy.layers.0.bias has shape [64], not [4]",
        ),
        (
            transposed(4),
            "[64, 2], but the layer before it has 64 outputs",
        ),
    ] {
        let error = error_of(&bytes);
        assert!(error.contains(message), "{error}");
    }
}

#[test]
fn a_file_that_says_nothing_of_normalisation_is_read_by_its_tensors() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("policy.safetensors");
    for policy in policies() {
        let silent = changed(&policy, |record| {
            record.metadata.retain(|(key, _)| key != "obs_norm");
        });
        std::fs::write(&path, silent).unwrap();
        assert_eq!(PolicyFile::load(&path).unwrap(), policy);
    }
}

#[test]
fn every_number_of_a_file_is_read_back() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("policy.safetensors");
    let [_, mut policy] = policies();
    let mut rng = Stream::from_seed(4);
    for parameters in policy.weights.parameters_mut() {
        parameters.fill_with(|| rng.next_f64() as f32);
    }
    policy.save(&path).unwrap();
    assert_eq!(PolicyFile::load(&path).unwrap(), policy);
}

#[test]
fn a_negative_variance_is_named() {
    let [_, policy] = policies();
    let bytes = to_bytes(&policy.record()).unwrap();
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

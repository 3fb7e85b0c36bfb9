//! Round trips through a file, and errors of files that are not policies.

use std::path::Path;

use rl_core::{BoxSpace, Discrete, RunningMoments, Space, Stream};
use safetensors::SafeTensors;

use super::PolicyFile;
use super::write::to_bytes;
use crate::{DistributionKind, PolicyConfig};

fn policies() -> [PolicyFile; 2] {
    let spaces = [
        Space::Discrete(Discrete::new(2).unwrap()),
        Space::Box(BoxSpace::symmetric([2.0, f32::INFINITY])),
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
    let error = error_of(&to_bytes(&policy.record()).unwrap());
    assert!(error.contains("policy.layers.1.bias holds NaN"), "{error}");
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

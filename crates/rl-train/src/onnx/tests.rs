//! The file, decoded and evaluated operator by operator, against the policy.

use std::collections::HashMap;

use prost::Message as _;
use rl_core::{ActionChoice, BoxSpace, Policy as _, RunningMoments, Space, Stream};
use rl_nets::host::{HostMlp, Tape};
use rl_nets::{Activation, DistributionKind, Head, MlpConfig, PolicyFile, PolicyWeights};

use super::messages::{DOUBLE, FLOAT, INT64, Model, Node, Size, Tensor};
use super::onnx;

const BATCH: usize = 50;
const INPUTS: usize = 3;

/// Rows of numbers; a vector is one row, a number a row of one.
#[derive(Clone, Debug)]
struct Rows {
    width: usize,
    numbers: Vec<f64>,
}

impl Rows {
    fn of(tensor: &Tensor) -> Self {
        let bytes = &tensor.raw_data;
        let numbers = match tensor.data_type {
            FLOAT => bytes
                .chunks(4)
                .map(|b| f32::from_le_bytes(b.try_into().unwrap()).into())
                .collect(),
            DOUBLE => bytes
                .chunks(8)
                .map(|b| f64::from_le_bytes(b.try_into().unwrap()))
                .collect(),
            INT64 => bytes
                .chunks(8)
                .map(|b| i64::from_le_bytes(b.try_into().unwrap()) as f64)
                .collect(),
            other => panic!("type {other}"),
        };
        let width = tensor.dims.last().map_or(1, |&width| width as usize);
        assert_eq!(
            Vec::len(&numbers),
            tensor.dims.iter().product::<i64>() as usize
        );
        Self { width, numbers }
    }

    fn map(&self, f: impl Fn(f64) -> f64) -> Self {
        let numbers = self.numbers.iter().map(|&x| f(x)).collect();
        Self { numbers, ..*self }
    }

    /// Each number with that of a second tensor of one row, or of as many.
    fn with(&self, other: &Self, f: impl Fn(f64, f64) -> f64) -> Self {
        let others = other.numbers.iter().cycle();
        let numbers = self
            .numbers
            .iter()
            .zip(others)
            .map(|(&x, &y)| f(x, y))
            .collect();
        Self { numbers, ..*self }
    }
}

fn evaluate(node: &Node, values: &mut HashMap<String, Rows>) {
    let input = |i: usize| &values[&node.input[i]];
    let attribute = |name: &str| {
        node.attribute
            .iter()
            .find(|attribute| attribute.name == name)
    };
    let number = |name: &str| f64::from(attribute(name).unwrap().f.unwrap());
    let integer = |name: &str| attribute(name).unwrap().i.unwrap();
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    let result = match node.op_type.as_str() {
        "Identity" => input(0).clone(),
        "Cast" if integer("to") == i64::from(FLOAT) => input(0).map(|x| f64::from(x as f32)),
        "Cast" => input(0).clone(),
        "Relu" => input(0).map(|x| x.max(0.0)),
        "Tanh" => input(0).map(f64::tanh),
        "Sigmoid" => input(0).map(sigmoid),
        "Softplus" => input(0).map(|x| x.exp().ln_1p()),
        "LeakyRelu" => input(0).map(|x| if x > 0.0 { x } else { number("alpha") * x }),
        "Selu" => input(0).map(|x| {
            let below = number("alpha") * x.exp_m1();
            number("gamma") * if x > 0.0 { x } else { below }
        }),
        "Add" => input(0).with(input(1), |x, y| x + y),
        "Sub" => input(0).with(input(1), |x, y| x - y),
        "Mul" => input(0).with(input(1), |x, y| x * y),
        "Div" => input(0).with(input(1), |x, y| x / y),
        "Max" => input(0).with(input(1), f64::max),
        "Min" => input(0).with(input(1), f64::min),
        "Clip" => input(0).with(input(1), f64::max).with(input(2), f64::min),
        "Gemm" => {
            let (x, weight, bias) = (input(0), input(1), input(2));
            let product = |row: &[f64], j: usize| -> f64 {
                let terms = row.iter().enumerate();
                terms
                    .map(|(i, x)| x * weight.numbers[i * weight.width + j])
                    .sum::<f64>()
                    + bias.numbers[j]
            };
            let rows = x.numbers.chunks(x.width);
            Rows {
                width: weight.width,
                numbers: rows
                    .flat_map(|row| (0..weight.width).map(move |j| product(row, j)))
                    .collect(),
            }
        }
        "LayerNormalization" => {
            assert_eq!(integer("axis"), -1);
            let (x, scale, offset) = (input(0), input(1), input(2));
            let normalize = |row: &[f64]| {
                let n = row.len() as f64;
                let mean = row.iter().sum::<f64>() / n;
                let variance = row.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / n;
                let deviation = (variance + number("epsilon")).sqrt();
                let normalized: Vec<f64> = row.iter().map(|y| (y - mean) / deviation).collect();
                normalized
            };
            let rows = x.numbers.chunks(x.width);
            let normalized = Rows {
                numbers: rows.flat_map(normalize).collect(),
                ..*x
            };
            let scaled = normalized.with(scale, |x, y| x * y);
            scaled.with(offset, |x, y| x + y)
        }
        "ArgMax" => {
            assert_eq!((integer("axis"), integer("keepdims")), (1, 0));
            let rows = input(0).numbers.chunks(input(0).width);
            let best = rows.map(|row| {
                let most = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                row.iter().position(|x| *x == most).unwrap() as f64
            });
            Rows {
                width: 1,
                numbers: best.collect(),
            }
        }
        "Split" => {
            assert_eq!(integer("axis"), 1);
            let size = input(1).numbers[0] as usize;
            assert_eq!(input(0).width, 2 * size);
            let half = |side: usize| {
                let rows = input(0).numbers.chunks(2 * size);
                let numbers = rows
                    .flat_map(|row| row[side * size..][..size].to_vec())
                    .collect();
                Rows {
                    width: size,
                    numbers,
                }
            };
            let halves = [half(0), half(1)];
            values.extend(node.output.iter().cloned().zip(halves));
            return;
        }
        other => panic!("operator {other}"),
    };
    values.insert(node.output[0].clone(), result);
}

/// The outputs of a file for some observations, by their names.
fn outputs(file: &[u8], observations: &[f32]) -> HashMap<String, Rows> {
    let model = Model::decode(file).unwrap();
    assert_eq!((model.ir_version, model.opset_import[0].version), (8, 17));
    let graph = model.graph.unwrap();
    let shape = graph.input[0]
        .r#type
        .as_ref()
        .unwrap()
        .tensor
        .as_ref()
        .unwrap();
    let batch = &shape.shape.as_ref().unwrap().dimension[0].size;
    assert_eq!(batch, &Some(Size::Named("batch".into())));
    let constants = graph.initializer.iter();
    let mut values: HashMap<_, _> = constants.map(|t| (t.name.clone(), Rows::of(t))).collect();
    let numbers = observations.iter().map(|&x| x.into()).collect();
    values.insert(
        graph.input[0].name.clone(),
        Rows {
            width: INPUTS,
            numbers,
        },
    );
    for node in &graph.node {
        evaluate(node, &mut values);
    }
    let named = graph.output.iter().map(|output| output.name.clone());
    named
        .map(|name| (name.clone(), values[&name].clone()))
        .collect()
}

fn policy(kind: DistributionKind, activation: Activation, normalized: bool) -> PolicyFile {
    let rng = &mut Stream::from_seed(1);
    let action_space = match kind {
        DistributionKind::Categorical | DistributionKind::Greedy => Space::discrete(4),
        _ => Space::Box(BoxSpace::new(vec![-2.0, 0.1], vec![0.5, 0.7]).unwrap()),
    };
    let head = Head::new(kind, &action_space).unwrap();
    let mut mlp = MlpConfig::new(INPUTS, head.outputs()).draw(rng);
    mlp.activation = activation;
    for layer in &mut mlp.layers {
        layer.bias.fill_with(|| 0.1 * (rng.next_f64() as f32 - 0.5));
        // The last layer of a new policy is next to zero.
        let most = layer
            .weight
            .iter()
            .fold(1e-9, |most: f32, x| most.max(x.abs()));
        layer.weight.iter_mut().for_each(|x| *x /= 4.0 * most);
    }
    let moments = RunningMoments::from_parts(0.0, vec![0.5, -100.0, 0.0], vec![0.25, 4.0, 0.0]);
    PolicyFile {
        value: None,
        env: "an environment".into(),
        algo: "ppo".into(),
        weights: PolicyWeights {
            mlp,
            log_std: head.has_log_std().then(|| vec![-0.5; head.action_dim()]),
            head,
        },
        action_space,
        normalization: normalized.then(|| moments.unwrap()),
    }
}

fn observations() -> Vec<f32> {
    let rng = &mut Stream::from_seed(2);
    let row = |rng: &mut Stream| {
        let scale = [1.0, 200.0, 1e-3];
        scale.map(|scale| (scale * (2.0 * rng.next_f64() - 1.0)) as f32)
    };
    (0..BATCH).flat_map(|_| row(rng)).collect()
}

#[test]
fn the_graph_takes_the_actions_of_the_policy() {
    for kind in DistributionKind::ALL
        .into_iter()
        .chain([DistributionKind::Greedy])
    {
        for normalized in [false, true] {
            let policy = policy(kind, Activation::Tanh, normalized);
            let observations = observations();
            let mut expected = vec![0.0; BATCH * policy.weights.action_dim()];
            let mut rngs = vec![Stream::from_seed(0); BATCH];
            let mut own = policy.policy(ActionChoice::Mode);
            own.act(&observations, &mut rngs, &mut expected);
            policy.action_space.clip(&mut expected);
            let found = &outputs(&onnx(&policy), &observations)["action"];
            assert_eq!(found.numbers.len(), expected.len());
            for (found, expected) in found.numbers.iter().zip(&expected) {
                let close = (found - f64::from(*expected)).abs() < 2e-6;
                assert!(close, "{kind} {normalized}: {found} {expected}");
            }
            let first = expected[0];
            assert!(
                expected.iter().any(|x| *x != first),
                "{kind}: all actions are the same"
            );
        }
    }
}

#[test]
fn every_activation_is_that_of_the_policy() {
    for activation in Activation::ALL {
        let policy = policy(DistributionKind::DiagGaussian, activation, false);
        let observations = observations();
        let mut expected = vec![0.0; BATCH * 2];
        let mut rngs = vec![Stream::from_seed(0); BATCH];
        policy
            .policy(ActionChoice::Mode)
            .act(&observations, &mut rngs, &mut expected);
        let found = outputs(&onnx(&policy), &observations);
        for (found, expected) in found["mean"].numbers.iter().zip(&expected) {
            let expected = f64::from(*expected);
            let tolerance = 1e-5 * expected.abs().max(1.0);
            assert!(
                (found - expected).abs() < tolerance,
                "{activation:?}: {found} {expected}"
            );
        }
        assert_eq!(found["log_std"].numbers, [-0.5; 2]);
    }
}

#[test]
fn normalised_layers_are_those_of_the_policy() {
    let mut policy = policy(DistributionKind::DiagGaussian, Activation::Relu, true);
    let rng = &mut Stream::from_seed(3);
    let mut mlp = MlpConfig::new(INPUTS, 2);
    mlp.layer_norm = true;
    policy.weights.mlp = mlp.draw(rng);
    for parameters in policy.weights.mlp.parameters_mut() {
        parameters
            .iter_mut()
            .for_each(|x| *x += 0.4 * (rng.next_f64() as f32 - 0.5));
    }
    let observations = observations();
    let mut expected = vec![0.0; BATCH * 2];
    let mut rngs = vec![Stream::from_seed(0); BATCH];
    policy
        .policy(ActionChoice::Mode)
        .act(&observations, &mut rngs, &mut expected);
    let found = &outputs(&onnx(&policy), &observations)["mean"];
    for (found, expected) in found.numbers.iter().zip(&expected) {
        let expected = f64::from(*expected);
        let tolerance = 1e-5 * expected.abs().max(1.0);
        assert!((found - expected).abs() < tolerance, "{found} {expected}");
    }
}

#[test]
fn a_value_is_that_of_the_network_beside_the_policy() {
    let mut policy = policy(DistributionKind::Categorical, Activation::Relu, true);
    let config = MlpConfig::new(INPUTS, 1);
    policy.value = Some(config.draw(&mut Stream::from_seed(5)));
    let observations = observations();
    let found = &outputs(&onnx(&policy), &observations)["value"];

    let weights = policy.value.as_ref().unwrap();
    let mut inputs = observations;
    let normalization = rl_core::collect::Normalization::new(policy.normalization.as_ref());
    normalization.apply(&mut inputs);
    let mut expected = vec![0.0; BATCH];
    HostMlp::new(weights).evaluate(&inputs, &mut expected, &mut Tape::default());
    assert!(expected.iter().any(|value| *value != expected[0]));
    for (found, expected) in found.numbers.iter().zip(&expected) {
        assert!(
            (found - f64::from(*expected)).abs() < 1e-6,
            "{found} {expected}"
        );
    }
}

#[test]
fn outputs_have_the_names_of_their_kind() {
    for (kind, names) in [
        (DistributionKind::Categorical, &["action", "logits"][..]),
        (DistributionKind::Greedy, &["action", "action_values"]),
        (
            DistributionKind::DiagGaussian,
            &["action", "log_std", "mean"],
        ),
        (
            DistributionKind::StateGaussian,
            &["action", "log_std", "mean"],
        ),
        (
            DistributionKind::SquashedGaussian,
            &["action", "log_std", "mean"],
        ),
        (DistributionKind::Beta, &["action", "alpha", "beta"]),
    ] {
        let found = outputs(
            &onnx(&policy(kind, Activation::Relu, true)),
            &observations(),
        );
        let mut found: Vec<&str> = found.keys().map(String::as_str).collect();
        found.sort_unstable();
        assert_eq!(found, names);
    }
}

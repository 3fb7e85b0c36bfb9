//! Policies as graphs of ONNX.

use prost::Message as _;
use rl_core::{RunningMoments, Space};
use rl_nets::{Activation, DistributionKind, MlpWeights, NormWeights, PolicyFile};

use super::graph::{GraphBuilder, float, integer};
use super::messages::{DOUBLE, FLOAT, Model, OperatorSet, Property};

/// Version of ONNX's operators, of 2022.
const OPERATORS: i64 = 17;
/// Version of ONNX's format that goes with them.
const FORMAT: i64 = 8;
/// Range that a `ln σ` of the network is clamped to.
const LOG_STD_RANGE: [f32; 2] = [-20.0, 2.0];
/// Number added to `α − 1` and `β − 1`, so that the mode of a uniform distribution is the middle.
const TINY: f32 = 1e-30;

/// The ONNX file of a policy: its normalisation of observations, its network, and its likeliest action within the
/// bounds of the environment.
///
/// | value | shape | |
/// |---|---|---|
/// | input `observation` | `[batch, network inputs]` | as the environment shows it; one-hot for a discrete space |
/// | output `action` | `[batch]`, `i64`; `[batch, action_dim]`, `f32` | the likeliest |
/// | `logits` | `[batch, actions]` | categorical |
/// | `action_values` | `[batch, actions]` | greedy |
/// | `mean` | `[batch, action_dim]` | Gaussian; squashed: before the squashing |
/// | `log_std` | `[action_dim]`; `[batch, action_dim]` where it depends on the state | of the same |
/// | `alpha`, `beta` | `[batch, action_dim]` | Beta |
/// | `value` | `[batch, 1]` | where a value function was learned beside the policy |
///
/// The metadata are those of `policy.safetensors`. Operators are those of ONNX 17.
///
/// # Panics
/// If the network or `ln σ` is not what the head of the weights asks for.
pub fn onnx(policy: &PolicyFile) -> Vec<u8> {
    let mut graph = GraphBuilder::default();
    let inputs = policy.weights.mlp.input_size();
    let mut rows = graph.input(
        "observation",
        inputs,
        "observations as the environment shows them",
    );
    if let Some(moments) = &policy.normalization {
        rows = normalized(&mut graph, &rows, moments);
    }
    let outputs = network(&mut graph, "policy", rows.clone(), &policy.weights.mlp);
    match &policy.action_space {
        Space::Discrete(space) => choice(&mut graph, &outputs, policy, space.n()),
        Space::Box(space) => continuous(&mut graph, &outputs, policy, [space.low(), space.high()]),
    }
    if let Some(weights) = &policy.value {
        let value = network(&mut graph, "value", rows, weights);
        graph.node("value", "Identity", &[&value]);
        graph.output(
            "value",
            1,
            "value of the observation, in the unit that the value function learned",
        );
    }
    let model = Model {
        ir_version: FORMAT,
        producer_name: "rl".into(),
        producer_version: env!("CARGO_PKG_VERSION").into(),
        doc_string: format!("Policy for {}, trained by {}", policy.env, policy.algo),
        graph: Some(graph.finish("policy")),
        opset_import: vec![OperatorSet {
            domain: String::new(),
            version: OPERATORS,
        }],
        metadata_props: policy
            .record()
            .metadata
            .into_iter()
            .map(|(key, value)| Property { key, value })
            .collect(),
    };
    model.encode_to_vec()
}

/// `clip((o − mean) / √(variance + 1e-8), ±10)`, in double precision up to the clip, as here.
fn normalized(graph: &mut GraphBuilder, rows: &str, moments: &RunningMoments) -> String {
    let deviations: Vec<f64> = (0..moments.dim()).map(|d| moments.deviation(d)).collect();
    let mean = graph.doubles("obs_norm.mean", moments.mean());
    let deviation = graph.doubles("obs_norm.deviation", &deviations);
    let cast = |kind: i32| vec![integer("to", kind.into())];
    let wide = graph.node_with("obs_norm.wide", "Cast", &[rows], cast(DOUBLE));
    let centered = graph.node("obs_norm.centered", "Sub", &[&wide, &mean]);
    let scaled = graph.node("obs_norm.scaled", "Div", &[&centered, &deviation]);
    let narrow = graph.node_with("obs_norm.narrow", "Cast", &[&scaled], cast(FLOAT));
    clip(
        graph,
        "obs_norm.clipped",
        &narrow,
        [-RunningMoments::CLIP, RunningMoments::CLIP],
    )
}

/// Clips to a range.
fn clip(graph: &mut GraphBuilder, name: &str, rows: &str, range: [f32; 2]) -> String {
    let [low, high] = [("low", range[0]), ("high", range[1])];
    let low = graph.floats(&format!("{name}.{}", low.0), &[], &[low.1]);
    let high = graph.floats(&format!("{name}.{}", high.0), &[], &[high.1]);
    graph.node(name, "Clip", &[rows, &low, &high])
}

/// The outputs of a network.
fn network(graph: &mut GraphBuilder, name: &str, mut rows: String, mlp: &MlpWeights) -> String {
    let last = mlp.layers.len().saturating_sub(1);
    for (i, layer) in mlp.layers.iter().enumerate() {
        let name = format!("{name}.layers.{i}");
        let sizes = [layer.input_size, layer.output_size];
        let weight = graph.floats(&format!("{name}.weight"), &sizes, &layer.weight);
        let bias = graph.floats(&format!("{name}.bias"), &[layer.output_size], &layer.bias);
        rows = graph.node(&name, "Gemm", &[&rows, &weight, &bias]);
        if let Some(norm) = &layer.norm {
            rows = normalized_layer(graph, &format!("{name}.norm"), &rows, norm);
        }
        let activation = if i == last {
            mlp.output_activation
        } else {
            mlp.activation
        };
        rows = activated(graph, &format!("{name}.activation"), rows, activation);
    }
    rows
}

/// Rows with mean 0 and variance 1 each, scaled and moved.
fn normalized_layer(
    graph: &mut GraphBuilder,
    name: &str,
    rows: &str,
    norm: &NormWeights,
) -> String {
    let size = [norm.scale.len()];
    let scale = graph.floats(&format!("{name}.weight"), &size, &norm.scale);
    let offset = graph.floats(&format!("{name}.bias"), &size, &norm.offset);
    let attributes = vec![integer("axis", -1), float("epsilon", NormWeights::EPSILON)];
    let inputs = [rows, &scale, &offset];
    graph.node_with(name, "LayerNormalization", &inputs, attributes)
}

fn activated(graph: &mut GraphBuilder, name: &str, rows: String, activation: Activation) -> String {
    let (operator, attributes) = match activation {
        Activation::Identity => return rows,
        Activation::Relu => ("Relu", Vec::new()),
        Activation::Tanh => ("Tanh", Vec::new()),
        Activation::LeakyRelu => ("LeakyRelu", vec![float("alpha", 0.01)]),
        Activation::Sigmoid => ("Sigmoid", Vec::new()),
        Activation::Selu => {
            let constants = [("alpha", 1.673_263_2), ("gamma", 1.050_701)];
            ("Selu", constants.map(|(name, x)| float(name, x)).into())
        }
        Activation::Softplus => ("Softplus", Vec::new()),
    };
    graph.node_with(name, operator, &[&rows], attributes)
}

/// The best of some actions.
fn choice(graph: &mut GraphBuilder, outputs: &str, policy: &PolicyFile, actions: usize) {
    let (name, meaning) = match policy.weights.distribution() {
        DistributionKind::Greedy => ("action_values", "values of the actions"),
        _ => (
            "logits",
            "logarithms of the actions' probabilities, up to a constant",
        ),
    };
    graph.node(name, "Identity", &[outputs]);
    let attributes = vec![integer("axis", 1), integer("keepdims", 0)];
    graph.node_with("action", "ArgMax", &[outputs], attributes);
    graph.output_indices(
        "action",
        "the likeliest action, or the one of the largest value",
    );
    graph.output(name, actions, meaning);
}

/// The mode of a distribution over a box.
fn continuous(graph: &mut GraphBuilder, outputs: &str, policy: &PolicyFile, bounds: [&[f32]; 2]) {
    let dim = policy.weights.action_dim();
    let [low, high] = [("action_low", 0), ("action_high", 1)]
        .map(|(name, side)| graph.floats(name, &[dim], bounds[side]));
    let kind = policy.weights.distribution();
    let unbounded = match kind {
        DistributionKind::StateGaussian => {
            let [mean, free] = graph.halves(["mean", "log_std.free"], outputs, dim);
            clip(graph, "log_std", &free, LOG_STD_RANGE);
            mean
        }
        DistributionKind::Beta => {
            let shares = beta(graph, outputs, dim);
            within(graph, &shares, &low, bounds, dim)
        }
        _ => {
            let mean = graph.node("mean", "Identity", &[outputs]);
            let log_std = policy.weights.log_std.as_deref().unwrap_or_default();
            let parameter = graph.floats("policy.log_std", &[log_std.len()], log_std);
            graph.node("log_std", "Identity", &[&parameter]);
            match kind {
                DistributionKind::SquashedGaussian => {
                    let two = graph.floats("squash.two", &[], &[2.0]);
                    let twice = graph.node("squash.twice", "Mul", &[&mean, &two]);
                    let shares = graph.node("squash.share", "Sigmoid", &[&twice]);
                    within(graph, &shares, &low, bounds, dim)
                }
                _ => mean,
            }
        }
    };
    let above = graph.node("action.above_low", "Max", &[&unbounded, &low]);
    graph.node("action", "Min", &[&above, &high]);
    graph.output("action", dim, "the likeliest action, within its bounds");
    match kind {
        DistributionKind::Beta => {
            graph.output("alpha", dim, "α of the share of the box below the action");
            graph.output("beta", dim, "β of the same");
        }
        DistributionKind::StateGaussian => {
            graph.output("mean", dim, "mean of the actions");
            graph.output("log_std", dim, "logarithm of their standard deviation");
        }
        _ => {
            graph.output("mean", dim, "mean of the actions, before a squashing");
            graph.output_vector("log_std", dim, "logarithm of their standard deviation");
        }
    }
}

/// Modes `(α − 1) / (α + β − 2)` of Beta distributions with `α = 1 + softplus(first)`, `β = 1 + softplus(second)`.
fn beta(graph: &mut GraphBuilder, outputs: &str, dim: usize) -> String {
    let halves = graph.halves(["alpha.output", "beta.output"], outputs, dim);
    let one = graph.floats("beta.one", &[], &[1.0]);
    let tiny = graph.floats("beta.tiny", &[], &[TINY]);
    let [a, b] = [("alpha", 0), ("beta", 1)].map(|(name, i)| {
        let less_one = graph.node(&format!("{name}.less_one"), "Softplus", &[&halves[i]]);
        graph.node(name, "Add", &[&less_one, &one]);
        graph.node(&format!("{name}.positive"), "Add", &[&less_one, &tiny])
    });
    let sum = graph.node("beta.sum", "Add", &[&a, &b]);
    graph.node("beta.mode", "Div", &[&a, &sum])
}

/// Actions with these shares of the box below them.
fn within(
    graph: &mut GraphBuilder,
    shares: &str,
    low: &str,
    bounds: [&[f32]; 2],
    dim: usize,
) -> String {
    let widths: Vec<f32> = bounds[1]
        .iter()
        .zip(bounds[0])
        .map(|(high, low)| high - low)
        .collect();
    let width = graph.floats("action_width", &[dim], &widths);
    let above = graph.node("action.distance", "Mul", &[shares, &width]);
    graph.node("action.unclipped", "Add", &[&above, low])
}

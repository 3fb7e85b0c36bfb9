//! Policy, value function and optimizers in `f64`, written down from the equations: a softmax over the
//! outputs of one layer, and a linear value function.

use rl_core::{Rollout, Status};

/// Numbers per observation.
pub const D: usize = 2;
/// Number of actions.
pub const K: usize = 3;
/// Number of the policy's parameters: weight `[D, K]`, bias `[K]`.
pub const POLICY: usize = (D + 1) * K;
/// Number of all parameters: the value function's weight `[D]` and bias come after the policy's.
pub const ALL: usize = POLICY + D + 1;

pub type Parameters = Vec<f64>;

/// A step of an environment with what is estimated of it.
#[derive(Clone, Debug)]
pub struct Row {
    pub observation: [f64; D],
    pub action: usize,
    pub advantage: f64,
    /// λ-return.
    pub target: f64,
    /// `V(o)` before the update.
    pub value: f64,
    pub old_log_prob: f64,
}

pub fn log_probs(parameters: &[f64], observation: &[f64; D]) -> [f64; K] {
    let logits: [f64; K] = std::array::from_fn(|k| {
        let weighted = (0..D).map(|d| observation[d] * parameters[d * K + k]);
        weighted.sum::<f64>() + parameters[D * K + k]
    });
    let total = logits.iter().map(|x| x.exp()).sum::<f64>().ln();
    logits.map(|logit| logit - total)
}

pub fn value(parameters: &[f64], observation: &[f64; D]) -> f64 {
    let of_value = &parameters[parameters.len() - D - 1..];
    (0..D).map(|d| observation[d] * of_value[d]).sum::<f64>() + of_value[D]
}

/// Adds `scale · ∂/∂θ` of the sum of `d_logits · logits` to a gradient.
fn backward(observation: &[f64; D], d_logits: [f64; K], scale: f64, gradient: &mut [f64]) {
    for (k, d_logit) in d_logits.into_iter().enumerate() {
        for d in 0..D {
            gradient[d * K + k] += scale * observation[d] * d_logit;
        }
        gradient[D * K + k] += scale * d_logit;
    }
}

/// The gradient of `1/M Σ [-s - c_H H + c_V (V - V̂)²]`, with `slope` the derivative of the surrogate `s`
/// by `ln π(a|o)`.
pub fn gradient(
    parameters: &[f64],
    rows: &[&Row],
    slope: impl Fn(&Row, f64) -> f64,
    (entropy_coefficient, value_coefficient): (f64, f64),
) -> Parameters {
    let mut gradient = vec![0.0; parameters.len()];
    let scale = 1.0 / rows.len() as f64;
    for row in rows {
        let log_probs = log_probs(parameters, &row.observation);
        let probs = log_probs.map(f64::exp);
        let entropy = -(0..K).map(|k| probs[k] * log_probs[k]).sum::<f64>();
        let slope = slope(row, log_probs[row.action]);
        let d_logits = std::array::from_fn(|k| {
            let chosen = f64::from(u8::from(k == row.action));
            -slope * (chosen - probs[k]) + entropy_coefficient * probs[k] * (log_probs[k] + entropy)
        });
        backward(&row.observation, d_logits, scale, &mut gradient);
        if value_coefficient != 0.0 {
            let error = value(parameters, &row.observation) - row.target;
            let d_value = 2.0 * value_coefficient * error * scale;
            for d in 0..D {
                gradient[POLICY + d] += d_value * row.observation[d];
            }
            gradient[POLICY + D] += d_value;
        }
    }
    gradient
}

/// `F v` with the mean Fisher information of the policy, damped.
pub fn fisher(parameters: &[f64], rows: &[Row], vector: &[f64], damping: f64) -> Parameters {
    let mut product: Parameters = vector.iter().map(|v| damping * v).collect();
    for row in rows {
        let probs = log_probs(parameters, &row.observation).map(f64::exp);
        let along: [f64; K] = std::array::from_fn(|k| {
            let of_weight = (0..D).map(|d| row.observation[d] * vector[d * K + k]);
            of_weight.sum::<f64>() + vector[D * K + k]
        });
        let mean: f64 = (0..K).map(|k| probs[k] * along[k]).sum();
        let d_logits = std::array::from_fn(|k| probs[k] * (along[k] - mean));
        backward(
            &row.observation,
            d_logits,
            1.0 / rows.len() as f64,
            &mut product,
        );
    }
    product
}

/// The rows of each environment of a rollout, by the networks as they were before the update:
/// `Â = Σ (γλ)ⁱ δ`, `δ = r + γ V(o') - V(o)`, where a termination has no `V(o')` and any end stops
/// the sum.
pub fn rows(parameters: &[f64], rollout: &Rollout, gamma: f64, lambda: f64) -> Vec<Vec<Row>> {
    let observation =
        |from: &[f32], row: usize| std::array::from_fn(|d| f64::from(from[row * D + d]));
    let (n, steps) = (rollout.environments(), rollout.steps_per_environment());
    let mut successors = 0;
    let mut all = Vec::new();
    for environment in 0..n {
        let mut rows = Vec::new();
        let mut next_values = Vec::new();
        for step in 0..steps {
            let row = environment * steps + step;
            let at = observation(rollout.observations(), row);
            let status = rollout.statuses()[row];
            let after = if status == Status::Running && step + 1 < steps {
                observation(rollout.observations(), row + 1)
            } else {
                successors += 1;
                observation(rollout.successors(), successors - 1)
            };
            next_values.push(match status {
                Status::Terminated => 0.0,
                Status::Running | Status::Truncated => value(parameters, &after),
            });
            let action = rollout.actions()[row] as usize;
            rows.push(Row {
                observation: at,
                action,
                advantage: 0.0,
                target: 0.0,
                value: value(parameters, &at),
                old_log_prob: log_probs(parameters, &at)[action],
            });
        }
        let mut later = 0.0;
        for step in (0..steps).rev() {
            let row = environment * steps + step;
            let reward = f64::from(rollout.rewards()[row]);
            if rollout.statuses()[row] != Status::Running {
                later = 0.0;
            }
            let of_row = &mut rows[step];
            let delta = reward + gamma * next_values[step] - of_row.value;
            later = delta + gamma * lambda * later;
            (of_row.advantage, of_row.target) = (later, later + of_row.value);
        }
        all.push(rows);
    }
    all
}

/// Mean 0 and deviation 1 for the advantages.
pub fn normalize(rows: &mut [&mut Row]) {
    let n = rows.len() as f64;
    let mean = rows.iter().map(|row| row.advantage).sum::<f64>() / n;
    let squares = rows.iter().map(|row| (row.advantage - mean).powi(2));
    let deviation = (squares.sum::<f64>() / n).sqrt() + 1e-8;
    for row in rows {
        row.advantage = (row.advantage - mean) / deviation;
    }
}

/// `1 - Var(V̂ - V) / Var(V̂)`.
pub fn explained_variance(rows: &[Row]) -> f64 {
    let variance = |numbers: Vec<f64>| {
        let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
        numbers.iter().map(|x| (x - mean).powi(2)).sum::<f64>()
    };
    let errors = rows.iter().map(|row| row.target - row.value).collect();
    1.0 - variance(errors) / variance(rows.iter().map(|row| row.target).collect())
}

pub fn norm(numbers: &[f64]) -> f64 {
    numbers.iter().map(|x| x * x).sum::<f64>().sqrt()
}

pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Adam (Kingma & Ba 2015, algorithm 1), or PyTorch's RMSProp, after a clip of the global norm.
pub struct Optimizer {
    pub adam: bool,
    pub epsilon: f64,
    pub max_norm: f64,
    moments: [Parameters; 2],
    steps: i32,
}

impl Optimizer {
    pub fn new(adam: bool, epsilon: f64, max_norm: f64, len: usize) -> Self {
        Self {
            adam,
            epsilon,
            max_norm,
            moments: [vec![0.0; len], vec![0.0; len]],
            steps: 0,
        }
    }

    pub fn step(&mut self, parameters: &mut [f64], gradient: &[f64], rate: f64) {
        let scale = (self.max_norm / (norm(gradient) + 1e-6)).min(1.0);
        self.steps += 1;
        let [first, second] = &mut self.moments;
        for (i, parameter) in parameters.iter_mut().enumerate() {
            let g = gradient[i] * scale;
            if self.adam {
                first[i] = 0.9 * first[i] + 0.1 * g;
                second[i] = 0.999 * second[i] + 0.001 * g * g;
                let mean = first[i] / (1.0 - 0.9_f64.powi(self.steps));
                let square = second[i] / (1.0 - 0.999_f64.powi(self.steps));
                *parameter -= rate * mean / (square.sqrt() + self.epsilon);
            } else {
                second[i] = 0.99 * second[i] + 0.01 * g * g;
                *parameter -= rate * g / (second[i].sqrt() + self.epsilon);
            }
        }
    }
}

/// Mean divergence `KL(π_before ‖ π_after)` over the observations of rows.
pub fn kl<'a>(before: &[f64], after: &[f64], rows: impl IntoIterator<Item = &'a Row>) -> f64 {
    let (mut sum, mut n) = (0.0, 0.0);
    for row in rows {
        let [old, new] = [before, after].map(|at| log_probs(at, &row.observation));
        sum += (0..K)
            .map(|k| old[k].exp() * (old[k] - new[k]))
            .sum::<f64>();
        n += 1.0;
    }
    sum / n
}

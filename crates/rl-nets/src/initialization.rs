//! Drawing initial weights on the host.

use rand_distr::{Distribution, StandardNormal};
use rl_core::Stream;
use serde::{Deserialize, Serialize};

use crate::LayerWeights;

/// Distribution of a network's initial weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Initialization {
    /// Orthogonal weights (Saxe et al. 2014) and zero biases, with gain √2 for hidden layers and
    /// the network's own gain for its output layer: 0.01 for a policy, 1 for a value (Huang et
    /// al. 2022, "The 37 implementation details of PPO", detail 2).
    #[default]
    Orthogonal,
    /// Weights and biases uniform in ±1/√input_size, PyTorch's default for linear layers.
    Pytorch,
}

impl Initialization {
    /// Draws the weights of a layer; `gain` scales orthogonal ones.
    pub(crate) fn draw(
        self,
        input_size: usize,
        output_size: usize,
        gain: f32,
        rng: &mut Stream,
    ) -> LayerWeights {
        let (weight, bias) = match self {
            Self::Orthogonal => {
                let mut weight = orthogonal(input_size, output_size, rng);
                weight.iter_mut().for_each(|w| *w *= gain);
                (weight, vec![0.0; output_size])
            }
            Self::Pytorch => {
                let bound = 1.0 / (input_size as f64).sqrt();
                let mut draw = |n| (0..n).map(|_| rng.uniform(-bound, bound) as f32).collect();
                (draw(input_size * output_size), draw(output_size))
            }
        };
        LayerWeights {
            input_size,
            output_size,
            weight,
            bias,
            norm: None,
        }
    }
}

/// A random matrix `[rows, columns]` whose shorter side is orthonormal, uniformly distributed:
/// Gram-Schmidt on a matrix of normal numbers.
fn orthogonal(rows: usize, columns: usize, rng: &mut Stream) -> Vec<f32> {
    let (vectors, length) = (rows.min(columns), rows.max(columns));
    let mut basis: Vec<Vec<f64>> = Vec::with_capacity(vectors);
    while basis.len() < vectors {
        let mut vector: Vec<f64> = (0..length).map(|_| StandardNormal.sample(rng)).collect();
        // Twice, because the first pass leaves rounding errors along the basis.
        for _ in 0..2 {
            for other in &basis {
                let along: f64 = vector.iter().zip(other).map(|(a, b)| a * b).sum();
                vector
                    .iter_mut()
                    .zip(other)
                    .for_each(|(a, b)| *a -= along * b);
            }
        }
        let norm = vector.iter().map(|a| a * a).sum::<f64>().sqrt();
        // A vector within the span of the others is as good as impossible, and useless.
        if norm > 1e-9 {
            vector.iter_mut().for_each(|a| *a /= norm);
            basis.push(vector);
        }
    }
    let entry = |i: usize, j: usize| {
        if rows <= columns {
            basis[i][j]
        } else {
            basis[j][i]
        }
    };
    (0..rows)
        .flat_map(|i| (0..columns).map(move |j| (i, j)))
        .map(|(i, j)| entry(i, j) as f32)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shorter_side_of_orthogonal_weights_is_orthogonal_with_its_gain() {
        let mut rng = Stream::from_seed(0);
        for (rows, columns) in [(4, 64), (64, 64), (64, 2), (1, 3)] {
            let gain = 1.5;
            let layer = Initialization::Orthogonal.draw(rows, columns, gain, &mut rng);
            assert!(layer.bias.iter().all(|&b| b == 0.0));
            let at = |i, j| f64::from(layer.weight[i * columns + j]);
            let vectors = rows.min(columns);
            for a in 0..vectors {
                for b in 0..vectors {
                    let product: f64 = if rows <= columns {
                        (0..columns).map(|k| at(a, k) * at(b, k)).sum()
                    } else {
                        (0..rows).map(|k| at(k, a) * at(k, b)).sum()
                    };
                    let expected = if a == b { f64::from(gain * gain) } else { 0.0 };
                    assert!(
                        (product - expected).abs() < 1e-6,
                        "{rows}×{columns} {a} {b}"
                    );
                }
            }
        }
    }

    #[test]
    fn pytorch_weights_fill_their_interval() {
        let layer = Initialization::Pytorch.draw(64, 64, 1.0, &mut Stream::from_seed(0));
        let bound = 0.125;
        let draws = || layer.weight.iter().chain(&layer.bias);
        assert!(draws().all(|w| w.abs() <= bound));
        let variance = draws().map(|w| w * w).sum::<f32>() / draws().count() as f32;
        // A uniform variance of bound²/3, known to 3.3 σ = 3.3 √(4/45) bound² / √4160.
        assert!(
            (variance - bound * bound / 3.0).abs() < 0.0153 * bound * bound,
            "{variance}"
        );
    }
}

//! Noise of the weights of noisy layers.

use rl_core::{State, StateError, StateReader, StateWriter, Stream};
use rl_nets::Networks;

use crate::ConfigError;

/// `σ₀`: a deviation times the root of the number of inputs, at the beginning.
const INITIAL_DEVIATION: f64 = 0.5;

/// Factorised Gaussian noise of all layers of a perceptron (Fortunato et al. 2018, "Noisy networks for
/// exploration", eq. 9 to 11). A noisy layer has the weights
///
/// ```text
/// W = μ_W + σ_W ⊙ f(ε_in) f(ε_out)ᵀ,   b = μ_b + σ_b ⊙ f(ε_out),   f(x) = sign(x) √|x|
/// ```
///
/// with learned means `μ` and deviations `σ`, and a standard normal number for each input and each output of the layer.
/// Scale and offset of a layer normalisation have no noise: theirs is 0.
///
/// Its [`State`] is the stream that the present numbers were drawn from.
///
/// ```
/// use rl_core::{Space, Stream};
/// use rl_learn::Noise;
/// use rl_nets::{Networks, PolicyConfig};
///
/// let policy = PolicyConfig::new(4, &Space::discrete(2)).draw(&mut Stream::from_seed(0));
/// let networks = Networks::policy(policy);
/// let mut noise = Noise::new(&networks, Stream::from_seed(1))?;
/// noise.draw();
/// let (means, deviations) = (networks.flat(), Noise::initial_deviations(&networks)?);
/// let mut weights = Vec::new();
/// noise.weights(&means, &deviations, &mut weights);
/// assert_eq!(weights[0], means[0] + 0.25 * noise.numbers()[0]);
/// # Ok::<(), rl_learn::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Noise {
    layers: Vec<NoisyLayer>,
    stream: Stream,
    /// The stream before the present numbers.
    origin: Stream,
    numbers: Vec<f32>,
}

/// Sizes of a layer.
#[derive(Clone, Copy, Debug)]
struct NoisyLayer {
    inputs: usize,
    outputs: usize,
    /// Number of parameters without noise that follow its weights and biases.
    others: usize,
}

impl NoisyLayer {
    fn all(networks: &Networks) -> Result<Vec<Self>, ConfigError> {
        let allowed = "false for a network of one's own: noisy are the layers of perceptrons";
        let mlps = networks.mlps();
        let mlps = mlps.ok_or_else(|| ConfigError::new("noisy", true, allowed))?;
        let mut layers = Vec::new();
        for (index, mlp) in mlps.into_iter().enumerate() {
            layers.extend(mlp.layers.iter().map(|layer| Self {
                inputs: layer.input_size,
                outputs: layer.output_size,
                others: layer.norm.as_ref().map_or(0, |_| 2 * layer.output_size),
            }));
            if let (0, Some(last)) = (index, layers.last_mut()) {
                last.others += networks.log_std().len();
            }
        }
        Ok(layers)
    }

    /// Number of weights and biases.
    fn noisy(self) -> usize {
        (self.inputs + 1) * self.outputs
    }
}

impl Noise {
    /// Noise of the parameters of perceptrons, drawn from a stream for the first time.
    ///
    /// # Errors
    /// [`ConfigError`] for a module of a user's own.
    pub fn new(networks: &Networks, stream: Stream) -> Result<Self, ConfigError> {
        let mut noise = Self {
            layers: NoisyLayer::all(networks)?,
            origin: stream.clone(),
            stream,
            numbers: Vec::new(),
        };
        noise.draw();
        Ok(noise)
    }

    /// Deviations to begin with, in the flat order: `σ₀ / √inputs` with `σ₀ = 0.5`, and 0 where there is no noise.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn initial_deviations(networks: &Networks) -> Result<Vec<f32>, ConfigError> {
        let mut deviations = Vec::with_capacity(networks.len());
        for layer in NoisyLayer::all(networks)? {
            let deviation = (INITIAL_DEVIATION / (layer.inputs as f64).sqrt()) as f32;
            deviations.resize(deviations.len() + layer.noisy(), deviation);
            deviations.resize(deviations.len() + layer.others, 0.0);
        }
        Ok(deviations)
    }

    /// Draws all numbers anew.
    pub fn draw(&mut self) {
        self.origin.clone_from(&self.stream);
        self.numbers.clear();
        for layer in &self.layers {
            let mut factors = |n| -> Vec<f32> {
                let drawn = (0..n).map(|_| self.stream.standard_normal());
                drawn
                    .map(|x| (x.signum() * x.abs().sqrt()) as f32)
                    .collect()
            };
            let (of_inputs, of_outputs) = (factors(layer.inputs), factors(layer.outputs));
            for x in &of_inputs {
                self.numbers.extend(of_outputs.iter().map(|y| x * y));
            }
            self.numbers.extend_from_slice(&of_outputs);
            let with_others = self.numbers.len() + layer.others;
            self.numbers.resize(with_others, 0.0);
        }
    }

    /// The present numbers `ε`, one for each parameter, in the flat order of [`Networks::parameters`].
    pub fn numbers(&self) -> &[f32] {
        &self.numbers
    }

    /// Writes the weights `μ + σ ⊙ ε` with the present numbers, `[len]` as means and deviations are.
    pub fn weights(&self, means: &[f32], deviations: &[f32], weights: &mut Vec<f32>) {
        let terms = means.iter().zip(deviations).zip(&self.numbers);
        weights.clear();
        weights.extend(terms.map(|((mean, deviation), x)| mean + deviation * x));
    }
}

impl State for Noise {
    fn save(&self, out: &mut dyn StateWriter) {
        self.origin.save(out);
    }

    fn load(&mut self, from: &dyn StateReader) -> Result<(), StateError> {
        self.stream.load(from)?;
        self.draw();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rl_core::{Snapshot, Space};
    use rl_nets::PolicyConfig;

    /// A network of the layers `[3, 5]`, normalised, and `[5, 2]`.
    fn networks() -> Networks {
        let config = PolicyConfig::new(3, &Space::discrete(2))
            .with_hidden(1, 5, rl_nets::Activation::Relu)
            .with_layer_norm(true);
        Networks::policy(config.draw(&mut Stream::from_seed(0)))
    }

    #[test]
    fn noise_of_a_layer_is_the_product_of_a_number_per_input_and_one_per_output() {
        let networks = networks();
        let mut noise = Noise::new(&networks, Stream::from_seed(1)).unwrap();
        for _ in 0..3 {
            noise.draw();
            let (first, rest) = noise.numbers().split_at(4 * 5);
            let (norm, second) = rest.split_at(2 * 5);
            assert_eq!((norm, second.len()), (&[0.0; 10][..], 6 * 2));
            for (layer, outputs) in [(first, 5), (second, 2)] {
                let (weights, biases) = layer.split_at(layer.len() - outputs);
                for row in weights.chunks_exact(outputs) {
                    // The number of the input, whichever output it is taken from.
                    let of_input = row[0] / biases[0];
                    for (x, y) in row.iter().zip(biases) {
                        let product = of_input * y;
                        assert!((x - product).abs() <= 1e-5 * product.abs(), "{x} {product}");
                    }
                }
            }
        }
    }

    #[test]
    fn numbers_per_output_are_signed_roots_of_normal_numbers() {
        let mut noise = Noise::new(&networks(), Stream::from_seed(2)).unwrap();
        let (mut moments, mut of_weights, mut across, n) = ([0.0; 4], [0.0; 2], 0.0, 40_000);
        for _ in 0..n {
            noise.draw();
            let [w, b] = [0, 15].map(|i| f64::from(noise.numbers()[i]));
            let x = b * b.abs();
            for (sum, power) in moments.iter_mut().zip(1..) {
                *sum += x.powi(power) / f64::from(n);
            }
            of_weights[0] += w / f64::from(n);
            of_weights[1] += w * w / f64::from(n);
            // Of two layers.
            across += b * f64::from(noise.numbers()[30]) / f64::from(n);
        }
        // Four standard errors: those of xᵏ have the variances 1, 2, 15 and 96 for a normal x.
        for ((found, expected), variance) in moments
            .iter()
            .zip([0.0, 1.0, 0.0, 3.0])
            .zip([1.0_f64, 2.0, 15.0, 96.0])
        {
            let bound = 4.0 * (variance / f64::from(n)).sqrt();
            assert!((found - expected).abs() < bound, "{moments:?}");
        }
        // E|x| = √(2/π), so that E w² = 2/π; E w⁴ = 1.
        let two_by_pi = std::f64::consts::FRAC_2_PI;
        let bound = 4.0 / f64::from(n).sqrt();
        assert!(of_weights[0].abs() < bound && across.abs() < bound);
        assert!((of_weights[1] - two_by_pi).abs() < bound, "{of_weights:?}");
    }

    #[test]
    fn deviations_begin_at_half_the_bound_of_uniform_weights() {
        let deviations = Noise::initial_deviations(&networks()).unwrap();
        let (first, second) = (0.5 / 3_f32.sqrt(), 0.5 / 5_f32.sqrt());
        let parts = [vec![first; 20], vec![0.0; 10], vec![second; 12]];
        assert_eq!(deviations, parts.concat());
        assert_eq!(deviations.len(), networks().len());
    }

    #[test]
    fn restored_noise_has_the_numbers_of_the_saved_one_and_draws_the_same_next() {
        let mut noise = Noise::new(&networks(), Stream::from_seed(3)).unwrap();
        noise.draw();
        let mut restored = Noise::new(&networks(), Stream::from_seed(4)).unwrap();
        assert_ne!(restored.numbers(), noise.numbers());
        restored.load(&Snapshot::of(&noise)).unwrap();
        for _ in 0..2 {
            assert_eq!(restored.numbers(), noise.numbers());
            restored.draw();
            noise.draw();
        }
    }
}

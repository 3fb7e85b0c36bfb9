//! Networks of noisy layers, as they act and as they choose actions.

use rl_core::state::{Scoped, ScopedReader};
use rl_core::{BoxError, Purpose, State, StateError, StateReader, StateWriter, Stream};
use rl_learn::{ConfigError, Learner, Noise};
use rl_nets::Networks;

use crate::GreedyPolicy;
use crate::evaluator::greedy;

/// Use of the noise of a network. Each has a stream of its own, so that the noise of one is independent of that of all
/// others, as eq. 16 and 17 of Fortunato et al. 2018 ask for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum NoiseOf {
    /// The network that learns, in a gradient step.
    Gradient,
    /// The target network.
    Target,
    /// The network that learns, when it chooses the actions of targets.
    Choice,
    /// The policy that acts.
    Acting,
}

impl NoiseOf {
    /// The stream of a run with this seed.
    pub fn stream(self, seed: u64) -> Stream {
        Stream::derive(seed, Purpose::Noise, self as u32)
    }

    /// Noise of networks, of a run with this seed.
    pub fn noise(self, networks: &Networks, seed: u64) -> Result<Noise, ConfigError> {
        Noise::new(networks, self.stream(seed))
    }
}

/// Weights with noise, of a network of noisy layers: those that it acts by, and those that it chooses the actions of targets by.
pub(crate) struct NoisyNetworks {
    acting: Noise,
    choice: Noise,
    /// Networks of the weights that act.
    networks: Networks,
    policy: GreedyPolicy,
    weights: Vec<f32>,
}

impl NoisyNetworks {
    /// The noise of a run with this seed on the networks of a learner.
    pub fn new(learner: &dyn Learner, seed: u64) -> Result<Self, BoxError> {
        let networks = learner.networks();
        let mut noisy = Self {
            acting: NoiseOf::Acting.noise(networks, seed)?,
            choice: NoiseOf::Choice.noise(networks, seed)?,
            policy: greedy(networks)?,
            networks: networks.clone(),
            weights: Vec::new(),
        };
        noisy.follow(learner)?;
        Ok(noisy)
    }

    /// The policy of the weights that act.
    pub fn policy(&mut self) -> &mut GreedyPolicy {
        &mut self.policy
    }

    /// Draws noise to act by from now on.
    pub fn renew(&mut self, learner: &dyn Learner) -> Result<(), BoxError> {
        self.acting.draw();
        self.follow(learner)
    }

    /// Takes the parameters of a learner, under the noise that is there.
    pub fn follow(&mut self, learner: &dyn Learner) -> Result<(), BoxError> {
        let means = learner.networks().flat();
        (self.acting).weights(&means, learner.deviations(), &mut self.weights);
        self.networks.set_flat(&self.weights);
        self.policy = greedy(&self.networks)?;
        Ok(())
    }

    /// Weights under new noise, to choose actions by.
    pub fn choose(&mut self, learner: &dyn Learner) -> &[f32] {
        self.choice.draw();
        let means = learner.networks().flat();
        (self.choice).weights(&means, learner.deviations(), &mut self.weights);
        &self.weights
    }
}

impl State for NoisyNetworks {
    fn save(&self, out: &mut dyn StateWriter) {
        self.acting.save(&mut Scoped::new(out, "acting"));
        self.choice.save(&mut Scoped::new(out, "choice"));
    }

    fn load(&mut self, from: &dyn StateReader) -> Result<(), StateError> {
        self.acting.load(&ScopedReader::new(from, "acting"))?;
        self.choice.load(&ScopedReader::new(from, "choice"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rl_core::Space;
    use rl_nets::{DistributionKind, PolicyConfig};

    #[test]
    fn the_noise_of_each_use_is_independent_of_that_of_the_others() {
        let config = PolicyConfig::new(2, &Space::discrete(3));
        let config = config.with_distribution(DistributionKind::Greedy).unwrap();
        let networks = Networks::policy(config.draw(&mut Stream::from_seed(0)));
        let all = [
            NoiseOf::Gradient,
            NoiseOf::Target,
            NoiseOf::Choice,
            NoiseOf::Acting,
        ];
        let mut noises = all.map(|of| of.noise(&networks, 7).unwrap());
        let (mut products, n) = ([[0.0; 4]; 4], 2000);
        // Of the last output's bias, whose square is √(2/π) on average.
        for _ in 0..n {
            let numbers = noises.each_mut().map(|noise| {
                noise.draw();
                noise.numbers().last().map_or(f64::NAN, |&x| x.into())
            });
            for (row, x) in products.iter_mut().zip(numbers) {
                let row = row.iter_mut().zip(numbers);
                row.for_each(|(sum, y): (&mut f64, f64)| *sum += x * y / f64::from(n));
            }
        }
        for (i, row) in products.iter().enumerate() {
            for (j, found) in row.iter().enumerate() {
                let expected = if i == j {
                    (2.0 / std::f64::consts::PI).sqrt()
                } else {
                    0.0
                };
                // Four standard errors of at most 1 / √n.
                let bound = 4.0 / f64::from(n).sqrt();
                assert!((found - expected).abs() < bound, "{i} {j}: {found}");
            }
        }
    }
}

//! Targets of deep Q-networks, and the network that they come from.

use rl_core::state::{Scoped, ScopedReader};
use rl_core::{BoxError, State, StateError, StateReader, StateWriter};
use rl_learn::Noise;
use rl_nets::Networks;

use crate::evaluator::Evaluator;
use crate::replay::Sample;

/// Copy of a network of action values that follows it at a distance (Mnih et al. 2015, "Human-level
/// control through deep reinforcement learning", `Q̂`).
pub struct TargetNetwork {
    /// Number of the network's parameters.
    len: usize,
    /// Parameters; of noisy layers the means, then the deviations.
    flat: Vec<f32>,
    evaluator: Evaluator,
    /// Of noisy layers.
    noise: Option<Noise>,
    weights: Vec<f32>,
}

impl TargetNetwork {
    /// A copy of a network as it is now.
    ///
    /// # Errors
    /// If it has no action values.
    pub fn new(online: &Networks) -> Result<Self, BoxError> {
        Ok(Self {
            len: online.len(),
            flat: online.flat(),
            evaluator: Evaluator::new(online)?,
            noise: None,
            weights: Vec::new(),
        })
    }

    /// The network with noisy layers of these deviations, whose noise is drawn anew for every evaluation.
    #[must_use]
    pub fn with_noise(mut self, deviations: &[f32], noise: Noise) -> Self {
        self.flat.extend_from_slice(deviations);
        self.noise = Some(noise);
        self
    }

    /// Moves the parameters to those of the online network, `θ⁻ ← θ⁻ + τ (θ - θ⁻)` with `rate` `τ`
    /// (Lillicrap et al. 2016, "Continuous control with deep reinforcement learning"); 1 copies them. `deviations` are
    /// those of noisy layers, and otherwise none.
    ///
    /// # Errors
    /// If a module of one's own cannot be copied.
    pub fn follow(
        &mut self,
        online: &Networks,
        deviations: &[f32],
        rate: f64,
    ) -> Result<(), BoxError> {
        let rate = rate as f32;
        let mut rest = self.flat.as_mut_slice();
        for online in online.parameters().chain([deviations]) {
            let target;
            (target, rest) = rest.split_at_mut(online.len());
            if rate < 1.0 {
                for (target, online) in target.iter_mut().zip(online) {
                    *target += rate * (online - *target);
                }
            } else {
                target.copy_from_slice(online);
            }
        }
        self.publish()
    }

    fn publish(&mut self) -> Result<(), BoxError> {
        self.evaluator.follow(&self.flat[..self.len])
    }

    /// Writes the quantiles `[n, actions, quantiles]` of inputs `[n, inputs]`: the values, where no distribution is
    /// learned.
    ///
    /// # Errors
    /// If a module of one's own cannot be copied.
    pub fn evaluate(&mut self, inputs: &[f32], quantiles: &mut Vec<f32>) -> Result<(), BoxError> {
        if let Some(noise) = &mut self.noise {
            let (means, deviations) = self.flat.split_at(self.len);
            noise.draw();
            noise.weights(means, deviations, &mut self.weights);
            self.evaluator.follow(&self.weights)?;
        }
        self.evaluator.evaluate(inputs, quantiles);
        Ok(())
    }
}

impl State for TargetNetwork {
    fn save(&self, out: &mut dyn StateWriter) {
        out.f32s("parameters", &self.flat);
        if let Some(noise) = &self.noise {
            noise.save(&mut Scoped::new(out, "noise"));
        }
    }

    fn load(&mut self, from: &dyn StateReader) -> Result<(), StateError> {
        from.f32s("parameters", &mut self.flat)?;
        if let Some(noise) = &mut self.noise {
            noise.load(&ScopedReader::new(from, "noise"))?;
        }
        self.publish()
            .map_err(|error| StateError::value("parameters", error.to_string()))
    }
}

/// Writes the targets `yⱼ = R + γᵏ θⱼ⁻(s', b)`, `[n, quantiles]`, of a sample into `targets`, with `b` the action whose
/// mean is best by `choosing`. `target_quantiles` are `θ⁻(s', ·)`, `[n, actions, quantiles]`; a single one is the value `Q⁻`.
/// `choosing` are the same for the targets of Mnih et al. 2015, and those of the online network for the targets of van Hasselt
/// et al. 2016, "Deep reinforcement learning with double Q-learning". A termination has the factor 0, a truncation has not.
pub fn write_targets(
    sample: &Sample,
    quantiles: usize,
    target_quantiles: &[f32],
    choosing: &[f32],
    targets: &mut Vec<f32>,
) {
    let width = (target_quantiles.len() / sample.len().max(1)).max(1);
    let rows = target_quantiles
        .chunks_exact(width)
        .zip(choosing.chunks_exact(width));
    let rows = rows.zip(&sample.rewards).zip(&sample.discounts);
    targets.clear();
    for (((of_target, choosing), &reward), &discount) in rows {
        // Without a bootstrap the value has no say, however large.
        if discount == 0.0 {
            targets.extend(std::iter::repeat_n(reward, quantiles));
        } else {
            let best = best_mean(choosing, quantiles) * quantiles;
            let of_best = &of_target[best..best + quantiles];
            targets.extend(of_best.iter().map(|value| reward + discount * value));
        }
    }
}

/// Index of the first of the largest numbers.
pub(crate) fn best(values: &[f32]) -> usize {
    let mut best = 0;
    for (index, &value) in values.iter().enumerate() {
        if value > values[best] {
            best = index;
        }
    }
    best
}

/// The first action of the largest mean, of quantiles `[actions, quantiles]`.
fn best_mean(row: &[f32], quantiles: usize) -> usize {
    if quantiles == 1 {
        return best(row);
    }
    let (mut best, mut largest) = (0, f32::NEG_INFINITY);
    for (action, numbers) in row.chunks_exact(quantiles).enumerate() {
        let mean = mean(numbers);
        if mean > largest {
            (best, largest) = (action, mean);
        }
    }
    best
}

/// The mean of some numbers.
pub(crate) fn mean(numbers: &[f32]) -> f32 {
    numbers.iter().sum::<f32>() / numbers.len() as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::{Draw, Replay, Transition};
    use proptest::prelude::*;
    use rl_core::{Space, Status, Stream};
    use rl_nets::{DistributionKind, PolicyConfig};

    /// A number for an action in a state that knows no other.
    fn value(network: u64, state: f32, action: u64) -> f32 {
        let seed = network ^ u64::from(state.to_bits()) ^ (action << 40);
        Stream::from_seed(seed).uniform(-5.0, 5.0) as f32
    }

    proptest! {
        #[test]
        fn targets_equal_the_definition_on_every_mix_of_ends(
            story in prop::collection::vec((-2.0_f32..2.0, 0_u8..5), 1..30),
            n_step in 1_usize..5,
            gamma in 0.0..=1.0_f64,
            double: bool,
            quantiles in 1_usize..4,
        ) {
            let status = |kind| match kind {
                0 => Status::Terminated,
                1 => Status::Truncated,
                _ => Status::Running,
            };
            let mut replay = Replay::new(story.len(), 1, 1, 0).unwrap();
            for (t, &(reward, kind)) in story.iter().enumerate() {
                replay.push(Transition {
                    observation: &[t as f32],
                    action: 0.0,
                    reward,
                    status: status(kind),
                    next_observation: &[t as f32 + 0.5],
                });
            }
            let mut sample = Sample::default();
            replay.sample(Draw { size: 40, n_step, gamma, beta: 0.0 }, &mut sample);
            let values = |network| -> Vec<f32> {
                let states = sample.next_observations.iter();
                let n = quantiles as u64;
                let rows = states.flat_map(|&s| (0..3 * n).map(move |i| value(network, s, i)));
                rows.collect()
            };
            let (online, target) = (values(7), values(8));
            let choosing = if double { &online } else { &target };
            let mut targets = Vec::new();
            write_targets(&sample, quantiles, &target, choosing, &mut targets);
            let rows = targets.chunks_exact(quantiles);
            for (&s, ys) in sample.observations.iter().zip(rows) {
                // Step by step through the story, until an end, its last step, or n steps.
                let (mut t, mut expected, mut factor) = (s as usize, 0.0, 1.0);
                let mut last = t;
                for _ in 0..n_step {
                    last = t;
                    expected += factor * f64::from(story[t].0);
                    factor *= gamma;
                    if status(story[t].1) == Status::Terminated {
                        factor = 0.0;
                    }
                    if status(story[t].1) != Status::Running || t + 1 == story.len() {
                        break;
                    }
                    t += 1;
                }
                let last = last as f32 + 0.5;
                let of = |network, b: usize| -> Vec<f64> {
                    let indices = b * quantiles..(b + 1) * quantiles;
                    indices.map(|i| value(network, last, i as u64).into()).collect()
                };
                let sum = |b| of(if double { 7 } else { 8 }, b).iter().sum::<f64>();
                let b = (0..3).max_by(|&a, &b| sum(a).total_cmp(&sum(b))).unwrap();
                for (y, value) in ys.iter().zip(of(8, b)) {
                    let expected = expected + factor * value;
                    prop_assert!((f64::from(*y) - expected).abs() < 1e-4, "{y} {expected}");
                }
            }
        }
    }

    #[test]
    fn an_infinite_value_has_no_say_after_a_termination() {
        let mut replay = Replay::new(1, 1, 1, 0).unwrap();
        replay.push(Transition {
            observation: &[0.0],
            action: 0.0,
            reward: 2.0,
            status: Status::Terminated,
            next_observation: &[1.0],
        });
        let mut sample = Sample::default();
        let (size, n_step, gamma, beta) = (1, 1, 1.0, 0.0);
        let draw = Draw {
            size,
            n_step,
            gamma,
            beta,
        };
        replay.sample(draw, &mut sample);
        let (values, mut targets) = ([f32::INFINITY, 0.0], Vec::new());
        write_targets(&sample, 1, &values, &values, &mut targets);
        assert_eq!(targets, [2.0]);
    }

    fn networks(seed: u64) -> Networks {
        let config = PolicyConfig::new(2, &Space::discrete(3));
        let config = config.with_distribution(DistributionKind::Greedy).unwrap();
        Networks::policy(config.draw(&mut Stream::from_seed(seed)))
    }

    #[test]
    fn a_target_network_follows_by_its_rate_and_is_no_alias() {
        let (first, second) = (networks(1), networks(2));
        let input = [0.5, -1.0];
        let evaluate = |target: &mut TargetNetwork| {
            let mut values = Vec::new();
            target.evaluate(&input, &mut values).unwrap();
            values
        };
        let mut target = TargetNetwork::new(&first).unwrap();
        let before = evaluate(&mut target);
        target.follow(&second, &[], 0.25).unwrap();
        let pairs = first.flat().into_iter().zip(second.flat());
        for (found, (a, b)) in target.flat.iter().zip(pairs) {
            assert!((found - (0.75 * a + 0.25 * b)).abs() < 1e-6);
        }
        assert_ne!(evaluate(&mut target), before);
        target.follow(&first, &[], 1.0).unwrap();
        assert_eq!(target.flat, first.flat());
        assert_eq!(evaluate(&mut target), before);
    }
}

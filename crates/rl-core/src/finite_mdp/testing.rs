//! Random problems and comparisons of the tests.

use super::{FiniteMdp, SoftmaxPolicy, garnet};
use crate::Stream;

/// A random MDP, with terminal states for even seeds, and a random policy of it.
pub fn random(seed: u64, gamma: f64) -> (FiniteMdp, SoftmaxPolicy) {
    let mut rng = Stream::from_seed(seed);
    let (states, actions) = (3 + rng.below(5), 2 + rng.below(3));
    let terminals = if seed.is_multiple_of(2) {
        1 + rng.below(2)
    } else {
        0
    };
    let mdp = garnet(states, actions, states, terminals, gamma, &mut rng).unwrap();
    let logits = (0..states * actions).map(|_| rng.uniform(-2.0, 2.0));
    let policy = SoftmaxPolicy::new(states, actions, logits.collect()).unwrap();
    (mdp, policy)
}

pub fn assert_close(a: &[f64], b: &[f64], tolerance: f64) {
    assert_eq!(a.len(), b.len());
    for (a, b) in a.iter().zip(b) {
        assert!((a - b).abs() <= tolerance, "{a} {b}\n{a:?}\n{b:?}");
    }
}

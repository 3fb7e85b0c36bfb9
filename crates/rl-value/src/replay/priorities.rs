//! Priorities of transitions.

use rl_core::{StateError, StateReader, StateWriter, Stream};
use rl_learn::{ConfigError, Range};

use super::sum_tree::SumTree;

/// Prioritised draws (Schaul et al. 2016, "Prioritized experience replay", section 3.3): transition `i` has the priority
/// `pᵢ = |δᵢ| + ε` of its last TD error `δᵢ`, and is drawn with the probability `P(i) = pᵢ^α / Σ pₖ^α`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prioritization {
    /// The exponent α, 0 (uniform) to 1.
    pub exponent: f64,
    /// The number ε that keeps a transition without an error from never being drawn again.
    pub epsilon: f64,
}

impl Prioritization {
    /// Refuses numbers out of their range.
    pub(super) fn check(self) -> Result<(), ConfigError> {
        ConfigError::check("priority_exponent", &self.exponent, Range::Unit)?;
        ConfigError::check("priority_epsilon", &self.epsilon, Range::Positive)
    }
}

/// TD error that is not a number, or infinite.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("the TD error of drawn transition {row} is {error}: it has no priority")]
pub struct PriorityError {
    /// Row of the sample.
    pub row: usize,
    /// The error.
    pub error: f32,
}

/// Priorities of the slots of a buffer.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Priorities {
    config: Prioritization,
    /// `pᵢ^α` of each slot.
    tree: SumTree,
    /// The largest `p` so far, which new transitions get.
    largest: f64,
}

impl Priorities {
    pub fn new(config: Prioritization, slots: usize) -> Self {
        Self {
            config,
            tree: SumTree::new(slots),
            largest: 1.0,
        }
    }

    /// Gives a new transition the largest priority so far, so that it is drawn soon.
    pub fn enter(&mut self, slot: usize) {
        self.tree.set(slot, self.largest.powf(self.config.exponent));
    }

    /// Sets the priority of a transition whose TD error became known.
    pub fn set(&mut self, slot: usize, error: f32) {
        let priority = f64::from(error).abs() + self.config.epsilon;
        self.largest = self.largest.max(priority);
        self.tree.set(slot, priority.powf(self.config.exponent));
    }

    /// Cuts `[0, Σ pₖ^α)` into as many segments as there are `slots`, and draws a point in each.
    pub fn draw(&self, rng: &mut Stream, slots: &mut [usize]) {
        /// Points that go down the tree together.
        const BLOCK: usize = 64;
        let segment = self.tree.total() / slots.len().max(1) as f64;
        let (mut points, mut i) = ([0.0; BLOCK], 0.0);
        for slots in slots.chunks_mut(BLOCK) {
            let points = &mut points[..slots.len()];
            for point in points.iter_mut() {
                *point = (i + rng.next_f64()) * segment;
                i += 1.0;
            }
            self.tree.find(points, slots);
        }
    }

    /// The importance weight `wᵢ / maxₖ wₖ` of a slot, over the whole buffer. With `wᵢ = (N P(i))^-β` the largest is that of
    /// the smallest probability, so that the quotient is `(min P / P(i))^β`.
    #[inline]
    pub fn weight(&self, slot: usize, beta: f64, least: f64) -> f32 {
        (least / self.tree.numbers()[slot]).powf(beta) as f32
    }

    /// The least `pᵢ^α`.
    pub fn least(&self) -> f64 {
        self.tree.least()
    }

    /// Memory that the priorities take, in bytes.
    pub fn bytes(&self) -> usize {
        self.tree.bytes()
    }

    pub fn save(&self, used: usize, out: &mut dyn StateWriter) {
        out.f64s("priorities", &self.tree.numbers()[..used]);
        out.f64s("largest_priority", &[self.largest]);
    }

    pub fn load(&mut self, used: usize, from: &dyn StateReader) -> Result<(), StateError> {
        let (mut numbers, mut largest) = (vec![0.0; used], [0.0]);
        from.f64s("priorities", &mut numbers)?;
        from.f64s("largest_priority", &mut largest)?;
        let wrong = numbers.iter().chain(&largest);
        if let Some(wrong) = wrong.copied().find(|x| !(*x > 0.0 && x.is_finite())) {
            let reason = format!("{wrong}; a positive finite number is needed");
            return Err(StateError::value("priorities", reason));
        }
        for (slot, &number) in numbers.iter().enumerate() {
            self.tree.set(slot, number);
        }
        self.largest = largest[0];
        Ok(())
    }
}

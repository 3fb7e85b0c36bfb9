//! The distribution of one dimension of an action on the host.

use rl_core::Stream;

/// A distribution of one number, of two parameters.
///
/// A [`Head`](super::Head) over a box is a product of these: sums of theirs are its log-probability,
/// entropy and divergence, and its Fisher information has a block of 2 × 2 for each.
pub(super) trait Marginal: Copy {
    /// The distribution with these parameters over an interval, which only bounded ones heed.
    fn new(first: f32, second: f32, interval: &Interval) -> Self;

    /// `ln π(action)`.
    fn log_prob(self, action: f32) -> f32;

    /// `-E[ln π]`.
    fn entropy(self) -> f32;

    /// `KL(self ‖ other)`.
    fn kl(self, other: Self) -> f64;

    /// `d_log_prob ∂ln π(action) + d_entropy ∂H` by the two parameters.
    fn gradient(self, action: f32, d_log_prob: f32, d_entropy: f32) -> [f32; 2];

    /// `F v` with the Fisher information `F` of the two parameters.
    fn fisher_product(self, v: [f32; 2]) -> [f32; 2];

    /// Draws an action.
    fn sample(self, rng: &mut Stream) -> f32;

    /// The action that stands for the distribution when none is drawn.
    fn mode(self) -> f32;
}

/// The least share of an interval between an action and its bounds, as far as densities see it:
/// they may be infinite or zero at the bounds themselves, which rounding reaches. In terms of
/// `y = tanh u`, which runs from -1 to 1, it is 1e-6.
pub(super) const EDGE: f32 = 5e-7;

/// The bounds of a dimension.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Interval {
    pub(super) low: f32,
    pub(super) high: f32,
    /// `ln (high − low)`.
    pub(super) log_width: f32,
}

impl Interval {
    pub(super) fn new(low: f32, high: f32) -> Self {
        let log_width = (high - low).ln();
        Self {
            low,
            high,
            log_width,
        }
    }

    /// The shares of the interval below and above an action, both at least [`EDGE`].
    ///
    /// The second is not computed from the first, which would lose its digits near `high`.
    #[inline]
    pub(super) fn shares(&self, action: f32) -> (f32, f32) {
        let width = self.high - self.low;
        let share = |length: f32| (length / width).clamp(EDGE, 1.0 - EDGE);
        (share(action - self.low), share(self.high - action))
    }

    /// The action with this share of the interval below it.
    #[inline]
    pub(super) fn at(&self, share: f32) -> f32 {
        // Rounding may step over a bound.
        (self.low + share * (self.high - self.low)).clamp(self.low, self.high)
    }
}

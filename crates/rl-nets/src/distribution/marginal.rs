//! Distribution of one dimension of an action, on the host.

use rl_core::Stream;

/// Distribution of one number, with two parameters.
///
/// The distribution of a [`Head`](super::Head) over a box is a product of these: its log-density,
/// entropy and divergence are sums over the dimensions, and its Fisher information has a block of 2
/// × 2 for each.
pub(super) trait Marginal: Copy {
    /// The distribution with these two parameters; unbounded ones ignore the interval.
    fn new(first: f32, second: f32, interval: &Interval) -> Self;

    /// `ln π(action)`.
    fn log_prob(self, action: f32) -> f32;

    /// `-E[ln π]`.
    fn entropy(self) -> f32;

    /// `KL(self ‖ other)`.
    fn kl(self, other: Self) -> f64;

    /// Gradient of `d_log_prob · ln π(action) + d_entropy · H` by the two parameters.
    fn gradient(self, action: f32, d_log_prob: f32, d_entropy: f32) -> [f32; 2];

    /// Product `F v` with the Fisher information `F` of the two parameters, `[2, 2]`.
    fn fisher_product(self, v: [f32; 2]) -> [f32; 2];

    /// Draws an action.
    fn sample(self, rng: &mut Stream) -> f32;

    /// Action without exploration.
    fn mode(self) -> f32;
}

/// Least share of an interval between an action and its bounds in the computation of a density,
/// which may be infinite or zero at the bounds themselves, where rounding may put an action. In
/// terms of `y = tanh u`, which runs from -1 to 1, it is 1e-6.
pub(super) const EDGE: f32 = 5e-7;

/// Bounds of one dimension of an action.
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

    /// Shares of the interval below and above an action, both at least [`EDGE`].
    ///
    /// The second is not computed from the first, which would lose its digits near `high`.
    #[inline]
    pub(super) fn shares(&self, action: f32) -> (f32, f32) {
        let width = self.high - self.low;
        let share = |length: f32| (length / width).clamp(EDGE, 1.0 - EDGE);
        (share(action - self.low), share(self.high - action))
    }

    /// Action with this share of the interval below it.
    #[inline]
    pub(super) fn at(&self, share: f32) -> f32 {
        // Rounding may step over a bound.
        (self.low + share * (self.high - self.low)).clamp(self.low, self.high)
    }
}

//! Spaces of observations and actions.

use rand_distr::{Distribution, Exp1, StandardNormal};
use serde::{Deserialize, Serialize};

use crate::Stream;

/// The discrete space `{0, 1, …, n - 1}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "UncheckedDiscrete")]
pub struct Discrete {
    n: usize,
}

/// Box in `[-∞, ∞]ᵈ`, with a lower and an upper bound per dimension.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "UncheckedBox")]
pub struct BoxSpace {
    low: Vec<f32>,
    high: Vec<f32>,
}

/// The space of an environment's observations or actions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Space {
    /// Indices of `n` choices.
    Discrete(Discrete),
    /// Vectors within bounds.
    Box(BoxSpace),
}

/// The two spaces of an environment.
#[derive(Clone, Debug, PartialEq)]
pub struct Spaces {
    /// The space of observations.
    pub observation: Space,
    /// The space of actions.
    pub action: Space,
}

/// Error for a space that cannot exist.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SpaceError {
    /// A discrete space without elements, or with more than `f32` distinguishes.
    #[error("a discrete space has 1 to 2^24 elements, not {0}")]
    Size(usize),
    /// Bounds of different lengths.
    #[error("a box needs as many upper bounds as lower ones, not {low} lower and {high} upper")]
    Lengths {
        /// Number of lower bounds.
        low: usize,
        /// Number of upper bounds.
        high: usize,
    },
    /// A box without dimensions.
    #[error("a box has at least one dimension")]
    NoDimension,
    /// An empty or NaN interval.
    #[error("dimension {dimension} of a box runs from {low} to {high}; low must not exceed high")]
    Bounds {
        /// Index of the dimension.
        dimension: usize,
        /// Its lower bound.
        low: f32,
        /// Its upper bound.
        high: f32,
    },
}

#[derive(Deserialize)]
struct UncheckedDiscrete {
    n: usize,
}

#[derive(Deserialize)]
struct UncheckedBox {
    low: Vec<f32>,
    high: Vec<f32>,
}

impl TryFrom<UncheckedDiscrete> for Discrete {
    type Error = SpaceError;
    fn try_from(space: UncheckedDiscrete) -> Result<Self, SpaceError> {
        Self::new(space.n)
    }
}

impl TryFrom<UncheckedBox> for BoxSpace {
    type Error = SpaceError;
    fn try_from(space: UncheckedBox) -> Result<Self, SpaceError> {
        Self::new(space.low, space.high)
    }
}

impl Discrete {
    /// The space `{0, …, n - 1}`.
    ///
    /// # Errors
    /// [`SpaceError::Size`] unless `1 <= n <= 2^24`: flat actions are `f32`, which is exact up to
    /// there.
    pub fn new(n: usize) -> Result<Self, SpaceError> {
        if (1..=1 << 24).contains(&n) {
            Ok(Self { n })
        } else {
            Err(SpaceError::Size(n))
        }
    }

    /// The space `{0, …, n - 1}`, for a number written in the program.
    ///
    /// # Panics
    /// Unless `1 <= n <= 2^24`.
    pub const fn constant(n: usize) -> Self {
        assert!(
            n >= 1 && n <= 1 << 24,
            "a discrete space has 1 to 2^24 elements"
        );
        Self { n }
    }

    /// Number of elements.
    pub fn n(&self) -> usize {
        self.n
    }

    /// Returns `true` if `index` is an element.
    #[inline]
    pub fn contains(&self, index: usize) -> bool {
        index < self.n
    }

    /// A uniformly random element.
    pub fn sample(&self, rng: &mut Stream) -> usize {
        rng.below(self.n)
    }
}

impl BoxSpace {
    /// The box between `low` and `high`, `[dim]` each; infinite bounds are allowed.
    ///
    /// # Errors
    /// [`SpaceError::Lengths`], [`SpaceError::NoDimension`] or [`SpaceError::Bounds`].
    pub fn new(low: Vec<f32>, high: Vec<f32>) -> Result<Self, SpaceError> {
        if low.len() != high.len() {
            return Err(SpaceError::Lengths {
                low: low.len(),
                high: high.len(),
            });
        }
        if low.is_empty() {
            return Err(SpaceError::NoDimension);
        }
        for (dimension, (&low, &high)) in low.iter().zip(&high).enumerate() {
            if low.is_nan() || high.is_nan() || low > high {
                return Err(SpaceError::Bounds {
                    dimension,
                    low,
                    high,
                });
            }
        }
        Ok(Self { low, high })
    }

    /// The box with a lower and an upper bound per dimension, for bounds written in the program.
    ///
    /// # Panics
    /// If a lower bound exceeds its upper one, a bound is NaN, or there is none.
    pub fn within(bounds: impl IntoIterator<Item = (f32, f32)>) -> Self {
        let (low, high): (Vec<f32>, Vec<f32>) = bounds.into_iter().unzip();
        assert!(!low.is_empty(), "a box has at least one dimension");
        for (low, high) in low.iter().zip(&high) {
            assert!(low <= high, "a box from {low} to {high}");
        }
        Self { low, high }
    }

    /// The box `[-bound, bound]` per dimension, for bounds `[dim]` written in the program.
    ///
    /// # Panics
    /// If a bound is negative or NaN, or there is none.
    pub fn symmetric(bounds: impl Into<Vec<f32>>) -> Self {
        Self::within(bounds.into().into_iter().map(|bound| (-bound, bound)))
    }

    /// The box of all vectors of `dim` numbers, for a number written in the program.
    ///
    /// # Panics
    /// If `dim` is 0.
    pub fn unbounded(dim: usize) -> Self {
        Self::within(vec![(f32::NEG_INFINITY, f32::INFINITY); dim])
    }

    /// Number of dimensions.
    pub fn dim(&self) -> usize {
        self.low.len()
    }

    /// Lower bounds, `[dim]`.
    pub fn low(&self) -> &[f32] {
        &self.low
    }

    /// Upper bounds, `[dim]`.
    pub fn high(&self) -> &[f32] {
        &self.high
    }

    /// Returns `true` if `point` is `[dim]` and lies within the bounds; NaN never does.
    pub fn contains(&self, point: &[f32]) -> bool {
        point.len() == self.dim()
            && point
                .iter()
                .zip(self.low.iter().zip(&self.high))
                .all(|(x, (low, high))| low <= x && x <= high)
    }

    /// Clips the finite numbers of points, `[n, dim]`, to the bounds; numbers that are not finite
    /// stay as they are, and environments refuse them.
    pub fn clip(&self, points: &mut [f32]) {
        for point in points.chunks_exact_mut(self.dim()) {
            for (x, (&low, &high)) in point.iter_mut().zip(self.low.iter().zip(&self.high)) {
                if x.is_finite() {
                    *x = x.clamp(low, high);
                }
            }
        }
    }

    /// Writes a random point into `point`, `[dim]`. Each dimension is uniform if both bounds are
    /// finite, exponential from the finite bound if one is, and normal if none is (Gymnasium's
    /// rule).
    ///
    /// # Panics
    /// If `point` is not `[dim]`.
    pub fn sample(&self, rng: &mut Stream, point: &mut [f32]) {
        assert_eq!(
            point.len(),
            self.dim(),
            "a point of a box has its dimensions"
        );
        for (x, (&low, &high)) in point.iter_mut().zip(self.low.iter().zip(&self.high)) {
            let mut exponential = || -> f64 { Exp1.sample(rng) };
            let draw = match (low.is_finite(), high.is_finite()) {
                (true, false) => f64::from(low) + exponential(),
                (false, true) => f64::from(high) - exponential(),
                (true, true) => rng.uniform(low.into(), high.into()),
                (false, false) => StandardNormal.sample(rng),
            };
            // Rounding to `f32` may step over a bound.
            *x = (draw as f32).clamp(low, high);
        }
    }
}

impl Space {
    /// The space `{0, …, n - 1}`, for a number written in the program.
    ///
    /// # Panics
    /// Unless `1 <= n <= 2^24`.
    pub const fn discrete(n: usize) -> Self {
        Self::Discrete(Discrete::constant(n))
    }

    /// The box with a lower and an upper bound per dimension, for bounds written in the program.
    ///
    /// # Panics
    /// As [`BoxSpace::within`].
    pub fn within(bounds: impl IntoIterator<Item = (f32, f32)>) -> Self {
        Self::Box(BoxSpace::within(bounds))
    }

    /// The box `[-bound, bound]` per dimension, for bounds `[dim]` written in the program.
    ///
    /// # Panics
    /// As [`BoxSpace::symmetric`].
    pub fn symmetric(bounds: impl Into<Vec<f32>>) -> Self {
        Self::Box(BoxSpace::symmetric(bounds))
    }

    /// The box of all vectors of `dim` numbers, for a number written in the program.
    ///
    /// # Panics
    /// As [`BoxSpace::unbounded`].
    pub fn unbounded(dim: usize) -> Self {
        Self::Box(BoxSpace::unbounded(dim))
    }

    /// Length of an element in a flat buffer: 1 for a discrete space (the index as `f32`), the
    /// number of dimensions for a box.
    #[inline]
    pub fn flat_dim(&self) -> usize {
        match self {
            Self::Discrete(_) => 1,
            Self::Box(space) => space.dim(),
        }
    }

    /// Number of a network's inputs for an element: the number of elements of a discrete space
    /// (one-hot), the number of dimensions of a box.
    pub fn network_inputs(&self) -> usize {
        match self {
            Self::Discrete(space) => space.n,
            Self::Box(space) => space.dim(),
        }
    }

    /// Returns `true` if the numbers are the flat form of an element.
    #[inline]
    pub fn contains(&self, flat: &[f32]) -> bool {
        match (self, flat) {
            (Self::Discrete(space), &[x]) => {
                let index = x as usize;
                index as f32 == x && space.contains(index)
            }
            (Self::Discrete(_), _) => false,
            (Self::Box(space), point) => space.contains(point),
        }
    }

    /// Returns `true` if environments accept a flat action: an element of a discrete space, or any
    /// finite point for a box, which they clip to the bounds as Gymnasium's do.
    #[inline]
    pub fn admits(&self, flat: &[f32]) -> bool {
        match self {
            Self::Discrete(_) => self.contains(flat),
            Self::Box(space) => flat.len() == space.dim() && flat.iter().all(|x| x.is_finite()),
        }
    }

    /// Clips flat actions, `[n, flat_dim]`, to the bounds of a box ([`BoxSpace::clip`]); indices of
    /// a discrete space stay as they are. The actions of a policy are clipped before every step of
    /// an environment.
    #[inline]
    pub fn clip(&self, flat: &mut [f32]) {
        if let Self::Box(space) = self {
            space.clip(flat);
        }
    }

    /// Writes a random element as a flat action, `[flat_dim]`.
    pub fn sample(&self, rng: &mut Stream, flat: &mut [f32]) {
        match self {
            Self::Discrete(space) => flat[0] = space.sample(rng) as f32,
            Self::Box(space) => space.sample(rng, flat),
        }
    }
}

impl std::fmt::Display for Space {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Discrete(space) => write!(f, "Discrete({})", space.n),
            Self::Box(space) => write!(f, "{space}"),
        }
    }
}

impl std::fmt::Display for BoxSpace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let bounds: Vec<String> = self
            .low
            .iter()
            .zip(&self.high)
            .map(|(low, high)| format!("[{low}, {high}]"))
            .collect();
        write!(f, "Box({})", bounds.join(" × "))
    }
}

#[cfg(test)]
mod tests;

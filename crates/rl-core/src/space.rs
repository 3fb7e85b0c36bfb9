//! Spaces: what observations and actions may be.

use rand_distr::{Distribution, Exp1, StandardNormal};
use serde::{Deserialize, Serialize};

use crate::Stream;

/// The numbers `0, 1, …, n - 1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "UncheckedDiscrete")]
pub struct Discrete {
    n: usize,
}

/// A box in `[-∞, ∞]ᵈ`: a lower and an upper bound per dimension.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "UncheckedBox")]
pub struct BoxSpace {
    low: Vec<f32>,
    high: Vec<f32>,
}

/// The space of an environment's actions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Space {
    /// One of `n` choices.
    Discrete(Discrete),
    /// A vector within bounds.
    Box(BoxSpace),
}

/// Why a space cannot exist.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SpaceError {
    /// A discrete space without elements, or with more than `f32` tells apart.
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
    /// [`SpaceError::Size`] unless `1 <= n <= 2^24`: actions travel as `f32`, which is exact so far.
    pub fn new(n: usize) -> Result<Self, SpaceError> {
        if (1..=1 << 24).contains(&n) {
            Ok(Self { n })
        } else {
            Err(SpaceError::Size(n))
        }
    }

    /// Number of elements.
    pub fn n(&self) -> usize {
        self.n
    }

    /// Whether `index` is an element.
    pub fn contains(&self, index: usize) -> bool {
        index < self.n
    }

    /// A uniformly random element.
    pub fn sample(&self, rng: &mut Stream) -> usize {
        rng.below(self.n)
    }
}

impl BoxSpace {
    /// The box between `low` and `high`, shapes `[dim]` each; infinite bounds are allowed.
    ///
    /// # Errors
    /// [`SpaceError::Lengths`] or [`SpaceError::Bounds`].
    pub fn new(low: Vec<f32>, high: Vec<f32>) -> Result<Self, SpaceError> {
        if low.len() != high.len() {
            return Err(SpaceError::Lengths {
                low: low.len(),
                high: high.len(),
            });
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

    /// The box `[-bound, bound]` per dimension, for bounds `[dim]`.
    ///
    /// # Errors
    /// [`SpaceError::Bounds`] for a negative or NaN bound.
    pub fn symmetric(bounds: &[f32]) -> Result<Self, SpaceError> {
        Self::new(bounds.iter().map(|bound| -bound).collect(), bounds.to_vec())
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

    /// Whether `point` has the right length and lies within the bounds; NaN never does.
    pub fn contains(&self, point: &[f32]) -> bool {
        point.len() == self.dim()
            && point
                .iter()
                .zip(self.low.iter().zip(&self.high))
                .all(|(x, (low, high))| low <= x && x <= high)
    }

    /// Clips the finite numbers of points, `[n, dim]`, to the bounds; what is not finite stays as it
    /// is, for an environment to refuse.
    pub fn clip(&self, points: &mut [f32]) {
        for point in points.chunks_exact_mut(self.dim().max(1)) {
            for (x, (&low, &high)) in point.iter_mut().zip(self.low.iter().zip(&self.high)) {
                if x.is_finite() {
                    *x = x.clamp(low, high);
                }
            }
        }
    }

    /// Writes a random point into `point`, `[dim]`: uniform where both bounds are finite,
    /// exponential from the finite one where one is, normal where none is (Gymnasium's rule).
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
    /// Numbers that an action takes in a flat buffer: one for a discrete space (the index as
    /// `f32`), one per dimension for a box.
    pub fn flat_dim(&self) -> usize {
        match self {
            Self::Discrete(_) => 1,
            Self::Box(space) => space.dim(),
        }
    }

    /// Whether a flat action is an element.
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

    /// Whether an environment can act on a flat action: on an element of a discrete space, and on
    /// any finite point for a box, onto whose bounds environments clip it as Gymnasium's do.
    pub fn admits(&self, flat: &[f32]) -> bool {
        match self {
            Self::Discrete(_) => self.contains(flat),
            Self::Box(space) => flat.len() == space.dim() && flat.iter().all(|x| x.is_finite()),
        }
    }

    /// Clips flat actions, `[n, flat_dim]`, to the bounds of a box ([`BoxSpace::clip`]), as
    /// everything that steps an environment for a policy does; indices stay as they are.
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
mod tests {
    use super::*;

    fn boxes() -> Vec<BoxSpace> {
        vec![
            BoxSpace::symmetric(&[1.0, 0.1, f32::INFINITY]).unwrap(),
            BoxSpace::new(vec![0.0, f32::NEG_INFINITY], vec![f32::INFINITY, -3.0]).unwrap(),
            BoxSpace::new(vec![2.0], vec![2.0]).unwrap(),
        ]
    }

    #[test]
    fn samples_are_elements() {
        let mut rng = Stream::from_seed(1);
        for space in boxes() {
            let mut point = vec![0.0; space.dim()];
            for _ in 0..1000 {
                space.sample(&mut rng, &mut point);
                assert!(space.contains(&point), "{space} {point:?}");
            }
        }
        let space = Space::Discrete(Discrete::new(5).unwrap());
        let mut action = [0.0];
        for _ in 0..1000 {
            space.sample(&mut rng, &mut action);
            assert!(space.contains(&action));
        }
    }

    #[test]
    fn points_outside_are_not_elements() {
        let space = BoxSpace::symmetric(&[1.0, 2.0]).unwrap();
        for point in [&[0.0][..], &[1.1, 0.0], &[0.0, f32::NAN], &[0.0, 0.0, 0.0]] {
            assert!(!space.contains(point), "{point:?}");
        }
        let space = Space::Discrete(Discrete::new(2).unwrap());
        for action in [&[2.0][..], &[-1.0], &[0.5], &[f32::NAN], &[], &[0.0, 0.0]] {
            assert!(!space.contains(action), "{action:?}");
        }
    }

    #[test]
    fn a_finite_action_beyond_the_bounds_of_a_box_is_admitted_and_nothing_else_outside() {
        let space = Space::Box(BoxSpace::symmetric(&[1.0, 2.0]).unwrap());
        assert!(space.admits(&[0.0, 1.0]) && space.admits(&[9.0, -9.0]));
        for action in [
            &[0.0][..],
            &[f32::NAN, 0.0],
            &[0.0, f32::INFINITY],
            &[0.0; 3],
        ] {
            assert!(!space.admits(action), "{action:?}");
        }
        let space = Space::Discrete(Discrete::new(2).unwrap());
        assert!(space.admits(&[1.0]) && !space.admits(&[2.0]) && !space.admits(&[0.5]));
    }

    #[test]
    fn clipping_moves_finite_numbers_beyond_the_bounds_and_nothing_else() {
        let space = BoxSpace::new(vec![-1.0, 0.0], vec![1.0, f32::INFINITY]).unwrap();
        let mut points = [-3.0, -3.0, 0.5, 9.0, f32::NAN, f32::NEG_INFINITY];
        Space::Box(space).clip(&mut points);
        assert_eq!(points[..4], [-1.0, 0.0, 0.5, 9.0]);
        assert!(points[4].is_nan() && points[5] == f32::NEG_INFINITY);

        let mut index = [7.0];
        Space::Discrete(Discrete::new(2).unwrap()).clip(&mut index);
        assert_eq!(index, [7.0], "an index that does not exist is an error");
    }

    #[test]
    fn impossible_spaces_are_refused_also_when_read_from_a_file() {
        assert_eq!(Discrete::new(0), Err(SpaceError::Size(0)));
        assert!(matches!(
            BoxSpace::new(vec![0.0], vec![]),
            Err(SpaceError::Lengths { .. })
        ));
        assert!(matches!(
            BoxSpace::new(vec![1.0], vec![0.0]),
            Err(SpaceError::Bounds { .. })
        ));
        assert!(matches!(
            BoxSpace::symmetric(&[f32::NAN]),
            Err(SpaceError::Bounds { .. })
        ));
        assert!(serde_json::from_str::<Discrete>(r#"{"n":0}"#).is_err());
        assert!(serde_json::from_str::<BoxSpace>(r#"{"low":[1.0],"high":[0.0]}"#).is_err());
    }

    #[test]
    fn a_space_survives_serialisation() {
        let space = Space::Box(BoxSpace::symmetric(&[1.0, 2.0]).unwrap());
        let text = serde_json::to_string(&space).unwrap();
        assert_eq!(serde_json::from_str::<Space>(&text).unwrap(), space);
    }
}

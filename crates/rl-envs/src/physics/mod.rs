//! Physics written once, for one environment and for as many as a SIMD register holds.
//!
//! A [`Physics`] computes with [`Real`] numbers, each of which is a single `f64` or a register of
//! them. Every operation of a `Real` rounds as IEEE 754 says, and none is fused with another, so
//! that each lane of a register has the same bits as the single number, on any machine.

mod lanes;
mod real;
mod single;
mod trigonometry;

use rl_core::{Flat, Space, Stream};

pub(crate) use lanes::Lanes;
#[cfg(test)]
pub(crate) use lanes::archs;
pub use real::{Mask, Real};

/// Physics of an environment whose state is `STATE` real numbers, whose observation is
/// `OBSERVATION` numbers, and whose action is one number.
///
/// Implementing it gives an [`Environment`](rl_core::Environment), as
/// [`Simulation`](crate::simulation::Simulation), and a batch of them, as [`SimdBatch`](crate::SimdBatch).
pub trait Physics<const STATE: usize, const OBSERVATION: usize>: Clone + Send {
    /// Type of the actions: `usize` for choices, `[f32; 1]` for an interval.
    type Action: ScalarAction;

    /// Set of the actions.
    const ACTIONS: ActionSet;

    /// Lower and upper bound of each number of an observation.
    const BOUNDS: [(f32, f32); OBSERVATION];

    /// Draws an initial state.
    fn initial_state(&self, rng: &mut Stream) -> [f64; STATE];

    /// The step from `state` by `action`: the index of a choice, or the number in an interval,
    /// which is finite but may lie beyond its bounds.
    fn step<R: Real>(&self, state: [R; STATE], action: R) -> Transition<R, STATE>;

    /// The observation of `state`, before it is rounded to `f32`.
    fn observe<R: Real>(&self, state: [R; STATE]) -> [R; OBSERVATION];

    /// The space of observations.
    ///
    /// # Panics
    /// If one of the [`BOUNDS`](Self::BOUNDS) is empty.
    fn observation_space(&self) -> Space {
        Space::within(Self::BOUNDS)
    }
}

/// Outcome of a step of a [`Physics`].
#[derive(Clone, Copy, Debug)]
pub struct Transition<R: Real, const STATE: usize> {
    /// The state after the step.
    pub state: [R; STATE],
    /// The reward of the step.
    pub reward: R,
    /// Flag per lane: the state after the step is terminal.
    pub terminated: R::Mask,
}

/// Set of actions of a [`Physics`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ActionSet {
    /// A number of choices, from 1 to 2²³.
    Choices(usize),
    /// The numbers between two bounds. The physics clips finite numbers beyond them.
    Interval(f32, f32),
}

impl ActionSet {
    /// The action space.
    ///
    /// # Panics
    /// If there are no choices, or the interval ends before it begins.
    pub fn space(self) -> Space {
        match self {
            Self::Choices(n) => Space::discrete(n),
            Self::Interval(low, high) => Space::within([(low, high)]),
        }
    }

    /// Returns `true` if the physics accepts the number of a flat action.
    #[inline(always)]
    pub(crate) fn admits(self, value: f32) -> bool {
        match self {
            Self::Choices(n) => {
                /// The number 2²³, whose sum with a smaller number has no fraction.
                const INTEGER: f32 = 8_388_608.0;
                value >= 0.0 && value < n as f32 && (value + INTEGER) - INTEGER == value
            }
            Self::Interval(..) => value.is_finite(),
        }
    }
}

/// Action that is one number.
pub trait ScalarAction: Flat + std::fmt::Debug {
    /// The number; `None` if the physics does not accept it.
    fn value(&self, actions: ActionSet) -> Option<f64>;
}

impl ScalarAction for usize {
    #[inline]
    fn value(&self, actions: ActionSet) -> Option<f64> {
        match actions {
            ActionSet::Choices(n) if *self < n => Some(*self as f64),
            _ => None,
        }
    }
}

impl ScalarAction for [f32; 1] {
    #[inline]
    fn value(&self, actions: ActionSet) -> Option<f64> {
        let [value] = *self;
        actions.admits(value).then_some(f64::from(value))
    }
}

//! Physics written once, for one environment or for as many as a SIMD register holds.
//!
//! A [`Physics`] is written over a [`Real`], which is a single `f64` or a register of them. Every
//! operation of a `Real` rounds as IEEE 754 says and none is fused with another, so that a lane of
//! a register holds, to the bit, what the single number does, on any machine.

mod lanes;
mod real;
mod trigonometry;

use rl_core::{BoxSpace, Discrete, Space, Stream};

pub(crate) use lanes::Lanes;
#[cfg(test)]
pub(crate) use lanes::archs;
pub use real::{Mask, Real};

/// The physics of an environment whose state is `STATE` real numbers, of which it shows
/// `OBSERVATION`, and which takes one number as its action.
///
/// Implementing it gives an [`Environment`](rl_core::Environment), as
/// [`Simulation`](crate::Simulation), and a batch of them, as [`SimdBatch`](crate::SimdBatch).
pub trait Physics<const STATE: usize, const OBSERVATION: usize>: Clone + Send {
    /// What an agent does: `usize` for choices, `[f32; 1]` for an interval.
    type Action: ScalarAction;

    /// The actions there are.
    const ACTIONS: ActionSet;

    /// Lower and upper bound of each observed number.
    const BOUNDS: [(f32, f32); OBSERVATION];

    /// Draws an initial state.
    fn initial_state(&self, rng: &mut Stream) -> [f64; STATE];

    /// The step from `state` under `action`: the index of a choice, or the number itself, finite
    /// but not necessarily within its bounds.
    fn step<R: Real>(&self, state: [R; STATE], action: R) -> Transition<R, STATE>;

    /// What is observed in `state`, before it is rounded to `f32`.
    fn observe<R: Real>(&self, state: [R; STATE]) -> [R; OBSERVATION];

    /// The space of observations.
    #[expect(
        clippy::expect_used,
        reason = "bounds are constants, written in the program"
    )]
    fn observation_space(&self) -> BoxSpace {
        let (low, high) = Self::BOUNDS.into_iter().unzip();
        BoxSpace::new(low, high).expect("lower bounds are below upper ones")
    }
}

/// What a step leads to.
#[derive(Clone, Copy, Debug)]
pub struct Transition<R: Real, const STATE: usize> {
    /// The state after the step.
    pub state: [R; STATE],
    /// The reward of the step.
    pub reward: R,
    /// Whether the state after the step is terminal.
    pub terminated: R::Mask,
}

/// The actions of a [`Physics`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ActionSet {
    /// One of so many, at most 2²³.
    Choices(usize),
    /// A number between two; a finite one beyond them is for the physics to clip.
    Interval(f32, f32),
}

impl ActionSet {
    /// The action space.
    ///
    /// # Panics
    /// If there are no choices, or the interval ends before it begins.
    #[expect(
        clippy::expect_used,
        reason = "sets are constants, written in the program"
    )]
    pub fn space(self) -> Space {
        match self {
            Self::Choices(n) => Space::Discrete(Discrete::new(n).expect("there are choices")),
            Self::Interval(low, high) => {
                Space::Box(BoxSpace::new(vec![low], vec![high]).expect("the interval is not empty"))
            }
        }
    }

    /// Whether the physics can act on the number of a flat action.
    #[inline(always)]
    pub(crate) fn admits(self, value: f32) -> bool {
        match self {
            Self::Choices(n) => {
                /// 2²³: added to a smaller number, it leaves no room for a fraction.
                const INTEGER: f32 = 8_388_608.0;
                value >= 0.0 && value < n as f32 && (value + INTEGER) - INTEGER == value
            }
            Self::Interval(..) => value.is_finite(),
        }
    }
}

/// An action that is one number.
pub trait ScalarAction: rl_core::Action + std::fmt::Debug {
    /// The number, if the physics can act on it.
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

//! MountainCarContinuous: the car in the valley with a throttle.

use rl_core::Stream;

use crate::mountain_car::{BOUNDS, GRAVITY, MAX_POSITION, MAX_SPEED, MIN_POSITION};
use crate::physics::{ActionSet, Physics, Real, Transition};
use crate::simulation::Simulation;
use crate::{ResetBounds, TimeLimit};

const POWER: f64 = 0.0015;
pub(crate) const GOAL_POSITION: f64 = 0.45;

/// Gymnasium's MountainCarContinuous without its time limit; [`MountainCarContinuous::v0`] has it.
///
/// | | |
/// |---|---|
/// | state, observation | position within [−1.2, 0.6], velocity within ±0.07 |
/// | action | throttle, clipped to ±1 |
/// | reward | −0.1 throttle², before clipping; 100 more on reaching the goal |
/// | reset | position uniform in [−0.6, −0.4], velocity 0 |
/// | terminated | position at least 0.45, velocity not negative |
pub type MountainCarContinuous = Simulation<MountainCarContinuousPhysics, 2, 2>;

/// The car of [`MountainCar`](crate::MountainCar) with a throttle.
///
/// Gymnasium keeps this state in `f32` after the first step, and what it adds to an `f32` is
/// rounded to one; so does this.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MountainCarContinuousPhysics {
    /// Bounds of the initial position: −0.6 to −0.4.
    pub reset_bounds: ResetBounds,
}

impl Default for MountainCarContinuousPhysics {
    fn default() -> Self {
        Self {
            reset_bounds: ResetBounds::between(-0.6, -0.4),
        }
    }
}

impl Physics<2, 2> for MountainCarContinuousPhysics {
    type Action = [f32; 1];

    const ACTIONS: ActionSet = ActionSet::Interval(-1.0, 1.0);

    const BOUNDS: [(f32, f32); 2] = BOUNDS;

    #[inline]
    fn initial_state(&self, rng: &mut Stream) -> [f64; 2] {
        [self.reset_bounds.draw(rng), 0.0]
    }

    #[inline(always)]
    fn step<R: Real>(&self, state: [R; 2], action: R) -> Transition<R, 2> {
        let [position, velocity] = state;
        let constant = |value| action.constant(value);
        // A state that fits `f32` is one: only the initial position, a random `f64`, does not.
        let single =
            position.equals(position.round_to_f32()) & velocity.equals(velocity.round_to_f32());
        let round = |value: R| R::select(single, value.round_to_f32(), value);

        let pull = round(position * 3.0).sin_cos().1 * GRAVITY;
        // A throttle within its bounds is an `f32` and makes one of the power; the bounds are not.
        let clipped = action.abs().gt(constant(1.0));
        let thrust = (action * f64::from(POWER as f32)).round_to_f32();
        let push = R::select(
            clipped,
            action.clip(-1.0, 1.0) * POWER - pull,
            (thrust - pull.round_to_f32()).round_to_f32(),
        );
        let speed = round(constant(MAX_SPEED));
        let velocity = round(velocity + round(push)).clip_between(-speed, speed);
        let (low, high) = (round(constant(MIN_POSITION)), round(constant(MAX_POSITION)));
        let position = round(position + velocity).clip_between(low, high);
        let at_wall = position.le(low) & velocity.lt(constant(0.0));
        let velocity = R::select(at_wall, constant(0.0), velocity);

        let terminated = position.ge(round(constant(GOAL_POSITION))) & velocity.ge(constant(0.0));
        let bonus = R::select(terminated, constant(100.0), constant(0.0));
        Transition {
            state: [position.round_to_f32(), velocity.round_to_f32()],
            reward: bonus - action * action * 0.1,
            terminated,
        }
    }

    #[inline(always)]
    fn observe<R: Real>(&self, state: [R; 2]) -> [R; 2] {
        state
    }
}

impl MountainCarContinuous {
    /// `MountainCarContinuous-v0`: episodes are truncated after 999 steps.
    pub fn v0() -> TimeLimit<Self> {
        TimeLimit::new(Self::new(), 999)
    }
}

#[cfg(test)]
mod tests {
    use rl_core::{Environment, Status};

    use super::*;

    #[test]
    fn the_reward_counts_the_throttle_before_it_is_clipped() {
        let mut environment = MountainCarContinuous::new();
        let mut rng = Stream::from_seed(0);
        environment.reset_to([-0.5, 0.0]);
        let beyond = environment.step(&[3.0], &mut rng).unwrap();
        assert_eq!(beyond.reward, -0.9);
        environment.reset_to([-0.5, 0.0]);
        let full = environment.step(&[1.0], &mut rng).unwrap();
        assert_eq!(full.observation, beyond.observation);
    }

    #[test]
    fn swinging_with_the_velocity_is_worth_a_hundred_less_the_throttle() {
        let mut environment = MountainCarContinuous::v0();
        let mut rng = Stream::from_seed(0);
        let mut velocity = environment.reset(&mut rng).unwrap()[1];
        let mut total = 0.0;
        for t in 1..=999 {
            let throttle = if velocity < 0.0 { -1.0 } else { 1.0 };
            let step = environment.step(&[throttle], &mut rng).unwrap();
            velocity = step.observation[1];
            total += step.reward;
            if step.status == Status::Terminated {
                assert!(
                    (total - (100.0 - 0.1 * f64::from(t))).abs() < 1e-9,
                    "{total}"
                );
                return;
            }
        }
        panic!("the goal was not reached");
    }
}

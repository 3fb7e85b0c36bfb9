//! MountainCar: a car in a valley, too weak to drive straight up.

use rl_core::Stream;

use crate::physics::{ActionSet, Physics, Real, Transition};
use crate::simulation::Simulation;
use crate::{ResetBounds, TimeLimit};

const FORCE: f64 = 0.001;
pub(crate) const GRAVITY: f64 = 0.0025;
pub(crate) const MIN_POSITION: f64 = -1.2;
pub(crate) const MAX_POSITION: f64 = 0.6;
pub(crate) const MAX_SPEED: f64 = 0.07;
/// Gymnasium's position of the flag.
pub(crate) const GOAL_POSITION: f64 = 0.5;

/// Bounds of position and velocity.
pub(crate) const BOUNDS: [(f32, f32); 2] = [
    (MIN_POSITION as f32, MAX_POSITION as f32),
    (-MAX_SPEED as f32, MAX_SPEED as f32),
];

/// Gymnasium's MountainCar without its time limit; [`MountainCar::v0`] has it.
///
/// | | |
/// |---|---|
/// | state, observation | position within [−1.2, 0.6], velocity within ±0.07 |
/// | action | 0: accelerate left, 1: don't, 2: accelerate right |
/// | reward | −1 for every step, the last one included |
/// | reset | position uniform in [−0.6, −0.4], velocity 0 |
/// | terminated | position at least 0.5, velocity not negative |
pub type MountainCar = Simulation<MountainCarPhysics, 2, 2>;

/// The car on the track of height sin 3x, by semi-implicit Euler (Moore 1990; Sutton and Barto
/// 2018, example 10.1). It stops dead at the left wall.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MountainCarPhysics {
    /// Bounds of the initial position: −0.6 to −0.4.
    pub reset_bounds: ResetBounds,
}

impl Default for MountainCarPhysics {
    fn default() -> Self {
        Self {
            reset_bounds: ResetBounds::between(-0.6, -0.4),
        }
    }
}

impl Physics<2, 2> for MountainCarPhysics {
    type Action = usize;

    const ACTIONS: ActionSet = ActionSet::Choices(3);

    const BOUNDS: [(f32, f32); 2] = BOUNDS;

    #[inline]
    fn initial_state(&self, rng: &mut Stream) -> [f64; 2] {
        [self.reset_bounds.draw(rng), 0.0]
    }

    #[inline(always)]
    fn step<R: Real>(&self, state: [R; 2], action: R) -> Transition<R, 2> {
        let [position, velocity] = state;
        let zero = action.constant(0.0);
        let pull = (position * 3.0).sin_cos().1 * -GRAVITY;
        let velocity = velocity + ((action - 1.0) * FORCE + pull);
        let velocity = velocity.clip(-MAX_SPEED, MAX_SPEED);
        let position = (position + velocity).clip(MIN_POSITION, MAX_POSITION);
        let at_wall = position.le(action.constant(MIN_POSITION)) & velocity.lt(zero);
        let velocity = R::select(at_wall, zero, velocity);
        Transition {
            state: [position, velocity],
            reward: action.constant(-1.0),
            terminated: position.ge(action.constant(GOAL_POSITION)) & velocity.ge(zero),
        }
    }

    #[inline(always)]
    fn observe<R: Real>(&self, state: [R; 2]) -> [R; 2] {
        state
    }
}

impl MountainCar {
    /// `MountainCar-v0`: episodes are truncated after 200 steps.
    pub fn v0() -> TimeLimit<Self> {
        TimeLimit::new(Self::new(), 200)
    }
}

#[cfg(test)]
mod tests {
    use rl_core::{Environment, Status};

    use super::*;

    #[test]
    fn seed_42_starts_where_gymnasium_does() {
        let observation = MountainCar::new()
            .reset(&mut Stream::from_seed(42))
            .unwrap();
        assert_eq!(observation, [-0.445_208_8, 0.0]);
    }

    #[test]
    fn the_left_wall_stops_the_car() {
        let mut environment = MountainCar::new();
        environment.reset_to([-1.19, -0.07]);
        environment.step(&0, &mut Stream::from_seed(0)).unwrap();
        assert_eq!(environment.state(), Some([-1.2, 0.0]));
    }

    #[test]
    fn swinging_with_the_velocity_reaches_the_flag() {
        let mut environment = MountainCar::v0();
        let mut rng = Stream::from_seed(0);
        let mut velocity = environment.reset(&mut rng).unwrap()[1];
        for _ in 0..200 {
            let action = if velocity < 0.0 { 0 } else { 2 };
            let step = environment.step(&action, &mut rng).unwrap();
            assert_eq!(step.reward, -1.0);
            velocity = step.observation[1];
            if step.status == Status::Terminated {
                assert!(step.observation[0] >= 0.5);
                return;
            }
        }
        panic!("the flag was not reached");
    }
}

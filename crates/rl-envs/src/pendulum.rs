//! Pendulum: a rod on a motor too weak to lift it straight up.

use rl_core::Stream;

use crate::physics::{ActionSet, Physics, Real, Transition};
use crate::simulation::Simulation;
use crate::{ResetBounds, TimeLimit};

const GRAVITY: f64 = 10.0;
const MASS: f64 = 1.0;
pub(crate) const LENGTH: f64 = 1.0;
/// Seconds per step.
const DT: f64 = 0.05;
/// In rad/s.
const MAX_SPEED: f64 = 8.0;
/// In N·m.
pub(crate) const MAX_TORQUE: f64 = 2.0;

/// Gymnasium's Pendulum without its time limit; [`Pendulum::v1`] has it.
///
/// | | |
/// |---|---|
/// | state | angle θ from the upright (rad, not wrapped), velocity θ̇ (rad/s, within ±8) |
/// | observation | cos θ, sin θ, θ̇ |
/// | action | torque (N·m), clipped to ±2, for 0.05 s |
/// | reward | −(θ² + 0.1 θ̇² + 0.001 torque²) of the state before the step, θ within ±π |
/// | reset | θ uniform in ±π, θ̇ in ±1 |
/// | terminated | never |
pub type Pendulum = Simulation<PendulumPhysics, 2, 3>;

/// A uniform rod about its end, by semi-implicit Euler.
///
/// Gymnasium's actions are `f32`, and so are the two products it makes of them alone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PendulumPhysics {
    /// Bounds of the initial angle, Gymnasium's ±`x_init`: ±π.
    pub angle_bounds: ResetBounds,
    /// Bounds of the initial velocity, Gymnasium's ±`y_init`: ±1.
    pub velocity_bounds: ResetBounds,
}

impl Default for PendulumPhysics {
    fn default() -> Self {
        Self {
            angle_bounds: ResetBounds::within(std::f64::consts::PI),
            velocity_bounds: ResetBounds::within(1.0),
        }
    }
}

impl Physics<2, 3> for PendulumPhysics {
    type Action = [f32; 1];

    const ACTIONS: ActionSet = ActionSet::Interval(-MAX_TORQUE as f32, MAX_TORQUE as f32);

    const BOUNDS: [(f32, f32); 3] = {
        let speed = MAX_SPEED as f32;
        [(-1.0, 1.0), (-1.0, 1.0), (-speed, speed)]
    };

    #[inline]
    fn initial_state(&self, rng: &mut Stream) -> [f64; 2] {
        [self.angle_bounds.draw(rng), self.velocity_bounds.draw(rng)]
    }

    #[inline(always)]
    fn step<R: Real>(&self, state: [R; 2], action: R) -> Transition<R, 2> {
        let [theta, theta_dot] = state;
        let torque = action.clip(-MAX_TORQUE, MAX_TORQUE);
        let angle = theta.wrap_angle();
        let effort = ((torque * torque).round_to_f32() * f64::from(0.001_f32)).round_to_f32();
        let cost = angle * angle + theta_dot * theta_dot * 0.1 + effort;

        let pull = theta.sin_cos().0 * (3.0 * GRAVITY / (2.0 * LENGTH));
        let push = (torque * (3.0 / (MASS * LENGTH * LENGTH))).round_to_f32();
        let theta_dot = (theta_dot + (pull + push) * DT).clip(-MAX_SPEED, MAX_SPEED);
        Transition {
            state: [theta + theta_dot * DT, theta_dot],
            reward: -cost,
            terminated: theta.lt(theta),
        }
    }

    #[inline(always)]
    fn observe<R: Real>(&self, state: [R; 2]) -> [R; 3] {
        let (sin, cos) = state[0].sin_cos();
        [cos, sin, state[1]]
    }
}

impl Pendulum {
    /// `Pendulum-v1`: episodes are truncated after 200 steps.
    pub fn v1() -> TimeLimit<Self> {
        TimeLimit::new(Self::new(), 200)
    }
}

#[cfg(test)]
mod tests {
    use rl_core::{Environment, EnvironmentError};

    use super::*;

    #[test]
    fn seed_42_starts_where_gymnasium_does() {
        let observation = Pendulum::new().reset(&mut Stream::from_seed(42)).unwrap();
        assert_eq!(observation, [-0.149_952_56, 0.988_693_2, -0.122_243_12]);
    }

    #[test]
    fn torque_beyond_the_motor_is_clipped_and_what_is_no_number_refused() {
        let mut environment = Pendulum::new();
        let mut rng = Stream::from_seed(0);
        let mut after = |torque: f32| {
            environment.reset_to([1.0, 0.5]);
            environment.step(&[torque], &mut rng)
        };
        assert_eq!(after(100.0), after(2.0));
        for torque in [f32::NAN, f32::INFINITY] {
            let error = after(torque).unwrap_err();
            assert!(matches!(error, EnvironmentError::ActionOutsideSpace { .. }));
            assert!(error.to_string().ends_with("Box([-2, 2])"), "{error}");
        }
    }

    #[test]
    fn the_reward_is_that_of_the_state_before_the_step() {
        let mut environment = Pendulum::new();
        environment.reset_to([0.5, 2.0]);
        let step = environment.step(&[0.0], &mut Stream::from_seed(0)).unwrap();
        assert_eq!(step.reward, -(0.25 + 0.1 * 4.0));
    }
}

//! CartPole: a pole on a cart that is kept upright by pushing the cart to the left or to the right.

use rl_core::Stream;

use crate::physics::{ActionSet, Physics, Real, Transition};
use crate::simulation::Simulation;
use crate::{ResetBounds, TimeLimit};

const GRAVITY: f64 = 9.8;
const CART_MASS: f64 = 1.0;
const POLE_MASS: f64 = 0.1;
const TOTAL_MASS: f64 = CART_MASS + POLE_MASS;
/// Half the length of the pole, in metres.
pub(crate) const HALF_LENGTH: f64 = 0.5;
const POLE_MASS_LENGTH: f64 = POLE_MASS * HALF_LENGTH;
/// Force of a push, in newtons.
const FORCE: f64 = 10.0;
/// Seconds per step.
const TAU: f64 = 0.02;
/// Distance from the middle at which the cart leaves the track, in metres.
pub(crate) const X_THRESHOLD: f64 = 2.4;
/// Angle at which the pole counts as fallen, in radians (12°).
const THETA_THRESHOLD: f64 = 12.0 * 2.0 * std::f64::consts::PI / 360.0;

/// Gymnasium's CartPole without its time limit; [`CartPole::v1`] has it.
///
/// | | |
/// |---|---|
/// | state, observation | cart position (m), cart velocity (m/s), pole angle (rad), pole velocity (rad/s) |
/// | action | 0: push left, 1: push right, 10 N for 0.02 s |
/// | reward | 1 for every step, the last one included |
/// | reset | each coordinate uniform in ±0.05 |
/// | terminated | beyond ±2.4 m or ±12° |
pub type CartPole = Simulation<CartPolePhysics, 4, 4>;

/// Physics of cart and pole, by the explicit Euler method, in which positions change by the old
/// velocities (Barto, Sutton and Anderson 1983, with the corrected dynamics of Florian 2007).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CartPolePhysics {
    /// Bounds of each coordinate of the initial state: ±0.05.
    pub reset_bounds: ResetBounds,
    /// Flag: rewards are Sutton and Barto's, −1 when the pole falls and 0 before; off by default.
    pub sutton_barto_reward: bool,
}

impl Default for CartPolePhysics {
    fn default() -> Self {
        Self {
            reset_bounds: ResetBounds::within(0.05),
            sutton_barto_reward: false,
        }
    }
}

impl Physics<4, 4> for CartPolePhysics {
    type Action = usize;

    const ACTIONS: ActionSet = ActionSet::Choices(2);

    const BOUNDS: [(f32, f32); 4] = {
        let (x, theta) = ((2.0 * X_THRESHOLD) as f32, (2.0 * THETA_THRESHOLD) as f32);
        let unbounded = (f32::NEG_INFINITY, f32::INFINITY);
        [(-x, x), unbounded, (-theta, theta), unbounded]
    };

    #[inline]
    fn initial_state(&self, rng: &mut Stream) -> [f64; 4] {
        std::array::from_fn(|_| self.reset_bounds.draw(rng))
    }

    #[inline(always)]
    fn step<R: Real>(&self, state: [R; 4], action: R) -> Transition<R, 4> {
        let [x, x_dot, theta, theta_dot] = state;
        let right = action.gt(action.constant(0.5));
        let force = R::select(right, action.constant(FORCE), action.constant(-FORCE));
        let (sin, cos) = theta.sin_cos();
        let push = (force + theta_dot * theta_dot * POLE_MASS_LENGTH * sin) / TOTAL_MASS;
        let inertia = -(cos * cos * POLE_MASS / TOTAL_MASS - 4.0 / 3.0) * HALF_LENGTH;
        let theta_acceleration = (sin * GRAVITY - cos * push) / inertia;
        let x_acceleration = push - theta_acceleration * POLE_MASS_LENGTH * cos / TOTAL_MASS;
        let x = x + x_dot * TAU;
        let theta = theta + theta_dot * TAU;

        let off_track = x.abs().gt(x.constant(X_THRESHOLD));
        let terminated = off_track | theta.abs().gt(theta.constant(THETA_THRESHOLD));
        let reward = if self.sutton_barto_reward {
            R::select(terminated, x.constant(-1.0), x.constant(0.0))
        } else {
            x.constant(1.0)
        };
        Transition {
            state: [
                x,
                x_dot + x_acceleration * TAU,
                theta,
                theta_dot + theta_acceleration * TAU,
            ],
            reward,
            terminated,
        }
    }

    #[inline(always)]
    fn observe<R: Real>(&self, state: [R; 4]) -> [R; 4] {
        state
    }
}

impl CartPole {
    /// `CartPole-v1`, whose episodes are truncated after 500 steps.
    pub fn v1() -> TimeLimit<Self> {
        TimeLimit::new(Self::new(), 500)
    }
}

#[cfg(test)]
mod tests {
    use rl_core::{Environment, EnvironmentError, Status};

    use super::*;

    #[test]
    fn seed_42_starts_where_gymnasium_does() {
        let observation = CartPole::new().reset(&mut Stream::from_seed(42)).unwrap();
        assert_eq!(
            observation,
            [0.027_395_604, -0.006_112_156, 0.035_859_793, 0.019_736_802]
        );
    }

    #[test]
    fn eight_alternating_pushes_from_seed_42_end_where_gymnasiums_do() {
        let mut environment = CartPole::new();
        let mut rng = Stream::from_seed(42);
        let mut observation = environment.reset(&mut rng).unwrap();
        for t in 0..8 {
            observation = environment.step(&(t % 2), &mut rng).unwrap().observation;
        }
        assert_eq!(
            observation,
            [0.010_475_958, -0.011_558_901_5, 0.069_791_01, 0.140_204_55]
        );
    }

    #[test]
    fn sutton_and_barto_punish_the_fall_alone() {
        let physics = CartPolePhysics {
            sutton_barto_reward: true,
            ..CartPolePhysics::default()
        };
        let mut environment = CartPole::with_physics(physics);
        let mut rng = Stream::from_seed(0);
        environment.reset(&mut rng).unwrap();
        loop {
            let step = environment.step(&1, &mut rng).unwrap();
            if step.status == Status::Terminated {
                assert_eq!(step.reward, -1.0);
                break;
            }
            assert_eq!(step.reward, 0.0);
        }
    }

    #[test]
    fn misuse_is_an_error_and_changes_nothing() {
        let mut rng = Stream::from_seed(0);
        let mut environment = CartPole::new();
        assert_eq!(
            environment.step(&0, &mut rng),
            Err(EnvironmentError::NotReset)
        );
        environment.reset(&mut rng).unwrap();
        let (state, stream) = (environment.state(), rng.clone());
        let error = environment.step(&2, &mut rng).unwrap_err();
        assert_eq!(
            error.to_string(),
            "action 2 is outside the action space Discrete(2)"
        );
        assert_eq!((environment.state(), &rng), (state, &stream));
        while environment.step(&0, &mut rng).unwrap().status == Status::Running {}
        assert_eq!(
            environment.step(&0, &mut rng),
            Err(EnvironmentError::EpisodeOver)
        );
    }
}

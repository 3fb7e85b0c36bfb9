//! CartPole: a pole on a cart, to be kept upright by pushing the cart left or right.

use rl_core::{BoxSpace, Discrete, Environment, EnvironmentError, Space, Status, Step, Stream};

use crate::TimeLimit;

const GRAVITY: f64 = 9.8;
const CART_MASS: f64 = 1.0;
const POLE_MASS: f64 = 0.1;
const TOTAL_MASS: f64 = CART_MASS + POLE_MASS;
/// Half the length of the pole, in metres.
const HALF_LENGTH: f64 = 0.5;
const POLE_MASS_LENGTH: f64 = POLE_MASS * HALF_LENGTH;
/// The force of a push, in newtons.
const FORCE: f64 = 10.0;
/// Seconds per step.
const TAU: f64 = 0.02;
/// Where the cart leaves the track, in metres.
const X_THRESHOLD: f64 = 2.4;
/// Where the pole has fallen, in radians (12°).
const THETA_THRESHOLD: f64 = 12.0 * 2.0 * std::f64::consts::PI / 360.0;
/// Bound of each coordinate of the initial state.
const RESET_BOUND: f64 = 0.05;

/// The state of cart and pole.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CartPoleState {
    /// Position of the cart, in m.
    pub x: f64,
    /// Velocity of the cart, in m/s.
    pub x_dot: f64,
    /// Angle of the pole from the vertical, in rad, positive to the right.
    pub theta: f64,
    /// Angular velocity of the pole, in rad/s.
    pub theta_dot: f64,
}

impl CartPoleState {
    /// The state after one step under `force` (in N): explicit Euler, so that positions move with
    /// the old velocities (Barto, Sutton and Anderson 1983, with the corrected dynamics of
    /// Florian 2007).
    #[must_use]
    pub fn step(self, force: f64) -> Self {
        let Self {
            x,
            x_dot,
            theta,
            theta_dot,
        } = self;
        let (sin, cos) = (theta.sin(), theta.cos());
        let push = (force + POLE_MASS_LENGTH * (theta_dot * theta_dot) * sin) / TOTAL_MASS;
        let theta_acceleration = (GRAVITY * sin - cos * push)
            / (HALF_LENGTH * (4.0 / 3.0 - POLE_MASS * (cos * cos) / TOTAL_MASS));
        let x_acceleration = push - POLE_MASS_LENGTH * theta_acceleration * cos / TOTAL_MASS;
        Self {
            x: x + TAU * x_dot,
            x_dot: x_dot + TAU * x_acceleration,
            theta: theta + TAU * theta_dot,
            theta_dot: theta_dot + TAU * theta_acceleration,
        }
    }

    /// Whether the cart has left the track or the pole has fallen.
    pub fn is_terminal(self) -> bool {
        self.x.abs() > X_THRESHOLD || self.theta.abs() > THETA_THRESHOLD
    }

    fn observation(self) -> [f32; 4] {
        [self.x, self.x_dot, self.theta, self.theta_dot].map(|coordinate| coordinate as f32)
    }
}

/// Gymnasium's CartPole without its time limit; [`CartPole::v1`] has it.
///
/// | | |
/// |---|---|
/// | observation | cart position (m), cart velocity (m/s), pole angle (rad), pole velocity (rad/s) |
/// | action | 0: push left, 1: push right, 10 N for 0.02 s |
/// | reward | 1 for every step, the last one included |
/// | reset | each coordinate uniform in ±0.05 |
/// | terminated | beyond ±2.4 m or ±12° |
#[derive(Clone, Debug, Default)]
pub struct CartPole {
    episode: Episode,
}

#[derive(Clone, Copy, Debug, Default)]
enum Episode {
    #[default]
    NotStarted,
    Running(CartPoleState),
    Over,
}

impl CartPole {
    /// The physics alone: episodes end only by termination.
    pub fn new() -> Self {
        Self::default()
    }

    /// `CartPole-v1`: episodes are truncated after 500 steps.
    pub fn v1() -> TimeLimit<Self> {
        TimeLimit::new(Self::new(), 500)
    }

    /// Starts an episode from a given state and returns its first observation.
    pub fn reset_to(&mut self, state: CartPoleState) -> [f32; 4] {
        self.episode = Episode::Running(state);
        state.observation()
    }

    /// The state, while an episode runs.
    pub fn state(&self) -> Option<CartPoleState> {
        match self.episode {
            Episode::Running(state) => Some(state),
            Episode::NotStarted | Episode::Over => None,
        }
    }
}

impl Environment for CartPole {
    type Observation = [f32; 4];
    type Action = usize;

    #[expect(clippy::expect_used, reason = "constant bounds")]
    fn observation_space(&self) -> BoxSpace {
        let bounds = [
            2.0 * X_THRESHOLD,
            f64::INFINITY,
            2.0 * THETA_THRESHOLD,
            f64::INFINITY,
        ];
        BoxSpace::symmetric(&bounds.map(|bound| bound as f32)).expect("bounds are positive")
    }

    #[expect(clippy::expect_used, reason = "constant size")]
    fn action_space(&self) -> Space {
        Space::Discrete(Discrete::new(2).expect("two actions"))
    }

    fn reset(&mut self, rng: &mut Stream) -> [f32; 4] {
        let [x, x_dot, theta, theta_dot] =
            std::array::from_fn(|_| rng.uniform(-RESET_BOUND, RESET_BOUND));
        self.reset_to(CartPoleState {
            x,
            x_dot,
            theta,
            theta_dot,
        })
    }

    fn step(
        &mut self,
        action: &usize,
        _rng: &mut Stream,
    ) -> Result<Step<[f32; 4]>, EnvironmentError> {
        let state = match self.episode {
            Episode::Running(state) => state,
            Episode::NotStarted => return Err(EnvironmentError::NotReset),
            Episode::Over => return Err(EnvironmentError::EpisodeOver),
        };
        let force = match action {
            0 => -FORCE,
            1 => FORCE,
            _ => return Err(EnvironmentError::outside(action, &self.action_space())),
        };
        let state = state.step(force);
        let (status, episode) = if state.is_terminal() {
            (Status::Terminated, Episode::Over)
        } else {
            (Status::Running, Episode::Running(state))
        };
        self.episode = episode;
        Ok(Step {
            observation: state.observation(),
            reward: 1.0,
            status,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seed_42_starts_where_gymnasium_does() {
        let observation = CartPole::new().reset(&mut Stream::from_seed(42));
        assert_eq!(
            observation,
            [0.027_395_604, -0.006_112_156, 0.035_859_793, 0.019_736_802]
        );
    }

    #[test]
    fn eight_alternating_pushes_from_seed_42_end_where_gymnasiums_do() {
        let mut environment = CartPole::new();
        let mut rng = Stream::from_seed(42);
        let mut observation = environment.reset(&mut rng);
        for t in 0..8 {
            observation = environment.step(&(t % 2), &mut rng).unwrap().observation;
        }
        assert_eq!(
            observation,
            [0.010_475_958, -0.011_558_901_5, 0.069_791_01, 0.140_204_55]
        );
    }

    #[test]
    fn misuse_is_an_error_and_changes_nothing() {
        let mut rng = Stream::from_seed(0);
        let mut environment = CartPole::new();
        assert_eq!(
            environment.step(&0, &mut rng),
            Err(EnvironmentError::NotReset)
        );
        environment.reset(&mut rng);
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

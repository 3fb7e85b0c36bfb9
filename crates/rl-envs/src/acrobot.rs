//! Acrobot: two links hanging from a bar, with a motor at the elbow.

use std::f64::consts::PI;

use rl_core::Stream;

use crate::physics::{ActionSet, Physics, Real, Transition};
use crate::simulation::Simulation;
use crate::{ResetBounds, TimeLimit};

const GRAVITY: f64 = 9.8;
/// From the joint of a link to its centre of mass, in metres; links are 1 m long.
const CENTER: f64 = 0.5;
/// Moment of inertia of a link of 1 kg, in kg·m².
const INERTIA: f64 = 1.0;
/// Seconds per step.
const DT: f64 = 0.2;
/// In rad/s, of the first and of the second joint.
const MAX_SPEED: [f64; 2] = [4.0 * PI, 9.0 * PI];

/// Gymnasium's Acrobot without its time limit; [`Acrobot::v1`] has it.
///
/// | | |
/// |---|---|
/// | state | angle θ₁ of the first link from hanging, θ₂ of the second from the first (rad, within ±π), velocities θ̇₁ (±4π rad/s), θ̇₂ (±9π rad/s) |
/// | observation | cos θ₁, sin θ₁, cos θ₂, sin θ₂, θ̇₁, θ̇₂ |
/// | action | 0, 1, 2: torque −1, 0, 1 N·m at the elbow for 0.2 s |
/// | reward | −1 for every step but the last, which has 0 |
/// | reset | each coordinate uniform in ±0.1, in single precision |
/// | terminated | the tip is a link's length above the bar: −cos θ₁ − cos(θ₁ + θ₂) > 1 |
pub type Acrobot = Simulation<AcrobotPhysics, 4, 6>;

/// Two links by one step of the classical Runge–Kutta method, with the equations of Sutton and
/// Barto (2018, figure 11.4 of the first edition, "book" in Gymnasium).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AcrobotPhysics {
    /// Bounds of each coordinate of the initial state: ±0.1.
    pub reset_bounds: ResetBounds,
}

impl Default for AcrobotPhysics {
    fn default() -> Self {
        Self {
            reset_bounds: ResetBounds::within(0.1),
        }
    }
}

/// Time derivative of the state under `torque`.
#[inline(always)]
fn derivative<R: Real>(state: [R; 4], torque: R) -> [R; 4] {
    let [theta1, theta2, theta1_dot, theta2_dot] = state;
    let (sin2, cos2) = theta2.sin_cos();
    let d1 = (cos2 + (1.0 + CENTER * CENTER)) + CENTER * CENTER + INERTIA + INERTIA;
    let d2 = (cos2 * CENTER + CENTER * CENTER) + INERTIA;
    let phi2 = (theta1 + theta2 - PI / 2.0).sin_cos().1 * (CENTER * GRAVITY);
    let phi1 = theta2_dot * theta2_dot * -CENTER * sin2 - theta2_dot * theta1_dot * sin2
        + (theta1 - PI / 2.0).sin_cos().1 * ((CENTER + 1.0) * GRAVITY)
        + phi2;
    let theta2_acceleration =
        (torque + d2 / d1 * phi1 - theta1_dot * theta1_dot * CENTER * sin2 - phi2)
            / (-(d2 * d2 / d1) + (CENTER * CENTER + INERTIA));
    let theta1_acceleration = -(d2 * theta2_acceleration + phi1) / d1;
    [
        theta1_dot,
        theta2_dot,
        theta1_acceleration,
        theta2_acceleration,
    ]
}

/// `state + slope · time`.
#[inline(always)]
fn advance<R: Real>(state: [R; 4], slope: [R; 4], time: f64) -> [R; 4] {
    std::array::from_fn(|i| state[i] + slope[i] * time)
}

/// The angle less whole turns, within ±π.
#[inline(always)]
fn within_half_turn<R: Real>(angle: R) -> R {
    let turns = (angle / (2.0 * PI)).round();
    let angle = angle - turns * (2.0 * PI);
    // A quotient next to a half may have been rounded to it.
    let angle = R::select(angle.gt(angle.constant(PI)), angle - 2.0 * PI, angle);
    R::select(angle.lt(angle.constant(-PI)), angle + 2.0 * PI, angle)
}

impl Physics<4, 6> for AcrobotPhysics {
    type Action = usize;

    const ACTIONS: ActionSet = ActionSet::Choices(3);

    const BOUNDS: [(f32, f32); 6] = {
        let unit = (-1.0, 1.0);
        let [first, second] = [MAX_SPEED[0] as f32, MAX_SPEED[1] as f32];
        [unit, unit, unit, unit, (-first, first), (-second, second)]
    };

    #[inline]
    fn initial_state(&self, rng: &mut Stream) -> [f64; 4] {
        std::array::from_fn(|_| self.reset_bounds.draw(rng).round_to_f32())
    }

    #[inline(always)]
    fn step<R: Real>(&self, state: [R; 4], action: R) -> Transition<R, 4> {
        let torque = action - 1.0;
        let k1 = derivative(state, torque);
        let k2 = derivative(advance(state, k1, DT / 2.0), torque);
        let k3 = derivative(advance(state, k2, DT / 2.0), torque);
        let k4 = derivative(advance(state, k3, DT), torque);
        let slope = std::array::from_fn(|i| k1[i] + k2[i] * 2.0 + k3[i] * 2.0 + k4[i]);
        let [theta1, theta2, theta1_dot, theta2_dot] = advance(state, slope, DT / 6.0);

        let [theta1, theta2] = [within_half_turn(theta1), within_half_turn(theta2)];
        let height = -theta1.sin_cos().1 - (theta2 + theta1).sin_cos().1;
        let terminated = height.gt(action.constant(1.0));
        Transition {
            state: [
                theta1,
                theta2,
                theta1_dot.clip(-MAX_SPEED[0], MAX_SPEED[0]),
                theta2_dot.clip(-MAX_SPEED[1], MAX_SPEED[1]),
            ],
            reward: R::select(terminated, action.constant(0.0), action.constant(-1.0)),
            terminated,
        }
    }

    #[inline(always)]
    fn observe<R: Real>(&self, state: [R; 4]) -> [R; 6] {
        let [theta1, theta2, theta1_dot, theta2_dot] = state;
        let ((sin1, cos1), (sin2, cos2)) = (theta1.sin_cos(), theta2.sin_cos());
        [cos1, sin1, cos2, sin2, theta1_dot, theta2_dot]
    }
}

impl Acrobot {
    /// `Acrobot-v1`: episodes are truncated after 500 steps.
    pub fn v1() -> TimeLimit<Self> {
        TimeLimit::new(Self::new(), 500)
    }
}

#[cfg(test)]
mod tests {
    use rl_core::{Environment, Status};

    use super::*;

    #[test]
    fn seed_42_starts_where_gymnasium_does() {
        let observation = Acrobot::new().reset(&mut Stream::from_seed(42)).unwrap();
        assert_eq!(
            observation,
            [
                0.998_499_33,
                0.054_763_798,
                0.999_925_26,
                -0.012_224_007,
                0.071_719_59,
                0.039_473_604
            ]
        );
    }

    #[test]
    fn without_torque_the_links_keep_their_energy_for_a_while() {
        // Of the book's links: mass 1, centre at 0.5, inertia 1 about it.
        let energy = |[theta1, theta2, d1, d2]: [f64; 4]| {
            let (m11, m12) = (3.5 + theta2.cos(), 1.25 + 0.5 * theta2.cos());
            let kinetic = 0.5 * m11 * d1 * d1 + m12 * d1 * d2 + 0.5 * 1.25 * d2 * d2;
            kinetic - GRAVITY * (1.5 * theta1.cos() + 0.5 * (theta1 + theta2).cos())
        };
        let mut state = [0.3, -0.2, 0.0, 0.0];
        let start = energy(state);
        for _ in 0..10 {
            state = AcrobotPhysics::default().step(state, 1.0).state;
        }
        assert!(
            (energy(state) - start).abs() < 0.05,
            "{start} {}",
            energy(state)
        );
    }

    #[test]
    fn the_step_that_lifts_the_tip_ends_the_episode_and_costs_nothing() {
        let mut environment = Acrobot::new();
        environment.reset_to([PI - 0.1, 0.0, 0.0, 0.0]);
        let step = environment.step(&1, &mut Stream::from_seed(0)).unwrap();
        assert_eq!((step.reward, step.status), (0.0, Status::Terminated));
    }

    #[test]
    fn angles_stay_within_half_a_turn() {
        for (angle, expected) in [(3.0, 3.0), (PI, PI), (-PI, -PI), (4.0, 4.0 - 2.0 * PI)] {
            assert_eq!(within_half_turn(angle), expected);
        }
        assert_eq!(within_half_turn(PI.next_up()), PI.next_up() - 2.0 * PI);
        assert!((within_half_turn(20.0) - (20.0 - 6.0 * PI)).abs() < 1e-14);
    }

    #[test]
    fn angles_stay_within_half_a_turn_however_the_number_of_turns_is_rounded() {
        for half_turns in (-2001..=2001).step_by(2) {
            let edge = f64::from(half_turns) * PI;
            for angle in [
                edge.next_down().next_down(),
                edge.next_down(),
                edge,
                edge.next_up(),
            ] {
                let within = within_half_turn(angle);
                assert!((-PI..=PI).contains(&within), "{angle} became {within}");
                let turns = (angle - within) / (2.0 * PI);
                assert!(
                    (turns - turns.round()).abs() < 1e-9,
                    "{angle} became {within}"
                );
            }
        }
    }
}

//! Hinges of the legs, with stops and with motors that press the legs inwards.

use super::craft::DT;

/// Least opening of a leg, at which it rests, in rad.
pub(super) const CLOSED: f64 = 0.35;
/// Greatest opening of a leg, in rad.
pub(super) const OPEN: f64 = 0.85;
/// Rate of opening that the motor of a leg aims at, in rad/s.
pub(super) const MOTOR_RATE: f64 = -0.3;
/// Greatest impulse of a motor in a step, in N·m·s: that of 40 N·m, enough to lift the lander.
const MOTOR_IMPULSE: f64 = 40.0 * DT;
/// Angle past its stop from which on a leg is pushed back, in rad (2°).
pub(super) const STOP_SLOP: f64 = 2.0 / 180.0 * std::f64::consts::PI;

/// Change of the motor's impulse per step and per missing rate, for a leg that bears weight, in
/// N·m·s per rad/s. It models Box2D's 180 sweeps over a hinge, each of which moves only the light
/// leg: the motor lags, so that a leg springs back faster than the motor's own rate.
pub(super) const MOTOR_GAIN: f64 = 0.32;

/// The impulses of motors that have long pressed closed legs against their stops, in N·m·s; 0 for a
/// leg that is not closed.
pub(super) fn rested_motors(openings: [f64; 2]) -> [f64; 2] {
    openings.map(|opening| {
        if opening <= CLOSED {
            -MOTOR_IMPULSE
        } else {
            0.0
        }
    })
}

/// State of a hinge in a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Hinge {
    /// The hinge moves at this rate, in rad/s, by an impulse within these bounds, in N·m·s.
    Held { rate: f64, bounds: [f64; 2] },
    /// The motor changes its last impulse in proportion to the difference from the rate that it
    /// aims at.
    Damped,
    /// The motor gives this impulse, in N·m·s: its greatest, or 0 in an impact.
    Driven(f64),
}

/// Hinge before a step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Joint {
    pub(super) opening: f64,
    /// Impulse of the motor in the last step, in N·m·s.
    pub(super) motor: f64,
    pub(super) load: Load,
}

/// Contact of a leg in a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Load {
    /// No contact.
    Air,
    /// First contact with the ground, within the step: the leg stops at once, and the lander is
    /// affected from the next step on, as when Box2D stops a leg at its time of impact.
    Impact,
    /// Contact with the ground since before the step.
    Ground,
}

impl Joint {
    /// The impulse of the motor of a leg that opens at `rate` (rad/s), before it is bounded.
    pub(super) fn demand(self, rate: f64) -> f64 {
        self.motor + MOTOR_GAIN * (MOTOR_RATE - rate)
    }

    /// The greatest impulse of the motor in this step, in N·m·s.
    fn strength(self) -> f64 {
        if self.load == Load::Impact {
            0.0
        } else {
            MOTOR_IMPULSE
        }
    }

    /// The state of the hinge before contacts are taken into account.
    pub(super) fn start(self) -> Hinge {
        if self.opening <= CLOSED {
            // The stop pushes outwards, against a motor whose inward push grows.
            let motor = self.demand(0.0).max(-self.strength());
            Hinge::Held {
                rate: 0.0,
                bounds: [motor, f64::INFINITY],
            }
        } else {
            self.turning()
        }
    }

    /// The state of the hinge between its stops.
    fn turning(self) -> Hinge {
        match self.load {
            Load::Air => Hinge::Held {
                rate: MOTOR_RATE,
                bounds: [-MOTOR_IMPULSE, MOTOR_IMPULSE],
            },
            Load::Impact => Hinge::Driven(0.0),
            Load::Ground => Hinge::Damped,
        }
    }

    /// The state that is consistent with the impulse and the rate that a step with the state
    /// `hinge` resulted in.
    pub(super) fn revised(self, hinge: Hinge, impulse: f64, rate: f64) -> Hinge {
        let stop = Hinge::Held {
            rate: 0.0,
            bounds: [f64::NEG_INFINITY, -self.strength()],
        };
        match hinge {
            Hinge::Held { bounds, .. } if impulse < bounds[0] => match self.load {
                Load::Air => Hinge::Driven(-MOTOR_IMPULSE),
                Load::Impact | Load::Ground => self.turning(),
            },
            Hinge::Held { bounds, .. } if impulse > bounds[1] => match self.load {
                Load::Air => Hinge::Driven(MOTOR_IMPULSE),
                Load::Impact | Load::Ground => self.turning(),
            },
            Hinge::Held { .. } => hinge,
            Hinge::Damped | Hinge::Driven(_) if rate < 0.0 && self.opening <= CLOSED => {
                self.start()
            }
            Hinge::Damped | Hinge::Driven(_) if rate > 0.0 && self.opening >= OPEN => stop,
            Hinge::Damped | Hinge::Driven(_) if self.load == Load::Ground => {
                let demand = self.demand(rate);
                if demand.abs() > MOTOR_IMPULSE {
                    Hinge::Driven(MOTOR_IMPULSE.copysign(demand))
                } else {
                    Hinge::Damped
                }
            }
            Hinge::Damped | Hinge::Driven(_) => hinge,
        }
    }

    /// The impulse of the motor in this step, in N·m·s, which the next step starts from.
    pub(super) fn motor_after(self, hinge: Hinge, impulse: f64) -> f64 {
        let motor = match hinge {
            _ if self.load == Load::Impact => self.motor,
            Hinge::Held { .. } if self.opening <= CLOSED => self.demand(0.0),
            Hinge::Held { .. } | Hinge::Damped | Hinge::Driven(_) => impulse,
        };
        motor.clamp(-MOTOR_IMPULSE, MOTOR_IMPULSE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joint(opening: f64, motor: f64, load: Load) -> Joint {
        Joint {
            opening,
            motor,
            load,
        }
    }

    #[test]
    fn a_leg_at_its_stop_yields_only_to_more_than_its_motor_gives() {
        let joint = joint(CLOSED, -MOTOR_IMPULSE, Load::Ground);
        let hinge = joint.start();
        assert_eq!(joint.revised(hinge, -0.99 * MOTOR_IMPULSE, 0.0), hinge);
        assert_eq!(joint.revised(hinge, 5.0, 0.0), hinge);
        assert_eq!(
            joint.revised(hinge, -1.01 * MOTOR_IMPULSE, 0.0),
            Hinge::Damped
        );
    }

    #[test]
    fn a_motor_under_load_is_bounded_and_comes_back_from_its_bound() {
        let joint = joint(0.5, -0.7, Load::Ground);
        // At 1 rad/s outwards the motor would have to give 0.7 + 1.3 gains inwards, more than its
        // greatest impulse.
        let driven = joint.revised(Hinge::Damped, 0.0, 1.0);
        assert_eq!(driven, Hinge::Driven(-MOTOR_IMPULSE));
        assert_eq!(joint.revised(driven, -MOTOR_IMPULSE, 1.0), driven);
        assert_eq!(joint.revised(driven, -MOTOR_IMPULSE, -0.3), Hinge::Damped);
    }

    #[test]
    fn a_leg_does_not_pass_its_stops() {
        for load in [Load::Impact, Load::Ground] {
            let wide = joint(OPEN, 0.0, load).revised(Hinge::Driven(0.0), 0.0, 2.0);
            let shut = joint(CLOSED, 0.0, load).revised(Hinge::Driven(0.0), 0.0, -2.0);
            for hinge in [wide, shut] {
                assert!(matches!(hinge, Hinge::Held { rate: 0.0, .. }), "{hinge:?}");
            }
        }
    }

    #[test]
    fn a_motor_builds_up_against_a_closed_stop() {
        let mut joint = joint(CLOSED, 0.0, Load::Air);
        for _ in 0..20 {
            joint.motor = joint.motor_after(joint.start(), 0.0);
        }
        assert_eq!(joint.motor, -MOTOR_IMPULSE);
        assert_eq!(rested_motors([CLOSED, 0.5]), [-MOTOR_IMPULSE, 0.0]);
    }
}

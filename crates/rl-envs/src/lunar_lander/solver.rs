//! Velocities and positions after a step: hinges with motors, contacts with friction.

use super::{
    contact::{Contact, Contacts, IMPACT, SKIN, SLOP},
    craft::{Craft, DT, Generalized, Mobility, Part, dot5},
    terrain::Terrain,
};

/// The least opening of a leg, at which it rests, in rad.
pub(super) const CLOSED: f64 = 0.35;
/// The greatest opening, in rad.
const OPEN: f64 = 0.85;
/// The speed at which the motor closes a leg, in rad/s.
const MOTOR_RATE: f64 = -0.3;
/// The greatest impulse of a motor in a step, in N·m·s: 40 N·m, enough to lift the lander.
const MOTOR_IMPULSE: f64 = 40.0 * DT;
/// How far a leg may be past its stop before it is pushed back, in rad (2°).
const STOP_SLOP: f64 = 2.0 / 180.0 * std::f64::consts::PI;

/// What a hinge does in a step.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Hinge {
    /// It moves at this rate, in rad/s, by whatever impulse within these bounds that takes.
    Held { rate: f64, bounds: [f64; 2] },
    /// Its motor gives all it has, in N·m·s, and something else is stronger.
    Driven(f64),
}

impl Hinge {
    /// Held by its motor, or at the lower stop by stop and motor.
    fn closing(opening: f64) -> Self {
        if opening <= CLOSED {
            Self::Held {
                rate: 0.0,
                bounds: [-MOTOR_IMPULSE, f64::INFINITY],
            }
        } else {
            Self::Held {
                rate: MOTOR_RATE,
                bounds: [-MOTOR_IMPULSE, MOTOR_IMPULSE],
            }
        }
    }

    /// Held by the upper stop, which the motor pulls away from.
    fn stopped() -> Self {
        Self::Held {
            rate: 0.0,
            bounds: [f64::NEG_INFINITY, -MOTOR_IMPULSE],
        }
    }

    /// What the hinge should have done, now that its impulse (of a held one) and rate are known.
    fn revised(self, opening: f64, impulse: f64, rate: f64) -> Self {
        match self {
            Self::Held { bounds, .. } if impulse < bounds[0] => {
                if opening < OPEN {
                    Self::Driven(-MOTOR_IMPULSE)
                } else {
                    Self::stopped()
                }
            }
            Self::Held { bounds, .. } if impulse > bounds[1] => {
                if bounds[1] < 0.0 {
                    Self::closing(opening)
                } else {
                    Self::Driven(MOTOR_IMPULSE)
                }
            }
            Self::Driven(drive) => {
                let closing = Self::closing(opening);
                let Self::Held { rate: goal, .. } = closing else {
                    return self;
                };
                if drive < 0.0 && rate < goal || drive > 0.0 && rate > goal {
                    closing
                } else if rate > 0.0 && opening >= OPEN {
                    Self::stopped()
                } else {
                    self
                }
            }
            Self::Held { .. } => self,
        }
    }
}

/// One direction at one contact.
#[derive(Clone, Copy, Debug)]
struct Row {
    jacobian: Generalized,
    /// The change of velocity per unit of impulse.
    response: Generalized,
    /// Impulse per unit of speed.
    mass: f64,
}

impl Row {
    const ZERO: Self = Self {
        jacobian: [0.0; 5],
        response: [0.0; 5],
        mass: 0.0,
    };

    fn new(jacobian: Generalized, mobility: &Mobility) -> Self {
        let response = mobility.apply(&jacobian);
        Self {
            jacobian,
            response,
            mass: 1.0 / dot5(&jacobian, &response),
        }
    }

    fn push(&self, impulse: f64, velocity: &mut Generalized) {
        for (v, r) in velocity.iter_mut().zip(&self.response) {
            *v += impulse * r;
        }
    }
}

/// A contact under solution.
#[derive(Clone, Copy, Debug)]
struct Touch {
    normal: Row,
    tangent: Row,
    friction: f64,
    distance: f64,
    /// The least speed along the normal, in m/s: what is still apart may come closer.
    least: f64,
    /// Impulses along normal and tangent, in N·s.
    impulse: [f64; 2],
}

/// Which parts touched the ground in a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Touching {
    pub(super) lander: bool,
    pub(super) legs: [bool; 2],
}

/// Greatest number of sweeps over the contacts.
const SWEEPS: usize = 180;
/// Sweeps end when no impulse changes by more than this, in N·s.
const TOLERANCE: f64 = 1e-7;
/// Greatest number of times that hinges are revised.
const REVISIONS: usize = 8;
/// Sweeps of the correction of positions, and the share of an overlap that each removes.
const CORRECTIONS: usize = 60;
const CORRECTION: f64 = 0.2;
/// The greatest correction of a sweep, in m.
const MAX_CORRECTION: f64 = 0.2;

/// Moves the craft by a step, given the momentum it has apart from contacts and hinges.
pub(super) fn advance(craft: &mut Craft, momentum: &Generalized, terrain: &Terrain) -> Touching {
    let openings = craft.openings();
    let free = openings.map(|opening| match Hinge::closing(opening) {
        Hinge::Held { rate, .. } => rate,
        Hinge::Driven(_) => 0.0,
    });
    // In the air a motor is far stronger than what moves a leg.
    craft.velocity = craft.velocity_with(momentum, free);
    let contacts = Contacts::find(craft, terrain);
    let contacts = contacts.as_slice();
    if contacts.is_empty() {
        let displacement = craft.velocity.map(|v| v * DT);
        craft.displace(&displacement);
        return Touching::default();
    }
    let mut touches = [TOUCH; 20];
    let touches = &mut touches[..contacts.len()];
    for (touch, contact) in touches.iter_mut().zip(contacts) {
        touch.friction = contact.friction();
        touch.distance = contact.distance;
        touch.least = if contact.distance <= SKIN {
            0.0
        } else {
            (IMPACT - contact.distance) / DT
        };
    }
    craft.velocity = solve(craft, momentum, contacts, touches);
    let mut displacement = craft.velocity.map(|v| v * DT);
    correct(craft, contacts, touches, &mut displacement);
    craft.displace(&displacement);

    let mut touching = Touching::default();
    for (touch, contact) in touches.iter().zip(contacts) {
        if contact.distance <= SKIN || touch.impulse[0] > 0.0 {
            match contact.part {
                Part::Lander => touching.lander = true,
                Part::Leg(leg) => touching.legs[leg] = true,
            }
        }
    }
    touching
}

const TOUCH: Touch = Touch {
    normal: Row::ZERO,
    tangent: Row::ZERO,
    friction: 0.0,
    distance: 0.0,
    least: 0.0,
    impulse: [0.0; 2],
};

/// The velocity at which hinges and contacts agree.
fn solve(
    craft: &Craft,
    momentum: &Generalized,
    contacts: &[Contact],
    touches: &mut [Touch],
) -> Generalized {
    let openings = craft.openings();
    let mut hinges = openings.map(Hinge::closing);
    let jacobians: [[Generalized; 2]; 20] = std::array::from_fn(|i| match contacts.get(i) {
        Some(contact) => [contact.normal, -contact.normal.perpendicular()]
            .map(|direction| craft.jacobian(contact.part, contact.point, direction)),
        None => [[0.0; 5]; 2],
    });
    let mut velocity = [0.0; 5];
    for _ in 0..REVISIONS {
        let mobility = craft.mobility(hinges.map(|hinge| matches!(hinge, Hinge::Held { .. })));
        for (touch, [normal, tangent]) in touches.iter_mut().zip(&jacobians) {
            touch.normal = Row::new(*normal, &mobility);
            touch.tangent = Row::new(*tangent, &mobility);
        }
        velocity = with_hinges(craft, momentum, hinges, &mobility);
        for touch in touches.iter() {
            touch.normal.push(touch.impulse[0], &mut velocity);
            touch.tangent.push(touch.impulse[1], &mut velocity);
        }
        sweep(touches, &mut velocity);

        let impulses = hinge_impulses(craft, momentum, touches, &velocity);
        let revised = std::array::from_fn(|leg| {
            hinges[leg].revised(openings[leg], impulses[leg], velocity[3 + leg])
        });
        if revised == hinges {
            break;
        }
        hinges = revised;
    }
    velocity
}

/// The velocity without contacts.
fn with_hinges(
    craft: &Craft,
    momentum: &Generalized,
    hinges: [Hinge; 2],
    mobility: &Mobility,
) -> Generalized {
    let mut given = craft.clone();
    given.velocity = [0.0; 5];
    let mut rest = *momentum;
    for (leg, hinge) in hinges.into_iter().enumerate() {
        match hinge {
            Hinge::Held { rate, .. } => given.velocity[3 + leg] = rate,
            Hinge::Driven(drive) => rest[3 + leg] += drive,
        }
    }
    for (rest, taken) in rest.iter_mut().zip(given.momentum()) {
        *rest -= taken;
    }
    let mut velocity = mobility.apply(&rest);
    for (leg, hinge) in hinges.into_iter().enumerate() {
        if let Hinge::Held { rate, .. } = hinge {
            velocity[3 + leg] = rate;
        }
    }
    velocity
}

/// What the hinges contributed: the momentum that neither the motion before nor contacts explain.
fn hinge_impulses(
    craft: &Craft,
    momentum: &Generalized,
    touches: &[Touch],
    velocity: &Generalized,
) -> [f64; 2] {
    let mut after = craft.clone();
    after.velocity = *velocity;
    let after = after.momentum();
    [3, 4].map(|i| {
        let contacts: f64 = touches
            .iter()
            .map(|touch| {
                touch.normal.jacobian[i] * touch.impulse[0]
                    + touch.tangent.jacobian[i] * touch.impulse[1]
            })
            .sum();
        after[i] - momentum[i] - contacts
    })
}

/// Projected Gauss-Seidel (sequential impulses, Catto 2005): friction, then the normal.
fn sweep(touches: &mut [Touch], velocity: &mut Generalized) {
    for _ in 0..SWEEPS {
        let mut change: f64 = 0.0;
        for touch in touches.iter_mut() {
            let Touch {
                normal,
                tangent,
                impulse,
                ..
            } = touch;
            let most = touch.friction * impulse[0];
            let slip = dot5(&tangent.jacobian, velocity);
            let next = (impulse[1] - slip * tangent.mass).clamp(-most, most);
            let delta = next - impulse[1];
            impulse[1] = next;
            tangent.push(delta, velocity);
            change = change.max(delta.abs());

            let approach = dot5(&normal.jacobian, velocity) - touch.least;
            let next = (impulse[0] - approach * normal.mass).max(0.0);
            let delta = next - impulse[0];
            impulse[0] = next;
            normal.push(delta, velocity);
            change = change.max(delta.abs());
        }
        if change < TOLERANCE {
            break;
        }
    }
}

/// Adds to a displacement what takes overlaps of skins and legs past their stops out of it.
/// Motors take no part in it.
fn correct(
    craft: &Craft,
    contacts: &[Contact],
    touches: &mut [Touch],
    displacement: &mut Generalized,
) {
    let mobility = craft.mobility([false; 2]);
    let openings = craft.openings();
    for touch in touches.iter_mut() {
        touch.normal = Row::new(touch.normal.jacobian, &mobility);
    }
    let stops = [0, 1].map(|leg| {
        let mut jacobian = [0.0; 5];
        jacobian[3 + leg] = 1.0;
        Row::new(jacobian, &mobility)
    });
    for _ in 0..CORRECTIONS {
        let mut nearest = f64::INFINITY;
        for (leg, stop) in stops.iter().enumerate() {
            let opening = openings[leg] + displacement[3 + leg];
            let past =
                (CLOSED - STOP_SLOP - opening).max(0.0) + (OPEN + STOP_SLOP - opening).min(0.0);
            stop.push(past * stop.mass, displacement);
        }
        for touch in touches.iter().take(contacts.len()) {
            let distance = touch.distance + dot5(&touch.normal.jacobian, displacement);
            nearest = nearest.min(distance);
            let overlap = SKIN - SLOP - distance;
            let by = (CORRECTION * overlap).clamp(0.0, MAX_CORRECTION);
            touch.normal.push(by * touch.normal.mass, displacement);
        }
        if nearest >= IMPACT {
            break;
        }
    }
}

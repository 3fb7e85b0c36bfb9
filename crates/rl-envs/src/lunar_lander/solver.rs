//! Velocities and positions after a step: hinges with motors, contacts with friction.

use super::{
    contact::{CAPACITY, Contact, Contacts, IMPACT, SKIN, SLOP},
    craft::{Craft, DT, Generalized, Mobility, Part, dot5},
    terrain::{Chunks, Terrain},
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

/// How fast the motor of a leg that bears weight changes its impulse, in N·m·s per rad/s: what
/// Box2D's 180 sweeps over a hinge do, each of which moves the light leg alone. The motor lags, so
/// that a leg springs back faster than the motor's own rate.
const MOTOR_GAIN: f64 = 0.32;

/// What a hinge does in a step.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Hinge {
    /// It moves at this rate, in rad/s, by whatever impulse within these bounds that takes.
    Held { rate: f64, bounds: [f64; 2] },
    /// Its motor adds to its last impulse in proportion to what is missing from its rate.
    Damped,
    /// Its motor gives this impulse, the most it can, in N·m·s.
    Driven(f64),
}

/// What a hinge is like before a step.
#[derive(Clone, Copy, Debug)]
struct Joint {
    opening: f64,
    /// The impulse of the motor in the last step, in N·m·s.
    motor: f64,
    load: Load,
}

/// What a leg meets in a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Load {
    /// Nothing.
    Air,
    /// The ground, for the first time and in the midst of the step: the leg stops at once, and the
    /// lander feels it from the next step on, as when Box2D stops a leg at its time of impact.
    Impact,
    /// The ground.
    Ground,
}

impl Joint {
    /// The impulse of the motor of a leg that opens at `rate`, were it not bounded.
    fn demand(self, rate: f64) -> f64 {
        self.motor + MOTOR_GAIN * (MOTOR_RATE - rate)
    }

    /// The greatest impulse of the motor in this step.
    fn strength(self) -> f64 {
        if self.load == Load::Impact {
            0.0
        } else {
            MOTOR_IMPULSE
        }
    }

    /// What the hinge does until contacts prove stronger.
    fn start(self) -> Hinge {
        if self.opening <= CLOSED {
            // The stop pushes outwards, against a motor that pushes inwards ever more.
            let motor = self.demand(0.0).max(-self.strength());
            Hinge::Held {
                rate: 0.0,
                bounds: [motor, f64::INFINITY],
            }
        } else {
            self.turning()
        }
    }

    /// What the hinge does between its stops.
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

    /// What `hinge` should have done, now that its impulse and its rate are known.
    fn revised(self, hinge: Hinge, impulse: f64, rate: f64) -> Hinge {
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

    /// What the motor has given, for the next step to start from.
    fn motor_after(self, hinge: Hinge, impulse: f64) -> f64 {
        let motor = match hinge {
            _ if self.load == Load::Impact => self.motor,
            Hinge::Held { .. } if self.opening <= CLOSED => self.demand(0.0),
            Hinge::Held { .. } | Hinge::Damped | Hinge::Driven(_) => impulse,
        };
        motor.clamp(-MOTOR_IMPULSE, MOTOR_IMPULSE)
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
    /// The chunks of the terrain that each leg touched.
    pub(super) legs: [Chunks; 2],
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
    let mut joints = [0, 1].map(|leg| Joint {
        opening: craft.openings()[leg],
        motor: craft.motors[leg],
        load: Load::Air,
    });
    // In the air a motor is far stronger than what moves a leg.
    let rates = joints.map(|joint| {
        if joint.opening <= CLOSED {
            0.0
        } else {
            MOTOR_RATE
        }
    });
    craft.velocity = craft.velocity_with(momentum, rates);
    let contacts = Contacts::find(craft, terrain);
    let contacts = contacts.as_slice();
    if contacts.is_empty() {
        craft.motors = joints.map(|joint| joint.motor_after(joint.start(), 0.0));
        let displacement = craft.velocity.map(|v| v * DT);
        craft.displace(&displacement);
        return Touching::default();
    }
    for contact in contacts {
        if let Part::Leg(leg) = contact.part {
            let load = &mut joints[leg].load;
            *load = match *load {
                Load::Air | Load::Impact if contact.distance > SKIN => Load::Impact,
                _ => Load::Ground,
            };
        }
    }
    let mut touches = [TOUCH; CAPACITY];
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
    solve(craft, momentum, joints, contacts, touches);
    let mut displacement = craft.velocity.map(|v| v * DT);
    correct(craft, contacts, touches, &mut displacement);
    craft.displace(&displacement);

    let mut touching = Touching::default();
    for (touch, contact) in touches.iter().zip(contacts) {
        if contact.distance <= SKIN || touch.impulse[0] > 0.0 {
            match contact.part {
                Part::Lander => touching.lander = true,
                Part::Leg(leg) => touching.legs[leg] |= contact.chunks,
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

/// Gives the craft the velocity, and its motors the impulses, at which hinges and contacts agree.
fn solve(
    craft: &mut Craft,
    momentum: &Generalized,
    joints: [Joint; 2],
    contacts: &[Contact],
    touches: &mut [Touch],
) {
    let mut jacobians = [[[0.0; 5]; 2]; CAPACITY];
    for (jacobians, contact) in jacobians.iter_mut().zip(contacts) {
        *jacobians = [contact.normal, -contact.normal.perpendicular()]
            .map(|direction| craft.jacobian(contact.part, contact.point, direction));
    }
    let mut hinges = joints.map(Joint::start);
    for revision in 0.. {
        let mobility = craft.mobility(hinges.map(|hinge| match hinge {
            Hinge::Held { .. } => None,
            Hinge::Damped => Some(MOTOR_GAIN),
            Hinge::Driven(_) => Some(0.0),
        }));
        for (touch, [normal, tangent]) in touches.iter_mut().zip(&jacobians) {
            touch.normal = Row::new(*normal, &mobility);
            touch.tangent = Row::new(*tangent, &mobility);
        }
        let mut velocity = with_hinges(craft, momentum, joints, hinges, &mobility);
        for touch in touches.iter() {
            touch.normal.push(touch.impulse[0], &mut velocity);
            touch.tangent.push(touch.impulse[1], &mut velocity);
        }
        sweep(touches, &mut velocity);
        craft.velocity = velocity;

        let impulses = hinge_impulses(craft, momentum, touches);
        let revised =
            [0, 1].map(|leg| joints[leg].revised(hinges[leg], impulses[leg], velocity[3 + leg]));
        if revised == hinges || revision == REVISIONS {
            craft.motors = [0, 1].map(|leg| joints[leg].motor_after(hinges[leg], impulses[leg]));
            break;
        }
        hinges = revised;
    }
}

/// The velocity without contacts.
fn with_hinges(
    craft: &Craft,
    momentum: &Generalized,
    joints: [Joint; 2],
    hinges: [Hinge; 2],
    mobility: &Mobility,
) -> Generalized {
    let mut rates = [0.0; 2];
    let mut rest = *momentum;
    for leg in 0..2 {
        match hinges[leg] {
            Hinge::Held { rate, .. } => rates[leg] = rate,
            Hinge::Damped => rest[3 + leg] += joints[leg].demand(0.0),
            Hinge::Driven(drive) => rest[3 + leg] += drive,
        }
    }
    let [a, b] = rates;
    for (rest, taken) in rest
        .iter_mut()
        .zip(craft.momentum_of(&[0.0, 0.0, 0.0, a, b]))
    {
        *rest -= taken;
    }
    let [x, y, turning, opening_0, opening_1] = mobility.apply(&rest);
    // What is held has no mobility, what is not has no rate given.
    [x, y, turning, opening_0 + a, opening_1 + b]
}

/// What the hinges contributed: the momentum that neither the motion before nor contacts explain.
fn hinge_impulses(craft: &Craft, momentum: &Generalized, touches: &[Touch]) -> [f64; 2] {
    let after = craft.momentum();
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
    let mobility = craft.mobility([Some(0.0); 2]);
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

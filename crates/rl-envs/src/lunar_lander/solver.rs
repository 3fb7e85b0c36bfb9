//! Velocities and positions after a step: hinges with motors, contacts with friction.

use super::{
    contact::{CAPACITY, Contact, Contacts, IMPACT, SKIN, SLOP},
    craft::{Craft, DT, Generalized, Mobility, Part, dot5},
    hinge::{CLOSED, Hinge, Joint, Load, MOTOR_GAIN, MOTOR_RATE, OPEN, STOP_SLOP},
    terrain::{Chunks, Terrain},
};

/// Constraint in one direction at one contact.
#[derive(Clone, Copy, Debug)]
struct Row {
    jacobian: Generalized,
    /// Change of velocity per unit of impulse.
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

/// Contact with its impulses so far.
#[derive(Clone, Copy, Debug)]
struct Touch {
    normal: Row,
    tangent: Row,
    friction: f64,
    distance: f64,
    /// Least speed along the normal, in m/s: surfaces that are still apart may come closer.
    least: f64,
    /// Impulses along the normal and along the tangent, in N·s.
    impulse: [f64; 2],
}

/// Parts that touched the ground in a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Touching {
    pub(super) lander: bool,
    /// Chunks of the terrain that each leg touched.
    pub(super) legs: [Chunks; 2],
}

/// Greatest number of sweeps over the contacts.
const SWEEPS: usize = 180;
/// Greatest change of an impulse in the last sweep, in N·s.
const TOLERANCE: f64 = 1e-9;
/// Greatest number of revisions of the hinges.
const REVISIONS: usize = 8;
/// Number of sweeps of the correction of positions.
const CORRECTIONS: usize = 60;
/// Share of an overlap that each of these sweeps removes.
const CORRECTION: f64 = 0.2;
/// Greatest correction by a sweep, in m.
const MAX_CORRECTION: f64 = 0.2;

/// Moves the craft by a step, from the momentum that it has without contacts and hinges.
pub(super) fn advance(craft: &mut Craft, momentum: &Generalized, terrain: &Terrain) -> Touching {
    let mut joints = [0, 1].map(|leg| Joint {
        opening: craft.openings()[leg],
        motor: craft.motors[leg],
        load: Load::Air,
    });
    // In the air a motor is far stronger than the forces on a leg.
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
            if contact.touches() {
                *load = Load::Ground;
            } else if contact.impacts() && *load == Load::Air {
                *load = Load::Impact;
            }
        }
    }
    let mut touches = [TOUCH; CAPACITY];
    let touches = &mut touches[..contacts.len()];
    for (touch, contact) in touches.iter_mut().zip(contacts) {
        touch.friction = contact.friction();
        touch.distance = contact.distance;
        touch.least = if contact.touches() {
            0.0
        } else {
            (IMPACT - contact.distance) / DT
        };
    }
    solve(craft, momentum, joints, contacts, touches);
    let mut displacement = craft.velocity.map(|v| v * DT);
    correct(craft, touches, &mut displacement);
    craft.displace(&displacement);

    let mut touching = Touching::default();
    for (touch, contact) in touches.iter().zip(contacts) {
        if contact.touches() || touch.impulse[0] > 0.0 {
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

/// Finds the velocity of the craft and the impulses of its motors that satisfy hinges and contacts.
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
    // A hinge either is held and has no mobility, or is free and has no given rate.
    [x, y, turning, opening_0 + a, opening_1 + b]
}

/// The impulses of the hinges: the part of the momentum that neither the earlier motion nor the
/// contacts explain.
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

/// Sweeps once over the contacts, by projected Gauss-Seidel (sequential impulses, Catto 2005):
/// friction first, then the normal.
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

/// Corrects a displacement for overlaps of skins and for legs past their stops. Motors are not
/// involved.
fn correct(craft: &Craft, touches: &mut [Touch], displacement: &mut Generalized) {
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
        // All are measured before any is corrected, so that left and right are treated alike.
        let before = *displacement;
        for touch in touches.iter() {
            let distance = touch.distance + dot5(&touch.normal.jacobian, &before);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lunar_lander::{hinge::rested_motors, vector::Vector};

    const GRAVITY: f64 = -10.0;

    fn step(craft: &mut Craft, terrain: &Terrain) -> Touching {
        let mut momentum = craft.momentum();
        momentum[1] += Craft::weight(GRAVITY);
        advance(craft, &momentum, terrain)
    }

    #[test]
    fn energy_never_grows_in_contact_but_for_the_work_of_motors() {
        let terrain = Terrain::new([3.0, 3.5, 2.5, 4.0, 3.3, 3.3, 3.3, 2.0, 2.5, 4.5, 3.0]);
        for start in 0..60_u32 {
            let angle = f64::from(start) * 0.4 - 3.0;
            let x = 4.0 + 0.2 * f64::from(start);
            let mut craft = Craft::new(Vector::new(x, 6.0), angle, [CLOSED; 2]);
            craft.motors = rested_motors([CLOSED; 2]);
            craft.set_velocity(Vector::new(0.5, -3.0), 1.0, [0.0; 2]);
            let mut budget = craft.kinetic_energy() + craft.potential_energy(GRAVITY);
            let mut contacts = 0;
            for t in 0..400 {
                let mut momentum = craft.momentum();
                momentum[1] += Craft::weight(GRAVITY);
                let free = craft.mobility([Some(0.0); 2]).apply(&momentum);
                let touching = advance(&mut craft, &momentum, &terrain);
                // The rate of a leg changes within the step; the larger of both estimates of the
                // work is an upper bound.
                let work: f64 = (0..2)
                    .map(|leg| {
                        let rates = [free[3 + leg], craft.velocity[3 + leg]];
                        rates
                            .map(|rate| craft.motors[leg] * rate)
                            .into_iter()
                            .fold(0.0, f64::max)
                    })
                    .sum();
                let place = format!("start {start}, step {t}");
                if touching != Touching::default() {
                    let grown = craft.kinetic_energy() - 0.5 * dot5(&momentum, &free) - work;
                    // The mass matrix changes a little as the legs move.
                    assert!(grown < 0.02, "{place}: {grown} J");
                    contacts += 1;
                }
                budget += work;
                let energy = craft.kinetic_energy() + craft.potential_energy(GRAVITY);
                assert!(energy < budget, "{place}: {energy} J of {budget} J");
            }
            assert!(contacts > 50);
        }
    }

    #[test]
    fn a_craft_at_rest_on_its_legs_stays_where_it_is() {
        let terrain = Terrain::new([3.3; 11]);
        let mut craft = Craft::new(Vector::new(10.3, 3.3 + 0.623), 0.0, [CLOSED; 2]);
        craft.motors = rested_motors([CLOSED; 2]);
        for _ in 0..25 {
            step(&mut craft, &terrain);
        }
        let settled = craft.origin;
        for _ in 0..500 {
            let touching = step(&mut craft, &terrain);
            assert!(touching.legs.iter().all(|&chunks| chunks != 0) && !touching.lander);
            assert!(craft.velocity.iter().all(|v| v.abs() < 1e-6));
        }
        let drift = craft.origin - settled;
        assert!(drift.dot(drift).sqrt() < 1e-6, "{drift:?}");
    }

    #[test]
    fn a_fast_craft_does_not_sink_into_the_ground() {
        let terrain = Terrain::new([3.3; 11]);
        for angle in [0.0, 0.5, 1.6, 3.1] {
            let mut craft = Craft::new(Vector::new(10.0, 5.5), angle, [CLOSED; 2]);
            craft.set_velocity(Vector::new(2.0, -20.0), 0.5, [0.0; 2]);
            for _ in 0..30 {
                step(&mut craft, &terrain);
                for part in Part::ALL {
                    for corner in craft.outline(part).corners() {
                        assert!(corner.y > 3.3 - 0.1, "{angle}: {corner:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_leg_past_a_stop_is_led_back_to_it_and_no_farther() {
        let between = 0.5 * (CLOSED + OPEN);
        let corrected = |opening| {
            let mut displacement = [0.0; 5];
            let craft = Craft::new(Vector::new(10.0, 9.0), 0.2, [opening, between]);
            correct(&craft, &mut [], &mut displacement);
            opening + displacement[3]
        };
        let (closed, open) = (CLOSED - STOP_SLOP, OPEN + STOP_SLOP);
        assert!((corrected(closed - 0.05) - closed).abs() < 1e-9);
        assert!((corrected(open + 0.05) - open).abs() < 1e-9);
        for opening in [closed, between, open] {
            assert_eq!(corrected(opening), opening);
        }
    }
}

//! Craft: the lander and its two hinged legs, in generalized coordinates.
//!
//! The five coordinates are the lander's origin and angle and the opening of each leg, so that a
//! hinge cannot come apart. The velocities are that of the common centre of mass, the angular
//! velocity of the whole about it, and the rates at which the legs open. For these, the mass matrix
//! is the total mass for the first two and a symmetric 3×3 matrix of inertia, which depends on the
//! openings only, for the others. The change of that matrix during a step is neglected: each leg
//! has 1.4 % of the lander's mass.

use rl_core::EnvironmentError;

use super::vector::{Rotation, Vector};
use crate::saved::Saved;

/// Seconds per step.
pub(super) const DT: f64 = 1.0 / 50.0;
/// Metres per pixel of Gymnasium's drawing, the unit of its lengths.
const PIXEL: f64 = 1.0 / 30.0;

/// Mass of the lander without legs, in kg.
const LANDER_MASS: f64 = 4.816_666_603_088_379;
/// Moment of inertia of the lander about its centre of mass, in kg·m².
const LANDER_INERTIA: f64 = 0.783_880_738_525_591_1;
/// Centre of mass of the lander, from its origin, in m.
const LANDER_CENTRE: Vector = Vector::new(0.0, 0.101_307_190_954_685_21);
/// Corners of the lander from its origin, anticlockwise, in m.
pub(super) const LANDER_OUTLINE: [Vector; 6] = [
    Vector::new(-17.0 * PIXEL, -10.0 * PIXEL),
    Vector::new(17.0 * PIXEL, -10.0 * PIXEL),
    Vector::new(17.0 * PIXEL, 0.0),
    Vector::new(14.0 * PIXEL, 17.0 * PIXEL),
    Vector::new(-14.0 * PIXEL, 17.0 * PIXEL),
    Vector::new(-17.0 * PIXEL, 0.0),
];

/// Mass of a leg, in kg.
const LEG_MASS: f64 = 0.071_111_120_283_603_67;
/// Moment of inertia of a leg about its centre, in kg·m².
const LEG_INERTIA: f64 = 0.001_790_947_047_993_540_8;
/// Half the width and half the length of a leg, in m.
pub(super) const LEG_HALF_EXTENTS: Vector = Vector::new(2.0 * PIXEL, 8.0 * PIXEL);
/// Corners of a leg from its centre, anticlockwise, in m.
const LEG_OUTLINE: [Vector; 4] = [
    Vector::new(-LEG_HALF_EXTENTS.x, -LEG_HALF_EXTENTS.y),
    Vector::new(LEG_HALF_EXTENTS.x, -LEG_HALF_EXTENTS.y),
    Vector::new(LEG_HALF_EXTENTS.x, LEG_HALF_EXTENTS.y),
    Vector::new(-LEG_HALF_EXTENTS.x, LEG_HALF_EXTENTS.y),
];
/// Sense of rotation in which a leg opens: anticlockwise for leg 0, at the right, clockwise for leg
/// 1, at the left.
const OPENS: [f64; 2] = [1.0, -1.0];
/// Centre of a leg with opening 0, from the hinge in the lander's origin, in m.
const LEG_CENTRE: [Vector; 2] = [
    Vector::new(20.0 * PIXEL, -18.0 * PIXEL),
    Vector::new(-20.0 * PIXEL, -18.0 * PIXEL),
];

/// Mass of the craft, in kg.
pub(super) const MASS: f64 = LANDER_MASS + 2.0 * LEG_MASS;
/// Upper bound of the distance between a point of the craft and its origin, in m.
pub(super) const REACH: f64 = 1.2;

/// One number per generalized coordinate: x, y, angle, opening of leg 0, opening of leg 1.
pub(super) type Generalized = [f64; 5];

pub(super) fn dot5(a: &Generalized, b: &Generalized) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3] + a[4] * b[4]
}

/// Part of the craft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Lander,
    /// Leg 0 or leg 1.
    Leg(usize),
}

impl Part {
    pub(super) const ALL: [Self; 3] = [Self::Lander, Self::Leg(0), Self::Leg(1)];
}

/// Quantities that depend on the openings only, in the lander's frame.
#[derive(Clone, Debug, PartialEq)]
struct Shape {
    openings: [f64; 2],
    /// Rotation of each leg against the lander.
    leg_rotations: [Rotation; 2],
    /// Centre of each leg, from the lander's origin.
    leg_centres: [Vector; 2],
    /// Common centre of mass, from the lander's origin.
    centre: Vector,
    /// Inertia of angle and openings, `[3, 3]` in kg·m².
    inertia: [[f64; 3]; 3],
}

impl Shape {
    fn new(openings: [f64; 2]) -> Self {
        let leg_rotations = [0, 1].map(|i| Rotation::new(OPENS[i] * openings[i]));
        let legs = [0, 1].map(|i| LEG_CENTRE[i].rotated(leg_rotations[i]));
        let centre = (LANDER_CENTRE * LANDER_MASS + (legs[0] + legs[1]) * LEG_MASS) * (1.0 / MASS);
        let square = |v: Vector| v.dot(v);
        let whole = LANDER_INERTIA
            + LANDER_MASS * square(LANDER_CENTRE - centre)
            + legs
                .map(|leg| LEG_INERTIA + LEG_MASS * square(leg - centre))
                .iter()
                .sum::<f64>();
        let [whole_0, whole_1] =
            [0, 1].map(|i| OPENS[i] * (LEG_INERTIA + LEG_MASS * (legs[i] - centre).dot(legs[i])));
        let [leg_0, leg_1] =
            legs.map(|leg| LEG_INERTIA + LEG_MASS * square(leg) * (1.0 - LEG_MASS / MASS));
        let legs_01 = -OPENS[0] * OPENS[1] * LEG_MASS * LEG_MASS / MASS * legs[0].dot(legs[1]);
        Self {
            openings,
            leg_rotations,
            leg_centres: legs,
            centre,
            inertia: [
                [whole, whole_0, whole_1],
                [whole_0, leg_0, legs_01],
                [whole_1, legs_01, leg_1],
            ],
        }
    }
}

/// Position and motion of the craft.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Craft {
    /// Origin of the lander, in m.
    pub(super) origin: Vector,
    /// Angle of the lander, in rad.
    pub(super) angle: f64,
    /// Velocity of the common centre of mass (m/s), angular velocity and rates of opening of the
    /// legs (rad/s).
    pub(super) velocity: Generalized,
    /// Impulse of the motor of each leg in the last step, positive outwards, in N·m·s.
    pub(super) motors: [f64; 2],
    shape: Shape,
    rotation: Rotation,
}

/// Polygon of a part of the craft in the world, `corners[..len]`, anticlockwise.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outline {
    corners: [Vector; 6],
    len: usize,
}

impl Outline {
    pub(super) fn corners(&self) -> &[Vector] {
        &self.corners[..self.len]
    }
}

impl Craft {
    /// A craft at rest.
    pub(super) fn new(origin: Vector, angle: f64, openings: [f64; 2]) -> Self {
        Self {
            origin,
            angle,
            velocity: [0.0; 5],
            motors: [0.0; 2],
            shape: Shape::new(openings),
            rotation: Rotation::new(angle),
        }
    }

    /// Origin, angle, openings, velocity and motors: everything else follows from them.
    pub(super) fn save(&self, state: &mut Vec<f64>) {
        state.extend([self.origin.x, self.origin.y, self.angle]);
        state.extend(self.shape.openings);
        state.extend(self.velocity);
        state.extend(self.motors);
    }

    pub(super) fn restored(saved: &mut Saved<'_>) -> Result<Self, EnvironmentError> {
        let (origin, angle) = (saved.array::<2>()?.into(), saved.number()?);
        let mut craft = Self::new(origin, angle, saved.array()?);
        (craft.velocity, craft.motors) = (saved.array()?, saved.array()?);
        Ok(craft)
    }

    /// Opening of each leg, in rad.
    pub(super) fn openings(&self) -> [f64; 2] {
        self.shape.openings
    }

    /// The common centre of mass.
    fn centre(&self) -> Vector {
        self.origin + self.shape.centre.rotated(self.rotation)
    }

    /// The lander's centre of mass.
    pub(super) fn lander_centre(&self) -> Vector {
        self.origin + LANDER_CENTRE.rotated(self.rotation)
    }

    /// The centre of a leg.
    pub(super) fn leg_centre(&self, leg: usize) -> Vector {
        self.origin + self.shape.leg_centres[leg].rotated(self.rotation)
    }

    /// The angle of a leg, in rad.
    pub(super) fn leg_angle(&self, leg: usize) -> f64 {
        self.angle + OPENS[leg] * self.shape.openings[leg]
    }

    /// The velocity of the lander's centre of mass, in m/s.
    pub(super) fn lander_velocity(&self) -> Vector {
        self.velocity_of(Part::Lander, self.lander_centre())
    }

    /// Sine and cosine of the angle.
    pub(super) fn rotation(&self) -> Rotation {
        self.rotation
    }

    /// The outline of a part.
    pub(super) fn outline(&self, part: Part) -> Outline {
        let mut corners = LANDER_OUTLINE;
        match part {
            Part::Lander => {
                for corner in &mut corners {
                    *corner = self.origin + corner.rotated(self.rotation);
                }
                Outline { corners, len: 6 }
            }
            Part::Leg(leg) => {
                let rotation = self.rotation.after(self.shape.leg_rotations[leg]);
                let centre = self.leg_centre(leg);
                for (corner, local) in corners.iter_mut().zip(LEG_OUTLINE) {
                    *corner = centre + local.rotated(rotation);
                }
                Outline { corners, len: 4 }
            }
        }
    }

    /// The row of the Jacobian that gives the speed of a point of `part` along `direction`.
    pub(super) fn jacobian(&self, part: Part, point: Vector, direction: Vector) -> Generalized {
        let turning = |arm: Vector| arm.perpendicular().dot(direction);
        let opening = |leg: usize| {
            // A leg that opens moves the other parts relative to the common centre of mass.
            let shift = self.shape.leg_centres[leg].rotated(self.rotation) * (LEG_MASS / MASS);
            let own = if part == Part::Leg(leg) {
                turning(point - self.origin)
            } else {
                0.0
            };
            OPENS[leg] * (own - turning(shift))
        };
        [
            direction.x,
            direction.y,
            turning(point - self.centre()),
            opening(0),
            opening(1),
        ]
    }

    /// The velocity of a point of a part, in m/s.
    pub(super) fn velocity_of(&self, part: Part, point: Vector) -> Vector {
        let along = |direction| dot5(&self.jacobian(part, point, direction), &self.velocity);
        Vector::new(along(Vector::new(1.0, 0.0)), along(Vector::new(0.0, 1.0)))
    }

    /// Sets the velocity so that the lander's centre of mass moves with `velocity` (m/s), the craft
    /// turns with `turning` and the legs open with `opening` (rad/s).
    pub(super) fn set_velocity(&mut self, velocity: Vector, turning: f64, opening: [f64; 2]) {
        self.velocity = [0.0, 0.0, turning, opening[0], opening[1]];
        let rest = velocity - self.velocity_of(Part::Lander, self.lander_centre());
        [self.velocity[0], self.velocity[1]] = rest.into();
    }

    /// The momentum of the current velocity.
    pub(super) fn momentum(&self) -> Generalized {
        self.momentum_of(&self.velocity)
    }

    /// The momentum of a velocity.
    pub(super) fn momentum_of(&self, velocity: &Generalized) -> Generalized {
        let [x, y, angular @ ..] = *velocity;
        let row = |i: usize| (0..3).map(|j| self.shape.inertia[i][j] * angular[j]).sum();
        [MASS * x, MASS * y, row(0), row(1), row(2)]
    }

    /// The change of momentum by `impulse` (N·s) at a point of the lander.
    pub(super) fn impulse_at(&self, point: Vector, impulse: Vector) -> Generalized {
        self.jacobian(Part::Lander, point, impulse)
    }

    /// The change of vertical momentum by one step of `gravity` (m/s²).
    pub(super) fn weight(gravity: f64) -> f64 {
        MASS * gravity * DT
    }

    /// The velocity of the craft with `momentum` when the legs are forced to open with the given
    /// rates.
    pub(super) fn velocity_with(&self, momentum: &Generalized, opening: [f64; 2]) -> Generalized {
        let [whole, leg_0, leg_1] = self.shape.inertia[0];
        let turning = (momentum[2] - leg_0 * opening[0] - leg_1 * opening[1]) / whole;
        let [x, y] = [momentum[0] / MASS, momentum[1] / MASS];
        [x, y, turning, opening[0], opening[1]]
    }

    /// The inverse of the mass matrix over the free coordinates. A leg that is held (`None`) is not
    /// free; damping (N·m·s per rad/s) adds to the inertia of a leg.
    pub(super) fn mobility(&self, damping: [Option<f64>; 2]) -> Mobility {
        let mut a = self.shape.inertia;
        for leg in 0..2 {
            if let Some(damping) = damping[leg] {
                a[leg + 1][leg + 1] += damping;
            } else {
                for row in &mut a {
                    row[leg + 1] = 0.0;
                }
                a[leg + 1] = [0.0; 3];
                a[leg + 1][leg + 1] = 1.0;
            }
        }
        let minor = |i: usize, j: usize| {
            let [r, s] = [(i + 1) % 3, (i + 2) % 3];
            let [c, d] = [(j + 1) % 3, (j + 2) % 3];
            a[r][c] * a[s][d] - a[r][d] * a[s][c]
        };
        let determinant: f64 = (0..3).map(|j| a[0][j] * minor(0, j)).sum();
        // The matrix is symmetric, so that the cofactors need no transposition.
        let mut angular = [0, 1, 2].map(|i| [0, 1, 2].map(|j| minor(i, j) / determinant));
        for leg in 0..2 {
            if damping[leg].is_none() {
                angular[leg + 1][leg + 1] = 0.0;
            }
        }
        Mobility { angular }
    }

    /// Moves the craft by a displacement of its coordinates.
    pub(super) fn displace(&mut self, by: &Generalized) {
        let centre = self.centre() + Vector::new(by[0], by[1]);
        if by[3] != 0.0 || by[4] != 0.0 {
            let [a, b] = self.shape.openings;
            self.shape = Shape::new([a + by[3], b + by[4]]);
        }
        self.angle += by[2];
        self.rotation = Rotation::new(self.angle);
        self.origin = centre - self.shape.centre.rotated(self.rotation);
    }

    /// Kinetic energy, in J.
    #[cfg(test)]
    pub(super) fn kinetic_energy(&self) -> f64 {
        0.5 * dot5(&self.momentum(), &self.velocity)
    }

    /// Potential energy, the weight times the height of the common centre of mass, in J.
    #[cfg(test)]
    pub(super) fn potential_energy(&self, gravity: f64) -> f64 {
        -MASS * gravity * self.centre().y
    }
}

/// Inverse of the mass matrix, which turns an impulse into a change of velocity.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mobility {
    angular: [[f64; 3]; 3],
}

impl Mobility {
    pub(super) fn apply(&self, impulse: &Generalized) -> Generalized {
        let row = |i: usize| {
            self.angular[i][0] * impulse[2]
                + self.angular[i][1] * impulse[3]
                + self.angular[i][2] * impulse[4]
        };
        [impulse[0] / MASS, impulse[1] / MASS, row(0), row(1), row(2)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn craft() -> Craft {
        let mut craft = Craft::new(Vector::new(3.0, 5.0), 0.7, [0.4, 0.6]);
        craft.velocity = [1.0, -2.0, 0.8, 0.5, -0.9];
        craft
    }

    /// The kinetic energy, as the sum over the three bodies.
    fn energy_of_bodies(craft: &Craft) -> f64 {
        let [.., turning, opening_0, opening_1] = craft.velocity;
        let energy = |mass: f64, inertia: f64, part, centre, turning: f64| {
            let velocity = craft.velocity_of(part, centre);
            0.5 * (mass * velocity.dot(velocity) + inertia * turning * turning)
        };
        let leg = |i: usize, turning| {
            energy(
                LEG_MASS,
                LEG_INERTIA,
                Part::Leg(i),
                craft.leg_centre(i),
                turning,
            )
        };
        energy(
            LANDER_MASS,
            LANDER_INERTIA,
            Part::Lander,
            craft.lander_centre(),
            turning,
        ) + leg(0, turning + OPENS[0] * opening_0)
            + leg(1, turning + OPENS[1] * opening_1)
    }

    #[test]
    fn the_mass_matrix_is_that_of_three_bodies() {
        let craft = craft();
        assert!((craft.kinetic_energy() - energy_of_bodies(&craft)).abs() < 1e-12);
    }

    #[test]
    fn velocities_of_points_are_what_displacements_do_to_them() {
        let craft = craft();
        let h = 1e-6;
        for part in Part::ALL {
            let mut moved = craft.clone();
            moved.displace(&craft.velocity.map(|v| v * h));
            let (before, after) = (craft.outline(part), moved.outline(part));
            for (from, to) in before.corners().iter().zip(after.corners()) {
                let error = (*to - *from) * (1.0 / h) - craft.velocity_of(part, *from);
                assert!(error.dot(error).sqrt() < 1e-5, "{part:?}: {error:?}");
            }
        }
    }

    #[test]
    fn mobility_inverts_the_mass_matrix_over_what_is_free() {
        let craft = craft();
        let velocity = craft.mobility([Some(0.0); 2]).apply(&craft.momentum());
        for (a, b) in velocity.iter().zip(craft.velocity) {
            assert!((a - b).abs() < 1e-12);
        }
        let held = craft
            .mobility([None, Some(0.0)])
            .apply(&[0.0, 0.0, 1.0, 5.0, 2.0]);
        assert_eq!(held[3], 0.0);
        let momentum = craft.momentum_of(&held);
        assert!((momentum[2] - 1.0).abs() < 1e-12 && (momentum[4] - 2.0).abs() < 1e-12);
    }

    #[test]
    fn no_corner_is_out_of_reach() {
        for opening in [0.3, 0.35, 0.6, 0.9] {
            let craft = Craft::new(Vector::default(), 0.0, [opening; 2]);
            for part in Part::ALL {
                for corner in craft.outline(part).corners() {
                    assert!(corner.dot(*corner).sqrt() < REACH);
                }
            }
        }
    }

    #[test]
    fn legs_open_to_either_side_of_the_lander() {
        let craft = Craft::new(Vector::default(), 0.5, [0.25, 0.125]);
        assert_eq!([0, 1].map(|leg| craft.leg_angle(leg)), [0.75, 0.375]);
    }
}

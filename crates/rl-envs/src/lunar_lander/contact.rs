//! Where the craft touches the ground.
//!
//! Corners of the craft against the chunk below them, and ridges of the terrain against the faces
//! of the craft. Both carry a skin, as Box2D's polygons do: they touch at a distance of [`SKIN`].

use super::{
    craft::{Craft, DT, Outline, Part, REACH},
    terrain::{Chunks, Ground, Terrain},
    vector::Vector,
};

/// Distance at which two surfaces touch, in m: twice Box2D's polygon radius.
pub(super) const SKIN: f64 = 0.02;
/// Distance from which a fast approach counts as touching within the step, in m: where Box2D's
/// continuous collision stops a body.
pub(super) const IMPACT: f64 = SKIN - 3.0 * SLOP;
/// Overlap of skins that is left alone, in m.
pub(super) const SLOP: f64 = 0.005;
/// Box2D mixes the friction of two surfaces by the geometric mean, here of 0.1 (ground and lander)
/// and 0.2 (legs).
const LANDER_FRICTION: f64 = 0.1;
const LEG_FRICTION: f64 = std::f64::consts::SQRT_2 * 0.1;

/// Corners, and at most one ridge per part and two more.
pub(super) const CAPACITY: usize = 20;

/// A point where a part of the craft touches the ground, or may do so within the step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Contact {
    pub(super) part: Part,
    pub(super) point: Vector,
    /// Unit vector out of the ground.
    pub(super) normal: Vector,
    /// Distance of the surfaces without their skins, in m.
    pub(super) distance: f64,
    /// The chunks of the terrain that are touched.
    pub(super) chunks: Chunks,
}

impl Contact {
    pub(super) fn friction(&self) -> f64 {
        match self.part {
            Part::Lander => LANDER_FRICTION,
            Part::Leg(_) => LEG_FRICTION,
        }
    }
}

/// The contacts of a step.
#[derive(Clone, Debug)]
pub(super) struct Contacts {
    items: [Contact; CAPACITY],
    len: usize,
}

impl Contacts {
    /// The contacts of a craft that is about to move with its velocity.
    pub(super) fn find(craft: &Craft, terrain: &Terrain) -> Self {
        let none = Contact {
            part: Part::Lander,
            point: Vector::default(),
            normal: Vector::default(),
            distance: 0.0,
            chunks: 0,
        };
        let mut contacts = Self {
            items: [none; CAPACITY],
            len: 0,
        };
        if may_touch(craft, terrain) {
            for part in Part::ALL {
                contacts.find_of(part, craft, terrain);
            }
        }
        contacts
    }

    pub(super) fn as_slice(&self) -> &[Contact] {
        &self.items[..self.len]
    }

    fn find_of(&mut self, part: Part, craft: &Craft, terrain: &Terrain) {
        let outline = craft.outline(part);
        let mut low = Vector::new(f64::MAX, f64::MAX);
        let mut high = f64::MIN;
        for &corner in outline.corners() {
            low = Vector::new(low.x.min(corner.x), low.y.min(corner.y));
            high = high.max(corner.x);
            if let Some(ground) = terrain.below(corner) {
                self.push_if_near(craft, part, corner, ground);
            }
        }
        if terrain.reaches(low.y - margin(craft), low.x, high) {
            for (ridge, chunks) in terrain.ridges(low.x, high) {
                if let Some((normal, distance)) = face_over(&outline, ridge) {
                    let ground = Ground {
                        normal,
                        distance,
                        chunks,
                    };
                    self.push_if_near(craft, part, ridge, ground);
                }
            }
        }
    }

    fn push_if_near(&mut self, craft: &Craft, part: Part, point: Vector, ground: Ground) {
        let Ground {
            normal,
            distance,
            chunks,
        } = ground;
        let near = distance < SKIN
            || distance < margin(craft) && {
                let speed = craft.velocity_of(part, point).dot(normal);
                // Half as much again, since another contact may turn this point towards the ground.
                distance + 1.5 * speed * DT < SKIN
            };
        if near && self.len < CAPACITY {
            self.items[self.len] = Contact {
                part,
                point,
                normal,
                distance,
                chunks,
            };
            self.len += 1;
        }
    }
}

/// How far a point of the craft may come in a step, skins included, in m.
fn margin(craft: &Craft) -> f64 {
    let [x, y, turning, opening_0, opening_1] = craft.velocity;
    let turning = turning.abs() + opening_0.abs() + opening_1.abs();
    SKIN + DT * 1.5 * (x.abs() + y.abs() + REACH * turning)
}

/// Whether any part can come near the ground.
fn may_touch(craft: &Craft, terrain: &Terrain) -> bool {
    let reach = REACH + margin(craft);
    let Vector { x, y } = craft.origin;
    terrain.reaches(y - reach, x - reach, x + reach)
}

/// The face of a polygon nearest to a ridge in it or below it: its inward normal, which points out
/// of the ground, and the distance of the ridge, negative inside.
fn face_over(outline: &Outline, ridge: Vector) -> Option<(Vector, f64)> {
    let corners = outline.corners();
    let mut nearest: Option<(Vector, f64)> = None;
    for (i, &from) in corners.iter().enumerate() {
        let to = corners[(i + 1) % corners.len()];
        let along = to - from;
        let inward = along.perpendicular() * (1.0 / along.dot(along).sqrt());
        let distance = -inward.dot(ridge - from);
        if inward.y <= 0.0 {
            // A face that looks up: what is above it is beyond the polygon.
            if distance > 0.0 {
                return None;
            }
        } else if nearest.is_none_or(|(_, other)| distance > other) {
            nearest = Some((inward, distance));
        }
    }
    nearest
}

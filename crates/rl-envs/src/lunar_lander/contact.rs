//! Contacts between the craft and the ground.
//!
//! Corners of the craft touch the chunk of terrain below them, and ridges of the terrain touch the
//! faces of the craft. Both surfaces carry a skin, as Box2D's polygons do: they touch at a distance
//! of [`SKIN`].

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
/// Overlap of skins that is not corrected, in m.
pub(super) const SLOP: f64 = 0.005;
/// Coefficients of friction with the ground. Box2D takes the geometric mean of two surfaces, here
/// of 0.1 (ground and lander) and 0.2 (legs).
const LANDER_FRICTION: f64 = 0.1;
const LEG_FRICTION: f64 = std::f64::consts::SQRT_2 * 0.1;

/// Greatest number of contacts: all corners, and at most one ridge per part and two more.
pub(super) const CAPACITY: usize = 20;

/// Point where a part of the craft touches the ground, or may do so within the step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Contact {
    pub(super) part: Part,
    pub(super) point: Vector,
    /// Unit vector out of the ground.
    pub(super) normal: Vector,
    /// Distance of the surfaces without their skins, in m.
    pub(super) distance: f64,
    /// Speed of the craft out of the ground before anything is solved, in m/s.
    pub(super) speed: f64,
    /// Chunks of the terrain that are touched.
    pub(super) chunks: Chunks,
}

impl Contact {
    /// Returns `true` if the surfaces touch, skin to skin, at the start of the step.
    pub(super) fn touches(&self) -> bool {
        self.distance <= SKIN
    }

    /// Returns `true` if the surfaces meet within the step.
    pub(super) fn impacts(&self) -> bool {
        self.distance + self.speed * DT < IMPACT
    }

    pub(super) fn friction(&self) -> f64 {
        match self.part {
            Part::Lander => LANDER_FRICTION,
            Part::Leg(_) => LEG_FRICTION,
        }
    }
}

/// Contacts of a step.
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
            speed: 0.0,
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
        if distance > margin(craft) || self.len == CAPACITY {
            return;
        }
        let speed = craft.velocity_of(part, point).dot(normal);
        // Half as much again, because another contact may turn this point towards the ground.
        if distance <= SKIN || distance + 1.5 * speed * DT < SKIN {
            self.items[self.len] = Contact {
                part,
                point,
                normal,
                distance,
                speed,
                chunks,
            };
            self.len += 1;
        }
    }
}

/// Greatest distance that a point of the craft may cover in a step, plus the skin, in m.
fn margin(craft: &Craft) -> f64 {
    let [x, y, turning, opening_0, opening_1] = craft.velocity;
    let turning = turning.abs() + opening_0.abs() + opening_1.abs();
    SKIN + DT * 1.5 * (x.abs() + y.abs() + REACH * turning)
}

/// Returns `true` if a part may come near the ground.
fn may_touch(craft: &Craft, terrain: &Terrain) -> bool {
    let reach = REACH + margin(craft);
    let Vector { x, y } = craft.origin;
    terrain.reaches(y - reach, x - reach, x + reach)
}

/// The face of a polygon nearest to a ridge inside or below the polygon: its inward normal, which
/// points out of the ground, and the distance of the ridge, negative inside.
fn face_over(outline: &Outline, ridge: Vector) -> Option<(Vector, f64)> {
    let corners = outline.corners();
    let mut nearest: Option<(Vector, f64)> = None;
    for (i, &from) in corners.iter().enumerate() {
        let to = corners[(i + 1) % corners.len()];
        let along = to - from;
        let inward = along.perpendicular() * (1.0 / along.dot(along).sqrt());
        let distance = -inward.dot(ridge - from);
        if inward.y <= 0.0 {
            // The ridge is above a face that points upwards, and so outside the polygon.
            if distance > 0.0 {
                return None;
            }
        } else if nearest.is_none_or(|(_, other)| distance > other) {
            nearest = Some((inward, distance));
        }
    }
    nearest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contacts(height: f64, fall: f64, terrain: &Terrain) -> Vec<Contact> {
        let mut craft = Craft::new(Vector::new(11.0, height), 0.0, [0.35; 2]);
        craft.set_velocity(Vector::new(0.0, -fall), 0.0, [0.0; 2]);
        Contacts::find(&craft, terrain).as_slice().to_vec()
    }

    #[test]
    fn level_feet_touch_level_ground_at_their_outer_corners() {
        let terrain = Terrain::new([3.3; 11]);
        let touching = contacts(3.92, 0.0, &terrain);
        let parts: Vec<_> = touching.iter().map(|contact| contact.part).collect();
        assert_eq!(parts, [Part::Leg(0), Part::Leg(1)]);
        assert!(touching.iter().all(|contact| contact.touches()));
        assert!(contacts(3.95, 0.0, &terrain).is_empty());
        let meeting = contacts(3.95, 4.0, &terrain);
        assert!(
            meeting
                .iter()
                .any(|contact| contact.impacts() && !contact.touches())
        );
    }

    #[test]
    fn a_ridge_under_the_lander_touches_its_underside() {
        let mut terrain = [0.0; 11];
        terrain[5] = 4.0;
        let terrain = Terrain::new(terrain);
        let mut craft = Craft::new(Vector::new(10.1, 4.34), 0.0, [0.35; 2]);
        craft.set_velocity(Vector::default(), 0.0, [0.0; 2]);
        let found = Contacts::find(&craft, &terrain);
        let ridge = found
            .as_slice()
            .iter()
            .find(|contact| contact.part == Part::Lander)
            .unwrap();
        assert_eq!(ridge.normal, Vector::new(0.0, 1.0));
        assert!((ridge.distance - (0.34 - 1.0 / 3.0)).abs() < 1e-12);
    }

    #[test]
    fn the_margin_is_the_way_of_the_fastest_point_and_the_skin() {
        let mut craft = Craft::new(Vector::new(11.0, 5.0), 0.3, [0.35; 2]);
        assert_eq!(margin(&craft), SKIN);
        craft.velocity = [-2.0, -3.0, -4.0, 1.0, -2.0];
        let fastest = 2.0 + 3.0 + REACH * (4.0 + 1.0 + 2.0);
        assert!((margin(&craft) - (SKIN + DT * 1.5 * fastest)).abs() < 1e-12);
    }

    #[test]
    fn a_ridge_is_under_a_face_only_from_inside_or_below() {
        let craft = Craft::new(Vector::new(10.0, 5.0), 0.0, [0.35; 2]);
        let outline = craft.outline(Part::Lander);
        let heights = outline.corners().iter().map(|corner| corner.y);
        let (low, high) = heights.fold((f64::MAX, f64::MIN), |(low, high), y| {
            (low.min(y), high.max(y))
        });
        let distance = |y| {
            let face = face_over(&outline, Vector::new(10.0, y));
            face.map(|(normal, distance)| (normal.y, distance))
        };
        assert_eq!(distance(high + 0.1), None);
        let (up, below) = distance(low - 0.1).unwrap();
        assert!(up == 1.0 && (below - 0.1).abs() < 1e-12, "{below}");
        let (up, inside) = distance(low + 0.1).unwrap();
        assert!(up == 1.0 && (inside + 0.1).abs() < 1e-12, "{inside}");
    }
}

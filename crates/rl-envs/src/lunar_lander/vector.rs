//! Vectors in the plane.

use std::ops::{Add, AddAssign, Mul, Neg, Sub};

/// Vector or point; in m where it is a position.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Vector {
    pub(super) x: f64,
    pub(super) y: f64,
}

impl Vector {
    pub(super) const fn new(x: f64, y: f64) -> Self {
        Self { x, y }
    }

    pub(super) fn dot(self, other: Self) -> f64 {
        self.x * other.x + self.y * other.y
    }

    /// The vector after a quarter turn anticlockwise: the velocity of this point at 1 rad/s about
    /// the origin.
    pub(super) fn perpendicular(self) -> Self {
        Self::new(-self.y, self.x)
    }

    pub(super) fn rotated(self, by: Rotation) -> Self {
        Self::new(
            by.cos * self.x - by.sin * self.y,
            by.sin * self.x + by.cos * self.y,
        )
    }
}

/// Rotation, anticlockwise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rotation {
    pub(super) sin: f64,
    pub(super) cos: f64,
}

impl Rotation {
    /// The rotation by `angle` rad.
    pub(super) fn new(angle: f64) -> Self {
        let (sin, cos) = angle.sin_cos();
        Self { sin, cos }
    }

    /// The rotation by another one and then by this one.
    pub(super) fn after(self, other: Self) -> Self {
        Self {
            sin: self.sin * other.cos + self.cos * other.sin,
            cos: self.cos * other.cos - self.sin * other.sin,
        }
    }
}

impl From<[f64; 2]> for Vector {
    fn from([x, y]: [f64; 2]) -> Self {
        Self { x, y }
    }
}

impl From<Vector> for [f64; 2] {
    fn from(Vector { x, y }: Vector) -> Self {
        [x, y]
    }
}

impl Add for Vector {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self::new(self.x + other.x, self.y + other.y)
    }
}

impl AddAssign for Vector {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Vector {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self::new(self.x - other.x, self.y - other.y)
    }
}

impl Neg for Vector {
    type Output = Self;
    fn neg(self) -> Self {
        Self::new(-self.x, -self.y)
    }
}

impl Mul<f64> for Vector {
    type Output = Self;
    fn mul(self, factor: f64) -> Self {
        Self::new(self.x * factor, self.y * factor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rotations_compose_by_adding_their_angles() {
        let vector = Vector::new(0.3, -1.2);
        let twice = vector.rotated(Rotation::new(0.4).after(Rotation::new(0.5)));
        let once = vector.rotated(Rotation::new(0.9));
        assert!((twice - once).dot(twice - once) < 1e-30);
        // To first order a rotation moves a point along its perpendicular.
        let moved = (vector.rotated(Rotation::new(1e-7)) - vector) * 1e7;
        assert!((moved - vector.perpendicular()).dot(moved - vector.perpendicular()) < 1e-12);
    }
}

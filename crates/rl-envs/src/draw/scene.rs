//! Scenes: pictures as shapes, before they become pixels.

use super::DrawError;

/// Point in pixels from the lower left corner of the picture, to the right and upwards.
pub type Point = [f64; 2];

/// Red, green and blue.
pub type Colour = [u8; 3];

pub(super) const BLACK: Colour = [0, 0, 0];
pub(super) const WHITE: Colour = [255, 255, 255];
pub(super) const FLAG: Colour = [204, 204, 0];

/// Shape of a scene, in one colour.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// The area within corners, filled where the path winds around it.
    Polygon {
        /// Corners, in order.
        corners: Vec<Point>,
        /// Colour of the area.
        colour: Colour,
    },
    /// A filled circle.
    Circle {
        /// Its middle.
        centre: Point,
        /// Its radius, in pixels.
        radius: f64,
        /// Colour of the area.
        colour: Colour,
    },
    /// A line through points, with round ends and joints.
    Line {
        /// Points, in order.
        points: Vec<Point>,
        /// Width, in pixels.
        width: f64,
        /// Colour of the line.
        colour: Colour,
    },
}

/// Picture as shapes on a background, each above those before it. It becomes pixels by
/// [`to_frame`](Self::to_frame); a page draws the same shapes on a canvas of its own.
///
/// ```
/// use rl_envs::draw::Scene;
///
/// let mut scene = Scene::new(60, 40, [255, 255, 255])?;
/// scene.circle([30.0, 20.0], 10.0, [200, 0, 0]);
/// assert_eq!(scene.shapes().len(), 1);
/// assert_eq!(scene.to_frame().rgb().len(), 60 * 40 * 3);
/// # Ok::<(), rl_envs::draw::DrawError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    size: [u16; 2],
    background: Colour,
    shapes: Vec<Shape>,
}

impl Scene {
    /// Pixels that a side has at most.
    pub const LONGEST_SIDE: u16 = 8192;

    /// An empty picture.
    ///
    /// # Errors
    /// [`DrawError::SceneSize`] for a side of 0, or of more than [`LONGEST_SIDE`](Self::LONGEST_SIDE) pixels.
    pub fn new(width: u16, height: u16, background: Colour) -> Result<Self, DrawError> {
        let sides = 1..=Self::LONGEST_SIDE;
        if !sides.contains(&width) || !sides.contains(&height) {
            return Err(DrawError::SceneSize { width, height });
        }
        Ok(Self::sized([width, height], background))
    }

    /// An empty picture of a size that is known to be allowed.
    pub(super) fn sized(size: [u16; 2], background: Colour) -> Self {
        Self {
            size,
            background,
            shapes: Vec::new(),
        }
    }

    /// Width in pixels.
    pub fn width(&self) -> u16 {
        self.size[0]
    }

    /// Height in pixels.
    pub fn height(&self) -> u16 {
        self.size[1]
    }

    /// Colour behind the shapes.
    pub fn background(&self) -> Colour {
        self.background
    }

    /// The shapes, the lowest first.
    pub fn shapes(&self) -> &[Shape] {
        &self.shapes
    }

    /// Adds the area within corners.
    pub fn polygon(&mut self, corners: &[Point], colour: Colour) {
        let corners = corners.to_vec();
        self.push(Shape::Polygon { corners, colour });
    }

    /// Adds a filled circle.
    pub fn circle(&mut self, centre: Point, radius: f64, colour: Colour) {
        self.push(Shape::Circle {
            centre,
            radius,
            colour,
        });
    }

    /// Adds a line through `points`, with round ends.
    pub fn line(&mut self, points: &[Point], width: f64, colour: Colour) {
        let points = points.to_vec();
        self.push(Shape::Line {
            points,
            width,
            colour,
        });
    }

    /// Adds a pole that stands on `foot`, with a pennant to its right.
    pub(super) fn flag(&mut self, foot: Point, pole: Colour) {
        let [x, y] = foot;
        self.line(&[foot, [x, y + 50.0]], 1.5, pole);
        self.polygon(&[[x, y + 50.0], [x, y + 40.0], [x + 25.0, y + 45.0]], FLAG);
    }

    /// Adds a shape, unless a number of it is not finite in single precision.
    fn push(&mut self, shape: Shape) {
        let is_finite = |number: f64| (number as f32).is_finite();
        let is_whole = match &shape {
            Shape::Polygon { corners, .. } => corners.as_flattened().iter().all(|x| is_finite(*x)),
            Shape::Circle { centre, radius, .. } => {
                is_finite(*radius) && centre.iter().all(|x| is_finite(*x))
            }
            Shape::Line { points, width, .. } => {
                is_finite(*width) && points.as_flattened().iter().all(|x| is_finite(*x))
            }
        };
        if is_whole {
            self.shapes.push(shape);
        }
    }
}

/// The points of a body, given from its origin, after a turn by `angle` (rad, anticlockwise) and a
/// shift to `origin`.
pub(super) fn placed<const N: usize>(body: [Point; N], origin: Point, angle: f64) -> [Point; N] {
    let (sin, cos) = angle.sin_cos();
    body.map(|[x, y]| [origin[0] + x * cos - y * sin, origin[1] + x * sin + y * cos])
}

/// The corners of a rectangle with sides along the axes.
pub(super) fn rectangle([left, bottom]: Point, [right, top]: Point) -> [Point; 4] {
    [[left, bottom], [left, top], [right, top], [right, bottom]]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_with_a_number_that_is_not_finite_is_left_out() {
        let mut scene = Scene::sized([20, 10], WHITE);
        for number in [f64::NAN, f64::INFINITY, 1e300] {
            scene.polygon(&[[0.0, 0.0], [number, 5.0], [5.0, 5.0]], BLACK);
            scene.circle([1.0, number], 1.0, BLACK);
            scene.circle([1.0, 1.0], number, BLACK);
            scene.line(&[[number, 0.0], [1.0, 1.0]], 1.0, BLACK);
        }
        assert_eq!(scene.shapes(), []);
        assert_eq!(scene.to_frame().find(WHITE).len(), 200);
    }

    #[test]
    fn a_side_of_no_pixel_or_of_too_many_is_refused() {
        assert!(Scene::new(1, 8192, WHITE).is_ok());
        for (width, height) in [(0, 5), (5, 0), (8193, 5)] {
            let error = Scene::new(width, height, WHITE).unwrap_err().to_string();
            assert!(error.contains("1 to 8192"), "{error}");
        }
    }
}

//! Canvas that the environments draw on.

use tiny_skia::{
    Color, FillRule, LineCap, LineJoin, Paint, Path, PathBuilder, Pixmap, Stroke, Transform,
};

use super::Frame;

/// Point in pixels from the lower left corner of the picture, to the right and upwards.
pub(super) type Point = [f64; 2];

/// Red, green and blue.
pub(super) type Colour = [u8; 3];

pub(super) const BLACK: Colour = [0, 0, 0];
pub(super) const WHITE: Colour = [255, 255, 255];
pub(super) const FLAG: Colour = [204, 204, 0];

/// Picture that is being drawn. A shape with a coordinate that is not finite is left out.
pub(super) struct Canvas {
    pixels: Pixmap,
}

impl Canvas {
    /// An empty picture; neither side may be 0.
    #[expect(clippy::expect_used, reason = "every environment has a constant size")]
    pub(super) fn new(width: u16, height: u16, background: Colour) -> Self {
        let mut pixels =
            Pixmap::new(width.into(), height.into()).expect("a picture has at least one pixel");
        let [red, green, blue] = background;
        pixels.fill(Color::from_rgba8(red, green, blue, u8::MAX));
        Self { pixels }
    }

    pub(super) fn polygon(&mut self, corners: &[Point], colour: Colour) {
        self.fill(self.path(corners, true), colour);
    }

    pub(super) fn circle(&mut self, [x, y]: Point, radius: f64, colour: Colour) {
        let y = self.pixels.height() as f32 - y as f32;
        self.fill(PathBuilder::from_circle(x as f32, y, radius as f32), colour);
    }

    /// Draws the line through `points`, with round ends.
    pub(super) fn line(&mut self, points: &[Point], width: f64, colour: Colour) {
        let stroke = Stroke {
            width: width as f32,
            line_cap: LineCap::Round,
            line_join: LineJoin::Round,
            ..Stroke::default()
        };
        if let Some(path) = self.path(points, false) {
            self.pixels
                .stroke_path(&path, &paint(colour), &stroke, Transform::identity(), None);
        }
    }

    /// Draws a pole that stands on `foot`, with a pennant to its right.
    pub(super) fn flag(&mut self, foot: Point, pole: Colour) {
        let [x, y] = foot;
        self.line(&[foot, [x, y + 50.0]], 1.5, pole);
        self.polygon(&[[x, y + 50.0], [x, y + 40.0], [x + 25.0, y + 45.0]], FLAG);
    }

    /// The finished picture.
    pub(super) fn finish(self) -> Frame {
        let (width, height) = (self.pixels.width() as u16, self.pixels.height() as u16);
        let (rgba, _) = self.pixels.data().as_chunks::<4>();
        // No alpha channel is needed: the background and every colour are opaque.
        let rgb = rgba.iter().flat_map(|&[r, g, b, _]| [r, g, b]).collect();
        Frame::new(width, height, rgb)
    }

    fn fill(&mut self, path: Option<Path>, colour: Colour) {
        if let Some(path) = path {
            let (rule, whole) = (FillRule::Winding, Transform::identity());
            self.pixels
                .fill_path(&path, &paint(colour), rule, whole, None);
        }
    }

    fn path(&self, points: &[Point], closed: bool) -> Option<Path> {
        let height = self.pixels.height() as f32;
        let mut builder = PathBuilder::new();
        for (i, &[x, y]) in points.iter().enumerate() {
            let (x, y) = (x as f32, height - y as f32);
            if i == 0 {
                builder.move_to(x, y);
            } else {
                builder.line_to(x, y);
            }
        }
        if closed {
            builder.close();
        }
        builder.finish()
    }
}

fn paint(colour: Colour) -> Paint<'static> {
    let mut paint = Paint::default();
    let [red, green, blue] = colour;
    paint.set_color_rgba8(red, green, blue, u8::MAX);
    paint
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

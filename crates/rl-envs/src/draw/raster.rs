//! Pixels of a scene.

use tiny_skia::{
    Color, FillRule, LineCap, LineJoin, Paint, Path, PathBuilder, Pixmap, Stroke, Transform,
};

use super::Frame;
use super::scene::{Colour, Point, Scene, Shape};

impl Scene {
    /// The picture in pixels. The same scene gives the same bytes.
    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "a scene has sides of 1 to 8192 pixels, for which there is memory"
    )]
    pub fn to_frame(&self) -> Frame {
        let (width, height) = (self.width(), self.height());
        let mut pixels =
            Pixmap::new(width.into(), height.into()).expect("a picture has at least one pixel");
        let [red, green, blue] = self.background();
        pixels.fill(Color::from_rgba8(red, green, blue, u8::MAX));
        for shape in self.shapes() {
            draw(&mut pixels, shape);
        }
        let (rgba, _) = pixels.data().as_chunks::<4>();
        // No alpha channel is needed: the background and every colour are opaque.
        let rgb = rgba.iter().flat_map(|&[r, g, b, _]| [r, g, b]).collect();
        Frame::new(width, height, rgb)
    }
}

fn draw(pixels: &mut Pixmap, shape: &Shape) {
    let height = pixels.height() as f32;
    match shape {
        Shape::Polygon { corners, colour } => fill(pixels, path(corners, true, height), *colour),
        Shape::Circle {
            centre: [x, y],
            radius,
            colour,
        } => {
            let circle = PathBuilder::from_circle(*x as f32, height - *y as f32, *radius as f32);
            fill(pixels, circle, *colour);
        }
        Shape::Line {
            points,
            width,
            colour,
        } => {
            let stroke = Stroke {
                width: *width as f32,
                line_cap: LineCap::Round,
                line_join: LineJoin::Round,
                ..Stroke::default()
            };
            if let Some(path) = path(points, false, height) {
                pixels.stroke_path(&path, &paint(*colour), &stroke, Transform::identity(), None);
            }
        }
    }
}

fn fill(pixels: &mut Pixmap, path: Option<Path>, colour: Colour) {
    if let Some(path) = path {
        let (rule, whole) = (FillRule::Winding, Transform::identity());
        pixels.fill_path(&path, &paint(colour), rule, whole, None);
    }
}

fn path(points: &[Point], closed: bool, height: f32) -> Option<Path> {
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

fn paint(colour: Colour) -> Paint<'static> {
    let mut paint = Paint::default();
    let [red, green, blue] = colour;
    paint.set_color_rgba8(red, green, blue, u8::MAX);
    paint
}

#[cfg(test)]
mod tests {
    use super::super::scene::{BLACK, WHITE};
    use super::*;

    #[test]
    fn a_shape_lies_above_those_before_it_with_its_origin_at_the_lower_left() {
        let mut scene = Scene::sized([20, 10], WHITE);
        scene.polygon(&[[0.0, 0.0], [0.0, 4.0], [10.0, 4.0], [10.0, 0.0]], BLACK);
        scene.line(&[[2.0, 2.0], [8.0, 2.0]], 2.0, [9, 9, 9]);
        let frame = scene.to_frame();
        assert_eq!(frame.at([9.5, 3.5]), BLACK);
        assert_eq!(frame.at([5.0, 1.5]), [9, 9, 9]);
        assert_eq!(
            (frame.at([5.0, 6.0]), frame.at([15.0, 1.0])),
            (WHITE, WHITE)
        );
    }
}

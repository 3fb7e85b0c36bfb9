//! A picture of pixels, with smooth edges.

use std::io;

use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{BackendColor, BackendCoord, BackendStyle, BackendTextStyle, FontTransform};
use tiny_skia::{
    Color, FillRule, LineJoin, Paint, Path, PathBuilder, Pixmap, Rect, Stroke, Transform,
};

use super::glyphs::Glyphs;

/// Pixels of a file per pixel of a picture, which makes text sharp.
const SCALE: u32 = 2;

/// Divisor that the SVG backend has for sizes of fonts.
pub const EM: f64 = 1.24;

/// Picture of pixels.
pub struct Pixels {
    size: (u32, u32),
    pixmap: Pixmap,
    glyphs: Glyphs,
}

impl Pixels {
    /// A transparent picture.
    ///
    /// # Errors
    /// A size that is 0, or too large; a font that cannot be read.
    pub fn new(size: (u32, u32)) -> io::Result<Self> {
        let pixmap = Pixmap::new(size.0 * SCALE, size.1 * SCALE).ok_or_else(|| {
            io::Error::other(format!(
                "a picture of {} x {} pixels is not possible",
                size.0, size.1
            ))
        })?;
        Ok(Self {
            size,
            pixmap,
            glyphs: Glyphs::new()?,
        })
    }

    /// Width and height, before they are scaled.
    pub fn size(&self) -> (u32, u32) {
        self.size
    }

    /// The picture as a PNG file.
    ///
    /// # Errors
    /// The encoder's.
    pub fn png(&self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.pixmap.width(), self.pixmap.height());
        encoder.set_color(png::ColorType::Rgba);
        let pixels = self.pixmap.pixels().iter().map(|pixel| pixel.demultiply());
        let data: Vec<u8> = pixels
            .flat_map(|p| [p.red(), p.green(), p.blue(), p.alpha()])
            .collect();
        let mut writer = encoder.write_header().map_err(io::Error::other)?;
        writer.write_image_data(&data).map_err(io::Error::other)?;
        writer.finish().map_err(io::Error::other)?;
        Ok(bytes)
    }

    /// Draws a line through points.
    pub fn line(
        &mut self,
        points: impl IntoIterator<Item = BackendCoord>,
        style: &impl BackendStyle,
    ) {
        // Lines of odd width are sharp through the middles of pixels.
        let shift = if style.stroke_width() % 2 == 1 {
            0.5
        } else {
            0.0
        };
        if let Some(path) = path(points, shift, false) {
            self.stroke(&path, style);
        }
    }

    /// Fills a polygon.
    pub fn polygon(
        &mut self,
        points: impl IntoIterator<Item = BackendCoord>,
        style: &impl BackendStyle,
    ) {
        if let Some(path) = path(points, 0.0, true) {
            self.fill(&path, style.color(), transform());
        }
    }

    /// Draws or fills a rectangle.
    pub fn rectangle(
        &mut self,
        (left, top): BackendCoord,
        (right, bottom): BackendCoord,
        style: &impl BackendStyle,
        fill: bool,
    ) {
        let corners = [left, top, right, bottom].map(|x| x as f32);
        let rect = Rect::from_ltrb(corners[0], corners[1], corners[2], corners[3]);
        match rect.map(PathBuilder::from_rect) {
            Some(path) if fill => self.fill(&path, style.color(), transform()),
            Some(path) => self.stroke(&path, style),
            None => {}
        }
    }

    /// Draws or fills a circle.
    pub fn circle(
        &mut self,
        (x, y): BackendCoord,
        radius: u32,
        style: &impl BackendStyle,
        fill: bool,
    ) {
        match PathBuilder::from_circle(x as f32, y as f32, radius as f32) {
            Some(path) if fill => self.fill(&path, style.color(), transform()),
            Some(path) => self.stroke(&path, style),
            None => {}
        }
    }

    /// Draws a text, placed as in an SVG file.
    pub fn text(&mut self, text: &str, style: &impl BackendTextStyle, (x, y): BackendCoord) {
        let size = (style.size() / EM) as f32;
        let (outline, width) = self.glyphs.outline(text, size);
        let left = match style.anchor().h_pos {
            HPos::Left => 0.0,
            HPos::Center => -width / 2.0,
            HPos::Right => -width,
        };
        let down = match style.anchor().v_pos {
            VPos::Top => 0.76 * size,
            VPos::Center => 0.27 * size,
            VPos::Bottom => -0.27 * size,
        };
        let turn = match style.transform() {
            FontTransform::None => 0.0,
            FontTransform::Rotate90 => 90.0,
            FontTransform::Rotate180 => 180.0,
            FontTransform::Rotate270 => 270.0,
        };
        let place = transform()
            .pre_translate(x as f32, y as f32)
            .pre_concat(Transform::from_rotate(turn))
            .pre_translate(left, down);
        if let Some(outline) = outline {
            self.fill(&outline, style.color(), place);
        }
    }

    fn fill(&mut self, path: &Path, color: BackendColor, place: Transform) {
        self.pixmap
            .fill_path(path, &paint(color), FillRule::Winding, place, None);
    }

    fn stroke(&mut self, path: &Path, style: &impl BackendStyle) {
        let stroke = Stroke {
            width: style.stroke_width() as f32,
            line_join: LineJoin::Round,
            ..Stroke::default()
        };
        self.pixmap
            .stroke_path(path, &paint(style.color()), &stroke, transform(), None);
    }
}

fn transform() -> Transform {
    Transform::from_scale(SCALE as f32, SCALE as f32)
}

fn paint(color: BackendColor) -> Paint<'static> {
    let (red, green, blue) = color.rgb;
    let alpha = (255.0 * color.alpha).round() as u8;
    let mut paint = Paint::default();
    paint.set_color(Color::from_rgba8(red, green, blue, alpha));
    paint
}

fn path(points: impl IntoIterator<Item = BackendCoord>, shift: f32, close: bool) -> Option<Path> {
    let mut builder = PathBuilder::new();
    for (x, y) in points {
        let (x, y) = (x as f32 + shift, y as f32 + shift);
        if builder.is_empty() {
            builder.move_to(x, y);
        } else {
            builder.line_to(x, y);
        }
    }
    if close {
        builder.close();
    }
    builder.finish()
}

#[cfg(test)]
mod tests {
    use plotters::style::text_anchor::Pos;
    use plotters::style::{BLACK, Color as _, IntoFont as _, RGBColor};

    use super::*;

    /// Share of the picture's left half, and of its right half, that is inked.
    fn ink(pixels: &Pixels) -> [f64; 2] {
        let half = pixels.pixmap.width() / 2;
        let mut ink = [0.0; 2];
        for (i, pixel) in pixels.pixmap.pixels().iter().enumerate() {
            let side = usize::from(i as u32 % pixels.pixmap.width() >= half);
            ink[side] += f64::from(pixel.alpha()) / 255.0;
        }
        ink
    }

    #[test]
    fn text_is_on_the_side_of_its_anchor() {
        for (anchor, sides) in [
            (HPos::Left, [false, true]),
            (HPos::Right, [true, false]),
            (HPos::Center, [true, true]),
        ] {
            let mut pixels = Pixels::new((200, 40)).unwrap();
            let style = ("sans-serif", 20.0).into_font().color(&BLACK);
            pixels.text(
                "HHHH",
                &style.pos(Pos::new(anchor, VPos::Center)),
                (100, 20),
            );
            assert_eq!(ink(&pixels).map(|ink| ink > 50.0), sides);
        }
    }

    #[test]
    fn what_is_drawn_is_in_the_file() {
        let mut pixels = Pixels::new((10, 8)).unwrap();
        pixels.rectangle((0, 0), (5, 8), &RGBColor(213, 94, 0).filled(), true);
        assert_eq!(ink(&pixels), [160.0, 0.0]);
        let bytes = pixels.png().unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes))
            .read_info()
            .unwrap();
        let mut data = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut data).unwrap();
        assert_eq!((info.width, info.height), (20, 16));
        assert_eq!(data[..4], [213, 94, 0, 255]);
        assert_eq!(data[19 * 4..20 * 4], [0; 4]);
    }
}

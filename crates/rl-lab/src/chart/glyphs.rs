//! Outlines of letters, of a font that is part of the program: a picture has the same letters everywhere.

use std::io;

use tiny_skia::{Path, PathBuilder};
use ttf_parser::{Face, OutlineBuilder};

/// DejaVu Sans, its Latin and Greek letters.
const FONT: &[u8] = include_bytes!("../../fonts/DejaVuSans.ttf");

/// Sign in place of a letter that the font does not have.
const MISSING: char = '?';

/// Letters of the font.
pub struct Glyphs(Face<'static>);

impl Glyphs {
    /// The letters.
    ///
    /// # Errors
    /// A font that cannot be read.
    pub fn new() -> io::Result<Self> {
        Face::parse(FONT, 0).map(Self).map_err(io::Error::other)
    }

    /// The outline of a line of text that begins at 0 with its baseline at 0, and its width; of a size in pixels.
    pub fn outline(&self, text: &str, size: f32) -> (Option<Path>, f32) {
        let scale = size / f32::from(self.0.units_per_em());
        let mut pen = Pen {
            path: PathBuilder::new(),
            x: 0.0,
            scale,
        };
        for letter in text.chars() {
            let glyph = self
                .0
                .glyph_index(letter)
                .or_else(|| self.0.glyph_index(MISSING));
            let Some(glyph) = glyph else { continue };
            self.0.outline_glyph(glyph, &mut pen);
            pen.x += scale * f32::from(self.0.glyph_hor_advance(glyph).unwrap_or(0));
        }
        (pen.path.finish(), pen.x)
    }
}

/// Path that letters are added to.
struct Pen {
    path: PathBuilder,
    x: f32,
    scale: f32,
}

impl Pen {
    /// Place of a point of the font, whose second axis goes up.
    fn at(&self, x: f32, y: f32) -> (f32, f32) {
        (self.x + self.scale * x, -self.scale * y)
    }
}

impl OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let ((x1, y1), (x, y)) = (self.at(x1, y1), self.at(x, y));
        self.path.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let ((x1, y1), (x2, y2), (x, y)) = (self.at(x1, y1), self.at(x2, y2), self.at(x, y));
        self.path.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sign_of_the_pictures_is_in_the_font() {
        let glyphs = Glyphs::new().unwrap();
        for letter in "AZaz09 .,:;=+-–—/()[]%_·±×≥≤≈λγπ…²→−".chars() {
            assert!(glyphs.0.glyph_index(letter).is_some(), "{letter}");
        }
    }

    #[test]
    fn a_text_is_as_wide_as_its_letters() {
        let glyphs = Glyphs::new().unwrap();
        let width = |text| glyphs.outline(text, 100.0).1;
        assert!((width("ab") - width("a") - width("b")).abs() < 1e-3);
        assert_eq!(width("字"), width("?"));
        assert!(glyphs.outline(" ", 10.0).0.is_none());
    }
}

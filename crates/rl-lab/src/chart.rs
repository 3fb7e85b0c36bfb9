//! Pictures as SVG and PNG files: what all of them share.

mod canvas;
mod glyphs;
mod pixels;

use std::io;
use std::ops::{Range, RangeInclusive};

use plotters::coord::Shift;
use plotters::prelude::*;

use crate::table::thousands;
use canvas::Canvas;
use pixels::{EM, Pixels};

/// Area of a picture.
pub type Area<'a> = DrawingArea<Canvas<'a>, Shift>;

/// Outcome of drawing.
pub type Drawn = Result<(), DrawingAreaErrorKind<io::Error>>;

/// Fonts of the reader's, upright and without serifs.
pub const FONT: &str = "sans-serif";

/// Blue of the palette of Okabe & Ito 2008, "Color universal design", whose colours differ for any
/// colour vision.
pub const BLUE: RGBColor = RGBColor(0, 114, 178);
/// Vermilion of the same palette.
pub const VERMILION: RGBColor = RGBColor(213, 94, 0);
/// Colours of what is compared, of the same palette without its yellow, which is faint on white.
pub const COLORS: [RGBColor; 7] = [
    BLUE,
    VERMILION,
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(0, 0, 0),
];
/// Colour of titles and names.
pub const INK: RGBColor = RGBColor(34, 34, 34);
/// Colour of axes and their labels.
pub const GRAY: RGBColor = RGBColor(80, 80, 80);
/// Colour of lines to read values by.
pub const GRID: RGBColor = RGBColor(221, 221, 221);

/// Ticks of an axis that spans little.
const TICKS: RangeInclusive<usize> = 3..=6;

/// Format of a picture's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Vectors.
    Svg,
    /// Pixels, two for one in each direction.
    Png,
}

/// A picture on white, which is readable on a dark page too.
///
/// # Errors
/// The drawing's.
pub fn picture(
    format: Format,
    size: (u32, u32),
    draw: impl FnOnce(&Area<'_>) -> Drawn,
) -> io::Result<Vec<u8>> {
    let on = |canvas: Canvas<'_>| {
        let area = canvas.into_drawing_area();
        let drawn = area.fill(&WHITE).and_then(|()| draw(&area));
        let drawn = drawn.and_then(|()| area.present());
        drawn.map_err(|error| io::Error::other(error.to_string()))
    };
    match format {
        Format::Svg => {
            let mut text = String::new();
            on(Canvas::Svg(SVGBackend::with_string(&mut text, size)))?;
            Ok(text.into_bytes())
        }
        Format::Png => {
            let mut pixels = Pixels::new(size)?;
            on(Canvas::Pixels(&mut pixels))?;
            pixels.png()
        }
    }
}

/// The text of a picture as an SVG file.
///
/// # Errors
/// The drawing's.
pub fn svg(size: (u32, u32), draw: impl FnOnce(&Area<'_>) -> Drawn) -> io::Result<String> {
    String::from_utf8(picture(Format::Svg, size, draw)?).map_err(io::Error::other)
}

/// A text style, of a size in pixels.
pub fn font(size: u32, color: &RGBColor) -> TextStyle<'static> {
    (FONT, EM * f64::from(size)).into_font().color(color)
}

/// Label of a number at an axis.
pub fn number(x: f64) -> String {
    match x.abs() {
        size if size >= 1e6 && (x / 1e5).fract() == 0.0 => format!("{} M", x / 1e6),
        size if size >= 1e4 && x.fract() == 0.0 => {
            format!("{}{}", if x < 0.0 { "-" } else { "" }, thousands(size))
        }
        size if size > 0.0 && size < 1e-3 => format!("{x:.1e}"),
        // Without the digits that a sum of steps of a tenth leaves.
        _ => ((x * 1e6).round() / 1e6).to_string(),
    }
}

/// Logarithmic axis.
#[derive(Clone, Debug, PartialEq)]
pub struct LogAxis {
    /// From the lowest number to the highest.
    pub range: Range<f64>,
    /// Numbers that are written at it.
    pub ticks: Vec<f64>,
}

impl LogAxis {
    /// Shortest axis with three ticks or more and every positive number between its ends, which are
    /// ticks: powers of ten, or multiples of those where the numbers span little.
    pub fn of(numbers: impl IntoIterator<Item = f64>) -> Self {
        let positive = |x: &f64| *x > 0.0 && x.is_finite();
        let (least, most) = numbers
            .into_iter()
            .filter(positive)
            .fold((f64::INFINITY, 0.0), |(least, most), x| {
                (x.min(least), x.max(most))
            });
        let (least, most) = if least > most {
            (1.0, 10.0)
        } else {
            (least, most)
        };
        let powers = least.log10().floor() as i32..=most.log10().floor() as i32 + 1;
        let span = |ticks: Vec<f64>| {
            let from = ticks.iter().rposition(|&tick| tick <= least).unwrap_or(0);
            let highest = ticks.iter().position(|&tick| tick >= most);
            let to = highest.unwrap_or(ticks.len() - 1);
            let to = to.max(from + TICKS.start() - 1);
            ticks[from..=to].to_vec()
        };
        let multiples = |digits: &[f64]| -> Vec<f64> {
            // Exact powers alone, so that three tenths is 0.3.
            let at = |digit: f64, power: i32| match power < 0 {
                true => digit / 10_f64.powi(-power),
                false => digit * 10_f64.powi(power),
            };
            let multiples = |power| digits.iter().map(move |&digit| at(digit, power));
            span(powers.clone().flat_map(multiples).collect())
        };
        let fits = |ticks: &Vec<f64>| ticks.len() <= *TICKS.end();
        let fine: &[&[f64]] = &[&[1., 2., 3., 4., 5., 6., 7., 8., 9.], &[1., 2., 5.]];
        let fine = fine.iter().map(|digits| multiples(digits)).find(fits);
        let ticks = fine.unwrap_or_else(|| multiples(&[1.0]));
        let range = ticks[0]..ticks[ticks.len() - 1];
        Self { range, ticks }
    }

    /// A number, moved to the nearer end if it is not on the axis.
    pub fn clamp(&self, number: f64) -> f64 {
        // The largest of NaN and the start is the start.
        number.max(self.range.start).min(self.range.end)
    }

    /// Label of a number, short enough for its place.
    pub fn label(number: &f64) -> String {
        match *number {
            number if number >= 1e6 => format!("{} M", thousands(number / 1e6)),
            number if number >= 1e4 => format!("{:.0} k", number / 1e3),
            number if number >= 1.0 => thousands(number),
            number => number.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_ends_at_ticks_around_its_numbers() {
        for (numbers, ticks) in [
            (&[3.0, 40.0][..], &[2.0, 5.0, 10.0, 20.0, 50.0][..]),
            (&[0.02, 5.0, -1.0], &[0.01, 0.1, 1.0, 10.0]),
            (
                &[0.000_6, 23.0],
                &[0.0001, 0.001, 0.01, 0.1, 1.0, 10.0, 100.0],
            ),
            (&[286e3, 315e3], &[200e3, 300e3, 400e3]),
            (&[17.0, 18.0], &[10.0, 20.0, 30.0]),
            (&[0.25, 0.45], &[0.2, 0.3, 0.4, 0.5]),
            (&[10.0], &[10.0, 20.0, 30.0]),
            (&[], &[1.0, 2.0, 5.0, 10.0]),
        ] {
            let axis = LogAxis::of(numbers.iter().copied());
            let shown = |ticks: &[f64]| ticks.iter().map(f64::to_string).collect::<Vec<_>>();
            assert_eq!(shown(&axis.ticks), shown(ticks), "{numbers:?}");
            assert_eq!(axis.range.start, axis.ticks[0]);
            assert_eq!(axis.range.end, axis.ticks[axis.ticks.len() - 1]);
        }
    }

    #[test]
    fn labels_are_short_whatever_the_number() {
        let labels = [0.3, 64.0, 4096.0, 65_536.0, 1_048_576.0, 2e9].map(|x| LogAxis::label(&x));
        assert_eq!(labels, ["0.3", "64", "4,096", "66 k", "1 M", "2,000 M"]);
    }

    #[test]
    fn a_number_that_has_no_logarithm_is_moved_to_the_start() {
        let axis = LogAxis::of([1.0, 9.0]);
        for (number, moved) in [(-1.0, 1.0), (f64::NAN, 1.0), (3.0, 3.0), (1e9, 10.0)] {
            assert_eq!(axis.clamp(number), moved);
        }
    }

    #[test]
    fn numbers_at_an_axis_are_short() {
        let texts = [
            0.0,
            0.300_000_000_04,
            -1.5,
            500.0,
            20_000.0,
            -1.25e5,
            2e6,
            2.5e6,
            1e-5,
        ];
        let expected = [
            "0", "0.3", "-1.5", "500", "20,000", "-125,000", "2 M", "2.5 M", "1.0e-5",
        ];
        assert_eq!(texts.map(number), expected);
    }

    #[test]
    fn a_picture_is_a_whole_svg_document_on_white() {
        let svg = svg((40, 30), |area| {
            area.draw(&Text::new("a < b", (5, 5), font(12, &INK)))
        });
        let svg = svg.unwrap();
        assert!(svg.starts_with("<svg width=\"40\""), "{svg}");
        assert!(svg.ends_with("</svg>\n"), "{svg}");
        assert!(
            svg.contains("fill=\"#FFFFFF\"") && svg.contains("a &lt; b"),
            "{svg}"
        );
    }
}

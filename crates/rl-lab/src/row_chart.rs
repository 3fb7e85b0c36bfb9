//! A row per name: a dot with its interval on a linear axis.

use std::io;

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::chart::{COLORS, Format, GRAY, GRID, INK, font, number, picture};

const WIDTH: u32 = 920;
const ROW: u32 = 34;
/// Height of a line of a name.
const LINE: u32 = 17;
const AXIS: u32 = 52;
/// Width of a letter of a name, at most, and of the names together.
const LETTER: u32 = 8;
const NAMES: std::ops::RangeInclusive<u32> = 80..=460;

/// Row of a chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its name, in one line or several.
    pub name: String,
    /// Its number.
    pub value: f64,
    /// Bounds of the number's interval, if there is one.
    pub interval: Option<[f64; 2]>,
}

/// Picture of rows below each other.
#[derive(Clone, Debug, PartialEq)]
pub struct RowChart {
    /// Title.
    pub title: String,
    /// Lines below the title.
    pub notes: Vec<String>,
    /// Name of the axis.
    pub axis: String,
    /// The rows.
    pub rows: Vec<Row>,
    /// Ends of the axis, if they are fixed.
    pub range: Option<[f64; 2]>,
    /// Number that is marked by a line.
    pub mark: Option<f64>,
    /// Flag: each row has a colour of its own.
    pub is_colored: bool,
}

impl RowChart {
    /// The file's content.
    ///
    /// # Errors
    /// The drawing's.
    pub fn draw(&self, format: Format) -> io::Result<Vec<u8>> {
        let top = 48 + 20 * self.notes.len() as u32;
        let n = self.rows.len() as u32;
        let lines = || self.rows.iter().map(|row| row.name.lines());
        let longest = lines()
            .flatten()
            .map(|line| line.chars().count() as u32)
            .max();
        let height =
            ROW - LINE + LINE * lines().map(|lines| lines.count() as u32).max().unwrap_or(1);
        let names = (LETTER * longest.unwrap_or(0) + 16).clamp(*NAMES.start(), *NAMES.end());
        let letters = ((names - 16) / LETTER) as usize;
        picture(format, (WIDTH, top + height * n + AXIS), |area| {
            area.draw(&Text::new(self.title.clone(), (16, 12), font(17, &INK)))?;
            for (i, note) in (0..).zip(&self.notes) {
                area.draw(&Text::new(note.clone(), (16, 40 + 20 * i), font(13, &GRAY)))?;
            }
            let (_, below) = area.split_vertically(top);
            let [least, most] = self.range();
            let mut chart = ChartBuilder::on(&below)
                .margin_right(36)
                .margin_bottom(8)
                .x_label_area_size(AXIS - 8)
                .y_label_area_size(names)
                .build_cartesian_2d(least..most, 0.0..f64::from(n))?;
            chart
                .configure_mesh()
                .disable_y_mesh()
                .y_labels(0)
                .x_labels(8)
                .set_tick_mark_size(LabelAreaPosition::Left, 0)
                .bold_line_style(GRID)
                .light_line_style(TRANSPARENT)
                .axis_style(GRAY)
                .label_style(font(13, &GRAY))
                .x_label_formatter(&|x| number(*x))
                .x_desc(&self.axis)
                .axis_desc_style(font(13, &INK))
                .draw()?;
            if let Some(mark) = self.mark.filter(|mark| (least..=most).contains(mark)) {
                let line = [(mark, 0.0), (mark, f64::from(n))];
                chart.draw_series(DashedLineSeries::new(line, 5, 4, GRAY.stroke_width(1)))?;
            }
            for (i, row) in self.rows.iter().enumerate() {
                let y = f64::from(n) - 0.5 - i as f64;
                let color = COLORS[if self.is_colored { i % COLORS.len() } else { 0 }];
                if let Some([low, high]) = row.interval {
                    let bar = PathElement::new([(low, y), (high, y)], color.stroke_width(2));
                    chart.draw_series([bar])?;
                    for end in [low, high] {
                        let cap = PathElement::new([(0, -6), (0, 6)], color.stroke_width(2));
                        chart.draw_series([EmptyElement::at((end, y)) + cap])?;
                    }
                }
                if row.value.is_finite() {
                    chart.draw_series([Circle::new((row.value, y), 5, color.filled())])?;
                }
                let first = -(LINE as i32) * (row.name.lines().count() as i32 - 1) / 2;
                for (line, text) in (0..).zip(row.name.lines()) {
                    let right = font(13, &INK).pos(Pos::new(HPos::Right, VPos::Center));
                    let place = (-10, first + LINE as i32 * line);
                    let text = Text::new(shortened(text, letters), place, right);
                    chart.draw_series([EmptyElement::at((least, y)) + text])?;
                }
            }
            Ok(())
        })
    }

    fn range(&self) -> [f64; 2] {
        if let Some(range) = self.range {
            return range;
        }
        let numbers = self.rows.iter().flat_map(|row| {
            let [low, high] = row.interval.unwrap_or([row.value; 2]);
            [low, row.value, high]
        });
        let none = [f64::INFINITY, f64::NEG_INFINITY];
        let finite = numbers.filter(|x| x.is_finite());
        let [least, most] = finite.fold(none, |[least, most], x| [least.min(x), most.max(x)]);
        match most - least {
            span if span > 0.0 => [least - 0.06 * span, most + 0.06 * span],
            0.0 => [
                least - 1.0_f64.max(0.05 * least.abs()),
                most + 1.0_f64.max(0.05 * most.abs()),
            ],
            _ => [0.0, 1.0],
        }
    }
}

/// A name that fits so many letters.
fn shortened(name: &str, letters: usize) -> String {
    match name.chars().count() > letters {
        true => name
            .chars()
            .take(letters.saturating_sub(1))
            .chain(['…'])
            .collect(),
        false => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_a_dot_its_interval_and_its_name() {
        let row = |name: &str, interval| Row {
            name: name.into(),
            value: 5.0,
            interval,
        };
        let chart = RowChart {
            title: "scores".into(),
            notes: vec!["of 100 episodes".into()],
            axis: "return".into(),
            rows: vec![
                row("a\nover c", Some([4.0, 5.5])),
                row(&"b".repeat(100), None),
            ],
            range: None,
            mark: Some(4.5),
            is_colored: true,
        };
        let svg = String::from_utf8(chart.draw(Format::Svg).unwrap()).unwrap();
        assert_eq!(svg.matches("<circle").count(), 2);
        assert_eq!(
            svg.matches("stroke-width=\"2\"").count(),
            3,
            "a bar and its two ends"
        );
        for text in ["scores", "of 100 episodes", "return", "bbb…", "over c"] {
            assert!(svg.contains(text), "'{text}' is not in {svg}");
        }
        let alone = RowChart {
            rows: vec![row("a", None)],
            ..chart
        };
        assert!(
            !String::from_utf8(alone.draw(Format::Svg).unwrap())
                .unwrap()
                .contains("NaN")
        );
    }
}

//! Lines with bands over one axis, in a panel per quantity.

use std::io;

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::chart::{Area, COLORS, Drawn, Format, GRAY, GRID, INK, font, number, picture};

const WIDTH: u32 = 920;
/// Height of the curves of a panel, of its axis, and width of a label beside it.
const PANEL: u32 = 330;
const PANEL_OF_MANY: u32 = 220;
const AXIS: u32 = 58;
const LABELS: u32 = 76;
/// Height of a line of the legend, and width of a letter in it, at most.
const LEGEND: u32 = 22;
const LETTER: i32 = 9;
/// Length of a line in the legend.
const KEY: i32 = 32;

/// Line with a name, and what is drawn around it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line {
    /// Name in the legend.
    pub name: String,
    /// The line.
    pub points: Vec<(f64, f64)>,
    /// Its band: places with a lower and an upper bound.
    pub band: Vec<(f64, [f64; 2])>,
    /// Thin lines of the same colour.
    pub thin: Vec<Vec<(f64, f64)>>,
}

/// Quantity over the axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    /// Name of the quantity.
    pub label: String,
    /// Lines in the order of the legend, that of the first panel's.
    pub lines: Vec<Line>,
    /// Range that is shown at least.
    pub least_range: Option<[f64; 2]>,
}

/// Picture of panels below each other.
#[derive(Clone, Debug, PartialEq)]
pub struct LineChart {
    /// Title; none if it is empty.
    pub title: String,
    /// Lines below the title: how the numbers were made.
    pub notes: Vec<String>,
    /// Name of the axis that all share.
    pub axis: String,
    /// Ends of that axis; without them, 0 and the largest place.
    pub ends: Option<[f64; 2]>,
    /// The panels.
    pub panels: Vec<Panel>,
}

impl LineChart {
    /// The file's content.
    ///
    /// # Errors
    /// The drawing's.
    pub fn draw(&self, format: Format) -> io::Result<Vec<u8>> {
        let panel = if self.panels.len() > 1 {
            PANEL_OF_MANY
        } else {
            PANEL
        } + AXIS;
        let names: Vec<&str> = self
            .panels
            .first()
            .into_iter()
            .flat_map(|panel| &panel.lines)
            .map(|l| &*l.name)
            .collect();
        let places = places(&names);
        let rows = places
            .iter()
            .map(|place| place.1 as u32 + 1)
            .max()
            .unwrap_or(0);
        let title = if self.title.is_empty() { 10 } else { 40 } + 20 * self.notes.len() as u32;
        let top = title + LEGEND * rows + 8;
        let height = top + panel * self.panels.len() as u32;
        picture(format, (WIDTH, height), |area| {
            area.draw(&Text::new(self.title.clone(), (16, 12), font(17, &INK)))?;
            for (i, note) in (0..).zip(&self.notes) {
                area.draw(&Text::new(note.clone(), (16, 40 + 20 * i), font(13, &GRAY)))?;
            }
            for ((i, name), (x, row)) in names.iter().enumerate().zip(places) {
                let y = (title + LEGEND * row as u32) as i32 + 11;
                let (dash, gap) = dashes(i).unwrap_or((KEY, 0));
                for from in (0..KEY).step_by((dash + gap) as usize) {
                    let ends = [(x + from, y), (x + (from + dash).min(KEY), y)];
                    area.draw(&PathElement::new(ends, color(i).stroke_width(2)))?;
                }
                let left = font(13, &INK).pos(Pos::new(HPos::Left, VPos::Center));
                area.draw(&Text::new((*name).to_owned(), (x + 40, y), left))?;
            }
            let (_, panels) = area.split_vertically(top);
            let areas = panels.split_evenly((self.panels.len(), 1));
            let ends = self.ends.unwrap_or_else(|| [0.0, self.end()]);
            let last = self.panels.len().saturating_sub(1);
            let mut panels = self.panels.iter().zip(&areas).enumerate();
            panels.try_for_each(|(i, (panel, area))| {
                let axis = if i == last { &*self.axis } else { "" };
                panel.draw(area, axis, ends)
            })
        })
    }

    /// Largest place of any line.
    fn end(&self) -> f64 {
        let lines = self.panels.iter().flat_map(|panel| &panel.lines);
        let ends = lines.flat_map(|line| line.points.iter().chain(line.thin.iter().flatten()));
        let end = ends.map(|point| point.0).fold(0.0, f64::max);
        if end > 0.0 { end } else { 1.0 }
    }
}

/// Places of the legend's entries: from the left, and the row.
fn places(names: &[&str]) -> Vec<(i32, i32)> {
    let (mut x, mut row) = (16, 0);
    let mut place = |name: &&str| {
        let width = 40 + LETTER * name.chars().count() as i32 + 24;
        if x > 16 && x + width > WIDTH as i32 {
            (x, row) = (16, row + 1);
        }
        let place = (x, row);
        x += width;
        place
    };
    names.iter().map(&mut place).collect()
}

/// Dash and gap of a line by its index: after all colours, lines are dashed.
fn dashes(index: usize) -> Option<(i32, i32)> {
    match index / COLORS.len() {
        0 => None,
        1 => Some((10, 5)),
        _ => Some((3, 4)),
    }
}

/// Colour of a line by its index.
fn color(index: usize) -> RGBColor {
    COLORS[index % COLORS.len()]
}

impl Panel {
    /// Range of everything that is drawn, with some room around it.
    fn range(&self) -> std::ops::Range<f64> {
        let bands = self
            .lines
            .iter()
            .flat_map(|line| line.band.iter().flat_map(|b| b.1));
        let points = self
            .lines
            .iter()
            .flat_map(|line| line.points.iter().chain(line.thin.iter().flatten()));
        let values = bands
            .chain(points.map(|point| point.1))
            .chain(self.least_range.into_iter().flatten());
        let finite = values.filter(|value| value.is_finite());
        let none = (f64::INFINITY, f64::NEG_INFINITY);
        let (least, most) = finite.fold(none, |(least, most), x| (least.min(x), most.max(x)));
        if least > most {
            return 0.0..1.0;
        }
        let room = match most - least {
            0.0 => (0.05 * most.abs()).max(1e-9),
            span => 0.04 * span,
        };
        least - room..most + room
    }

    fn draw(&self, area: &Area<'_>, axis: &str, [start, end]: [f64; 2]) -> Drawn {
        let mut chart = ChartBuilder::on(area)
            .margin_left(12)
            .margin_right(30)
            .margin_top(6)
            .margin_bottom(8)
            .x_label_area_size(AXIS - 14)
            .y_label_area_size(LABELS)
            .build_cartesian_2d(start..end, self.range())?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .bold_line_style(GRID)
            .light_line_style(TRANSPARENT)
            .axis_style(GRAY)
            .label_style(font(13, &GRAY))
            .x_labels(8)
            .y_labels(6)
            .x_label_formatter(&|x| number(*x))
            .y_label_formatter(&|y| number(*y))
            .x_desc(axis)
            .y_desc(&self.label)
            .axis_desc_style(font(13, &INK))
            .draw()?;
        let n = self.lines.iter().map(|line| line.thin.len()).sum::<usize>() as f64;
        let opacity = (3.0 * self.lines.len() as f64 / n.max(1.0)).clamp(0.08, 0.3);
        for (i, line) in self.lines.iter().enumerate() {
            for thin in &line.thin {
                chart.draw_series([PathElement::new(thin.clone(), color(i).mix(opacity))])?;
            }
        }
        for (i, line) in self.lines.iter().enumerate() {
            let upper = line.band.iter().map(|&(x, [_, high])| (x, high));
            let lower = line.band.iter().rev().map(|&(x, [low, _])| (x, low));
            let band: Vec<_> = upper.chain(lower).collect();
            if !band.is_empty() {
                chart.draw_series([Polygon::new(band, color(i).mix(0.2))])?;
            }
        }
        for (i, line) in self.lines.iter().enumerate() {
            let style = color(i).stroke_width(2);
            match (line.points.as_slice(), dashes(i)) {
                // A single point is no line.
                ([point], _) => {
                    chart.draw_series([Circle::new(*point, 3, color(i).filled())])?;
                }
                (points, None) => {
                    chart.draw_series([PathElement::new(points, style)])?;
                }
                (points, Some((dash, gap))) => {
                    let points = points.iter().copied();
                    chart.draw_series(DashedLineSeries::new(points, dash, gap, style))?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(name: &str, points: &[(f64, f64)]) -> Line {
        Line {
            name: name.into(),
            points: points.to_vec(),
            ..Line::default()
        }
    }

    fn chart(lines: Vec<Line>) -> LineChart {
        let panel = Panel {
            label: "return mean".into(),
            lines,
            least_range: None,
        };
        LineChart {
            title: "CartPole < 1".into(),
            notes: vec!["mean of the last 5 updates".into()],
            axis: "environment steps".into(),
            ends: None,
            panels: vec![
                panel.clone(),
                Panel {
                    label: "entropy".into(),
                    ..panel
                },
            ],
        }
    }

    fn svg(chart: &LineChart) -> String {
        String::from_utf8(chart.draw(Format::Svg).unwrap()).unwrap()
    }

    #[test]
    fn a_picture_has_its_texts_and_a_line_per_name_in_each_panel() {
        let mut first = line("a", &[(1.0, 2.0), (2.0, 3.0)]);
        first.band = vec![(1.0, [1.0, 3.0]), (2.0, [2.0, 4.0])];
        first.thin = vec![vec![(1.0, 1.0), (2.0, 2.0)]; 3];
        let svg = svg(&chart(vec![first, line("b", &[(1.0, 2.0), (2.0, 2.5)])]));
        for text in [
            "CartPole &lt; 1",
            "mean of the last 5",
            "environment steps",
            "return mean",
            "entropy",
        ] {
            assert!(svg.contains(text), "'{text}' is not in {svg}");
        }
        assert_eq!(
            svg.matches("stroke-width=\"2\"").count(),
            2 + 2 * 2,
            "legend and lines"
        );
        assert_eq!(svg.matches("<polygon").count(), 2, "a band per panel");
        assert_eq!(svg.matches("opacity=\"0.3\"").count(), 2 * 3, "thin lines");
    }

    #[test]
    fn a_long_legend_goes_on_in_further_lines_within_the_picture() {
        let name = "a-preset learning_rate=0.001 gamma=0.99";
        let places = places(&[name; 5]);
        assert_eq!(places[0], (16, 0));
        assert!(places.iter().any(|place| place.1 == 2), "{places:?}");
        for (x, _) in places {
            assert!(x + 40 + LETTER * name.len() as i32 <= WIDTH as i32);
        }
    }

    #[test]
    fn values_that_are_all_the_same_or_not_there_make_a_picture() {
        for points in [
            &[(1.0, 500.0), (2.0, 500.0)][..],
            &[],
            &[(0.0, 1.0)],
            &[(1.0, f64::NAN)],
        ] {
            let svg = svg(&chart(vec![line("a", points)]));
            assert!(!svg.contains("inf"), "{svg}");
        }
    }
}

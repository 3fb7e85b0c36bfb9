//! The growth of speed and memory as a picture.

use std::io;

use plotters::prelude::*;

use super::knees::knees;
use super::{ScalingAxis, ScalingPoint};
use crate::chart::{Area, BLUE, Drawn, GRAY, GRID, INK, LogAxis, VERMILION, font, svg};

/// Rates on the left, memory on the right, both over the size on logarithmic axes.
pub fn chart(axis: ScalingAxis, points: &[&ScalingPoint]) -> io::Result<String> {
    svg((900, 360), |area| {
        let (rates, memory) = area.split_horizontally(460);
        Panel {
            title: "steps per second",
            axis,
            curve: curve(points, |point| Some(point.steps_per_s)),
            knees: &knees(points),
        }
        .draw(&rates)?;
        Panel {
            title: "peak memory, MB",
            axis,
            curve: curve(points, |point| Some(point.peak_bytes? as f64 / 1e6)),
            knees: &[],
        }
        .draw(&memory)
    })
}

fn curve(points: &[&ScalingPoint], y: impl Fn(&ScalingPoint) -> Option<f64>) -> Vec<(f64, f64)> {
    let place = |point: &&ScalingPoint| Some((point.value as f64, y(point)?));
    points.iter().filter_map(place).collect()
}

/// A curve over a size.
struct Panel<'a> {
    title: &'static str,
    axis: ScalingAxis,
    curve: Vec<(f64, f64)>,
    knees: &'a [usize],
}

impl Panel<'_> {
    fn draw(&self, area: &Area<'_>) -> Drawn {
        let values: Vec<f64> = self.curve.iter().map(|(value, _)| *value).collect();
        let (Some(least), Some(most)) = (values.first(), values.last()) else {
            return Ok(());
        };
        // Room for half a label on both sides.
        let room = (most / least).powf(0.06).max(1.1);
        let across = (least / room..most * room).log_scale();
        let up = LogAxis::of(self.curve.iter().map(|(_, y)| *y));
        let (bottom, top) = (up.range.start, up.range.end);
        let mut chart = ChartBuilder::on(area)
            .margin(12)
            .caption(self.title, font(16, &INK))
            .x_label_area_size(46)
            .y_label_area_size(86)
            .build_cartesian_2d(
                across.with_key_points(values),
                up.range.log_scale().with_key_points(up.ticks),
            )?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .bold_line_style(GRID)
            .axis_style(GRAY)
            .label_style(font(13, &GRAY))
            .axis_desc_style(font(14, &INK))
            .x_desc(self.axis.name())
            .x_label_formatter(&LogAxis::label)
            .y_label_formatter(&LogAxis::label)
            .draw()?;
        for &knee in self.knees {
            let knee = knee as f64;
            let line = [(knee, bottom), (knee, top)];
            chart.draw_series(DashedLineSeries::new(line, 5, 4, VERMILION.stroke_width(2)))?;
            let label = Text::new("knee", (5, 2), font(13, &VERMILION));
            let at_top = EmptyElement::at((knee, top)) + label;
            chart.draw_series([at_top])?;
        }
        let line = LineSeries::new(self.curve.iter().copied(), BLUE.stroke_width(2));
        chart.draw_series(line)?;
        let dots = self.curve.iter();
        chart.draw_series(dots.map(|&place| Circle::new(place, 4, BLUE.filled())))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::point::testing::points;
    use super::*;

    fn chart_of(rates: &[f64]) -> String {
        let points = points(rates);
        chart(ScalingAxis::Width, &points.iter().collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn a_curve_has_a_dot_per_point_and_a_line_at_its_knee() {
        let svg = chart_of(&[1e5, 5e4, 1e4]);
        // Rate and memory.
        assert_eq!(svg.matches("<circle").count(), 2 * 3, "{svg}");
        assert_eq!(svg.matches("knee").count(), 1);
        for word in ["steps per second", "peak memory, MB", "width", "100 k"] {
            assert!(svg.contains(word), "'{word}' is not in:\n{svg}");
        }
    }

    #[test]
    fn even_a_single_point_and_unknown_memory_make_a_picture() {
        let mut points = points(&[1e5]);
        points[0].peak_bytes = None;
        let svg = chart(ScalingAxis::Width, &points.iter().collect::<Vec<_>>()).unwrap();
        assert_eq!(svg.matches("<circle").count(), 1);
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }

    #[test]
    fn every_label_beside_an_axis_is_whole() {
        let svg = chart_of(&[9e9, 1e7, 1e3]);
        let labels: Vec<_> = svg.split("<text x=\"").skip(1).collect();
        let labels = labels.iter().filter(|label| label.contains("\"end\""));
        let mut count = 0;
        for label in labels {
            let x: f64 = label.split('"').next().unwrap().parse().unwrap();
            let text = label.lines().nth(1).unwrap();
            // No sans-serif digit of 13 pixels is wider than 9.
            assert!(
                9.0 * text.len() as f64 <= x,
                "'{text}' begins left of the picture"
            );
            count += 1;
        }
        assert!(count >= 6, "{svg}");
    }
}

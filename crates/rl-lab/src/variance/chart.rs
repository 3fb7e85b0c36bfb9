//! The variances as a picture: a dot with whiskers per estimator on a logarithmic axis.

use std::io;

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::estimators::Theory;
use super::{VarianceRow, VarianceSetting};
use crate::chart::{Area, BLUE, Drawn, GRAY, GRID, INK, LogAxis, VERMILION, font, svg};

const WIDTH: u32 = 920;
/// Width of the names, to the left of the axis.
const NAMES: u32 = 310;
/// Height of the titles above the rows, and of the axis and the legend below them.
const TOP: u32 = 62;
const BOTTOM: u32 = 70;
/// Height of a row.
const ROW: u32 = 24;

/// The chart of the rows of one setting, as the text of an SVG file.
pub fn chart(setting: VarianceSetting, rows: &[&VarianceRow]) -> io::Result<String> {
    let height = TOP + ROW * rows.len() as u32 + BOTTOM;
    svg((WIDTH, height), |area| {
        let title = "Variance of a policy gradient estimate, in squared norms of the gradient";
        area.draw(&Text::new(title, (16, 12), font(16, &INK)))?;
        let subtitle = format!("{}. Whiskers: 99.9 % confidence.", setting.description());
        area.draw(&Text::new(subtitle, (16, 36), font(13, &GRAY)))?;
        legend(area, (NAMES as i32, height as i32 - 16))?;
        let rows_area = area.clone().margin(TOP, 30, 0, 90);
        draw_rows(&rows_area, rows)
    })
}

/// Rows from the top, their names to the left.
fn draw_rows(area: &Area<'_>, rows: &[&VarianceRow]) -> Drawn {
    let axis = LogAxis::of(rows.iter().map(|row| row.variance));
    let range = axis.range.clone().log_scale();
    let n = rows.len() as f64;
    let middle = |i: usize| n - 0.5 - i as f64;
    let mut chart = ChartBuilder::on(area)
        .x_label_area_size(BOTTOM - 30)
        .y_label_area_size(NAMES)
        .build_cartesian_2d(range.with_key_points(axis.ticks.clone()), 0.0..n)?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .y_labels(0)
        .set_tick_mark_size(LabelAreaPosition::Left, 0)
        .bold_line_style(GRID)
        .axis_style(GRAY)
        .label_style(font(13, &GRAY))
        .x_label_formatter(&LogAxis::label)
        .draw()?;
    let start = axis.range.start;
    for (i, row) in rows.iter().enumerate() {
        let y = middle(i);
        let [least, most] =
            [-1.0, 1.0].map(|sign| axis.clamp(row.variance + sign * row.variance_half_width));
        chart.draw_series([PathElement::new(
            [(least, y), (most, y)],
            INK.stroke_width(1),
        )])?;
        for end in [least, most] {
            let cap = PathElement::new([(0, -4), (0, 4)], INK.stroke_width(1));
            chart.draw_series([EmptyElement::at((end, y)) + cap])?;
        }
        let place = EmptyElement::at((axis.clamp(row.variance), y));
        match row.theory {
            Theory::Unbiased => chart.draw_series([place + unbiased((0, 0))])?,
            Theory::Biased => chart.draw_series([place + biased((0, 0))])?,
        };
        let name = match row.baseline {
            "none" => row.estimator.to_owned(),
            baseline => format!("{} · {baseline}", row.estimator),
        };
        let left = font(13, &INK).pos(Pos::new(HPos::Right, VPos::Center));
        chart.draw_series([EmptyElement::at((start, y)) + Text::new(name, (-8, 0), left)])?;
        if row.is_biased() {
            let bias = format!("bias {:.0} %", 100.0 * row.bias);
            let right = font(13, &VERMILION).pos(Pos::new(HPos::Left, VPos::Center));
            chart.draw_series([EmptyElement::at((most, y)) + Text::new(bias, (8, 0), right)])?;
        }
    }
    Ok(())
}

/// Mark of an estimator that the theory calls unbiased. Shapes differ as colours do, for print in
/// black and white.
fn unbiased(place: (i32, i32)) -> Circle<(i32, i32), i32> {
    Circle::new(place, 5, BLUE.filled())
}

/// Mark of one that it calls biased.
fn biased(place: (i32, i32)) -> TriangleMarker<(i32, i32), i32> {
    TriangleMarker::new(place, 7, VERMILION.filled())
}

fn legend(area: &Area<'_>, (x, y): (i32, i32)) -> Drawn {
    let right = font(13, &INK).pos(Pos::new(HPos::Left, VPos::Center));
    let text = |x, theory: Theory| {
        let label = format!("{} by theory", theory.name());
        Text::new(label, (x, y), right.clone())
    };
    area.draw(&unbiased((x + 6, y)))?;
    area.draw(&text(x + 18, Theory::Unbiased))?;
    area.draw(&biased((x + 176, y)))?;
    area.draw(&text(x + 188, Theory::Biased))
}

#[cfg(test)]
mod tests {
    use super::super::row::testing::row;
    use super::*;

    #[test]
    fn rows_are_marked_by_theory_and_a_measured_bias_is_written_beside_them() {
        let rows = [
            row(Theory::Unbiased, 0.01, 20.0),
            row(Theory::Biased, 0.2, 5.5),
        ];
        let svg = chart(VarianceSetting::FiniteMdp, &rows.each_ref()).unwrap();
        for mark in ["<circle", "<polygon"] {
            // Once in the chart, once in the legend.
            assert_eq!(svg.matches(mark).count(), 2, "{svg}");
        }
        assert_eq!(svg.matches("bias 20 %").count(), 1);
        assert!(!svg.contains("bias 1 %"));
        assert_eq!(svg.matches("GAE(λ &lt; 1)").count(), 2);
        assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
    }

    #[test]
    fn variances_of_zero_leave_a_chart() {
        let row = row(Theory::Unbiased, 0.0, 0.0);
        let svg = chart(VarianceSetting::CartPole, &[&row]).unwrap();
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
}

//! Learning curves as a picture: a thin line per run, a thick one for the mean of a configuration,
//! and a band of its standard error.

use std::io;

use plotters::prelude::*;

use super::curve::{Curve, CurveAxis, CurvesConfig};
use super::grid::{grid, means, point_at};

use crate::chart::{BLUE, GRAY, GRID, INK, VERMILION, font, svg};
use crate::table::thousands;

const SIZE: (u32, u32) = (920, 480);
/// Height of the legend above the curves.
const TOP: u32 = 44;
/// Colours of the configurations, of the same palette as the first two.
const COLORS: [RGBColor; 4] = [
    VERMILION,
    BLUE,
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
];

/// The picture, as the text of an SVG file.
pub fn chart(config: &CurvesConfig, curves: &[Curve]) -> io::Result<String> {
    let grid = grid(curves);
    let values = curves.iter().flat_map(|curve| &curve.points);
    let values = values.map(|point| point.value).chain([0.0]);
    let (least, most) = values.fold((0.0_f64, 1.0_f64), |(least, most), x| {
        (least.min(x), most.max(x))
    });
    let end = grid.last().copied().unwrap_or(1.0);
    svg(SIZE, |area| {
        let mut x = 70;
        for (arm, color) in config.arms.iter().zip(COLORS.iter().cycle()) {
            let line = PathElement::new([(x, 22), (x + 24, 22)], color.stroke_width(3));
            area.draw(&line)?;
            area.draw(&Text::new(arm.name.clone(), (x + 32, 15), font(14, &INK)))?;
            x += 60 + 8 * arm.name.chars().count() as i32;
        }
        let mut chart = ChartBuilder::on(area)
            .margin_top(TOP)
            .margin_right(30)
            .x_label_area_size(46)
            .y_label_area_size(64)
            .build_cartesian_2d(0.0..end, least..1.02 * most)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .bold_line_style(GRID)
            .light_line_style(TRANSPARENT)
            .axis_style(GRAY)
            .label_style(font(13, &GRAY))
            .x_label_formatter(&|x| thousands(*x))
            .y_label_formatter(&f64::to_string)
            .x_desc(match config.axis {
                CurveAxis::Updates => "update",
                CurveAxis::Steps => "environment steps",
            })
            .y_desc(config.metric.replace('_', " "))
            .axis_desc_style(font(13, &INK))
            .draw()?;
        let runs = curves.len() as f64 / config.arms.len() as f64;
        let opacity = (3.0 / runs).clamp(0.08, 0.3);
        for curve in curves {
            let line = grid
                .iter()
                .filter_map(|&at| point_at(curve, at).map(|p| (at, p.value)));
            let color = COLORS[curve.arm % COLORS.len()].mix(opacity);
            chart.draw_series([PathElement::new(line.collect::<Vec<_>>(), color)])?;
        }
        for (arm, color) in (0..config.arms.len()).zip(COLORS.iter().cycle()) {
            let own: Vec<&Curve> = curves.iter().filter(|curve| curve.arm == arm).collect();
            let means = means(&own, &grid);
            let edge = |sign: f64| {
                let finite = means.iter().filter(|p| p.standard_error.is_finite());
                finite.map(move |p| (p.at, p.value + sign * p.standard_error))
            };
            let band: Vec<_> = edge(1.0)
                .chain(edge(-1.0).collect::<Vec<_>>().into_iter().rev())
                .collect();
            if !band.is_empty() {
                chart.draw_series([Polygon::new(band, color.mix(0.25))])?;
            }
            let line: Vec<_> = means.iter().map(|p| (p.at, p.value)).collect();
            chart.draw_series([PathElement::new(line, color.stroke_width(3))])?;
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::super::curve::Arm;
    use super::super::grid::testing::curve;
    use super::*;

    #[test]
    fn there_is_a_line_per_run_and_per_mean_and_a_band_around_the_mean() {
        let arm = |name: &str| Arm {
            name: name.into(),
            set: Vec::new(),
        };
        let config = CurvesConfig {
            arms: vec![arm("a"), arm("b")],
            seeds: 0..2,
            metric: "return_mean".into(),
            window: 1,
            axis: CurveAxis::Updates,
        };
        let curves = [
            curve(0, 0, &[1.0, 2.0]),
            curve(0, 1, &[3.0, 5.0]),
            curve(1, 0, &[2.0, 2.0]),
            curve(1, 1, &[1.0, 0.0]),
        ];
        let svg = chart(&config, &curves).unwrap();
        let thick = svg.matches("stroke-width=\"3\"").count();
        assert_eq!(thick, 2 + 2, "means and their legend: {svg}");
        assert_eq!(svg.matches("<polygon").count(), 2);
        assert!(svg.contains("return mean") && !svg.contains("NaN"), "{svg}");
        assert_eq!(svg.matches("opacity=\"0.3\"").count(), 4, "{svg}");
    }
}

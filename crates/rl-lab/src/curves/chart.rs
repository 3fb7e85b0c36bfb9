//! Learning curves as a picture: a thin line per run, a thick one for the mean of a configuration,
//! and a band of its standard error.

use super::curve::{Curve, CurvesConfig};
use super::grid::{grid, means, point_at};
use crate::line_chart::{Line, LineChart, Panel};

/// The picture.
pub fn chart(config: &CurvesConfig, curves: &[Curve]) -> LineChart {
    let grid = grid(curves, config.axis);
    let line = |(arm, name): (usize, &String)| {
        let own: Vec<&Curve> = curves.iter().filter(|curve| curve.arm == arm).collect();
        let means = means(&own, &grid);
        let band = means
            .iter()
            .filter(|point| point.standard_error.is_finite());
        let thin = own.iter().map(|curve| {
            let values = grid
                .iter()
                .filter_map(|&at| Some((at, point_at(curve, at)?.value)));
            values.collect()
        });
        Line {
            name: name.clone(),
            points: means.iter().map(|point| (point.at, point.value)).collect(),
            band: band
                .map(|p| {
                    (
                        p.at,
                        [-1.0, 1.0].map(|sign| p.value + sign * p.standard_error),
                    )
                })
                .collect(),
            thin: thin.collect(),
        }
    };
    let names = config.arms.iter().map(|arm| &arm.name);
    LineChart {
        title: String::new(),
        notes: Vec::new(),
        axis: config.axis.label().into(),
        ends: None,
        panels: vec![Panel {
            label: config.metric.replace('_', " "),
            lines: names.enumerate().map(line).collect(),
            least_range: Some([0.0, 1.0]),
        }],
    }
}

#[cfg(test)]
mod tests {
    use super::super::curve::{Arm, CurveAxis};
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
        let chart = chart(&config, &curves);
        let panel = &chart.panels[0];
        assert_eq!(panel.label, "return mean");
        let [a, b] = &panel.lines[..] else {
            panic!("{panel:?}")
        };
        assert_eq!(a.points, [(1.0, 2.0), (2.0, 3.5)]);
        assert_eq!(a.band, [(1.0, [1.0, 3.0]), (2.0, [2.0, 5.0])]);
        assert_eq!(b.thin, [[(1.0, 2.0), (2.0, 2.0)], [(1.0, 1.0), (2.0, 0.0)]]);
    }
}

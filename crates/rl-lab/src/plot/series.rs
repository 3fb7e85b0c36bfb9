//! Metrics of runs as points of a line.

use std::path::Path;

use rl_core::Stream;

use super::config::PlotConfig;
use crate::curves::{CurveAxis, CurvePoint, moving_means};
use crate::runs::{MetricsTable, RunsError};
use crate::statistics::{bootstrap_interval, interquartile_mean};

/// Points of a line, at most: more are finer than the picture.
const MOST_POINTS: usize = 1000;
/// Points of a band, at most, and resamples at each.
const MOST_BAND_POINTS: usize = 200;
const RESAMPLES: usize = 2000;

/// Line of places with values, and its band.
type Banded = (Vec<(f64, f64)>, Vec<(f64, [f64; 2])>);

/// Curves of a run, one per metric.
pub struct Series {
    /// Smoothed values with their places.
    pub curves: Vec<Vec<(f64, f64)>>,
    /// Place of the last row.
    pub end: f64,
}

impl Series {
    /// The curves of a run's metrics.
    ///
    /// # Errors
    /// [`RunsError`] for a metric that is not there, or has no number.
    pub fn of(
        metrics: &MetricsTable,
        directory: &Path,
        config: &PlotConfig,
    ) -> Result<Self, RunsError> {
        let places = metrics.column(config.axis.column())?;
        let mut curves = Vec::new();
        for metric in &config.metrics {
            let values = metrics.column(metric)?;
            let pairs = places
                .iter()
                .zip(values)
                .filter(|(_, value)| value.is_finite());
            let points: Vec<_> = pairs
                .map(|(&at, &value)| CurvePoint {
                    at,
                    value,
                    standard_error: f64::NAN,
                })
                .collect();
            if points.is_empty() {
                let directory = directory.display();
                let rows = metrics.rows();
                return Err(RunsError::NotComparable(format!(
                    "{directory}: none of its {rows} rows has a number of '{metric}'"
                )));
            }
            let smooth = moving_means(&points, config.smooth);
            curves.push(smooth.iter().map(|point| (point.at, point.value)).collect());
        }
        Ok(Self {
            curves,
            end: places.last().copied().unwrap_or(0.0),
        })
    }
}

/// The last value that is not behind `at`.
fn value_at(curve: &[(f64, f64)], at: f64) -> Option<f64> {
    let after = curve.partition_point(|point| point.0 <= at);
    curve[..after].last().map(|point| point.1)
}

/// The curve, at equal distances if it has more points than a picture shows.
pub fn line_of(curve: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let (Some(first), Some(last)) = (curve.first(), curve.last()) else {
        return Vec::new();
    };
    if curve.len() <= MOST_POINTS {
        return curve.to_vec();
    }
    let step = (last.0 - first.0) / (MOST_POINTS - 1) as f64;
    let places = (0..MOST_POINTS).map(|i| first.0 + step * i as f64);
    places
        .filter_map(|at| Some((at, value_at(curve, at)?)))
        .collect()
}

/// The interquartile mean of curves and its 95 % bootstrap interval at each point, from where all have begun to
/// where the first has ended.
pub fn band_of(curves: &[&[(f64, f64)]], axis: CurveAxis, stream: &mut Stream) -> Banded {
    let place = |point: Option<&(f64, f64)>| point.map_or(f64::NAN, |point| point.0);
    let (mut from, mut to) = (f64::NEG_INFINITY, f64::INFINITY);
    for curve in curves {
        from = from.max(place(curve.first()));
        to = to.min(place(curve.last()));
    }
    if from > to {
        return Banded::default();
    }
    let n = match axis {
        CurveAxis::Updates => ((to - from) as usize + 1).min(MOST_BAND_POINTS),
        CurveAxis::Steps | CurveAxis::Wall => MOST_BAND_POINTS,
    };
    let step = (to - from) / (n.max(2) - 1) as f64;
    let (mut line, mut band) = Banded::default();
    for i in 0..n {
        // The last place is the end, whatever the rounding.
        let at = if i + 1 == n {
            to
        } else {
            from + step * i as f64
        };
        let values: Vec<f64> = curves
            .iter()
            .filter_map(|curve| value_at(curve, at))
            .collect();
        line.push((at, interquartile_mean(&values)));
        if let Some(interval) = bootstrap_interval(&values, RESAMPLES, stream) {
            band.push((at, interval));
        }
    }
    (line, band)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_band_is_where_all_curves_are() {
        let curves: [&[(f64, f64)]; 2] = [
            &[(1.0, 1.0), (2.0, 2.0), (3.0, 3.0)],
            &[(2.0, 4.0), (5.0, 9.0)],
        ];
        let (line, band) = band_of(&curves, CurveAxis::Updates, &mut Stream::from_seed(0));
        assert_eq!(line, [(2.0, 3.0), (3.0, 3.5)]);
        assert_eq!(band, [(2.0, [2.0, 4.0]), (3.0, [3.0, 4.0])]);
        let apart: [&[(f64, f64)]; 2] = [&[(1.0, 1.0)], &[(2.0, 4.0)]];
        assert_eq!(
            band_of(&apart, CurveAxis::Wall, &mut Stream::from_seed(0)),
            Banded::default()
        );
    }

    #[test]
    fn a_long_line_has_as_many_points_as_a_picture_shows() {
        let curve: Vec<_> = (0..100_000)
            .map(|i| (f64::from(i), f64::from(i % 7)))
            .collect();
        let line = line_of(&curve);
        assert_eq!(line.len(), MOST_POINTS);
        assert_eq!(line[0], curve[0]);
        assert!((line[MOST_POINTS - 1].0 - 99_999.0).abs() < 1e-6);
        assert_eq!(line_of(&curve[..10]), curve[..10]);
    }
}

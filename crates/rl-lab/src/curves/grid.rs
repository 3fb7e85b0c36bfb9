//! Curves at the same points of their axis, and their means.

use super::curve::{Curve, CurveAxis, CurvePoint};

/// Points of a grid, at most.
const MOST_POINTS: usize = 200;

/// Points that curves are compared at: every whole number up to the end of the longest curve, or
/// [`MOST_POINTS`] at equal distances, as always in seconds.
pub fn grid(curves: &[Curve], axis: CurveAxis) -> Vec<f64> {
    let ends = curves.iter().filter_map(|curve| curve.points.last());
    let end = ends.map(|point| point.at).fold(0.0, f64::max);
    let n = match axis {
        CurveAxis::Wall => MOST_POINTS,
        CurveAxis::Updates | CurveAxis::Steps => (end as usize).clamp(1, MOST_POINTS),
    };
    (1..=n).map(|i| end * i as f64 / n as f64).collect()
}

/// The points with the means of so many values up to their own, whose standard errors are not known.
pub fn moving_means(points: &[CurvePoint], window: usize) -> Vec<CurvePoint> {
    if window <= 1 {
        return points.to_vec();
    }
    let mean = |end: usize| {
        let values = &points[(end + 1).saturating_sub(window)..=end];
        let sum: f64 = values.iter().map(|point| point.value).sum();
        CurvePoint {
            at: points[end].at,
            value: sum / values.len() as f64,
            standard_error: f64::NAN,
        }
    };
    (0..points.len()).map(mean).collect()
}

/// The last point of a curve that is not behind `at`.
pub fn point_at(curve: &Curve, at: f64) -> Option<&CurvePoint> {
    let after = curve.points.partition_point(|point| point.at <= at);
    curve.points[..after].last()
}

/// Mean and standard error over some curves at each point of the grid that all have begun at: over
/// the runs; of a single one, that of its evaluation.
pub fn means(curves: &[&Curve], grid: &[f64]) -> Vec<CurvePoint> {
    let mean_at = |&at: &f64| {
        let points: Option<Vec<&CurvePoint>> =
            curves.iter().map(|curve| point_at(curve, at)).collect();
        let points = points.filter(|points| !points.is_empty())?;
        let n = points.len() as f64;
        let mean = points.iter().map(|point| point.value).sum::<f64>() / n;
        let squares = points.iter().map(|point| (point.value - mean).powi(2));
        let standard_error = match points.as_slice() {
            [point] => point.standard_error,
            _ => (squares.sum::<f64>() / (n - 1.0) / n).sqrt(),
        };
        Some(CurvePoint {
            at,
            value: mean,
            standard_error,
        })
    };
    grid.iter().filter_map(mean_at).collect()
}

#[cfg(test)]
pub mod testing {
    use super::*;

    /// A curve through points at 1, 2, ….
    pub fn curve(arm: usize, seed: u64, values: &[f64]) -> Curve {
        let points = (1..).zip(values).map(|(at, &value)| CurvePoint {
            at: f64::from(at),
            value,
            standard_error: 0.5,
        });
        Curve {
            arm,
            seed,
            points: points.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::curve;
    use super::*;

    #[test]
    fn a_grid_has_every_update_or_so_many_points() {
        assert_eq!(
            grid(
                &[curve(0, 0, &[1.0; 3]), curve(0, 1, &[1.0])],
                CurveAxis::Updates
            ),
            [1.0, 2.0, 3.0]
        );
        let long = grid(&[curve(0, 0, &[1.0; 1000])], CurveAxis::Updates);
        assert_eq!((long.len(), long[0], long[199]), (200, 5.0, 1000.0));
    }

    #[test]
    fn a_moving_mean_is_over_what_there_is_of_its_window() {
        let means = moving_means(&curve(0, 0, &[1.0, 3.0, 8.0]).points, 2);
        let rows: Vec<_> = means.iter().map(|p| (p.at, p.value)).collect();
        assert_eq!(rows, [(1.0, 1.0), (2.0, 2.0), (3.0, 5.5)]);
    }

    #[test]
    fn means_and_standard_errors_by_hand() {
        let (a, b) = (curve(0, 0, &[1.0, 3.0, 5.0]), curve(0, 1, &[3.0, 7.0]));
        let means = |curves: &[&Curve]| {
            let points = means(curves, &[0.5, 1.0, 2.5, 3.0]);
            let rows = points.iter().map(|p| [p.at, p.value, p.standard_error]);
            rows.collect::<Vec<_>>()
        };
        // Where a curve has not begun there is no mean; one that has ended keeps its last value.
        assert_eq!(
            means(&[&a, &b]),
            [[1.0, 2.0, 1.0], [2.5, 5.0, 2.0], [3.0, 6.0, 1.0]]
        );
        assert_eq!(means(&[&a])[0], [1.0, 1.0, 0.5]);
    }
}

//! Metrics of a run as the points of curves.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::runs::{MetricsTable, RunsError, StoredRun};

/// Points that a curve has at most: more than a page has pixels for it.
const POINTS: usize = 1000;

/// Metrics that count, whose value in a group of rows is that of the last.
const COUNTERS: [&str; 4] = ["update", "env_steps", "episodes", "wall_s"];

/// Metrics of a run for a page: at most [`POINTS`] points each. Of a longer table, as many consecutive rows as it
/// takes make a point: the last of counters, the mean of the others, with the least and the largest. Numbers that are no integers
/// have six digits; `null` stands where a row has none.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Series {
    /// Rows of the table.
    pub rows: usize,
    /// Rows that make a point; the last point may have fewer.
    pub rows_per_point: usize,
    /// Names of the metrics, in the order of the file.
    names: Vec<String>,
    /// Points of each metric.
    mean: BTreeMap<String, Vec<Option<f64>>>,
    /// The least value of each point; empty where a row makes a point.
    low: BTreeMap<String, Vec<Option<f64>>>,
    /// The largest.
    high: BTreeMap<String, Vec<Option<f64>>>,
}

impl Series {
    /// The points of a run; `None` of one that has just begun and has no metrics yet.
    ///
    /// # Errors
    /// [`RunsError`] for metrics that cannot be read.
    pub fn of_run(run: &StoredRun) -> Result<Option<Self>, RunsError> {
        match run.metrics() {
            Ok(table) => Ok(Some(Self::of(&table))),
            Err(_) if run.updates() == 0 => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The points of a table.
    pub fn of(table: &MetricsTable) -> Self {
        let rows = table.rows();
        let rows_per_point = rows.div_ceil(POINTS).max(1);
        let [mut mean, mut low, mut high] = [const { BTreeMap::new() }; 3];
        for name in table.names() {
            let Ok(column) = table.column(name) else {
                continue;
            };
            let is_counter = COUNTERS.contains(&name.as_str());
            let points: Vec<[Option<f64>; 3]> = column
                .chunks(rows_per_point)
                .map(|rows| point(rows, is_counter))
                .collect();
            let side = |i: usize| points.iter().map(|point| point[i]).collect();
            mean.insert(name.clone(), side(0));
            if rows_per_point > 1 && !is_counter {
                low.insert(name.clone(), side(1));
                high.insert(name.clone(), side(2));
            }
        }
        Self {
            rows,
            rows_per_point,
            names: table.names().to_vec(),
            mean,
            low,
            high,
        }
    }
}

/// Mean (the last of a counter), least and largest value of some rows, of those that are finite.
fn point(rows: &[f64], is_counter: bool) -> [Option<f64>; 3] {
    let known = || rows.iter().copied().filter(|x| x.is_finite());
    let Some(last) = known().next_back() else {
        return [None; 3];
    };
    let mean = match is_counter {
        true => last,
        false => known().sum::<f64>() / known().count() as f64,
    };
    let (low, high) = (
        known().fold(f64::INFINITY, f64::min),
        known().fold(f64::NEG_INFINITY, f64::max),
    );
    [mean, low, high].map(|x| Some(short(x)))
}

/// The number with six digits, unless it is an integer.
fn short(number: f64) -> f64 {
    if number.fract() == 0.0 {
        return number;
    }
    format!("{number:.5e}").parse().unwrap_or(number)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn series(rows: usize) -> Series {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("metrics.csv");
        let rows = (1..=rows).map(|i| match i % 2 {
            0 => format!("{i},{}\n", i as f64 / 3.0),
            _ => format!("{i},\n"),
        });
        let text = ["update,x\n".to_owned()].into_iter().chain(rows);
        fs::write(&path, text.collect::<String>()).unwrap();
        Series::of(&MetricsTable::read(&path).unwrap())
    }

    #[test]
    fn a_short_table_is_shown_row_by_row() {
        let series = series(4);
        assert_eq!((series.rows, series.rows_per_point), (4, 1));
        let point = |name: &str| series.mean[name].clone();
        assert_eq!(point("update"), [1.0, 2.0, 3.0, 4.0].map(Some));
        assert_eq!(point("x"), [None, Some(0.666667), None, Some(1.33333)]);
        assert!(series.low.is_empty());
    }

    #[test]
    fn rows_of_a_long_table_share_points_that_keep_their_extremes() {
        let series = series(3999);
        assert_eq!((series.rows, series.rows_per_point), (3999, 4));
        assert_eq!(series.mean["update"].len(), 1000);
        assert_eq!(series.mean["update"][1], Some(8.0));
        let sides = [&series.mean, &series.low, &series.high].map(|side| side["x"][0]);
        assert_eq!(sides, [Some(1.0), Some(0.666667), Some(1.33333)]);
        assert!(!series.low.contains_key("update"));
        assert_eq!(series.mean["update"][999], Some(3999.0));
    }

    #[test]
    fn numbers_that_are_not_finite_are_null() {
        assert_eq!(point(&[f64::NAN, f64::INFINITY], false), [None; 3]);
        assert_eq!(
            point(&[f64::NAN, 2.5, f64::INFINITY], false),
            [Some(2.5); 3]
        );
    }
}

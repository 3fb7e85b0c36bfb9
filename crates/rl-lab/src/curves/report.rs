//! Learning curves as a table and as files.

use std::fs;
use std::path::PathBuf;

use serde::Serialize;

use super::chart::chart;
use super::curve::{Curve, CurvesConfig};
use super::grid::{grid, means, point_at};
use crate::figure::Figure;
use crate::files::FileError;
use crate::files::csv_of;
use crate::table::aligned;

/// Learning curves of some configurations.
#[derive(Clone, Debug, PartialEq)]
pub struct Curves {
    config: CurvesConfig,
    curves: Vec<Curve>,
}

/// Point of a curve in the CSV file.
#[derive(Serialize)]
struct Row<'a> {
    arm: &'a str,
    seed: u64,
    at: f64,
    value: f64,
    standard_error: Option<f64>,
}

impl Curves {
    pub(super) fn new(config: CurvesConfig, curves: Vec<Curve>) -> Self {
        Self { config, curves }
    }

    /// A row per configuration: the last value of its curves, their highest, and how many of them
    /// are at a threshold at some point and at the end.
    pub fn table(&self, threshold: Option<f64>) -> String {
        let arms = self.config.arms.iter().enumerate();
        let rows: Vec<_> = arms
            .map(|(index, arm)| {
                let own = self.curves.iter().filter(|curve| curve.arm == index);
                row(&arm.name, &own.collect::<Vec<_>>(), threshold)
            })
            .collect();
        let at = threshold.map_or("threshold".to_owned(), |x| x.to_string());
        let header = [
            "configuration",
            "runs",
            "last ± standard error",
            "worst last",
            "least highest",
            &format!("reach {at}"),
            &format!("end at {at}"),
        ];
        aligned(header, 1, &rows)
    }

    /// Writes the picture, and the curves beside it as a CSV file of the same name; both
    /// are overwritten. A curve of more than 200 updates has 200 points, at equal distances. Returns their
    /// paths.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn write(&self, figure: &Figure) -> Result<Vec<PathBuf>, FileError> {
        let path = figure.path();
        let chart = chart(&self.config, &self.curves);
        let grid = grid(&self.curves, self.config.axis);
        let rows = self.curves.iter().flat_map(|curve| {
            let points = grid
                .iter()
                .filter_map(|&at| Some((at, point_at(curve, at)?)));
            points.map(|(at, point)| Row {
                arm: &self.config.arms[curve.arm].name,
                seed: curve.seed,
                at: rounded(at),
                value: rounded(point.value),
                standard_error: Some(rounded(point.standard_error)).filter(|x| x.is_finite()),
            })
        });
        let csv = csv_of(rows).map_err(FileError::new("write", path))?;
        figure.write(&chart)?;
        let beside = path.with_extension("csv");
        fs::write(&beside, csv).map_err(FileError::new("write", &beside))?;
        Ok(vec![path.to_owned(), beside])
    }
}

/// Row of the table.
fn row(name: &str, curves: &[&Curve], threshold: Option<f64>) -> [String; 7] {
    let last = |curve: &Curve| curve.points.last().map_or(f64::NAN, |point| point.value);
    let highest = |curve: &Curve| {
        let values = curve.points.iter().map(|point| point.value);
        values.fold(f64::NEG_INFINITY, f64::max)
    };
    let mean = means(curves, &[f64::INFINITY]);
    let mean = mean.first().map_or(String::new(), |mean| {
        let error = Some(mean.standard_error).filter(|error| error.is_finite());
        let error = error.map_or(String::new(), |error| format!(" ± {error:.1}"));
        format!("{:.1}{error}", mean.value)
    });
    let least = |of: &dyn Fn(&Curve) -> f64| {
        let curve = curves.iter().min_by(|a, b| of(a).total_cmp(&of(b)));
        let text = curve.map(|curve| format!("{:.1} (seed {})", of(curve), curve.seed));
        text.unwrap_or_default()
    };
    let share = |of: &dyn Fn(&Curve) -> f64| {
        let text = threshold.map(|threshold| {
            let there = curves.iter().filter(|curve| of(curve) >= threshold);
            format!("{} of {}", there.count(), curves.len())
        });
        text.unwrap_or_default()
    };
    [
        name.to_owned(),
        curves.len().to_string(),
        mean,
        least(&last),
        least(&highest),
        share(&highest),
        share(&last),
    ]
}

/// Number with three decimals, which is finer than any picture.
fn rounded(x: f64) -> f64 {
    (x * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::super::curve::{Arm, CurveAxis};
    use super::super::grid::testing::curve;
    use super::*;

    fn curves() -> Curves {
        let config = CurvesConfig {
            arms: vec![Arm {
                name: "a, b".into(),
                set: Vec::new(),
            }],
            seeds: 3..5,
            metric: "return_mean".into(),
            window: 1,
            axis: CurveAxis::Updates,
        };
        Curves::new(
            config,
            vec![curve(0, 3, &[4.0, 9.0, 2.0]), curve(0, 4, &[1.0, 2.0, 6.0])],
        )
    }

    #[test]
    fn the_table_tells_the_last_values_and_the_worst_seed() {
        let table = curves().table(Some(5.0));
        let row = table.lines().nth(2).unwrap();
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let expected = [
            "a, b",
            "2",
            "4.0 ± 2.0",
            "2.0 (seed 3)",
            "6.0 (seed 4)",
            "2 of 2",
            "1 of 2",
        ];
        assert_eq!(cells[1..8], expected, "{table}");
    }

    #[test]
    fn the_files_are_a_picture_and_its_numbers() {
        let directory = tempfile::tempdir().unwrap();
        let figure = Figure::at(directory.path().join("new/x.svg")).unwrap();
        let paths = curves().write(&figure).unwrap();
        assert!(fs::read_to_string(&paths[0]).unwrap().starts_with("<svg"));
        let csv = fs::read_to_string(&paths[1]).unwrap();
        let lines: Vec<&str> = csv.lines().collect();
        assert_eq!(
            lines[..2],
            ["arm,seed,at,value,standard_error", "\"a, b\",3,1.0,4.0,0.5"]
        );
        assert_eq!(lines.len(), 1 + 6);
    }
}

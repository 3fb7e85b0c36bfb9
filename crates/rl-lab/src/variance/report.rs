//! The rows as a table and as files.

use std::path::{Path, PathBuf};

use super::chart::chart;
use super::{VarianceRow, VarianceSetting};
use crate::files::FileError;
use crate::files::{csv_of, write_all};
use crate::table::aligned;

/// The rows of one setting as a Markdown table whose columns are aligned.
pub fn table(rows: &[VarianceRow]) -> String {
    let header = [
        "estimator",
        "baseline",
        "theory",
        "bias",
        "holds 0",
        "variance",
        "ratio",
        "noise / signal",
        "ns per step",
    ];
    let cells = |row: &VarianceRow| {
        [
            row.estimator.to_owned(),
            row.baseline.to_owned(),
            row.theory.name().to_owned(),
            interval(row.bias, row.bias_half_width),
            if row.is_biased() { "no" } else { "yes" }.to_owned(),
            interval(row.variance, row.variance_half_width),
            significant(row.ratio, 3),
            significant(row.noise_to_signal, 3),
            format!("{:.1}", row.ns_per_step),
        ]
    };
    // Words to the left, numbers to the right.
    aligned(header, 3, &rows.iter().map(cells).collect::<Vec<_>>())
}

/// `estimate ± half-width`, three digits of the estimate.
fn interval(estimate: f64, half_width: f64) -> String {
    format!(
        "{} ± {}",
        significant(estimate, 3),
        significant(half_width, 2)
    )
}

/// A positive number with a number of significant digits, never as a power of ten.
fn significant(x: f64, digits: i32) -> String {
    let exponent = if x == 0.0 {
        0
    } else {
        x.abs().log10().floor() as i32
    };
    let decimals = (digits - 1 - exponent).max(0) as usize;
    format!("{x:.decimals$}")
}

/// Writes `variance.csv` with all rows and `variance-SETTING.svg` for each setting into a
/// directory, which is made if need be; files of these names are overwritten. Returns their paths.
///
/// # Errors
/// [`FileError`].
pub fn write(directory: &Path, rows: &[VarianceRow]) -> Result<Vec<PathBuf>, FileError> {
    let csv = csv_of(rows).map_err(FileError::new("write", directory))?;
    let mut files = vec![("variance.csv".to_owned(), csv)];
    for setting in VarianceSetting::ALL {
        let rows: Vec<_> = rows.iter().filter(|row| row.env == setting).collect();
        if !rows.is_empty() {
            let picture = chart(setting, &rows).map_err(FileError::new("draw", directory))?;
            let name = format!("variance-{}.svg", setting.name());
            files.push((name, picture.into_bytes()));
        }
    }
    write_all(directory, files)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::estimators::Theory;
    use super::super::row::testing::row;
    use super::*;

    #[test]
    fn numbers_have_significant_digits() {
        for (x, text) in [
            (0.0, "0.00"),
            (0.012_34, "0.0123"),
            (1.0, "1.00"),
            (23.45, "23.4"),
            (12_345.6, "12346"),
        ] {
            assert_eq!(significant(x, 3), text);
        }
    }

    #[test]
    fn the_table_is_markdown_with_a_column_of_one_width() {
        let rows = [
            row(Theory::Unbiased, 0.01, 20.0),
            row(Theory::Biased, 0.2, 5.5),
        ];
        let table = table(&rows);
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(
            lines[2],
            "| GAE(λ < 1) | none     | unbiased | 0.0100 ± 0.050 |     yes |  20.0 ± 2.5 |  1.00 \
             |           10.0 |         1.3 |"
        );
        assert!(
            lines[3].contains("biased   |  0.200 ± 0.050 |      no |"),
            "{table}"
        );
        let width = |line: &&str| line.chars().count();
        assert!(
            lines.iter().all(|line| width(line) == width(&lines[0])),
            "{table}"
        );
    }

    #[test]
    fn the_files_hold_every_row() {
        let directory = tempfile::tempdir().unwrap();
        let rows = [
            row(Theory::Unbiased, 0.01, 20.0),
            row(Theory::Biased, 0.2, 5.5),
        ];
        let paths = write(directory.path(), &rows).unwrap();
        let names: Vec<_> = paths.iter().filter_map(|path| path.file_name()).collect();
        assert_eq!(names, ["variance.csv", "variance-finite-mdp.svg"]);
        assert_eq!(
            fs::read_to_string(&paths[0]).unwrap(),
            "env,estimator,baseline,theory,bias,bias_half_width,variance,variance_half_width,ratio,\
             noise_to_signal,ns_per_step\n\
             finite-mdp,GAE(λ < 1),none,unbiased,0.01,0.05,20.0,2.5,1.0,10.0,1.26\n\
             finite-mdp,GAE(λ < 1),none,biased,0.2,0.05,5.5,0.6875,0.275,2.75,1.26\n"
        );
    }
}

//! The rows as a table and as files.

use std::path::{Path, PathBuf};

use super::{Outcome, TriadRow};
use crate::chart::Format;
use crate::files::{FileError, csv_of, write_all};
use crate::line_chart::{Line, LineChart, Panel};
use crate::table::columns;

/// Powers of ten between which errors are drawn.
const DRAWN: std::ops::RangeInclusive<f64> = -6.0..=9.0;

/// The rows as a Markdown table whose columns are aligned: a column per problem, with the factor of the error from an update to
/// the next.
pub fn table(rows: &[TriadRow]) -> String {
    let problems: Vec<&[TriadRow]> = rows.chunk_by(|a, b| a.problem == b.problem).collect();
    let names = problems.iter().map(|rows| rows[0].problem);
    let header: Vec<&str> = ["update"].into_iter().chain(names).collect();
    let settings = problems.first().map_or(0, |rows| rows.len());
    let cells = (0..settings).map(|i| {
        let of_problems = problems.iter().filter_map(|rows| rows.get(i));
        let setting = problems[0][i].setting.to_owned();
        let cells = [setting].into_iter().chain(of_problems.map(cell));
        cells.collect::<Vec<String>>()
    });
    columns(&header, header.len(), &cells.collect::<Vec<_>>())
}

fn cell(row: &TriadRow) -> String {
    let (outcome, factor) = (row.outcome.name(), row.factor);
    match row.outcome {
        Outcome::Stays => format!("{outcome} at {:.2}", row.last),
        Outcome::Diverges | Outcome::Converges => format!("{outcome}, × {factor:.5}"),
    }
}

/// Writes `triad.csv` with all rows and `triad.svg` with their curves into a directory, which is made if need be; files of these names are
/// overwritten. Returns their paths.
///
/// # Errors
/// [`FileError`].
pub fn write(directory: &Path, rows: &[TriadRow]) -> Result<Vec<PathBuf>, FileError> {
    let csv = csv_of(rows).map_err(FileError::new("write", directory))?;
    let chart = chart(rows).draw(Format::Svg);
    let chart = chart.map_err(FileError::new("draw", directory))?;
    let files = [("triad.csv", csv), ("triad.svg", chart)];
    write_all(
        directory,
        files.map(|(name, bytes)| (name.to_owned(), bytes)),
    )
}

/// A panel per problem, with a line per setting.
fn chart(rows: &[TriadRow]) -> LineChart {
    let line = |row: &TriadRow| {
        let points = row
            .curve
            .iter()
            .map(|&(update, error)| (update, error.log10()));
        Line {
            name: row.setting.to_owned(),
            points: points.take_while(|(_, y)| DRAWN.contains(y)).collect(),
            ..Line::default()
        }
    };
    let panels = rows
        .chunk_by(|a, b| a.problem == b.problem)
        .map(|rows| Panel {
            label: format!("{}: log10 of the error", rows[0].problem),
            lines: rows.iter().map(line).collect(),
            least_range: None,
        });
    LineChart {
        title: "Expected Q-learning with linear action values, where it diverges".into(),
        notes: vec!["Error: the largest |Q(s, a)|, where every exact value is 0".into()],
        axis: "updates".into(),
        ends: None,
        panels: panels.collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn row(problem: &'static str, outcome: Outcome, last: f64) -> TriadRow {
        TriadRow {
            problem,
            setting: "double = true",
            outcome,
            factor: 1.0125,
            first: 2.0,
            largest: 1e31,
            last,
            updates: 20,
            curve: vec![(0.0, 2.0), (10.0, 4.0), (20.0, last)],
        }
    }

    #[test]
    fn the_table_and_the_files_have_every_row() {
        let rows = [
            row("star", Outcome::Stays, 8.0),
            row("w, 2w", Outcome::Diverges, 1e12),
        ];
        let expected = "\
            | update        | star                | w, 2w               |\n\
            | ------------- | ------------------- | ------------------- |\n\
            | double = true | stays wrong at 8.00 | diverges, × 1.01250 |\n";
        assert_eq!(table(&rows), expected);
        assert!(table(&[]).starts_with("| update |\n"));

        let place = tempfile::tempdir().unwrap();
        let paths = write(place.path(), &rows).unwrap();
        let csv = fs::read_to_string(&paths[0]).unwrap();
        assert_eq!(csv.lines().count(), 3);
        let second = "\"w, 2w\",double = true,diverges,1.0125,2.0,";
        assert!(csv.contains(second), "{csv}");
        let svg = fs::read_to_string(&paths[1]).unwrap();
        for words in ["star: log", "w, 2w: log", "double = true", "updates"] {
            assert!(svg.contains(words), "{words}");
        }
        // The point beyond the picture is left out.
        assert!(!svg.contains("NaN") && chart(&rows).panels[1].lines[0].points.len() == 2);
    }
}

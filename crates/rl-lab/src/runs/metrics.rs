//! `metrics.csv`, read by columns.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use csv::ByteRecord;
use rl_train::nearest;

use super::error::RunsError;
use crate::files::FileError;

/// Bytes that hold the header, or the last row.
const ENDS: u64 = 1 << 16;

/// Metrics of a run: a row per update, or per several.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricsTable {
    path: PathBuf,
    names: Vec<String>,
    columns: Vec<Vec<f64>>,
}

impl MetricsTable {
    /// The table of a file. A last row that is only half written is left out; an empty field is NaN.
    ///
    /// # Errors
    /// [`RunsError`] for a file that cannot be read, or has a row that makes no sense.
    pub fn read(path: &Path) -> Result<Self, RunsError> {
        let bytes = fs::read(path).map_err(FileError::new("read", path))?;
        Self::of(path, &bytes)
    }

    /// The table of the last row alone, which is quick however long the file is.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_last(path: &Path) -> Result<Self, RunsError> {
        let failed = || FileError::new("read", path);
        let mut file = File::open(path).map_err(failed())?;
        let length = file.metadata().map_err(failed())?.len();
        let mut part = |from: u64| {
            let mut bytes = Vec::new();
            file.seek(SeekFrom::Start(from)).map_err(failed())?;
            (&mut file)
                .take(ENDS)
                .read_to_end(&mut bytes)
                .map_err(failed())?;
            Ok::<_, FileError>(bytes)
        };
        let start = part(0)?;
        let header = start.split_inclusive(|&byte| byte == b'\n').next();
        let header = header.unwrap_or_default();
        let end = part(length.saturating_sub(ENDS))?;
        let whole = whole_lines(&end);
        let row = whole.split_inclusive(|&byte| byte == b'\n').next_back();
        let row = row
            .filter(|_| length > header.len() as u64)
            .unwrap_or_default();
        let is_row = row != header;
        Self::of(path, &[header, if is_row { row } else { &[] }].concat())
    }

    fn of(path: &Path, bytes: &[u8]) -> Result<Self, RunsError> {
        let damaged = |reason: &dyn ToString| RunsError::damaged(path, reason.to_string());
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .from_reader(whole_lines(bytes));
        let header = reader.headers().map_err(|error| damaged(&error))?;
        let names: Vec<String> = header.iter().map(str::to_owned).collect();
        let mut columns = vec![Vec::new(); names.len()];
        let mut record = ByteRecord::new();
        while reader
            .read_byte_record(&mut record)
            .map_err(|error| damaged(&error))?
        {
            let line = record.position().map_or(0, csv::Position::line);
            if record.len() != names.len() {
                return Err(damaged(&format!(
                    "line {line} has {} fields, the header {}",
                    record.len(),
                    names.len()
                )));
            }
            for ((column, field), name) in columns.iter_mut().zip(&record).zip(&names) {
                let number = number(field).ok_or_else(|| {
                    let field = String::from_utf8_lossy(field);
                    damaged(&format!(
                        "line {line}: {name} is '{field}', which is no number"
                    ))
                })?;
                column.push(number);
            }
        }
        Ok(Self {
            path: path.to_owned(),
            names,
            columns,
        })
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, Vec::len)
    }

    /// Names of the metrics, in the order of the file.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The numbers of a metric, one per row; NaN where a row has none.
    ///
    /// # Errors
    /// [`RunsError::NoMetric`], with the name nearest to it.
    pub fn column(&self, metric: &str) -> Result<&[f64], RunsError> {
        let column = self.names.iter().position(|name| name == metric);
        column.map(|i| &*self.columns[i]).ok_or_else(|| {
            let names: Vec<&str> = self.names.iter().map(String::as_str).collect();
            let near = nearest(metric, &names);
            RunsError::NoMetric {
                path: self.path.clone(),
                metric: metric.to_owned(),
                hint: near.map_or(String::new(), |near| format!(" Did you mean '{near}'?")),
                known: names.join(", "),
            }
        })
    }

    /// The last number of a metric that is one, if there is any.
    pub fn last(&self, metric: &str) -> Option<f64> {
        let column = self.column(metric).ok()?;
        column.iter().copied().rfind(|x| x.is_finite())
    }
}

/// The bytes up to the end of the last whole line.
fn whole_lines(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|&byte| byte == b'\n');
    &bytes[..end.map_or(0, |end| end + 1)]
}

/// The number of a field, NaN for an empty one.
fn number(field: &[u8]) -> Option<f64> {
    match field {
        b"" => Some(f64::NAN),
        field => std::str::from_utf8(field).ok()?.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn written(text: &str) -> (tempfile::TempDir, PathBuf) {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("metrics.csv");
        fs::write(&path, text).unwrap();
        (place, path)
    }

    #[test]
    fn a_half_written_last_row_is_left_out() {
        let (_place, path) = written("update,return_mean\n1,20.5\n2,\n3,2");
        let table = MetricsTable::read(&path).unwrap();
        assert_eq!(table.column("update").unwrap(), [1.0, 2.0]);
        assert!(table.column("return_mean").unwrap()[1].is_nan());
        assert_eq!(table.last("return_mean"), Some(20.5));
        let last = MetricsTable::read_last(&path).unwrap();
        assert_eq!(last.column("update").unwrap(), [2.0]);
    }

    #[test]
    fn a_file_without_rows_is_a_table_without_rows() {
        for (text, names) in [
            ("", 0),
            ("upd", 0),
            ("update,wall_s\n", 2),
            ("update,wall_s\n1", 2),
        ] {
            let (_place, path) = written(text);
            for read in [MetricsTable::read, MetricsTable::read_last] {
                let table = read(&path).unwrap();
                assert_eq!((table.rows(), table.names().len()), (0, names), "{text}");
            }
        }
    }

    #[test]
    fn a_metric_that_is_not_there_is_answered_with_the_nearest() {
        let (_place, path) = written("update,return_mean,grad_norm\n1,2,3\n");
        let error = MetricsTable::read(&path).unwrap();
        let wrong = "retrun_mean"; // typos: on purpose
        let error = error.column(wrong).unwrap_err();
        assert!(error.is_usage());
        let message = error.to_string();
        for word in [wrong, "Did you mean 'return_mean'?", "grad_norm"] {
            assert!(message.contains(word), "{message}");
        }
    }

    #[test]
    fn a_row_that_makes_no_sense_is_named_by_its_line() {
        for (text, words) in [
            ("update,x\n1,2\n2\n3,1\n", ["line 3", "1 fields"]),
            ("update,x\n1,2\n2,high\n", ["line 3", "x is 'high'"]),
        ] {
            let (_place, path) = written(text);
            let error = MetricsTable::read(&path).unwrap_err();
            let message = error.to_string();
            assert!(
                !error.is_usage() && words.iter().all(|w| message.contains(w)),
                "{message}"
            );
        }
    }

    #[test]
    fn a_hundred_thousand_updates_are_read_in_well_below_two_seconds() {
        let header: Vec<String> = (0..20).map(|i| format!("metric_{i}")).collect();
        let row = |update: usize| {
            let fields = (0..20).map(|i| (update as f64 + f64::from(i) / 7.0).to_string());
            fields.collect::<Vec<_>>().join(",")
        };
        let rows = (1..=100_000).map(row);
        let text: Vec<String> = [header.join(",")].into_iter().chain(rows).collect();
        let (_place, path) = written(&(text.join("\n") + "\n"));
        let begin = Instant::now();
        let table = MetricsTable::read(&path).unwrap();
        let took = begin.elapsed().as_secs_f64();
        assert_eq!((table.rows(), table.last("metric_0")), (100_000, Some(1e5)));
        assert!(took < 2.0, "{took} s");
        let begin = Instant::now();
        let last = MetricsTable::read_last(&path).unwrap();
        assert_eq!(last.column("metric_0").unwrap(), [1e5]);
        assert!(begin.elapsed().as_secs_f64() < 0.2);
    }
}

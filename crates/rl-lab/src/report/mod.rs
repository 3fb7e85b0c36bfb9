//! Report of a run: one page that needs nothing else, with its summary, its configuration, its curves, and a replay of its policies.
//!
//! ```no_run
//! use rl_lab::report::Report;
//! use rl_train::Registry;
//!
//! let report = Report::of("runs/cartpole-vpg-seed0".as_ref(), &Registry::default())?;
//! report.write("report.html".as_ref())?;
//! # Ok::<(), rl_lab::report::ReportError>(())
//! ```

mod error;
mod facts;
mod page;

use std::path::Path;

use rl_train::Registry;

use crate::files::write_whole;
use crate::runs::StoredRun;

pub use error::ReportError;

/// Report of a run as a page in HTML, whose styles, scripts and data are all in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    html: String,
}

impl Report {
    /// Name of its file in the directory of a run.
    pub const FILE: &'static str = "report.html";

    /// The report of the run in a directory, whether it has ended or not.
    ///
    /// # Errors
    /// [`ReportError`] for a directory of no run, or a run that is damaged.
    pub fn of(directory: &Path, registry: &Registry) -> Result<Self, ReportError> {
        let run = StoredRun::read(directory)?;
        let html = page::html(&run, registry)?;
        Ok(Self { html })
    }

    /// The page.
    pub fn html(&self) -> &str {
        &self.html
    }

    /// Writes the page to a file, whole or not at all; one of that name is replaced.
    ///
    /// # Errors
    /// [`ReportError::File`].
    pub fn write(&self, path: &Path) -> Result<(), ReportError> {
        Ok(write_whole(path, self.html.as_bytes())?)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Instant;

    use super::*;
    use crate::runs::testing::{Written, run};

    fn html(directory: &Path) -> String {
        let report = Report::of(directory, &Registry::default()).unwrap();
        report.html().to_owned()
    }

    #[test]
    fn a_report_has_the_summary_the_changed_keys_and_the_points_of_the_curves() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("mine");
        let written = Written {
            config: "gamma = 0.5",
            seed: 7,
            score: Some(321.5),
            ..run(&[10.5, 20.25, 30.0])
        };
        written.read(&path);
        let page = html(&path);
        for words in [
            "<title>mine</title>",
            "finished",
            "321.5",
            "\"return_mean\":[10.5,20.25,30.0]",
            "<th scope=\"row\">gamma</th>",
            "Permission is hereby granted",
        ] {
            assert!(page.contains(words), "{words}");
        }
    }

    #[test]
    fn a_page_asks_for_nothing_from_elsewhere() {
        let place = tempfile::tempdir().unwrap();
        run(&[1.0]).read(place.path());
        let page = html(place.path());
        assert!(page.contains("default-src 'none'"));
        for word in ["src=\"", "href=\"http", "url(", "@import"] {
            assert!(!page.contains(word), "{word}");
        }
    }

    #[test]
    fn words_of_a_run_are_no_markup() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("<img src=x onerror=alert(1)>");
        let written = Written {
            config: "note = '</script><script>alert(2)</script>'\nenv = '<b>&'",
            ..run(&[1.0])
        };
        written.read(&path);
        let metrics = "update,</script><script>alert(3)\n1,2\n";
        fs::write(path.join("metrics.csv"), metrics).unwrap();
        let page = html(&path);
        for alert in ["<img src=x", "<script>alert", "<b>&"] {
            assert!(!page.contains(alert), "{alert}");
        }
        assert!(page.contains("&lt;img src=x"));
        let scripts = page.matches("<script").count();
        assert_eq!(scripts, page.matches("</script").count());
    }

    #[test]
    fn a_directory_of_no_run_and_a_place_that_cannot_be_written_are_errors_that_name_them() {
        let place = tempfile::tempdir().unwrap();
        let registry = Registry::default();
        let error = Report::of(place.path(), &registry).unwrap_err();
        assert!(error.is_usage() && error.to_string().contains("is not the directory of a run"));
        let path = place.path().join("run");
        run(&[1.0]).read(&path);
        let report = Report::of(&path, &registry).unwrap();
        let target = place.path().join("nowhere/report.html");
        let error = report.write(&target).unwrap_err();
        assert!(!error.is_usage() && error.to_string().contains("nowhere/report.html"));
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_hundred_thousand_updates_are_reported_in_less_than_two_seconds() {
        let place = tempfile::tempdir().unwrap();
        run(&[1.0]).read(place.path());
        let header: Vec<String> = (0..20).map(|i| format!("metric_{i}")).collect();
        let row = |update: usize| {
            let fields = (0..20).map(|i| (update as f64 + f64::from(i) / 7.0).to_string());
            format!("{update},{}", fields.collect::<Vec<_>>().join(","))
        };
        let rows = (1..=100_000).map(row);
        let header = format!("update,{}", header.join(","));
        let text: Vec<String> = [header].into_iter().chain(rows).collect();
        fs::write(place.path().join("metrics.csv"), text.join("\n") + "\n").unwrap();
        let begin = Instant::now();
        let page = html(place.path());
        let took = begin.elapsed().as_secs_f64();
        assert!(took < 2.0, "{took} s");
        assert!(page.len() < 6_000_000, "{} bytes", page.len());
        assert!(page.contains("100,000 rows, 100 to a point"), "says so");
    }
}

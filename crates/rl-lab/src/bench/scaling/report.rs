//! The growth of speed and memory as tables and as files.

use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};

use super::chart::chart;
use super::knees::{PLATEAU, description};
use super::{ScalingAxis, ScalingBench, ScalingPoint};
use crate::bench::Machine;
use crate::files::FileError;
use crate::files::{csv_of, write_all};
use crate::table::{aligned, thousands};

/// Points of every size that was measured; serialised, the list of them.
#[derive(Clone, Debug, PartialEq)]
pub struct ScalingReport {
    bench: ScalingBench,
    machine: Machine,
    points: Vec<ScalingPoint>,
}

impl Serialize for ScalingReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.points.serialize(serializer)
    }
}

impl ScalingReport {
    pub(super) fn new(bench: ScalingBench, machine: Machine, points: Vec<ScalingPoint>) -> Self {
        Self {
            bench,
            machine,
            points,
        }
    }

    fn points(&self, axis: ScalingAxis) -> Vec<&ScalingPoint> {
        let points = self.points.iter();
        points.filter(|point| point.axis == axis).collect()
    }

    /// A Markdown table for each size.
    pub fn tables(&self) -> String {
        let tables = self.bench.axes.iter();
        let tables: Vec<_> = tables.map(|&axis| table(&self.points(axis))).collect();
        tables.join("\n")
    }

    /// Writes `scaling.csv`, a picture per size, such as `width.svg`, and `README.md`, the page
    /// about them, into a directory, which is made if need be; files of these names are
    /// overwritten. Returns their paths.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn write(&self, directory: &Path) -> Result<Vec<PathBuf>, FileError> {
        let csv = csv_of(&self.points).map_err(FileError::new("write", directory))?;
        let mut files = vec![
            ("README.md".to_owned(), self.page(directory).into_bytes()),
            ("scaling.csv".to_owned(), csv),
        ];
        for &axis in &self.bench.axes {
            let picture = chart(axis, &self.points(axis));
            let picture = picture.map_err(FileError::new("draw", directory))?;
            files.push((format!("{}.svg", axis.name()), picture.into_bytes()));
        }
        write_all(directory, files)
    }

    fn page(&self, directory: &Path) -> String {
        let bench = &self.bench;
        let mut page = format!(
            "# Scaling\n\n\
             PPO on CartPole-v1, of which one size changes at a time. The others are: 64 environments, \
             16,384 steps per\nupdate in 4 epochs of 4 minibatches, policy and value function of two \
             hidden layers of 64, one thread. Each point\nis {} run{} of about {} s or one update, each \
             a process of its own; medians. Nanoseconds are per environment step;\nmemory is the \
             largest resident one of a run, in MB of 10⁶ bytes. Dashed lines mark the \
             knees: the ends of\nthe plateau, where the rate is at least {} % of the best, or where \
             a rate that falls from the start falls faster\nthan the size grows.\n\n{}\n",
            bench.runs,
            if bench.runs == 1 { "" } else { "s" },
            bench.seconds,
            100.0 * PLATEAU,
            self.machine.description(),
        );
        for &axis in &bench.axes {
            let points = self.points(axis);
            let name = axis.name();
            page += &format!(
                "\n## {}{}\n\n![Steps per second and memory over {name}]({name}.svg)\n\n{}\n{}",
                name[..1].to_uppercase(),
                &name[1..],
                description(axis, &points),
                table(&points)
            );
        }
        page + &format!(
            "\n## Again\n\n[The numbers](scaling.csv).\n\n```sh\ncargo xtask bench scaling{} --runs \
             {} --seconds {} --out {}\n```\n",
            self.options(),
            bench.runs,
            bench.seconds,
            directory.display()
        )
    }

    /// The options that choose the sizes.
    fn options(&self) -> String {
        let ScalingBench { axes, most, .. } = &self.bench;
        let mut options = String::new();
        if axes.len() < ScalingAxis::ALL.len() {
            for axis in axes {
                options += &format!(" --axis {}", axis.name());
            }
        }
        if let Some(most) = most {
            options += &format!(" --most {most}");
        }
        options
    }
}

/// The points of one size as a Markdown table.
fn table(points: &[&ScalingPoint]) -> String {
    let name = points.first().map_or("", |point| point.axis.name());
    let rows: Vec<_> = points
        .iter()
        .map(|point| {
            let peak = point
                .peak_bytes
                .map(|bytes| format!("{:.0}", bytes as f64 / 1e6));
            [
                thousands(point.value as f64),
                thousands(point.steps_per_s),
                format!(
                    "{} to {}",
                    thousands(point.steps_per_s_min),
                    thousands(point.steps_per_s_max)
                ),
                thousands(point.acting_ns),
                thousands(point.learning_ns),
                peak.unwrap_or("–".to_owned()),
            ]
        })
        .collect();
    let header = [
        name,
        "steps/s",
        "least to most",
        "acting, ns",
        "learning, ns",
        "memory, MB",
    ];
    aligned(header, 0, &rows)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::point::testing::points;
    use super::*;

    #[test]
    fn files_are_written_for_a_size_of_even_a_single_point() {
        for rates in [&[1e5][..], &[1e5, 5e4, 1e4]] {
            let place = tempfile::tempdir().unwrap();
            let bench = ScalingBench {
                axes: vec![ScalingAxis::Width],
                most: None,
                runs: 1,
                seconds: 0.5,
                program: PathBuf::new(),
            };
            let report = ScalingReport::new(bench, Machine::here(), points(rates));
            assert_eq!(report.tables().lines().count(), 2 + rates.len());
            let paths = report.write(place.path()).unwrap();
            let read = |i: usize| fs::read_to_string(&paths[i]).unwrap();
            assert!(read(0).contains("bench scaling --axis width --runs 1 --seconds 0.5 --out"));
            assert_eq!(read(1).lines().count(), 1 + rates.len());
            assert!(read(1).contains("\nwidth,16,100000"), "{}", read(1));
            let svg = read(2);
            assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        }
    }
}

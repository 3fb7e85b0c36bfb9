//! Speed of one side of a workload.

use serde::Serialize;

use super::TimedRun;
use crate::statistics::median;
use crate::table::thousands;

/// Speed of one side of a workload: medians over its runs, unless it says otherwise.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrainSpeed {
    /// Name of the workload.
    pub workload: &'static str,
    /// `rl`, `rl-1-thread`, `rl-N-threads`, or a program in Python, such as `torch-fast`.
    pub side: String,
    /// Environment steps per second of training.
    pub steps_per_s: f64,
    /// The least of a run.
    pub steps_per_s_min: f64,
    /// The most of a run.
    pub steps_per_s_max: f64,
    /// Seconds of training.
    pub wall_s: f64,
    /// Number of runs.
    pub runs: usize,
    /// Environment steps of a run.
    pub steps: f64,
    /// Seconds from the start of the process to its end.
    pub process_s: f64,
    /// Largest resident memory of any run, in bytes.
    pub peak_bytes: Option<u64>,
    /// Seconds that were spent compiling, beside `wall_s`.
    pub compile_s: Option<f64>,
    /// Seconds from the start of a process to the end of its first update.
    pub first_update_s: Option<f64>,
    /// Seconds of training until the mean return was reached that the workload ends at, of the slowest run; infinite, and
    /// null in JSON, if a run never reached it.
    pub solved_s: Option<f64>,
}

impl TrainSpeed {
    pub(super) fn of(runs: &[&TimedRun]) -> Option<Self> {
        let first = runs.first()?;
        let column = |value: &dyn Fn(&TimedRun) -> Option<f64>| {
            let values: Vec<f64> = runs.iter().filter_map(|run| value(run)).collect();
            (!values.is_empty()).then_some(values)
        };
        let of = |value: &dyn Fn(&TimedRun) -> Option<f64>| Some(median(&column(value)?));
        let rates = column(&|run| Some(run.steps_per_s))?;
        Some(Self {
            workload: first.workload,
            side: first.side.clone(),
            steps_per_s: median(&rates),
            steps_per_s_min: rates.iter().copied().fold(f64::INFINITY, f64::min),
            steps_per_s_max: rates.iter().copied().fold(0.0, f64::max),
            wall_s: of(&|run| Some(run.wall_s))?,
            runs: runs.len(),
            steps: of(&|run| Some(run.steps as f64))?,
            process_s: of(&|run| Some(run.process_s))?,
            peak_bytes: runs.iter().filter_map(|run| run.peak_bytes).max(),
            compile_s: of(&|run| run.compile_s),
            first_update_s: of(&|run| run.first_update_s),
            solved_s: runs.iter().filter_map(|run| run.solved_s).reduce(f64::max),
        })
    }

    /// The row of the table; `own` is the side that it is compared with.
    pub(super) fn cells(&self, own: Option<&Self>) -> [String; 10] {
        let or_dash = |text: Option<String>| text.unwrap_or("–".to_owned());
        let ratio = own.filter(|own| own.side != self.side).map(|own| {
            let ratio = own.steps_per_s / self.steps_per_s;
            format!("{ratio:.*} ×", usize::from(ratio < 10.0) + 1)
        });
        [
            self.workload.to_owned(),
            self.side.clone(),
            thousands(self.steps_per_s),
            format!(
                "{} to {}",
                thousands(self.steps_per_s_min),
                thousands(self.steps_per_s_max)
            ),
            or_dash(ratio),
            thousands(self.steps),
            format!("{:.2}", self.wall_s),
            format!("{:.2}", self.process_s),
            or_dash(
                self.peak_bytes
                    .map(|bytes| format!("{:.0}", bytes as f64 / 1e6)),
            ),
            or_dash(self.first_update_s.map(|s| format!("{:.0}", 1e3 * s))),
        ]
    }
}

impl TrainSpeed {
    /// A speed per side of a workload, in the order of the runs.
    pub(super) fn of_all(runs: &[TimedRun]) -> Vec<Self> {
        let mut groups: Vec<Vec<&TimedRun>> = Vec::new();
        for run in runs {
            let same = |group: &&mut Vec<&TimedRun>| {
                let is =
                    |first: &&TimedRun| first.workload == run.workload && first.side == run.side;
                group.first().is_some_and(is)
            };
            match groups.iter_mut().find(same) {
                Some(group) => group.push(run),
                None => groups.push(vec![run]),
            }
        }
        groups.iter().filter_map(|group| Self::of(group)).collect()
    }
}

#[cfg(test)]
pub mod testing {
    use std::collections::BTreeMap;

    use super::*;

    /// A speed of 30 MB and 20 ms.
    pub fn speed(workload: &'static str, side: &str, steps_per_s: f64) -> TrainSpeed {
        TrainSpeed::of(&[&run(workload, side, steps_per_s)]).unwrap()
    }

    pub fn run(workload: &'static str, side: &str, steps_per_s: f64) -> TimedRun {
        TimedRun {
            workload,
            side: side.to_owned(),
            seed: 0,
            steps: 1000,
            wall_s: 1000.0 / steps_per_s,
            steps_per_s,
            process_s: 3.0,
            peak_bytes: Some(30_000_000),
            compile_s: None,
            first_update_s: Some(0.02),
            solved_s: None,
            versions: BTreeMap::from([("numpy".to_owned(), "2.0".to_owned())]),
        }
    }

    /// Three runs of two sides, in turn.
    pub fn runs() -> Vec<TimedRun> {
        [
            ("rl", 8e3),
            ("sb3", 1e3),
            ("rl", 1e4),
            ("sb3", 3e3),
            ("rl", 1e9),
            ("sb3", 2e3),
        ]
        .map(|(side, rate)| run("ppo-zoo", side, rate))
        .to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_side_is_its_median_with_the_least_and_the_most() {
        let speeds = TrainSpeed::of_all(&testing::runs());
        let [own, sb3] = speeds.as_slice() else {
            panic!("{speeds:?}")
        };
        assert_eq!(
            (own.side.as_str(), own.runs, own.steps_per_s),
            ("rl", 3, 1e4)
        );
        assert_eq!((sb3.steps_per_s_min, sb3.steps_per_s_max), (1e3, 3e3));
        assert_eq!((sb3.steps_per_s, sb3.wall_s), (2e3, 0.5));
        assert_eq!(sb3.cells(Some(own))[4], "5.00 ×");
        assert_eq!(own.cells(Some(own))[4], "–");
    }
}

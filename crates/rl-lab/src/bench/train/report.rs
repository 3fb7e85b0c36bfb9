//! The speeds of trainings as a table, and as a page with everything needed to judge them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::goals::goals;
use super::{TimedRun, TrainBench, TrainSpeed, WORKLOADS, Workload};
use crate::bench::Machine;
use crate::files::FileError;
use crate::files::write_all;
use crate::statistics::median;
use crate::table::{aligned, thousands};

/// Trainings of every side of every workload.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainReport {
    bench: TrainBench,
    machine: Machine,
    /// In the order of the runs.
    runs: Vec<TimedRun>,
}

impl TrainReport {
    pub(super) fn new(bench: TrainBench, machine: Machine, runs: Vec<TimedRun>) -> Self {
        Self {
            bench,
            machine,
            runs,
        }
    }

    /// A speed per side of a workload, in the order of the runs.
    pub fn speeds(&self) -> Vec<TrainSpeed> {
        TrainSpeed::of_all(&self.runs)
    }

    /// Writes `raw.json`, every run with the machine and the configurations, and `README.md`, the
    /// page about them, into a directory, which is made if need be; files of these names are
    /// overwritten. Returns their paths.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn write(&self, directory: &Path) -> Result<Vec<PathBuf>, FileError> {
        let workloads = self.bench.workloads.iter();
        let configurations: BTreeMap<_, _> = workloads
            .map(|workload| (workload.name, &workload.config))
            .collect();
        let raw = json!({
            "machine": self.machine,
            "share": self.bench.share,
            "peer_share": self.bench.peer_share,
            "configurations": configurations,
            "runs": self.runs,
        });
        let files = [
            ("README.md", self.page(directory)),
            ("raw.json", format!("{raw:#}\n")),
        ];
        write_all(
            directory,
            files.map(|(name, text)| (name.to_owned(), text.into_bytes())),
        )
    }

    /// The speeds as a Markdown table, and the goals as another.
    pub fn tables(&self) -> String {
        let speeds = self.speeds();
        let rows: Vec<_> = speeds
            .iter()
            .map(|speed| {
                let is_own = |own: &&TrainSpeed| own.workload == speed.workload && own.side == "rl";
                let own = speeds.iter().find(is_own);
                speed.cells(own)
            })
            .collect();
        let header = [
            "workload",
            "side",
            "steps/s",
            "least to most",
            "rl over it",
            "steps",
            "training, s",
            "process, s",
            "memory, MB",
            "first update, ms",
        ];
        let goals: Vec<_> = goals(&speeds)
            .into_iter()
            .map(|goal| {
                let met = if goal.met { "yes" } else { "no" };
                [
                    goal.workload.to_owned(),
                    goal.quantity,
                    goal.goal,
                    goal.measured,
                    met.to_owned(),
                ]
            })
            .collect();
        let goal_header = ["workload", "quantity", "goal", "measured", "met"];
        format!(
            "{}\n{}",
            aligned(header, 2, &rows),
            aligned(goal_header, 2, &goals)
        )
    }

    fn page(&self, directory: &Path) -> String {
        let bench = &self.bench;
        let mut page = format!(
            "# Speed of training\n\n\
             Whole trainings, with the same configuration on every side: it is one file, \
             `train_workloads.json`, of which\nthis project's keys are made and which the peers' \
             programs are given; each says what it ran, and a difference\nends the measurement. \
             Each run is a process of its own; the sides take turns, run by run, with the seeds \
             from 0.\n\n{}\n",
            self.tables()
        );
        // Writing to a string cannot fail.
        let _ = write!(
            page,
            "- *steps/s* is environment steps of all environments per second of *training*: \
             acting, environments and\n  learning. {} run{} a side; medians, the least and the \
             most. *rl over it* is a ratio of medians.\n\
             - Not in it: imports, start, evaluation, files, and what JAX compiles{}. *process* \
             has everything.\n\
             - A rate needs no whole training: *steps* is how long the runs were. This project \
             made {} % of a workload's\n  updates, the peers {} %.\n\
             - *memory* is the largest resident memory of a run (MB of 10⁶ bytes), *first \
             update* the time from the start of\n  a process to the end of its first update, \
             with the file that records it.\n\
             - One thread a side, but where the name says otherwise.\n\n\
             {}{}\n\n",
            bench.runs,
            if bench.runs == 1 { "" } else { "s" },
            self.compiled(),
            100.0 * bench.share,
            100.0 * bench.peer_share,
            self.machine.description(),
            self.versions()
        );
        page += "## Workloads\n";
        for workload in &bench.workloads {
            page += &description(workload);
        }
        let _ = write!(
            page,
            "\n## Again\n\n[The runs, one by one](raw.json), with the machine and the \
             configurations.\n\n```sh\ncargo xtask bench train{}\n```\n",
            self.options(directory)
        );
        page
    }

    /// The options that measure this again, but for the interpreter, which is the reader's.
    fn options(&self, directory: &Path) -> String {
        let bench = &self.bench;
        let mut text = String::new();
        if bench.workloads.len() < WORKLOADS.len() {
            for workload in &bench.workloads {
                text += &format!(" --workload {}", workload.name);
            }
        }
        if !bench.against.is_empty() {
            let names: Vec<&str> = bench
                .against
                .iter()
                .map(|framework| framework.name())
                .collect();
            text += &format!(" --against {}", names.join(","));
        }
        text += &format!(" --runs {}", bench.runs);
        for (option, share, default) in [
            ("share", bench.share, 1.0),
            ("peer-share", bench.peer_share, 0.25),
        ] {
            if share != default {
                text += &format!(" --{option} {share}");
            }
        }
        text + &format!(" --out {}", directory.display())
    }

    /// The time that JAX compiled for, if it did.
    fn compiled(&self) -> String {
        let times: Vec<f64> = self.runs.iter().filter_map(|run| run.compile_s).collect();
        if times.is_empty() {
            return String::new();
        }
        format!(" ({:.1} s)", median(&times))
    }

    /// The packages of the peers.
    fn versions(&self) -> String {
        let all: BTreeMap<_, _> = self.runs.iter().flat_map(|run| &run.versions).collect();
        let named = all
            .iter()
            .map(|(name, version)| format!("{name} {version}"));
        let named: Vec<String> = named.collect();
        if named.is_empty() {
            return String::new();
        }
        format!("\nPeers: {}.", named.join(", "))
    }
}

/// The description of a workload, with its configuration.
fn description(workload: &Workload) -> String {
    let mut text = format!("\n**{}**: {}.\n\n", workload.name, workload.about);
    text += &configuration(workload);
    for difference in &workload.differences {
        text += &format!("- Differs all the same: {difference}.\n");
    }
    for quoted in &workload.quoted {
        text += &format!(
            "- Published: {} steps/s by {} ({}), [here]({}).\n",
            thousands(quoted.steps_per_s),
            quoted.side,
            quoted.machine,
            quoted.source
        );
    }
    text
}

/// The keys and values, wrapped, as a block.
fn configuration(workload: &Workload) -> String {
    let (mut text, mut width) = ("```text\n".to_owned(), 0);
    for (key, value) in &workload.config {
        let pair = format!("{key} = {value}");
        if width > 0 {
            let wraps = width + pair.len() + 3 > 100;
            text += if wraps { "\n" } else { " · " };
            width = if wraps { 0 } else { width + 3 };
        }
        width += pair.len();
        text += &pair;
    }
    text + "\n```\n\n"
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::{Framework, speed::testing::runs};
    use super::*;

    #[test]
    fn the_page_has_goals_configuration_and_the_command_without_the_interpreter() {
        let bench = TrainBench {
            workloads: vec![Workload::named("ppo-zoo").unwrap()],
            against: vec![Framework::Sb3],
            runs: 3,
            share: 1.0,
            peer_share: 0.5,
            python: "/somewhere/python".into(),
            program: PathBuf::new(),
        };
        let report = TrainReport::new(bench, Machine::here(), runs());
        let place = tempfile::tempdir().unwrap();
        let paths = report.write(place.path()).unwrap();
        let page = fs::read_to_string(&paths[0]).unwrap();
        for words in [
            "| ppo-zoo  | sb3  |",
            "≥ 40 ×",
            "gamma = 0.98",
            "numpy 2.0",
            "bench train --workload ppo-zoo --against sb3 --runs 3 --peer-share 0.5 --out",
        ] {
            assert!(page.contains(words), "'{words}' is not in:\n{page}");
        }
        assert!(!page.contains("somewhere"));
        let raw = fs::read_to_string(&paths[1]).unwrap();
        let raw: serde_json::Value = serde_json::from_str(&raw).unwrap();
        assert_eq!(raw["runs"].as_array().unwrap().len(), 6);
        assert!(raw["machine"]["cpu"].is_string());
        assert_eq!(raw["configurations"]["ppo-zoo"]["gamma"], 0.98);
    }
}

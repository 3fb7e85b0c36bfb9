//! The speeds of trainings as a table, and as a page with what it takes to judge them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::json;

use super::goals::goals;
use super::{TrainBench, TrainBenchConfig, TrainBenchError, TrainBenchRun, Workload};
use crate::evidence::median;
use crate::table::{aligned, thousands};

/// The runs of one side of a workload: medians, unless they say otherwise.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrainSpeed {
    /// Name of the workload.
    pub workload: &'static str,
    /// `rl`, `rl-1-thread`, `rl-N-threads`, or a peer.
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
}

impl TrainSpeed {
    fn of(runs: &[&TrainBenchRun]) -> Option<Self> {
        let first = runs.first()?;
        let column = |value: &dyn Fn(&TrainBenchRun) -> Option<f64>| {
            let values: Vec<f64> = runs.iter().filter_map(|run| value(run)).collect();
            (!values.is_empty()).then_some(values)
        };
        let of = |value: &dyn Fn(&TrainBenchRun) -> Option<f64>| Some(median(&column(value)?));
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
        })
    }

    fn cells(&self, own: Option<&Self>) -> [String; 10] {
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

impl TrainBench {
    /// A row per side of a workload, in the order of the runs.
    pub fn speeds(&self) -> Vec<TrainSpeed> {
        let mut groups: Vec<Vec<&TrainBenchRun>> = Vec::new();
        for run in &self.runs {
            let same = |group: &&mut Vec<&TrainBenchRun>| {
                let is = |first: &&TrainBenchRun| {
                    first.workload == run.workload && first.side == run.side
                };
                group.first().is_some_and(is)
            };
            match groups.iter_mut().find(same) {
                Some(group) => group.push(run),
                None => groups.push(vec![run]),
            }
        }
        let speeds = groups.iter().map(|group| TrainSpeed::of(group));
        speeds.flatten().collect()
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
                    goal.what,
                    goal.goal,
                    goal.measured,
                    met.to_owned(),
                ]
            })
            .collect();
        let goal_header = ["workload", "what", "goal", "measured", "met"];
        format!(
            "{}\n{}",
            aligned(header, 2, &rows),
            aligned(goal_header, 2, &goals)
        )
    }

    fn page(&self, config: &TrainBenchConfig, directory: &Path) -> String {
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
             with the file that tells of it.\n\
             - One thread a side, but where the name says otherwise.\n\n\
             {}{}\n\n",
            config.runs,
            if config.runs == 1 { "" } else { "s" },
            self.compiled(),
            100.0 * config.share,
            100.0 * config.peer_share,
            self.machine.description(),
            self.versions()
        );
        page += "## Workloads\n";
        for workload in &config.workloads {
            page += &description(workload);
        }
        let _ = write!(
            page,
            "\n## Again\n\n[The runs, one by one](raw.json), with the machine and the \
             configurations.\n\n```sh\ncargo xtask bench train{}\n```\n",
            options(config, directory)
        );
        page
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

/// What a workload is, with its configuration.
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

/// The options that measure this again, but for the interpreter, which is the reader's.
fn options(config: &TrainBenchConfig, directory: &Path) -> String {
    let mut text = String::new();
    if config.workloads.len() < super::WORKLOADS.len() {
        for workload in &config.workloads {
            text += &format!(" --workload {}", workload.name);
        }
    }
    if !config.against.is_empty() {
        let names: Vec<&str> = config.against.iter().map(|family| family.name()).collect();
        text += &format!(" --against {}", names.join(","));
    }
    text += &format!(" --runs {}", config.runs);
    for (option, share, default) in [
        ("share", config.share, 1.0),
        ("peer-share", config.peer_share, 0.25),
    ] {
        if share != default {
            text += &format!(" --{option} {share}");
        }
    }
    text + &format!(" --out {}", directory.display())
}

/// Writes `raw.json`, every run with the machine and the configurations, and `README.md`, the page
/// about them, into a directory, which is made if need be; files of these names are overwritten.
/// Returns their paths.
///
/// # Errors
/// [`TrainBenchError::Io`].
pub fn write_train_bench(
    bench: &TrainBench,
    config: &TrainBenchConfig,
    directory: &Path,
) -> Result<Vec<PathBuf>, TrainBenchError> {
    fs::create_dir_all(directory).map_err(TrainBenchError::io("write", directory))?;
    let configurations: BTreeMap<_, _> = config
        .workloads
        .iter()
        .map(|workload| (workload.name, &workload.config))
        .collect();
    let raw = json!({
        "machine": bench.machine,
        "share": config.share,
        "peer_share": config.peer_share,
        "configurations": configurations,
        "runs": bench.runs,
    });
    [
        ("README.md", bench.page(config, directory)),
        ("raw.json", format!("{raw:#}\n")),
    ]
    .into_iter()
    .map(|(name, text)| {
        let path = directory.join(name);
        fs::write(&path, text).map_err(TrainBenchError::io("write", &path))?;
        Ok(path)
    })
    .collect()
}

#[cfg(test)]
pub mod testing {
    use super::*;

    /// A speed of 30 MB and 20 ms.
    pub fn speed(workload: &'static str, side: &str, steps_per_s: f64) -> TrainSpeed {
        TrainSpeed::of(&[&run(workload, side, steps_per_s)]).unwrap()
    }

    pub fn run(workload: &'static str, side: &str, steps_per_s: f64) -> TrainBenchRun {
        TrainBenchRun {
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
            versions: BTreeMap::from([("numpy".to_owned(), "2.0".to_owned())]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::run;
    use super::*;
    use crate::{Machine, Peer};

    fn bench() -> TrainBench {
        let rates = [
            ("rl", 8e3),
            ("sb3", 1e3),
            ("rl", 1e4),
            ("sb3", 3e3),
            ("rl", 1e9),
            ("sb3", 2e3),
        ];
        TrainBench {
            machine: Machine::here(),
            runs: rates
                .map(|(side, rate)| run("ppo-zoo", side, rate))
                .to_vec(),
        }
    }

    #[test]
    fn a_side_is_its_median_with_the_least_and_the_most() {
        let speeds = bench().speeds();
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

    #[test]
    fn the_page_has_goals_configuration_and_the_command_without_the_interpreter() {
        let workload = Workload::named("ppo-zoo").unwrap();
        let config = TrainBenchConfig {
            workloads: vec![workload],
            against: vec![Peer::Sb3],
            runs: 3,
            share: 1.0,
            peer_share: 0.5,
            python: "/somewhere/python".into(),
            program: PathBuf::new(),
        };
        let place = tempfile::tempdir().unwrap();
        let paths = write_train_bench(&bench(), &config, place.path()).unwrap();
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

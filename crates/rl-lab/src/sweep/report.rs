//! Results of a sweep as a table and as CSV.

use std::io;
use std::ops::Range;

use rl_core::Stream;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::grid::Setting;
use crate::jobs::{JobResult, RunSummary, shown};
use crate::statistics::{RESAMPLES, bootstrap_interval, interquartile_mean, median};
use crate::table::{columns, score, thousands};

/// Runs of every setting, and their statistics; serialised, a row per setting.
#[derive(Clone, Debug, PartialEq)]
pub struct Sweep {
    keys: Vec<String>,
    rows: Vec<SweepRow>,
}

impl Serialize for Sweep {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.rows.serialize(serializer)
    }
}

/// Statistics of the runs of one setting. The score of a run is that of its evaluation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct SweepRow {
    /// Swept keys with their values.
    pub setting: Map<String, Value>,
    #[serde(skip)]
    pub values: Vec<Value>,
    #[serde(skip)]
    pub label: String,
    /// Number of runs.
    pub seeds: usize,
    /// Score to be reached; none without a threshold.
    pub threshold: Option<f64>,
    /// Number of runs that reach it.
    pub reached: Option<usize>,
    /// Number of runs that failed by themselves. They have no score.
    pub failed: usize,
    /// Interquartile mean of the scores; none without a score.
    pub iqm: Option<f64>,
    /// Its 95 % bootstrap interval; none for fewer than two scores.
    pub interval: Option<[f64; 2]>,
    /// Lowest score.
    pub worst: Option<f64>,
    /// Its seed; the first that failed, if any did.
    pub worst_seed: u64,
    /// Median number of environment steps of a run.
    pub env_steps: Option<f64>,
    /// Median wall-clock time of a run, in seconds.
    pub wall_s: Option<f64>,
    /// Every run by its seed.
    #[serde(skip)]
    pub runs: Vec<(u64, JobResult)>,
}

impl SweepRow {
    fn new(keys: &[String], setting: Setting, runs: Vec<(u64, JobResult)>) -> Self {
        let finished: Vec<(u64, &RunSummary)> = runs
            .iter()
            .filter_map(|(seed, result)| Some((*seed, result.summary()?)))
            .collect();
        let column =
            |value: fn(&RunSummary) -> f64| finished.iter().map(|(_, run)| value(run)).collect();
        let scores: Vec<f64> = column(RunSummary::score);
        let any = |value: f64| Some(value).filter(|value| value.is_finite());
        let worst = finished
            .iter()
            .min_by(|(_, a), (_, b)| a.score().total_cmp(&b.score()));
        let failed = runs.iter().find(|(_, result)| result.summary().is_none());
        let worst_seed = failed
            .map(|(seed, _)| *seed)
            .or(worst.map(|(seed, _)| *seed));
        let reach = |threshold| scores.iter().filter(|&&score| score >= threshold).count();
        Self {
            setting: keys.iter().cloned().zip(setting.values.clone()).collect(),
            label: setting.label(),
            values: setting.values,
            seeds: runs.len(),
            threshold: setting.threshold,
            reached: setting.threshold.map(reach),
            failed: runs.len() - finished.len(),
            iqm: any(interquartile_mean(&scores)),
            interval: bootstrap_interval(&scores, RESAMPLES, &mut Stream::from_seed(0)),
            worst: worst.map(|(_, run)| run.score()),
            worst_seed: worst_seed.unwrap_or(0),
            env_steps: any(median(&column(|run| run.env_steps as f64))),
            wall_s: any(median(&column(|run| run.wall_s))),
            runs,
        }
    }

    /// Rank among the settings: share of the seeds, then runs that did not fail, then interquartile mean, then the worst.
    fn rank(&self) -> [f64; 4] {
        let low = f64::NEG_INFINITY;
        [
            self.reached.map_or(0.0, |n| n as f64 / self.seeds as f64),
            -(self.failed as f64),
            self.iqm.unwrap_or(low),
            self.worst.unwrap_or(low),
        ]
    }

    /// The share of the runs that reach the threshold.
    fn share(&self) -> String {
        self.reached.map_or("–".to_owned(), |reached| {
            format!("{reached}/{}", self.seeds)
        })
    }

    fn cells(&self) -> Vec<String> {
        let number = |value: Option<f64>| value.map_or("–".to_owned(), score);
        let interval = self.interval.map_or(String::new(), |[low, high]| {
            format!(" [{}, {}]", score(low), score(high))
        });
        let worst = match self.failed {
            0 => format!("{} ({})", number(self.worst), self.worst_seed),
            failed => format!("{failed} failed ({})", self.worst_seed),
        };
        vec![
            self.label.clone(),
            self.share(),
            number(self.iqm) + &interval,
            worst,
            self.env_steps.map_or("–".to_owned(), thousands),
            number(self.wall_s),
        ]
    }
}

impl Sweep {
    /// The results of the settings, seed by seed.
    pub(super) fn new(
        keys: Vec<String>,
        settings: Vec<Setting>,
        seeds: Range<u64>,
        results: Vec<JobResult>,
    ) -> Self {
        let mut results = results.into_iter();
        let rows = settings
            .into_iter()
            .map(|setting| {
                let runs = seeds
                    .clone()
                    .zip(results.by_ref().take(seeds.clone().count()));
                SweepRow::new(&keys, setting, runs.collect())
            })
            .collect();
        Self { keys, rows }
    }

    /// Names of the swept keys.
    pub(super) fn keys(&self) -> &[String] {
        &self.keys
    }

    /// Its settings.
    pub(super) fn rows(&self) -> &[SweepRow] {
        &self.rows
    }

    /// The setting that most seeds reach the threshold with; where as many do, the one with the highest interquartile mean.
    /// `None` for a single setting.
    pub fn best(&self) -> Option<String> {
        let better = |a: &&SweepRow, b: &&SweepRow| {
            let pairs = a.rank().into_iter().zip(b.rank());
            pairs.fold(std::cmp::Ordering::Equal, |order, (a, b)| {
                order.then(a.total_cmp(&b))
            })
        };
        // Of equals the first, as the last of the reverse.
        let best = self.rows.iter().rev().max_by(better)?;
        let pairs = self.keys.iter().zip(&best.values);
        let pairs: Vec<String> = pairs
            .map(|(key, value)| format!("{key}={}", shown(value)))
            .collect();
        (self.rows.len() > 1).then(|| pairs.join(" "))
    }

    /// A row per setting, in Markdown that can be read as it is.
    pub fn table(&self) -> String {
        let names = match self.keys.join(", ") {
            names if names.is_empty() => "setting".to_owned(),
            names => names,
        };
        let header = [names.as_str(), "reach", "IQM [95 %]", "worst (seed)"];
        self.table_of(&header)
    }

    /// The table with steps and times.
    pub(super) fn full_table(&self) -> String {
        let names = match self.keys.join(", ") {
            names if names.is_empty() => "setting".to_owned(),
            names => names,
        };
        let header = [
            names.as_str(),
            "reach",
            "IQM [95 %]",
            "worst (seed)",
            "steps",
            "wall, s",
        ];
        self.table_of(&header)
    }

    fn table_of(&self, header: &[&str]) -> String {
        let cells = |row: &SweepRow| row.cells()[..header.len()].to_vec();
        columns(header, 1, &self.rows.iter().map(cells).collect::<Vec<_>>())
    }

    /// A row per run.
    pub(super) fn csv(&self) -> io::Result<Vec<u8>> {
        const COLUMNS: [&str; 10] = [
            "seed",
            "env_steps",
            "updates",
            "return_mean",
            "return_std",
            "return_min",
            "return_max",
            "stochastic_return_mean",
            "wall_s",
            "failure",
        ];
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(self.keys.iter().map(String::as_str).chain(COLUMNS))?;
        for row in &self.rows {
            for (seed, result) in &row.runs {
                let cells = match result {
                    JobResult::Finished(run) => [
                        run.env_steps.to_string(),
                        run.updates.to_string(),
                        run.evaluation.return_mean.to_string(),
                        run.evaluation.return_std.to_string(),
                        run.evaluation.return_min.to_string(),
                        run.evaluation.return_max.to_string(),
                        run.evaluation_stochastic.return_mean.to_string(),
                        format!("{:.3}", run.wall_s),
                        String::new(),
                    ],
                    JobResult::Failed(reason) => {
                        let mut cells: [String; 9] = Default::default();
                        cells[8].clone_from(reason);
                        cells
                    }
                };
                let values = row.values.iter().map(shown);
                writer.write_record(values.chain([seed.to_string()]).chain(cells))?;
            }
        }
        writer.into_inner().map_err(|error| error.into_error())
    }
}

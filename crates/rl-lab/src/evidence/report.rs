//! The evidence as tables: Markdown for people, CSV of the runs, rows for JSON.

use std::path::Path;

use rl_core::Stream;
use serde::{Serialize, Serializer};

use super::completed::CompletedRun;
use super::{Claim, EvidenceConfig};
use crate::FileError;
use crate::files::csv_of;
use crate::statistics::{RESAMPLES, bootstrap_interval, interquartile_mean, median};
use crate::table::{aligned, thousands};

/// Runs of the claims, and the statistics that they are judged by; serialised, a row per claim.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// A row per claim.
    rows: Vec<EvidenceRow>,
    /// Every run, by claim and seed.
    runs: Vec<CompletedRun>,
}

impl Serialize for Evidence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.rows.serialize(serializer)
    }
}

/// Statistics of the runs of one claim. The score of a run is the mean return of its evaluation.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct EvidenceRow {
    /// The environment.
    env: &'static str,
    /// The algorithm.
    algo: &'static str,
    /// The preset.
    preset: &'static str,
    /// Environment steps after which no update of a run may start.
    budget: u64,
    /// Median number of environment steps of a run.
    env_steps: f64,
    /// Number of runs.
    seeds: usize,
    /// Interquartile mean of the scores.
    iqm: f64,
    /// Its 95 % bootstrap interval; none for a single run.
    interval: Option<[f64; 2]>,
    /// Lowest score.
    min: f64,
    /// Highest score.
    max: f64,
    /// Least interquartile mean that was claimed.
    target: f64,
    /// Flag: the target is reached, by runs that all kept to the budget.
    met: bool,
    /// Median wall-clock time of a run, in seconds.
    wall_s: f64,
    /// Median number of environment steps per second.
    env_steps_per_s: f64,
}

impl EvidenceRow {
    fn of(claim: &'static Claim, runs: &[CompletedRun]) -> Self {
        let column = |value: fn(&CompletedRun) -> f64| runs.iter().map(value).collect::<Vec<_>>();
        let scores = column(CompletedRun::score);
        let iqm = interquartile_mean(&scores);
        Self {
            env: claim.env.name(),
            algo: claim.algo,
            preset: claim.preset,
            budget: claim.budget,
            env_steps: median(&column(|run| run.summary.env_steps as f64)),
            seeds: runs.len(),
            iqm,
            interval: bootstrap_interval(&scores, RESAMPLES, &mut Stream::from_seed(0)),
            min: scores.iter().copied().fold(f64::INFINITY, f64::min),
            max: scores.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            target: claim.target,
            met: iqm >= claim.target && runs.iter().all(CompletedRun::is_within_budget),
            wall_s: median(&column(|run| run.summary.wall_s)),
            env_steps_per_s: median(&column(|run| run.summary.env_steps_per_s)),
        }
    }
}

impl Evidence {
    /// The evidence of runs that stand together by claim.
    pub(super) fn of(runs: Vec<CompletedRun>) -> Self {
        let rows = runs
            .chunk_by(|one, next| one.claim == next.claim)
            .filter_map(|chunk| Some(EvidenceRow::of(chunk.first()?.claim, chunk)))
            .collect();
        Self { rows, runs }
    }

    /// A row per claim, in Markdown that can be read as it is.
    pub fn table(&self) -> String {
        let header = [
            "environment",
            "algorithm",
            "preset",
            "steps (budget)",
            "seeds",
            "IQM [95 % interval]",
            "min",
            "target",
            "met",
            "wall, s",
            "steps/s",
        ];
        let rows: Vec<_> = self.rows.iter().map(cells).collect();
        aligned(header, 3, &rows)
    }

    /// A row per run; `place` is named by an error.
    pub(super) fn csv(&self, place: &Path) -> Result<Vec<u8>, FileError> {
        csv_of(self.runs.iter().map(RunRow::of)).map_err(FileError::new("write", place))
    }

    /// The table with its explanation and the command that makes it again.
    pub(super) fn page(&self, config: &EvidenceConfig) -> String {
        let met = self.rows.iter().filter(|row| row.met).count();
        let set: String = config
            .set
            .iter()
            .map(|(key, value)| format!(" --set {key}={value}"))
            .collect();
        let changed = if set.is_empty() {
            " as they are".to_owned()
        } else {
            format!(", changed by `{}`", set.trim_start())
        };
        let filters = [
            config.env.as_ref().map(|env| format!(" --env {env}")),
            config.algo.as_ref().map(|algo| format!(" --algo {algo}")),
        ];
        let filters: String = filters.into_iter().flatten().collect();
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        format!(
            "# Evidence\n\n\
             **{met} of {} targets met**, by the presets{changed}, with the seeds 0 \
             to {}.\n\n\
             {}\n\
             - The score of a run is the mean return of 100 episodes of its final policy, which \
             takes the likeliest\n  actions; these episodes are the same for every run, and none is in the training.\n\
             - IQM is the interquartile mean of the scores: without the lowest and the highest \
             quarter of the runs, as\n  `scipy.stats.trim_mean(scores, 0.25)`. The interval is \
             the 95 % percentile bootstrap over the runs, with\n  {} resamples (Agarwal et al. \
             2021, and their `rliable`).\n\
             - A target is met if the IQM reaches it and no run started an update beyond the \
             budget of environment\n  steps. Steps, times and speeds are medians over the runs.\n\
             - Returns of different environments have different scales: there is no mean over \
             environments.\n\n\
             [The runs, one by one](runs.csv). Times are of {} at a time, on {processors} \
             processors of {} {}.\n\n\
             ```sh\n\
             cargo xtask evidence{filters} --seeds {} --jobs {}{set} --out {}\n\
             ```\n",
            self.rows.len(),
            config.seeds - 1,
            self.table(),
            thousands(RESAMPLES as f64),
            config.jobs,
            std::env::consts::OS,
            std::env::consts::ARCH,
            config.seeds,
            config.jobs,
            config.out.display(),
        )
    }
}

/// A run as a row of the CSV file.
#[derive(Serialize)]
struct RunRow {
    env: &'static str,
    algo: &'static str,
    preset: &'static str,
    seed: u64,
    env_steps: u64,
    env_steps_before_last_update: u64,
    updates: u64,
    wall_s: f64,
    env_steps_per_s: f64,
    evaluation_episodes: u64,
    return_mean: f64,
    return_std: f64,
    return_min: f64,
    return_max: f64,
}

impl RunRow {
    /// Times are rounded to what they are good for.
    fn of(run: &CompletedRun) -> Self {
        let (claim, summary) = (run.claim, &run.summary);
        let evaluation = &summary.evaluation;
        Self {
            env: claim.env.name(),
            algo: claim.algo,
            preset: claim.preset,
            seed: run.seed,
            env_steps: summary.env_steps,
            env_steps_before_last_update: summary.env_steps_before_last_update,
            updates: summary.updates,
            wall_s: (summary.wall_s * 1e3).round() / 1e3,
            env_steps_per_s: summary.env_steps_per_s.round(),
            evaluation_episodes: evaluation.episodes,
            return_mean: evaluation.return_mean,
            return_std: evaluation.return_std,
            return_min: evaluation.return_min,
            return_max: evaluation.return_max,
        }
    }
}

fn cells(row: &EvidenceRow) -> [String; 11] {
    let interval = row.interval.map_or("[–]".to_owned(), |[low, high]| {
        format!("[{low:.2}, {high:.2}]")
    });
    [
        row.env.to_owned(),
        row.algo.to_owned(),
        row.preset.to_owned(),
        format!(
            "{} ({})",
            thousands(row.env_steps),
            thousands(row.budget as f64)
        ),
        row.seeds.to_string(),
        format!("{:.2} {interval}", row.iqm),
        format!("{:.2}", row.min),
        row.target.to_string(),
        if row.met { "yes" } else { "no" }.to_owned(),
        format!("{:.2}", row.wall_s),
        thousands(row.env_steps_per_s),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::claims::CLAIMS;
    use crate::evidence::completed::{EvaluationSummary, RunSummary};

    fn evidence(scores: &[f64], env_steps: u64) -> Evidence {
        let run = |(seed, &score): (usize, &f64)| CompletedRun {
            claim: &CLAIMS[0],
            seed: seed as u64,
            summary: RunSummary {
                env_steps,
                env_steps_before_last_update: env_steps / 2,
                updates: 2,
                wall_s: 1.5 + seed as f64,
                env_steps_per_s: 1000.0,
                evaluation: EvaluationSummary {
                    episodes: 100,
                    return_mean: score,
                    return_std: 1.0,
                    return_min: score - 1.0,
                    return_max: score + 1.0,
                },
            },
        };
        Evidence::of(scores.iter().enumerate().map(run).collect())
    }

    #[test]
    fn a_target_is_met_by_the_interquartile_mean_within_the_budget() {
        let (target, budget) = (CLAIMS[0].target, CLAIMS[0].budget);
        // One failure of four does not count, two do.
        let scores = [0.0, target, target, target];
        let met = |scores: &[f64], env_steps| evidence(scores, env_steps).rows[0].met;
        assert!(met(&scores, budget));
        assert!(!met(&scores, 3 * budget));
        assert!(!met(&[0.0, 0.0, target, target], budget));
        let row = &evidence(&scores, budget).rows[0];
        assert_eq!((row.min, row.max, row.iqm), (0.0, target, target));
        assert_eq!(row.wall_s, 3.0);
        assert_eq!(row.interval.unwrap()[1], target);
    }

    #[test]
    fn the_lines_of_the_table_are_of_one_width_and_a_single_run_has_no_interval() {
        let table = evidence(&[-1234.5], 1_234_567).table();
        let widths: Vec<usize> = table.lines().map(|line| line.chars().count()).collect();
        assert!(
            widths.len() == 3 && widths.iter().all(|&width| width == widths[0]),
            "{table}"
        );
        for cell in [" -1234.50 [–] |", "1,234,567 (500,000)", "no"] {
            assert!(table.contains(cell), "{cell} is not in:\n{table}");
        }
    }

    #[test]
    fn the_csv_has_a_row_per_run_and_a_cell_per_column() {
        let csv = evidence(&[1.0, 2.0], 10)
            .csv(Path::new("runs.csv"))
            .unwrap();
        let csv = String::from_utf8(csv).unwrap();
        let widths: Vec<usize> = csv.lines().map(|line| line.split(',').count()).collect();
        assert_eq!(widths, [14, 14, 14]);
        assert!(
            csv.ends_with("1,10,5,2,2.5,1000.0,100,2.0,1.0,1.0,3.0\n"),
            "{csv}"
        );
    }
}

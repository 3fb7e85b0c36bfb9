//! The evidence as tables: Markdown for people, CSV of the runs, rows for JSON.

use std::path::Path;

use rl_core::Stream;
use serde::{Serialize, Serializer};

use super::claims::tuning_note;
use super::completed::CompletedRun;
use super::{Claim, EvidenceConfig, curves};
use crate::files::FileError;
use crate::files::csv_of;
use crate::statistics::{RESAMPLES, bootstrap_interval, interquartile_mean, median};
use crate::table::{aligned, score, thousands};

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

/// Statistics of the runs of one claim. The score of a run is that of its evaluation.
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
    /// Score to be reached.
    threshold: f64,
    /// Number of runs that reach it.
    reached: usize,
    /// Least share of them that is claimed, in per cent.
    claimed_percent: usize,
    /// Interquartile mean of the scores.
    iqm: f64,
    /// Its 95 % bootstrap interval; none for a single run.
    interval: Option<[f64; 2]>,
    /// Least interquartile mean that is claimed.
    claimed_iqm: f64,
    /// Lowest score.
    worst: f64,
    /// Its seed.
    worst_seed: u64,
    /// Least score of all runs that is claimed; none where some may miss the threshold.
    claimed_worst: Option<f64>,
    /// Highest score.
    best: f64,
    /// Interquartile mean of the mean returns of drawn actions.
    iqm_stochastic: f64,
    /// Flag: share, interquartile mean and worst are as claimed, of runs that kept to the budget.
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
        let reached = runs.iter().filter(|run| run.is_there()).count();
        let by_score = |a: &&CompletedRun, b: &&CompletedRun| a.score().total_cmp(&b.score());
        let worst = runs.iter().min_by(by_score);
        let lowest = worst.map_or(f64::NAN, CompletedRun::score);
        Self {
            env: claim.env,
            algo: claim.algo,
            preset: claim.preset,
            budget: claim.budget,
            env_steps: median(&column(|run| run.summary.env_steps as f64)),
            seeds: runs.len(),
            threshold: claim.threshold,
            reached,
            claimed_percent: claim.percent,
            iqm,
            interval: bootstrap_interval(&scores, RESAMPLES, &mut Stream::from_seed(0)),
            claimed_iqm: claim.iqm,
            worst: lowest,
            worst_seed: worst.map_or(0, |run| run.seed),
            claimed_worst: claim.worst.is_finite().then_some(claim.worst),
            best: scores.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            iqm_stochastic: interquartile_mean(&column(|run| {
                run.summary.evaluation_stochastic.score()
            })),
            met: 100 * reached >= claim.percent * runs.len()
                && iqm >= claim.iqm
                && lowest >= claim.worst
                && runs.iter().all(CompletedRun::is_within_budget),
            wall_s: median(&column(|run| run.summary.wall_s)),
            env_steps_per_s: median(&column(|run| run.summary.env_steps_per_s)),
        }
    }

    /// The share of the runs that reach the threshold.
    fn share(&self) -> String {
        format!("{}/{}", self.reached, self.seeds)
    }

    fn met(&self) -> String {
        if self.met { "yes" } else { "no" }.to_owned()
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

    /// Every run, by claim and seed.
    pub(super) fn runs(&self) -> &[CompletedRun] {
        &self.runs
    }

    /// A row per claim with what matters most, in Markdown that can be read as it is, 80 columns
    /// wide.
    pub fn table(&self) -> String {
        let header = ["preset", "reach", "IQM", "worst", "drawn", "met"];
        let cells = |row: &EvidenceRow| {
            let [iqm, worst, drawn] = [row.iqm, row.worst, row.iqm_stochastic].map(score);
            [
                row.preset.to_owned(),
                row.share(),
                iqm,
                worst,
                drawn,
                row.met(),
            ]
        };
        aligned(header, 1, &self.rows.iter().map(cells).collect::<Vec<_>>())
    }

    /// A row per claim with all there is, in Markdown; the claims stand in brackets.
    fn full_table(&self) -> String {
        let header = [
            "preset",
            "steps (budget)",
            "reach the score",
            "IQM [95 % interval] (claim)",
            "worst, seed (claim)",
            "drawn",
            "met",
            "wall, s",
            "steps/s",
        ];
        aligned(header, 1, &self.rows.iter().map(cells).collect::<Vec<_>>())
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
        let note = tuning_note(&config.seeds).map_or(String::new(), |note| format!(" {note}"));
        let pictures: String = curves::environments(&self.runs)
            .into_iter()
            .map(|env| {
                let (name, file) = (env, curves::file_name(env));
                format!("![Returns on {name} while learning]({file})\n\n")
            })
            .collect();
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        format!(
            "# Evidence\n\n\
             **{met} of {} claims met**, by the presets{changed}, with the seeds {} to {}.{note}\n\n\
             {}\n\
             - The score of a run is the mean return of 100 episodes of its final policy, which \
             takes the likeliest\n  actions; these episodes are the same for every run, and none is in the training. \
             Where the table of\n  transitions is known, it is the exact expected return within the time limit instead. \
             *Drawn* is the\n  interquartile mean of the same policies' returns when their actions \
             are drawn, as in training.\n\
             - IQM is the interquartile mean of the scores: without the lowest and the highest \
             quarter of the runs, as\n  `scipy.stats.trim_mean(scores, 0.25)`. The interval is \
             the 95 % percentile bootstrap over the runs, with\n  {} resamples (Agarwal et al. \
             2021, and their `rliable`).\n\
             - A claim is met if the share of runs that reach the score, the IQM and the worst \
             are what stands in\n  brackets or better, and no run started an update beyond the \
             budget of environment steps. Steps,\n  times and speeds are medians over the runs.\n\
             - Returns of different environments have different scales: there is no mean over \
             environments.\n\n\
             {pictures}\
             [The runs, one by one](runs.csv). Times are of {} at a time, on {processors} \
             processors of {} {}.\n\n\
             ```sh\n\
             cargo xtask evidence{filters} --seeds {}..{} --jobs {}{set} --out {}\n\
             ```\n",
            self.rows.len(),
            config.seeds.start,
            config.seeds.end - 1,
            self.full_table(),
            thousands(RESAMPLES as f64),
            config.jobs,
            std::env::consts::OS,
            std::env::consts::ARCH,
            config.seeds.start,
            config.seeds.end,
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
    return_expected: Option<f64>,
    return_std: f64,
    return_min: f64,
    return_max: f64,
    stochastic_return_mean: f64,
    stochastic_return_std: f64,
}

impl RunRow {
    /// Times are rounded to what they are good for.
    fn of(run: &CompletedRun) -> Self {
        let (claim, summary) = (run.claim, &run.summary);
        let evaluation = &summary.evaluation;
        Self {
            env: claim.env,
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
            return_expected: evaluation.return_expected,
            return_std: evaluation.return_std,
            return_min: evaluation.return_min,
            return_max: evaluation.return_max,
            stochastic_return_mean: summary.evaluation_stochastic.return_mean,
            stochastic_return_std: summary.evaluation_stochastic.return_std,
        }
    }
}

fn cells(row: &EvidenceRow) -> [String; 9] {
    let interval = row.interval.map_or("[–]".to_owned(), |[low, high]| {
        format!("[{}, {}]", score(low), score(high))
    });
    let claimed_worst = row.claimed_worst;
    [
        row.preset.to_owned(),
        format!(
            "{} ({})",
            thousands(row.env_steps),
            thousands(row.budget as f64)
        ),
        format!(
            "{} reach {} ({} %)",
            row.share(),
            row.threshold,
            row.claimed_percent
        ),
        format!("{} {interval} ({})", score(row.iqm), row.claimed_iqm),
        format!(
            "{}, {}{}",
            score(row.worst),
            row.worst_seed,
            claimed_worst.map_or(String::new(), |worst| format!(" ({worst})"))
        ),
        score(row.iqm_stochastic),
        row.met(),
        format!("{:.2}", row.wall_s),
        thousands(row.env_steps_per_s),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::claims::CLAIMS;
    use crate::evidence::completed::tests::run;

    fn evidence(scores: &[f64], env_steps: u64) -> Evidence {
        let run = |(seed, &score): (u64, &f64)| run(seed, score, env_steps / 2);
        Evidence::of((0..).zip(scores).map(run).collect())
    }

    #[test]
    fn a_claim_is_met_by_share_mean_and_worst_within_the_budget() {
        let claim = &CLAIMS[0];
        let row = |claim: &'static Claim, scores: &[f64], env_steps| {
            let runs = evidence(scores, env_steps).runs;
            EvidenceRow::of(claim, &runs)
        };
        assert_eq!((claim.percent, claim.iqm, claim.worst), (100, 500.0, 475.0));
        let best = [500.0; 4];
        assert!(row(claim, &best, claim.budget).met);
        assert!(!row(claim, &best, 3 * claim.budget).met);
        // The one that fails is outside of the interquartile mean.
        let one = row(claim, &[474.0, 500.0, 500.0, 500.0], claim.budget);
        assert!(!one.met);
        assert_eq!(
            (one.reached, one.worst, one.worst_seed, one.iqm),
            (3, 474.0, 0, 500.0)
        );
        // All reach the threshold, but not the mean.
        assert!(!row(claim, &[480.0; 4], claim.budget).met);
        // All reach the threshold, but not what is claimed of the worst.
        let strict = &CLAIMS[1];
        assert_eq!((strict.threshold, strict.worst), (475.0, 490.0));
        assert!(!row(strict, &[480.0, 500.0, 500.0, 500.0], strict.budget).met);
        // A share below all of them.
        let some = &CLAIMS[2];
        assert_eq!(some.percent, 98);
        let mut scores = [500.0; 100];
        scores[..2].fill(0.0);
        assert!(row(some, &scores, some.budget).met);
        scores[2] = 0.0;
        assert!(!row(some, &scores, some.budget).met);

        let row = row(claim, &best, claim.budget);
        assert_eq!((row.wall_s, row.iqm_stochastic), (3.0, 490.0));
        assert_eq!(row.interval.unwrap(), [500.0, 500.0]);
    }

    #[test]
    fn the_lines_of_the_tables_are_of_one_width_and_a_single_run_has_no_interval() {
        let evidence = evidence(&[-1234.5], 1_234_568);
        for table in [evidence.table(), evidence.full_table()] {
            let widths: Vec<usize> = table.lines().map(|line| line.chars().count()).collect();
            assert!(
                widths.len() == 3 && widths.iter().all(|&width| width == widths[0]),
                "{table}"
            );
        }
        let table = evidence.full_table();
        for cell in [
            " -1234.50 [–] (500) |",
            "1,234,568 (500,000)",
            "0/1 reach 475 (100 %)",
            "-1234.50, 0 (475)",
            "-1244.50",
            "no",
        ] {
            assert!(table.contains(cell), "{cell} is not in:\n{table}");
        }
    }

    #[test]
    fn the_table_of_the_screen_is_80_columns_wide() {
        let runs = CLAIMS.iter().flat_map(|claim| {
            (0..100).map(move |seed| CompletedRun {
                claim,
                ..run(seed, -234.56, 10)
            })
        });
        let table = Evidence::of(runs.collect()).table();
        assert_eq!(table.lines().count(), CLAIMS.len() + 2);
        assert!(
            table.lines().all(|line| line.chars().count() <= 80),
            "{table}"
        );
    }

    #[test]
    fn the_csv_has_a_row_per_run_and_a_cell_per_column() {
        let csv = evidence(&[1.0, 2.0], 10)
            .csv(Path::new("runs.csv"))
            .unwrap();
        let csv = String::from_utf8(csv).unwrap();
        let widths: Vec<usize> = csv.lines().map(|line| line.split(',').count()).collect();
        assert_eq!(widths, [17, 17, 17]);
        assert!(
            csv.ends_with("1,10,5,2,2.5,1000.0,100,2.0,,1.0,1.0,3.0,-8.0,1.0\n"),
            "{csv}"
        );
    }
}

//! What a run shows: a live line while it goes on, a summary at its end.

use std::fmt::Write as _;
use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rl_core::Episode;
use rl_train::{Evaluation, Picture, Progress, Summary};

/// Units of the progress bar.
const UNITS: u64 = 1000;

/// The live line, on standard error: redrawn on a terminal, a line per tenth of the run elsewhere.
pub enum Screen {
    Terminal(ProgressBar),
    Lines { tenths: u32 },
    Quiet,
}

impl Screen {
    pub fn new(quiet: bool) -> Self {
        if quiet {
            return Self::Quiet;
        }
        if !std::io::stderr().is_terminal() {
            return Self::Lines { tenths: 0 };
        }
        let bar = ProgressBar::with_draw_target(Some(UNITS), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{bar:24} {msg}  {eta} left");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self::Terminal(bar)
    }

    pub fn update(&mut self, progress: &Progress) {
        let Progress { row, done, .. } = progress;
        let line = || {
            let rate = row.env_steps as f64 / row.wall_s;
            format!(
                "update {:>4}  steps {:>9}  mean return {:>8.1}  {:>9.0} steps/s",
                row.update, row.env_steps, progress.return_mean, rate
            )
        };
        match self {
            Self::Quiet => {}
            Self::Terminal(bar) => {
                bar.set_position((done * UNITS as f64) as u64);
                bar.set_message(line());
            }
            Self::Lines { tenths } => {
                let reached = (done * 10.0) as u32;
                if reached > *tenths || row.update == 1 {
                    *tenths = reached;
                    let left = row.wall_s / done - row.wall_s;
                    eprintln!("{}  {left:.0} s left", line());
                }
            }
        }
    }

    pub fn close(&self) {
        if let Self::Terminal(bar) = self {
            bar.finish_and_clear();
        }
    }
}

/// The end of a run on one screen.
pub fn summary(summary: &Summary) -> String {
    let Summary { evaluation, .. } = summary;
    let rows = [
        ("environment", summary.env.clone()),
        (
            "algorithm",
            format!(
                "{}, preset {}, seed {}",
                summary.algo, summary.preset, summary.seed
            ),
        ),
        ("backend", summary.backend.clone()),
        ("updates", summary.updates.to_string()),
        (
            "environment steps",
            format!("{} in {} episodes", summary.env_steps, summary.episodes),
        ),
        (
            "time",
            format!(
                "{:.2} s ({:.2} s acting, {:.2} s learning), {:.0} steps/s",
                summary.wall_s, summary.acting_s, summary.learning_s, summary.env_steps_per_s
            ),
        ),
        (
            "mean return",
            format!(
                "{:.1} at the end, {:.1} at its best",
                summary.final_return_mean, summary.best_return_mean
            ),
        ),
        (
            "evaluation",
            format!(
                "{:.1} ± {:.1} over {} episodes of the likeliest actions",
                evaluation.return_mean, evaluation.return_std, evaluation.episodes
            ),
        ),
        ("run directory", summary.directory.display().to_string()),
    ];
    table(&rows)
}

/// An evaluation as a table.
pub fn evaluation(evaluation: &Evaluation) -> String {
    table(&[
        ("environment", evaluation.env.clone()),
        ("actions", evaluation.actions.into()),
        (
            "episodes",
            format!("{} from seed {}", evaluation.episodes, evaluation.seed),
        ),
        (
            "mean return",
            format!(
                "{:.2} ± {:.2}",
                evaluation.return_mean, evaluation.return_std
            ),
        ),
        (
            "range",
            format!("{} to {}", evaluation.return_min, evaluation.return_max),
        ),
        ("mean length", format!("{:.1}", evaluation.length_mean)),
    ])
}

/// What can be seen in a picture, on one line.
pub fn rendered(picture: &Picture, episodes: &[Episode]) -> String {
    let episodes: Vec<String> = episodes
        .iter()
        .map(|episode| {
            let Episode {
                total_reward,
                length,
            } = episode;
            format!("return {total_reward:.2} in {length} steps")
        })
        .collect();
    format!("{}: {}", picture.path().display(), episodes.join(", "))
}

fn table(rows: &[(&str, String)]) -> String {
    rows.iter().fold(String::new(), |mut text, (name, value)| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name:<18} {value}");
        text
    })
}

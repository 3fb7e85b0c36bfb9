//! Screens of a run: a live line while it goes on, a summary at its end.

use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _};
use std::ops::ControlFlow;
use std::time::Instant;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rl_core::{BoxError, Episode, Metrics};
use rl_lab::Picture;
use rl_train::{Evaluation, NO_PRESET, Observer, Outcome, RunView, Summary};

/// Units of the progress bar.
const UNITS: u64 = 1000;
/// Columns that every line fits.
pub const WIDTH: usize = 80;
/// Columns of the progress bar.
const BAR: usize = 8;

/// The live line, on standard error: redrawn on a terminal, a line per tenth of the run elsewhere.
pub struct Screen {
    form: Form,
    begin: Instant,
    /// Environment steps, and share of the budget, when it began.
    before: (u64, f64),
}

enum Form {
    Terminal(ProgressBar),
    Lines { tenths: u32 },
    Quiet,
}

impl Screen {
    pub fn new(quiet: bool) -> Self {
        let form = if quiet {
            Form::Quiet
        } else if std::io::stderr().is_terminal() {
            let bar = ProgressBar::with_draw_target(Some(UNITS), ProgressDrawTarget::stderr());
            // What is wider than the terminal is cut, so that no line wraps.
            let style = ProgressStyle::with_template(&format!("{{bar:{BAR}}} {{wide_msg}}"));
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            Form::Terminal(bar)
        } else {
            Form::Lines { tenths: 0 }
        };
        Self {
            form,
            begin: Instant::now(),
            before: (0, 0.0),
        }
    }
}

impl Observer for Screen {
    fn start(&mut self, run: &dyn RunView) -> Result<(), BoxError> {
        let done = run.clock().share_of(run.budget());
        self.begin = Instant::now();
        self.before = (run.clock().env_steps, done);
        if let Form::Lines { tenths } = &mut self.form {
            *tenths = (done * 10.0) as u32;
        }
        Ok(())
    }

    fn update(
        &mut self,
        run: &dyn RunView,
        _metrics: &mut Metrics,
    ) -> Result<ControlFlow<()>, BoxError> {
        let clock = run.clock();
        let done = clock.share_of(run.budget());
        let seconds = self.begin.elapsed().as_secs_f64();
        let (steps_before, done_before) = self.before;
        let line = || {
            progress(
                clock.updates,
                clock.env_steps,
                run.recent_returns().mean(),
                (clock.env_steps - steps_before) as f64 / seconds,
                seconds * (1.0 - done) / (done - done_before),
            )
        };
        match &mut self.form {
            Form::Quiet => {}
            Form::Terminal(bar) => {
                bar.set_position((done * UNITS as f64) as u64);
                bar.set_message(line());
            }
            Form::Lines { tenths } => {
                let reached = (done * 10.0) as u32;
                if reached > *tenths || clock.updates == 1 {
                    *tenths = reached;
                    // A reader that is gone ends the lines, not the training.
                    if writeln!(std::io::stderr(), "{}", line()).is_err() {
                        self.form = Form::Quiet;
                    }
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn end(&mut self, _run: &dyn RunView, _outcome: Outcome) -> Result<(), BoxError> {
        if let Form::Terminal(bar) = &self.form {
            bar.finish_and_clear();
        }
        Ok(())
    }
}

/// The live line: updates, environment steps, their mean return, steps per second, seconds left.
fn progress(updates: u64, steps: u64, mean: f64, rate: f64, left: f64) -> String {
    let rate = match rate {
        x if x >= 1e6 => format!("{:.2}M", x / 1e6),
        x if x >= 1e4 => format!("{:.0}k", x / 1e3),
        x => format!("{x:.0}"),
    };
    let mean = mean_return(mean);
    let left = match left.is_finite() {
        true => format!("  {left:.0} s left"),
        false => String::new(),
    };
    format!("update {updates:>5}  steps {steps:>9}  return {mean:>7}  {rate}/s{left}")
}

/// The end of a run on one screen.
pub fn summary(summary: &Summary) -> String {
    let mut rows = vec![
        ("environment", summary.env.clone()),
        (
            "algorithm",
            match summary.preset.as_str() {
                NO_PRESET => format!(
                    "{}, untuned: no preset, seed {}",
                    summary.algo, summary.seed
                ),
                preset => format!("{}, preset {preset}, seed {}", summary.algo, summary.seed),
            },
        ),
        ("backend", summary.backend.clone()),
        ("updates", summary.updates.to_string()),
        (
            "environment steps",
            format!(
                "{} in {} episodes, {:.0} per second",
                summary.env_steps, summary.episodes, summary.env_steps_per_s
            ),
        ),
        (
            "time",
            format!(
                "{:.2} s, of them {:.2} s acting and {:.2} s learning",
                summary.wall_s, summary.acting_s, summary.learning_s
            ),
        ),
        (
            "mean return",
            format!(
                "{} at the end, {} at its best",
                mean_return(summary.final_return_mean),
                mean_return(summary.best_return_mean)
            ),
        ),
    ];
    match (&summary.evaluation, &summary.evaluation_stochastic) {
        (Some(likeliest), Some(drawn)) => {
            let mean = |e: &Evaluation| format!("{:.1} ± {:.1}", e.return_mean, e.return_std);
            let of = format!("± deviation of {} episodes", drawn.episodes);
            let likeliest_mean = format!("{} by the likeliest actions", mean(likeliest));
            rows.push(("evaluation", likeliest_mean));
            rows.push(("", format!("{} by drawn ones ({of})", mean(drawn))));
            let costs = "Training draws actions to explore; that costs it return.";
            let relies = "It relies on chance: the likeliest actions alone do worse.";
            if likeliest.is_better_than(drawn) {
                rows.push(("", costs.into()));
            } else if drawn.is_better_than(likeliest) {
                rows.push(("", relies.into()));
            }
            if let (Some(false), Some(before)) = (summary.learned, summary.initial_return_mean) {
                let text = format!("before training, drawn actions returned {before:.1}");
                // A policy to start from may be as good as any.
                let name = match summary.init_from {
                    Some(_) => "no improvement",
                    None => "did not learn",
                };
                rows.push((name, text));
            }
        }
        _ => rows.push((
            "evaluation",
            format!("none, since the run was {}", summary.outcome),
        )),
    }
    rows.extend(summary.notes.iter().map(|note| ("note", note.clone())));
    rows.push(("run directory", summary.directory.display().to_string()));
    table(&rows)
}

/// A mean return; a dash before the first episode.
fn mean_return(mean: f64) -> String {
    if mean.is_nan() {
        "-".into()
    } else {
        format!("{mean:.1}")
    }
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
            match evaluation.gamma {
                1.0 => format!("{:.2}", evaluation.return_mean),
                gamma => format!("{:.2}, discounted by {gamma}", evaluation.return_mean),
            },
        ),
        (
            "deviation",
            format!("{:.2} between episodes", evaluation.return_std),
        ),
        (
            "range",
            format!("{} to {}", evaluation.return_min, evaluation.return_max),
        ),
        ("mean length", format!("{:.1}", evaluation.length_mean)),
    ])
}

/// Episodes of a picture, on one line.
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
    columns(
        rows.iter().map(|(name, value)| (*name, value.as_str())),
        "",
        18,
    )
}

/// Names, in a column of their own, with texts that are wrapped beside them.
pub fn columns<'a>(
    rows: impl Iterator<Item = (&'a str, &'a str)>,
    indent: &str,
    width: usize,
) -> String {
    rows.fold(String::new(), |mut text, (name, value)| {
        let mut name = name;
        for line in wrapped(value, WIDTH - indent.len() - width - 1) {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{indent}{name:<width$} {line}");
            name = "";
        }
        text
    })
}

/// Lines of a value that fit a width; a word that is longer stays whole.
pub fn wrapped(value: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in value.split(' ') {
        let line = lines.last().map_or(0, |line| line.chars().count());
        match lines.last_mut() {
            Some(last) if line + 1 + word.chars().count() <= width && line > 0 => {
                *last += " ";
                *last += word;
            }
            Some(last) if line == 0 => *last += word,
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_the_screen_and_keep_every_word() {
        let value = "every episode returned -200: equal returns say nothing about actions taken";
        let text = table(&[("note", value.into()), ("run directory", "x".repeat(90))]);
        let lines: Vec<&str> = text.lines().collect();
        assert!(
            lines[..2].iter().all(|line| line.chars().count() <= WIDTH),
            "{text}"
        );
        let words: Vec<&str> = lines[..2]
            .iter()
            .flat_map(|line| line.split_whitespace())
            .collect();
        assert_eq!(words[1..].join(" "), value);
        assert_eq!(
            lines[2],
            format!("{:<18} {}", "run directory", "x".repeat(90))
        );
    }

    #[test]
    fn the_live_line_fits_80_columns_at_its_longest_and_has_no_nan() {
        let line = progress(999_999, 9_999_999_999, f64::NAN, 9.99e6, 99_999.4);
        assert!(
            line.chars().count() + BAR + 1 < WIDTH,
            "{}: {line}",
            line.len()
        );
        assert!(
            !line.contains("NaN") && line.contains("return       -"),
            "{line}"
        );
        assert!(!progress(1, 1, 0.0, 1.0, f64::INFINITY).contains("inf"));
        let line = progress(1, 4092, -1200.25, 606_446.0, 1.2);
        assert_eq!(
            line,
            "update     1  steps      4092  return -1200.2  606k/s  1 s left"
        );
    }
}

//! Screens of a run: a live line while it goes on, a summary at its end.

use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _};
use std::ops::ControlFlow;
use std::time::Instant;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rl_core::{BoxError, Episode, Metrics};
use rl_lab::Picture;
use rl_train::{Evaluation, Observer, Outcome, RunView, Summary};

/// Units of the progress bar.
const UNITS: u64 = 1000;

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
            let style = ProgressStyle::with_template("{bar:24} {msg}");
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
            let rate = (clock.env_steps - steps_before) as f64 / seconds;
            let left = seconds * (1.0 - done) / (done - done_before);
            format!(
                "update {:>4}  steps {:>9}  mean return {:>8.1}  {rate:>9.0} steps/s  {left:.0} s left",
                clock.updates,
                clock.env_steps,
                run.recent_returns().mean(),
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

/// The end of a run on one screen.
pub fn summary(summary: &Summary) -> String {
    let mut rows = vec![
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
                rows.push(("did not learn", text));
            }
        }
        _ => rows.push((
            "evaluation",
            format!("none, since the run was {}", summary.outcome),
        )),
    }
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
        ("mean return", format!("{:.2}", evaluation.return_mean)),
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
    rows.iter().fold(String::new(), |mut text, (name, value)| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name:<18} {value}");
        text
    })
}

//! Results as text: the summary of a run, an evaluation, a table.

use std::fmt::Write as _;

use rl_core::Episode;
use rl_lab::Picture;
use rl_train::{Actions, Evaluation, NO_PRESET, Summary};

use crate::live::mean_return;

/// Columns that every line fits.
pub const WIDTH: usize = 80;

/// The end of a run on one screen, with word of its report if it has one.
pub fn summary(summary: &Summary, has_report: bool) -> String {
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
            // Returns of 0 to 1 are shares of success.
            let is_share = |e: &Evaluation| e.return_min.abs().max(e.return_max.abs()) <= 1.0;
            let n = if is_share(likeliest) && is_share(drawn) {
                3
            } else {
                1
            };
            let judged = |e: &Evaluation, actions: &str| {
                format!("{} by {actions}, {}", mean_of(e, n), interval_of(e, n))
            };
            rows.push(("evaluation", judged(likeliest, "the likeliest actions")));
            rows.push(("", judged(drawn, "drawn ones")));
            if let Some(expected) = likeliest.return_expected {
                rows.push((
                    "expected return",
                    format!("{expected:.4} by the likeliest actions, exactly"),
                ));
            }
            let [a, b] = [likeliest, drawn].map(|e| e.return_std);
            let episodes = drawn.episodes;
            let deviation = format!("{a:.n$} and {b:.n$} between the {episodes} episodes of each");
            rows.push(("deviation", deviation));
            let costs = "Training draws actions to explore; that costs it return.";
            let relies = "It relies on chance: the likeliest actions alone do worse.";
            if likeliest.is_better_than(drawn) {
                rows.push(("", costs.into()));
            } else if drawn.is_better_than(likeliest) {
                rows.push(("", relies.into()));
            }
            if let (Some(false), Some(before)) = (summary.learned, summary.initial_return_mean) {
                let text = format!("before training, drawn actions returned {before:.n$}");
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
    let directory = summary.directory.display().to_string();
    if summary.evaluation.is_some() {
        let quoted = quoted(&directory);
        rows.push(("next", format!("rl eval {quoted} --seed 1000")));
        rows.push(("", format!("rl render {quoted} -o agent.gif")));
        rows.push(("", format!("rl plot {quoted} -o curve.svg")));
    }
    let report = match has_report {
        true => " (open report.html in a browser)",
        false => "",
    };
    rows.push(("run directory", directory + report));
    table(&rows)
}

/// A path as a shell reads it.
fn quoted(path: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+,:@%".contains(c);
    match path.chars().all(is_plain) && !path.is_empty() {
        true => path.to_owned(),
        false => format!("'{}'", path.replace('\'', "'\\''")),
    }
}

/// An evaluation as a table, with the share of the episodes that reach a threshold.
pub fn evaluation(evaluation: &Evaluation, threshold: Option<f64>) -> String {
    let actions = match evaluation.actions {
        Actions::Likeliest => "the likeliest (--stochastic draws them, as training does)",
        Actions::Drawn => "drawn, as in training (without --stochastic the likeliest)",
        Actions::Random => "random",
        Actions::RuleOfThumb => "a rule of thumb",
    };
    let discount = match evaluation.gamma {
        1.0 => String::new(),
        gamma => format!(", discounted by {gamma}"),
    };
    let mean = match evaluation.return_mean_interval {
        Some(_) => format!("{}, {}", mean_of(evaluation, 2), interval_of(evaluation, 2)),
        None => mean_of(evaluation, 2),
    };
    let mut rows = vec![
        ("environment", evaluation.env.clone()),
        ("actions", actions.into()),
        (
            "episodes",
            format!("{} from seed {}", evaluation.episodes, evaluation.seed),
        ),
        ("mean return", mean + &discount),
        (
            "deviation",
            format!("{:.2} between episodes", evaluation.return_std),
        ),
        (
            "range",
            format!("{} to {}", evaluation.return_min, evaluation.return_max),
        ),
    ];
    if let Some(expected) = evaluation.return_expected {
        rows.insert(4, ("expected return", format!("{expected:.4}, exactly")));
    }
    if let Some(threshold) = threshold {
        let share = 100.0 * evaluation.share_from(threshold);
        rows.push((
            "threshold",
            format!("{share:.1} % of the episodes return {threshold} or more"),
        ));
    }
    rows.push(("mean length", format!("{:.1}", evaluation.length_mean)));
    table(&rows)
}

/// The mean return, with so many decimals.
fn mean_of(evaluation: &Evaluation, decimals: usize) -> String {
    format!("{:.decimals$}", evaluation.return_mean)
}

/// The interval of the mean return; a note where there is none.
fn interval_of(evaluation: &Evaluation, decimals: usize) -> String {
    match evaluation.return_mean_interval {
        Some([low, high]) => format!("95 % interval {low:.decimals$} to {high:.decimals$}"),
        None => "of one episode".into(),
    }
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
}

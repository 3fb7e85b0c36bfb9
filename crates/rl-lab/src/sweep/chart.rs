//! Pictures of a sweep: the scores over each key, and a heat map for each pair of keys.

use std::io;

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use serde_json::Value;

use super::grid::file_name;
use super::report::{Sweep, SweepRow};
use crate::chart::{Area, BLUE, Drawn, GRAY, GRID, INK, VERMILION, font, number, svg};
use crate::jobs::shown;
use crate::statistics::interquartile_mean;

const SIZE: (u32, u32) = (720, 440);
/// Height of the title.
const TOP: u32 = 48;
/// Room of the labels below and beside the axes.
const BOTTOM: u32 = 50;
const LEFT: u32 = 84;
/// Space at the edges.
const EDGE: u32 = 12;

impl Sweep {
    /// The pictures by the names of their files: one per key with several values, one per pair of such keys.
    pub(super) fn pictures(&self) -> io::Result<Vec<(String, Vec<u8>)>> {
        let varied: Vec<usize> = (0..self.keys().len())
            .filter(|&key| self.values_of(key).len() > 1)
            .collect();
        let mut pictures = Vec::new();
        for &key in &varied {
            let name = format!("{}.svg", file_name(&self.keys()[key]));
            pictures.push((name, self.scores_over(key)?.into_bytes()));
        }
        for (i, &first) in varied.iter().enumerate() {
            for &second in &varied[i + 1..] {
                let names = [first, second].map(|key| self.keys()[key].as_str());
                let name = format!("{}.svg", file_name(&names.join("-")));
                pictures.push((name, self.heat_map(first, second)?.into_bytes()));
            }
        }
        Ok(pictures)
    }

    /// The values of a key: numbers in their order, others as they were given.
    fn values_of(&self, key: usize) -> Vec<Value> {
        let mut values: Vec<Value> = Vec::new();
        for row in self.rows() {
            if !values.contains(&row.values[key]) {
                values.push(row.values[key].clone());
            }
        }
        if values.iter().all(Value::is_number) {
            let number = |value: &Value| value.as_f64().unwrap_or(f64::NAN);
            values.sort_by(|a, b| number(a).total_cmp(&number(b)));
        }
        values
    }

    /// Scores of the finished runs of the settings that a test holds for.
    fn scores(&self, holds: impl Fn(&SweepRow) -> bool) -> Vec<f64> {
        let rows = self.rows().iter().filter(|row| holds(row));
        let results = rows.flat_map(|row| &row.runs);
        results
            .filter_map(|(_, result)| Some(result.summary()?.score()))
            .collect()
    }

    /// A dot per run over the values of a key, and a line through the interquartile means.
    fn scores_over(&self, key: usize) -> io::Result<String> {
        let name = &self.keys()[key];
        let values = self.values_of(key);
        let all = self.scores(|_| true);
        let range = padded(&all);
        let n = values.len() as f64;
        svg(SIZE, |area| {
            title(
                area,
                &format!("Scores by {name}; line: interquartile means"),
            )?;
            let mut chart = ChartBuilder::on(area)
                .margin_top(TOP)
                .margin_left(EDGE)
                .margin_bottom(EDGE)
                .margin_right(30)
                .x_label_area_size(BOTTOM)
                .y_label_area_size(LEFT)
                .build_cartesian_2d(-0.5..n - 0.5, range.clone())?;
            chart
                .configure_mesh()
                .disable_x_mesh()
                .x_labels(0)
                .bold_line_style(GRID)
                .light_line_style(TRANSPARENT)
                .axis_style(GRAY)
                .label_style(font(13, &GRAY))
                .y_label_formatter(&|y| number(*y))
                .y_desc("score")
                .x_desc(name)
                .axis_desc_style(font(13, &INK))
                .draw()?;
            let threshold = self.rows().first().and_then(|row| row.threshold);
            let inside = threshold.filter(|threshold| range.contains(threshold));
            if let Some(y) = inside {
                let line = [(-0.5, y), (n - 0.5, y)];
                chart.draw_series([PathElement::new(line, VERMILION.stroke_width(1))])?;
            }
            let opacity = (60.0 / all.len() as f64).clamp(0.08, 0.5);
            let mut means = Vec::new();
            for (x, value) in (0..).map(f64::from).zip(&values) {
                let scores = self.scores(|row| row.values[key] == *value);
                let mean = interquartile_mean(&scores);
                if mean.is_finite() {
                    means.push((x, mean));
                }
                let dots = scores.iter().enumerate().map(|(i, &score)| {
                    // Beside each other, where scores are alike.
                    let shift = 0.3 * ((i as f64 * 0.618).fract() - 0.5);
                    Circle::new((x + shift, score), 3, GRAY.mix(opacity).filled())
                });
                chart.draw_series(dots)?;
                let below = font(13, &GRAY).pos(Pos::new(HPos::Center, VPos::Top));
                let label = Text::new(shown(value), (0, 8), below);
                chart.draw_series([EmptyElement::at((x, range.start)) + label])?;
            }
            chart.draw_series([PathElement::new(means.clone(), BLUE.stroke_width(2))])?;
            let marks = means.iter().map(|&at| Circle::new(at, 5, BLUE.filled()));
            chart.draw_series(marks)?;
            Ok(())
        })
    }

    /// The interquartile means of two keys' values as colours and numbers.
    fn heat_map(&self, across: usize, up: usize) -> io::Result<String> {
        let [across_values, up_values] = [across, up].map(|key| self.values_of(key));
        let mut cells = Vec::new();
        for (x, value) in (0..).zip(&across_values) {
            for (y, other) in (0..).zip(&up_values) {
                let scores =
                    self.scores(|row| row.values[across] == *value && row.values[up] == *other);
                cells.push((x, y, interquartile_mean(&scores)));
            }
        }
        let means: Vec<f64> = cells.iter().map(|&(_, _, mean)| mean).collect();
        let finite = means.iter().copied().filter(|mean| mean.is_finite());
        let (least, most) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), x| {
            (x.min(least), x.max(most))
        });
        let [across_name, up_name] = [across, up].map(|key| self.keys()[key].as_str());
        svg(SIZE, |area| {
            let text = format!("Interquartile mean score by {across_name} and {up_name}");
            title(area, &text)?;
            let (width, height) = (across_values.len() as f64, up_values.len() as f64);
            let mut chart = ChartBuilder::on(area)
                .margin_top(TOP)
                .margin_left(EDGE)
                .margin_bottom(EDGE)
                .margin_right(30)
                .x_label_area_size(BOTTOM)
                .y_label_area_size(LEFT)
                .build_cartesian_2d(0.0..width, 0.0..height)?;
            chart
                .configure_mesh()
                .disable_mesh()
                .x_labels(0)
                .y_labels(0)
                .axis_style(TRANSPARENT)
                .x_desc(across_name)
                .y_desc(up_name)
                .axis_desc_style(font(13, &INK))
                .draw()?;
            let centered = |color| font(13, color).pos(Pos::new(HPos::Center, VPos::Center));
            for &(x, y, mean) in &cells {
                let (x, y) = (f64::from(x), f64::from(y));
                let share = (mean - least) / (most - least);
                let share = if share.is_finite() { share } else { 0.0 };
                let corners = [(x, y), (x + 1.0, y + 1.0)];
                chart.draw_series([Rectangle::new(corners, shade(share).filled())])?;
                let text = match mean.is_finite() {
                    true => format!("{mean:.1}"),
                    false => "failed".to_owned(),
                };
                let color = if share > 0.5 { &WHITE } else { &INK };
                let label = Text::new(text, (0, 0), centered(color));
                chart.draw_series([EmptyElement::at((x + 0.5, y + 0.5)) + label])?;
            }
            for (x, value) in (0..).map(f64::from).zip(&across_values) {
                let below = font(13, &GRAY).pos(Pos::new(HPos::Center, VPos::Top));
                let label = Text::new(shown(value), (0, 8), below);
                chart.draw_series([EmptyElement::at((x + 0.5, 0.0)) + label])?;
            }
            for (y, value) in (0..).map(f64::from).zip(&up_values) {
                let left = font(13, &GRAY).pos(Pos::new(HPos::Right, VPos::Center));
                let label = Text::new(shown(value), (-8, 0), left);
                chart.draw_series([EmptyElement::at((0.0, y + 0.5)) + label])?;
            }
            Ok(())
        })
    }
}

fn title(area: &Area<'_>, text: &str) -> Drawn {
    area.draw(&Text::new(text.to_owned(), (16, 14), font(16, &INK)))
}

/// Range of the scores with room above and below.
fn padded(scores: &[f64]) -> std::ops::Range<f64> {
    let (least, most) = scores
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), &x| {
            (x.min(least), x.max(most))
        });
    if least > most {
        return 0.0..1.0;
    }
    let room = 0.05 * (most - least).max(1e-3 * most.abs()).max(1e-9);
    least - room..most + room
}

/// Colour between a light and a dark blue.
fn shade(share: f64) -> RGBColor {
    let mix = |light: f64, dark: f64| (light + share * (dark - light)).round() as u8;
    RGBColor(mix(239.0, 0.0), mix(246.0, 84.0), mix(252.0, 140.0))
}

#[cfg(test)]
mod tests {
    use rl_train::Registry;

    use super::super::grid::{settings, tests::config};
    use super::*;
    use crate::jobs::{JobResult, RunSummary};
    use crate::runs::EvaluationSummary;

    pub fn finished(score: f64) -> JobResult {
        let evaluation = EvaluationSummary {
            episodes: 100,
            return_mean: score,
            return_expected: None,
            return_std: 0.0,
            return_min: score,
            return_max: score,
        };
        JobResult::Finished(RunSummary {
            env_steps: 10,
            env_steps_before_last_update: 5,
            updates: 2,
            wall_s: 1.0,
            env_steps_per_s: 10.0,
            evaluation: evaluation.clone(),
            evaluation_stochastic: evaluation,
        })
    }

    fn sweep() -> Sweep {
        let config = config(&[("size", &["32", "16"]), ("learning_rate", &["1e-3", "1"])]);
        let settings = settings(&config, &Registry::default()).unwrap();
        let keys = config.keys.iter().map(|swept| swept.key.clone()).collect();
        let failed = JobResult::Failed("the policy_loss is NaN".to_owned());
        let results = [480.0, 490.0, 20.0, 10.0, 500.0, 100.0].map(finished);
        let results = results.into_iter().chain([failed.clone(), failed]);
        Sweep::new(keys, settings, config.seeds, results.collect())
    }

    #[test]
    fn there_is_a_dot_per_run_a_mark_per_value_and_a_cell_per_pair() {
        let pictures = sweep().pictures().unwrap();
        let names: Vec<&str> = pictures.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names,
            ["size.svg", "learning_rate.svg", "size-learning_rate.svg"]
        );
        let text = |i: usize| String::from_utf8(pictures[i].1.clone()).unwrap();
        // Six finished runs and two values.
        assert_eq!(text(0).matches("<circle").count(), 8);
        let heat = text(2);
        for word in ["485.0", "15.0", "300.0", "failed"] {
            assert!(heat.contains(word), "{word}: {heat}");
        }
        assert!(!heat.contains("NaN"));
    }

    #[test]
    fn the_table_tells_share_mean_worst_and_failures_and_the_best_setting() {
        let sweep = sweep();
        let table = sweep.table();
        let cells = |line: usize| -> Vec<&str> {
            let line = table.lines().nth(line).unwrap();
            line.split('|').map(str::trim).collect()
        };
        assert_eq!(cells(0)[1], "size, learning_rate");
        assert_eq!(
            cells(2)[1..5],
            ["32, 0.001", "2/2", "485.00 [480.00, 490.00]", "480.00 (0)"]
        );
        assert_eq!(cells(5)[1..5], ["16, 1.0", "0/2", "–", "2 failed (0)"]);
        assert_eq!(sweep.best().unwrap(), "size=32 learning_rate=0.001");
        let csv = String::from_utf8(sweep.csv().unwrap()).unwrap();
        assert!(csv.starts_with("size,learning_rate,seed,env_steps,"));
        assert!(
            csv.contains("\n32,0.001,1,10,2,490,0,490,490,490,1.000,\n"),
            "{csv}"
        );
        assert!(
            csv.ends_with("16,1.0,1,,,,,,,,,the policy_loss is NaN\n"),
            "{csv}"
        );
    }
}

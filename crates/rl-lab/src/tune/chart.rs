//! Picture of a tuning: the objective over the values of each key.

use std::io;

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::report::Tuning;
use super::trial::TrialState;
use crate::chart::{Area, BLUE, Drawn, GRAY, GRID, INK, VERMILION, font, svg};

/// Panels beside each other.
const COLUMNS: usize = 3;
/// Width and height of a panel.
const PANEL: (u32, u32) = (300, 240);
/// Height of the title.
const TOP: u32 = 56;

impl Tuning {
    /// A panel per key, the most important first; a dot per trial, hollow where it ended after its first seed.
    pub(super) fn picture(&self) -> io::Result<String> {
        let mut keys: Vec<usize> = (0..self.keys().len()).collect();
        keys.sort_by(|&a, &b| self.importance(b).total_cmp(&self.importance(a)));
        let rows = keys.len().div_ceil(COLUMNS);
        let size = (PANEL.0 * COLUMNS as u32, TOP + PANEL.1 * rows as u32);
        svg(size, |area| {
            let title = "Objective of the first seed by each key";
            area.draw(&Text::new(title, (16, 10), font(16, &INK)))?;
            let legend =
                "hollow: ended after the first seed; orange: the best; beside a key its importance";
            area.draw(&Text::new(legend, (16, 32), font(13, &GRAY)))?;
            let panels = area.margin(TOP, 0, 0, 0).split_evenly((rows, COLUMNS));
            for (panel, key) in panels.iter().zip(keys) {
                self.panel(panel, key)?;
            }
            Ok(())
        })
    }

    fn panel(&self, area: &Area<'_>, key: usize) -> Drawn {
        let tuned = &self.keys()[key];
        let best = self.best().number;
        let dots: Vec<(f64, f64, TrialState, bool)> = self
            .trials()
            .iter()
            .filter_map(|trial| {
                let objective = trial.runs.first()?.objective();
                let place = trial.places[key]?;
                let dot = (place, objective, trial.state, trial.number == best);
                objective.is_finite().then_some(dot)
            })
            .collect();
        let (least, most) = dots
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), dot| {
                (dot.1.min(least), dot.1.max(most))
            });
        let (least, most) = if least < most {
            (least, most)
        } else {
            (0.0, 1.0)
        };
        let room = 0.06 * (most - least);
        let choices = tuned.span.choices();
        let x_range = choices.map_or(-0.04..1.04, |n| -0.5..n as f64 - 0.5);
        let text = format!("{}, {:.0} %", tuned.key, 100.0 * self.importance(key));
        area.draw(&Text::new(text, (52, 4), font(13, &INK)))?;
        let mut chart = ChartBuilder::on(area)
            .margin_top(26)
            .margin_right(14)
            .x_label_area_size(36)
            .y_label_area_size(52)
            .build_cartesian_2d(x_range, least - room..most + room)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .x_labels(0)
            .y_labels(5)
            .bold_line_style(GRID)
            .light_line_style(TRANSPARENT)
            .axis_style(GRAY)
            .label_style(font(11, &GRAY))
            .y_label_formatter(&|y| format!("{y:.0}"))
            .draw()?;
        let marks: Vec<f64> = match choices {
            Some(n) => (0..n).map(|i| i as f64).collect(),
            None => vec![0.0, 0.5, 1.0 - f64::EPSILON],
        };
        for at in marks {
            let below = font(11, &GRAY).pos(Pos::new(HPos::Center, VPos::Top));
            let label = Text::new(tuned.span.value(at), (0, 6), below);
            chart.draw_series([EmptyElement::at((at, least - room)) + label])?;
        }
        // The best last, over the others.
        for (x, y, state, _) in dots.iter().filter(|dot| !dot.3) {
            let style = match state {
                TrialState::Pruned | TrialState::Failed => BLUE.mix(0.6).stroke_width(1),
                TrialState::Complete | TrialState::Finalist => BLUE.mix(0.6).filled(),
            };
            chart.draw_series([Circle::new((*x, *y), 3, style)])?;
        }
        for (x, y, ..) in dots.iter().filter(|dot| dot.3) {
            chart.draw_series([Circle::new((*x, *y), 5, VERMILION.filled())])?;
        }
        Ok(())
    }
}

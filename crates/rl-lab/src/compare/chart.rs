//! Pictures of a comparison.

use rl_core::Stream;

use super::comparison::Comparison;
use crate::error::FileError;
use crate::figure::Figure;
use crate::line_chart::{Line, LineChart, Panel};
use crate::row_chart::{Row, RowChart};
use crate::statistics::{profile_intervals, share_above};

/// Resamples of a profile's intervals, as in rliable.
const RESAMPLES: usize = 2000;
/// Thresholds of a profile.
const THRESHOLDS: usize = 200;

impl Comparison {
    /// Draws the interquartile mean of each group with its interval.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn draw_intervals(&self, figure: &Figure) -> Result<(), FileError> {
        let rows = self.groups.iter().map(|group| Row {
            name: group.name.clone(),
            value: group.iqm,
            interval: group.interval,
        });
        figure.write(&RowChart {
            title: format!("{}: interquartile mean of the scores", self.env),
            notes: self.notes("Bars: 95 % bootstrap intervals"),
            axis: "score".into(),
            rows: rows.collect(),
            range: None,
            mark: self.threshold,
            is_colored: true,
        })
    }

    /// Draws the share of runs above each score.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn draw_profile(&self, figure: &Figure) -> Result<(), FileError> {
        let scores = self.groups.iter().flat_map(|group| &group.scores);
        let none = [f64::INFINITY, f64::NEG_INFINITY];
        let [least, most] = scores.fold(none, |[least, most], &x| [least.min(x), most.max(x)]);
        let room = (0.05 * (most - least)).max(0.01 * most.abs()).max(1e-3);
        let ends = [least - room, most + room];
        let step = (ends[1] - ends[0]) / (THRESHOLDS - 1) as f64;
        let thresholds: Vec<f64> = (0..THRESHOLDS).map(|i| ends[0] + step * i as f64).collect();
        let stream = &mut Stream::from_seed(0);
        let mut lines = Vec::new();
        for group in &self.groups {
            let bounds = profile_intervals(&group.scores, &thresholds, RESAMPLES, stream);
            let point = |&threshold: &f64| (threshold, share_above(&group.scores, threshold));
            lines.push(Line {
                name: group.label(),
                points: thresholds.iter().map(point).collect(),
                band: thresholds
                    .iter()
                    .copied()
                    .zip(bounds.unwrap_or_default())
                    .collect(),
                thin: Vec::new(),
            });
        }
        figure.write(&LineChart {
            title: format!("{}: performance profile", self.env),
            notes: self.notes("Bands: 95 % bootstrap intervals"),
            axis: "score τ".into(),
            ends: Some(ends),
            panels: vec![Panel {
                label: "share of runs with a score > τ".into(),
                lines,
                least_range: Some([0.0, 1.0]),
            }],
        })
    }

    /// Draws the probability of improvement of each pair of groups.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn draw_improvement(&self, figure: &Figure) -> Result<(), FileError> {
        let rows = self.improvements.iter().map(|improvement| Row {
            name: format!(
                "{}\nover {}",
                self.groups[improvement.group].name, self.groups[improvement.over].name
            ),
            value: improvement.probability,
            interval: improvement.interval,
        });
        figure.write(&RowChart {
            title: format!("{}: probability of improvement", self.env),
            notes: self.notes("Bars: 95 % bootstrap intervals; ties count half"),
            axis: "probability that a run of the first has the higher score".into(),
            rows: rows.collect(),
            range: Some([-0.02, 1.02]),
            mark: Some(0.5),
            is_colored: false,
        })
    }

    fn notes(&self, intervals: &str) -> Vec<String> {
        let counts: Vec<usize> = self.groups.iter().map(|group| group.scores.len()).collect();
        let (least, most) = (counts.iter().min(), counts.iter().max());
        let runs = match (least, most) {
            (Some(least), Some(most)) if least != most => format!("{least} to {most} runs"),
            (Some(1), _) => "1 run".to_owned(),
            (Some(n), _) => format!("{n} runs"),
            _ => String::new(),
        };
        vec![
            format!("Score: {}.", self.score.description()),
            format!("{intervals}. {runs} each."),
        ]
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::comparison::tests::groups;
    use super::*;

    #[test]
    fn every_picture_of_a_comparison_says_what_it_shows() {
        let place = tempfile::tempdir().unwrap();
        let comparison = Comparison::of(&groups(place.path(), true), Some(20.0)).unwrap();
        type Draw = fn(&Comparison, &Figure) -> Result<(), FileError>;
        let draws: [(Draw, &[&str]); 3] = [
            (
                Comparison::draw_intervals,
                &["interquartile mean", "gamma=0.5", "3 runs each"],
            ),
            (
                Comparison::draw_profile,
                &["performance profile", "score &gt; τ", "seeds 0–2"],
            ),
            (
                Comparison::draw_improvement,
                &["gamma=0.5", "over gamma=0.9", "ties count half"],
            ),
        ];
        for (draw, texts) in draws {
            let figure = Figure::at(place.path().join("x.svg")).unwrap();
            draw(&comparison, &figure).unwrap();
            let svg = fs::read_to_string(figure.path()).unwrap();
            for text in texts {
                assert!(svg.contains(text), "'{text}' is not in {svg}");
            }
            assert!(!svg.contains("NaN"), "{svg}");
        }
    }
}

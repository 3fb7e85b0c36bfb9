//! Plots of runs.

use std::collections::BTreeSet;

use rl_core::Stream;

use super::config::PlotConfig;
use super::series::{Series, band_of, line_of};
use crate::figure::Figure;
use crate::line_chart::{Line, LineChart, Panel};
use crate::runs::{RunGroup, RunState, RunsError, one_environment};

impl PlotConfig {
    /// Draws groups of runs of one environment.
    ///
    /// # Errors
    /// [`RunsError`]: no runs, several environments, a metric that a run does not have or has no number of, or
    /// a file that cannot be read or written.
    pub fn draw(&self, groups: &[RunGroup], figure: &Figure) -> Result<(), RunsError> {
        let env = one_environment(groups)?;
        let mut series = Vec::new();
        for group in groups {
            let mut runs = Vec::new();
            for run in &group.runs {
                let metrics = run.metrics()?;
                runs.push(Series::of(&metrics, run.directory(), self)?);
            }
            series.push(runs);
        }
        let stream = &mut Stream::from_seed(0);
        let mut panels = Vec::new();
        for (i, metric) in self.metrics.iter().enumerate() {
            let mut lines = Vec::new();
            for (group, runs) in groups.iter().zip(&series) {
                let curves: Vec<_> = runs.iter().map(|run| &*run.curves[i]).collect();
                let (points, band) = match curves.as_slice() {
                    [curve] => (line_of(curve), Vec::new()),
                    curves => band_of(curves, self.axis, stream),
                };
                lines.push(Line {
                    name: name(group, groups),
                    points,
                    band,
                    thin: Vec::new(),
                });
            }
            panels.push(Panel {
                label: metric.replace('_', " "),
                lines,
                least_range: None,
            });
        }
        figure.write(&LineChart {
            title: title(groups, env),
            notes: self.notes(groups, &series),
            axis: self.axis.label().into(),
            ends: None,
            panels,
        })?;
        Ok(())
    }

    /// Notes on the making of the lines.
    fn notes(&self, groups: &[RunGroup], series: &[Vec<Series>]) -> Vec<String> {
        let mut notes = Vec::new();
        if groups.iter().any(|group| group.runs.len() > 1) {
            let mut note =
                "Lines of several seeds: interquartile mean of the runs; bands: its 95 % \
                            bootstrap interval"
                    .to_owned();
            let is_uneven = |runs: &Vec<Series>| {
                let ends: Vec<f64> = runs.iter().map(|run| run.end).collect();
                let least = ends.iter().copied().fold(f64::INFINITY, f64::min);
                ends.iter().any(|&end| end > 1.05 * least)
            };
            if series.iter().any(is_uneven) {
                note += ", to the end of the shortest";
            }
            notes.push(note + ".");
        }
        if self.smooth > 1 {
            let every: BTreeSet<i64> = groups
                .iter()
                .map(|group| {
                    let every = group
                        .config()
                        .get("log_every")
                        .and_then(toml::Value::as_integer);
                    every.unwrap_or(1)
                })
                .collect();
            let unit = if every.iter().all(|&every| every == 1) {
                "updates"
            } else {
                "rows of metrics.csv"
            };
            notes.push(format!(
                "Smoothed: each point is the mean of the last {} {unit}.",
                self.smooth
            ));
        }
        notes
    }
}

/// Environment, and what all groups have in common.
fn title(groups: &[RunGroup], env: &str) -> String {
    match groups {
        [group] => {
            let algo = group.runs[0].algo();
            let of_both = format!("{env} {algo}");
            let rest =
                [&*of_both, env]
                    .iter()
                    .find_map(|known| match group.name.strip_prefix(known)? {
                        "" => Some(""),
                        rest => rest.strip_prefix(' '),
                    });
            match rest.unwrap_or(&group.name) {
                "" => format!("{env} by {algo}"),
                name => format!("{env} by {algo}: {name}"),
            }
        }
        _ => {
            let algos: BTreeSet<&str> = groups.iter().map(|group| group.runs[0].algo()).collect();
            let algos: Vec<&str> = algos.into_iter().collect();
            format!("{env} by {}", algos.join(", "))
        }
    }
}

/// Name in the legend: what tells the group from others, its seeds, and how many runs are not complete.
fn name(group: &RunGroup, groups: &[RunGroup]) -> String {
    let mut parts = vec![group.seeds()];
    for state in [RunState::Running, RunState::Interrupted, RunState::Failed] {
        match group.runs.iter().filter(|run| run.state() == state).count() {
            0 => {}
            _ if group.runs.len() == 1 => parts.push(state.name().to_owned()),
            n => parts.push(format!("{n} {}", state.name())),
        }
    }
    match groups {
        [_] => parts.join(", "),
        _ => format!("{} ({})", group.name, parts.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use rl_train::Registry;

    use super::*;
    use crate::curves::CurveAxis;
    use crate::runs::testing::{Written, run};

    fn config(metrics: &[&str]) -> PlotConfig {
        PlotConfig {
            metrics: metrics.iter().map(|&name| name.to_owned()).collect(),
            axis: CurveAxis::Steps,
            smooth: 3,
        }
    }

    fn drawn(config: &PlotConfig, written: &[Written<'_>]) -> Result<String, RunsError> {
        let place = tempfile::tempdir().unwrap();
        let runs = written.iter().enumerate();
        let runs = runs.map(|(i, run)| run.read(&place.path().join(i.to_string())));
        let groups = RunGroup::of(runs.collect(), &Registry::default());
        let figure = Figure::at(place.path().join("x.svg")).unwrap();
        config.draw(&groups, &figure)?;
        Ok(fs::read_to_string(figure.path()).unwrap())
    }

    #[test]
    fn a_picture_says_what_its_lines_are() {
        let returns = [1.0, 5.0, 9.0, 8.0];
        let of = |config, seed, outcome| Written {
            config,
            seed,
            outcome,
            ..run(&returns)
        };
        let runs = [
            of("gamma = 0.5", 0, Some("finished")),
            of("gamma = 0.5", 1, Some("finished")),
            of("", 0, None),
        ];
        let svg = drawn(&config(&["return_mean", "episodes"]), &runs).unwrap();
        for text in [
            "cartpole by vpg",
            "gamma=0.5 (seeds 0–1)",
            "(seed 0, interrupted)",
            "interquartile mean of the runs",
            "mean of the last 3 updates",
            "return mean",
            "episodes",
            "environment steps",
        ] {
            assert!(svg.contains(text), "'{text}' is not in {svg}");
        }
        assert_eq!(svg.matches("<polygon").count(), 2, "a band per metric");
    }

    #[test]
    fn the_title_of_a_group_says_environment_and_algorithm_once() {
        for (config, expected) in [
            ("", "cartpole by vpg<"),
            ("preset = 'none'", "cartpole by vpg<"),
            (
                "preset = 'cartpole-ppo'\nalgo = 'ppo'",
                "cartpole by ppo: cartpole-ppo<",
            ),
            ("gamma = 0.5", "cartpole by vpg: gamma=0.5<"),
        ] {
            let written = Written {
                config,
                ..run(&[1.0, 2.0])
            };
            let svg = drawn(&self::config(&["return_mean"]), &[written]).unwrap();
            let svg = svg.replace("\n", "");
            assert!(svg.contains(expected), "'{expected}' is not in {svg}");
        }
    }

    #[test]
    fn a_metric_that_is_not_there_and_one_without_numbers_are_told_apart() {
        let missing = drawn(&config(&["entropi"]), &[run(&[1.0])]).unwrap_err();
        assert!(
            missing.to_string().contains("no metric 'entropi'"),
            "{missing}"
        );
        let empty = drawn(&config(&["return_mean"]), &[run(&[f64::NAN])]).unwrap_err();
        assert!(
            empty
                .to_string()
                .contains("none of its 1 rows has a number"),
            "{empty}"
        );
    }

    #[test]
    fn different_environments_are_refused() {
        let other = Written {
            config: "env = 'acrobot'",
            ..run(&[1.0])
        };
        let error = drawn(&config(&["return_mean"]), &[run(&[1.0]), other]).unwrap_err();
        assert!(
            error.is_usage() && error.to_string().contains("acrobot"),
            "{error}"
        );
    }
}

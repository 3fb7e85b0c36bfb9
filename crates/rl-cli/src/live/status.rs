//! State of a run as its live view shows it.

use std::collections::VecDeque;

use rl_core::Metrics;

use super::curve::{Curve, short};

/// Log lines that are kept.
const LINES: usize = 50;
/// Metrics that are counters, or shown as the mean return is.
const NOT_LISTED: [&str; 10] = [
    "update",
    "env_steps",
    "episodes",
    "wall_s",
    "return_mean",
    "return_min",
    "return_max",
    "length_mean",
    "truncated_share",
    "observation_scale",
];
/// Metrics that come first.
const FIRST: [&str; 5] = [
    "entropy",
    "kl",
    "approx_kl",
    "value_loss",
    "explained_variance",
];

/// Metric with its course.
#[derive(Clone, Debug)]
pub struct Course {
    pub name: String,
    /// The last number that was not NaN.
    pub last: f64,
    pub curve: Curve,
}

/// State of a run as its live view shows it.
#[derive(Clone, Debug, Default)]
pub struct Status {
    pub title: String,
    pub updates: u64,
    pub env_steps: u64,
    pub episodes: u64,
    /// Share of the budget, 0 to 1.
    pub done: f64,
    /// Environment steps per second.
    pub rate: f64,
    /// Seconds since it began, and until it ends.
    pub seconds: [f64; 2],
    pub mean_return: f64,
    pub returns: Curve,
    pub courses: Vec<Course>,
    pub log: VecDeque<String>,
}

impl Status {
    /// Adds a line to the log.
    pub fn log(&mut self, line: String) {
        if self.log.len() == LINES {
            self.log.pop_front();
        }
        self.log.push_back(line);
    }

    /// Takes up the metrics of an update.
    pub fn take(&mut self, metrics: &Metrics) {
        let steps = self.env_steps as f64;
        for (name, number) in metrics
            .iter()
            .filter(|(name, _)| !NOT_LISTED.contains(name))
        {
            let index = match self.courses.iter().position(|course| course.name == name) {
                Some(index) => index,
                None => {
                    let rank = |name: &str| FIRST.iter().position(|first| *first == name);
                    let rank = |name: &str| rank(name).unwrap_or(FIRST.len());
                    let before = |course: &Course| rank(&course.name) <= rank(name);
                    let index = self.courses.partition_point(before);
                    let course = Course {
                        name: name.to_owned(),
                        last: f64::NAN,
                        curve: Curve::default(),
                    };
                    self.courses.insert(index, course);
                    index
                }
            };
            if !number.is_nan() {
                self.courses[index].last = number;
                self.courses[index].curve.push(steps, number);
            }
        }
    }

    /// Updates, environment steps, their mean return, steps per second and time left, in one line.
    pub fn line(&self) -> String {
        let left = match self.seconds[1].is_finite() {
            true => format!("  {} left", time(self.seconds[1])),
            false => String::new(),
        };
        format!(
            "update {:>5}  steps {:>9}  return {:>7}  {}/s{left}",
            self.updates,
            self.env_steps,
            mean_return(self.mean_return),
            short(self.rate),
        )
    }
}

/// A mean return; a dash before the first episode.
pub fn mean_return(mean: f64) -> String {
    match mean.is_nan() {
        true => "-".into(),
        // Returns of 0 to 1 are shares of success.
        false if mean.abs() <= 1.0 && mean != 0.0 => format!("{mean:.3}"),
        false => format!("{mean:.1}"),
    }
}

/// Seconds as people read them: `59 s`, `12:34`, `1:02 h`.
pub fn time(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match whole {
        0..60 => format!("{whole} s"),
        60..3600 => format!("{}:{:02}", whole / 60, whole % 60),
        _ => format!("{}:{:02} h", whole / 3600, whole / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_listed_with_the_known_ones_first_and_no_counter() {
        let mut metrics = Metrics::default();
        for name in [
            "update",
            "policy_loss",
            "explained_variance",
            "entropy",
            "kl",
        ] {
            metrics.put(name, 0.5);
        }
        let mut status = Status::default();
        status.take(&metrics);
        metrics.put("kl", f64::NAN);
        status.take(&metrics);
        let names: Vec<_> = status.courses.iter().map(|course| &*course.name).collect();
        assert_eq!(
            names,
            ["entropy", "kl", "explained_variance", "policy_loss"]
        );
        assert_eq!(
            status.courses[1].last, 0.5,
            "one without a value keeps the last"
        );
    }

    #[test]
    fn the_line_fits_80_columns_beside_a_bar_and_has_no_nan() {
        let mut status = Status {
            updates: 999_999,
            env_steps: 9_999_999_999,
            mean_return: f64::NAN,
            rate: 9.99e6,
            seconds: [0.0, 359_999.4],
            ..Status::default()
        };
        let line = status.line();
        assert!(line.chars().count() + 9 < 80, "{line}");
        assert!(
            !line.contains("NaN") && line.contains("return       -"),
            "{line}"
        );
        status.seconds[1] = f64::INFINITY;
        assert!(!status.line().contains("inf"));
        let line = Status {
            updates: 1,
            env_steps: 4092,
            mean_return: -1200.25,
            rate: 606_446.0,
            seconds: [0.0, 83.0],
            ..Status::default()
        }
        .line();
        assert_eq!(
            line,
            "update     1  steps      4092  return -1200.2  606k/s  1:23 left"
        );
    }
}

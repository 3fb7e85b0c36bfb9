//! Facts about a run, as rules ask for them.

use rl_core::Space;
use rl_train::Registry;
use toml::Value;

use crate::runs::{MetricsTable, RunsError, StoredRun};

/// Rows from which on a course can be judged.
const LEAST_ROWS: usize = 10;

/// A run's configuration, metrics and summary.
pub struct Evidence<'a> {
    pub run: &'a StoredRun,
    metrics: MetricsTable,
    /// Mean return at which the environment counts as solved.
    solved: Option<f64>,
    /// Space of the actions, if the registry knows the environment.
    action: Option<Space>,
}

/// Mean of some numbers with its standard error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mean {
    pub mean: f64,
    pub error: f64,
}

impl Mean {
    /// The mean of two numbers or more.
    pub fn of(numbers: &[f64]) -> Option<Self> {
        let n = numbers.len() as f64;
        if n < 2.0 {
            return None;
        }
        let mean = numbers.iter().sum::<f64>() / n;
        let squares = numbers.iter().map(|x| (x - mean).powi(2)).sum::<f64>();
        Some(Self {
            mean,
            error: (squares / (n - 1.0) / n).sqrt(),
        })
    }

    /// Two standard errors of the difference to another mean.
    pub fn noise(self, other: Self) -> f64 {
        2.0 * self.error.hypot(other.error)
    }
}

impl<'a> Evidence<'a> {
    /// The facts about a run.
    ///
    /// # Errors
    /// [`RunsError`] for metrics that cannot be read.
    pub fn of(run: &'a StoredRun, registry: &Registry) -> Result<Self, RunsError> {
        let entry = registry.find_environment(run.env());
        let made = entry.as_ref().and_then(|entry| entry.source().make().ok());
        Ok(Self {
            metrics: run.metrics()?,
            solved: entry.and_then(|entry| entry.solved()),
            action: made.map(|environment| environment.spaces().action),
            run,
        })
    }

    /// Number of rows of the metrics.
    pub fn rows(&self) -> usize {
        self.metrics.rows()
    }

    /// Returns `true` if there are rows enough to judge a course.
    pub fn has_course(&self) -> bool {
        self.rows() >= LEAST_ROWS
    }

    /// The numbers of a metric, one per row, NaN where a row has none; none at all for a metric that the algorithm
    /// does not have.
    pub fn column(&self, metric: &str) -> &[f64] {
        self.metrics.column(metric).unwrap_or_default()
    }

    /// The finite numbers of a metric in the rows from a share of the run to another.
    pub fn part(&self, metric: &str, from: f64, to: f64) -> Vec<f64> {
        let row = |share: f64| (share * self.rows() as f64).round() as usize;
        let part = self.column(metric).get(row(from)..row(to));
        let part = part.unwrap_or_default().iter();
        part.copied().filter(|x| x.is_finite()).collect()
    }

    /// The finite numbers of a metric.
    pub fn all(&self, metric: &str) -> Vec<f64> {
        self.part(metric, 0.0, 1.0)
    }

    /// Number of the update that a row is of, or the last of those that it is of.
    pub fn update(&self, row: usize) -> f64 {
        self.column("update").get(row).copied().unwrap_or(f64::NAN)
    }

    /// Number that a key of the configuration has.
    pub fn number(&self, key: &str) -> Option<f64> {
        match self.run.config().get(key)? {
            Value::Integer(n) => Some(*n as f64),
            Value::Float(x) => Some(*x),
            _ => None,
        }
    }

    /// Returns `true` if a key of the configuration is `true`.
    pub fn flag(&self, key: &str) -> bool {
        self.run.config().get(key).and_then(Value::as_bool) == Some(true)
    }

    /// Returns `true` if the configuration has a key.
    pub fn has_key(&self, key: &str) -> bool {
        self.run.config().contains_key(key)
    }

    /// The option that sets a key to its value times a factor, if its value is a number.
    pub fn scaled(&self, key: &str, factor: f64) -> Option<String> {
        let value = self.number(key).filter(|x| x.is_finite() && *x != 0.0)?;
        Some(option(key, rounded(value * factor)))
    }

    /// Space of the actions, if it is known.
    pub fn action(&self) -> Option<&Space> {
        self.action.as_ref()
    }

    /// Returns `true` if the outcome is as good as it is wanted: the environment is solved by the evaluation, or by the
    /// last updates; where nobody says what solved is, it learned.
    pub fn is_good(&self) -> bool {
        let summary = self.run.summary();
        match self.solved {
            Some(solved) => {
                let late = Mean::of(&self.part("return_mean", 0.9, 1.0));
                let late = late.is_some_and(|late| late.mean >= solved);
                late || self.run.evaluation().is_some_and(|mean| mean >= solved)
            }
            None => summary.is_some_and(|summary| summary.learned == Some(true)),
        }
    }
}

/// An option of `rl train` that sets a key. A flag takes its value behind `=` alone.
pub fn option(key: &str, value: impl std::fmt::Display) -> String {
    let (name, value) = (key.replace('_', "-"), value.to_string());
    let is_flag = value.parse::<bool>().is_ok();
    format!("--{name}{}{value}", if is_flag { '=' } else { ' ' })
}

/// A number to one digit.
fn rounded(x: f64) -> f64 {
    let text = format!("{x:.0e}");
    text.parse().unwrap_or(x)
}

/// A number in a sentence: to three digits, whole from 100 on.
pub fn shown(x: f64) -> String {
    let size = x.abs();
    if size == 0.0 || !size.is_finite() {
        return x.to_string();
    }
    match size {
        _ if !(1e-4..1e7).contains(&size) => format!("{x:.1e}"),
        _ if size >= 100.0 => format!("{x:.0}"),
        _ => {
            let places = (2.0 - size.log10().floor()) as usize;
            let text = format!("{x:.places$}");
            match text.contains('.') {
                true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
                false => text,
            }
        }
    }
}

/// The median of some numbers; `None` of none.
pub fn median(numbers: &[f64]) -> Option<f64> {
    (!numbers.is_empty()).then(|| crate::statistics::median(numbers))
}

/// The share of numbers that a test holds for; `None` of none.
pub fn share(numbers: &[f64], holds: impl Fn(f64) -> bool) -> Option<f64> {
    let count = numbers.iter().filter(|x| holds(**x)).count();
    (!numbers.is_empty()).then(|| count as f64 / numbers.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::super::testing::with_evidence;
    use super::*;

    #[test]
    fn numbers_in_a_sentence_have_three_digits() {
        let texts = [0.0, 0.00123, -0.5, 12.34, 499.6, 1234.5, 2e-5, -3.21e8].map(shown);
        let expected = [
            "0", "0.00123", "-0.5", "12.3", "500", "1234", "2.0e-5", "-3.2e8",
        ];
        assert_eq!(texts, expected);
        assert_eq!(rounded(0.0123 * 0.1), 0.001);
    }

    #[test]
    fn parts_of_a_run_leave_out_rows_without_a_number() {
        let text = "update,entropy\n1,1\n2,\n3,3\n4,4\n5,5\n6,6\n7,7\n8,8\n9,9\n10,nan\n";
        with_evidence("", text, "null", |run| {
            assert!(run.has_course());
            assert_eq!(run.part("entropy", 0.0, 0.3), [1.0, 3.0]);
            assert_eq!(run.part("entropy", 0.8, 1.0), [9.0]);
            assert!(run.all("kl").is_empty());
            assert_eq!(run.update(9), 10.0);
            assert_eq!(
                run.scaled("learning_rate", 0.1).as_deref(),
                Some("--learning-rate 0.001")
            );
            assert_eq!(run.scaled("clip_range", 0.1), None);
        });
    }

    #[test]
    fn a_run_is_good_that_solves_its_environment() {
        let rows: String = (1..=20).map(|i| format!("{i},{}\n", 25 * i)).collect();
        let text = format!("update,return_mean\n{rows}");
        let short = "update,return_mean\n1,20\n";
        let summary = |score: f64| {
            format!(
                "{{\"episodes\": 100, \"return_mean\": {score}, \"return_std\": 1, \
                 \"return_min\": 0, \"return_max\": 500}}"
            )
        };
        for (text, evaluation, is_good) in [
            (text.as_str(), "null".to_owned(), true),
            (short, "null".to_owned(), false),
            (short, summary(476.0), true),
            (short, summary(474.0), false),
        ] {
            with_evidence("", text, &evaluation, |run| {
                assert_eq!(run.is_good(), is_good);
            });
        }
    }
}

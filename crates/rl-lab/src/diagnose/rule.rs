//! Rules and findings.

use serde::Serialize;

use super::evidence::Evidence;

/// Page that explains the findings, a heading for each rule.
const PAGE: &str = "docs/diagnose.md";

/// Rule: a number of a run that is compared with a threshold.
pub struct Rule {
    /// Name, by which a finding is known and explained.
    pub name: &'static str,
    /// The number that is compared.
    pub quantity: &'static str,
    /// Threshold of that number.
    pub threshold: f64,
    /// Origin of the threshold.
    pub source: &'static str,
    /// The look at a run with the threshold.
    pub(super) find: fn(&Evidence<'_>, f64) -> Option<Sign>,
}

/// Sign that a rule sees in a run.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sign {
    /// The number that was compared.
    pub measured: f64,
    /// A sentence or two with the numbers.
    pub message: String,
    /// Options or commands to try.
    pub tries: Vec<String>,
}

/// Something that is wrong with a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// Name of the rule.
    pub rule: &'static str,
    /// Sentence or two that say what is wrong, with the numbers.
    pub message: String,
    /// Number that was compared with the threshold.
    pub measured: f64,
    /// The threshold.
    pub threshold: f64,
    /// Options or commands to try, as in `--learning-rate 0.001`.
    pub tries: Vec<String>,
    /// Place in the documentation that explains it.
    pub page: String,
}

impl Rule {
    /// The finding in a run, if there is one.
    pub(super) fn look(&self, run: &Evidence<'_>) -> Option<Finding> {
        let sign = (self.find)(run, self.threshold)?;
        Some(Finding {
            rule: self.name,
            message: sign.message,
            measured: sign.measured,
            threshold: self.threshold,
            tries: sign.tries,
            page: format!("{PAGE}#{}", self.name),
        })
    }
}

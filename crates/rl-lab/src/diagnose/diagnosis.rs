//! All rules, and what they find in a run.

use rl_train::Registry;
use serde::Serialize;

use super::evidence::Evidence;
use super::rule::{Finding, Rule};
use super::{episodes, gradient, policy, returns, schedule, value};
use crate::runs::{RunState, RunsError, StoredRun};

/// Every rule, in the order of their findings.
pub const RULES: [Rule; 14] = [
    returns::DID_NOT_LEARN,
    episodes::ALWAYS_AT_THE_TIME_LIMIT,
    gradient::OBSERVATIONS_NOT_NORMALIZED,
    policy::ENTROPY_COLLAPSED,
    policy::STEPS_TOO_LARGE,
    policy::CLIPPED_TOO_OFTEN,
    value::VALUES_EXPLAIN_NOTHING,
    value::VALUE_LOSS_GROWS,
    gradient::GRADIENT_ALWAYS_CLIPPED,
    gradient::NO_GRADIENT,
    schedule::LEARNING_RATE_ZERO,
    returns::RETURNS_FELL,
    returns::STILL_RISING,
    returns::LIKELIEST_ACTIONS_WORSE,
];

/// Findings in a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Diagnosis {
    /// State of the run.
    pub state: RunState,
    /// Updates that it was judged by.
    pub updates: u64,
    /// Findings in the order of [`RULES`]; none of a run in which these see nothing wrong.
    pub findings: Vec<Finding>,
}

impl Diagnosis {
    /// The diagnosis of a run. Environments that the registry does not know have no threshold at which they are
    /// solved, and their entropy is not judged.
    ///
    /// # Errors
    /// [`RunsError`] for metrics that cannot be read.
    pub fn of(run: &StoredRun, registry: &Registry) -> Result<Self, RunsError> {
        let evidence = Evidence::of(run, registry)?;
        Ok(Self {
            state: run.state(),
            updates: run.updates(),
            findings: RULES
                .iter()
                .filter_map(|rule| rule.look(&evidence))
                .collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_page_has_each_rule_with_its_threshold_and_its_source() {
        let page = include_str!("../../../../docs/diagnose.md");
        let table: Vec<&str> = page
            .lines()
            .filter(|line| line.starts_with("| [`"))
            .collect();
        assert_eq!(table.len(), RULES.len());
        for rule in &RULES {
            let row = format!(
                "| [`{0}`](#{0}) | {1} | {2} | {3} |",
                rule.name, rule.quantity, rule.threshold, rule.source
            );
            assert!(page.contains(&row), "the page lacks\n{row}");
            assert!(
                page.contains(&format!("\n## {}\n", rule.name)),
                "{}",
                rule.name
            );
        }
        let names: HashSet<&str> = RULES.iter().map(|rule| rule.name).collect();
        assert_eq!(names.len(), RULES.len());
    }
}

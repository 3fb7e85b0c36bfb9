//! Runs for the tests of rules.

use std::fs;

use rl_train::Registry;

use super::evidence::Evidence;
use super::rule::{Finding, Rule};
use crate::runs::StoredRun;

/// Shows the evidence of a finished run of CartPole by PPO, with lines on top of its configuration, the text of its
/// metrics, and JSON for its evaluation.
pub fn with_evidence<T>(
    config: &str,
    metrics: &str,
    evaluation: &str,
    show: impl FnOnce(&Evidence<'_>) -> T,
) -> T {
    let place = tempfile::tempdir().unwrap();
    let path = |name: &str| place.path().join(name);
    let base = "env = 'cartpole'\nalgo = 'ppo'\nseed = 0\nlearning_rate = 0.01\nmax_grad_norm = 0.5\n\
                normalize_observations = false\nentropy_coefficient = 0.0";
    let mut table: toml::Table = base.parse().unwrap();
    table.extend(config.parse::<toml::Table>().unwrap());
    fs::write(path("config.toml"), table.to_string()).unwrap();
    fs::write(path("metrics.csv"), metrics).unwrap();
    let updates = metrics.lines().count() - 1;
    let summary = format!(
        "{{\"outcome\": \"finished\", \"updates\": {updates}, \"env_steps\": 1000, \
         \"episodes\": 10, \"wall_s\": 1.0, \"final_return_mean\": 20.0, \
         \"best_return_mean\": 30.0, \"initial_return_mean\": 20.0, \"learned\": false, \
         \"evaluation\": {evaluation}}}"
    );
    fs::write(path("summary.json"), summary).unwrap();
    let run = StoredRun::read(place.path()).unwrap();
    show(&Evidence::of(&run, &Registry::default()).unwrap())
}

/// Name of a metric, and its value at each update.
pub type Column<'a> = (&'a str, fn(usize) -> f64);

/// The finding of a rule where columns have the numbers of a function of the row, of 40.
pub fn found(rule: &Rule, config: &str, columns: &[Column<'_>]) -> Option<Finding> {
    let names: Vec<&str> = columns.iter().map(|column| column.0).collect();
    let mut text = format!("update,{}\n", names.join(","));
    for row in 0..40 {
        let numbers: Vec<String> = columns
            .iter()
            .map(|column| column.1(row).to_string())
            .collect();
        text += &format!("{},{}\n", row + 1, numbers.join(","));
    }
    with_evidence(config, &text, "null", |run| rule.look(run))
}

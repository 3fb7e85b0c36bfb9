//! Rules about schedules.

use super::evidence::{option, share};
use super::rule::{Rule, Sign};

/// Step sizes below this share of the largest count as none.
const NONE: f64 = 0.01;

/// Learning rate that was annealed to nothing before the end.
pub const LEARNING_RATE_ZERO: Rule = Rule {
    name: "learning-rate-zero",
    quantity: "share of updates with a `learning_rate` below 1 % of the largest",
    threshold: 0.1,
    source: "a learning rate that falls to 0 at the end of the run has 1 %",
    find: |run, threshold| {
        let rates = run.all("learning_rate");
        let most = rates.iter().copied().fold(0.0, f64::max);
        let measured = share(&rates, |rate| rate < NONE * most)?;
        if measured <= threshold {
            return None;
        }
        let first = run
            .column("learning_rate")
            .iter()
            .position(|rate| *rate < NONE * most)?;
        let because = match run.run.word("horizon") {
            "" => String::new(),
            horizon => format!(
                " The schedule ends after {horizon}: a run that was resumed beyond its budget keeps it."
            ),
        };
        Some(Sign {
            measured,
            message: format!(
                "The learning rate is 0, or next to it, from update {} on: the last {:.0} % of the updates \
                 learned nothing.{because}",
                run.update(first),
                100.0 * measured
            ),
            tries: vec![
                option("anneal_learning_rate", false),
                "--init-from DIR/policy.safetensors in a new run".to_owned(),
            ],
        })
    },
};

#[cfg(test)]
mod tests {
    use super::super::testing::found;
    use super::*;

    #[test]
    fn a_rate_that_falls_to_zero_at_the_end_is_as_it_should_be() {
        let at_the_end: fn(usize) -> f64 = |row| 0.01 * (1.0 - row as f64 / 40.0);
        assert_eq!(
            found(&LEARNING_RATE_ZERO, "", &[("learning_rate", at_the_end)]),
            None
        );
        let early: fn(usize) -> f64 = |row| (0.01 * (1.0 - row as f64 / 20.0)).max(0.0);
        let config = "horizon = '20 updates'";
        let finding = found(&LEARNING_RATE_ZERO, config, &[("learning_rate", early)]).unwrap();
        assert!(
            finding.message.contains("from update 21 on: the last 50 %"),
            "{finding:?}"
        );
        assert!(
            finding.message.contains("ends after 20 updates"),
            "{finding:?}"
        );
    }
}

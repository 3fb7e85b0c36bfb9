//! Rules about the ends of episodes.

use super::evidence::{option, share};
use super::rule::{Rule, Sign};

/// Episodes that only the time limit ends.
pub const ALWAYS_AT_THE_TIME_LIMIT: Rule = Rule {
    name: "always-at-the-time-limit",
    quantity: "share of updates with ends of episodes in which `truncated_share` is 1",
    threshold: 0.99,
    source: "one update in a hundred with another end is a sign to learn from",
    find: |run, threshold| {
        let measured = share(&run.all("truncated_share"), |share| share == 1.0)?;
        (measured >= threshold && !run.is_good()).then(|| Sign {
            measured,
            message: format!(
                "{} every episode ended at the time limit, none by itself: a goal, if there is one, was never \
                 reached, and its reward never seen.",
                match measured {
                    1.0 => "In all updates".to_owned(),
                    share => format!("In {:.0} % of the updates", 100.0 * share),
                }
            ),
            tries: vec![option("entropy_coefficient", 0.01), option("gamma", 0.999)],
        })
    },
};

#[cfg(test)]
mod tests {
    use super::super::testing::{found, with_evidence};
    use super::*;

    #[test]
    fn updates_without_an_end_count_neither_way() {
        let always: fn(usize) -> f64 = |row| if row % 2 == 0 { 1.0 } else { f64::NAN };
        assert!(
            found(
                &ALWAYS_AT_THE_TIME_LIMIT,
                "",
                &[("truncated_share", always)]
            )
            .is_some()
        );
        let once: fn(usize) -> f64 = |row| if row == 7 { 0.9 } else { 1.0 };
        assert_eq!(
            found(&ALWAYS_AT_THE_TIME_LIMIT, "", &[("truncated_share", once)]),
            None
        );
    }

    #[test]
    fn a_task_that_is_solved_may_last_as_long_as_it_can() {
        let rows: String = (1..=20).map(|i| format!("{i},1,500\n")).collect();
        let metrics = format!("update,truncated_share,return_mean\n{rows}");
        let seen = |metrics: &str| {
            with_evidence("", metrics, "null", |run| {
                ALWAYS_AT_THE_TIME_LIMIT.look(run)
            })
        };
        assert_eq!(seen(&metrics), None);
    }
}

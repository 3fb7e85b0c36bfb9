//! Rules about the value function.

use super::evidence::{Evidence, Mean, median, option, shown};
use super::rule::{Rule, Sign};

/// Value function that predicts worse than a constant.
pub const VALUES_EXPLAIN_NOTHING: Rule = Rule {
    name: "values-explain-nothing",
    quantity: "median of `explained_variance` in the second half",
    threshold: 0.0,
    source: "0 is the explained variance of a constant",
    find: |run, threshold| {
        if !run.has_course() || run.is_good() {
            return None;
        }
        let measured = median(&run.part("explained_variance", 0.5, 1.0))?;
        (measured < threshold).then(|| Sign {
            measured,
            message: format!(
                "The explained variance is {} in the second half (median): the value function predicts \
                 returns worse than a constant does.",
                shown(measured)
            ),
            tries: better_values(run),
        })
    },
};

/// Error of the value function that grows while the returns do not.
pub const VALUE_LOSS_GROWS: Rule = Rule {
    name: "value-loss-grows",
    quantity: "mean `value_loss` of the last quarter as a multiple of the second quarter's",
    threshold: 4.0,
    source: "measured: 1.6 at most in presets whose returns no longer rise",
    find: |run, threshold| {
        if !run.has_course() || run.is_good() {
            return None;
        }
        let loss = |from, to| Mean::of(&run.part("value_loss", from, to));
        let (early, late) = (loss(0.25, 0.5)?, loss(0.75, 1.0)?);
        let measured = late.mean / early.mean;
        // Larger returns have larger errors.
        let returns = |from, to| Mean::of(&run.part("return_mean", from, to));
        let rise = returns(0.25, 0.5).zip(returns(0.75, 1.0));
        let is_risen = rise.is_some_and(|(early, late)| late.mean - early.mean > late.noise(early));
        (measured > threshold && !is_risen).then(|| Sign {
            measured,
            message: format!(
                "The value loss grew from {} in the second quarter to {} in the last, while the returns did \
                 not rise: the value function diverges.",
                shown(early.mean),
                shown(late.mean)
            ),
            tries: better_values(run),
        })
    },
};

/// Options for the value function.
fn better_values(run: &Evidence<'_>) -> Vec<String> {
    let key = match run.has_key("value_learning_rate") {
        true => "value_learning_rate",
        false => "learning_rate",
    };
    let mut tries: Vec<String> = run.scaled(key, 0.3).into_iter().collect();
    if run.flag("shared_layers") {
        tries.push(option("shared_layers", false));
    }
    if run.has_key("normalize_rewards") && !run.flag("normalize_rewards") {
        tries.push(option("normalize_rewards", true));
    }
    tries
}

#[cfg(test)]
mod tests {
    use super::super::testing::found;
    use super::*;

    #[test]
    fn values_are_judged_by_the_second_half() {
        let late: fn(usize) -> f64 = |row| if row < 20 { -3.0 } else { 0.2 };
        assert_eq!(
            found(&VALUES_EXPLAIN_NOTHING, "", &[("explained_variance", late)]),
            None
        );
        let never: fn(usize) -> f64 = |row| if row < 20 { 0.5 } else { -0.25 };
        let config = "value_learning_rate = 0.1\nnormalize_rewards = false";
        let finding = found(
            &VALUES_EXPLAIN_NOTHING,
            config,
            &[("explained_variance", never)],
        );
        let finding = finding.unwrap();
        assert!(finding.message.contains("-0.25"), "{finding:?}");
        assert_eq!(
            finding.tries,
            ["--value-learning-rate 0.03", "--normalize-rewards=true"]
        );
    }

    #[test]
    fn a_growing_loss_is_no_fault_of_growing_returns() {
        let grows: fn(usize) -> f64 = |row| 1.2_f64.powi(row as i32);
        let rises: fn(usize) -> f64 = |row| row as f64;
        let stays: fn(usize) -> f64 = |row| (row % 2) as f64;
        assert!(found(&VALUE_LOSS_GROWS, "", &[("value_loss", grows)]).is_some());
        let with = |returns| {
            found(
                &VALUE_LOSS_GROWS,
                "",
                &[("value_loss", grows), ("return_mean", returns)],
            )
        };
        assert_eq!(with(rises), None);
        assert!(with(stays).is_some());
        assert_eq!(found(&VALUE_LOSS_GROWS, "", &[("value_loss", stays)]), None);
    }
}

//! Rules about returns: of training, and of the evaluation.

use super::evidence::{Evidence, Mean, option, shown};
use super::rule::{Rule, Sign};
use crate::runs::EvaluationSummary;

/// Policy that is no better than the one that the run began with.
pub const DID_NOT_LEARN: Rule = Rule {
    name: "did-not-learn",
    quantity: "gain of drawn actions over the initial policy, in standard errors of the difference",
    threshold: 2.0,
    source: "two standard errors, which chance passes one time in 44",
    find: |run, _| {
        let summary = run.run.summary()?;
        // A policy to start from may be as good as any, and so may the initial one.
        if summary.learned? || summary.init_from.is_some() || run.is_good() {
            return None;
        }
        let (drawn, initial) = (
            summary.evaluation_stochastic.as_ref()?,
            summary.initial_return_mean?,
        );
        let gain = drawn.return_mean - initial;
        let error = drawn.return_std / (drawn.episodes as f64).sqrt();
        Some(Sign {
            measured: if error > 0.0 { gain / error } else { 0.0 },
            message: format!(
                "Drawn actions of the final policy return {}, those of the initial one {}: it did not learn.",
                shown(drawn.return_mean),
                shown(initial)
            ),
            tries: [
                run.scaled("learning_rate", 3.0),
                run.scaled("learning_rate", 0.3),
            ]
            .into_iter()
            .flatten()
            .chain(["rl train --preset NAME for settings that learn".to_owned()])
            .collect(),
        })
    },
};

/// Returns that would go on rising.
pub const STILL_RISING: Rule = Rule {
    name: "still-rising",
    quantity: "rise of the last fifth over the fifth before, as a share of the whole rise",
    threshold: 0.1,
    source: "at this rate, as much again within ten fifths",
    find: |run, threshold| {
        if !run.has_course() || run.is_good() {
            return None;
        }
        let returns = |from, to| Mean::of(&run.part("return_mean", from, to));
        let (first, before, last) = (returns(0.0, 0.2)?, returns(0.6, 0.8)?, returns(0.8, 1.0)?);
        let rise = last.mean - before.mean;
        let measured = rise / (last.mean - first.mean);
        (rise > last.noise(before) && measured > threshold).then(|| Sign {
            measured,
            message: format!(
                "The returns still rise at the end: {} in the last fifth, {} in the one before, {} in the \
                 first.",
                shown(last.mean),
                shown(before.mean),
                shown(first.mean)
            ),
            tries: longer(run),
        })
    },
};

/// Twice the budget.
fn longer(run: &Evidence<'_>) -> Vec<String> {
    let budgets = ["steps", "updates", "episodes"];
    let twice = |key: &&str| Some(option(key, 2.0 * run.number(key)?));
    budgets.iter().find_map(twice).into_iter().collect()
}

/// Returns that were better before.
pub const RETURNS_FELL: Rule = Rule {
    name: "returns-fell",
    quantity: "fall from the best tenth to the last, as a share of the rise to the best",
    threshold: 0.5,
    source: "half of what was learned",
    find: |run, threshold| {
        if !run.has_course() || run.is_good() {
            return None;
        }
        let tenth = |i: usize| {
            let from = 0.1 * i as f64;
            Mean::of(&run.part("return_mean", from, from + 0.1))
        };
        let (first, last) = (tenth(0)?, tenth(9)?);
        let (i, best) = (0..10)
            .filter_map(|i| Some((i, tenth(i)?)))
            .max_by(|(_, a), (_, b)| a.mean.total_cmp(&b.mean))?;
        let (fall, rise) = (best.mean - last.mean, best.mean - first.mean);
        let measured = fall / rise;
        let is_noise = fall <= last.noise(best) || rise <= 2.0 * best.noise(first);
        (measured > threshold && !is_noise).then(|| {
            let middle = (run.rows() * (2 * i + 1) / 20).min(run.rows() - 1);
            Sign {
                measured,
                message: format!(
                    "The mean return fell from {} around update {} to {}: most of what was learned is lost.",
                    shown(best.mean),
                    run.update(middle),
                    shown(last.mean)
                ),
                tries: [
                    run.scaled("learning_rate", 0.3),
                    Some(option("anneal_learning_rate", true)),
                    Some(option("eval_every", 10)),
                ]
                .into_iter()
                .flatten()
                .collect(),
            }
        })
    },
};

/// Likeliest actions that are far worse than what training sees.
pub const LIKELIEST_ACTIONS_WORSE: Rule = Rule {
    name: "likeliest-actions-worse",
    quantity: "loss of the likeliest actions against drawn ones, as a share of what was learned",
    threshold: 0.2,
    source: "a fifth of what was learned, and two standard errors",
    find: |run, threshold| {
        let summary = run.run.summary()?;
        let likeliest = summary.evaluation.as_ref()?;
        let drawn = summary.evaluation_stochastic.as_ref()?;
        let loss = drawn.return_mean - likeliest.return_mean;
        let error = |e: &EvaluationSummary| e.return_std / (e.episodes as f64).sqrt();
        let noise = 2.0 * error(likeliest).hypot(error(drawn));
        let measured = loss / (drawn.return_mean - summary.initial_return_mean?).abs();
        (loss > noise && measured > threshold).then(|| Sign {
            measured,
            message: format!(
                "The evaluation is far from the training: the likeliest actions return {}, drawn ones {}. \
                 The policy relies on chance.",
                shown(likeliest.return_mean),
                shown(drawn.return_mean)
            ),
            tries: longer(run)
                .into_iter()
                .chain(["rl eval DIR --stochastic, and act so".to_owned()])
                .collect(),
        })
    },
};

#[cfg(test)]
mod tests {
    use super::super::testing::found;
    use super::*;

    /// Returns with noise of ±1.
    fn noise(row: usize) -> f64 {
        (row % 2) as f64 * 2.0 - 1.0
    }

    #[test]
    fn returns_that_rise_to_the_end_are_told_from_those_that_have_risen() {
        let rises: fn(usize) -> f64 = |row| 5.0 * row as f64 + noise(row);
        let finding = found(&STILL_RISING, "steps = 1000", &[("return_mean", rises)]).unwrap();
        assert!(
            finding
                .message
                .contains("178 in the last fifth, 138 in the one before"),
            "{finding:?}"
        );
        assert_eq!(finding.tries, ["--steps 2000"]);
        let has_risen: fn(usize) -> f64 = |row| (10.0 * row as f64).min(200.0) + noise(row);
        let never: fn(usize) -> f64 = noise;
        for returns in [has_risen, never] {
            assert_eq!(found(&STILL_RISING, "", &[("return_mean", returns)]), None);
        }
    }

    #[test]
    fn returns_that_fell_are_told_from_those_that_rise() {
        let fell: fn(usize) -> f64 = |row| {
            let best = 200.0 - 10.0 * (row as f64 - 20.0).abs();
            best + noise(row)
        };
        let finding = found(&RETURNS_FELL, "", &[("return_mean", fell)]).unwrap();
        assert!(finding.message.contains("around update 2"), "{finding:?}");
        let rises: fn(usize) -> f64 = |row| row as f64 + noise(row);
        let little: fn(usize) -> f64 = |row| (row as f64).min(60.0 - row as f64) + noise(row);
        for returns in [rises, little] {
            assert_eq!(found(&RETURNS_FELL, "", &[("return_mean", returns)]), None);
        }
    }
}

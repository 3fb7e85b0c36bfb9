//! Knees of a curve: the sizes at which the rate begins to fall, or stops to rise.

use super::{ScalingAxis, ScalingPoint};
use crate::table::thousands;

/// Share of the best rate from which on a point is on the plateau.
pub const PLATEAU: f64 = 0.8;

/// The values between which the rate is that near to the best: its ends are the knees.
fn plateau(points: &[&ScalingPoint]) -> Option<(usize, usize)> {
    let rate = |point: &&&ScalingPoint| point.steps_per_s;
    let best = points.iter().max_by(|a, b| rate(a).total_cmp(&rate(b)))?;
    let near = |point: &&&ScalingPoint| point.steps_per_s >= PLATEAU * best.steps_per_s;
    let at = points.iter().position(|point| point.value == best.value)?;
    let (before, after) = points.split_at(at);
    let first = before.iter().rev().take_while(near).last().unwrap_or(best);
    let last = after.iter().take_while(near).last().unwrap_or(best);
    Some((first.value, last.value))
}

/// The value from which on the rate falls faster than the size grows.
fn bend(points: &[&ScalingPoint]) -> Option<usize> {
    let cost = |point: &ScalingPoint| 1.0 / (point.steps_per_s * point.value as f64);
    let rises = |pair: &&[&ScalingPoint]| matches!(pair, [one, next] if cost(next) > cost(one));
    points
        .windows(2)
        .find(rises)?
        .first()
        .map(|point| point.value)
}

/// The ends of the plateau inside the curve; where it falls from the start, its bend.
pub fn knees(points: &[&ScalingPoint]) -> Vec<usize> {
    let [least, most] = [points.first(), points.last()].map(|end| end.map_or(0, |end| end.value));
    match plateau(points) {
        Some((_, last)) if last == least && last != most => bend(points).into_iter().collect(),
        Some((first, last)) if first != last => {
            let inside = |value: &usize| *value != least && *value != most;
            [first, last].into_iter().filter(inside).collect()
        }
        Some((only, _)) if least != most => vec![only],
        _ => Vec::new(),
    }
}

/// The knees, the share of acting and the cause, in sentences.
pub fn description(axis: ScalingAxis, points: &[&ScalingPoint]) -> String {
    let (Some(least), Some(most)) = (points.first(), points.last()) else {
        return String::new();
    };
    let number = |value: usize| thousands(value as f64);
    let single = least.value == most.value;
    let falls = !single && plateau(points).is_some_and(|(_, last)| last == least.value);
    let ends = match knees(points).as_slice() {
        [] if falls => "The rate falls from the start, without a knee.".to_owned(),
        [] => format!(
            "No knee: the rate is at least {} % of the best everywhere.",
            100.0 * PLATEAU
        ),
        [one] if falls => format!(
            "The knee is at {}: from there on the rate falls faster than the size grows.",
            number(*one)
        ),
        [one] => format!("The knee is at {}.", number(*one)),
        several => {
            let several: Vec<_> = several.iter().map(|value| number(*value)).collect();
            format!("The knees are at {}.", several.join(" and "))
        }
    };
    let acting =
        |point: &ScalingPoint| 100.0 * point.acting_ns / (point.acting_ns + point.learning_ns);
    format!(
        "{ends}\nActing is {:.0} % of a step's time at {}, {:.0} % at {}.\n{}\n",
        acting(least),
        number(least.value),
        acting(most),
        number(most.value),
        axis.cause()
    )
}

#[cfg(test)]
mod tests {
    use super::super::point::testing::points;
    use super::*;

    #[test]
    fn the_plateau_is_around_the_best_and_its_ends_inside_are_knees() {
        let plateau_of = |rates: &[f64]| {
            let points = points(rates);
            let points: Vec<_> = points.iter().collect();
            let text = description(ScalingAxis::Width, &points);
            (plateau(&points).unwrap(), text)
        };
        let (ends, text) = plateau_of(&[1e3, 9e4, 1e5, 8e4, 7e4, 9e4]);
        assert_eq!(ends, (32, 128));
        assert!(text.starts_with("The knees are at 32 and 128."), "{text}");
        let (ends, text) = plateau_of(&[1e5, 9e4, 1e4]);
        assert_eq!(ends, (16, 32));
        assert!(text.starts_with("The knee is at 32."), "{text}");
        assert!(
            text.contains("Acting is 33 % of a step's time at 16"),
            "{text}"
        );
        assert!(plateau_of(&[9e4, 1e5]).1.contains("everywhere"));
        // Doubled, the width first costs less than double, then more.
        let (ends, text) = plateau_of(&[1e5, 7e4, 2e4]);
        assert_eq!(ends, (16, 16));
        assert!(
            text.starts_with("The knee is at 32: from there on"),
            "{text}"
        );
        assert!(plateau_of(&[1e5, 7e4]).1.contains("without a knee"));
    }
}

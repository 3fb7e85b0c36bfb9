//! Importance of a key for the objective.

/// Bins of a key's values.
const BINS: usize = 4;

/// Share of the variance of the objectives' ranks that a key explains by itself: the correlation ratio of its values in
/// four bins of as many trials each (choices are bins by themselves), less what chance would give (ε², Kelley 1935, "An
/// unbiased correlation ratio measure"). From 0 to 1; 0 for fewer than two bins.
///
/// Ranks keep a few disasters from outweighing all else; a trial that failed has the lowest. Values that a sampler has
/// chosen are not independent of each other: it says what went along, not what caused it.
pub fn importance(places: &[(f64, f64)], is_choice: bool) -> f64 {
    let n = places.len();
    let mut sorted = places.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut bins: Vec<Vec<f64>> = Vec::new();
    let mut last = f64::NAN;
    let mut bin = usize::MAX;
    for (i, (place, objective)) in sorted.iter().enumerate() {
        let next = match is_choice {
            true => *place as usize,
            false => i * BINS / n,
        };
        // Equal values are in one bin.
        if next != bin && *place != last {
            bins.push(Vec::new());
            bin = next;
        }
        last = *place;
        let below = places.iter().filter(|(_, other)| other < objective).count();
        let equal = places
            .iter()
            .filter(|(_, other)| other == objective)
            .count();
        if let Some(ranks) = bins.last_mut() {
            ranks.push(below as f64 + 0.5 * equal as f64);
        }
    }
    let k = bins.len();
    if k < 2 || n <= k {
        return 0.0;
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let squares = |values: &[f64], center: f64| -> f64 {
        values.iter().map(|value| (value - center).powi(2)).sum()
    };
    let all: Vec<f64> = bins.concat();
    let total = squares(&all, mean(&all));
    let within: f64 = bins.iter().map(|bin| squares(bin, mean(bin))).sum();
    if total == 0.0 {
        return 0.0;
    }
    let share = 1.0 - (within / (n - k) as f64) / (total / (n - 1) as f64);
    share.max(0.0)
}

#[cfg(test)]
mod tests {
    use rl_core::Stream;

    use super::*;

    #[test]
    fn what_decides_has_a_share_of_nearly_one_and_what_does_not_of_nearly_none() {
        let mut stream = Stream::from_seed(0);
        let at: Vec<f64> = (0..100).map(|_| stream.next_f64()).collect();
        let of = |objective: &mut dyn FnMut(f64) -> f64| {
            let pairs: Vec<_> = at.iter().map(|&x| (x, objective(x))).collect();
            importance(&pairs, false)
        };
        assert!(of(&mut |x| x) > 0.9);
        // The best in the middle, which a correlation would not see.
        assert!(of(&mut |x| -(x - 0.5).powi(2)) > 0.6);
        assert!(of(&mut |_| stream.next_f64()) < 0.15);
        assert_eq!(of(&mut |_| 1.0), 0.0);
        let choice = |x: f64| f64::from(u8::from(x > 0.5));
        let pairs: Vec<_> = at.iter().map(|&x| (choice(x), choice(x))).collect();
        assert_eq!(importance(&pairs, true), 1.0);
        assert_eq!(importance(&[], false), 0.0);
        let failed = [
            (0.1, f64::NEG_INFINITY),
            (0.2, f64::NEG_INFINITY),
            (0.9, 1.0),
        ];
        assert_eq!(importance(&failed, false), 0.0, "fewer trials than bins");
    }
}

//! When a run reaches a threshold.

use crate::runs::{MetricsTable, RunsError};

/// Episodes whose mean return is compared with a threshold.
pub const EPISODES: f64 = 100.0;

/// Environment steps and seconds after which the mean return of the last 100 episodes, or of an update's if
/// there are more of them, is first at a threshold; `None` if it never is.
///
/// # Errors
/// [`RunsError::NoMetric`].
pub fn reach(metrics: &MetricsTable, threshold: f64) -> Result<Option<[f64; 2]>, RunsError> {
    let column = |name| metrics.column(name);
    let (returns, episodes) = (column("return_mean")?, column("episodes")?);
    let (steps, wall) = (column("env_steps")?, column("wall_s")?);
    // Episodes and returns in sum of the rows that count, the oldest of which is `first`.
    let (mut first, mut count, mut sum) = (0, 0.0, 0.0);
    let of_row = |i: usize| {
        let before = if i == 0 { 0.0 } else { episodes[i - 1] };
        match returns[i].is_finite() {
            true => (episodes[i] - before, (episodes[i] - before) * returns[i]),
            false => (0.0, 0.0),
        }
    };
    for i in 0..metrics.rows() {
        let (more, total) = of_row(i);
        (count, sum) = (count + more, sum + total);
        while first < i && count - of_row(first).0 >= EPISODES {
            let (fewer, total) = of_row(first);
            (count, sum, first) = (count - fewer, sum - total, first + 1);
        }
        if more > 0.0
            && count >= EPISODES.min(episodes[metrics.rows() - 1])
            && sum / count >= threshold
        {
            return Ok(Some([steps[i], wall[i]]));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn metrics(rows: &[(u32, Option<f64>)]) -> MetricsTable {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("metrics.csv");
        let mut text = "env_steps,episodes,return_mean,wall_s\n".to_owned();
        let mut episodes = 0;
        for (i, (more, value)) in (1..).zip(rows) {
            episodes += more;
            let value = value.map_or(String::new(), |value| value.to_string());
            text += &format!("{},{episodes},{value},{}\n", 100 * i, f64::from(i) / 10.0);
        }
        fs::write(&path, text).unwrap();
        MetricsTable::read(&path).unwrap()
    }

    #[test]
    fn the_mean_of_the_last_hundred_episodes_counts() {
        let rows = [
            (50, Some(0.0)),
            (0, None),
            (50, Some(10.0)),
            (60, Some(20.0)),
            (40, Some(20.0)),
        ];
        // 5 of the first 100 episodes; then 10 and 20 of the last 110, (500 + 1200) / 110 = 15.5; then 20.
        for (threshold, at) in [
            (5.0, Some([300.0, 0.3])),
            (15.0, Some([400.0, 0.4])),
            (16.0, Some([500.0, 0.5])),
            (21.0, None),
        ] {
            assert_eq!(
                reach(&metrics(&rows), threshold).unwrap(),
                at,
                "{threshold}"
            );
        }
    }

    #[test]
    fn few_episodes_at_the_start_are_not_enough() {
        let rows = [(10, Some(50.0)), (90, Some(0.0)), (100, Some(50.0))];
        assert_eq!(
            reach(&metrics(&rows), 50.0).unwrap(),
            Some([300.0, 300.0 / 1000.0])
        );
        assert_eq!(reach(&metrics(&[]), 1.0).unwrap(), None);
    }
}

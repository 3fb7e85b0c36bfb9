//! Durations as they are written: `30s`, `10m`, `1.5h`.

use std::time::Duration;

/// The time that a text is, a number from 0 with its unit: seconds, minutes or hours.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let seconds = [('s', 1.0), ('m', 60.0), ('h', 3600.0)];
    let (number, unit) = seconds
        .into_iter()
        .find_map(|(letter, unit)| Some((text.strip_suffix(letter)?, unit)))?;
    let number: f64 = number.trim().parse().ok()?;
    Duration::try_from_secs_f64(number * unit).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_unit_and_are_not_negative() {
        for (text, seconds) in [
            ("30s", 30.0),
            ("10m", 600.0),
            ("1.5 h", 5400.0),
            ("0s", 0.0),
        ] {
            assert_eq!(
                duration(text),
                Some(Duration::from_secs_f64(seconds)),
                "{text}"
            );
        }
        for wrong in ["", "10", "-1s", "s", "nans", "infs", "1e300h", "5d"] {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
    }
}

//! Origin of a result: program, machine and time.

use std::time::SystemTime;

/// Program that makes a run, for its summary: a binary knows its commit and its command line, a library does not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Program {
    /// Commit that it was built from, with `-dirty` for files that differ from it; `None` outside of git.
    pub commit: Option<&'static str>,
    /// Version of the compiler.
    pub compiler: Option<&'static str>,
    /// Words that it was called with.
    pub command_line: Vec<String>,
}

/// The processor's name, or its architecture where the system does not tell.
pub fn cpu() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let mut fields = text.lines().filter_map(|line| line.split_once(':'));
    let name = fields.find(|(key, _)| key.trim() == "model name");
    name.map_or(std::env::consts::ARCH, |(_, name)| name.trim())
        .to_owned()
}

/// A time as `2026-01-31T23:59:59Z`, in UTC.
pub(crate) fn utc(time: SystemTime) -> String {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    let seconds = since.map_or(0, |since| since.as_secs());
    let [year, month, day] = date(seconds / 86_400);
    let second = seconds % 86_400;
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Year, month and day so many days after the first of 1970 in the Gregorian calendar, from years that begin
/// in March, so that a leap day is the last of them (Howard Hinnant, "chrono-compatible low-level date
/// algorithms").
fn date(days: u64) -> [u64; 3] {
    const DAYS_OF_400_YEARS: u64 = 146_097;
    // From the first of March of year 0 on.
    let days = days + 719_468;
    let (era, day) = (days / DAYS_OF_400_YEARS, days % DAYS_OF_400_YEARS);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let march = (5 * day + 2) / 153;
    let month = if march < 10 { march + 3 } else { march - 9 };
    let after_new_year = u64::from(month <= 2);
    [
        400 * era + year + after_new_year,
        month,
        day - (153 * march + 2) / 5 + 1,
    ]
}

/// Words as one line that a shell takes: what is not plain stands in quotes.
pub(crate) fn line(words: &[String]) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./=:,+%@".contains(c);
    let quoted = words.iter().map(|word| {
        if !word.is_empty() && word.chars().all(is_plain) {
            word.clone()
        } else {
            format!("'{}'", word.replace('\'', r"'\''"))
        }
    });
    quoted.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn dates_are_those_of_the_gregorian_calendar() {
        // From `date -u -d @SECONDS +%FT%TZ`.
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_251_199, "2024-02-29T23:59:59Z"),
            (1_735_689_600, "2025-01-01T00:00:00Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            assert_eq!(utc(time), expected);
        }
    }

    #[test]
    fn a_command_line_can_be_pasted() {
        let words = ["rl", "train", "--out", "my runs", "it's", ""].map(str::to_owned);
        assert_eq!(line(&words), r"rl train --out 'my runs' 'it'\''s' ''");
    }
}

//! Ends of schedules, as people are told of them.

use std::fmt;

/// A number that changes over a run by plan: its start, its end, and when it is there.
///
/// ```
/// use rl_learn::ScheduleSpan;
///
/// let epsilon = ScheduleSpan { symbol: "ε", start: 1.0, end: 0.05, share: 0.16, end_step: Some(8000.0) };
/// assert_eq!(epsilon.to_string(), "ε 1 → 0.05 by step 8000");
/// assert_eq!(ScheduleSpan { end_step: None, ..epsilon }.to_string(), "ε 1 → 0.05 over 16 % of the run");
/// assert_eq!(ScheduleSpan::constant("α", 0.5).to_string(), "α 0.5");
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScheduleSpan {
    /// Symbol of the number, such as ε.
    pub symbol: &'static str,
    /// The number at the beginning.
    pub start: f64,
    /// The number at the end of the schedule, and from then on.
    pub end: f64,
    /// Share of the run at which the schedule ends, 0 to 1.
    pub share: f64,
    /// Environment step at which it ends; `None` for a run that is not counted in steps.
    pub end_step: Option<f64>,
}

impl ScheduleSpan {
    /// A number that stays the same.
    pub fn constant(symbol: &'static str, number: f64) -> Self {
        Self {
            symbol,
            start: number,
            end: number,
            share: 0.0,
            end_step: Some(0.0),
        }
    }
}

impl fmt::Display for ScheduleSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            symbol, start, end, ..
        } = self;
        if start == end {
            return write!(f, "{symbol} {start}");
        }
        write!(f, "{symbol} {start} → {end} ")?;
        match self.end_step {
            // A step is whole: the first one at which the schedule has ended, but for rounding.
            Some(step) => write!(f, "by step {}", (step - 1e-6).ceil() as u64),
            None => write!(f, "over {} % of the run", (1e5 * self.share).round() / 1e3),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_the_first_whole_step_at_which_the_number_is_there() {
        let told = |end_step, share| {
            let (symbol, start, end) = ("ε", 0.9, 0.1);
            ScheduleSpan {
                symbol,
                start,
                end,
                share,
                end_step,
            }
            .to_string()
        };
        for (step, expected) in [
            (7.000_000_000_000_001, "7"),
            (7.5, "8"),
            (999.0, "999"),
            (1_234_567.0, "1234567"),
        ] {
            assert_eq!(
                told(Some(step), 0.5),
                format!("ε 0.9 → 0.1 by step {expected}")
            );
        }
        for (share, expected) in [(1.0, "100"), (0.125, "12.5"), (1.0 / 3.0, "33.333")] {
            let expected = format!("ε 0.9 → 0.1 over {expected} % of the run");
            assert_eq!(told(None, share), expected);
        }
    }
}

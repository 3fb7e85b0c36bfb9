//! Choice between one thread and several, by the time that each takes.

use std::collections::HashMap;
use std::panic::Location;

/// Calls of the faster way between two trials of the slower one: at first, and at most.
const TRIALS: [u32; 2] = [8, 128];
/// Weight of the newest time in the mean of a way.
const NEWEST: f64 = 0.3;

/// A place that works again and again, and the order of magnitude of its pieces of work.
pub(crate) type Place = (&'static Location<'static>, u32);

/// Times per unit of work, on one thread and on several.
#[derive(Debug, Default)]
pub(crate) struct Paces(HashMap<Place, Pace>);

/// Times of one place.
#[derive(Debug)]
struct Pace {
    alone: Option<f64>,
    together: Option<f64>,
    /// Calls since the slower way was tried.
    calls: u32,
    trial_every: u32,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            alone: None,
            together: None,
            calls: 0,
            trial_every: TRIALS[0],
        }
    }
}

impl Paces {
    /// Returns `true` if the next piece of work of a place is for all threads.
    pub fn choose(&mut self, place: Place) -> bool {
        self.0.entry(place).or_default().choose()
    }

    /// Takes in the seconds per unit of a piece of work.
    pub fn record(&mut self, place: Place, together: bool, seconds: f64) {
        self.0.entry(place).or_default().record(together, seconds);
    }
}

impl Pace {
    fn prefers_together(&self) -> Option<bool> {
        Some(self.together? <= self.alone?)
    }

    fn choose(&mut self) -> bool {
        let Some(preferred) = self.prefers_together() else {
            // All threads first, then one, to have a time of each.
            return self.together.is_none();
        };
        self.calls += 1;
        if self.calls < self.trial_every {
            return preferred;
        }
        self.calls = 0;
        !preferred
    }

    fn record(&mut self, together: bool, seconds: f64) {
        let before = self.prefers_together();
        let mean = if together {
            &mut self.together
        } else {
            &mut self.alone
        };
        *mean = Some(match *mean {
            Some(mean) => mean + NEWEST * (seconds - mean),
            None => seconds,
        });
        let after = self.prefers_together();
        if before == after && before == Some(!together) {
            // The trial has shown nothing new.
            self.trial_every = (2 * self.trial_every).min(TRIALS[1]);
        } else if before != after {
            self.trial_every = TRIALS[0];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seconds of so many calls, and those on all threads, where a call takes `alone` or `together`.
    fn calls(pace: &mut Pace, n: u32, alone: f64, together: f64) -> (f64, u32) {
        let (mut total, mut count) = (0.0, 0);
        for _ in 0..n {
            let chosen = pace.choose();
            let seconds = if chosen { together } else { alone };
            pace.record(chosen, seconds);
            total += seconds;
            count += u32::from(chosen);
        }
        (total, count)
    }

    #[test]
    fn the_faster_way_is_taken_and_trials_of_the_slower_one_cost_little() {
        let mut pace = Pace::default();
        let (total, together) = calls(&mut pace, 1000, 1.0, 0.6);
        assert!(together > 980, "{together}");
        assert!(total < 1.02 * 600.0, "{total}");
        let mut pace = Pace::default();
        let (total, together) = calls(&mut pace, 1000, 1.0, 1.4);
        assert!(together < 20, "{together}");
        assert!(total < 1.01 * 1000.0, "{total}");
    }

    #[test]
    fn a_core_that_is_taken_or_given_back_is_noticed() {
        let mut pace = Pace::default();
        calls(&mut pace, 1000, 1.0, 0.6);
        let (_, together) = calls(&mut pace, 100, 1.0, 1.4);
        assert!(together < 20, "{together}");
        let (_, together) = calls(&mut pace, 600, 1.0, 0.6);
        assert!(together > 400, "{together}");
    }

    #[test]
    fn the_time_of_a_way_moves_three_tenths_towards_the_newest() {
        let mut pace = Pace::default();
        for together in [true, false] {
            pace.record(together, 1.0);
            pace.record(together, 2.0);
        }
        assert_eq!((pace.together, pace.alone), (Some(1.3), Some(1.3)));
    }

    #[test]
    fn trials_that_show_nothing_new_become_rarer_and_others_frequent() {
        let mut pace = Pace::default();
        pace.record(true, 1.0);
        pace.record(false, 2.0);
        let mut every = Vec::new();
        for seconds in [2.0, 2.0, 2.0, 2.0, 2.0, 2.0, -5.0, -5.0] {
            pace.record(true, 1.0);
            pace.record(false, seconds);
            every.push(pace.trial_every);
        }
        // The seventh trial makes one thread the faster way; the eighth is no trial any more.
        assert_eq!(every[..6], [16, 32, 64, 128, 128, 128]);
        assert_eq!(every[6], TRIALS[0]);
    }
}

//! Metrics of several updates as one row.

use rl_core::{Metrics, State, StateError, StateReader, StateWriter};

/// Column of the seconds, which are no part of a state: it is the same bytes for the same run.
pub(super) const WALL: &str = "wall_s";

/// Metrics of the updates since the last row, reduced as they come.
#[derive(Debug, Default)]
pub(super) struct Window {
    /// Updates so far.
    updates: u64,
    /// For each column the number so far, and its weight: 0 for none.
    columns: Vec<[f64; 2]>,
}

impl Window {
    /// Number of updates so far.
    pub fn updates(&self) -> u64 {
        self.updates
    }

    /// Takes in an update in which so many episodes ended. Counters and step sizes are those of the last
    /// update, seconds are left out, extremes those of all; the rest is a mean over the updates that have a value,
    /// those of episodes over the episodes.
    pub fn add(&mut self, names: &[String], metrics: &Metrics, episodes: usize) {
        self.updates += 1;
        self.columns.resize(names.len(), [0.0; 2]);
        for (name, [number, weight]) in names.iter().zip(&mut self.columns) {
            let value = metrics.get(name).filter(|_| name != WALL);
            let Some(new) = value.filter(|new| !new.is_nan()) else {
                continue;
            };
            let added = match name.as_str() {
                "return_mean" | "length_mean" | "truncated_share" => episodes as f64,
                _ => 1.0,
            };
            *number = match name.as_str() {
                _ if *weight == 0.0 => new,
                "update" | "env_steps" | "episodes" | "learning_rate" => new,
                "return_min" => number.min(new),
                "return_max" => number.max(new),
                _ => *number + (new - *number) * added / (*weight + added),
            };
            *weight += added;
        }
    }

    /// The row, a number for each column; the window is empty afterwards.
    pub fn take(&mut self) -> Vec<Option<f64>> {
        let columns = std::mem::take(&mut self.columns).into_iter();
        self.updates = 0;
        columns
            .map(|[number, weight]| (weight > 0.0).then_some(number))
            .collect()
    }
}

impl State for Window {
    fn save(&self, out: &mut dyn StateWriter) {
        out.u64s("updates", &[self.updates]);
        out.f64s("columns", self.columns.as_flattened());
    }

    fn load(&mut self, from: &dyn StateReader) -> Result<(), StateError> {
        let mut updates = [0];
        from.u64s("updates", &mut updates)?;
        let mut flat = vec![0.0; from.length("columns").unwrap_or(0)];
        from.f64s("columns", &mut flat)?;
        self.updates = updates[0];
        self.columns = flat.as_chunks().0.to_vec();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rl_core::Snapshot;

    const NAMES: [&str; 6] = [
        "update",
        "return_mean",
        "return_min",
        "return_max",
        "entropy",
        "eval",
    ];

    fn reduced(rows: &[([f64; 6], usize)]) -> Vec<Option<f64>> {
        let names = NAMES.map(str::to_owned);
        let mut window = Window::default();
        for (row, episodes) in rows {
            let mut metrics = Metrics::default();
            for (name, value) in NAMES.into_iter().zip(row) {
                metrics.put(name, *value);
            }
            window.add(&names, &metrics, *episodes);
            // A window that was saved goes on as it is.
            let mut state = Snapshot::default();
            window.save(&mut state);
            window = Window::default();
            window.load(&state).unwrap();
        }
        assert_eq!(window.updates(), rows.len() as u64);
        window.take()
    }

    #[test]
    fn a_row_is_a_mean_over_updates_or_episodes_with_last_counters_and_all_extremes() {
        let none = f64::NAN;
        let rows = [
            ([1.0, 10.0, 5.0, 15.0, 0.5, none], 3),
            ([2.0, none, none, none, 0.3, none], 0),
            ([3.0, 30.0, 30.0, 30.0, 0.1, 7.0], 1),
        ];
        let row = reduced(&rows)
            .into_iter()
            .map(|x| x.map(|x| (x * 1e9).round() / 1e9));
        let expected = [3.0, 15.0, 5.0, 30.0, 0.3, 7.0].map(Some);
        assert_eq!(row.collect::<Vec<_>>(), expected);
        assert_eq!(reduced(&rows[1..2])[1], None);
    }

    #[test]
    fn a_row_of_one_update_has_its_numbers_to_the_bit() {
        let row = [7.0, 0.1, 1.0 / 3.0, f64::INFINITY, 5e-324, -0.3];
        assert_eq!(reduced(&[(row, 3)]), row.map(Some));
    }
}

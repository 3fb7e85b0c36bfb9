//! Policies of a run as it learned.

use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use rl_core::{BoxError, Metrics};

use crate::observer::Observer;
use crate::view::{Outcome, RunView};

/// Intervals between snapshots that a run has at most.
const INTERVALS: u64 = 8;

/// Policies from the whole course of a run in a directory of their own: that before the first update, and at most
/// 8 more, as far from each other as that allows. The interval between them is a power of two of updates
/// that grows with the run, and policies between its multiples are removed: which ones there are depends on the number of
/// updates alone, whether or not the run was resumed. A file is named by its update, `0000000064.safetensors`, and
/// its metadata has `update` and `env_steps`.
///
/// ```
/// use rl_envs::CartPole;
/// use rl_pg::VpgConfig;
/// use rl_train::{PolicySnapshots, Trainer};
///
/// # let place = tempfile::tempdir()?;
/// # let path = place.path().join("policies");
/// let mut trainer = Trainer::new(VpgConfig::default(), CartPole::v1).updates(9).build()?;
/// trainer.run(&mut [&mut PolicySnapshots::new(&path)])?;
/// let updates: Vec<u64> = PolicySnapshots::list(&path)?.into_iter().map(|(update, _)| update).collect();
/// assert_eq!(updates, [0, 2, 4, 6, 8]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct PolicySnapshots {
    directory: PathBuf,
}

impl PolicySnapshots {
    /// Name of the directory in that of a run.
    pub const DIRECTORY: &'static str = "policies";

    /// Snapshots in a directory, which is made if need be, in one that is there.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
        }
    }

    /// The updates of the snapshots in a directory with their files, the earliest first; none where there is no
    /// directory.
    ///
    /// # Errors
    /// The system's.
    pub fn list(directory: impl AsRef<Path>) -> io::Result<Vec<(u64, PathBuf)>> {
        let entries = match fs::read_dir(directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut found = Vec::new();
        for entry in entries {
            let path = entry?.path();
            let is_snapshot = path.extension().is_some_and(|end| end == "safetensors");
            let update = path
                .file_stem()
                .and_then(|stem| stem.to_str()?.parse().ok());
            found.extend(update.filter(|_| is_snapshot).map(|update| (update, path)));
        }
        found.sort_unstable();
        Ok(found)
    }

    fn keep(&self, run: &dyn RunView) -> Result<(), BoxError> {
        let clock = run.clock();
        let mut record = run.policy().record();
        let numbers = [("update", clock.updates), ("env_steps", clock.env_steps)];
        let numbers = numbers.map(|(key, number)| (key.to_owned(), number.to_string()));
        record.metadata.extend(numbers);
        let name = format!("{:010}.safetensors", clock.updates);
        let written = match fs::create_dir(&self.directory) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error.into()),
            _ => rl_nets::save_policy(self.directory.join(name), &record).map_err(BoxError::from),
        };
        // Snapshots go with the directory of their run, whose own observer says that it is gone.
        let is_gone = |path: &Path| path != Path::new("") && !path.exists();
        match self.directory.parent().is_some_and(is_gone) {
            true => Ok(()),
            false => written,
        }
    }

    /// Removes the snapshots that a run of so many updates does not have.
    fn thin(&self, updates: u64) -> io::Result<()> {
        let interval = interval(updates);
        for (update, path) in Self::list(&self.directory)? {
            if !update.is_multiple_of(interval) || update > updates {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }
}

/// Updates between the snapshots of a run of so many updates.
fn interval(updates: u64) -> u64 {
    updates.div_ceil(INTERVALS).max(1).next_power_of_two()
}

impl Observer for PolicySnapshots {
    fn start(&mut self, run: &dyn RunView) -> Result<(), BoxError> {
        // A run that was killed after its last checkpoint left some that it has yet to come to.
        self.thin(run.clock().updates)?;
        if run.clock().updates == 0 {
            self.keep(run)?;
        }
        Ok(())
    }

    fn update(
        &mut self,
        run: &dyn RunView,
        _metrics: &mut Metrics,
    ) -> Result<ControlFlow<()>, BoxError> {
        let updates = run.clock().updates;
        if updates.is_multiple_of(interval(updates)) {
            self.keep(run)?;
            self.thin(updates)?;
        }
        Ok(ControlFlow::Continue(()))
    }

    fn end(&mut self, run: &dyn RunView, _outcome: Outcome) -> Result<(), BoxError> {
        Ok(self.thin(run.clock().updates)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_of_any_length_has_at_most_eight_intervals_of_which_all_were_due() {
        for updates in 1..3000_u64 {
            let kept = interval(updates);
            assert!(updates / kept <= INTERVALS && updates < 2 * INTERVALS * kept);
            for update in (kept..=updates).step_by(kept as usize) {
                assert!(
                    update.is_multiple_of(interval(update)),
                    "{update} of {updates}"
                );
            }
        }
    }

    #[test]
    fn other_files_are_left_alone_and_later_ones_go() {
        let place = tempfile::tempdir().unwrap();
        let file = |name: &str| fs::write(place.path().join(name), "").unwrap();
        for update in [0, 3, 4, 8, 24, 28, 40] {
            file(&format!("{update:010}.safetensors"));
        }
        file("notes.txt");
        PolicySnapshots::new(place.path()).thin(30).unwrap();
        let left = PolicySnapshots::list(place.path()).unwrap();
        let left: Vec<u64> = left.into_iter().map(|(update, _)| update).collect();
        assert_eq!(left, [0, 4, 8, 24, 28]);
        assert!(place.path().join("notes.txt").exists());
    }
}

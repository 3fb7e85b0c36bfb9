//! The event files of a run: one for each start of it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use prost::Message as _;

use super::messages::Event;
use super::record::{push, records};
use crate::files::write_whole;

/// Part of a name by which TensorBoard finds event files.
const MARK: &str = ".tfevents.";

/// The event file that a process appends to, among those of its run.
#[derive(Debug)]
pub(crate) struct EventFiles {
    file: File,
    /// Bytes of the events at hand, kept to be used again.
    buffer: Vec<u8>,
}

impl EventFiles {
    /// Makes the next file in a directory.
    ///
    /// # Errors
    /// That of the file system.
    pub fn create(directory: &Path) -> io::Result<Self> {
        let earlier = paths(directory)?;
        // Names are read in alphabetical order, also after the clock was set back.
        let last = earlier.last().and_then(|path| seconds_in(path));
        let seconds = (now() as u64).max(last.unwrap_or(0));
        let name = format!("events.out{MARK}{seconds:010}.{:04}.rl", earlier.len());
        let path = directory.join(name);
        let file = OpenOptions::new().write(true).create_new(true).open(path)?;
        let mut files = Self {
            file,
            buffer: Vec::new(),
        };
        files.write(&[Event::version(now())])?;
        Ok(files)
    }

    /// Writes events at once, and in one piece: what is killed leaves whole records.
    ///
    /// # Errors
    /// That of the file system.
    pub fn write(&mut self, events: &[Event]) -> io::Result<()> {
        self.buffer.clear();
        for event in events {
            push(&mut self.buffer, &event.encode_to_vec());
        }
        self.file.write_all(&self.buffer)
    }

    /// Cuts events that a run goes on before out of the files in a directory, those that were not written
    /// whole among them. Returns `true` if an event is left.
    ///
    /// # Errors
    /// That of the file system.
    pub fn keep(directory: &Path, is_kept: impl Fn(&Event) -> bool) -> io::Result<bool> {
        let mut is_any = false;
        for path in paths(directory)? {
            let bytes = fs::read(&path)?;
            let mut kept = Vec::new();
            for (record, data) in records(&bytes) {
                let event = Event::decode(data).map_err(io::Error::other)?;
                if is_kept(&event) {
                    kept.extend(record);
                    is_any |= !event.values().is_empty();
                }
            }
            if kept.len() < bytes.len() {
                let name = path.file_name().unwrap_or_default();
                write_whole(directory, &name.to_string_lossy(), &kept)?;
            }
        }
        Ok(is_any)
    }

    /// The whole events of the files in a directory, file by file.
    #[cfg(test)]
    pub fn read(directory: &Path) -> Vec<Vec<Event>> {
        let events = |path: &PathBuf| -> Vec<Event> {
            let bytes = fs::read(path).unwrap();
            let found = records(&bytes).into_iter();
            found
                .map(|(_, data)| Event::decode(data).unwrap())
                .collect()
        };
        paths(directory).unwrap().iter().map(events).collect()
    }
}

/// Seconds since 1970.
pub(crate) fn now() -> f64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0.0, |since| since.as_secs_f64())
}

/// The event files in a directory, in the order in which they were begun.
fn paths(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // Not the partial ones of a process that was killed.
        if name.contains(MARK) && !name.starts_with('.') {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn seconds_in(path: &Path) -> Option<u64> {
    let name = path.file_name()?.to_str()?;
    let (_, rest) = name.split_once(MARK)?;
    rest.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::super::messages::scalar;
    use super::*;

    #[test]
    fn files_are_named_in_the_order_in_which_they_were_begun() {
        let place = tempfile::tempdir().unwrap();
        for step in 0..3 {
            let mut files = EventFiles::create(place.path()).unwrap();
            let events = [Event::of(1.0, step, vec![scalar("x", 0.5)])];
            files.write(&events).unwrap();
        }
        let found = EventFiles::read(place.path());
        let steps: Vec<i64> = found.iter().map(|events| events[1].step).collect();
        assert_eq!(steps, [0, 1, 2]);
        assert_eq!(found[0][1].values(), [scalar("x", 0.5)]);
    }

    #[test]
    fn events_that_are_not_kept_are_gone_with_one_that_was_cut_short() {
        let place = tempfile::tempdir().unwrap();
        let mut files = EventFiles::create(place.path()).unwrap();
        for step in 1..=3 {
            let event = Event::of(1.0, step, vec![scalar("x", 0.5)]);
            files.write(&[event]).unwrap();
        }
        files.file.write_all(&[7; 11]).unwrap();
        assert!(EventFiles::keep(place.path(), |event| event.step <= 2).unwrap());
        let path = &paths(place.path()).unwrap()[0];
        let events = &EventFiles::read(place.path())[0];
        assert_eq!(events.iter().map(|e| e.step).collect::<Vec<_>>(), [0, 1, 2]);
        let bytes = fs::read(path).unwrap();
        assert_eq!(
            records(&bytes).iter().map(|(r, _)| r.len()).sum::<usize>(),
            bytes.len()
        );
        assert!(!EventFiles::keep(place.path(), |event| event.step == 0).unwrap());
    }
}

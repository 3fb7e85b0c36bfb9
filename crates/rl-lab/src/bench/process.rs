//! Processes that are measured: pinned to cores, with their time and their memory.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use super::BenchError;
use crate::files::FileError;
use crate::files::read;

/// Time between two looks at a process: the error of its wall-clock time, and of its peak memory
/// the last that is not seen.
const POLL: Duration = Duration::from_millis(1);

/// The processor cores that a process is kept on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pin(Vec<usize>);

impl Pin {
    /// A pin to the last `cores` of those that this process may use; to none where there is no
    /// `taskset`, or not enough of them.
    pub fn to(cores: usize) -> Self {
        let taskset = Command::new("taskset").arg("--version").output();
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let allowed = field(&status, "Cpus_allowed_list:").map_or(Vec::new(), core_list);
        if taskset.is_err() || allowed.len() < cores {
            return Self::default();
        }
        Self(allowed[allowed.len() - cores..].to_vec())
    }

    /// Returns `true` if it keeps a process anywhere.
    pub fn is_pinned(&self) -> bool {
        !self.0.is_empty()
    }

    fn command(&self, program: &Path) -> Command {
        if self.0.is_empty() {
            return Command::new(program);
        }
        let cores: Vec<String> = self.0.iter().map(usize::to_string).collect();
        let mut command = Command::new("taskset");
        command.arg("-c").arg(cores.join(",")).arg(program);
        command
    }
}

/// The cores of a list such as `0-2,5`.
fn core_list(text: &str) -> Vec<usize> {
    let range = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        Some(first.trim().parse().ok()?..=last.trim().parse().ok()?)
    };
    text.split(',').filter_map(range).flatten().collect()
}

/// The rest of the first line that starts with a word.
pub fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let rest = |line: &'a str| line.strip_prefix(name);
    text.lines().find_map(rest).map(str::trim)
}

/// A process that has ended well.
pub struct Finished {
    pub stdout: String,
    pub start: SystemTime,
    /// Time from its start to its end, in seconds.
    pub wall_s: f64,
    /// Largest resident memory, in bytes, on systems that record it.
    pub peak_bytes: Option<u64>,
}

/// Runs a program to its end, on behalf of a training that its error names. Its output goes to
/// files in `directory`, so that no pipe fills up.
pub fn run(
    training: &str,
    program: &Path,
    arguments: &[&str],
    pin: &Pin,
    directory: &Path,
) -> Result<Finished, BenchError> {
    let (out, err) = (directory.join("stdout"), directory.join("stderr"));
    let create = |path: &Path| File::create(path).map_err(FileError::new("write", path));
    let mut command = pin.command(program);
    command.args(arguments).stdin(Stdio::null());
    command.stdout(create(&out)?).stderr(create(&err)?);
    let failed = |source| BenchError::Start {
        program: program.to_owned(),
        source,
    };

    let (start, clock) = (SystemTime::now(), Instant::now());
    let mut child = command.spawn().map_err(failed)?;
    let status_file = format!("/proc/{}/status", child.id());
    let mut peak_bytes = None;
    let status = loop {
        if let Some(status) = child.try_wait().map_err(failed)? {
            break status;
        }
        // VmHWM never falls, and is gone once the process has ended.
        let status = fs::read_to_string(&status_file).unwrap_or_default();
        peak_bytes = field(&status, "VmHWM:").and_then(kilobytes).or(peak_bytes);
        std::thread::sleep(POLL);
    };
    let wall_s = clock.elapsed().as_secs_f64();
    if !status.success() {
        let errors = fs::read_to_string(&err).unwrap_or_default();
        let last = errors.lines().rfind(|line| !line.trim().is_empty());
        return Err(BenchError::failed(
            training,
            last.map_or(status.to_string(), str::to_owned),
        ));
    }
    Ok(Finished {
        stdout: read(&out)?,
        start,
        wall_s,
        peak_bytes,
    })
}

/// The bytes of `1234 kB`, by which Linux means 1024 each.
fn kilobytes(text: &str) -> Option<u64> {
    let number = text.split_whitespace().next()?;
    Some(number.parse::<u64>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cores_and_memory_are_read_as_linux_writes_them() {
        let status = "VmHWM:\t   123 kB\nCpus_allowed_list:\t0-2,5\n";
        let cores = field(status, "Cpus_allowed_list:").map(core_list);
        assert_eq!(cores.unwrap(), [0, 1, 2, 5]);
        let bytes = field(status, "VmHWM:").and_then(kilobytes);
        assert_eq!(bytes, Some(123 * 1024));
    }

    #[test]
    fn a_pinned_program_goes_through_taskset() {
        let command = Pin(vec![1, 3]).command(Path::new("rl"));
        let words: Vec<_> = command.get_args().collect();
        assert_eq!(command.get_program(), "taskset");
        assert_eq!(words, ["-c", "1,3", "rl"]);
        assert_eq!(Pin::default().command(Path::new("rl")).get_program(), "rl");
    }

    #[test]
    fn a_program_that_fails_is_named_by_its_training() {
        let place = tempfile::tempdir().unwrap();
        let start = |program: &str, words: &[&str]| {
            let pin = Pin::default();
            let finished = run("chess", Path::new(program), words, &pin, place.path());
            finished.err().map(|error| error.to_string())
        };
        let failed = start("sh", &["-c", "echo error: lost >&2; echo >&2; exit 3"]);
        assert_eq!(failed.unwrap(), "chess: lost");
        let message = start("no-such-program", &[]).unwrap();
        assert!(message.contains("no-such-program"), "{message}");
        assert_eq!(start("sh", &["-c", "exit 0"]), None);
    }
}

//! Worker processes: a request, an answer, a deadline.

use std::collections::VecDeque;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// First word of every answer.
const MAGIC: u32 = 0x4d59_4701;
/// Bytes before the payload of an answer.
const HEADER: usize = 16;
/// Bytes of an answer, at most: a worker that names more has lost its way.
const LONGEST: usize = 1 << 31;
/// Lines of standard error that are kept.
const LINES: usize = 40;
/// Time that a worker has to say where it is, after its deadline.
const LAST_WORDS: Duration = Duration::from_millis(300);
/// Time that a worker has to close its environments.
const TO_CLOSE: Duration = Duration::from_secs(2);
/// Words before the environment that a worker was in, at its deadline.
const IN_ENVIRONMENT: &str = "rl-gym: in environment ";

/// A process that answers requests, one at a time.
#[derive(Debug)]
pub(crate) struct Worker {
    shared: Arc<Shared>,
    stdin: Option<ChildStdin>,
    stdout: ChildStdout,
    answer: Vec<u8>,
    /// End of the answer in it.
    end: usize,
    threads: Vec<JoinHandle<()>>,
}

/// Reason why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Gone {
    /// The process ended by itself, with a status.
    Ended(String),
    /// It did not answer in time.
    Deadline,
    /// It answered something else.
    Rubbish(String),
}

/// Kind of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Steps or resets.
    Steps,
    /// A failure of the whole worker.
    Failure,
    /// Another text.
    Text,
    /// A picture.
    Picture,
}

#[derive(Debug)]
struct Shared {
    child: Mutex<Child>,
    /// The last lines of standard error.
    lines: Mutex<VecDeque<String>>,
    start: Instant,
    /// Milliseconds since the start at which the answer is due; 0 if none is.
    due: AtomicU64,
    expired: AtomicBool,
    closed: AtomicBool,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Worker {
    /// Starts a process. It is in a group of its own, so that Ctrl-C at the terminal reaches the parent alone.
    ///
    /// # Errors
    /// The system's.
    pub fn start(mut command: Command) -> io::Result<Self> {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn()?;
        let missing = || io::Error::other("a pipe is missing");
        let stdin = child.stdin.take().ok_or_else(missing)?;
        let stdout = child.stdout.take().ok_or_else(missing)?;
        let stderr = child.stderr.take().ok_or_else(missing)?;
        let shared = Arc::new(Shared {
            child: Mutex::new(child),
            lines: Mutex::default(),
            start: Instant::now(),
            due: AtomicU64::new(0),
            expired: AtomicBool::new(false),
            closed: AtomicBool::new(false),
        });
        let (reading, watching) = (Arc::clone(&shared), Arc::clone(&shared));
        let named = |name: &str| thread::Builder::new().name(name.to_owned());
        let threads = vec![
            named("gym-stderr").spawn(move || reading.keep_lines(stderr))?,
            named("gym-deadline").spawn(move || watching.watch())?,
        ];
        Ok(Self {
            shared,
            stdin: Some(stdin),
            stdout,
            answer: vec![0; 1 << 16],
            end: HEADER,
            threads,
        })
    }

    /// Sends a request and waits for the answer, whose payload is then there.
    ///
    /// # Errors
    /// [`Gone`]; the worker is of no more use.
    pub fn ask(&mut self, request: &[u8], deadline: Duration) -> Result<Kind, Gone> {
        let due = self.shared.start.elapsed() + deadline;
        let due = u64::try_from(due.as_millis()).unwrap_or(u64::MAX).max(1);
        self.shared.due.store(due, Ordering::Relaxed);
        let received = self.exchange(request);
        self.shared.due.store(0, Ordering::Relaxed);
        match received {
            Ok(kind) => Ok(kind),
            Err(rubbish) => Err(self.end(rubbish)),
        }
    }

    /// Bytes of the answer after its header.
    pub fn payload(&self) -> &[u8] {
        &self.answer[HEADER..self.end]
    }

    /// Kind of the answer; or the rubbish that was read, if the pipe is whole.
    fn exchange(&mut self, request: &[u8]) -> Result<Kind, Option<String>> {
        self.end = HEADER;
        let stdin = self.stdin.as_mut().ok_or(None)?;
        // A process that has ended may have left word of why.
        let is_sent = stdin.write_all(request).is_ok();
        let (mut have, mut end) = (0, HEADER);
        while have < end {
            match self.stdout.read(&mut self.answer[have..]) {
                Ok(0) => return Err(None),
                Ok(count) => have += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Err(None),
            }
            if have >= HEADER && end == HEADER {
                end += self.length(have)?;
                if self.answer.len() < end {
                    self.answer.resize(end, 0);
                }
            }
        }
        if have > end {
            return Err(Some(self.shown(have)));
        }
        self.end = end;
        match word(&self.answer, 1) {
            1 => Ok(Kind::Failure),
            0 | 2 | 3 if !is_sent => Err(None),
            0 => Ok(Kind::Steps),
            2 => Ok(Kind::Text),
            3 => Ok(Kind::Picture),
            _ => Err(Some(self.shown(have))),
        }
    }

    /// Length of the payload that a header announces.
    fn length(&self, have: usize) -> Result<usize, Option<String>> {
        let length = word(&self.answer, 2) as usize;
        let is_header = word(&self.answer, 0) == MAGIC && word(&self.answer, 3) == 0;
        if is_header && length <= LONGEST {
            return Ok(length);
        }
        Err(Some(self.shown(have)))
    }

    /// The beginning of what was read, as text.
    fn shown(&self, have: usize) -> String {
        let begin = &self.answer[..have.min(80)];
        format!("'{}'", begin.escape_ascii())
    }

    /// Ends the process and says why it is of no more use.
    fn end(&mut self, rubbish: Option<String>) -> Gone {
        self.stdin = None;
        // A process whose pipe is closed is about to end, unless it closed the pipe alone.
        let status = match rubbish {
            None => self.shared.wait(TO_CLOSE),
            Some(_) => None,
        };
        let status = status.or_else(|| self.shared.kill());
        if self.shared.expired.load(Ordering::Acquire) {
            return Gone::Deadline;
        }
        match rubbish {
            Some(found) => Gone::Rubbish(found),
            None => Gone::Ended(status.unwrap_or_else(|| "of unknown status".to_owned())),
        }
    }

    /// The last lines of standard error, each indented on a line of its own; nothing without any.
    pub fn last_lines(&self) -> String {
        // The pipe is read to its end a moment after the process has ended.
        thread::sleep(Duration::from_millis(50));
        let lines = locked(&self.shared.lines);
        lines
            .iter()
            .fold(String::new(), |text, line| text + "\n  " + line)
    }

    /// The environment that it was in at its deadline, if it could say so.
    pub fn last_environment(&self) -> Option<usize> {
        let lines = locked(&self.shared.lines);
        let mut said = lines
            .iter()
            .filter_map(|line| line.strip_prefix(IN_ENVIRONMENT));
        said.next_back()?.parse().ok()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.stdin = None;
        if self.shared.wait(TO_CLOSE).is_none() {
            self.shared.kill();
        }
        self.shared.closed.store(true, Ordering::Release);
        if let Some(watching) = self.threads.pop() {
            watching.thread().unpark();
            // A thread that panicked has nothing more to say.
            watching.join().ok();
        }
    }
}

impl Shared {
    fn keep_lines(&self, stderr: ChildStderr) {
        let mut stderr = BufReader::new(stderr);
        let mut line = Vec::new();
        while stderr
            .read_until(b'\n', &mut line)
            .is_ok_and(|count| count > 0)
        {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            let mut lines = locked(&self.lines);
            if lines.len() == LINES {
                lines.pop_front();
            }
            lines.push_back(text);
            line.clear();
        }
    }

    /// Ends the process at its deadline.
    fn watch(&self) {
        while !self.closed.load(Ordering::Acquire) {
            let due = self.due.load(Ordering::Relaxed);
            let left = Duration::from_millis(due).saturating_sub(self.start.elapsed());
            if due != 0 && left.is_zero() {
                self.expired.store(true, Ordering::Release);
                self.ask_where();
                self.kill();
                return;
            }
            // A request may come with a deadline at any time.
            let longest = Duration::from_millis(100);
            thread::park_timeout(if due == 0 { longest } else { left.min(longest) });
        }
    }

    /// Has the process say on standard error where it is.
    fn ask_where(&self) {
        let id = locked(&self.child).id().to_string();
        if signal("-USR1", &id) {
            thread::sleep(LAST_WORDS);
        }
    }

    /// Waits for the end of the process; `None` if it does not come.
    fn wait(&self, longest: Duration) -> Option<String> {
        let start = Instant::now();
        loop {
            match locked(&self.child).try_wait() {
                Ok(Some(status)) => return Some(status.to_string()),
                Ok(None) if start.elapsed() < longest => {}
                Ok(None) | Err(_) => return None,
            }
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Ends the process, which nobody has waited for, and those that it started, which would hold its pipes open.
    fn kill(&self) -> Option<String> {
        let mut child = locked(&self.child);
        signal("-KILL", &format!("-{}", child.id()));
        child.kill().ok()?;
        child.wait().ok().map(|status| status.to_string())
    }
}

/// Sends a signal to a process, or to a group of them; `false` where that is not possible.
fn signal(signal: &str, id: &str) -> bool {
    let mut command = Command::new("kill");
    command.args([signal, "--", id]).stderr(Stdio::null());
    cfg!(unix) && command.status().is_ok_and(|status| status.success())
}

/// A little-endian word of some bytes; 0 beyond their end.
fn word(bytes: &[u8], index: usize) -> u32 {
    let found = bytes.get(4 * index..).and_then(<[u8]>::first_chunk);
    found.map_or(0, |word| u32::from_le_bytes(*word))
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    /// An answer in the form of `printf`.
    fn printed(kind: u32, payload: &[u8]) -> String {
        let words = [MAGIC, kind, payload.len() as u32, 0];
        let bytes = words.iter().flat_map(|word| word.to_le_bytes());
        let all: Vec<u8> = bytes.chain(payload.iter().copied()).collect();
        all.iter().map(|byte| format!("\\{byte:03o}")).collect()
    }

    fn shell(script: &str) -> Worker {
        let mut command = Command::new("sh");
        command.arg("-c").arg(script);
        Worker::start(command).unwrap()
    }

    const SECOND: Duration = Duration::from_secs(20);

    #[test]
    fn an_answer_may_come_in_pieces() {
        let whole = printed(2, b"hello");
        let (head, tail) = whole.split_at(4 * 9);
        let mut worker = shell(&format!(
            "printf '{head}'; sleep 0.1; printf '{tail}'; cat >/dev/null"
        ));
        assert_eq!(worker.ask(b"x", SECOND), Ok(Kind::Text));
        assert_eq!(worker.payload(), b"hello");
    }

    #[test]
    fn a_worker_that_ends_leaves_its_status_and_its_last_lines() {
        let mut worker = shell("echo oh no >&2; exit 3");
        let gone = worker.ask(b"x", SECOND).unwrap_err();
        assert_eq!(gone, Gone::Ended("exit status: 3".to_owned()));
        assert_eq!(worker.last_lines(), "\n  oh no");
        assert!(matches!(worker.ask(b"x", SECOND), Err(Gone::Ended(_))));
    }

    #[test]
    fn a_worker_that_hangs_is_ended_at_its_deadline_and_says_where_it_was() {
        let script = "trap 'echo rl-gym: in environment 5 >&2' USR1; while :; do sleep 0.05; done";
        let mut worker = shell(script);
        let start = Instant::now();
        let gone = worker.ask(b"x", Duration::from_millis(300)).unwrap_err();
        assert_eq!(gone, Gone::Deadline);
        assert!(start.elapsed() < SECOND);
        worker.last_lines();
        assert_eq!(worker.last_environment(), Some(5));
    }

    #[test]
    fn a_process_that_a_hanging_worker_started_ends_with_it() {
        let mut worker = shell("sleep 60 & wait");
        let start = Instant::now();
        let gone = worker.ask(b"x", Duration::from_millis(100)).unwrap_err();
        assert_eq!(gone, Gone::Deadline);
        assert!(start.elapsed() < SECOND, "{:?}", start.elapsed());
    }

    #[test]
    fn what_a_worker_left_before_it_ended_is_read() {
        let ended = |script: &str| {
            let worker = shell(script);
            worker.shared.wait(SECOND).unwrap();
            worker
        };
        let failure = format!("printf '{}'", printed(1, b"why"));
        let mut worker = ended(&failure);
        assert_eq!(worker.ask(b"x", SECOND), Ok(Kind::Failure));
        assert_eq!(worker.payload(), b"why");
        let gone = ended("echo 'Hello from nowhere'").ask(b"x", SECOND);
        assert!(matches!(gone, Err(Gone::Rubbish(_))), "{gone:?}");
        let answer = format!("printf '{}'", printed(2, b"x"));
        let gone = ended(&answer).ask(b"x", SECOND);
        assert!(matches!(gone, Err(Gone::Ended(_))), "{gone:?}");
    }

    #[test]
    fn rubbish_is_shown() {
        for (script, found) in [
            (
                "echo 'Welcome to the simulator!'; cat",
                "Welcome to the simulator!\\n",
            ),
            (&*format!("printf '{}more'; cat", printed(2, b"x")), "xmore"),
        ] {
            let gone = shell(script).ask(b"x", SECOND).unwrap_err();
            let Gone::Rubbish(shown) = gone else {
                panic!("{gone:?}");
            };
            assert!(shown.contains(found), "{shown}");
        }
    }
}

//! The thread that draws.

use std::io::{Write as _, stderr};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use super::full_screen::FullScreen;
use super::line::Line;
use super::status::Status;
use super::terminal;

/// Time between two pictures.
const PERIOD: Duration = Duration::from_millis(100);
/// Least time between two plain lines, and the most.
const BETWEEN_LINES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(60)];
/// Least columns and rows of a full screen that nobody asked for.
const FULL: (u16, u16) = (100, 24);
/// Time that a terminal has for the last picture.
const FAREWELL: Duration = Duration::from_millis(500);

/// Form of the live view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A full screen where the terminal has 100 columns and 24 rows, else a line.
    Fitting,
    /// A full screen.
    Full,
    /// A line that is redrawn in place.
    Line,
    /// Lines, one per second at most.
    Plain,
}

/// Thread that draws a status ten times a second at most. What it writes to may take its time, stand
/// still or be gone: only the thread waits for it.
pub struct Painter {
    status: Arc<Mutex<Status>>,
    /// Asks it to end, by being dropped.
    end: Option<Sender<()>>,
    ended: Receiver<()>,
}

/// The status, also after a thread panicked that held it.
fn held(status: &Mutex<Status>) -> MutexGuard<'_, Status> {
    status
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

impl Painter {
    pub fn start(form: Form, is_coloured: bool) -> Self {
        let status = Arc::new(Mutex::new(Status::default()));
        let (end, asked) = channel();
        let (done, ended) = channel();
        let shared = Arc::clone(&status);
        thread::spawn(move || {
            paint(form, is_coloured, &shared, &asked);
            _ = done.send(());
        });
        Self {
            status,
            end: Some(end),
            ended,
        }
    }

    /// The status that is drawn next.
    pub fn status(&self) -> MutexGuard<'_, Status> {
        held(&self.status)
    }
}

impl Drop for Painter {
    /// Ends the drawing, and leaves the terminal as it was.
    fn drop(&mut self) {
        self.end = None;
        // A terminal that stands still is left to itself; the thread may have panicked.
        if self.ended.recv_timeout(FAREWELL) != Err(RecvTimeoutError::Timeout) {
            terminal::close();
        }
    }
}

/// Draws until it is asked to end, or nobody is left who sees it.
fn paint(form: Form, is_coloured: bool, status: &Mutex<Status>, end: &Receiver<()>) {
    let mut canvas = Canvas {
        form,
        is_coloured,
        full: None,
        line: None,
        plain: (Instant::now(), 0, false),
    };
    while end.recv_timeout(PERIOD) == Err(RecvTimeoutError::Timeout) {
        let now = held(status).clone();
        let Some(_right) = terminal::drawing() else {
            continue;
        };
        if canvas.draw(&now).is_err() {
            break;
        }
    }
    let _right = terminal::drawing();
    canvas.line = None;
    terminal::close();
}

/// The picture on the terminal, in the form that fits.
struct Canvas {
    form: Form,
    is_coloured: bool,
    full: Option<FullScreen>,
    line: Option<Line>,
    /// Time of the last plain line, tenths of the run that were done, and whether there was one.
    plain: (Instant, u32, bool),
}

impl Canvas {
    fn draw(&mut self, status: &Status) -> std::io::Result<()> {
        let is_full = match self.form {
            Form::Full => true,
            Form::Fitting => terminal::columns_and_rows()
                .is_some_and(|(columns, rows)| columns >= FULL.0 && rows >= FULL.1),
            Form::Line => false,
            Form::Plain => return self.plain_line(status),
        };
        if is_full {
            self.line = None;
            let is_coloured = self.is_coloured;
            let screen = || FullScreen::new(is_coloured);
            return self.full.get_or_insert_with(screen).draw(status);
        }
        self.full = None;
        terminal::close();
        self.line.get_or_insert_with(Line::new).draw(status);
        Ok(())
    }

    /// Writes a line for each tenth of the run, and for each minute.
    fn plain_line(&mut self, status: &Status) -> std::io::Result<()> {
        let (last, tenths, is_begun) = self.plain;
        let reached = (10.0 * status.done) as u32;
        let [least, most] = BETWEEN_LINES;
        let passed = last.elapsed();
        if status.updates == 0 {
            return Ok(());
        }
        if is_begun && (passed < least || (reached == tenths && passed < most)) {
            return Ok(());
        }
        self.plain = (Instant::now(), reached, true);
        writeln!(stderr(), "{}", status.line())
    }
}

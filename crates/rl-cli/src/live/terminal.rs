//! The terminal's other screen, and the way back from it, whatever ends the program.

use std::io::{self, Write as _, stderr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, Once, TryLockError};
use std::thread::sleep;
use std::time::Duration;

use ratatui::crossterm::cursor::{Hide, Show};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, size};

/// Flag: the other screen is shown.
static OPEN: AtomicBool = AtomicBool::new(false);
/// Flag: nothing is to be drawn for now.
static SUSPENDED: AtomicBool = AtomicBool::new(false);
/// Held while something is written to the terminal.
static WRITING: Mutex<()> = Mutex::new(());

/// Columns and rows of the terminal; `None` where it does not say.
pub fn columns_and_rows() -> Option<(u16, u16)> {
    size()
        .ok()
        .filter(|(columns, rows)| *columns > 0 && *rows > 0)
}

/// Right to draw, until it is dropped; `None` while the program is stopped or ends.
pub fn drawing() -> Option<MutexGuard<'static, ()>> {
    let guard = match WRITING.lock() {
        Ok(guard) => guard,
        Err(poisoned) => poisoned.into_inner(),
    };
    (!SUSPENDED.load(Ordering::SeqCst)).then_some(guard)
}

/// Changes to the other screen, unless it is shown already; returns `true` if it changed. A panic
/// changes back before it says its message.
///
/// # Errors
/// Those of the terminal.
pub fn open() -> io::Result<bool> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let others = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            suspend();
            others(panic);
        }));
    });
    if OPEN.swap(true, Ordering::SeqCst) {
        return Ok(false);
    }
    execute!(stderr(), EnterAlternateScreen, Hide)?;
    Ok(true)
}

/// Changes back from the other screen, if it is shown.
pub fn close() {
    if OPEN.swap(false, Ordering::SeqCst) {
        // A terminal that is gone needs no other screen.
        _ = execute!(stderr(), LeaveAlternateScreen, Show);
        _ = stderr().flush();
    }
}

/// Ends the drawing until [`go_on`], and changes back from the other screen. A terminal that takes
/// nothing (Ctrl-S) is left as it is after a fifth of a second.
pub fn suspend() {
    SUSPENDED.store(true, Ordering::SeqCst);
    for _ in 0..20 {
        match WRITING.try_lock() {
            Err(TryLockError::WouldBlock) => sleep(Duration::from_millis(10)),
            _ => return close(),
        }
    }
}

/// Allows drawing again.
#[cfg(unix)]
pub fn go_on() {
    SUSPENDED.store(false, Ordering::SeqCst);
}

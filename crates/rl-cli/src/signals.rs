//! Signals that ask a run to stop.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rl_lab::jobs::PARENT_VARIABLE;

use crate::live::terminal;

/// Exit code of a run that was interrupted.
pub const INTERRUPTED: u8 = 130;

/// A flag that the first SIGINT or SIGTERM sets; a second one ends the process at once, with the
/// terminal as it was. The end of the process that [`PARENT_VARIABLE`] names sets it too. SIGHUP, of
/// a terminal that was closed, does nothing; SIGTSTP (Ctrl-Z) stops the process on the terminal's own
/// screen.
///
/// # Errors
/// Those of the system.
#[cfg(unix)]
pub fn stop_flag() -> io::Result<Arc<AtomicBool>> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGTSTP};
    use signal_hook::iterator::Signals;
    use signal_hook::low_level::{emulate_default_handler, exit};

    let stop = Arc::new(AtomicBool::new(false));
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP, SIGTSTP])?;
    let flag = Arc::clone(&stop);
    std::thread::spawn(move || {
        for signal in signals.forever() {
            match signal {
                SIGHUP => {}
                SIGTSTP => {
                    terminal::suspend();
                    // It cannot fail for this signal.
                    _ = emulate_default_handler(SIGTSTP);
                    terminal::go_on();
                }
                _ => {
                    if flag.swap(true, Ordering::Relaxed) {
                        terminal::suspend();
                        exit(INTERRUPTED.into());
                    }
                }
            }
        }
    });
    if let Some(parent) = std::env::var(PARENT_VARIABLE)
        .ok()
        .and_then(|id| id.parse().ok())
    {
        watch(parent, Arc::clone(&stop));
    }
    Ok(stop)
}

/// A flag that the first SIGINT or SIGTERM sets; a second one ends the process at once.
///
/// # Errors
/// Those of the system.
#[cfg(not(unix))]
pub fn stop_flag() -> io::Result<Arc<AtomicBool>> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::flag;

    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // The one that is registered first sees the flag as earlier signals left it.
        flag::register_conditional_shutdown(signal, INTERRUPTED.into(), Arc::clone(&stop))?;
        flag::register(signal, Arc::clone(&stop))?;
    }
    Ok(stop)
}

/// Sets the flag soon after this process has another parent than `parent`.
#[cfg(unix)]
fn watch(parent: u32, stop: Arc<AtomicBool>) {
    std::thread::spawn(move || {
        while std::os::unix::process::parent_id() == parent {
            std::thread::sleep(Duration::from_millis(100));
        }
        stop.store(true, Ordering::Relaxed);
    });
}

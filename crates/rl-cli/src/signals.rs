//! Signals that ask a run to stop.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rl_lab::jobs::PARENT_VARIABLE;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// Exit code of a run that was interrupted.
pub const INTERRUPTED: u8 = 130;

/// A flag that the first SIGINT or SIGTERM sets; a second one ends the process at once. The end of
/// the process that [`PARENT_VARIABLE`] names sets it too.
///
/// # Errors
/// Those of the system.
pub fn stop_flag() -> io::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // The one that is registered first sees the flag as earlier signals left it.
        flag::register_conditional_shutdown(signal, INTERRUPTED.into(), Arc::clone(&stop))?;
        flag::register(signal, Arc::clone(&stop))?;
    }
    #[cfg(unix)]
    if let Some(parent) = std::env::var(PARENT_VARIABLE)
        .ok()
        .and_then(|id| id.parse().ok())
    {
        watch(parent, Arc::clone(&stop));
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

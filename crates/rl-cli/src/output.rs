//! Standard output, whose reader may be gone.

use std::fmt::Arguments;
use std::io::{ErrorKind, Write as _, stdout};
use std::process::exit;

/// Writes to standard output. A reader that has seen enough, as `head` has, ends the program
/// without a word; any other failure ends it with an error.
pub fn write(text: Arguments<'_>) {
    let mut out = stdout().lock();
    if let Err(error) = out.write_fmt(text).and_then(|()| out.flush()) {
        if error.kind() == ErrorKind::BrokenPipe {
            exit(0);
        }
        _ = writeln!(
            std::io::stderr(),
            "error: cannot write to standard output: {error}"
        );
        exit(1);
    }
}

/// `print!`, by [`write`](fn@write).
macro_rules! out {
    ($($argument:tt)*) => { $crate::output::write(format_args!($($argument)*)) };
}

/// `println!`, by [`write`](fn@write).
macro_rules! outln {
    ($($argument:tt)*) => {
        $crate::output::write(format_args!("{}\n", format_args!($($argument)*)))
    };
}

/// `eprintln!` that does not panic when its reader is gone.
macro_rules! err {
    ($($argument:tt)*) => {{
        use std::io::Write as _;
        _ = std::writeln!(std::io::stderr(), $($argument)*);
    }};
}

pub(crate) use {err, out, outln};

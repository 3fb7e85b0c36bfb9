//! The live view of a training: a full screen, one line, or plain lines, drawn on a thread of its own.

mod curve;
mod full_screen;
mod line;
mod painter;
mod progress;
mod status;
pub mod terminal;

pub use painter::Form;
pub use progress::Progress;
pub use status::mean_return;

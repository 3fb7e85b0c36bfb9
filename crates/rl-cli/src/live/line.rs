//! One line that is redrawn in place.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::status::Status;

/// Units of the progress bar.
const UNITS: u64 = 1000;
/// Columns of the progress bar.
const BAR: usize = 8;

/// Progress line of a terminal, on standard error: cut where the terminal ends, so that it never wraps.
pub struct Line(ProgressBar);

impl Line {
    pub fn new() -> Self {
        let bar = ProgressBar::with_draw_target(Some(UNITS), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template(&format!("{{bar:{BAR}}} {{wide_msg}}"));
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self(bar)
    }

    pub fn draw(&self, status: &Status) {
        self.0.set_position((status.done * UNITS as f64) as u64);
        self.0.set_message(status.line());
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

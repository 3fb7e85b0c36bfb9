//! Updates of a run as JSON, one object per line.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::ops::ControlFlow;

use rl_core::{BoxError, Metrics};
use rl_train::{Observer, RunView};
use serde::Serialize;

/// A line for each update, with the names of `metrics.csv`; `null` stands for a metric that has no
/// value. It comes after the observers whose metrics it has. A reader that is gone ends the lines,
/// not the training.
pub struct JsonLines<W>(Option<W>);

impl<W: Write> JsonLines<W> {
    pub fn new(out: W) -> Self {
        Self(Some(out))
    }

    /// Writes a line of anything else.
    ///
    /// # Errors
    /// A value that JSON does not have.
    pub fn write(&mut self, value: &impl Serialize) -> serde_json::Result<()> {
        let line = serde_json::to_string(value)?;
        self.line(&line);
        Ok(())
    }

    fn line(&mut self, line: &str) {
        let write = |out: &mut W| -> io::Result<()> {
            out.write_all(format!("{line}\n").as_bytes())?;
            out.flush()
        };
        if self.0.as_mut().is_some_and(|out| write(out).is_err()) {
            self.0 = None;
        }
    }
}

impl<W: Write> Observer for JsonLines<W> {
    fn update(
        &mut self,
        _run: &dyn RunView,
        metrics: &mut Metrics,
    ) -> Result<ControlFlow<()>, BoxError> {
        let mut line = String::from("{");
        for (index, (name, number)) in metrics.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let (name, number) = (
                serde_json::to_string(name)?,
                serde_json::to_string(&number)?,
            );
            write!(line, "{comma}{name}:{number}")?;
        }
        self.line(&(line + "}"));
        Ok(ControlFlow::Continue(()))
    }
}

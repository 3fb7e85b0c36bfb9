//! Speed of Python's environments, measured in the same way.

use std::io::Write;
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::EnvironmentBench;

/// The program that measures them.
const SCRIPT: &str = include_str!("../../peers/env_speed.py");

/// Environment steps per second of a Python package.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct PythonSpeed {
    /// The package and its way to step.
    #[serde(rename = "peer")]
    pub package: String,
    /// The environment, by the name that it has here.
    pub env: String,
    /// Number of environments.
    pub n: usize,
    /// The median over the runs.
    pub steps_per_s: f64,
}

/// Reason why Python's environments could not be measured.
#[derive(Debug, thiserror::Error)]
pub enum PythonError {
    /// An interpreter that could not be started.
    #[error("cannot run '{program}' (from --python): {source}")]
    Start {
        /// The interpreter.
        program: String,
        /// Reason of the system.
        source: std::io::Error,
    },
    /// An interpreter that failed.
    #[error("'{program}' (from --python) failed: {message}")]
    Failed {
        /// The interpreter.
        program: String,
        /// Its status, or the output that made no sense.
        message: String,
    },
}

impl EnvironmentBench {
    /// Measures the packages that the Python interpreter `program` has, on one thread; those it
    /// lacks are named on standard error.
    ///
    /// # Errors
    /// [`PythonError`].
    pub fn python(&self, program: &str) -> Result<Vec<PythonSpeed>, PythonError> {
        let start = |source| PythonError::Start {
            program: program.to_owned(),
            source,
        };
        let mut child = Command::new(program)
            .arg("-")
            .arg(self.runs.to_string())
            .arg(self.seconds.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(start)?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(SCRIPT.as_bytes()).map_err(start)?;
        }
        let output = child.wait_with_output().map_err(start)?;
        let failed = |message: String| PythonError::Failed {
            program: program.to_owned(),
            message,
        };
        if !output.status.success() {
            return Err(failed(output.status.to_string()));
        }
        String::from_utf8_lossy(&output.stdout)
            .lines()
            .map(|line| {
                serde_json::from_str(line).map_err(|error| failed(format!("{error} in '{line}'")))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interpreter_that_is_none_is_an_error_that_names_it() {
        let bench = EnvironmentBench {
            runs: 1,
            seconds: 0.1,
        };
        let start = bench.python("no-such-python").unwrap_err();
        assert!(matches!(start, PythonError::Start { .. }), "{start}");
        let error = bench.python("false").unwrap_err().to_string();
        assert!(error.contains("'false' (from --python)"), "{error}");
    }
}

//! The same measurement of the environments of Python.

use std::io::Write;
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::BenchConfig;

/// The program that measures them.
const SCRIPT: &str = include_str!("../../peers/env_speed.py");

/// Environment steps per second of a peer.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct PeerSpeed {
    /// The peer and how it steps.
    pub peer: String,
    /// The environment, by our name.
    pub env: String,
    /// Number of environments.
    pub n: usize,
    /// The median over the runs.
    pub steps_per_s: f64,
}

/// Why the peers could not be measured.
#[derive(Debug, thiserror::Error)]
pub enum PeersError {
    /// There is no such interpreter.
    #[error("cannot run '{program}' (from --python): {source}")]
    Start {
        /// The interpreter.
        program: String,
        /// Why not.
        source: std::io::Error,
    },
    /// The interpreter failed.
    #[error("'{program}' (from --python) failed: {message}")]
    Failed {
        /// The interpreter.
        program: String,
        /// Its last words.
        message: String,
    },
}

/// Measures the peers whose packages the Python interpreter `program` has, on one thread; those it
/// lacks are named on standard error.
///
/// # Errors
/// [`PeersError`].
pub fn measure_peers(program: &str, config: &BenchConfig) -> Result<Vec<PeerSpeed>, PeersError> {
    let start = |source| PeersError::Start {
        program: program.to_owned(),
        source,
    };
    let mut child = Command::new(program)
        .arg("-")
        .arg(config.runs.to_string())
        .arg(config.seconds.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(start)?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(SCRIPT.as_bytes()).map_err(start)?;
    }
    let output = child.wait_with_output().map_err(start)?;
    let failed = |message: String| PeersError::Failed {
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

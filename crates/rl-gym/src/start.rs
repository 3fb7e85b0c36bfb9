//! The beginning of a worker.

use std::process::Command;

use rl_core::Spaces;
use serde::Deserialize;
use serde_json::json;

use crate::config::GymConfig;
use crate::description::Description;
use crate::error::GymError;
use crate::worker::{Gone, Kind, Worker};

/// The program of a worker.
const PROGRAM: &str = include_str!("worker.py");

/// A worker that failed as a whole.
#[derive(Debug, Deserialize)]
pub(crate) struct Failure {
    /// Kind of the failure, in a word.
    kind: String,
    /// Python's message.
    pub error: String,
}

impl Failure {
    /// The failure that the answer of a worker tells of.
    pub fn of(worker: &Worker) -> Result<Self, Gone> {
        let text = worker.payload();
        serde_json::from_slice(text)
            .map_err(|_| Gone::Rubbish(format!("'{}'", text.escape_ascii())))
    }
}

/// Starts a worker of `n` environments.
pub(crate) fn begin(config: &GymConfig, n: usize) -> Result<(Worker, Spaces), GymError> {
    let interpreter = config.interpreter();
    let python = interpreter.display().to_string();
    let mut command = Command::new(&interpreter);
    command.arg("-c").arg(PROGRAM);
    let mut worker = Worker::start(command).map_err(|error| GymError::NoPython {
        python: python.clone(),
        reason: error.to_string(),
    })?;
    let setup = json!({
        "id": config.id(),
        "args": config.arguments(),
        "imports": config.imports(),
        "n": n,
    });
    let text = setup.to_string();
    let request = [&(text.len() as u32).to_le_bytes(), text.as_bytes()].concat();
    let place = "before its first step".to_owned();
    let described = match worker.ask(&request, config.time_to_answer() * 5) {
        Ok(Kind::Text) => serde_json::from_slice::<Description>(worker.payload())
            .map_err(|error| Gone::Rubbish(error.to_string())),
        Ok(kind @ (Kind::Steps | Kind::Picture)) => {
            Err(Gone::Rubbish(format!("{kind:?} that were not asked for")))
        }
        Ok(Kind::Failure) => match Failure::of(&worker) {
            Ok(failure) => return Err(refusal(config, python, failure)),
            Err(gone) => Err(gone),
        },
        Err(gone) => Err(gone),
    };
    let described =
        described.map_err(|gone| gone_error(config, gone, place, worker.last_lines()))?;
    let spaces = described.spaces().map_err(|reason| GymError::Space {
        id: config.spec().to_owned(),
        reason,
    })?;
    Ok((worker, spaces))
}

/// The error for a worker that could not begin.
fn refusal(config: &GymConfig, python: String, failure: Failure) -> GymError {
    let (id, reason) = (config.spec().to_owned(), failure.error);
    match &*failure.kind {
        "gymnasium" => GymError::NoGymnasium { python, reason },
        "version" => GymError::OldGymnasium {
            python,
            found: reason,
        },
        "id" => GymError::UnknownId { id, reason },
        "dependency" | "import" => GymError::Missing { id, reason, python },
        "space" => GymError::Space { id, reason },
        _ => GymError::Make { id, reason },
    }
}

/// The error for a worker that is gone.
pub(crate) fn gone_error(
    config: &GymConfig,
    gone: Gone,
    place: String,
    stderr: String,
) -> GymError {
    let id = config.spec().to_owned();
    match gone {
        Gone::Ended(status) => GymError::Ended {
            id,
            place,
            status,
            stderr,
        },
        Gone::Deadline => GymError::Deadline {
            id,
            place,
            deadline: config.time_to_answer(),
            stderr,
        },
        Gone::Rubbish(found) => GymError::Rubbish {
            id,
            place,
            found,
            stderr,
        },
    }
}

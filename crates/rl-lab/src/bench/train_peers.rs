//! The peers' side: programs in Python, by the libraries that their users would take.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::process::{self, Pin};
use super::{TrainBenchError, Workload, own};

/// The files of the program, by their names.
const FILES: [(&str, &str); 6] = [
    ("__main__.py", include_str!("../../peers/train/__main__.py")),
    ("ppo_jax.py", include_str!("../../peers/train/ppo_jax.py")),
    ("ppo_sb3.py", include_str!("../../peers/train/ppo_sb3.py")),
    (
        "ppo_torch.py",
        include_str!("../../peers/train/ppo_torch.py"),
    ),
    ("shared.py", include_str!("../../peers/train/shared.py")),
    ("vpg.py", include_str!("../../peers/train/vpg.py")),
];

/// The program, unpacked.
pub struct Peers {
    python: PathBuf,
    place: TempDir,
}

/// A training by a peer.
#[derive(Debug, Deserialize)]
pub struct PeerRun {
    pub steps: u64,
    pub wall_s: f64,
    pub compile_s: Option<f64>,
    /// Read back from the objects that ran.
    pub config: Map<String, Value>,
    pub versions: BTreeMap<String, String>,
    #[serde(skip)]
    pub process_s: f64,
    #[serde(skip)]
    pub peak_bytes: Option<u64>,
}

impl Peers {
    /// For the interpreter `python`.
    pub fn new(python: &str) -> Result<Self, TrainBenchError> {
        let place = own::temporary()?;
        for (name, text) in FILES {
            let path = place.path().join(name);
            fs::write(&path, text).map_err(TrainBenchError::io("write", &path))?;
        }
        Ok(Self {
            python: PathBuf::from(python),
            place,
        })
    }

    /// Trains, and makes sure that the configuration was the workload's.
    pub fn train(
        &self,
        workload: &Workload,
        side: &str,
        seed: u64,
        pin: &Pin,
    ) -> Result<PeerRun, TrainBenchError> {
        let what = format!("{} by {side}", workload.name);
        let request = json!({
            "workload": workload.name, "side": side, "seed": seed, "config": workload.config,
        });
        let directory: &Path = self.place.path();
        let words = [&directory.to_string_lossy(), &*request.to_string()];
        let finished = process::run(&what, &self.python, &words, pin, directory)?;
        let run: PeerRun = finished
            .stdout
            .lines()
            .last()
            .ok_or_else(|| TrainBenchError::failed(&what, "said nothing"))
            .and_then(|line| {
                serde_json::from_str(line).map_err(|error| TrainBenchError::failed(&what, error))
            })?;
        if let Some(difference) = difference(&workload.config, &run.config) {
            return Err(TrainBenchError::Differs { what, difference });
        }
        Ok(PeerRun {
            process_s: finished.wall_s,
            peak_bytes: finished.peak_bytes,
            ..run
        })
    }
}

/// A key whose values differ, with both.
fn difference(asked: &Map<String, Value>, ran: &Map<String, Value>) -> Option<String> {
    // Python does not tell 1 from 1.0.
    let number = |value: Option<&Value>| value.and_then(Value::as_f64);
    let differs = |key: &&String| {
        let (asked, ran) = (asked.get(*key), ran.get(*key));
        asked != ran && (number(asked).is_none() || number(asked) != number(ran))
    };
    let key = asked.keys().chain(ran.keys()).find(differs)?;
    let shown = |value: Option<&Value>| value.map_or("not set".to_owned(), Value::to_string);
    let (ran, asked) = (shown(ran.get(key)), shown(asked.get(key)));
    Some(format!("{key} is {ran}, asked for was {asked}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_key_that_differs_is_a_difference() {
        let map = |value: Value| value.as_object().unwrap().clone();
        let asked = map(json!({ "gamma": 1, "env": "cartpole" }));
        let same = map(json!({ "gamma": 1.0, "env": "cartpole" }));
        assert_eq!(difference(&asked, &same), None);
        for (ran, key) in [
            (json!({ "gamma": 0.99, "env": "cartpole" }), "gamma is 0.99"),
            (json!({ "gamma": 1.0 }), "env is not set"),
            (
                json!({ "gamma": 1.0, "env": "cartpole", "size": 8 }),
                "size is 8",
            ),
        ] {
            let found = difference(&asked, &map(ran)).unwrap();
            assert!(found.contains(key), "{found}");
        }
    }

    #[test]
    fn a_program_that_is_no_interpreter_is_an_error_that_names_the_side() {
        let peers = Peers::new("false").unwrap();
        let workload = Workload::named("ppo-zoo").unwrap();
        let error = peers.train(&workload, "sb3", 0, &Pin::default());
        let message = error.unwrap_err().to_string();
        assert!(message.starts_with("ppo-zoo by sb3: "), "{message}");
    }
}

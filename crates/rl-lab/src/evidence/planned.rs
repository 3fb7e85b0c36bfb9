//! Runs that are planned, each a process of its own.
//!
//! Concurrent backward passes within one process are not safe on every backend, and a run that
//! dies takes no other with it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rl_train::{Layers, Origin, Registry, UsageError};
use serde_json::{Map, Value};
use toml::Table;

use super::completed::CompletedRun;
use super::{Claim, EvidenceConfig, EvidenceError};
use crate::files::FileError;
use crate::files::read;
use crate::settings::{differences, of_table};

/// The keys that the runs set themselves.
const OWN_KEYS: [&str; 6] = ["preset", "env", "algo", "seed", "out", "quiet"];

/// Environment variable with the process that a training belongs to: it ends when that one does.
pub const PARENT_VARIABLE: &str = "RL_PARENT";

/// Planned run of a claim's preset with one seed.
pub struct Planned {
    pub claim: &'static Claim,
    pub seed: u64,
    /// Its whole configuration.
    pub config: Map<String, Value>,
    pub directory: PathBuf,
}

impl Planned {
    pub fn new(
        config: &EvidenceConfig,
        registry: &Registry,
        claim: &'static Claim,
        seed: u64,
    ) -> Result<Self, EvidenceError> {
        let mut layers = Layers::new(registry);
        layers.set("preset", claim.preset, &Origin::Flag("--preset".into()))?;
        for (key, value) in &config.set {
            if OWN_KEYS.contains(&key.as_str()) {
                let message = format!("--set {key}: every run of the evidence has its own {key}");
                return Err(UsageError(message).into());
            }
            layers.set(key, value, &Origin::Flag(format!("--set {key}")))?;
        }
        layers.set("seed", &seed.to_string(), &Origin::Flag("--seeds".into()))?;
        // All but the seed is the same: if the first run can be made, so can the others.
        let run = if seed == config.seeds.start {
            layers.start()?.0
        } else {
            layers.finish()?
        };
        let name = format!("{}-seed{seed}", claim.preset);
        let directory = config.out.join("runs").join(name);
        Ok(Self {
            claim,
            seed,
            config: of_table(&run.to_repeat()?),
            directory,
        })
    }

    /// The finished run in `directory`, which must be the planned one.
    pub fn read(&self, directory: &Path) -> Result<CompletedRun, EvidenceError> {
        let path = directory.join("config.toml");
        let ran: Table =
            read(&path)?
                .parse()
                .map_err(|error: toml::de::Error| EvidenceError::Damaged {
                    path,
                    reason: error.message().to_owned(),
                })?;
        let differences: Vec<String> = differences(&self.config, &of_table(&ran))
            .iter()
            .map(|x| format!("{} is {} there and {} here", x.key, x.ran, x.asked))
            .collect();
        if !differences.is_empty() {
            return Err(EvidenceError::OtherRun {
                directory: directory.to_owned(),
                differences: differences.join(", "),
            });
        }
        let path = directory.join("summary.json");
        let summary = read(&path)?;
        let summary = serde_json::from_str(&summary).map_err(|error| EvidenceError::Damaged {
            path,
            reason: error.to_string(),
        })?;
        Ok(CompletedRun {
            claim: self.claim,
            seed: self.seed,
            summary,
        })
    }

    /// Runs it in a process of its own. Its directory gets its name when it is complete, so that an
    /// interrupted run is not taken for a complete one.
    pub fn execute(&self, config: &EvidenceConfig) -> Result<CompletedRun, EvidenceError> {
        let mut partial = self.directory.clone().into_os_string();
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        if partial.exists() {
            fs::remove_dir_all(&partial).map_err(FileError::new("write", &partial))?;
        }
        let mut train = Command::new(&config.program);
        train.args(["train", "--quiet", "--preset", self.claim.preset]);
        train.args(["--seed", &self.seed.to_string()]);
        for (key, value) in &config.set {
            train.args(["--set", &format!("{key}={value}")]);
        }
        train.arg("--out").arg(&partial).stdin(Stdio::null());
        train.env(PARENT_VARIABLE, std::process::id().to_string());
        let output = train.output().map_err(|source| EvidenceError::Start {
            program: config.program.clone(),
            source,
        })?;
        if !output.status.success() {
            let errors = String::from_utf8_lossy(&output.stderr);
            let errors = errors.trim().trim_start_matches("error: ");
            return Err(EvidenceError::Failed(if errors.is_empty() {
                output.status.to_string()
            } else {
                errors.to_owned()
            }));
        }
        let run = self.read(&partial)?;
        fs::rename(&partial, &self.directory).map_err(FileError::new("write", &self.directory))?;
        Ok(run)
    }
}

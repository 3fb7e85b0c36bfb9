//! The runs behind the evidence, each a process of its own.
//!
//! Concurrent backward passes within one process are not safe on every backend, and a run that
//! dies takes no other with it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde::Deserialize;
use toml::{Table, Value};

use super::{Claim, EvidenceConfig, EvidenceError};
use rl_train::{Backend, Config, Origin, UsageError};

/// The keys that the runs set themselves.
const OWN_KEYS: [&str; 6] = ["preset", "env", "algo", "seed", "out", "quiet"];

/// A finished run.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// The claim that it is for.
    pub claim: &'static Claim,
    /// Its seed.
    pub seed: u64,
    /// What it came to.
    pub result: RunResult,
}

/// The part of `summary.json` that evidence is made of.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct RunResult {
    /// Environment steps.
    pub env_steps: u64,
    /// Environment steps at which the last update began to gather its own.
    pub env_steps_before_last_update: u64,
    /// Updates.
    pub updates: u64,
    /// Seconds from the first step to the last update.
    pub wall_s: f64,
    /// Environment steps per second.
    pub env_steps_per_s: f64,
    /// The final policy's likeliest actions.
    pub evaluation: RunEvaluation,
}

/// The returns of a run's final policy.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct RunEvaluation {
    /// Number of episodes.
    pub episodes: u64,
    /// Mean return: the score of the run.
    pub return_mean: f64,
    /// Standard deviation of the returns.
    pub return_std: f64,
    /// Smallest return.
    pub return_min: f64,
    /// Largest return.
    pub return_max: f64,
}

/// How far the runs are, after each.
#[derive(Clone, Debug, PartialEq)]
pub struct EvidenceProgress {
    /// The claim that the run is for.
    pub claim: &'static Claim,
    /// The run's seed.
    pub seed: u64,
    /// Its score, if it did not fail.
    pub score: Option<f64>,
    /// What it took.
    pub took: Duration,
    /// Runs that have ended so far, those of earlier calls among them.
    pub ended: usize,
    /// Of how many.
    pub total: usize,
    /// About how long the others will take.
    pub left: Duration,
}

/// A run to be had.
struct Planned {
    claim: &'static Claim,
    seed: u64,
    config: Table,
    directory: PathBuf,
}

/// Every run of the claims, by claim and seed, whichever ended first.
pub(super) fn run_all(
    config: &EvidenceConfig,
    claims: &[&'static Claim],
    progress: &mut dyn FnMut(&EvidenceProgress),
) -> Result<Vec<Run>, EvidenceError> {
    let mut planned = Vec::new();
    for claim in claims {
        for seed in 0..config.seeds {
            planned.push(Planned::new(config, claim, seed)?);
        }
    }
    let mut outcomes = Vec::with_capacity(planned.len());
    for run in &planned {
        let there = run.directory.exists();
        outcomes.push(there.then(|| run.read(&run.directory)).transpose()?.map(Ok));
    }
    let directory = config.out.join("runs");
    fs::create_dir_all(&directory).map_err(EvidenceError::io("write", &directory))?;

    let missing = |outcome: &Option<_>| outcome.is_none();
    let queue: Vec<usize> = (0..planned.len())
        .filter(|&index| outcomes.get(index).is_some_and(missing))
        .collect();
    let (next, start) = (AtomicUsize::new(0), Instant::now());
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..config.jobs.min(queue.len()) {
            let sender = sender.clone();
            let (next, queue, planned) = (&next, &queue, &planned);
            scope.spawn(move || {
                while let Some(&index) = queue.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let start = Instant::now();
                    let outcome = planned[index].execute(config);
                    if sender.send((index, start.elapsed(), outcome)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        for (ended, (index, took, outcome)) in (1..).zip(receiver) {
            let left = queue.len() - ended;
            progress(&EvidenceProgress {
                claim: planned[index].claim,
                seed: planned[index].seed,
                score: outcome.as_ref().ok().map(Run::score),
                took,
                ended: planned.len() - left,
                total: planned.len(),
                left: start.elapsed().mul_f64(left as f64 / ended as f64),
            });
            outcomes[index] = Some(outcome);
        }
    });
    let total = planned.len();
    let (mut runs, mut failures) = (Vec::with_capacity(total), Failures::default());
    for (planned, outcome) in planned.iter().zip(outcomes.into_iter().flatten()) {
        match outcome {
            Ok(run) => runs.push(run),
            Err(error) => failures.add(planned, error.to_string()),
        }
    }
    if runs.len() == total {
        return Ok(runs);
    }
    Err(EvidenceError::Runs {
        failed: total - runs.len(),
        total,
        reasons: failures.text(),
        directory,
    })
}

impl Run {
    /// The mean return of its evaluation.
    pub fn score(&self) -> f64 {
        self.result.evaluation.return_mean
    }

    /// Whether it started its last update within the budget.
    pub fn is_within_budget(&self) -> bool {
        self.result.env_steps_before_last_update <= self.claim.budget
    }
}

impl Planned {
    fn new(
        config: &EvidenceConfig,
        claim: &'static Claim,
        seed: u64,
    ) -> Result<Self, EvidenceError> {
        let mut layers = Config::layers();
        layers.set("preset", claim.preset, &Origin::Flag("--preset".into()))?;
        for (key, value) in &config.set {
            if OWN_KEYS.contains(&key.as_str()) {
                let message = format!("--set {key}: every run of the evidence has its own {key}");
                return Err(UsageError(message).into());
            }
            layers.set(key, value, &Origin::Flag(format!("--set {key}")))?;
        }
        layers.set("seed", &seed.to_string(), &Origin::Flag("--seeds".into()))?;
        let run = layers.finish()?;
        if let Some(backend) = Backend::from_name(&run.backend)
            && !backend.is_compiled()
        {
            backend.device()?;
        }
        let name = format!("{}-seed{seed}", claim.preset);
        let directory = config.out.join("runs").join(name);
        Ok(Self {
            claim,
            seed,
            config: table(&run.to_toml()?, &directory)?,
            directory,
        })
    }

    /// The finished run in `directory`, which must be the planned one.
    fn read(&self, directory: &Path) -> Result<Run, EvidenceError> {
        let text = |name: &str| {
            let path = directory.join(name);
            let text = fs::read_to_string(&path).map_err(EvidenceError::io("read", &path))?;
            Ok::<_, EvidenceError>((path, text))
        };
        let (path, config) = text("config.toml")?;
        let differences = differences(&table(&config, &path)?, &self.config);
        if !differences.is_empty() {
            return Err(EvidenceError::OtherRun {
                directory: directory.to_owned(),
                differences: differences.join(", "),
            });
        }
        let (path, summary) = text("summary.json")?;
        let result = serde_json::from_str(&summary).map_err(|error| EvidenceError::Damaged {
            path,
            reason: error.to_string(),
        })?;
        Ok(Run {
            claim: self.claim,
            seed: self.seed,
            result,
        })
    }

    /// Runs it. Its directory gets its name when it is complete: what was interrupted is not
    /// taken for a run.
    fn execute(&self, config: &EvidenceConfig) -> Result<Run, EvidenceError> {
        let mut partial = self.directory.clone().into_os_string();
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        if partial.exists() {
            fs::remove_dir_all(&partial).map_err(EvidenceError::io("write", &partial))?;
        }
        let mut train = Command::new(&config.program);
        train.args(["train", "--quiet", "--preset", self.claim.preset]);
        train.args(["--seed", &self.seed.to_string()]);
        for (key, value) in &config.set {
            train.args(["--set", &format!("{key}={value}")]);
        }
        train.arg("--out").arg(&partial).stdin(Stdio::null());
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
        fs::rename(&partial, &self.directory)
            .map_err(EvidenceError::io("write", &self.directory))?;
        Ok(run)
    }
}

fn table(text: &str, path: &Path) -> Result<Table, EvidenceError> {
    text.parse()
        .map_err(|error: toml::de::Error| EvidenceError::Damaged {
            path: path.to_owned(),
            reason: error.message().to_owned(),
        })
}

/// The keys whose values differ, with both.
fn differences(there: &Table, here: &Table) -> Vec<String> {
    let shown = |value: Option<&Value>| value.map_or("not set".to_owned(), Value::to_string);
    let keys: BTreeSet<&String> = there.keys().chain(here.keys()).collect();
    keys.into_iter()
        .map(|key| (key, there.get(key), here.get(key)))
        .filter(|(_, there, here)| there != here)
        .map(|(key, there, here)| {
            format!("{key} is {} there and {} here", shown(there), shown(here))
        })
        .collect()
}

/// Why runs failed, told once for all seeds that failed alike.
#[derive(Default)]
struct Failures(Vec<(&'static str, String, Vec<String>)>);

impl Failures {
    fn add(&mut self, run: &Planned, reason: String) {
        let (preset, seed) = (run.claim.preset, run.seed.to_string());
        let alike =
            |(other, told, _): &&mut (&str, String, Vec<_>)| *other == preset && *told == reason;
        match self.0.iter_mut().find(alike) {
            Some((_, _, seeds)) => seeds.push(seed),
            None => self.0.push((preset, reason, vec![seed])),
        }
    }

    fn text(&self) -> String {
        let line = |(preset, reason, seeds): &(&str, String, Vec<String>)| {
            let plural = if seeds.len() == 1 { "" } else { "s" };
            format!(
                "\n  preset {preset}, seed{plural} {}: {reason}",
                seeds.join(", ")
            )
        };
        self.0.iter().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::CLAIMS;

    #[test]
    fn a_key_that_differs_is_named_with_both_values() {
        let there: Table = "gamma = 0.9\nsize = 64\nsteps = 5".parse().unwrap();
        let here: Table = "gamma = 0.99\nsize = 64".parse().unwrap();
        assert_eq!(
            differences(&there, &here),
            [
                "gamma is 0.9 there and 0.99 here",
                "steps is 5 there and not set here"
            ]
        );
        assert!(differences(&here, &here).is_empty());
    }

    #[test]
    fn a_run_keeps_its_budget_if_its_last_update_starts_within_it() {
        let claim: &'static Claim = &CLAIMS[0];
        let run = |env_steps_before_last_update| Run {
            claim,
            seed: 0,
            result: RunResult {
                env_steps: 2 * claim.budget,
                env_steps_before_last_update,
                updates: 10,
                wall_s: 1.0,
                env_steps_per_s: 1.0,
                evaluation: RunEvaluation {
                    episodes: 1,
                    return_mean: 0.0,
                    return_std: 0.0,
                    return_min: 0.0,
                    return_max: 0.0,
                },
            },
        };
        assert!(run(claim.budget).is_within_budget());
        assert!(!run(claim.budget + 1).is_within_budget());
    }

    #[test]
    fn what_failed_alike_is_told_once() {
        let mut failures = Failures::default();
        let planned = |seed| Planned {
            claim: &CLAIMS[0],
            seed,
            config: Table::new(),
            directory: PathBuf::new(),
        };
        for (seed, reason) in [(0, "this"), (1, "that"), (2, "this")] {
            failures.add(&planned(seed), reason.into());
        }
        let preset = CLAIMS[0].preset;
        let expected =
            format!("\n  preset {preset}, seeds 0, 2: this\n  preset {preset}, seed 1: that");
        assert_eq!(failures.text(), expected);
    }
}

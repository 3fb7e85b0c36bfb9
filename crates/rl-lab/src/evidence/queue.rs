//! The queue of the runs.

use std::fs::{self, File, TryLockError};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rl_train::Registry;

use super::completed::CompletedRun;
use super::planned::Planned;
use super::{Claim, EvidenceConfig, EvidenceError};
use crate::files::FileError;

/// Progress of the runs after the end of one of them.
#[derive(Clone, Debug, PartialEq)]
pub struct EvidenceProgress {
    /// Preset of the run.
    pub preset: &'static str,
    /// The run's seed.
    pub seed: u64,
    /// Its score, if it did not fail.
    pub score: Option<f64>,
    /// Time that it took.
    pub took: Duration,
    /// Runs that have ended so far, those of earlier calls among them.
    pub ended: usize,
    /// Number of all runs.
    pub total: usize,
    /// Time that the others will take, about.
    pub left: Duration,
}

/// Completed runs of the claims, by claim and seed; those that are not there yet are run, some at a
/// time.
pub fn run_all(
    config: &EvidenceConfig,
    registry: &Registry,
    claims: &[&'static Claim],
    progress: &mut dyn FnMut(&EvidenceProgress),
) -> Result<Vec<CompletedRun>, EvidenceError> {
    let mut planned = Vec::new();
    for claim in claims {
        for seed in config.seeds.clone() {
            planned.push(Planned::new(config, registry, claim, seed)?);
        }
    }
    let directory = config.out.join("runs");
    fs::create_dir_all(&directory).map_err(FileError::new("write", &directory))?;
    let _lock = lock(&directory)?;
    let mut outcomes = Vec::with_capacity(planned.len());
    for run in &planned {
        let there = run.directory.exists();
        outcomes.push(there.then(|| run.read(&run.directory)).transpose()?.map(Ok));
    }

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
                preset: planned[index].claim.preset,
                seed: planned[index].seed,
                score: outcome.as_ref().ok().map(CompletedRun::score),
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

/// Lock of the directory of the runs, which the system releases when this process ends.
fn lock(directory: &Path) -> Result<File, EvidenceError> {
    let path = directory.join("lock");
    let file = File::create(&path).map_err(FileError::new("write", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(EvidenceError::InUse {
            directory: directory.to_owned(),
        }),
        Err(TryLockError::Error(source)) => Err(FileError::new("write", &path)(source).into()),
    }
}

/// Reasons why runs failed, each once for all seeds that failed alike.
#[derive(Default)]
struct Failures(Vec<(&'static str, String, Vec<String>)>);

impl Failures {
    fn add(&mut self, run: &Planned, reason: String) {
        let (preset, seed) = (run.claim.preset, run.seed.to_string());
        // The seeds stand beside it.
        let reason = reason.replace(&format!(" of the run with seed {seed}"), "");
        let alike =
            |(other, known, _): &&mut (&str, String, Vec<_>)| *other == preset && *known == reason;
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
    use std::path::PathBuf;

    use serde_json::Map;

    use super::*;
    use crate::evidence::claims::CLAIMS;

    #[test]
    fn runs_that_failed_alike_share_a_line() {
        let mut failures = Failures::default();
        let planned = |seed| Planned {
            claim: &CLAIMS[0],
            seed,
            config: Map::new(),
            directory: PathBuf::new(),
        };
        for (seed, reason) in [(0, "this"), (1, "that"), (2, "this")] {
            let reason = format!("{reason} of the run with seed {seed}, step 3");
            failures.add(&planned(seed), reason);
        }
        let preset = CLAIMS[0].preset;
        let expected = format!(
            "\n  preset {preset}, seeds 0, 2: this, step 3\n  preset {preset}, seed 1: that, step 3"
        );
        assert_eq!(failures.text(), expected);
    }
}

//! Pool of processes that works off a list of runs.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rl_train::UsageError;

use super::failures::Failures;
use super::job::{Job, JobResult};
use super::{Gathered, JobError, Program, RunSummary, Shard, Share};
use crate::files::FileError;

/// Processes at a time, at most.
const MOST_AT_A_TIME: usize = 1024;

/// Progress of a list of runs after the end of one of them.
#[derive(Clone, Debug, PartialEq)]
pub struct JobProgress {
    /// Name of the run without its seed.
    pub label: String,
    /// The run's seed.
    pub seed: u64,
    /// Its score, if it did not fail.
    pub score: Option<f64>,
    /// Time that it took.
    pub took: Duration,
    /// Runs that have ended so far, those of earlier calls among them.
    pub ended: usize,
    /// Number of all runs, or of the shard's.
    pub total: usize,
    /// Time that the others will take, about.
    pub left: Duration,
}

/// Pool of processes over a directory, which it holds against other pools.
pub struct JobPool {
    directory: PathBuf,
    program: Program,
    at_a_time: usize,
    shard: Option<Shard>,
    keep_failed: bool,
    /// Held as long as the pool is; the system releases them when this process ends.
    _locks: Vec<File>,
}

impl JobPool {
    /// Claims `directory`, which is made if need be, for runs of `program` (the binary `rl`), 1 to 1024 at a time. Shards of
    /// one list may share a directory.
    ///
    /// # Errors
    /// [`JobError::Usage`], [`JobError::InUse`], [`JobError::File`].
    pub fn claim(
        directory: &Path,
        program: &Program,
        at_a_time: usize,
        shard: Option<Shard>,
    ) -> Result<Self, JobError> {
        Self::check(at_a_time)?;
        fs::create_dir_all(directory).map_err(FileError::new("write", directory))?;
        let mut locks = vec![lock(directory, "lock", shard.is_some())?];
        if let Some(shard) = shard {
            let name = format!("lock-{shard}").replace('/', "-of-");
            locks.push(lock(directory, &name, false)?);
        }
        Ok(Self {
            directory: directory.to_owned(),
            program: program.clone(),
            at_a_time,
            shard,
            keep_failed: false,
            _locks: locks,
        })
    }

    /// Refuses a number of processes at a time.
    ///
    /// # Errors
    /// [`UsageError`].
    pub fn check(at_a_time: usize) -> Result<(), UsageError> {
        if (1..=MOST_AT_A_TIME).contains(&at_a_time) {
            return Ok(());
        }
        Err(UsageError(format!(
            "{at_a_time} jobs (from --jobs): allowed are 1 to {MOST_AT_A_TIME}"
        )))
    }

    /// Takes a run that failed by itself for a result, rather than for an error.
    #[must_use]
    pub fn keep_failed(mut self) -> Self {
        self.keep_failed = true;
        self
    }

    /// Results of the jobs in their order; those that are not there yet are run, some at a time. Of a shard, only its
    /// share is run, and there are results once all other shards have left theirs.
    ///
    /// # Errors
    /// [`JobError`]. When runs fail, the others are kept.
    pub fn run(
        &self,
        jobs: &[Job],
        progress: &mut dyn FnMut(&JobProgress),
    ) -> Result<Gathered<Vec<JobResult>>, JobError> {
        let mut outcomes = Vec::with_capacity(jobs.len());
        for job in jobs {
            outcomes.push(self.result(job)?.map(Ok));
        }
        let takes = |index: usize| self.shard.is_none_or(|shard| shard.takes(index));
        let own: Vec<usize> = (0..jobs.len()).filter(|&index| takes(index)).collect();
        let queue: Vec<usize> = own
            .iter()
            .copied()
            .filter(|&index| outcomes[index].is_none())
            .collect();
        self.work_off(jobs, &queue, own.len(), &mut outcomes, progress);

        let mut failures = Failures::default();
        let mut failed = 0;
        let mut results = Vec::with_capacity(jobs.len());
        for (job, outcome) in jobs.iter().zip(outcomes) {
            match outcome {
                Some(Ok(result)) => results.push(result),
                Some(Err(error)) => {
                    failed += 1;
                    failures.add(job, &error.to_string());
                }
                // Another shard may have made it meanwhile.
                None => results.extend(self.result(job)?),
            }
        }
        if failed > 0 {
            return Err(JobError::Runs {
                failed,
                total: own.len(),
                reasons: failures.text(),
                directory: self.directory.clone(),
            });
        }
        Ok(match self.shard {
            Some(shard) if results.len() < jobs.len() => Gathered::Share(Share {
                shard,
                complete: results.len(),
                total: jobs.len(),
                directory: self.directory.clone(),
            }),
            _ => Gathered::All(results),
        })
    }

    /// The result of a job, if it is there.
    fn result(&self, job: &Job) -> Result<Option<JobResult>, JobError> {
        let directory = self.directory.join(&job.name);
        let there = directory.exists();
        there.then(|| job.read(&directory)).transpose()
    }

    /// Runs the jobs of a queue, `own` with those that were there before.
    fn work_off(
        &self,
        jobs: &[Job],
        queue: &[usize],
        own: usize,
        outcomes: &mut [Option<Result<JobResult, JobError>>],
        progress: &mut dyn FnMut(&JobProgress),
    ) {
        let (next, start) = (AtomicUsize::new(0), Instant::now());
        let (sender, receiver) = mpsc::channel();
        std::thread::scope(|scope| {
            for _ in 0..self.at_a_time.min(queue.len()) {
                let (sender, next) = (sender.clone(), &next);
                scope.spawn(move || {
                    while let Some(&index) = queue.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let start = Instant::now();
                        let outcome =
                            jobs[index].execute(&self.program, &self.directory, self.keep_failed);
                        if sender.send((index, start.elapsed(), outcome)).is_err() {
                            break;
                        }
                    }
                });
            }
            drop(sender);
            for (ended, (index, took, outcome)) in (1..).zip(receiver) {
                let left = queue.len() - ended;
                let summary = outcome.as_ref().ok().and_then(JobResult::summary);
                progress(&JobProgress {
                    label: jobs[index].label.clone(),
                    seed: jobs[index].seed,
                    score: summary.map(RunSummary::score),
                    took,
                    ended: own - left,
                    total: own,
                    left: start.elapsed().mul_f64(left as f64 / ended as f64),
                });
                outcomes[index] = Some(outcome);
            }
        });
    }
}

/// Lock of a directory by a file of a name, of this process alone or shared.
fn lock(directory: &Path, name: &str, shared: bool) -> Result<File, JobError> {
    let path = directory.join(name);
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(FileError::new("write", &path))?;
    let locked = match shared {
        true => file.try_lock_shared(),
        false => file.try_lock(),
    };
    match locked {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(JobError::InUse {
            directory: directory.to_owned(),
        }),
        Err(TryLockError::Error(source)) => Err(FileError::new("write", &path)(source).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_share_a_directory_that_nobody_else_is_let_into() {
        let place = tempfile::tempdir().unwrap();
        let claim = |shard: Option<&str>| {
            let shard = shard.map(|text| text.parse().unwrap());
            JobPool::claim(place.path(), &Program::default(), 1, shard)
        };
        let first = claim(Some("1/2")).unwrap();
        let second = claim(Some("2/2")).unwrap();
        for taken in [Some("1/2"), Some("2/2"), None] {
            let error = claim(taken).err().unwrap().to_string();
            assert!(error.contains("is in use"), "{error}");
        }
        drop((first, second));
        let _whole = claim(None).unwrap();
        assert!(claim(Some("1/2")).is_err() && claim(None).is_err());
    }

    #[test]
    fn the_number_of_processes_is_at_least_1() {
        for at_a_time in [0, 1025] {
            let error = JobPool::check(at_a_time).unwrap_err().to_string();
            assert!(
                error.contains("--jobs") && error.contains("1 to 1024"),
                "{error}"
            );
        }
    }
}

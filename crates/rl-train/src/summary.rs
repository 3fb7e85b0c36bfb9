//! The result of a run.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::Serialize;
use toml::Value;

use crate::evaluate::{Evaluation, are_better, moments};
use crate::provenance::{Program, cpu, line, utc};
use crate::symptoms::Symptoms;
use crate::view::{Outcome, RunView};

/// Version of Burn in `Cargo.lock`.
pub const BURN_VERSION: &str = "0.22.1";

/// Result of a run: `summary.json`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// End of the run: `finished` with its budget spent, `reached` its goal early, `time_limit`
    /// with its time up, `interrupted` or `failed`.
    pub outcome: &'static str,
    /// Name of the environment.
    pub env: String,
    /// Name of the algorithm.
    pub algo: String,
    /// Name of the preset it started from.
    pub preset: String,
    /// Seed of the run.
    pub seed: u64,
    /// Name of the backend.
    pub backend: String,
    /// Environment steps.
    pub env_steps: u64,
    /// Environment steps at which the last update began to gather its own.
    pub env_steps_before_last_update: u64,
    /// Updates.
    pub updates: u64,
    /// Finished episodes.
    pub episodes: u64,
    /// Seconds that all updates took, those before an interruption among them.
    pub wall_s: f64,
    /// Seconds of acting, since the run was started or resumed.
    pub acting_s: f64,
    /// Seconds of learning, since the run was started or resumed.
    pub learning_s: f64,
    /// Environment steps per second.
    pub env_steps_per_s: f64,
    /// Mean return of late: see [`RecentReturns`](crate::RecentReturns). That of the evaluation
    /// where no episode ended.
    pub final_return_mean: f64,
    /// The largest such mean after an update.
    pub best_return_mean: f64,
    /// Evaluation of the final policy, its likeliest actions, over 100 episodes; only of a run that is
    /// complete.
    pub evaluation: Option<Evaluation>,
    /// Evaluation of its drawn actions, which training acts by, over the same episodes.
    pub evaluation_stochastic: Option<Evaluation>,
    /// Mean return of the initial policy, its actions drawn, over the first 20 of them.
    pub initial_return_mean: Option<f64>,
    /// Policy file that it started from, if it did.
    pub init_from: Option<String>,
    /// Flag: drawn actions of the final policy return more than those of the initial one, by more than
    /// two standard errors of the difference.
    pub learned: Option<bool>,
    /// Signs that it did not learn, in words.
    pub notes: Vec<String>,
    /// Versions that made it.
    pub versions: Versions,
    /// Name of the processor.
    pub cpu: String,
    /// End of the run, in UTC: `2026-01-31T23:59:59Z`.
    pub date: String,
    /// Command that made or resumed it, where a program says so.
    pub command_line: Option<String>,
    /// The run directory.
    #[serde(skip)]
    pub directory: PathBuf,
}

/// Versions that a result depends on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Versions {
    /// Version of this project.
    pub rl: &'static str,
    /// Version of Burn.
    pub burn: &'static str,
    /// Commit of the program, where it says so; with `-dirty` for files that differ from it.
    pub commit: Option<&'static str>,
    /// Version of the compiler, where the program says so.
    pub compiler: Option<&'static str>,
}

impl Summary {
    /// The summary of a run that ends, with seconds of all updates, of acting and of learning.
    pub(crate) fn of(
        run: &dyn RunView,
        outcome: Outcome,
        env_steps_before_last_update: u64,
        [wall_s, acting_s, learning_s]: [f64; 3],
        evaluations: Option<[Evaluation; 2]>,
        (initial_returns, symptoms): (&[f64], &Symptoms),
        (program, directory): (&Program, &Path),
    ) -> Self {
        let (clock, config, recent) = (run.clock(), run.config(), run.recent_returns());
        let word = |key: &str| {
            let text = config.get(key).and_then(Value::as_str);
            text.unwrap_or_default().to_owned()
        };
        let (evaluation, evaluation_stochastic) = evaluations.map(Into::into).unzip();
        let drawn = evaluation_stochastic.as_ref();
        let drawn = drawn.filter(|_: &&Evaluation| !initial_returns.is_empty());
        // Where no episode ended, the evaluation is all that is known.
        let known = |mean: f64| {
            let judged = evaluation.as_ref().map_or(mean, |e| e.return_mean);
            if mean.is_finite() { mean } else { judged }
        };
        Self {
            outcome: outcome.name(),
            env: run.source().name().to_owned(),
            algo: run.algorithm().to_owned(),
            preset: word("preset"),
            seed: run.seed(),
            backend: word("backend"),
            env_steps: clock.env_steps,
            env_steps_before_last_update,
            updates: clock.updates,
            episodes: clock.episodes,
            wall_s,
            acting_s,
            learning_s,
            env_steps_per_s: clock.env_steps as f64 / wall_s.max(f64::MIN_POSITIVE),
            final_return_mean: known(recent.mean()),
            best_return_mean: known(recent.best()),
            evaluation,
            init_from: config
                .get("init_from")
                .and_then(Value::as_str)
                .map(str::to_owned),
            learned: drawn.map(|drawn| are_better(&drawn.returns, initial_returns)),
            initial_return_mean: drawn.map(|_| moments(initial_returns).0),
            evaluation_stochastic,
            notes: symptoms.notes(run, initial_returns),
            versions: Versions {
                rl: env!("CARGO_PKG_VERSION"),
                burn: BURN_VERSION,
                commit: program.commit,
                compiler: program.compiler,
            },
            cpu: cpu(),
            date: utc(SystemTime::now()),
            command_line: match program.command_line.as_slice() {
                [] => None,
                words => Some(line(words)),
            },
            directory: directory.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_version_of_burn_is_the_locked_one() {
        let lock = include_str!("../../../Cargo.lock");
        let entry = format!("name = \"burn\"\nversion = \"{}\"", super::BURN_VERSION);
        assert!(lock.contains(&entry));
    }
}

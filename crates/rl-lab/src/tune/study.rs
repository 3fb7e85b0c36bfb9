//! The search: trials in groups, of which the worse half ends early, and a final of the best.

use std::time::Instant;

use rl_train::Registry;

use super::config::TuneConfig;
use super::error::TuneError;
use super::progress::TuneProgress;
use super::ranges::TunedKey;
use super::sampler::{Places, Sampler};
use super::trial::{Measured, Trial, TrialState};

use crate::jobs::{Gathered, JobPool, JobResult, Recipe, shown};
use crate::statistics::median;

/// Trials that are drawn together, whatever the number of processes, so that it changes no result.
const GROUP: usize = 4;
/// Trials of the final.
const FINALISTS: usize = 4;
/// Factor on the seeds of the final.
const FINAL_SEEDS: u64 = 4;
/// Draws for one trial, at most: those that make no run are drawn anew.
const DRAWS: usize = 1000;

/// Search in progress.
pub struct Study<'a> {
    config: &'a TuneConfig,
    registry: &'a Registry,
    keys: &'a [TunedKey],
    pool: JobPool,
    sampler: Sampler,
    trials: Vec<Trial>,
}

impl<'a> Study<'a> {
    /// A search without a trial.
    ///
    /// # Errors
    /// [`TuneError::Sampler`].
    pub fn new(
        config: &'a TuneConfig,
        registry: &'a Registry,
        keys: &'a [TunedKey],
        pool: JobPool,
    ) -> Result<Self, TuneError> {
        Ok(Self {
            config,
            registry,
            keys,
            pool,
            sampler: Sampler::new(keys, config.seed)?,
            trials: Vec::new(),
        })
    }

    /// Makes the trials and the final.
    ///
    /// # Errors
    /// [`TuneError`].
    pub fn search(
        mut self,
        progress: &mut dyn FnMut(&TuneProgress),
    ) -> Result<Vec<Trial>, TuneError> {
        let start = Instant::now();
        let has_time = || self.config.time.is_none_or(|time| start.elapsed() < time);
        while self.trials.len() < self.config.trials && (self.trials.is_empty() || has_time()) {
            let first = self.trials.len();
            for number in first..self.config.trials.min(first + GROUP) {
                let trial = self.draw(number)?;
                self.trials.push(trial);
            }
            self.run(first)?;
            for trial in &self.trials[first..] {
                self.sampler.learn(&trial.places, trial.objective())?;
                progress(&TuneProgress {
                    trial: trial.number,
                    trials: self.config.trials,
                    state: trial.state,
                    score: trial.score(),
                    took: start.elapsed(),
                });
            }
        }
        self.last_round(progress, start)?;
        Ok(self.trials)
    }

    /// The base first, then values of the sampler's.
    fn draw(&mut self, number: usize) -> Result<Trial, TuneError> {
        if number == 0 {
            return self.base();
        }
        let mut reason = String::new();
        for _ in 0..DRAWS {
            let (places, values) = self.sampler.draw()?;
            let own = self.keys.iter().zip(&values);
            let own = own.map(|(tuned, value)| (tuned.key.clone(), value.clone()));
            let recipe = Recipe {
                config: self.config.config.clone(),
                set: self.config.set.iter().cloned().chain(own).collect(),
            };
            match recipe.check(self.registry, &(0..1)) {
                Ok(keys) => return Ok(Self::trial(number, values, places, recipe, keys)),
                Err(error) => {
                    reason = error.to_string();
                    self.sampler.learn(&places, f64::NEG_INFINITY)?;
                }
            }
        }
        Err(TuneError::NoRun {
            draws: DRAWS,
            reason,
        })
    }

    fn base(&self) -> Result<Trial, TuneError> {
        let recipe = self.config.base();
        let keys = recipe.check(self.registry, &(0..1))?;
        let value = |tuned: &TunedKey| keys.get(&tuned.key).map_or("none".to_owned(), shown);
        let values: Vec<String> = self.keys.iter().map(value).collect();
        let pairs = self.keys.iter().zip(&values);
        let places = pairs
            .map(|(tuned, value)| tuned.span.place(value))
            .collect();
        Ok(Self::trial(0, values, places, recipe, keys))
    }

    fn trial(
        number: usize,
        values: Vec<String>,
        places: Places,
        recipe: Recipe,
        keys: serde_json::Map<String, serde_json::Value>,
    ) -> Trial {
        Trial {
            number,
            values,
            places,
            recipe,
            keys,
            state: TrialState::Complete,
            runs: Vec::new(),
        }
    }

    /// Runs the trials from `first` on: their first seed, then the others of those that are not below the median of all
    /// first seeds so far. This is the median stopping rule (Golovin et al. 2017, "Google Vizier", section 3.2) with
    /// seeds for steps.
    fn run(&mut self, first: usize) -> Result<(), TuneError> {
        let group: Vec<usize> = (first..self.trials.len()).collect();
        self.run_seeds(&group, 1)?;
        let firsts: Vec<f64> = self
            .trials
            .iter()
            .filter_map(|trial| Some(trial.runs.first()?.objective()))
            .collect();
        let median = median(&firsts);
        let mut kept = Vec::new();
        for index in group {
            let trial = &mut self.trials[index];
            if trial.state == TrialState::Failed {
            } else if trial.objective() < median {
                trial.state = TrialState::Pruned;
            } else {
                kept.push(index);
            }
        }
        self.run_seeds(&kept, self.config.seeds_per_trial)
    }

    /// Runs the best trials with more seeds, so that the best of them is no accident of a few.
    fn last_round(
        &mut self,
        progress: &mut dyn FnMut(&TuneProgress),
        start: Instant,
    ) -> Result<(), TuneError> {
        let complete = |index: &usize| self.trials[*index].state == TrialState::Complete;
        let mut best: Vec<usize> = (0..self.trials.len()).filter(complete).collect();
        let objective = |index: &usize| self.trials[*index].objective();
        best.sort_by(|a, b| objective(b).total_cmp(&objective(a)));
        best.truncate(FINALISTS);
        self.run_seeds(&best, FINAL_SEEDS * self.config.seeds_per_trial)?;
        for index in best {
            let trial = &mut self.trials[index];
            if trial.state == TrialState::Complete {
                trial.state = TrialState::Finalist;
            }
            progress(&TuneProgress {
                trial: trial.number,
                trials: self.config.trials,
                state: trial.state,
                score: trial.score(),
                took: start.elapsed(),
            });
        }
        Ok(())
    }

    /// Runs the seeds of some trials up to a number of them.
    fn run_seeds(&mut self, trials: &[usize], seeds: u64) -> Result<(), TuneError> {
        let mut jobs = Vec::new();
        for &index in trials {
            let trial = &self.trials[index];
            for seed in trial.runs.len() as u64..seeds {
                let label = format!("trial {}", trial.number);
                let name = format!("trial-{}-seed{seed}", trial.number);
                let job = trial
                    .recipe
                    .job(("trial", &label), trial.keys.clone(), seed, name);
                jobs.push((index, job));
            }
        }
        let list: Vec<_> = jobs.iter().map(|(_, job)| job.clone()).collect();
        let results: Vec<JobResult> = match self.pool.run(&list, &mut |_| {})? {
            Gathered::All(results) => results,
            Gathered::Share(_) => Vec::new(),
        };
        for ((index, job), result) in jobs.iter().zip(&results) {
            let directory = self.config.out.join("runs").join(&job.name);
            let measured = Measured::of(result, &directory)?;
            let trial = &mut self.trials[*index];
            trial.runs.push(measured);
            if result.summary().is_none() {
                trial.state = TrialState::Failed;
            }
        }
        Ok(())
    }
}

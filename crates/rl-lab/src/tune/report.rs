//! Results of a tuning: the best trial as a preset, all of them as CSV and as a page.

use std::io;

use serde::{Serialize, Serializer};
use serde_json::json;

use super::TuneConfig;
use super::error::TuneError;
use super::importance::importance;
use super::ranges::TunedKey;
use super::trial::{Trial, TrialState};
use crate::jobs::{command, set_options};
use crate::table::{self, columns};

/// Trials of a tuning, and the best of them.
#[derive(Clone, Debug)]
pub struct Tuning {
    keys: Vec<TunedKey>,
    trials: Vec<Trial>,
    /// Index of the best.
    best: usize,
}

impl Serialize for Tuning {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let row = |trial: &Trial| {
            let names = self.keys.iter().map(|tuned| tuned.key.clone());
            let values: serde_json::Map<_, _> = names
                .zip(trial.values.iter().map(|value| value.clone().into()))
                .collect();
            json!({
                "trial": trial.number,
                "state": trial.state,
                "seeds": trial.runs.len(),
                "score": Some(trial.score()).filter(|score| score.is_finite()),
                "worst": Some(trial.worst()).filter(|score| score.is_finite()),
                "objective": Some(trial.objective()).filter(|score| score.is_finite()),
                "values": values,
            })
        };
        let importance = self.keys.iter().enumerate();
        let importance: serde_json::Map<_, _> = importance
            .map(|(i, tuned)| (tuned.key.clone(), self.importance(i).into()))
            .collect();
        json!({
            "best": row(self.best()),
            "base": row(&self.trials[0]),
            "importance": importance,
            "trials": self.trials.iter().map(row).collect::<Vec<_>>(),
        })
        .serialize(serializer)
    }
}

impl Tuning {
    /// The best of the finalists.
    ///
    /// # Errors
    /// [`TuneError::NoBest`] where every trial failed.
    pub(super) fn new(keys: Vec<TunedKey>, trials: Vec<Trial>) -> Result<Self, TuneError> {
        let finalists = trials
            .iter()
            .enumerate()
            .filter(|(_, trial)| trial.state == TrialState::Finalist);
        // Of equals the first, as the last of the reverse.
        let by_objective =
            |a: &(usize, &Trial), b: &(usize, &Trial)| a.1.objective().total_cmp(&b.1.objective());
        let best = finalists.rev().max_by(by_objective);
        let best = best.map(|(index, _)| index).ok_or(TuneError::NoBest)?;
        Ok(Self { keys, trials, best })
    }

    /// The tuned keys.
    pub(super) fn keys(&self) -> &[TunedKey] {
        &self.keys
    }

    /// All trials; the first is the base.
    pub(super) fn trials(&self) -> &[Trial] {
        &self.trials
    }

    /// The best trial.
    pub(super) fn best(&self) -> &Trial {
        &self.trials[self.best]
    }

    /// Share of the objectives' variance that a key explains by itself.
    pub(super) fn importance(&self, key: usize) -> f64 {
        let placed = |trial: &Trial| {
            let first = trial.runs.first()?.objective();
            Some((trial.places[key]?, first))
        };
        let places: Vec<_> = self.trials.iter().filter_map(placed).collect();
        importance(&places, self.keys[key].span.choices().is_some())
    }

    /// The whole configuration of the best trial but for a seed, as TOML.
    pub(super) fn preset(&self) -> String {
        let best = self.best();
        let mut keys = toml::Table::try_from(&best.keys).unwrap_or_default();
        keys.remove("seed");
        format!(
            "# Tuned: mean score {} of {} seeds, the worst {}\n{keys}",
            table::score(best.score()),
            best.runs.len(),
            table::score(best.worst())
        )
    }

    /// A row per key, in Markdown that can be read as it is: its value in the base and in the best trial, and its importance.
    pub fn table(&self) -> String {
        let base = &self.trials[0];
        let row = |(i, tuned): (usize, &TunedKey)| {
            vec![
                tuned.key.clone(),
                base.values[i].clone(),
                self.best().values[i].clone(),
                format!("{:.0} %", 100.0 * self.importance(i)),
            ]
        };
        let rows: Vec<_> = self.keys.iter().enumerate().map(row).collect();
        columns(&["key", "base", "best", "importance"], 1, &rows)
    }

    /// The scores of the base and of the best trial, a line for each.
    pub fn scores(&self) -> [String; 2] {
        let of = |name: &str, trial: &Trial| {
            let seeds = match trial.runs.len() {
                1 => "1 seed".to_owned(),
                n => format!("{n} seeds"),
            };
            let (score, worst) = (trial.score(), trial.worst());
            match score.is_finite() {
                true => format!(
                    "{name}: mean score {} of {seeds}, the worst {}",
                    table::score(score),
                    table::score(worst)
                ),
                false => format!("{name}: failed"),
            }
        };
        let best = of("best", self.best());
        let number = self.best().number;
        [
            of("base", &self.trials[0]),
            format!("{best} (trial {number})"),
        ]
    }

    /// A row per trial.
    pub(super) fn csv(&self) -> io::Result<Vec<u8>> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let columns = ["trial", "state", "seeds", "objective", "score", "worst"];
        let names = self.keys.iter().map(|tuned| tuned.key.as_str());
        writer.write_record(columns.into_iter().chain(names))?;
        for trial in &self.trials {
            let number = |x: f64| match x.is_finite() {
                true => x.to_string(),
                false => String::new(),
            };
            let cells = [
                trial.number.to_string(),
                trial.state.name().to_owned(),
                trial.runs.len().to_string(),
                number(trial.objective()),
                number(trial.score()),
                number(trial.worst()),
            ];
            writer.write_record(cells.iter().chain(&trial.values))?;
        }
        writer.into_inner().map_err(|error| error.into_error())
    }

    /// The table with its explanation, the picture, and the command that makes it again.
    pub(super) fn page(&self, config: &TuneConfig) -> String {
        let count = |state| {
            self.trials
                .iter()
                .filter(|trial| trial.state == state)
                .count()
        };
        let spans: String = self
            .keys
            .iter()
            .map(|tuned| format!("- `{}`: {}\n", tuned.key, tuned.span))
            .collect();
        let mut words = vec![
            "rl tune".to_owned(),
            set_options(config.config.as_deref(), config.set.iter().cloned()),
        ];
        words.extend(self.keys.iter().map(|tuned| {
            let span = match &tuned.span {
                super::Span::Numbers { low, high, .. } => format!("={low}..{high}"),
                super::Span::Choices(words) => format!("={}", words.join(",")),
                super::Span::Powers { .. } => String::new(),
            };
            format!("--key {}{span}", tuned.key)
        }));
        words.push(format!(
            "--trials {} --seeds-per-trial {} --seed {}",
            config.trials, config.seeds_per_trial, config.seed
        ));
        format!(
            "# Tuning\n\n\
             - {}\n\n{}\n\
             [`best.toml`](best.toml) is a preset: `rl train --config best.toml`.\n\n\
             {} trials, {} of them ended after their first seed, {} failed. A trial is judged by 0.9 of the mean score (the \
             mean return of 100 episodes of the final policy) and 0.1 of the mean return while it learned. It begins with seed \
             0; below the median of all first seeds it ends. The best four trials are run with four times the seeds.\n\n\
             *Importance* is the share of the variance of the first seeds' ranks that goes along with a key alone.\n\n\
             ![Objective of the first seed by each key](tune.svg)\n\n\
             Values were looked for in\n\n{spans}\n\
             [The trials, one by one](tune.csv).\n\n\
             ```sh\n{}\n```\n",
            self.scores().join("\n- "),
            self.table(),
            self.trials.len(),
            count(TrialState::Pruned),
            count(TrialState::Failed),
            command(words, config.jobs, &config.out)
        )
    }
}

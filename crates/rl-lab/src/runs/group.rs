//! Groups of runs that differ by their seeds alone.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use rl_train::{NO_PRESET, Registry};
use serde_json::{Map, Value};
use toml::Table;

use super::changes::{NOT_COMPARED, changed_keys, shown};
use super::error::RunsError;
use super::stored::StoredRun;
use crate::settings::{differences, of_table};

/// Runs whose configurations differ by nothing but their seeds.
#[derive(Clone, Debug, PartialEq)]
pub struct RunGroup {
    /// Name that tells it from the other groups: the preset or the algorithm, and the keys that differ.
    pub name: String,
    /// Keys that differ from the preset, with their values.
    pub changed: BTreeMap<String, String>,
    /// The runs by their seeds, one or more.
    pub runs: Vec<StoredRun>,
    /// Directories of runs that are left out, since the same seed gives the same run: of those with one seed, the group has the
    /// one that went farthest, and of equals the first.
    pub repeats: Vec<PathBuf>,
}

impl RunGroup {
    /// The groups of runs, in the order in which each has its first run.
    pub fn of(runs: Vec<StoredRun>, registry: &Registry) -> Vec<Self> {
        let mut groups: Vec<(Map<String, Value>, Self)> = Vec::new();
        for run in runs {
            let mut config = run.config().clone();
            for key in NOT_COMPARED {
                config.remove(key);
            }
            let config = of_table(&config);
            let same = |(other, _): &&mut (_, _)| differences(other, &config).is_empty();
            if let Some((_, group)) = groups.iter_mut().find(same) {
                group.runs.push(run);
                continue;
            }
            let group = Self {
                name: String::new(),
                changed: changed_keys(run.config(), registry),
                runs: vec![run],
                repeats: Vec::new(),
            };
            groups.push((config, group));
        }
        let mut groups: Vec<Self> = groups.into_iter().map(|(_, group)| group).collect();
        for group in &mut groups {
            let farthest_first = |run: &StoredRun| (run.seed(), Reverse(run.env_steps()));
            group.runs.sort_by_key(farthest_first);
            let repeats = &mut group.repeats;
            group.runs.dedup_by(|later, kept| {
                let repeats_it = later.seed() == kept.seed();
                repeats.extend(repeats_it.then(|| later.directory().to_owned()));
                repeats_it
            });
        }
        let names = names(&groups);
        for (group, name) in groups.iter_mut().zip(names) {
            group.name = name;
        }
        groups
    }

    /// The configuration of its runs, with the seed of the first.
    pub fn config(&self) -> &Table {
        self.runs[0].config()
    }

    /// Name of the environment.
    pub fn env(&self) -> &str {
        self.runs[0].env()
    }

    /// The seeds as a text: `seed 3`, `seeds 0–9`, or `seeds 1, 4, 7`; of more than four with gaps, their
    /// number.
    pub fn seeds(&self) -> String {
        let seeds: Vec<u64> = self.runs.iter().map(StoredRun::seed).collect();
        match seeds.as_slice() {
            [seed] => format!("seed {seed}"),
            [first, .., last] if last - first + 1 == seeds.len() as u64 => {
                format!("seeds {first}–{last}")
            }
            few if few.len() <= 4 => {
                let few: Vec<String> = few.iter().map(u64::to_string).collect();
                format!("seeds {}", few.join(", "))
            }
            many => format!("{} seeds", many.len()),
        }
    }

    /// Preset, or else environment and algorithm.
    fn origin(&self) -> String {
        let run = &self.runs[0];
        match run.word("preset") {
            NO_PRESET | "" => format!("{} {}", run.env(), run.algo()),
            preset => preset.to_owned(),
        }
    }
}

/// Refuses groups of several environments, whose returns mean different things, and no groups at all.
///
/// # Errors
/// [`RunsError::NotComparable`].
pub fn one_environment(groups: &[RunGroup]) -> Result<&str, RunsError> {
    let Some(first) = groups.first() else {
        return Err(RunsError::NotComparable(
            "there is no run to compare".into(),
        ));
    };
    match groups.iter().find(|group| group.env() != first.env()) {
        None => Ok(first.env()),
        Some(other) => Err(RunsError::NotComparable(format!(
            "{} is a run of {}, {} one of {}: returns of different environments cannot be compared",
            first.runs[0].directory().display(),
            first.env(),
            other.runs[0].directory().display(),
            other.env()
        ))),
    }
}

/// Names that differ: the origin where origins do, and each key of one's own whose values do. Groups of
/// one origin tell their values of each of these keys, changed or not.
fn names(groups: &[RunGroup]) -> Vec<String> {
    let origins: BTreeSet<String> = groups.iter().map(RunGroup::origin).collect();
    let is_alone = groups.len() == 1;
    let keys: BTreeSet<&String> = groups
        .iter()
        .flat_map(|group| group.changed.keys())
        .collect();
    let value = |group: &RunGroup, key: &str| group.config().get(key).map(shown);
    let name = |group: &RunGroup| {
        let mut parts = Vec::new();
        if origins.len() > 1 || is_alone {
            parts.push(group.origin());
        }
        for &key in &keys {
            let values: BTreeSet<_> = groups.iter().map(|group| value(group, key)).collect();
            let is_own = group.changed.contains_key(key) || origins.len() == 1;
            if let Some(value) = value(group, key).filter(|_| is_own)
                && (is_alone || values.len() > 1)
                && key != "preset"
            {
                parts.push(format!("{key}={value}"));
            }
        }
        match parts.is_empty() {
            true => group.origin(),
            false => parts.join(" "),
        }
    };
    groups.iter().map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Written, run};
    use super::*;

    fn groups(runs: &[(&str, u64)]) -> Vec<RunGroup> {
        let place = tempfile::tempdir().unwrap();
        let read = |(i, &(config, seed)): (usize, &(&str, u64))| {
            let written = Written {
                config,
                seed,
                ..run(&[1.0])
            };
            written.read(&place.path().join(i.to_string()))
        };
        RunGroup::of(
            runs.iter().enumerate().map(read).collect(),
            &Registry::default(),
        )
    }

    #[test]
    fn runs_that_differ_by_their_seed_are_one_group() {
        let (slow, fast) = ("learning_rate = 0.001\nquiet = true", "learning_rate = 0.5");
        let groups = groups(&[
            (slow, 3),
            (fast, 0),
            ("learning_rate = 0.001", 2),
            (fast, 1),
        ]);
        let seen: Vec<_> = groups
            .iter()
            .map(|group| (group.name.as_str(), group.seeds()))
            .collect();
        let expected = [
            ("learning_rate=0.001", "seeds 2–3"),
            ("learning_rate=0.5", "seeds 0–1"),
        ];
        assert_eq!(seen, expected.map(|(name, seeds)| (name, seeds.to_owned())));
    }

    #[test]
    fn groups_of_several_presets_are_named_by_them() {
        let ppo = "preset = 'cartpole-ppo'\nalgo = 'ppo'";
        let groups = groups(&[("", 0), (ppo, 0), ("gamma = 0.5", 0)]);
        let names: Vec<_> = groups.iter().map(|group| group.name.as_str()).collect();
        assert_eq!(names, ["cartpole", "cartpole-ppo", "cartpole gamma=0.5"]);
    }

    #[test]
    fn of_two_runs_with_one_seed_the_longer_one_counts() {
        let place = tempfile::tempdir().unwrap();
        let read = |name: &str, returns: &[f64], seed| {
            let written = Written {
                seed,
                ..run(returns)
            };
            written.read(&place.path().join(name))
        };
        let runs = vec![
            read("short", &[1.0], 4),
            read("long", &[1.0, 2.0], 4),
            read("again", &[1.0, 2.0], 4),
            read("other", &[1.0], 5),
        ];
        let [group] = RunGroup::of(runs, &Registry::default()).try_into().unwrap();
        let kept: Vec<String> = group.runs.iter().map(StoredRun::name).collect();
        assert_eq!(kept, ["long", "other"]);
        assert_eq!(
            group.repeats,
            ["again", "short"].map(|name| place.path().join(name))
        );
    }
}

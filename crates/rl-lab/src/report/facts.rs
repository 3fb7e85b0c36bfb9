//! Facts about a run, as a page tells them.

use rl_train::{Registry, RunDirectory};
use serde::Serialize;
use serde_json::Value;

use crate::files::read;
use crate::runs::{RunsError, StoredRun, changed_keys};
use crate::settings::of_table;
use crate::table::thousands;

/// Number that a page shows large.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Headline {
    /// Name of the number.
    pub name: String,
    /// The number.
    pub value: String,
    /// Words below it.
    pub remark: String,
}

/// Key with its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Its value, as it is typed.
    pub value: String,
}

/// The numbers that matter of a run: return, steps, time.
pub fn headlines(run: &StoredRun, registry: &Registry) -> Vec<Headline> {
    let headline = |name: &str, value: String, remark: String| Headline {
        name: name.to_owned(),
        value,
        remark,
    };
    let summary = run.summary();
    let evaluation = summary.and_then(|summary| summary.evaluation.as_ref());
    let solved = registry
        .find_environment(run.env())
        .and_then(|e| e.solved());
    let mut all = Vec::new();
    if let Some(judged) = evaluation {
        let (mean, std) = (judged.return_mean, judged.return_std);
        let solved = match solved {
            Some(at) if mean >= at => format!(", solved (from {at})"),
            Some(at) => format!(", not solved (from {at})"),
            None => String::new(),
        };
        let episodes = judged.episodes;
        let remark = format!("± {std:.1} over {episodes} episodes{solved}");
        all.push(headline("evaluation return", format!("{mean:.1}"), remark));
    }
    if let Some(mean) = run.training_return() {
        let best = summary.and_then(|summary| summary.best_return_mean);
        let best = best.map_or(String::new(), |best| format!("{best:.1} at its best"));
        all.push(headline("training return", format!("{mean:.1}"), best));
    }
    let updates = thousands(run.updates() as f64);
    let remark = match summary {
        Some(summary) => {
            let episodes = thousands(summary.episodes as f64);
            format!("{updates} updates, {episodes} episodes")
        }
        None => format!("{updates} updates"),
    };
    let steps = thousands(run.env_steps() as f64);
    all.push(headline("environment steps", steps, remark));
    if let Some(summary) = summary {
        let rate = thousands(summary.env_steps as f64 / summary.wall_s.max(1e-9));
        let remark = format!("{rate} steps per second");
        all.push(headline("time", duration(summary.wall_s), remark));
    }
    all
}

/// Seconds in units that are read at a glance.
fn duration(seconds: f64) -> String {
    match seconds {
        ..100.0 => format!("{seconds:.1} s"),
        ..6000.0 => format!("{:.1} min", seconds / 60.0),
        _ => format!("{:.1} h", seconds / 3600.0),
    }
}

/// The keys by which the configuration differs from its preset, and all others.
pub fn settings(run: &StoredRun, registry: &Registry) -> [Vec<Entry>; 2] {
    let changed = changed_keys(run.config(), registry);
    let entries = of_table(run.config())
        .into_iter()
        .map(|(key, value)| Entry {
            value: shown(&value),
            key,
        });
    let (changed, others) = entries.partition(|entry| changed.contains_key(&entry.key));
    [changed, others]
}

/// The entries of `summary.json`, those of an object by `NAME.KEY`; lists, of the returns of every episode, are left out.
///
/// # Errors
/// [`RunsError`] for a file that is damaged.
pub fn summary(run: &StoredRun) -> Result<Vec<Entry>, RunsError> {
    if run.summary().is_none() {
        return Ok(Vec::new());
    }
    let path = run.directory().join(RunDirectory::SUMMARY);
    let summary = serde_json::from_str(&read(&path)?);
    let summary: Value = summary.map_err(|error| RunsError::damaged(&path, error))?;
    let mut entries = Vec::new();
    flatten("", &summary, &mut entries);
    Ok(entries)
}

fn flatten(prefix: &str, value: &Value, entries: &mut Vec<Entry>) {
    let Value::Object(keys) = value else {
        return;
    };
    for (key, value) in keys {
        let key = format!("{prefix}{key}");
        match value {
            Value::Object(_) => flatten(&format!("{key}."), value, entries),
            Value::Array(_) | Value::Null => {}
            value => entries.push(Entry {
                key,
                value: shown(value),
            }),
        }
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::runs::testing::{Written, run};

    #[test]
    fn the_evaluation_comes_first_with_what_solves_the_environment() {
        let place = tempfile::tempdir().unwrap();
        for (score, words) in [
            (480.0, ", solved (from 475)"),
            (90.0, "not solved (from 475)"),
        ] {
            let written = Written {
                score: Some(score),
                ..run(&[10.0, 20.0])
            };
            let run = written.read(&place.path().join(score.to_string()));
            let all = headlines(&run, &Registry::default());
            let names: Vec<&str> = all.iter().map(|headline| headline.name.as_str()).collect();
            let expected = [
                "evaluation return",
                "training return",
                "environment steps",
                "time",
            ];
            assert_eq!(names, expected);
            assert!(all[0].remark.contains(words), "{}", all[0].remark);
        }
    }

    #[test]
    fn changed_keys_are_apart_and_entries_of_objects_have_the_name_of_both() {
        let place = tempfile::tempdir().unwrap();
        let written = Written {
            config: "gamma = 0.5",
            score: Some(1.0),
            ..run(&[10.0])
        };
        let run = written.read(place.path());
        let [changed, others] = settings(&run, &Registry::default());
        let entry = |key: &str, value: &str| Entry {
            key: key.into(),
            value: value.into(),
        };
        assert_eq!(changed, [entry("gamma", "0.5")]);
        assert!(others.contains(&entry("env", "cartpole")));
        let entries = summary(&run).unwrap();
        assert!(
            entries.contains(&entry("evaluation.return_mean", "1.0")),
            "{entries:?}"
        );
        fs::write(place.path().join("summary.json"), "{").unwrap();
        assert!(summary(&run).is_err());
    }
}

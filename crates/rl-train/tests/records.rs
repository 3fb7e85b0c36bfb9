//! Files of a run against what happened in it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::ops::ControlFlow;

use rl_nets::PolicyFile;
use rl_train::{Layers, Origin, Registry, RunDirectory, Summary, each};

/// A run of some updates: its metrics by name, its returns, its rows by column, and its summary.
struct Record {
    metrics: Vec<Vec<(String, f64)>>,
    returns: Vec<Vec<f64>>,
    rows: Vec<Vec<(String, String)>>,
    summary: Summary,
}

fn record(algo: &str) -> Record {
    let registry = Registry::default();
    let place = tempfile::tempdir().unwrap();
    let mut layers = Layers::new(&registry);
    let keys = [
        ("preset", "none"),
        ("algo", algo),
        ("seed", "5"),
        ("updates", "130"),
        ("learning_rate", "0.02"),
        ("environments", "2"),
    ];
    for (key, value) in keys {
        layers
            .set(key, value, &Origin::Flag("test".into()))
            .unwrap();
    }
    let (_, mut run) = layers.start().unwrap();
    let mut directory = RunDirectory::create(place.path().join("run")).unwrap();
    let (mut metrics, mut returns) = (Vec::new(), Vec::new());
    {
        let mut listener = each(|run, update| {
            metrics.push(
                update
                    .iter()
                    .map(|(name, x)| (name.to_owned(), x))
                    .collect(),
            );
            returns.push(run.episodes().iter().map(|e| e.total_reward).collect());
            ControlFlow::Continue(())
        });
        run.run(&mut [&mut listener, &mut directory]).unwrap();
    }
    let text = fs::read_to_string(directory.path().join("metrics.csv")).unwrap();
    let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned));
    let header: Vec<String> = lines.next().unwrap().collect();
    Record {
        metrics,
        returns,
        rows: lines
            .map(|row| header.iter().cloned().zip(row).collect())
            .collect(),
        summary: directory.summary().unwrap().clone(),
    }
}

#[test]
fn a_row_has_each_number_in_the_column_of_its_name() {
    let record = record("a2c");
    assert_eq!(record.rows.len(), record.metrics.len());
    for (row, metrics) in record.rows.iter().zip(&record.metrics) {
        assert!(metrics.len() > 10);
        for (name, number) in metrics {
            let (_, field) = row.iter().find(|(column, _)| column == name).unwrap();
            match number.is_nan() {
                true => assert!(field.is_empty(), "{name}: {field}"),
                false => assert_eq!(field.parse::<f64>().unwrap(), *number, "{name}"),
            }
        }
    }
}

#[test]
fn the_returns_of_a_summary_are_those_of_late_and_their_best() {
    for algo in ["reinforce", "a2c"] {
        let record = record(algo);
        let mut means = Vec::new();
        for update in 0..record.returns.len() {
            let known: Vec<f64> = record.returns[..=update].concat();
            let late = 100.max(record.returns[update].len()).min(known.len());
            let late = &known[known.len() - late..];
            if !record.returns[update].is_empty() {
                means.push(late.iter().sum::<f64>() / late.len() as f64);
            }
        }
        let best = means.iter().copied().fold(f64::MIN, f64::max);
        let (summary, last) = (&record.summary, *means.last().unwrap());
        assert!((summary.final_return_mean - last).abs() < 1e-9, "{algo}");
        assert!((summary.best_return_mean - best).abs() < 1e-9, "{algo}");
        assert!(best > last, "{algo}: a case that tells one from the other");
    }
}

#[test]
fn the_evaluation_is_on_episodes_that_the_seed_of_the_run_has_nothing_to_do_with() {
    let summary = record("vpg").summary;
    assert_eq!(summary.seed, 5);
    for evaluation in [
        summary.evaluation.unwrap(),
        summary.evaluation_stochastic.unwrap(),
    ] {
        assert_eq!((evaluation.seed, evaluation.episodes), (0, 100));
    }
}

#[test]
fn the_file_of_a_policy_has_the_value_function_that_was_learned_beside_it() {
    let registry = Registry::default();
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("policy.safetensors");
    for (algo, baseline, has_value) in [
        ("ppo", None, true),
        ("a2c", None, true),
        ("a3c", None, true),
        ("trpo", None, true),
        ("vpg", Some("value"), true),
        ("reinforce", Some("value"), true),
        ("vpg", Some("none"), false),
        ("dqn", None, false),
    ] {
        let mut layers = Layers::new(&registry);
        let keys = [("preset", "none"), ("algo", algo), ("updates", "2")];
        let baseline = baseline.map(|name| ("baseline", name));
        for (key, value) in keys.into_iter().chain(baseline) {
            let origin = Origin::Flag("test".into());
            layers.set(key, value, &origin).unwrap();
        }
        let (_, mut run) = layers.start().unwrap();
        let mut value = || {
            run.policy().save(&path).unwrap();
            run.step().unwrap();
            PolicyFile::load(&path).unwrap().value
        };
        let (before, after) = (value(), value());
        assert_eq!(after.is_some(), has_value, "{algo} {baseline:?}");
        assert!(
            !has_value || before != after,
            "{algo}: the value function stayed as it was"
        );
        if let Some(after) = after {
            assert_eq!((after.input_size(), after.output_size()), (4, 1));
        }
    }
}

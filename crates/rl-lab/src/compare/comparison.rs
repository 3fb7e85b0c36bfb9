//! The numbers of a comparison.

use rl_core::Stream;
use serde::Serialize;

use super::reach::reach;
use super::scores::Score;
use crate::runs::{RunGroup, RunsError, StoredRun, one_environment};
use crate::statistics::{
    RESAMPLES, bootstrap_interval, improvement_interval, interquartile_mean, median,
    probability_of_improvement,
};

/// Groups of runs, compared.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// Name of the environment.
    pub env: String,
    /// The score.
    pub score: Score,
    /// Score that counts as reached, if there is one.
    pub threshold: Option<f64>,
    /// The groups.
    pub groups: Vec<GroupResult>,
    /// Every pair of groups.
    pub improvements: Vec<Improvement>,
}

/// Result of a group of runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GroupResult {
    /// Name of the group.
    pub name: String,
    /// The seeds.
    pub seeds: Vec<u64>,
    /// The seeds in words.
    #[serde(skip)]
    pub seeds_text: String,
    /// The scores, by seed.
    pub scores: Vec<f64>,
    /// Interquartile mean of the scores.
    pub iqm: f64,
    /// Its 95 % bootstrap interval; none for a single run.
    pub interval: Option<[f64; 2]>,
    /// The lowest score.
    pub worst: f64,
    /// Seed of the run that has it.
    pub worst_seed: u64,
    /// Share of the scores that are at the threshold.
    pub share_reached: Option<f64>,
    /// Median number of environment steps until the mean return of the last 100 episodes is at the threshold; none if
    /// half of the runs or more never get there.
    pub steps_to_threshold: Option<f64>,
    /// Median number of seconds of training until then.
    pub seconds_to_threshold: Option<f64>,
}

/// Probability that a run of a group has a higher score than one of another.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Improvement {
    /// Index of the group.
    pub group: usize,
    /// Index of the other.
    pub over: usize,
    /// The probability, ties counting half.
    pub probability: f64,
    /// Its 95 % bootstrap interval; none where a group has a single run.
    pub interval: Option<[f64; 2]>,
}

impl Comparison {
    /// Compares groups of runs of one environment; their bootstrap has a fixed seed.
    ///
    /// # Errors
    /// [`RunsError`]: no groups, several environments, or a run without a score.
    pub fn of(groups: &[RunGroup], threshold: Option<f64>) -> Result<Self, RunsError> {
        let env = one_environment(groups)?.to_owned();
        let score = Score::of(groups)?;
        let stream = &mut Stream::from_seed(0);
        let mut results = Vec::new();
        for group in groups {
            results.push(GroupResult::of(group, score, threshold, stream)?);
        }
        let mut improvements = Vec::new();
        for over in 0..results.len() {
            for group in over + 1..results.len() {
                let [x, y] = [group, over].map(|i| &results[i].scores);
                improvements.push(Improvement {
                    group,
                    over,
                    probability: probability_of_improvement(x, y),
                    interval: improvement_interval(x, y, RESAMPLES, stream),
                });
            }
        }
        Ok(Self {
            env,
            score,
            threshold,
            groups: results,
            improvements,
        })
    }
}

impl GroupResult {
    /// Name and seeds.
    pub(super) fn label(&self) -> String {
        format!("{} ({})", self.name, self.seeds_text)
    }

    fn of(
        group: &RunGroup,
        score: Score,
        threshold: Option<f64>,
        stream: &mut Stream,
    ) -> Result<Self, RunsError> {
        let scores = score.of_group(group);
        let seeds: Vec<u64> = group.runs.iter().map(StoredRun::seed).collect();
        let worst = scores.iter().zip(&seeds).min_by(|a, b| a.0.total_cmp(b.0));
        let (worst, worst_seed) = worst.map_or((f64::NAN, 0), |(score, seed)| (*score, *seed));
        let mut medians = [None; 2];
        if let Some(threshold) = threshold {
            let mut reached = [Vec::new(), Vec::new()];
            for run in &group.runs {
                let at = reach(&run.metrics()?, threshold)?.unwrap_or([f64::INFINITY; 2]);
                for (reached, at) in reached.iter_mut().zip(at) {
                    reached.push(at);
                }
            }
            medians = reached.map(|all| Some(median(&all)).filter(|median| median.is_finite()));
        }
        let share = |threshold| {
            let there = scores.iter().filter(|&&score| score >= threshold).count();
            there as f64 / scores.len() as f64
        };
        Ok(Self {
            name: group.name.clone(),
            seeds_text: group.seeds(),
            iqm: interquartile_mean(&scores),
            interval: bootstrap_interval(&scores, RESAMPLES, stream),
            worst,
            worst_seed,
            share_reached: threshold.map(share),
            steps_to_threshold: medians[0],
            seconds_to_threshold: medians[1],
            seeds,
            scores,
        })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::path::Path;

    use rl_train::Registry;

    use super::*;
    use crate::runs::testing::{Written, run};

    /// Groups of three runs each, whose scores are 10, 20, 30 and 15, 25, 35.
    pub fn groups(place: &Path, score: bool) -> Vec<RunGroup> {
        let returns: Vec<f64> = (0..300).map(f64::from).collect();
        let mut runs = Vec::new();
        for (config, first) in [("gamma = 0.9", 10.0), ("gamma = 0.5", 15.0)] {
            for seed in 0..3 {
                let written = Written {
                    config,
                    seed,
                    score: score.then_some(first + 10.0 * seed as f64),
                    ..run(&returns)
                };
                runs.push(written.read(&place.join(format!("{first}-{seed}-{score}"))));
            }
        }
        RunGroup::of(runs, &Registry::default())
    }

    #[test]
    fn groups_are_compared_by_hand() {
        let place = tempfile::tempdir().unwrap();
        let groups = |score| groups(place.path(), score);
        let comparison = Comparison::of(&groups(true), Some(20.0)).unwrap();
        assert_eq!(
            (comparison.score, comparison.env.as_str()),
            (Score::Evaluation, "cartpole")
        );
        let group = &comparison.groups[0];
        assert_eq!((group.iqm, group.worst, group.worst_seed), (20.0, 10.0, 0));
        assert_eq!(group.share_reached, Some(2.0 / 3.0));
        let [low, high] = group.interval.unwrap();
        assert!(low < 20.0 && high > 20.0);
        let improvement = &comparison.improvements[0];
        // 15 > 10; 25 > 10, 20; 35 > all.
        assert_eq!(improvement.probability, 6.0 / 9.0);
        assert_eq!((improvement.group, improvement.over), (1, 0));
        // An episode of return i in update i + 1: the mean of 100 is 70 at i = 119.5.
        let comparison = Comparison::of(&groups(false), Some(70.0)).unwrap();
        assert_eq!(comparison.score, Score::Training);
        assert_eq!(comparison.groups[0].steps_to_threshold, Some(12_100.0));
        assert_eq!(comparison.groups[0].seconds_to_threshold, Some(12.1));
        let never = Comparison::of(&groups(false), Some(1000.0)).unwrap();
        assert_eq!(never.groups[0].steps_to_threshold, None);
    }

    #[test]
    fn runs_of_different_environments_and_no_runs_are_refused() {
        let error = Comparison::of(&[], None).unwrap_err();
        assert!(error.is_usage());
        let place = tempfile::tempdir().unwrap();
        let other = Written {
            config: "env = 'acrobot'",
            ..run(&[1.0])
        };
        let runs = vec![
            run(&[1.0]).read(&place.path().join("a")),
            other.read(&place.path().join("b")),
        ];
        let groups = RunGroup::of(runs, &Registry::default());
        let message = Comparison::of(&groups, None).unwrap_err().to_string();
        assert!(
            message.contains("cartpole") && message.contains("acrobot"),
            "{message}"
        );
    }
}

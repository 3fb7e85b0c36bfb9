//! The page of a sweep.

use super::SweepConfig;
use super::report::Sweep;
use crate::jobs::{command, set_options};
use crate::statistics::RESAMPLES;
use crate::table::thousands;

/// The table with its explanation, the pictures, and the command that makes it again.
pub fn page(sweep: &Sweep, config: &SweepConfig, pictures: &[String]) -> String {
    let best = sweep.best().map_or(String::new(), |best| {
        format!(" The best is `{best}`: most seeds reach the threshold, then the highest IQM.")
    });
    let settings = match sweep.rows().len() {
        1 => "One setting".to_owned(),
        settings => format!("{settings} settings, each"),
    };
    let pictures: String = pictures
        .iter()
        .map(|name| format!("![Scores by {}]({name})\n\n", name.trim_end_matches(".svg")))
        .collect();
    format!(
        "# Sweep\n\n\
         {settings} with the seeds {} to {}.{best}\n\n{}\n\
         - The score of a run is the mean return of 100 episodes of its final policy, which takes the likeliest \
         actions; where the table of transitions is known, their exact expected return within the time limit.\n\
         - *reach*: runs whose score is {}, of all.\n\
         - IQM is the interquartile mean of the scores, with its 95 % percentile bootstrap over {} resamples (Agarwal et \
         al. 2021).\n\
         - A run that failed by itself has no score: it is missing in the IQM and in the pictures, and counts as one that \
         reaches nothing.\n\
         - Steps and times are medians over the runs.\n\n\
         {pictures}[The runs, one by one](sweep.csv).\n\n\
         ```sh\n{}\n```\n",
        config.seeds.start,
        config.seeds.end - 1,
        sweep.full_table(),
        threshold(sweep),
        thousands(RESAMPLES as f64),
        command_of(config)
    )
}

fn threshold(sweep: &Sweep) -> String {
    let mut thresholds: Vec<Option<f64>> = sweep.rows().iter().map(|row| row.threshold).collect();
    thresholds.dedup();
    match thresholds.as_slice() {
        [Some(threshold)] => format!("{threshold} or more"),
        [None] => "at a threshold, which the environment has not (`--threshold`)".to_owned(),
        _ => "that at which its environment counts as solved, or more".to_owned(),
    }
}

/// The command, ready for a shell.
fn command_of(config: &SweepConfig) -> String {
    let keys = config.keys.iter();
    let swept = keys.map(|swept| (swept.key.clone(), swept.values.join(",")));
    let set = config.set.iter().cloned().chain(swept);
    let mut words = vec![
        "rl sweep".to_owned(),
        set_options(config.config.as_deref(), set),
    ];
    if let Some(threshold) = config.threshold {
        words.push(format!("--threshold {threshold}"));
    }
    let (start, end) = (config.seeds.start, config.seeds.end);
    words.push(format!("--seeds {start}..{end}"));
    command(words, config.jobs, &config.out)
}

#[cfg(test)]
mod tests {
    use super::super::grid::tests::config;
    use super::*;

    #[test]
    fn the_command_is_the_one_that_was_typed() {
        let config = SweepConfig {
            threshold: Some(-5.5),
            ..config(&[("size", &["16", "32"]), ("init_from", &["\"a, b\""])])
        };
        assert_eq!(
            command_of(&config),
            "rl sweep --preset cartpole --set size=16,32 --set 'init_from=\"a, b\"' --threshold -5.5 \
             --seeds 0..2 --jobs 1 --out out"
        );
    }
}

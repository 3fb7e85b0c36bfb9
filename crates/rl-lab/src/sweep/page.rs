//! The page of a sweep.

use super::SweepConfig;
use super::report::Sweep;
use crate::statistics::RESAMPLES;
use crate::table::thousands;

/// The table with its explanation, the pictures, and the command that makes it again.
pub fn page(sweep: &Sweep, config: &SweepConfig, pictures: &[String]) -> String {
    let best = sweep.best().map_or(String::new(), |best| {
        format!("The best is `{best}`: most seeds reach the threshold, then the highest IQM.\n\n")
    });
    let pictures: String = pictures
        .iter()
        .map(|name| format!("![Scores by {}]({name})\n\n", name.trim_end_matches(".svg")))
        .collect();
    format!(
        "# Sweep\n\n\
         {} settings, each with the seeds {} to {}. {best}{}\n\
         - The score of a run is the mean return of 100 episodes of its final policy, which takes the likeliest \
         actions.\n\
         - *reach*: runs whose score is {}, of all.\n\
         - IQM is the interquartile mean of the scores, with its 95 % percentile bootstrap over {} resamples (Agarwal et \
         al. 2021).\n\
         - A run that failed by itself has no score: it is missing in the IQM and in the pictures, and counts as one that \
         reaches nothing.\n\
         - Steps and times are medians over the runs.\n\n\
         {pictures}[The runs, one by one](sweep.csv).\n\n\
         ```sh\n{}\n```\n",
        sweep.rows().len(),
        config.seeds.start,
        config.seeds.end - 1,
        sweep.full_table(),
        threshold(sweep),
        thousands(RESAMPLES as f64),
        command(config)
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
fn command(config: &SweepConfig) -> String {
    let mut words = vec!["rl sweep".to_owned()];
    if let Some(file) = &config.config {
        words.push(format!("--config {}", quoted(&file.display().to_string())));
    }
    let set = config.set.iter().map(|(key, value)| (key, value.clone()));
    let keys = config.keys.iter();
    let swept = keys.map(|swept| (&swept.key, swept.values.join(",")));
    for (key, value) in set.chain(swept) {
        words.push(match key.as_str() {
            "preset" | "env" | "algo" => format!("--{key} {}", quoted(&value)),
            key => format!("--set {}", quoted(&format!("{key}={value}"))),
        });
    }
    if let Some(threshold) = config.threshold {
        words.push(format!("--threshold {threshold}"));
    }
    let (start, end) = (config.seeds.start, config.seeds.end);
    words.push(format!("--seeds {start}..{end} --jobs {}", config.jobs));
    words.push(format!(
        "--out {}",
        quoted(&config.out.display().to_string())
    ));
    words.join(" ")
}

/// A word in quotes where a shell needs them.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-+=,/:".contains(c);
    if word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
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
            command(&config),
            "rl sweep --preset cartpole --set size=16,32 --set 'init_from=\"a, b\"' --threshold -5.5 \
             --seeds 0..2 --jobs 1 --out out"
        );
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}

//! Run directories for tests.

use std::fs;
use std::path::Path;

use super::stored::StoredRun;

/// Run to write: an update per return, of 100 steps and one episode each, which takes 0.1 s.
pub struct Written<'a> {
    /// Lines on top of the configuration.
    pub config: &'a str,
    pub seed: u64,
    pub returns: &'a [f64],
    /// Mean return of the evaluation.
    pub score: Option<f64>,
    pub outcome: Option<&'static str>,
}

/// A finished run of the preset `cartpole`.
pub fn run(returns: &[f64]) -> Written<'_> {
    Written {
        config: "",
        seed: 0,
        returns,
        score: None,
        outcome: Some("finished"),
    }
}

impl Written<'_> {
    /// Writes the run, and reads it.
    pub fn read(&self, directory: &Path) -> StoredRun {
        fs::create_dir_all(directory).unwrap();
        let mut config: toml::Table = "preset = 'cartpole'\nenv = 'cartpole'\nalgo = 'vpg'"
            .parse()
            .unwrap();
        config.insert("seed".into(), (self.seed as i64).into());
        config.extend(self.config.parse::<toml::Table>().unwrap());
        fs::write(directory.join("config.toml"), config.to_string()).unwrap();
        let rows = (1..).zip(self.returns).map(|(update, value)| {
            let wall = f64::from(update) / 10.0;
            format!("{update},{},{update},{value},{wall}\n", 100 * update)
        });
        let header = "update,env_steps,episodes,return_mean,wall_s\n".to_owned();
        let text = [header].into_iter().chain(rows).collect::<String>();
        fs::write(directory.join("metrics.csv"), text).unwrap();
        if let Some(outcome) = self.outcome {
            let n = self.returns.len();
            let evaluation = self.score.map(|score| {
                serde_json::json!({
                    "episodes": 100, "return_mean": score, "return_std": 1.0,
                    "return_min": score - 1.0, "return_max": score + 1.0,
                })
            });
            let summary = serde_json::json!({
                "outcome": outcome, "updates": n, "env_steps": 100 * n, "episodes": n,
                "wall_s": n as f64 / 10.0, "final_return_mean": self.returns.last(),
                "evaluation": evaluation,
            });
            fs::write(directory.join("summary.json"), summary.to_string()).unwrap();
        }
        StoredRun::read(directory).unwrap()
    }
}

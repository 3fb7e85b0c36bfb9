//! Sweeps: every combination of the values of some keys, with several seeds each.

mod chart;
mod config;
mod grid;
mod page;
mod report;

use rl_train::Registry;
use toml::{Table, Value};

use crate::files::{FileError, write_all};
use crate::jobs::{Gathered, JobError, JobPool, JobProgress, claim_plan};

pub use config::{SweepConfig, SweptKey};
pub use report::Sweep;

impl SweepConfig {
    /// Trains every setting with every seed. `sweep.md`, `sweep.csv` and the pictures go to the output directory.
    ///
    /// A run that is complete there already is not repeated, nor is one that failed by itself, such as by a loss that is
    /// not finite: it counts as one that missed the threshold. `progress` is called after each that ends. Of a shard, only
    /// its share is run; the call that finds the runs of all shards there has the results.
    ///
    /// # Errors
    /// [`JobError`]. Every setting is checked before the first run starts.
    pub fn run(
        &self,
        registry: &Registry,
        progress: &mut dyn FnMut(&JobProgress),
    ) -> Result<Gathered<Sweep>, JobError> {
        JobPool::check(self.jobs)?;
        let settings = grid::settings(self, registry)?;
        let keys: Vec<String> = self.keys.iter().map(|swept| swept.key.clone()).collect();
        let jobs: Vec<_> = settings
            .iter()
            .flat_map(|setting| {
                let keys = &keys;
                self.seeds.clone().map(move |seed| setting.job(keys, seed))
            })
            .collect();
        let runs = self.out.join("runs");
        let pool = JobPool::claim(&runs, &self.program, self.jobs, self.shard)?.keep_failed();
        claim_plan(&self.out, "sweep.toml", &self.plan(&keys))?;
        pool.run(&jobs, progress)?.and_then(|results| {
            let sweep = Sweep::new(keys, settings, self.seeds.clone(), results);
            let draw = FileError::new("draw", &self.out);
            let mut files = sweep.pictures().map_err(draw)?;
            let names: Vec<String> = files.iter().map(|(name, _)| name.clone()).collect();
            files.push((
                "sweep.md".to_owned(),
                page::page(&sweep, self, &names).into_bytes(),
            ));
            let write = FileError::new("write", &self.out);
            files.push(("sweep.csv".to_owned(), sweep.csv().map_err(write)?));
            write_all(&self.out, files)?;
            Ok(sweep)
        })
    }

    /// All that makes the runs of one call go together with those of another: more values and more seeds do.
    fn plan(&self, keys: &[String]) -> Table {
        let mut plan = Table::new();
        let keys = keys.iter().map(|key| Value::String(key.clone()));
        plan.insert("keys".to_owned(), Value::Array(keys.collect()));
        if let Some(file) = &self.config {
            plan.insert(
                "config".to_owned(),
                Value::String(file.display().to_string()),
            );
        }
        for (key, value) in &self.set {
            plan.insert(format!("set.{key}"), Value::String(value.clone()));
        }
        plan
    }
}

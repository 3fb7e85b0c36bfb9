//! Speed of trainings: of this project and of programs in Python, in turn.

mod config;
mod goals;
mod python;
mod report;
mod speed;
mod timed_run;
mod workload;

use std::collections::BTreeMap;

use super::process::Pin;
use super::{BenchError, Machine, own};
use python::PythonTrainings;

pub use config::{Framework, TrainBench};
pub use report::TrainReport;
pub use speed::TrainSpeed;
pub use timed_run::TimedRun;
pub use workload::{WORKLOADS, Workload};

/// A side of a workload.
enum Side<'a> {
    Own {
        threads: usize,
        pin: Pin,
    },
    Python {
        name: &'a str,
        trainings: &'a PythonTrainings,
    },
}

impl TrainBench {
    /// Trains every workload by every side, run by run in turn, so that whatever else the machine
    /// does meets them alike. Each run is a process of its own, pinned to as many cores as it has
    /// threads where the system can. Each is passed to `progress`.
    ///
    /// # Errors
    /// [`BenchError`]; also when a side did not run the workload's configuration.
    pub fn run(&self, progress: &mut dyn FnMut(&TimedRun)) -> Result<TrainReport, BenchError> {
        let machine = Machine::here();
        let trainings = PythonTrainings::new(&self.python)?;
        let mut runs = Vec::new();
        for workload in &self.workloads {
            let sides = self.sides(workload, &trainings);
            for seed in 0..self.runs as u64 {
                for side in &sides {
                    let run = side.run(workload, seed, self)?;
                    progress(&run);
                    runs.push(run);
                }
            }
        }
        Ok(TrainReport::new(self.clone(), machine, runs))
    }

    fn sides<'a>(&self, workload: &'a Workload, trainings: &'a PythonTrainings) -> Vec<Side<'a>> {
        let own = workload.threads.iter().map(|&threads| Side::Own {
            threads,
            pin: Pin::to(threads),
        });
        let asked = |side: &&String| self.against.iter().any(|framework| framework.has(side));
        let others = workload.sides.iter().filter(asked);
        own.chain(others.map(|name| Side::Python { name, trainings }))
            .collect()
    }
}

impl Side<'_> {
    fn run(
        &self,
        workload: &Workload,
        seed: u64,
        bench: &TrainBench,
    ) -> Result<TimedRun, BenchError> {
        match self {
            Self::Own { threads, pin } => {
                let side = match workload.threads.as_slice() {
                    [_] => "rl".to_owned(),
                    _ if *threads == 1 => "rl-1-thread".to_owned(),
                    _ => format!("rl-{threads}-threads"),
                };
                let training = format!("{} by {side}", workload.name);
                let train = |share| {
                    let own = workload.shortened(share).to_config(seed, *threads)?;
                    own::train(&training, &bench.program, &own, pin)
                };
                let (one, run) = (train(0.0)?, train(bench.share)?);
                Ok(TimedRun {
                    workload: workload.name,
                    side,
                    seed,
                    steps: run.trained.env_steps,
                    wall_s: run.trained.wall_s,
                    steps_per_s: run.trained.env_steps as f64 / run.trained.wall_s,
                    process_s: run.process_s,
                    peak_bytes: run.peak_bytes,
                    compile_s: None,
                    first_update_s: one.last_update_s,
                    solved_s: workload.has_threshold().then(|| run.trained.solved_s()),
                    versions: BTreeMap::new(),
                })
            }
            Self::Python { name, trainings } => {
                let short = workload.shortened(bench.peer_share);
                let run = trainings.train(&short, name, seed, &Pin::to(1))?;
                Ok(TimedRun {
                    workload: workload.name,
                    side: (*name).to_owned(),
                    seed,
                    steps: run.steps,
                    wall_s: run.wall_s,
                    steps_per_s: run.steps as f64 / run.wall_s,
                    process_s: run.process_s,
                    peak_bytes: run.peak_bytes,
                    compile_s: run.compile_s,
                    first_update_s: None,
                    solved_s: None,
                    versions: run.versions,
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn a_framework_brings_its_sides_and_no_others() {
        let names = |workload: &str, against: &[Framework]| {
            let trainings = PythonTrainings::new("python3").unwrap();
            let workload = Workload::named(workload).unwrap();
            let bench = TrainBench {
                workloads: Vec::new(),
                against: against.to_vec(),
                runs: 1,
                share: 1.0,
                peer_share: 1.0,
                python: String::new(),
                program: PathBuf::new(),
            };
            let name = |side: &Side<'_>| match side {
                Side::Own { threads, .. } => threads.to_string(),
                Side::Python { name, .. } => (*name).to_owned(),
            };
            let sides = bench.sides(&workload, &trainings);
            sides.iter().map(name).collect::<Vec<_>>()
        };
        let torch = [Framework::Torch];
        assert_eq!(names("vpg-notebook", &torch), ["1", "torch", "torch-fast"]);
        assert_eq!(names("ppo-cleanrl", &torch), ["1", "torch"]);
        assert_eq!(names("ppo-cleanrl", &Framework::ALL), ["1", "torch", "jax"]);
        assert_eq!(names("ppo-zoo", &torch), ["1"]);
        let python = [Framework::Python];
        assert_eq!(names("q-learning-taxi", &python), ["1", "python"]);
        assert_eq!(names("vpg-threads", &Framework::ALL), ["1", "2"]);
    }
}

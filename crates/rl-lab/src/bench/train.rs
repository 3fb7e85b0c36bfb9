//! Trainings of this project and of its peers, in turn.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use super::own;
use super::process::Pin;
use super::train_peers::Peers;
use super::{Machine, TrainBenchError, Workload};

/// A family of peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// Programs in PyTorch.
    Torch,
    /// Stable-Baselines3.
    Sb3,
    /// Programs compiled by JAX.
    Jax,
}

impl Peer {
    /// Every family.
    pub const ALL: [Self; 3] = [Self::Torch, Self::Sb3, Self::Jax];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Torch => "torch",
            Self::Sb3 => "sb3",
            Self::Jax => "jax",
        }
    }

    /// Whether a side, such as `torch-fast`, is of the family.
    fn has(self, side: &str) -> bool {
        side.split('-').next() == Some(self.name())
    }
}

/// What to measure.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainBenchConfig {
    /// The workloads.
    pub workloads: Vec<Workload>,
    /// The families of peers to train beside.
    pub against: Vec<Peer>,
    /// Runs of each side, with the seeds from 0.
    pub runs: usize,
    /// Share of a workload's updates that this project makes.
    pub share: f64,
    /// Share that peers make.
    pub peer_share: f64,
    /// The interpreter of the peers.
    pub python: String,
    /// The binary `rl`.
    pub program: PathBuf,
}

/// A run of one side.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrainBenchRun {
    /// Name of the workload.
    pub workload: &'static str,
    /// `rl`, `rl-1-thread`, `rl-N-threads`, or a peer.
    pub side: String,
    /// Its seed, which is also its number.
    pub seed: u64,
    /// Environment steps.
    pub steps: u64,
    /// Seconds of training: acting, environments, learning.
    pub wall_s: f64,
    /// Environment steps per second of training.
    pub steps_per_s: f64,
    /// Seconds from the start of the process to its end.
    pub process_s: f64,
    /// Largest resident memory, in bytes.
    pub peak_bytes: Option<u64>,
    /// Seconds that were spent compiling, beside `wall_s`.
    pub compile_s: Option<f64>,
    /// Seconds from the start of a process of its own to the end of its first update.
    pub first_update_s: Option<f64>,
    /// Versions of a peer's packages.
    pub versions: BTreeMap<String, String>,
}

/// What was measured.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainBench {
    /// Where.
    pub machine: Machine,
    /// Every run, in the order of the runs.
    pub runs: Vec<TrainBenchRun>,
}

/// A side of a workload.
enum Side<'a> {
    Own { threads: usize, pin: Pin },
    Peer { name: &'a str, peers: &'a Peers },
}

/// Trains every workload by every side, run by run in turn, so that whatever else the machine
/// does meets them alike. Each run is a process of its own, pinned to as many cores as it has
/// threads where the system can. `progress` hears of each run.
///
/// # Errors
/// [`TrainBenchError`]; also when a side did not run the workload's configuration.
pub fn bench_train(
    config: &TrainBenchConfig,
    progress: &mut dyn FnMut(&TrainBenchRun),
) -> Result<TrainBench, TrainBenchError> {
    let machine = Machine::here();
    let peers = Peers::new(&config.python)?;
    let mut runs = Vec::new();
    for workload in &config.workloads {
        let sides = sides(workload, config, &peers);
        for seed in 0..config.runs as u64 {
            for side in &sides {
                let run = side.run(workload, seed, config)?;
                progress(&run);
                runs.push(run);
            }
        }
    }
    Ok(TrainBench { machine, runs })
}

fn sides<'a>(workload: &'a Workload, config: &TrainBenchConfig, peers: &'a Peers) -> Vec<Side<'a>> {
    let own = workload.threads.iter().map(|&threads| Side::Own {
        threads,
        pin: Pin::to(threads),
    });
    let asked = |side: &&String| config.against.iter().any(|family| family.has(side));
    let others = workload.sides.iter().filter(asked);
    own.chain(others.map(|name| Side::Peer { name, peers }))
        .collect()
}

impl Side<'_> {
    fn run(
        &self,
        workload: &Workload,
        seed: u64,
        config: &TrainBenchConfig,
    ) -> Result<TrainBenchRun, TrainBenchError> {
        match self {
            Self::Own { threads, pin } => {
                let side = match workload.threads.as_slice() {
                    [_] => "rl".to_owned(),
                    _ if *threads == 1 => "rl-1-thread".to_owned(),
                    _ => format!("rl-{threads}-threads"),
                };
                let what = format!("{} by {side}", workload.name);
                let train = |share| {
                    let own = workload.shortened(share).to_config(seed, *threads)?;
                    own::train(&what, &config.program, &own, pin)
                };
                let (one, run) = (train(0.0)?, train(config.share)?);
                Ok(TrainBenchRun {
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
                    versions: BTreeMap::new(),
                })
            }
            Self::Peer { name, peers } => {
                let short = workload.shortened(config.peer_share);
                let run = peers.train(&short, name, seed, &Pin::to(1))?;
                Ok(TrainBenchRun {
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
                    versions: run.versions,
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_brings_its_sides_and_nobody_elses() {
        let names = |workload: &str, against: &[Peer]| {
            let peers = Peers::new("python3").unwrap();
            let workload = Workload::named(workload).unwrap();
            let config = TrainBenchConfig {
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
                Side::Peer { name, .. } => (*name).to_owned(),
            };
            sides(&workload, &config, &peers)
                .iter()
                .map(name)
                .collect::<Vec<_>>()
        };
        let torch = [Peer::Torch];
        assert_eq!(names("vpg-notebook", &torch), ["1", "torch", "torch-fast"]);
        assert_eq!(names("ppo-cleanrl", &torch), ["1", "torch"]);
        assert_eq!(names("ppo-cleanrl", &Peer::ALL), ["1", "torch", "jax"]);
        assert_eq!(names("ppo-zoo", &torch), ["1"]);
        assert_eq!(names("vpg-threads", &Peer::ALL), ["1", "2"]);
    }
}

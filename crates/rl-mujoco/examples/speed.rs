//! Steps per second of a task, one environment and a batch of eight, on one thread.
//!
//! ```sh
//! taskset -c 0 cargo run --release -p rl-mujoco --features library --example speed
//! ```

use std::error::Error;
use std::time::{Duration, Instant};

use rl_core::{EnvironmentSource, Policy, RandomPolicy, StepBuffers, Stream};
use rl_mujoco::MujocoTask;

fn main() -> Result<(), Box<dyn Error>> {
    for &task in MujocoTask::ALL {
        for environments in [1, 8] {
            let rates = [(); 5].map(|()| rate(task, environments, 4000));
            let mut rates = rates.into_iter().collect::<Result<Vec<_>, _>>()?;
            rates.sort_by(f64::total_cmp);
            let name = task.name();
            println!(
                "{name:<26}{environments:>2} environments: {:>9.0} steps/s",
                rates[2]
            );
        }
    }
    Ok(())
}

/// Environment steps per second under uniform actions, the actions not counted.
fn rate(task: MujocoTask, environments: usize, steps: usize) -> Result<f64, Box<dyn Error>> {
    let mut rngs: Vec<Stream> = (0..environments as u64).map(Stream::from_seed).collect();
    let mut batch = task.batch(rngs.clone())?;
    let spaces = batch.spaces();
    let (dim, width) = (spaces.observation.flat_dim(), spaces.action.flat_dim());
    let mut observations = vec![0.0; environments * dim];
    let mut actions = vec![0.0; environments * width];
    let mut buffers = StepBuffers::new(environments, dim);
    batch.reset_into(&mut observations)?;
    let mut policy = RandomPolicy::new(spaces.action);
    let mut stepping = Duration::ZERO;
    let rounds = steps / environments;
    for _ in 0..rounds {
        policy.act(&observations, &mut rngs, &mut actions);
        let start = Instant::now();
        batch.step_into(&actions, buffers.as_mut())?;
        stepping += start.elapsed();
    }
    Ok((rounds * environments) as f64 / stepping.as_secs_f64())
}

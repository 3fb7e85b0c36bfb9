//! Steps per second of CartPole-v1 in one worker, beside those of Gymnasium within Python.

use std::error::Error;
use std::process::Command;
use std::time::Instant;

use rl_core::{BatchEnvironment, StepBuffers, Stream};
use rl_gym::{GymBatch, GymConfig};

const STEPS: u32 = 5000;

/// The same steps by Gymnasium's own vector of environments, and by a loop over plain ones; both within Python.
const WITHIN: &str = "
import gymnasium, numpy, sys, time
n, steps = int(sys.argv[1]), int(sys.argv[2])
make = lambda: gymnasium.make('CartPole-v1', disable_env_checker=True)
vector = gymnasium.vector.SyncVectorEnv([make] * n)
vector.reset(seed=0)
actions = [numpy.full(n, action) for action in range(2)]
start = time.perf_counter()
for step in range(steps):
    vector.step(actions[step % 2])
print((time.perf_counter() - start) / steps * 1e6)
envs = [make() for _ in range(n)]
for env in envs: env.reset(seed=0)
start = time.perf_counter()
for step in range(steps):
    for env in envs:
        _, _, terminated, truncated, _ = env.step(step % 2)
        if terminated or truncated: env.reset()
print((time.perf_counter() - start) / steps * 1e6)
";

fn main() -> Result<(), Box<dyn Error>> {
    let python = std::env::var("RL_GYM_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    println!("environments           worker    SyncVectorEnv       plain loop");
    for n in [1, 8, 64] {
        let config = GymConfig::new("CartPole-v1")?.python(&python);
        let mut batch = GymBatch::new(config, (0..n).map(Stream::from_seed).collect())?;
        let n = batch.len();
        let mut buffers = StepBuffers::new(n, 4);
        batch.reset_into(&mut buffers.observations)?;
        let start = Instant::now();
        for step in 0..STEPS {
            let actions = vec![f32::from(step % 2 == 1); n];
            batch.step_into(&actions, buffers.as_mut())?;
        }
        let ours = start.elapsed().as_secs_f64() / f64::from(STEPS) * 1e6;
        let mut within = Command::new(&python);
        within.args(["-c", WITHIN, &n.to_string(), &STEPS.to_string()]);
        let within = String::from_utf8(within.output()?.stdout)?;
        let mut line = format!("{n:>12}");
        for us in std::iter::once(Ok(ours)).chain(within.lines().map(str::parse)) {
            let us = us?;
            let rate = n as f64 / us * 1e3;
            line += &format!("  {us:>7.1} us {rate:>3.0}k/s");
        }
        println!("{line}");
    }
    Ok(())
}

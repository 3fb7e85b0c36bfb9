//! Steps per second of CartPole-v1 in one worker, beside those of Gymnasium within Python.

use std::error::Error;
use std::process::Command;
use std::time::Instant;

use rl_core::{BatchEnvironment, StepBuffers, Stream};
use rl_gym::{GymBatch, GymConfig};

const STEPS: u32 = 5000;

/// The same loop within Python.
const DIRECT: &str = "
import gymnasium, sys, time
n, steps = int(sys.argv[1]), int(sys.argv[2])
envs = [gymnasium.make('CartPole-v1', disable_env_checker=True) for _ in range(n)]
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
    println!("environments  worker  within Python");
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
        let arguments = [n.to_string(), STEPS.to_string()];
        let direct = Command::new(&python)
            .args(["-c", DIRECT])
            .args(arguments)
            .output()?;
        let direct: f64 = String::from_utf8(direct.stdout)?.trim().parse()?;
        let rate = |us: f64| n as f64 / us * 1e3;
        println!(
            "{n:>12}  {ours:>5.1} us ({:.0}k/s)  {direct:.1} us ({:.0}k/s)",
            rate(ours),
            rate(direct)
        );
    }
    Ok(())
}

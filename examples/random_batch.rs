//! A thousand CartPoles side by side in SIMD registers, pushed at random.
use rl::core::{BatchEnvironment, Policy, Purpose, RandomPolicy, Status, StepBuffers, Stream};
use rl::envs::{CartPole, SimdBatch};

const N: usize = 1000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let streams = |purpose| (0..N as u32).map(move |i| Stream::derive(0, purpose, i));
    let mut batch = SimdBatch::new(&CartPole::v1(), streams(Purpose::Environment).collect());
    let mut policy = RandomPolicy::new(batch.spaces().action);
    let mut action_rngs: Vec<Stream> = streams(Purpose::Action).collect();
    let (mut actions, mut out) = (vec![0.0; N], StepBuffers::new(N, 4));

    let (mut episodes, mut total) = (0, 0.0);
    batch.reset_into(&mut out.observations)?;
    for _ in 0..1000 {
        policy.act(&out.observations, &mut action_rngs, &mut actions);
        batch.step_into(&actions, out.as_mut())?;
        for (status, episode_return) in out.statuses.iter().zip(&out.episode_returns) {
            if *status != Status::Running {
                episodes += 1;
                total += episode_return;
            }
        }
    }
    let mean = total / f64::from(episodes);
    println!("{episodes} episodes, mean return {mean:.1}");
    // What random pushes are worth in Gymnasium's CartPole-v1.
    assert!((21.0..24.0).contains(&mean));
    Ok(())
}

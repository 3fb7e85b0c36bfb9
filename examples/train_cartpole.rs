//! Vanilla policy gradient on CartPole-v1.
use rl_core::{Agent, Collector, Environment, Purpose, Stream};
use rl_nets::{Device, PolicyConfig};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let environment = rl_envs::CartPole::v1();
    let mut rng = Stream::derive(0, Purpose::Initialization, 0);
    let weights = PolicyConfig::new(4, &environment.action_space()).draw(&mut rng);
    let mut agent = rl_pg::VpgConfig::default().init(weights, &Device::flex())?;
    let mut collector = Collector::new(vec![environment], 0)?;
    for update in 1..=100 {
        let batch = collector.collect(&agent.policy(), 1000)?;
        agent.update(&batch.trajectories)?;
        let returns = batch.episodes.iter().map(|episode| episode.total_reward);
        let mean = returns.sum::<f64>() / batch.episodes.len() as f64;
        println!("update {update:>3}: mean return {mean:.1}");
    }
    Ok(())
}

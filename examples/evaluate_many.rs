//! A trained policy in a hundred environments side by side, an episode in each.
use rl::prelude::*;

fn main() -> Result<(), BoxError> {
    let config = VpgConfig::default();
    let mut trainer = Trainer::new(config, CartPole::v1).updates(40).build()?;
    trainer.run(&mut [])?;

    let environments = CollectConfig::new(CartPole::v1).environments(100).seed(1);
    let mut episodes = Episodes::new(environments, 1)?;
    let played = &episodes.collect(&trainer.policy(), 1)?.episodes;
    let returns = played.iter().map(|episode| episode.total_reward);
    let mean = returns.sum::<f64>() / played.len() as f64;
    println!("mean return {mean:.1} over {} episodes", played.len());
    assert_eq!(played.len(), 100);
    assert!(mean > 150.0);
    Ok(())
}

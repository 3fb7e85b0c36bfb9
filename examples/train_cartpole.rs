//! Trains a policy on CartPole-v1, in half a second.
use rl::prelude::*;

fn main() -> Result<(), BoxError> {
    let config = VpgConfig::default();
    let mut trainer = Trainer::new(config, CartPole::v1).updates(100).build()?;
    trainer.run(&mut [&mut Progress::stderr()])?;
    let judged = EvaluationConfig::default();
    let score = evaluate(&mut trainer.policy(), &CartPole::v1, &judged)?;
    assert!(score.return_mean >= 475.0);
    Ok(())
}

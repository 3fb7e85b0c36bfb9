//! An environment of one's own, learned by PPO: a corridor of ten cells, with its exit on the right.
use rl::prelude::*;

struct Corridor(usize);

#[rustfmt::skip]
impl Environment for Corridor {
    type Observation = usize;
    type Action = usize;
    fn observation_space(&self) -> Space { Space::discrete(11) }
    fn action_space(&self) -> Space { Space::discrete(2) }
    fn reset(&mut self, _: &mut Stream) -> Result<usize, EnvironmentError> { self.0 = 0; Ok(0) }
    fn step(&mut self, action: &usize, _: &mut Stream) -> Result<Step<usize>, EnvironmentError> {
        self.0 = (self.0 + 2 * action).saturating_sub(1);
        let status = if self.0 == 10 { Status::Terminated } else { Status::Running };
        Ok(Step { observation: self.0, reward: -1.0, status })
    }
}

fn main() -> Result<(), BoxError> {
    let config = PpoConfig::default();
    let mut trainer = Trainer::new(config, || Corridor(0)).steps(50_000).build()?;
    trainer.run(&mut [&mut Progress::stderr()])?;
    Ok(())
}

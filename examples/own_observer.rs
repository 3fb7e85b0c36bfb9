//! An observer of one's own: it ends a run after ten updates without a better mean return.
use rl::prelude::*;

#[derive(Default)]
struct Patience {
    best: f64,
    waited: u32,
}

impl Observer for Patience {
    fn update(&mut self, run: &dyn RunView, _: &mut Metrics) -> Result<ControlFlow<()>, BoxError> {
        let mean = run.recent_returns().mean();
        self.waited = u32::from(mean <= self.best) * (self.waited + 1);
        self.best = self.best.max(mean);
        Ok([ControlFlow::Continue(()), ControlFlow::Break(())][usize::from(self.waited == 10)])
    }
}

fn main() -> Result<(), BoxError> {
    let config = VpgConfig::default();
    let mut trainer = Trainer::new(config, CartPole::v1).updates(500).build()?;
    let outcome = trainer.run(&mut [&mut Patience::default()])?;
    assert_eq!(outcome, Outcome::Interrupted);
    Ok(())
}

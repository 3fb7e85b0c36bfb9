//! An observer of one's own: it ends a run after ten updates without a better mean return.
use rl::prelude::*;

struct Patience {
    waited: u32,
}

impl Observer for Patience {
    fn update(&mut self, run: &dyn RunView, _: &mut Metrics) -> Result<ControlFlow<()>, BoxError> {
        let returns = run.recent_returns();
        self.waited = u32::from(returns.mean() < returns.best()) * (self.waited + 1);
        Ok(match self.waited {
            10.. => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        })
    }
}

fn main() -> Result<(), BoxError> {
    let config = VpgConfig::default();
    let mut trainer = Trainer::new(config, CartPole::v1).updates(500).build()?;
    let outcome = trainer.run(&mut [&mut Progress::stderr(), &mut Patience { waited: 0 }])?;
    assert_eq!(outcome, Outcome::Interrupted);
    Ok(())
}

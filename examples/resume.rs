//! A run that is stopped half way and resumed from its files ends as one that was not, to the bit.
use rl::prelude::*;

fn main() -> Result<(), BoxError> {
    let trainer = || {
        let config = PpoConfig::default();
        Trainer::new(config, CartPole::v1).updates(4).build()
    };
    let mut uninterrupted = trainer()?;
    uninterrupted.run(&mut [])?;

    let mut half = each(|run, _| match run.clock().updates {
        2.. => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    });
    let place = tempfile::tempdir()?;
    trainer()?.run(&mut [&mut half, &mut RunDirectory::create(place.path())?])?;

    let mut resumed = trainer()?;
    resumed.resume(place.path())?;
    assert_eq!(resumed.clock().updates, 2);
    resumed.run(&mut [])?;
    assert!(resumed.snapshot() == uninterrupted.snapshot());
    Ok(())
}

//! Pictures of wrapped environments.

use super::{Draw, Scene};
use crate::TimeLimit;
use crate::wrappers::{
    ClipAction, EpisodeStatistics, FrameSkip, NormalizeObservation, NormalizeReward, RescaleAction,
};

/// Implements [`Draw`] for wrappers that have the picture of the environment within.
macro_rules! draw_inner {
    ($($wrapper:ident),*) => {$(
        impl<E: Draw> Draw for $wrapper<E> {
            fn steps_per_second(&self) -> f64 {
                self.inner().steps_per_second()
            }

            fn picture(&self) -> Scene {
                self.inner().picture()
            }
        }
    )*};
}
draw_inner!(
    ClipAction,
    EpisodeStatistics,
    NormalizeObservation,
    NormalizeReward,
    RescaleAction,
    TimeLimit
);

/// Each of its steps is several steps of the environment within.
impl<E: Draw> Draw for FrameSkip<E> {
    fn steps_per_second(&self) -> f64 {
        self.inner().steps_per_second() / self.repetitions() as f64
    }

    fn picture(&self) -> Scene {
        self.inner().picture()
    }
}

#[cfg(test)]
mod tests {
    use rl_core::{FlatEnvironment, Stream};

    use super::*;
    use crate::CartPole;

    #[test]
    fn a_wrapped_environment_looks_as_it_does_within_and_keeps_its_pace() {
        let skipping = FrameSkip::new(CartPole::v1(), 4).unwrap();
        let mut environment = EpisodeStatistics::new(skipping, 1).unwrap();
        environment
            .reset_into(&mut Stream::from_seed(0), &mut [0.0; 4])
            .unwrap();
        assert_eq!(environment.steps_per_second(), 12.5);
        assert_eq!(
            environment.draw(),
            environment.inner().inner().inner().draw()
        );
    }
}

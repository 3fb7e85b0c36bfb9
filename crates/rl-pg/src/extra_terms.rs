//! Terms of a user's own in the losses of the algorithms.

use std::fmt;
use std::sync::Arc;

use rl_core::Clock;
use rl_learn::{Term, UpdateError};

use crate::ActorLearner;

/// Terms that a user adds to an algorithm's loss, after those of its own.
///
/// ```
/// use rl_learn::EntropyBonus;
/// use rl_pg::{ExtraTerms, PpoConfig};
///
/// let config = PpoConfig {
///     // A bonus that falls to 0 over the run.
///     extra: ExtraTerms::default().with(|clock| EntropyBonus(0.01 * (1.0 - clock.done()) as f32)),
///     ..PpoConfig::default()
/// };
/// assert_eq!(config, config.clone());
/// ```
#[derive(Clone, Default)]
pub struct ExtraTerms {
    makers: Vec<Make>,
}

type Make = Arc<dyn Fn(&Clock) -> Box<dyn Term> + Send + Sync>;

impl ExtraTerms {
    /// Adds a term, which `make` makes for each update.
    #[must_use]
    pub fn with<T: Term + 'static>(
        mut self,
        make: impl Fn(&Clock) -> T + Send + Sync + 'static,
    ) -> Self {
        self.makers
            .push(Arc::new(move |clock| Box::new(make(clock))));
        self
    }

    /// The terms of an update.
    pub(crate) fn at(&self, clock: &Clock) -> Vec<Box<dyn Term>> {
        self.makers.iter().map(|make| make(clock)).collect()
    }

    /// Refuses terms that an agent cannot learn by, before the run.
    pub(crate) fn check(&self, agent: &ActorLearner) -> Result<(), UpdateError> {
        let terms = self.at(&Clock::start(agent.setup.horizon));
        let terms: Vec<&dyn Term> = terms.iter().map(Box::as_ref).collect();
        agent.supports(&terms)
    }
}

impl PartialEq for ExtraTerms {
    /// Returns `true` if they are made by the same functions.
    fn eq(&self, other: &Self) -> bool {
        let pairs = || self.makers.iter().zip(&other.makers);
        self.makers.len() == other.makers.len() && pairs().all(|(a, b)| Arc::ptr_eq(a, b))
    }
}

impl fmt::Debug for ExtraTerms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ExtraTerms({})", self.makers.len())
    }
}

#[cfg(test)]
mod tests {
    use rl_learn::EntropyBonus;

    use super::*;

    #[test]
    fn terms_are_equal_if_they_are_made_by_the_same_functions() {
        let one = ExtraTerms::default().with(|_| EntropyBonus(0.1));
        let two = one.clone().with(|_| EntropyBonus(0.1));
        let other = ExtraTerms::default().with(|_| EntropyBonus(0.1));
        assert_eq!(one, one.clone());
        assert_ne!(one, two);
        assert_ne!(one, other);
        assert_eq!(ExtraTerms::default(), ExtraTerms::default());
    }
}

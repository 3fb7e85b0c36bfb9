//! Optimizers of a user's own.

use std::fmt;
use std::sync::Arc;

use burn::optim::ModuleOptimizer;

/// Optimizer of a user's own, in place of the built-in ones: any of Burn's, for the learner on Burn's
/// tape. Gradients are clipped by their global norm before it sees them, and its step size is the
/// configuration's. It is saved and restored by Burn's own record.
///
/// ```
/// use burn::optim::SgdConfig;
/// use rl_learn::{OptimizerConfig, OwnOptimizer};
///
/// let config = OptimizerConfig {
///     own: OwnOptimizer::new(|| SgdConfig::new().init()),
///     ..OptimizerConfig::adam(0.1)
/// };
/// assert_eq!(config, config.clone());
/// ```
#[derive(Clone, Default)]
pub struct OwnOptimizer(Option<Arc<dyn Fn() -> ModuleOptimizer + Send + Sync>>);

impl OwnOptimizer {
    /// The optimizer that `make` makes, one for each learner.
    pub fn new<O: Into<ModuleOptimizer>>(make: impl Fn() -> O + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(move || make().into())))
    }

    /// A new one; `None` without an optimizer of one's own.
    pub(crate) fn make(&self) -> Option<ModuleOptimizer> {
        self.0.as_ref().map(|make| make())
    }
}

impl PartialEq for OwnOptimizer {
    /// Returns `true` if there is none, or they are made by the same function.
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (None, None) => true,
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}

impl fmt::Debug for OwnOptimizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "own" } else { "none" })
    }
}

#[cfg(test)]
mod tests {
    use burn::optim::SgdConfig;

    use super::*;

    #[test]
    fn optimizers_are_equal_if_they_are_made_by_the_same_function() {
        let make = || OwnOptimizer::new(|| SgdConfig::new().init());
        let one = make();
        assert_eq!(one, one.clone());
        assert_ne!(one, make());
        assert_ne!(one, OwnOptimizer::default());
        assert_eq!(OwnOptimizer::default(), OwnOptimizer::default());
    }
}

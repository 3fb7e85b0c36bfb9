//! Configuration of a check.

/// Configuration of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConformanceConfig {
    /// Seed of every stream.
    pub seed: u64,
    /// Steps of the main check; each of the others takes fewer.
    pub steps: usize,
    /// Flag: the environment is known to draw nothing, so that all seeds may agree.
    pub deterministic: bool,
    /// Flag: finite actions beyond the bounds of a box are taken rather than refused, as
    /// Gymnasium's Pendulum does, which clips them.
    pub clips_actions: bool,
}

impl Default for ConformanceConfig {
    /// Seed 0, 2000 steps, neither deterministic nor clipping.
    fn default() -> Self {
        Self {
            seed: 0,
            steps: 2000,
            deterministic: false,
            clips_actions: false,
        }
    }
}

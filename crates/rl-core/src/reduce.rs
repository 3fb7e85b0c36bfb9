//! Reductions over the processes that learn together.

use crate::BoxError;

/// Sums and means over several processes (ranks) that train one agent, each in environments of its
/// own. All ranks call the same methods in the same order.
///
/// It stands between gradient and optimizer step, before gradients are clipped, and between what
/// a rank measured and what is decided by it: moments that observations are normalised by, and
/// divergences that stop a fit.
pub trait Reduce: Send + Sync {
    /// Number of ranks.
    fn ranks(&self) -> usize;

    /// Index of this one.
    fn rank(&self) -> usize;

    /// Replaces each number by its mean over the ranks.
    ///
    /// # Errors
    /// Those of the connection.
    fn mean_f32(&self, values: &mut [f32]) -> Result<(), BoxError>;

    /// Replaces each number by its sum over the ranks.
    ///
    /// # Errors
    /// Those of the connection.
    fn sum_f64(&self, values: &mut [f64]) -> Result<(), BoxError>;
}

/// A single process: every number stays as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct SingleProcess;

impl Reduce for SingleProcess {
    fn ranks(&self) -> usize {
        1
    }

    fn rank(&self) -> usize {
        0
    }

    fn mean_f32(&self, _values: &mut [f32]) -> Result<(), BoxError> {
        Ok(())
    }

    fn sum_f64(&self, _values: &mut [f64]) -> Result<(), BoxError> {
        Ok(())
    }
}

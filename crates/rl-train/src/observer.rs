//! Observers: everything that a run tells others goes through them.

use std::ops::ControlFlow;

use rl_core::{BoxError, Metrics, Snapshot, StateError, StateReader, StateWriter};

use crate::view::{Outcome, RunView};

/// A listener to a run: progress, files, evaluation, or a user's own.
///
/// Observers hear of an update in the order in which they are given, and share its metrics: an
/// evaluation adds its result, and observers behind it (best policy, early stop, CSV file) read it.
///
/// ```
/// use std::ops::ControlFlow;
///
/// use rl_core::{BoxError, Metrics};
/// use rl_train::{Observer, RunView};
///
/// /// Ends a run once its policy has become deterministic.
/// struct Decided;
///
/// impl Observer for Decided {
///     fn update(
///         &mut self,
///         _run: &dyn RunView,
///         metrics: &mut Metrics,
///     ) -> Result<ControlFlow<()>, BoxError> {
///         let entropy = metrics.get("entropy").unwrap_or(f64::INFINITY);
///         Ok(if entropy < 0.01 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
///     }
/// }
/// ```
pub trait Observer {
    /// Hears that the run begins or goes on; its state is restored already.
    ///
    /// # Errors
    /// The observer's own, which ends the run.
    fn start(&mut self, _run: &dyn RunView) -> Result<(), BoxError> {
        Ok(())
    }

    /// Hears of an update, may add to its metrics, and may end the run.
    ///
    /// # Errors
    /// The observer's own, which ends the run.
    fn update(
        &mut self,
        run: &dyn RunView,
        metrics: &mut Metrics,
    ) -> Result<ControlFlow<()>, BoxError>;

    /// Outcome of a run that it ends: [`Outcome::Interrupted`] unless its goal is reached, which
    /// completes the run, or its time is up.
    fn outcome(&self) -> Outcome {
        Outcome::Interrupted
    }

    /// Returns `true` if it wants to [`store`](Self::store) the run after this update.
    fn is_due(&self, _run: &dyn RunView) -> bool {
        false
    }

    /// Stores the state of the run and of all observers, once all have heard of the update. It is
    /// called where [`is_due`](Self::is_due) says so, and for every observer when the run ends, unless
    /// the agent failed in the middle of an update.
    ///
    /// # Errors
    /// The observer's own, which ends the run.
    fn store(&mut self, _run: &dyn RunView, _state: &Snapshot) -> Result<(), BoxError> {
        Ok(())
    }

    /// Hears that the run has ended.
    ///
    /// # Errors
    /// The observer's own.
    fn end(&mut self, _run: &dyn RunView, _outcome: Outcome) -> Result<(), BoxError> {
        Ok(())
    }

    /// Name of its state among those of the other observers; empty for one without a state.
    fn name(&self) -> &'static str {
        ""
    }

    /// Writes the state that its future depends on.
    fn save(&self, _out: &mut dyn StateWriter) {}

    /// Takes up a state.
    ///
    /// # Errors
    /// [`StateError`].
    fn load(&mut self, _from: &dyn StateReader) -> Result<(), StateError> {
        Ok(())
    }
}

/// A closure as an observer.
///
/// ```
/// use std::ops::ControlFlow::{Break, Continue};
/// use rl_train::each;
///
/// let mut at_most_10 = each(|run, _| {
///     if run.clock().updates < 10 { Continue(()) } else { Break(()) }
/// });
/// # let _: &mut dyn rl_train::Observer = &mut at_most_10;
/// ```
pub fn each<F>(listener: F) -> Each<F>
where
    F: FnMut(&dyn RunView, &mut Metrics) -> ControlFlow<()>,
{
    Each(listener)
}

/// Observer that [`each`] makes.
pub struct Each<F>(F);

impl<F> Observer for Each<F>
where
    F: FnMut(&dyn RunView, &mut Metrics) -> ControlFlow<()>,
{
    fn update(
        &mut self,
        run: &dyn RunView,
        metrics: &mut Metrics,
    ) -> Result<ControlFlow<()>, BoxError> {
        Ok((self.0)(run, metrics))
    }
}

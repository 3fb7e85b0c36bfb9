//! A barrier at which worker threads wait for each other.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rl_core::wait_until;

/// Barrier of the workers of a session.
///
/// They spin: a minibatch takes some tens of microseconds, and to be woken by the system as many.
pub(super) struct Barrier {
    workers: usize,
    arrived: AtomicUsize,
    turn: AtomicUsize,
    broken: AtomicBool,
}

impl Barrier {
    pub fn new(workers: usize) -> Self {
        Self {
            workers,
            arrived: AtomicUsize::new(0),
            turn: AtomicUsize::new(0),
            broken: AtomicBool::new(false),
        }
    }

    /// Number of workers.
    pub fn workers(&self) -> usize {
        self.workers
    }

    /// Waits for all; `false` if one of them never comes.
    #[must_use]
    pub fn wait(&self) -> bool {
        if self.workers == 1 {
            return true;
        }
        let turn = self.turn.load(Ordering::Acquire);
        if self.arrived.fetch_add(1, Ordering::AcqRel) + 1 == self.workers {
            self.arrived.store(0, Ordering::Relaxed);
            self.turn.store(turn + 1, Ordering::Release);
            return true;
        }
        let passed = || self.turn.load(Ordering::Acquire) != turn;
        wait_until(|| passed() || self.is_broken());
        passed()
    }

    /// Returns `true` if a worker has panicked.
    pub fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }

    /// Guard that frees the others should this worker panic.
    pub fn guard(&self) -> impl Drop + '_ {
        Guard(self)
    }
}

struct Guard<'a>(&'a Barrier);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.broken.store(true, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_passes_a_barrier_before_all_have_come() {
        let (barrier, count) = (Barrier::new(3), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    for round in 1..=200 {
                        count.fetch_add(1, Ordering::SeqCst);
                        assert!(barrier.wait());
                        assert_eq!(count.load(Ordering::SeqCst), 3 * round);
                        assert!(barrier.wait());
                    }
                });
            }
        });
    }

    #[test]
    fn a_worker_that_panics_frees_the_others() {
        let barrier = Barrier::new(2);
        let outcome = std::panic::catch_unwind(|| {
            std::thread::scope(|scope| {
                let other = scope.spawn(|| barrier.wait());
                scope.spawn(|| {
                    let _guard = barrier.guard();
                    panic!("on purpose");
                });
                assert!(!other.join().unwrap());
            });
        });
        assert!(outcome.is_err());
    }
}

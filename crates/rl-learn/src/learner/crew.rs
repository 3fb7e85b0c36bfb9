//! Threads that take the optimizer steps of one fit together.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

use rl_core::wait_until;

use super::part::Sums;
use crate::samples::Measured;

/// A worker's place among those of its network: it takes the lanes `index`, `index + of`, ….
#[derive(Clone, Copy)]
pub(super) struct Seat {
    pub index: usize,
    pub of: usize,
}

impl Seat {
    pub const ALONE: Self = Self { index: 0, of: 1 };
}

/// What the workers of a fit tell each other.
pub(super) struct Board {
    pub barrier: Barrier,
    /// Per network and lane of a minibatch; empty if no network has several workers.
    pub lanes: Vec<Vec<RwLock<Sums>>>,
    /// Of every second minibatch, per network: measurements, and the squared norm of the gradient.
    measured: [Vec<Mutex<Measured>>; 2],
}

impl Board {
    pub fn new(workers: usize, networks: usize, lanes: usize) -> Self {
        let lanes = (0..networks).map(|_| (0..lanes).map(|_| RwLock::default()).collect());
        Self {
            barrier: Barrier::new(workers),
            lanes: lanes.collect(),
            measured: [(); 2].map(|()| (0..networks).map(|_| Mutex::default()).collect()),
        }
    }

    /// Whether workers of one network leave their lanes here for each other.
    pub fn has_lanes(&self) -> bool {
        self.lanes.iter().any(|lanes| !lanes.is_empty())
    }

    /// Whether it fits.
    pub fn is_for(&self, workers: usize, networks: usize, lanes: usize) -> bool {
        self.barrier.workers == workers
            && self.lanes.len() == networks
            && self.lanes.iter().all(|own| own.len() == lanes)
    }

    pub fn tell(&self, step: usize, network: usize, measured: Measured) {
        if let Some(cell) = self.measured[step % 2].get(network) {
            *locked(cell) = measured;
        }
    }

    /// The sums over the networks, in their order.
    pub fn total(&self, step: usize) -> Measured {
        let mut total = Measured::default();
        for cell in &self.measured[step % 2] {
            total.join(&locked(cell));
        }
        total
    }
}

fn locked<T>(cell: &Mutex<T>) -> MutexGuard<'_, T> {
    cell.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where workers wait for each other.
///
/// They spin: a minibatch takes some tens of microseconds, and to be woken by the system as many.
pub(super) struct Barrier {
    workers: usize,
    arrived: AtomicUsize,
    turn: AtomicUsize,
    broken: AtomicBool,
}

impl Barrier {
    fn new(workers: usize) -> Self {
        Self {
            workers,
            arrived: AtomicUsize::new(0),
            turn: AtomicUsize::new(0),
            broken: AtomicBool::new(false),
        }
    }

    /// Waits for all; `false` if one of them never comes.
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
        wait_until(|| passed() || self.broken.load(Ordering::Relaxed));
        passed()
    }

    /// Frees the others should this worker panic.
    pub fn attend(&self) -> impl Drop + '_ {
        Attendance(self)
    }
}

struct Attendance<'a>(&'a Barrier);

impl Drop for Attendance<'_> {
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
                    let _attendance = barrier.attend();
                    panic!("on purpose");
                });
                assert!(!other.join().unwrap());
            });
        });
        assert!(outcome.is_err());
    }
}

//! Memory that the workers of a session exchange commands and results through.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

use rl_core::wait_until;

use super::barrier::Barrier;
use super::sums::{MeasuredSums, Sums};

/// Share of a network's gradient that a worker computes: the lanes `index`, `index + of`, ….
#[derive(Clone, Copy)]
pub(super) struct Share {
    pub index: usize,
    pub of: usize,
}

impl Share {
    pub const WHOLE: Self = Self { index: 0, of: 1 };
}

/// Command of the leading worker, which every worker carries out, itself included.
#[derive(Clone, Copy, Debug)]
pub(super) enum Command {
    /// Compute the gradient over these places of the order.
    Gradient {
        start: usize,
        end: usize,
        normalize_advantages: bool,
    },
    /// Show the gradient; a zero one if there is none yet.
    Show { is_zero: bool },
    /// Take over the gradient that was shown and changed.
    Take,
    /// Take an optimizer step down `scale · gradient`. Every second command at most is one.
    Step { scale: f32, learning_rate: f64 },
    /// End the session.
    End,
}

/// Exchange between the workers of a session.
pub(super) struct Exchange {
    pub barrier: Barrier,
    /// The last two commands; all but a step are carried out by everybody before the next one.
    commands: [Mutex<Command>; 2],
    /// Number of commands so far.
    given: AtomicUsize,
    /// Per network and gradient lane of a minibatch; empty if no network has several workers.
    pub lanes: Vec<Vec<RwLock<Sums>>>,
    /// Per network.
    measured: Vec<Mutex<MeasuredSums>>,
    /// Per network, on demand.
    gradients: Vec<Mutex<Vec<f32>>>,
}

impl Exchange {
    pub fn new(workers: usize, networks: usize, lanes: usize) -> Self {
        let lanes = (0..networks).map(|_| (0..lanes).map(|_| RwLock::default()).collect());
        Self {
            barrier: Barrier::new(workers),
            commands: [(); 2].map(|()| Mutex::new(Command::End)),
            given: AtomicUsize::new(0),
            lanes: lanes.collect(),
            measured: (0..networks).map(|_| Mutex::default()).collect(),
            gradients: (0..networks).map(|_| Mutex::default()).collect(),
        }
    }

    /// Makes it ready for another session.
    pub fn begin(&mut self) {
        *self.given.get_mut() = 0;
    }

    /// Returns `true` if workers of one network have to add up each other's lanes.
    pub fn has_lanes(&self) -> bool {
        self.lanes.iter().any(|lanes| !lanes.is_empty())
    }

    /// Returns `true` if it fits a session of so many workers, networks and lanes.
    pub fn is_for(&self, workers: usize, networks: usize, lanes: usize) -> bool {
        self.barrier.workers() == workers
            && self.lanes.len() == networks
            && self.lanes.iter().all(|own| own.len() == lanes)
    }

    /// Gives a command to the other workers.
    pub fn give(&self, command: Command) {
        // Nobody else writes the number.
        let number = self.given.load(Ordering::Relaxed);
        *locked(&self.commands[number % 2]) = command;
        self.given.store(number + 1, Ordering::Release);
    }

    /// The command with this number, once it is given; [`Command::End`] if it never comes.
    pub fn command(&self, number: usize) -> Command {
        let is_given = || self.given.load(Ordering::Acquire) > number;
        wait_until(|| is_given() || self.barrier.is_broken());
        if is_given() {
            *locked(&self.commands[number % 2])
        } else {
            Command::End
        }
    }

    /// Stores the measurements of a network.
    pub fn put_measured(&self, network: usize, measured: &MeasuredSums, squared_norm: f64) {
        if let Some(slot) = self.measured.get(network) {
            let mut slot = locked(slot);
            slot.clone_from(measured);
            slot.squared_norm = squared_norm;
        }
    }

    /// The measurements over the networks, in their order.
    pub fn total(&self) -> MeasuredSums {
        let mut total = MeasuredSums::default();
        for slot in &self.measured {
            total.join(&locked(slot));
        }
        total
    }

    /// The gradient of a network, as it was shown.
    pub fn gradient(&self, network: usize) -> MutexGuard<'_, Vec<f32>> {
        locked(&self.gradients[network])
    }
}

fn locked<T>(slot: &Mutex<T>) -> MutexGuard<'_, T> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exchange_fits_the_workers_networks_and_lanes_it_was_made_for() {
        let exchange = Exchange::new(2, 3, 4);
        assert!(exchange.is_for(2, 3, 4) && exchange.has_lanes());
        for (workers, networks, lanes) in [(1, 3, 4), (2, 2, 4), (2, 3, 5)] {
            assert!(!exchange.is_for(workers, networks, lanes));
        }
        assert!(!Exchange::new(2, 3, 0).has_lanes());
    }
}

//! Threads that share the work of a training.

use std::cell::Cell;
use std::hint::spin_loop;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rayon::{ThreadPool, ThreadPoolBuilder, Yield};

use crate::pace::{Paces, Place};

/// Time for which a thread without work looks out for more before it sleeps.
///
/// Between two pieces of work of a training there are some hundred microseconds that only one
/// thread works in; to be woken by the system costs another about fifty.
const PATIENCE: Duration = Duration::from_millis(1);

/// Number of looks at a condition before the thread lets others have its core.
const SPINS: usize = 2000;

thread_local! {
    /// Flag: this thread works on an item.
    static WORKING: Cell<bool> = const { Cell::new(false) };
}

/// The caller's thread and, beyond one, those of a pool. Clones share the pool, and whatever takes
/// turns in a training should: a thread that looks out for work takes a core. Callers on several
/// threads wait for each other.
///
/// Another program may have the cores that the pool counts on: then all threads together are slower
/// than one alone. Each place that calls is therefore timed both ways, and works in the faster one;
/// now and then the other is tried again. No result depends on it.
///
/// ```
/// use rl_core::Threads;
///
/// let threads = Threads::new(2)?;
/// assert_eq!(threads.map([1, 2, 3], |x| x * x), [1, 4, 9]);
/// # Ok::<(), rl_core::error::ThreadsError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Threads {
    workers: Option<Workers>,
}

#[derive(Clone, Debug)]
struct Workers {
    pool: Arc<ThreadPool>,
    /// Flag of each worker: it is awake.
    awake: Arc<[AtomicBool]>,
    /// Held by the caller whose items are worked on: those of two might take a worker each, and
    /// wait for the other.
    turn: Arc<Mutex<()>>,
    paces: Arc<Mutex<Paces>>,
}

/// One piece of work of a place that calls again and again, from its beginning to its drop: it
/// decides on the number of threads to work on, and is timed.
#[derive(Debug)]
pub struct TimedWork<'a> {
    threads: &'a Threads,
    place: Place,
    units: f64,
    together: bool,
    begin: Instant,
}

impl TimedWork<'_> {
    /// Number of threads to work on: all, or one where the others cost more than they give.
    pub fn count(&self) -> usize {
        if self.together {
            self.threads.count()
        } else {
            1
        }
    }
}

impl Drop for TimedWork<'_> {
    fn drop(&mut self) {
        if let Some(workers) = &self.threads.workers {
            let mut paces = workers.paces.lock().unwrap_or_else(PoisonError::into_inner);
            let seconds = self.begin.elapsed().as_secs_f64();
            paces.record(self.place, self.together, seconds / self.units);
        }
    }
}

/// The system gave fewer threads than were asked for.
#[derive(Debug, thiserror::Error)]
#[error("cannot start {threads} threads: {source}")]
pub struct ThreadsError {
    /// Number that was asked for.
    pub threads: usize,
    /// The system's reason.
    pub source: rayon::ThreadPoolBuildError,
}

impl Threads {
    /// So many threads, the caller's among them; 0 counts as 1.
    ///
    /// # Errors
    /// [`ThreadsError`] if the system does not give them.
    pub fn new(threads: usize) -> Result<Self, ThreadsError> {
        if threads <= 1 {
            return Ok(Self::default());
        }
        let builder = ThreadPoolBuilder::new().num_threads(threads - 1);
        let pool = builder.build();
        Ok(Self {
            workers: Some(Workers {
                pool: Arc::new(pool.map_err(|source| ThreadsError { threads, source })?),
                awake: (1..threads).map(|_| AtomicBool::new(false)).collect(),
                turn: Arc::default(),
                paces: Arc::default(),
            }),
        })
    }

    /// Number of threads.
    pub fn count(&self) -> usize {
        1 + self
            .workers
            .as_ref()
            .map_or(0, |workers| workers.awake.len())
    }

    /// Begins a piece of work of so many units, of the place that calls this: pieces are compared
    /// with those of about the same size.
    #[track_caller]
    pub fn begin(&self, units: usize) -> TimedWork<'_> {
        let place = (Location::caller(), units.max(1).ilog2());
        let together = match self.workers.as_ref().filter(|_| !WORKING.get()) {
            None => false,
            Some(workers) => {
                let mut paces = workers.paces.lock().unwrap_or_else(PoisonError::into_inner);
                paces.choose(place)
            }
        };
        TimedWork {
            threads: self,
            place,
            units: units.max(1) as f64,
            together,
            begin: Instant::now(),
        }
    }

    /// The results of `work` on each of the items, in their order. Items don't wait for each other:
    /// they may all be worked on by the caller's thread.
    ///
    /// Within such work there is one thread: the one that calls.
    ///
    /// # Panics
    /// If `work` does, once all threads are done.
    #[track_caller]
    pub fn map<I, R>(
        &self,
        items: impl IntoIterator<Item = I>,
        work: impl Fn(I) -> R + Sync,
    ) -> Vec<R>
    where
        I: Send,
        R: Send,
    {
        let timed = self.begin(1);
        match timed.count() {
            1 => items.into_iter().map(work).collect(),
            _ => self.map_together(items, work),
        }
    }

    /// The results of `work` on each of the items, in their order, on all threads.
    ///
    /// Thread `i` takes the items `i`, `i + count`, …: as many items as threads, or fewer, are
    /// worked on at the same time, and may wait for each other. Within such work there is one
    /// thread: the one that calls.
    ///
    /// # Panics
    /// If `work` does, once all threads are done.
    pub fn map_together<I, R>(
        &self,
        items: impl IntoIterator<Item = I>,
        work: impl Fn(I) -> R + Sync,
    ) -> Vec<R>
    where
        I: Send,
        R: Send,
    {
        let items = items.into_iter();
        let Some(workers) = self.workers.as_ref().filter(|_| !WORKING.get()) else {
            return items.map(work).collect();
        };
        let mut slots: Vec<(Option<I>, Option<R>)> = items.map(|item| (Some(item), None)).collect();
        let mut shares: Vec<Vec<_>> = Vec::new();
        shares.resize_with(self.count().min(slots.len()), Vec::new);
        for (i, slot) in slots.iter_mut().enumerate() {
            let share = i % shares.len();
            shares[share].push(slot);
        }
        workers.run(shares, |share: Vec<&mut (Option<I>, Option<R>)>| {
            for (item, result) in share {
                *result = item.take().map(&work);
            }
        });
        slots.into_iter().filter_map(|(_, result)| result).collect()
    }
}

impl Workers {
    /// Works on a share here, and on each of the others on a thread of its own.
    fn run<S: Send>(&self, shares: Vec<S>, work_on: impl Fn(S) + Sync) {
        let mut shares = shares.into_iter();
        let Some(own) = shares.next() else { return };
        if shares.len() == 0 {
            return work_on(own);
        }
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let left = AtomicUsize::new(shares.len());
        let work_on = |share| {
            let _working = Working::begin();
            work_on(share);
        };
        let (left, work_on) = (&left, &work_on);
        self.pool.in_place_scope(|scope| {
            for share in shares {
                scope.spawn(move |_| {
                    // Counted even if the work panics, which the scope passes on.
                    let _done = Countdown(left);
                    work_on(share);
                });
            }
            self.stay_awake();
            work_on(own);
            // The scope sleeps until they are done; to be woken from that takes too long.
            let done = Instant::now();
            wait_until(|| left.load(Ordering::Acquire) == 0 || done.elapsed() > PATIENCE);
        });
    }

    /// Lets workers look out for work once they have none.
    fn stay_awake(&self) {
        if self.awake.iter().all(|awake| awake.load(Ordering::Relaxed)) {
            return;
        }
        let awake = Arc::clone(&self.awake);
        self.pool.spawn_broadcast(move |worker| {
            let awake = &awake[worker.index()];
            if awake.swap(true, Ordering::Relaxed) {
                return;
            }
            let mut last = Instant::now();
            while last.elapsed() < PATIENCE {
                match rayon::yield_now() {
                    Some(Yield::Executed) => last = Instant::now(),
                    _ => thread::yield_now(),
                }
            }
            awake.store(false, Ordering::Relaxed);
        });
    }
}

/// Marks the thread for as long as it lives.
struct Working;

impl Working {
    fn begin() -> Self {
        WORKING.set(true);
        Self
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        WORKING.set(false);
    }
}

struct Countdown<'a>(&'a AtomicUsize);

impl Drop for Countdown<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Release);
    }
}

/// Waits until `condition` holds, by looking again and again: for another thread that needs some
/// microseconds, in which the system could not wake this one.
pub fn wait_until(condition: impl Fn() -> bool) {
    let mut spins = 0;
    while !condition() {
        if spins < SPINS {
            spins += 1;
            spin_loop();
        } else {
            thread::yield_now();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    #[test]
    fn results_have_the_order_of_the_items_on_any_number_of_threads() {
        for count in [0, 1, 2, 3, 8] {
            let threads = Threads::new(count).unwrap();
            assert_eq!(threads.count(), count.max(1));
            for items in [0, 1, 2, 3, 7, 20] {
                let squares: Vec<usize> = (0..items).map(|x| x * x).collect();
                assert_eq!(threads.map(0..items, |x| x * x), squares);
            }
        }
    }

    #[test]
    fn as_many_items_as_threads_may_wait_for_each_other() {
        for count in 1..=4 {
            let threads = Threads::new(count).unwrap();
            for round in 0..50 {
                let here = AtomicUsize::new(0);
                let met = threads.map_together(0..count, |_| {
                    here.fetch_add(1, Ordering::SeqCst);
                    wait_until(|| here.load(Ordering::SeqCst) == count);
                    thread::current().id()
                });
                for (i, id) in met.iter().enumerate() {
                    assert!(!met[..i].contains(id), "{count} threads, round {round}");
                }
                if round % 10 == 0 {
                    thread::sleep(2 * PATIENCE);
                }
            }
        }
    }

    #[test]
    fn items_are_changed_in_place_and_clones_share_the_threads() {
        let threads = Threads::new(2).unwrap();
        let mut numbers = [1, 2, 3];
        for _ in 0..100 {
            threads.clone().map(&mut numbers, |number| *number += 1);
        }
        assert_eq!(numbers, [101, 102, 103]);
    }

    #[test]
    fn work_within_work_stays_on_its_thread() {
        let threads = Threads::new(3).unwrap();
        let sums = threads.map(0..6, |i| threads.map(0..4, |j| i * j).iter().sum::<usize>());
        assert_eq!(sums, [0, 6, 12, 18, 24, 30]);
    }

    #[test]
    fn callers_take_turns_and_whoever_is_slow_is_waited_for() {
        let threads = Threads::new(2).unwrap();
        thread::scope(|scope| {
            for caller in 0..3 {
                let threads = threads.clone();
                scope.spawn(move || {
                    for round in 0..50 {
                        let here = AtomicUsize::new(0);
                        let met = threads.map_together(0..2, |item| {
                            here.fetch_add(1, Ordering::SeqCst);
                            wait_until(|| here.load(Ordering::SeqCst) == 2);
                            if item == 1 && round % 25 == caller {
                                thread::sleep(3 * PATIENCE);
                            }
                            item
                        });
                        assert_eq!(met, [0, 1]);
                    }
                });
            }
        });
    }

    #[test]
    fn a_panic_reaches_the_caller_and_leaves_the_threads_to_others() {
        let threads = Threads::new(2).unwrap();
        for culprit in 0..2 {
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                threads.map(0..2, |item| assert_ne!(item, culprit, "on purpose"));
            }));
            assert!(outcome.is_err(), "item {culprit}");
            assert_eq!(threads.map(0..2, |item| item), [0, 1]);
        }
    }
}

//! Counters of what happens a million times a second: each thread adds to numbers of its own.
//!
//! An addition that is atomic for all threads takes five nanoseconds, and much more while threads take the cache line from each other. A save
//! in memory takes 600. So each thread owns a place in every application's table. It alone writes there, which needs no atomic addition.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

/// The number of threads that have a place of their own. Further threads share one.
const PLACES: usize = 32;

/// The places of threads that have ended.
static FREE: Mutex<Vec<usize>> = Mutex::new(Vec::new());
/// The number of places that were ever given out.
static GIVEN: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// The place of this thread. It needs no destructor, so that reading it is one instruction.
    static PLACE: Cell<usize> = const { Cell::new(NOT_TAKEN) };
    static GIVES_BACK: GivesBack = GivesBack::take();
}

/// The thread has not counted anything.
const NOT_TAKEN: usize = usize::MAX;
/// The thread is ending, and has given its place back.
const GIVEN_BACK: usize = usize::MAX - 1;

/// Gives a thread's place back when the thread ends.
struct GivesBack(usize);

impl GivesBack {
    fn take() -> Self {
        // a thread that takes a place over sees what the thread before it has counted: it got the place through the lock
        let free = FREE.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Self(free.unwrap_or_else(|| GIVEN.fetch_add(1, Relaxed)))
    }
}

impl Drop for GivesBack {
    fn drop(&mut self) {
        PLACE.set(GIVEN_BACK);
        FREE.lock().unwrap_or_else(PoisonError::into_inner).push(self.0);
    }
}

/// The place of this thread. It is beyond all places if the thread has to share one.
fn place() -> usize {
    let place = PLACE.get();
    if place == NOT_TAKEN { take_place() } else { place }
}

#[cold]
fn take_place() -> usize {
    let place = GIVES_BACK.try_with(|given| given.0).unwrap_or(GIVEN_BACK);
    PLACE.set(place);
    place
}

/// The numbers of all threads.
#[derive(Debug, Default)]
pub(crate) struct Tallies {
    places: [Tally; PLACES],
    shared: Tally,
}

/// The numbers of one thread, on cache lines of their own.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Tally {
    saves: AtomicU64,
    events: AtomicU64,
    last: AtomicU64,
    loads: AtomicU64,
}

/// The sums of all threads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tallied {
    pub(crate) saves: u64,
    pub(crate) events: u64,
    /// The greatest notification id.
    pub(crate) last: u64,
    pub(crate) loads: u64,
}

impl Tallies {
    /// Counts a save of these events, of which the last one has this notification id.
    pub(crate) fn saved(&self, events: u64, last: u64) {
        let (tally, is_own) = self.tally();
        add(&tally.saves, 1, is_own);
        add(&tally.events, events, is_own);
        if !is_own {
            tally.last.fetch_max(last, Relaxed);
        } else if tally.last.load(Relaxed) < last {
            tally.last.store(last, Relaxed);
        }
    }

    /// Counts a load.
    pub(crate) fn loaded(&self) {
        let (tally, is_own) = self.tally();
        add(&tally.loads, 1, is_own);
    }

    /// Notes that the log reaches this notification id.
    pub(crate) fn seen(&self, last: u64) {
        self.shared.last.fetch_max(last, Relaxed);
    }

    /// The number of loads of this thread, or of all that share its place.
    pub(crate) fn loads_here(&self) -> u64 {
        self.tally().0.loads.load(Relaxed)
    }

    /// The sums of all threads. What happens meanwhile may be in some of them.
    pub(crate) fn all(&self) -> Tallied {
        let mut all = Tallied::default();
        for tally in self.places.iter().chain([&self.shared]) {
            all.saves += tally.saves.load(Relaxed);
            all.events += tally.events.load(Relaxed);
            all.last = all.last.max(tally.last.load(Relaxed));
            all.loads += tally.loads.load(Relaxed);
        }
        all
    }

    /// The tally of this thread, and whether no other thread writes to it.
    fn tally(&self) -> (&Tally, bool) {
        match self.places.get(place()) {
            Some(own) => (own, true),
            None => (&self.shared, false),
        }
    }
}

fn add(number: &AtomicU64, more: u64, is_own: bool) {
    if is_own {
        number.store(number.load(Relaxed).wrapping_add(more), Relaxed);
    } else {
        number.fetch_add(more, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::thread;

    use super::*;

    /// More threads than there are places, all at once, and then others that take the places over.
    #[test]
    fn nothing_is_lost_between_more_threads_than_places() {
        const THREADS: u64 = 80;
        const SAVES: u64 = 2_000;
        let tallies = Tallies::default();
        for _ in 0..3 {
            let together = Barrier::new(80);
            thread::scope(|scope| {
                for thread in 0..THREADS {
                    let (tallies, together) = (&tallies, &together);
                    scope.spawn(move || {
                        together.wait();
                        for save in 0..SAVES {
                            tallies.saved(2, thread * SAVES + save);
                            tallies.loaded();
                        }
                    });
                }
            });
        }
        let saves = 3 * THREADS * SAVES;
        let expected = Tallied { saves, events: 2 * saves, last: THREADS * SAVES - 1, loads: saves };
        assert_eq!(tallies.all(), expected);
    }
}

//! A clock that tests set, with seeded ids, and the scopes in which it applies.
//!
//! The clock of a scope is a thread-local. A future that moves between threads enters it at each poll, so that the clock moves with it.

use std::cell::RefCell;
use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use super::clock::to_microseconds;

thread_local! {
    /// The clock of the innermost scope on this thread.
    static CURRENT: RefCell<Option<Clock>> = const { RefCell::new(None) };
}

/// A clock that stands still until a test moves it, and the source of ids that are the same in each run.
///
/// In its scope, new events have its time, and new aggregates have its ids: [`domain::now`](super::now) and
/// [`domain::new_id`](super::new_id) ask it. [`run`](Self::run), [`scope`](Self::scope) and [`enter`](Self::enter) begin a scope. Of two
/// scopes, the inner one applies. Outside of all scopes, the time is that of the system, and ids are random.
///
/// A scope covers what runs on its thread, or in its future. It does not cover other threads, nor tasks that run on other threads: give
/// them a scope of their own. `Timestamp::now()` and `Uuid::new_v4()` do not ask the clock.
///
/// A clone is another handle to the same clock.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use std::time::Duration;
///
/// use eventsourcing::domain;
/// use eventsourcing::testing::{Clock, id};
///
/// let clock = Clock::at("2026-11-23T04:11:04Z".parse()?);
/// let _scope = clock.enter();
/// assert_eq!(domain::now(), "2026-11-23T04:11:04Z".parse()?);
/// assert_eq!((domain::new_id(), domain::new_id()), (id(1), id(2)));
///
/// clock.advance(Duration::from_secs(60));
/// assert_eq!(domain::now(), "2026-11-23T04:12:04Z".parse()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Clock {
    seed: u32,
    state: Arc<Mutex<State>>,
}

struct State {
    now: Timestamp,
    /// The number of ids that were given out.
    ids: u64,
}

impl Clock {
    /// The time of a new clock: the beginning of the year 2000, in UTC.
    pub const START: Timestamp = Timestamp::constant(946_684_800, 0);

    /// Creates a clock that shows [`START`](Self::START).
    pub fn new() -> Self {
        Self::at(Self::START)
    }

    /// Creates a clock that shows this time, without what is smaller than a microsecond.
    pub fn at(time: Timestamp) -> Self {
        Self { seed: 0, state: Arc::new(Mutex::new(State { now: to_microseconds(time), ids: 0 })) }
    }

    /// Gives out other ids than a clock with another seed, so that two clocks can be used side by side. The default is 0.
    #[must_use]
    pub fn with_seed(self, seed: u32) -> Self {
        Self { seed, ..self }
    }

    /// Returns the clock of the innermost scope, or `None` outside of all scopes.
    pub fn current() -> Option<Self> {
        CURRENT.with_borrow(Clone::clone)
    }

    /// Returns the time that the clock shows.
    pub fn now(&self) -> Timestamp {
        self.state().now
    }

    /// Moves the clock to this time, forward or back.
    pub fn set(&self, time: Timestamp) {
        self.state().now = to_microseconds(time);
    }

    /// Moves the clock forward, at most to the last time that a [`Timestamp`] can have.
    pub fn advance(&self, by: Duration) {
        let mut state = self.state();
        state.now = to_microseconds(state.now.checked_add(by).unwrap_or(Timestamp::MAX));
    }

    /// Returns the next id.
    pub fn next_id(&self) -> Uuid {
        let mut state = self.state();
        state.ids += 1;
        id_of(self.seed, state.ids)
    }

    /// Runs a function in the scope of this clock.
    pub fn run<R>(&self, run: impl FnOnce() -> R) -> R {
        let _scope = self.enter();
        run()
    }

    /// Returns a future in the scope of this clock, on whichever threads it is polled.
    ///
    /// Tasks that it spawns are not part of it.
    pub fn scope<F: Future>(&self, future: F) -> ClockScope<F> {
        ClockScope { clock: self.clone(), future: Box::pin(future) }
    }

    /// Begins a scope on this thread, which lasts until the guard is dropped.
    ///
    /// In a test with `#[tokio::test]`, whose runtime has one thread, it covers the whole test, with every task that it spawns. In a runtime
    /// with several threads, it covers the test itself, and not its tasks.
    #[must_use = "the scope ends when the guard is dropped"]
    pub fn enter(&self) -> ClockGuard {
        let before = CURRENT.with_borrow_mut(|current| current.replace(self.clone()));
        ClockGuard { before, _stays_on_its_thread: PhantomData }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let State { now, ids } = &*self.state();
        f.debug_struct("Clock").field("now", now).field("seed", &self.seed).field("ids", ids).finish()
    }
}

/// Returns the id that a new clock gives out as its `n`th, from 1.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use eventsourcing::testing::{Clock, id};
///
/// assert_eq!(id(7).to_string(), "00000000-0000-4000-8000-000000000007");
/// assert_eq!(Clock::new().next_id(), id(1));
/// ```
pub fn id(n: u64) -> Uuid {
    id_of(0, n)
}

/// A UUID of version 4 that shows the seed at its beginning and the number at its end.
fn id_of(seed: u32, number: u64) -> Uuid {
    let random = (u128::from(seed) << 96) | u128::from(number);
    uuid::Builder::from_random_bytes(random.to_be_bytes()).into_uuid()
}

/// A scope of a [`Clock`] on a thread, from [`Clock::enter`]. Dropping it ends the scope.
#[derive(Debug)]
#[must_use = "the scope ends when the guard is dropped"]
pub struct ClockGuard {
    before: Option<Clock>,
    /// Not `Send`: dropped on another thread, it would end a scope there.
    _stays_on_its_thread: PhantomData<*const ()>,
}

impl Drop for ClockGuard {
    fn drop(&mut self) {
        let before = self.before.take();
        CURRENT.with_borrow_mut(|current| *current = before);
    }
}

/// A future in the scope of a [`Clock`], from [`Clock::scope`].
#[derive(Debug)]
pub struct ClockScope<F> {
    clock: Clock,
    future: Pin<Box<F>>,
}

impl<F: Future> Future for ClockScope<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let _scope = self.clock.enter();
        self.future.as_mut().poll(context)
    }
}

/// The time of the current scope.
pub(super) fn now() -> Option<Timestamp> {
    CURRENT.with_borrow(|current| current.as_ref().map(Clock::now))
}

/// The next id of the current scope.
pub(super) fn next_id() -> Option<Uuid> {
    CURRENT.with_borrow(|current| current.as_ref().map(Clock::next_id))
}

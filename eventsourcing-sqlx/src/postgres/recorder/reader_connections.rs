//! Connections that read, kept outside of the pool between two uses.
//!
//! The pool pings each connection that returns, which doubles the round trips of a read. A connection that was in use a moment ago
//! is kept here instead, and goes through the pool once a second, which also checks its age.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sqlx::{PgConnection, PgPool};

use crate::config::PostgresConfig;
use crate::postgres::GuardedConnection;

/// The longest time for which a connection is kept after it came from the pool.
const KEEP: Duration = Duration::from_secs(1);

/// The connections that are kept.
pub(super) struct ReaderConnections {
    state: Mutex<State>,
    /// How long a connection is kept after it came from the pool.
    keep: Duration,
}

#[derive(Default)]
struct State {
    idle: Vec<Idle>,
    /// How many callers wait for the pool: then connections must return there.
    waiting: usize,
    is_closed: bool,
}

struct Idle {
    /// Set aside.
    guard: GuardedConnection,
    /// When the pool gave it.
    since: Instant,
}

/// A connection in use. Dropped without [`mark_clean`](Self::mark_clean) it is closed.
pub(super) struct BorrowedConnection<'k> {
    guard: GuardedConnection,
    since: Instant,
    kept: &'k ReaderConnections,
}

impl ReaderConnections {
    /// Keeps none if each connection has to be pinged before it is used.
    pub(super) fn new(config: &PostgresConfig) -> Self {
        let keep = config.conn_max_age.map_or(KEEP, |age| age.min(KEEP));
        Self { state: Mutex::default(), keep: if config.pre_ping { Duration::ZERO } else { keep } }
    }

    /// A kept connection, or else one of the pool. Its server must answer within the limit when it returns there.
    pub(super) async fn acquire(&self, pool: &PgPool, limit: Duration) -> Result<BorrowedConnection<'_>, sqlx::Error> {
        let mut stale = Vec::new();
        let kept_one = {
            let mut state = self.state();
            let kept_one = loop {
                match state.idle.pop() {
                    Some(idle) if idle.since.elapsed() < self.keep => break Some(idle),
                    Some(idle) => stale.push(idle),
                    None => break None,
                }
            };
            if kept_one.is_none() {
                state.waiting += 1;
            }
            kept_one
        };
        // back to the pool
        drop(stale);
        if let Some(Idle { guard, since }) = kept_one {
            return Ok(BorrowedConnection { guard: guard.use_again(), since, kept: self });
        }
        let _waiting = Waiting { kept: self };
        let connection = pool.acquire().await?;
        Ok(BorrowedConnection { guard: GuardedConnection::new(connection, limit), since: Instant::now(), kept: self })
    }

    /// Returns all kept connections to the pool, and keeps none from now on.
    pub(super) fn close(&self) {
        let idle = {
            let mut state = self.state();
            state.is_closed = true;
            std::mem::take(&mut state.idle)
        };
        drop(idle);
    }

    fn keep(&self, guard: GuardedConnection, since: Instant) {
        let guard = guard.set_aside();
        let mut state = self.state();
        if state.is_closed || state.waiting > 0 || since.elapsed() >= self.keep {
            drop(state);
            // back to the pool
            drop(guard);
        } else {
            state.idle.push(Idle { guard, since });
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // it is whole between two calls
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts a caller that waits for the pool, until it is dropped.
struct Waiting<'k> {
    kept: &'k ReaderConnections,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.kept.state().waiting -= 1;
    }
}

impl BorrowedConnection<'_> {
    /// Lets the connection be used again. It must be in no transaction, and no answer may be outstanding.
    pub(super) fn mark_clean(self) {
        self.kept.keep(self.guard, self.since);
    }
}

impl Deref for BorrowedConnection<'_> {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.guard
    }
}

impl DerefMut for BorrowedConnection<'_> {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.guard
    }
}

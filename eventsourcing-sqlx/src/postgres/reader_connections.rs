//! Connections of the pool that are kept at hand between two uses.
//!
//! The pool asks each connection that comes back whether it still answers: a round trip for each read, beside its own. One that
//! was in use a moment ago is kept instead, and goes through the pool once a second, which looks at its age too.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sqlx::{PgConnection, PgPool, Postgres};

use crate::config::PostgresConfig;
use crate::connection::ConnGuard;

/// How long after it came from the pool a connection is kept at most.
const KEEP: Duration = Duration::from_secs(1);

/// The connections that are at hand.
pub(super) struct Kept {
    state: Mutex<State>,
    /// How long after it came from the pool a connection is kept.
    keep: Duration,
}

#[derive(Default)]
struct State {
    idle: Vec<Idle>,
    /// How many wait for the pool: what they wait for must go back there.
    waiting: usize,
    is_closed: bool,
}

struct Idle {
    /// Set aside.
    guard: ConnGuard<Postgres>,
    /// When the pool gave it.
    since: Instant,
}

/// A connection in use. Dropped without [`mark_clean`](Self::mark_clean) it is closed.
pub(super) struct Borrowed<'k> {
    guard: ConnGuard<Postgres>,
    since: Instant,
    kept: &'k Kept,
}

impl Kept {
    /// Keeps none where the pool has to look at each connection before it is used.
    pub(super) fn new(config: &PostgresConfig) -> Self {
        let keep = config.conn_max_age.map_or(KEEP, |age| age.min(KEEP));
        Self { state: Mutex::default(), keep: if config.pre_ping { Duration::ZERO } else { keep } }
    }

    /// A connection: one that is at hand, or else one of the pool, whose server has so long to answer when it goes back there.
    pub(super) async fn acquire(&self, pool: &PgPool, limit: Duration) -> Result<Borrowed<'_>, sqlx::Error> {
        let mut stale = Vec::new();
        let at_hand = {
            let mut state = self.state();
            let at_hand = loop {
                match state.idle.pop() {
                    Some(idle) if idle.since.elapsed() < self.keep => break Some(idle),
                    Some(idle) => stale.push(idle),
                    None => break None,
                }
            };
            if at_hand.is_none() {
                state.waiting += 1;
            }
            at_hand
        };
        // back to the pool
        drop(stale);
        if let Some(Idle { guard, since }) = at_hand {
            return Ok(Borrowed { guard: guard.use_again(), since, kept: self });
        }
        let _waiting = Waiting { kept: self };
        let connection = pool.acquire().await?;
        Ok(Borrowed { guard: ConnGuard::new(connection, limit), since: Instant::now(), kept: self })
    }

    /// Gives back what is at hand, and keeps nothing any more.
    pub(super) fn close(&self) {
        let idle = {
            let mut state = self.state();
            state.is_closed = true;
            std::mem::take(&mut state.idle)
        };
        drop(idle);
    }

    fn keep(&self, guard: ConnGuard<Postgres>, since: Instant) {
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

/// One that waits for the pool, until it no longer does.
struct Waiting<'k> {
    kept: &'k Kept,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.kept.state().waiting -= 1;
    }
}

impl Borrowed<'_> {
    /// Lets the connection be used again: it is in no transaction, and no answer is outstanding.
    pub(super) fn mark_clean(self) {
        self.kept.keep(self.guard, self.since);
    }
}

impl Deref for Borrowed<'_> {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.guard
    }
}

impl DerefMut for Borrowed<'_> {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.guard
    }
}

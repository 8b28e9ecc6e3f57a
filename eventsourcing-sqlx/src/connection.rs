//! The guard around a pooled connection: unless it is said to be clean, it does not go back to the pool.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sqlx::pool::PoolConnection;

/// A connection of a pool, closed when it is dropped without [`mark_clean`](Self::mark_clean).
///
/// A future that is dropped between two statements, or an error inside a transaction, can leave a connection in a
/// transaction that sqlx 0.9.0 does not know of: the next borrower would record events in it, be told that they are recorded,
/// and lose them. (Its pool looks at nothing but whether the connection answers. See <https://github.com/launchbadge/sqlx/issues/4393>.)
pub(crate) struct ConnGuard<DB: sqlx::Database> {
    connection: PoolConnection<DB>,
    clean: bool,
    /// Raised in place of closing a connection whose end would be the end of its database.
    suspect: Option<Arc<AtomicBool>>,
}

impl<DB: sqlx::Database> ConnGuard<DB> {
    /// Guards a connection that the pool can replace.
    pub(crate) fn new(connection: PoolConnection<DB>) -> Self {
        Self { connection, clean: false, suspect: None }
    }

    /// Guards the only connection to a database in memory: it is kept, and `suspect` says that it must be looked at.
    #[cfg(feature = "sqlite")]
    pub(crate) fn irreplaceable(connection: PoolConnection<DB>, suspect: Arc<AtomicBool>) -> Self {
        Self { connection, clean: false, suspect: Some(suspect) }
    }

    /// Lets the connection go back to the pool: it is in no transaction, and no answer is outstanding.
    pub(crate) fn mark_clean(mut self) {
        self.clean = true;
    }
}

impl<DB: sqlx::Database> Deref for ConnGuard<DB> {
    type Target = DB::Connection;

    fn deref(&self) -> &DB::Connection {
        &self.connection
    }
}

impl<DB: sqlx::Database> DerefMut for ConnGuard<DB> {
    fn deref_mut(&mut self) -> &mut DB::Connection {
        &mut self.connection
    }
}

impl<DB: sqlx::Database> Drop for ConnGuard<DB> {
    fn drop(&mut self) {
        match &self.suspect {
            _ if self.clean => {}
            Some(suspect) => suspect.store(true, Ordering::Release),
            None => self.connection.close_on_drop(),
        }
    }
}

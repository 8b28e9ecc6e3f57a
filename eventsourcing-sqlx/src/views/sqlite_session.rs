//! Connections to a view's database in SQLite, in a transaction or not: a handler cannot end the one that it is given.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use eventsourcing_core::ViewError;
use sqlx::pool::PoolConnection;
use sqlx::{Connection as _, Executor as _, SqlStr, Sqlite, SqliteConnection, SqlitePool, Transaction};

use super::error::commit_error;
use crate::condition::sqlite as condition;
use crate::sql::views::SQLITE;

/// A connection of the pool, in a transaction unless it is to read outside of one. Dropped before it is ended, it is rolled back.
#[derive(Debug)]
pub(super) struct Session {
    held: Held,
    ending: Ending,
}

#[derive(Debug)]
enum Held {
    Reading(PoolConnection<Sqlite>),
    Begun(Transaction<'static, Sqlite>),
}

impl Session {
    /// A connection to read by.
    pub(super) async fn reading(pool: &SqlitePool) -> sqlx::Result<Self> {
        Ok(Self { held: Held::Reading(pool.acquire().await?), ending: Ending::default() })
    }

    /// A connection in a transaction that has the write lock, and that handlers cannot end.
    pub(super) async fn begin(pool: &SqlitePool) -> sqlx::Result<Self> {
        let mut connection = pool.acquire().await?;
        if connection.is_in_transaction() {
            mend(&mut connection).await?;
        }
        let begin = SqlStr::from_static(SQLITE.begin);
        let mut transaction = Transaction::begin(connection, Some(begin)).await?;
        let ending = Ending::default();
        let (commits, rolls_back) = (Arc::clone(&ending.0), Arc::clone(&ending.0));
        let mut handle = transaction.lock_handle().await?;
        // a commit that is refused is a rollback
        handle.set_commit_hook(move || commits.load(Ordering::SeqCst) != Ending::OPEN);
        handle.set_rollback_hook(move || {
            let _ = rolls_back.compare_exchange(Ending::OPEN, Ending::ENDED, Ordering::SeqCst, Ordering::SeqCst);
        });
        drop(handle);
        Ok(Self { held: Held::Begun(transaction), ending })
    }

    /// Whether somebody ended the transaction who may not.
    pub(super) fn is_ended(&self) -> bool {
        self.ending.is_ended()
    }

    /// Makes the changes last.
    pub(super) async fn commit(self) -> Result<(), ViewError> {
        if !self.ending.free() {
            return Err(ViewError::TransactionEnded);
        }
        match self.held {
            Held::Reading(_) => Ok(()),
            Held::Begun(transaction) => {
                transaction.commit().await.map_err(|error| commit_error(condition::of(&error), error))
            }
        }
    }

    /// Undoes the changes.
    pub(super) fn rollback(self) {
        drop(self);
    }

    /// Ends what was read.
    pub(super) async fn done(self) -> sqlx::Result<()> {
        Ok(())
    }
}

/// Makes sqlx see that a connection is in no transaction: SQLite rolled one back by itself, or a handler did, and sqlx still counts it.
/// It is given one to roll back, by refusing to begin another inside of it.
async fn mend(connection: &mut SqliteConnection) -> sqlx::Result<()> {
    connection.execute("BEGIN").await?;
    drop(connection.begin_with("").await);
    connection.ping().await
}

impl Deref for Session {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        match &self.held {
            Held::Reading(connection) => connection,
            Held::Begun(transaction) => transaction,
        }
    }
}

impl DerefMut for Session {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        match &mut self.held {
            Held::Reading(connection) => connection,
            Held::Begun(transaction) => transaction,
        }
    }
}

/// Who may end a transaction, and whether somebody did.
#[derive(Debug, Default)]
struct Ending(Arc<AtomicU8>);

impl Ending {
    /// Nobody may, as long as handlers have it.
    const OPEN: u8 = 0;
    /// It was ended while nobody might.
    const ENDED: u8 = 1;
    /// It is ours to end, or is over.
    const FREE: u8 = 2;

    /// Lets it be ended, unless it was already.
    fn free(&self) -> bool {
        self.0.swap(Self::FREE, Ordering::SeqCst) != Self::ENDED
    }

    fn is_ended(&self) -> bool {
        self.0.load(Ordering::SeqCst) == Self::ENDED
    }
}

/// What comes on the connection afterwards may be committed.
impl Drop for Ending {
    fn drop(&mut self) {
        self.free();
    }
}

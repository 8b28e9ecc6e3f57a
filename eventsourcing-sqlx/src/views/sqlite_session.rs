//! Connections to a view's database in SQLite, in a transaction or not: a handler cannot end the one that it is given.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use eventsourcing_core::ViewError;
use sqlx::pool::PoolConnection;
use sqlx::{Executor as _, Sqlite, SqliteConnection, SqlitePool, Transaction};
use tokio::runtime::Handle;

use super::error::commit_error;
use crate::condition::sqlite as condition;
use crate::sql::views::SQLITE;

/// A connection of the pool, in a transaction unless it is to read outside of one. Dropped before it is ended, it is rolled back.
#[derive(Debug)]
pub(super) struct Session {
    /// None only while it is dropped.
    held: Option<Held>,
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
        Ok(Self { held: Some(Held::Reading(pool.acquire().await?)), ending: Ending::default() })
    }

    /// A connection in a transaction that has the write lock, and that handlers cannot end.
    pub(super) async fn begin(pool: &SqlitePool) -> sqlx::Result<Self> {
        let mut transaction = pool.begin_with(SQLITE.begin).await?;
        let ending = Ending::default();
        let (commits, rolls_back) = (Arc::clone(&ending.0), Arc::clone(&ending.0));
        let mut handle = transaction.lock_handle().await?;
        // a commit that is refused is a rollback
        handle.set_commit_hook(move || commits.load(Ordering::SeqCst) != Ending::OPEN);
        handle.set_rollback_hook(move || {
            let _ = rolls_back.compare_exchange(Ending::OPEN, Ending::ENDED, Ordering::SeqCst, Ordering::SeqCst);
        });
        drop(handle);
        Ok(Self { held: Some(Held::Begun(transaction)), ending })
    }

    /// Whether somebody ended the transaction who may not.
    pub(super) fn is_ended(&self) -> bool {
        self.ending.is_ended()
    }

    /// Makes the changes last.
    pub(super) async fn commit(mut self) -> Result<(), ViewError> {
        if self.is_ended() || !self.ending.free() {
            return Err(ViewError::TransactionEnded);
        }
        match self.held.take() {
            Some(Held::Reading(_)) | None => Ok(()),
            Some(Held::Begun(transaction)) => {
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

/// Gives sqlx a transaction to roll back: it still counts the one that SQLite rolled back by itself, or a handler did, and would begin no
/// other on the connection.
async fn mend(mut transaction: Transaction<'static, Sqlite>) {
    // it fails if a handler began another, which does as well
    drop(transaction.execute("BEGIN").await);
    drop(transaction.rollback().await);
}

impl Drop for Session {
    fn drop(&mut self) {
        let (true, Ok(runtime)) = (self.is_ended(), Handle::try_current()) else { return };
        if let Some(Held::Begun(transaction)) = self.held.take() {
            runtime.spawn(mend(transaction));
        }
    }
}

#[expect(clippy::expect_used, reason = "it is taken only by those who own the session")]
impl Deref for Session {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        match self.held.as_ref().expect("a session has a connection") {
            Held::Reading(connection) => connection,
            Held::Begun(transaction) => transaction,
        }
    }
}

#[expect(clippy::expect_used, reason = "it is taken only by those who own the session")]
impl DerefMut for Session {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        match self.held.as_mut().expect("a session has a connection") {
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

//! The part of views that each database implements.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use eventsourcing_core::projection::ProjectionKey;
use eventsourcing_core::{DeadLetter, Tracking, ViewError};
use uuid::Uuid;

use super::error::view_error;
use super::position_key::PositionKey;
use super::statement::{FromColumns, Value};
use crate::errors::ErrorKind;
use crate::sql::projections::audit::AuditSql;
use crate::sql::projections::catalogue::CatalogueSql;
use crate::sql::projections::dead_letters::LettersSql;
use crate::sql::projections::positions::PositionsSql;
use crate::sql::projections::versions::VersionsSql;

/// A database that keeps views, as it was opened.
pub(crate) trait ViewsDatabase: Clone + Send + Sync + 'static {
    type Session: Session;

    /// A connection to read by.
    fn reading_session(&self) -> impl Future<Output = sqlx::Result<Self::Session>> + Send;

    /// A connection in a transaction that writes.
    fn writing_session(&self) -> impl Future<Output = sqlx::Result<Self::Session>> + Send;

    /// The database's name, by which projections of this process that run in it are told apart.
    fn name(&self) -> Option<String>;

    /// How long one step of a rebuild may take, if it is limited.
    fn longest_step(&self) -> Option<Duration> {
        None
    }

    /// Called on the caller's task after another task began the transaction for it.
    fn received(&self, session: &mut Self::Session) {
        let _ = session;
    }
}

/// A connection to a database of views, in a transaction or not. Dropped before its end, it is rolled back.
pub(crate) trait Session: fmt::Debug + Send + Sized + 'static {
    /// The connection that handlers are given.
    type Connection: Send;

    /// The statements in the database's dialect.
    const POSITIONS: PositionsSql;
    const LETTERS: LettersSql;
    const VERSIONS: VersionsSql;
    const CATALOGUE: CatalogueSql;
    const AUDIT: AuditSql;

    /// The connection, for handlers.
    fn connection(&mut self) -> &mut Self::Connection;

    /// Runs a statement and returns its rows.
    fn fetch<T: FromColumns>(
        &mut self,
        statement: &'static str,
        values: &[Value<'_>],
    ) -> impl Future<Output = sqlx::Result<Vec<T>>> + Send;

    /// Runs a statement and returns how many rows it changed.
    fn execute(
        &mut self,
        statement: &'static str,
        values: &[Value<'_>],
    ) -> impl Future<Output = sqlx::Result<u64>> + Send;

    /// Runs statements that have no values and no rows, and are not prepared.
    fn execute_script(&mut self, statements: String) -> impl Future<Output = sqlx::Result<()>> + Send;

    /// Moves the position from where the tracking begins to where it ends, and hands the transaction over to handlers, as
    /// [`hand_over`](Self::hand_over) does. Returns whether the projection may have dead letters.
    ///
    /// Transactions that move the same position are serialized, in the order in which they came.
    ///
    /// # Errors
    /// [`ViewError::AlreadyProcessed`] if the position is elsewhere, after the transactions that came first have ended;
    /// [`ViewError::VersionNotLive`] and [`ViewError::RebuildEnded`] if this version may not be changed.
    fn advance(
        &mut self,
        key: ProjectionKey<'_>,
        position: &PositionKey,
        tracking: &Tracking,
    ) -> impl Future<Output = Result<bool, ViewError>> + Send;

    /// Prepares the transaction for handlers of this version.
    fn hand_over(&mut self, key: ProjectionKey<'_>) -> impl Future<Output = Result<(), ViewError>> + Send;

    /// Those of these aggregates that have dead letters.
    fn parked(
        &mut self,
        position: &PositionKey,
        originators: &[Uuid],
    ) -> impl Future<Output = sqlx::Result<Vec<Uuid>>> + Send;

    /// Stores dead letters, unless they are stored.
    fn park(&mut self, position: &PositionKey, letters: &[DeadLetter])
    -> impl Future<Output = sqlx::Result<()>> + Send;

    /// Whether a handler ended the transaction, as far as that is known before the commit.
    fn is_ended(&self) -> bool {
        false
    }

    /// Checks what a commit checks. The transaction is dropped afterwards.
    fn check_commit(&mut self) -> impl Future<Output = Result<(), ViewError>> + Send;

    /// Commits the transaction.
    ///
    /// # Errors
    /// [`ViewError::TransactionEnded`] if a handler ended it, [`ViewError::LiveTable`] if a handler of a rebuild used a table of
    /// the live version.
    fn commit(self) -> impl Future<Output = Result<(), ViewError>> + Send;

    /// Rolls the transaction back. The connection can be used again.
    fn rollback(self);

    /// Ends a session that only read.
    fn done(self) -> impl Future<Output = sqlx::Result<()>> + Send;

    /// The kind of an error of this database.
    fn kind_of(error: &sqlx::Error) -> ErrorKind;

    /// Whether a statement or its transaction took longer than the server allows.
    fn is_timeout(error: &sqlx::Error) -> bool {
        let _ = error;
        false
    }

    /// Whether a statement names a table that does not exist.
    fn is_missing_table(error: &sqlx::Error) -> bool;
}

/// Makes the error of a statement the error of an operation on views.
pub(crate) fn failed<S: Session>(operation: &'static str) -> impl Fn(sqlx::Error) -> ViewError + Copy {
    move |error| view_error(S::kind_of(&error), error, operation)
}

/// A connection to read by.
pub(super) async fn reading<D: ViewsDatabase>(views: &D, operation: &'static str) -> Result<D::Session, ViewError> {
    views.reading_session().await.map_err(failed::<D::Session>(operation))
}

/// A connection in a transaction that writes.
pub(super) async fn writing<D: ViewsDatabase>(views: &D, operation: &'static str) -> Result<D::Session, ViewError> {
    views.writing_session().await.map_err(failed::<D::Session>(operation))
}

/// Ends a session that only read.
pub(super) async fn done<S: Session>(session: S, operation: &'static str) -> Result<(), ViewError> {
    session.done().await.map_err(failed::<S>(operation))
}

/// Whether an error that a handler got from the database is transient, so that the same may succeed a little later.
pub(crate) fn is_transient<S: Session>(error: &(dyn StdError + 'static)) -> bool {
    error.downcast_ref().is_some_and(|error| S::kind_of(error).is_transient())
}

/// Whether an error that a handler got from the database is that of a table that does not exist.
pub(crate) fn is_missing_table<S: Session>(error: &(dyn StdError + 'static)) -> bool {
    error.downcast_ref().is_some_and(S::is_missing_table)
}

/// Whether an error that a handler got from the database is that of a time limit.
pub(crate) fn is_timeout<S: Session>(error: &(dyn StdError + 'static)) -> bool {
    error.downcast_ref().is_some_and(S::is_timeout)
}

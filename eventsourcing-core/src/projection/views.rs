//! Views: transactions in which a view changes and its position moves, atomically.

use std::error::Error as StdError;

use uuid::Uuid;

use super::{DeadLetter, ViewError};
use crate::recording::{LogPosition, RecorderError, Tracking};

/// A store of views, with the positions and the dead letters of their projections.
///
/// [`MemoryViews`](crate::projection::MemoryViews) is in memory, and each database has its own implementation. The upstream log
/// may be in another database.
///
/// # Examples
///
/// ```
/// use eventsourcing_core::projection::ViewTransaction;
/// use eventsourcing_core::{MemoryViews, Tracking, Views};
/// # futures::executor::block_on(async {
/// let views = MemoryViews::new(0_u64);
/// let mut transaction = views.begin("totals", &Tracking::new("Orders", 0, 3)).await?;
/// *transaction.view() += 250;
/// transaction.commit().await?;
///
/// assert_eq!(views.position("totals", "Orders").await?, 3);
/// assert_eq!(views.read(|total| *total), 250);
///
/// // the same events a second time
/// assert!(views.begin("totals", &Tracking::new("Orders", 0, 3)).await.is_err());
/// # Ok::<(), eventsourcing_core::ViewError>(())
/// # }).unwrap();
/// ```
pub trait Views: Send + Sync + 'static {
    /// What handlers receive to change.
    type View: Send;

    /// A transaction on a view.
    type Transaction: ViewTransaction<View = Self::View>;

    /// The position up to which the projection has processed the upstream log; the start if nothing is processed.
    ///
    /// # Errors
    /// If the database fails.
    fn position(&self, projection: &str, upstream: &str)
    -> impl Future<Output = Result<LogPosition, ViewError>> + Send;

    /// Checks that this version of the projection is the live one. If no version is live yet, it becomes live.
    ///
    /// If no version is live and the projection has tables to create, returns a transaction that makes this version live and in which
    /// the tables are created. Otherwise nothing has to be done, and the version becomes live with its first event at the latest. The
    /// key is a [`ProjectionKey`](crate::projection::ProjectionKey). Views without versions need not implement this.
    ///
    /// # Errors
    /// [`ViewError::VersionNotLive`] if another version is live; others if the database fails.
    fn ensure_live(
        &self,
        projection: &str,
        has_tables: bool,
    ) -> impl Future<Output = Result<Option<Self::Transaction>, ViewError>> + Send {
        let _ = (projection, has_tables);
        async { Ok(None) }
    }

    /// Begins a transaction and moves the position in it, from the start of the tracking to its end.
    ///
    /// Other transactions that move the position wait until this one ends, and are then refused.
    ///
    /// # Errors
    /// [`ViewError::AlreadyProcessed`] if the position is another one; [`ViewError::VersionNotLive`] if another version of the
    /// projection is live; others if the database fails.
    fn begin(
        &self,
        projection: &str,
        tracking: &Tracking,
    ) -> impl Future<Output = Result<Self::Transaction, ViewError>> + Send;

    /// Stores the position from which the projection begins, unless one is already stored, and returns the stored position.
    ///
    /// The start of the log is a position like any other: stored for an empty log, it means that every event comes after the beginning.
    /// The first transaction continues from it, with 0 for [`Tracking::after`]. The default implementation cannot store the start, and
    /// stores any other position with [`begin`](Self::begin).
    ///
    /// # Errors
    /// [`ViewError::VersionNotLive`] if another version of the projection is live; [`RecorderError::CannotMovePosition`] if the views do not
    /// support it; others if the database fails.
    fn initialize_position(
        &self,
        projection: &str,
        upstream: &str,
        position: LogPosition,
    ) -> impl Future<Output = Result<LogPosition, ViewError>> + Send {
        async move {
            if position.id == 0 {
                let (upstream, from, to) = (upstream.to_owned(), LogPosition::START, position);
                return Err(RecorderError::CannotMovePosition { upstream, from, to }.into());
            }
            let tracking = Tracking::new(upstream, 0, position);
            let begun = async { self.begin(projection, &tracking).await?.commit().await };
            match begun.await {
                // another process that begins was quicker
                Ok(()) | Err(ViewError::AlreadyProcessed { .. }) => self.position(projection, upstream).await,
                Err(error) => Err(error),
            }
        }
    }

    /// Moves the position to any other one, forward or back, in a transaction of its own.
    ///
    /// It is for a log that is not the one that the view was built from. If the position is already `to`, it does nothing.
    ///
    /// # Errors
    /// [`ViewError::AlreadyProcessed`] if the position is not exactly `from`, with its anchor; [`RecorderError::CannotMovePosition`] if the
    /// views do not support it; others if the database fails.
    fn move_position(
        &self,
        projection: &str,
        upstream: &str,
        from: LogPosition,
        to: LogPosition,
    ) -> impl Future<Output = Result<(), ViewError>> + Send {
        let error = RecorderError::CannotMovePosition { upstream: upstream.to_owned(), from, to };
        let _ = projection;
        async { Err(error.into()) }
    }

    /// Begins a transaction that does not move the position.
    ///
    /// It is serialized with transactions that move the position: of two concurrent ones, one waits for the other or is refused at
    /// its commit.
    ///
    /// # Errors
    /// If the database fails.
    fn begin_without_advance(
        &self,
        projection: &str,
        upstream: &str,
    ) -> impl Future<Output = Result<Self::Transaction, ViewError>> + Send;

    /// At most `limit` dead letters with notification ids greater than `after`, ordered by id. It waits for no transaction.
    ///
    /// # Errors
    /// If the database fails.
    fn dead_letters(
        &self,
        projection: &str,
        upstream: &str,
        after: u64,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<DeadLetter>, ViewError>> + Send;

    /// The number of dead letters. It waits for no transaction.
    ///
    /// # Errors
    /// If the database fails.
    fn count_dead_letters(
        &self,
        projection: &str,
        upstream: &str,
    ) -> impl Future<Output = Result<u64, ViewError>> + Send;

    /// An identifier of the database, used to detect two different projections of one name that run in this process on it.
    fn database(&self) -> Option<String> {
        None
    }

    /// Whether a handler's error, or one of its sources, is transient and retried automatically: a lost connection, a lock that was
    /// not available.
    fn is_transient(&self, error: &(dyn StdError + 'static)) -> bool {
        let _ = error;
        false
    }

    /// Whether a handler's error, or one of its sources, is an exceeded time limit, such as a statement that was cancelled by it.
    ///
    /// It counts as transient, and the batch is split if it occurs again.
    fn is_timeout(&self, error: &(dyn StdError + 'static)) -> bool {
        let _ = error;
        false
    }

    /// Whether a handler's error, or one of its sources, is that of a table that does not exist.
    ///
    /// The error of the projection then says how its tables are created: see [`ViewError::TableMissing`].
    fn is_missing_table(&self, error: &(dyn StdError + 'static)) -> bool {
        let _ = error;
        false
    }
}

/// A transaction on a view. It is rolled back when it is dropped.
///
/// It belongs to the projection and the upstream application that it was begun for, and sees only their dead letters. The first
/// dead letter of an aggregate is added only in a transaction that moves the position; one that does not move it takes letters
/// out, and puts back only letters that it took.
pub trait ViewTransaction: Send {
    /// What handlers receive to change.
    type View: Send;

    /// The view, for changes.
    fn view(&mut self) -> &mut Self::View;

    /// Those of these aggregates that have dead letters.
    ///
    /// It is called in each transaction, and its answer must still hold at the commit: no event is handled while an earlier event of
    /// its aggregate is parked. It should cost next to nothing if there are no dead letters.
    ///
    /// # Errors
    /// If the database fails.
    fn parked(&mut self, originators: &[Uuid]) -> impl Future<Output = Result<Vec<Uuid>, ViewError>> + Send;

    /// Parks events. An existing dead letter of the same event stays unchanged.
    ///
    /// # Errors
    /// If the database fails.
    fn park(&mut self, letters: &[DeadLetter]) -> impl Future<Output = Result<(), ViewError>> + Send;

    /// Removes at most `limit` of the first dead letters of an aggregate, and returns them ordered by id.
    ///
    /// # Errors
    /// If the database fails.
    fn unpark(
        &mut self,
        originator_id: Uuid,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<DeadLetter>, ViewError>> + Send;

    /// Removes the dead letter of this event, and returns it; none if there is none.
    ///
    /// # Errors
    /// If the database fails.
    fn discard(&mut self, notification_id: u64) -> impl Future<Output = Result<Option<DeadLetter>, ViewError>> + Send;

    /// Whether a handler ended the transaction, as far as it is known before the commit.
    fn is_ended(&self) -> bool {
        false
    }

    /// Commits the changes, together with the position and the dead letters.
    ///
    /// # Errors
    /// [`ViewError::TransactionEnded`] if a handler ended it; others if the database fails. The position shows whether it was
    /// committed.
    fn commit(self) -> impl Future<Output = Result<(), ViewError>> + Send;
}

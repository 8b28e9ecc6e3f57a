//! Views: transactions in which a view changes and its position moves, atomically.

use std::error::Error as StdError;

use uuid::Uuid;

use super::{DeadLetter, RecordedProjection, ResolvedLetter, ViewError};
use crate::domain::CausingEvent;
use crate::recording::{LogPosition, RecorderError, Tracking};

/// The number of dead letters that the default implementation counts at a time.
const PAGE: usize = 1_000;

/// A store of views, with the positions and the dead letters of their projections.
///
/// [`MemoryViews`](crate::projection::MemoryViews) is in memory, and each database has its own implementation. The upstream log
/// may be in another database.
///
/// # Implementing it
///
/// Any crate may implement this trait, for a store that the library does not know. [`position`](Self::position) and
/// [`begin`](Self::begin) are required, and of [`ViewTransaction`] `view` and `commit`. Views that store dead letters implement
/// [`begin_without_advance`](Self::begin_without_advance), [`dead_letters`](Self::dead_letters), and `parked`, `park`, `unpark` and
/// `discard` of their transactions, all of them; with other views, [`OnFailure::Park`](crate::OnFailure::Park) ends in
/// [`ViewError::NoDeadLetters`]. Those that also store who resolved dead letters implement [`resolved_letters`](Self::resolved_letters) and
/// `resolved`.
///
/// A later version of this library may add methods to both traits. Each comes with a default that is correct, if slower, or that
/// returns an error which says that the views do not support it.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use eventsourcing::projection::ViewTransaction;
/// use eventsourcing::{MemoryViews, Tracking, Views};
/// # futures::executor::block_on(async {
/// let views = MemoryViews::new(0_u64);
/// let mut transaction = views.begin("totals", &Tracking::new("Orders", 0, 3)).await?;
/// *transaction.view() += 250;
/// transaction.commit().await?;
///
/// assert_eq!(views.position("totals", "Orders").await?, 3);
/// assert_eq!(views.projections("", 10).await?[0].name, "totals");
/// assert_eq!(views.read(|total| *total), 250);
///
/// // the same events a second time
/// assert!(views.begin("totals", &Tracking::new("Orders", 0, 3)).await.is_err());
/// # Ok::<(), eventsourcing::ViewError>(())
/// # }).unwrap();
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not keep the view of a projection",
    label = "no views",
    note = "for a view in a database, open `SqliteViews` or `PostgresViews` with the connection pool; \
            for a view in memory, write `MemoryViews::new(…)` around its first state"
)]
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
    /// its commit. Dead letters are retried and discarded in it.
    ///
    /// # Errors
    /// [`ViewError::NoDeadLetters`] unless the views store dead letters; others if the database fails.
    fn begin_without_advance(
        &self,
        projection: &str,
        upstream: &str,
    ) -> impl Future<Output = Result<Self::Transaction, ViewError>> + Send {
        let _ = (projection, upstream);
        async { Err(ViewError::NoDeadLetters) }
    }

    /// At most `limit` dead letters with notification ids greater than `after`, ordered by id; none if the views store none.
    ///
    /// It waits for no transaction.
    ///
    /// # Errors
    /// If the database fails.
    fn dead_letters(
        &self,
        projection: &str,
        upstream: &str,
        after: u64,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<DeadLetter>, ViewError>> + Send {
        let _ = (projection, upstream, after, limit);
        async { Ok(Vec::new()) }
    }

    /// At most `limit` dead letters that were resolved with an [`OperatorNote`](super::OperatorNote), the last one first.
    ///
    /// Their texts are as they are stored: [`ResolvedLetter::opened`] decrypts them. It waits for no transaction. The default implementation
    /// has none.
    ///
    /// # Errors
    /// If the database fails.
    fn resolved_letters(
        &self,
        projection: &str,
        upstream: &str,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<ResolvedLetter>, ViewError>> + Send {
        let _ = (projection, upstream, limit);
        async { Ok(Vec::new()) }
    }

    /// The number of dead letters. It waits for no transaction.
    ///
    /// The default implementation reads them with [`dead_letters`](Self::dead_letters), a page at a time.
    ///
    /// # Errors
    /// If the database fails.
    fn count_dead_letters(
        &self,
        projection: &str,
        upstream: &str,
    ) -> impl Future<Output = Result<u64, ViewError>> + Send {
        async move {
            let (mut count, mut after) = (0, 0);
            loop {
                let page = self.dead_letters(projection, upstream, after, PAGE).await?;
                count += page.len() as u64;
                match page.last() {
                    Some(last) if page.len() >= PAGE => after = last.notification_id,
                    _ => return Ok(count),
                }
            }
        }
    }

    /// At most `limit` projections whose names come after `after`, with their versions, positions and dead letters.
    ///
    /// It lists what is stored, so a program finds projections whose types it does not have, and those that nothing runs any more. For the
    /// first page, pass an empty name, and for the next one the last name of this page; names are in the order of the database. Dead letters
    /// are counted up to [`ConsumedUpstream::MOST_COUNTED`](super::ConsumedUpstream::MOST_COUNTED). It waits for no transaction, and the
    /// versions are read before the positions: of a projection that is switched meanwhile, there may be no positions.
    ///
    /// # Errors
    /// [`ViewError::CannotListProjections`] unless the views can list them, which the default implementation cannot; others if the database
    /// fails.
    fn projections(
        &self,
        after: &str,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<RecordedProjection>, ViewError>> + Send {
        let _ = (after, limit);
        async { Err(ViewError::CannotListProjections) }
    }

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
///
/// [`Views`] says who may implement it, and how it may grow.
pub trait ViewTransaction: Send {
    /// What handlers receive to change.
    type View: Send;

    /// The view, for changes.
    fn view(&mut self) -> &mut Self::View;

    /// Tells which event the next handler is called for, or the last of them.
    #[doc(hidden)]
    fn handles(&mut self, event: CausingEvent) {
        let _ = event;
    }

    /// Those of these aggregates that have dead letters; none if the views store none.
    ///
    /// It is called in each transaction, and its answer must still hold at the commit: no event is handled while an earlier event of
    /// its aggregate is parked. It should cost next to nothing if there are no dead letters.
    ///
    /// # Errors
    /// If the database fails.
    fn parked(&mut self, originators: &[Uuid]) -> impl Future<Output = Result<Vec<Uuid>, ViewError>> + Send {
        let _ = originators;
        async { Ok(Vec::new()) }
    }

    /// Parks events. An existing dead letter of the same event stays unchanged.
    ///
    /// # Errors
    /// [`ViewError::NoDeadLetters`] unless the views store dead letters; others if the database fails.
    fn park(&mut self, letters: &[DeadLetter]) -> impl Future<Output = Result<(), ViewError>> + Send {
        let _ = letters;
        async { Err(ViewError::NoDeadLetters) }
    }

    /// Removes at most `limit` of the first dead letters of an aggregate, and returns them ordered by id; none if there are none.
    ///
    /// # Errors
    /// If the database fails.
    fn unpark(
        &mut self,
        originator_id: Uuid,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<DeadLetter>, ViewError>> + Send {
        let _ = (originator_id, limit);
        async { Ok(Vec::new()) }
    }

    /// Removes the dead letter of this event, and returns it; none if there is none.
    ///
    /// # Errors
    /// If the database fails.
    fn discard(&mut self, notification_id: u64) -> impl Future<Output = Result<Option<DeadLetter>, ViewError>> + Send {
        let _ = notification_id;
        async { Ok(None) }
    }

    /// Records that letters are resolved by this transaction, which takes them out, with who resolves them and why.
    ///
    /// # Errors
    /// [`ViewError::NoResolvedLetters`] unless the views store such records; others if the database fails.
    fn resolved(&mut self, records: &[ResolvedLetter]) -> impl Future<Output = Result<(), ViewError>> + Send {
        let _ = records;
        async { Err(ViewError::NoResolvedLetters) }
    }

    /// Checks what a commit would check, without a commit: deferred constraints, and whether a handler ended the transaction.
    ///
    /// It is the last call before the transaction is dropped. The default implementation checks nothing.
    ///
    /// # Errors
    /// The error of the commit.
    fn check(&mut self) -> impl Future<Output = Result<(), ViewError>> + Send {
        async { Ok(()) }
    }

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

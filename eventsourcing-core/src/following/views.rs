//! Where views live: what gives transactions in which a view changes and its position moves, both or neither.

use std::error::Error as StdError;

use uuid::Uuid;

use super::{DeadLetter, ViewError};
use crate::persistence::{LogPosition, RecorderError, Tracking};

/// Keeps the views of projections, how far each has processed which log, and what each put aside on the way.
///
/// There is one for memory, [`MemoryViews`](super::MemoryViews), and one for each database. The upstream's log may be anywhere else.
pub trait Views: Send + Sync + 'static {
    /// What handlers are given.
    type View: Send;

    /// A transaction that is under way.
    type Transaction: ViewTransaction<View = Self::View>;

    /// Up to which position the projection has processed the upstream's log; the start if nothing of it.
    ///
    /// # Errors
    /// As the database fails.
    fn position(&self, projection: &str, upstream: &str)
    -> impl Future<Output = Result<LogPosition, ViewError>> + Send;

    /// Makes sure that this version of the projection is the one that serves, which it is if none has begun yet.
    ///
    /// If none has begun and it has tables to be made, that is a transaction in which it begins and they are made; otherwise there is
    /// nothing to be done, and it begins with its first event at the latest. The key is that of a [`ProjectionKey`](super::ProjectionKey). Views
    /// that know no versions need not have this.
    ///
    /// # Errors
    /// [`ViewError::AnotherVersion`] if another version serves; others as the database fails.
    fn serve(
        &self,
        projection: &str,
        has_tables: bool,
    ) -> impl Future<Output = Result<Option<Self::Transaction>, ViewError>> + Send {
        let _ = (projection, has_tables);
        async { Ok(None) }
    }

    /// Begins a transaction and moves the position in it, from where the tracking begins to where it ends.
    ///
    /// Whoever else wants to move it waits until this one ends, and is then refused.
    ///
    /// # Errors
    /// [`ViewError::AlreadyProcessed`] if the position is elsewhere; [`ViewError::AnotherVersion`] if another version of the
    /// projection serves; others as the database fails.
    fn begin(
        &self,
        projection: &str,
        tracking: &Tracking,
    ) -> impl Future<Output = Result<Self::Transaction, ViewError>> + Send;

    /// Stores where the projection begins in the upstream's log, unless a position is stored already, and returns the stored one.
    ///
    /// The start is a position as any other: stored for an empty log, it tells that every event comes after the beginning. The first
    /// transaction goes on from it, with 0 for [`Tracking::after`]. Unless the views implement it, the start cannot be stored, and any
    /// other position is by [`begin`](Self::begin).
    ///
    /// # Errors
    /// [`ViewError::AnotherVersion`] if another version of the projection serves; [`RecorderError::NoMove`] unless the views can do
    /// it; others as the database fails.
    fn begin_at(
        &self,
        projection: &str,
        upstream: &str,
        position: LogPosition,
    ) -> impl Future<Output = Result<LogPosition, ViewError>> + Send {
        async move {
            if position.id == 0 {
                let (upstream, from, to) = (upstream.to_owned(), LogPosition::START, position);
                return Err(RecorderError::NoMove { upstream, from, to }.into());
            }
            let tracking = Tracking::new(upstream, 0, position);
            let begun = async { self.begin(projection, &tracking).await?.commit().await };
            match begun.await {
                // others who begin were quicker
                Ok(()) | Err(ViewError::AlreadyProcessed { .. }) => self.position(projection, upstream).await,
                Err(error) => Err(error),
            }
        }
    }

    /// Moves the position from here to any other place, back or forth, in a transaction of its own: the log is another than the one
    /// that the view was made of. If the position is `to` already, nothing is done.
    ///
    /// # Errors
    /// [`ViewError::AlreadyProcessed`] if the position is not exactly this, with this anchor; [`RecorderError::NoMove`] unless the
    /// views can do it; others as the database fails.
    fn move_position(
        &self,
        projection: &str,
        upstream: &str,
        from: LogPosition,
        to: LogPosition,
    ) -> impl Future<Output = Result<(), ViewError>> + Send {
        let error = RecorderError::NoMove { upstream: upstream.to_owned(), from, to };
        let _ = projection;
        async { Err(error.into()) }
    }

    /// Begins a transaction that leaves the position where it is.
    ///
    /// It and those that move the position take turns: of two that are under way at the same time one waits for the other, or is
    /// refused when it commits.
    ///
    /// # Errors
    /// As the database fails.
    fn begin_aside(
        &self,
        projection: &str,
        upstream: &str,
    ) -> impl Future<Output = Result<Self::Transaction, ViewError>> + Send;

    /// The dead letters with ids greater than `after`, by id, and no more than `limit`. It waits for no transaction.
    ///
    /// # Errors
    /// As the database fails.
    fn dead_letters(
        &self,
        projection: &str,
        upstream: &str,
        after: u64,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<DeadLetter>, ViewError>> + Send;

    /// How many dead letters there are. It waits for no transaction.
    ///
    /// # Errors
    /// As the database fails.
    fn count_dead_letters(
        &self,
        projection: &str,
        upstream: &str,
    ) -> impl Future<Output = Result<u64, ViewError>> + Send;

    /// Which database it is, so that two different projections that run in this process under one name in it are noticed.
    fn database(&self) -> Option<String> {
        None
    }

    /// Whether what a handler could not do to the view, or one of the errors that it came of, passes by itself: a connection
    /// that was lost, a lock that was not free.
    fn is_passing(&self, error: &(dyn StdError + 'static)) -> bool {
        let _ = error;
        false
    }

    /// Whether what a handler could not do to the view, or one of the errors that it came of, took longer than it may, such as a
    /// statement that was cancelled by a time limit. It counts as passing, and the batch is split if it happens again.
    fn is_timeout(&self, error: &(dyn StdError + 'static)) -> bool {
        let _ = error;
        false
    }
}

/// A transaction on a view. Dropped, it is as if it had never been.
///
/// It is about one projection and one upstream: those that it was begun for. Dead letters are theirs alone. The first one of an
/// aggregate is put aside only in a transaction that moves the position; one aside takes letters out, and puts back what it took.
pub trait ViewTransaction: Send {
    /// What handlers are given.
    type View: Send;

    /// The view, to change.
    fn view(&mut self) -> &mut Self::View;

    /// Those of these aggregates of which there are dead letters.
    ///
    /// It is asked in each transaction, and must be right when that is committed: no event is handled while one of its aggregate that
    /// comes before it is put aside. Where there are no dead letters at all it should cost next to nothing.
    ///
    /// # Errors
    /// As the database fails.
    fn parked(&mut self, originators: &[Uuid]) -> impl Future<Output = Result<Vec<Uuid>, ViewError>> + Send;

    /// Puts events aside. A letter of the same event that is there already stays as it is.
    ///
    /// # Errors
    /// As the database fails.
    fn park(&mut self, letters: &[DeadLetter]) -> impl Future<Output = Result<(), ViewError>> + Send;

    /// Takes out the first dead letters of an aggregate, no more than `limit`, and returns them by id.
    ///
    /// # Errors
    /// As the database fails.
    fn unpark(
        &mut self,
        originator_id: Uuid,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<DeadLetter>, ViewError>> + Send;

    /// Takes out the dead letter of this event, if there is one, and returns it.
    ///
    /// # Errors
    /// As the database fails.
    fn discard(&mut self, notification_id: u64) -> impl Future<Output = Result<Option<DeadLetter>, ViewError>> + Send;

    /// Whether a handler ended the transaction, as far as that is known before the commit.
    fn is_ended(&self) -> bool {
        false
    }

    /// Makes the changes last, the position and dead letters with them.
    ///
    /// # Errors
    /// [`ViewError::TransactionEnded`] if a handler ended it; others as the database fails. Whether it was committed is told by the
    /// position.
    fn commit(self) -> impl Future<Output = Result<(), ViewError>> + Send;
}

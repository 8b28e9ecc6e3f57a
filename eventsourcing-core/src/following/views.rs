//! Where views live: what gives transactions in which a view changes and its position moves, both or neither.

use std::error::Error as StdError;

use crate::persistence::{RecorderError, Tracking};

/// Keeps the views of projections, and how far each has processed which log.
///
/// There is one for memory, [`MemoryViews`](super::MemoryViews), and one for each database. The upstream's log may be anywhere else.
pub trait Views: Send + Sync + 'static {
    /// What handlers are given.
    type View: Send;

    /// A transaction that is under way.
    type Transaction: ViewTransaction<View = Self::View>;

    /// Up to which id the projection has processed the upstream's log; 0 if nothing of it.
    ///
    /// # Errors
    /// As the database fails.
    fn position(&self, projection: &str, upstream: &str) -> impl Future<Output = Result<u64, RecorderError>> + Send;

    /// Makes sure that this version of the projection is the one that serves, which it is if none has begun yet.
    ///
    /// If none has begun and it has tables to be made, that is a transaction in which it begins and they are made; otherwise there is
    /// nothing to be done, and it begins with its first event at the latest. The key is that of a [`ProjectionKey`](super::ProjectionKey). Views
    /// that know no versions need not have this.
    ///
    /// # Errors
    /// [`RecorderError::AnotherVersion`] if another version serves; others as the database fails.
    fn serve(
        &self,
        projection: &str,
        has_tables: bool,
    ) -> impl Future<Output = Result<Option<Self::Transaction>, RecorderError>> + Send {
        let _ = (projection, has_tables);
        async { Ok(None) }
    }

    /// Begins a transaction and moves the position in it, from where the tracking begins to where it ends.
    ///
    /// Whoever else wants to move it waits until this one ends, and is then refused.
    ///
    /// # Errors
    /// [`RecorderError::AlreadyProcessed`] if the position is elsewhere; [`RecorderError::AnotherVersion`] if another version of the
    /// projection serves; others as the database fails.
    fn begin(
        &self,
        projection: &str,
        tracking: &Tracking,
    ) -> impl Future<Output = Result<Self::Transaction, RecorderError>> + Send;

    /// Whether what a handler could not do to the view, or one of the errors that it came of, passes by itself: a connection
    /// that was lost, a lock that was not free.
    fn is_passing(&self, error: &(dyn StdError + 'static)) -> bool {
        let _ = error;
        false
    }
}

/// A transaction on a view. Dropped, it is as if it had never been.
pub trait ViewTransaction: Send {
    /// What handlers are given.
    type View: Send;

    /// The view, to change.
    fn view(&mut self) -> &mut Self::View;

    /// Makes the changes last, and the position with them.
    ///
    /// # Errors
    /// As the database fails. Whether it was committed is told by the position.
    fn commit(self) -> impl Future<Output = Result<(), RecorderError>> + Send;
}

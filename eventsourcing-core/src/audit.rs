//! The audit of what operators do: written before an act, with its outcome afterwards.

mod entry;
mod memory;

use futures::future::BoxFuture;

pub use entry::{AuditEntry, AuditRecord};
pub use memory::MemoryAudit;

use crate::projection::ViewError;

/// A durable record of what operators do with tools, such as the explorer: who, when, what, why, and with which outcome.
///
/// A tool writes an entry before it acts, and does not act if the entry cannot be written. It adds the outcome afterwards. An entry without
/// an outcome belongs to an act that is under way, or to a process that ended in it.
///
/// The views of each database implement it with the table `eventsourcing_audit`, and [`MemoryAudit`] is in memory. Any crate may implement
/// it. A later version of this library may add methods, each with a default.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use eventsourcing::audit::{Audit, AuditEntry, MemoryAudit};
///
/// # futures::executor::block_on(async {
/// let audit = MemoryAudit::new();
/// let entry = AuditEntry::new("ada@example.com", "letters:retry", "tax_report from Orders, 3 letters");
/// let id = audit.begin(entry.because("the column was widened".to_owned())).await?;
/// audit.end(id, "3 events were handled".to_owned()).await?;
///
/// let last = audit.entries(u64::MAX, 10).await?.remove(0);
/// assert_eq!((last.entry.operator.as_str(), last.outcome.as_deref()), ("ada@example.com", Some("3 events were handled")));
/// # Ok::<(), eventsourcing::ViewError>(())
/// # }).unwrap();
/// ```
pub trait Audit: Send + Sync + 'static {
    /// Stores an entry without an outcome, and returns its id once it is durable. Later entries have greater ids.
    ///
    /// # Errors
    /// If the database fails. Then nothing may be done.
    fn begin(&self, entry: AuditEntry) -> BoxFuture<'_, Result<u64, ViewError>>;

    /// Stores the outcome of an entry, unless it has one.
    ///
    /// # Errors
    /// If the database fails.
    fn end(&self, id: u64, outcome: String) -> BoxFuture<'_, Result<(), ViewError>>;

    /// At most `limit` entries with ids below `before`, the last one first.
    ///
    /// # Errors
    /// If the database fails.
    fn entries(&self, before: u64, limit: usize) -> BoxFuture<'_, Result<Vec<AuditRecord>, ViewError>>;
}

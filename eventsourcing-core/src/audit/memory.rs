//! An audit in memory.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt as _;
use futures::future::{BoxFuture, ready};

use super::{Audit, AuditEntry, AuditRecord};
use crate::domain::now;
use crate::projection::ViewError;

/// An [`Audit`] in memory, for tests and for tools whose audit nobody needs after the process has ended.
///
/// It keeps the last [`KEPT`](Self::KEPT) entries. A clone is another handle to the same entries.
#[derive(Clone, Debug, Default)]
pub struct MemoryAudit(Arc<Mutex<Entries>>);

#[derive(Debug, Default)]
struct Entries {
    last: u64,
    records: VecDeque<AuditRecord>,
}

impl MemoryAudit {
    /// The number of entries that are kept.
    pub const KEPT: usize = 10_000;

    /// Creates an audit without entries.
    pub fn new() -> Self {
        Self::default()
    }

    fn with<T>(&self, change: impl FnOnce(&mut Entries) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Audit for MemoryAudit {
    fn begin(&self, entry: AuditEntry) -> BoxFuture<'_, Result<u64, ViewError>> {
        let id = self.with(|entries| {
            entries.last += 1;
            if entries.records.len() == Self::KEPT {
                entries.records.pop_front();
            }
            entries.records.push_back(AuditRecord::new(entries.last, entry));
            entries.last
        });
        ready(Ok(id)).boxed()
    }

    fn end(&self, id: u64, outcome: String) -> BoxFuture<'_, Result<(), ViewError>> {
        self.with(|entries| {
            let open = entries.records.iter_mut().find(|record| record.id == id && record.outcome.is_none());
            if let Some(record) = open {
                (record.outcome, record.ended_at) = (Some(outcome), Some(now()));
            }
        });
        ready(Ok(())).boxed()
    }

    fn entries(&self, before: u64, limit: usize) -> BoxFuture<'_, Result<Vec<AuditRecord>, ViewError>> {
        let found = self.with(|entries| {
            let below = entries.records.iter().rev().filter(|record| record.id < before);
            below.take(limit).cloned().collect()
        });
        ready(Ok(found)).boxed()
    }
}

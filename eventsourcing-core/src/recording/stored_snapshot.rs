//! The stored form of snapshots: states of aggregates from which a replay can start.

use std::borrow::Cow;
use std::ops::ControlFlow;
use std::sync::Arc;

use uuid::Uuid;

use super::{EventQuery, RecorderError, StoredEventRef};

/// A snapshot of an aggregate as a recorder stores it.
///
/// It is identified by the aggregate, the version and the fingerprint. A recorder handles only bytes, which the
/// [`Mapper`](crate::codec::Mapper) writes and reads.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredSnapshot {
    /// The id of the aggregate.
    pub originator_id: Uuid,
    /// The version of the aggregate: that of the last event that the state contains, up to `i64::MAX`.
    pub originator_version: u64,
    /// The name of the aggregate's type.
    pub topic: Cow<'static, str>,
    /// The fingerprint of the code that wrote the snapshot. Code with another one cannot use it.
    pub fingerprint: u64,
    /// The state of the aggregate, compressed and encrypted if configured. Clones share it.
    pub state: Arc<[u8]>,
    /// The checksum of the state and its location; `None` if the cipher protects both.
    pub checksum: Option<u32>,
    /// The append id of the event at that version, which anchors the snapshot: it belongs to no other history.
    pub append_id: Uuid,
}

impl StoredSnapshot {
    /// Creates a snapshot without a checksum.
    pub fn new(
        originator_id: Uuid,
        originator_version: u64,
        topic: impl Into<Cow<'static, str>>,
        fingerprint: u64,
        state: impl Into<Arc<[u8]>>,
        append_id: Uuid,
    ) -> Self {
        let (topic, state) = (topic.into(), state.into());
        Self { originator_id, originator_version, topic, fingerprint, state, checksum: None, append_id }
    }

    /// Sets the checksum, if there is one.
    #[must_use]
    pub fn with_checksum(mut self, checksum: impl Into<Option<u32>>) -> Self {
        self.checksum = checksum.into();
        self
    }

    /// Checks the limits that every recorder must enforce, before anything is stored.
    ///
    /// # Errors
    /// [`RecorderError::OutOfRange`] if the version is greater than `i64::MAX`.
    pub fn check(&self) -> Result<(), RecorderError> {
        let (value, max) = (self.originator_version, i64::MAX.unsigned_abs());
        if value > max {
            return Err(RecorderError::OutOfRange { what: "originator version", value, max });
        }
        Ok(())
    }

    /// Borrows the snapshot.
    pub fn as_ref(&self) -> StoredSnapshotRef<'_> {
        let Self { originator_id, originator_version, ref topic, fingerprint, ref state, checksum, append_id } = *self;
        StoredSnapshotRef { originator_id, originator_version, topic, fingerprint, state, checksum, append_id }
    }
}

/// A borrowed snapshot, for instance from a row that was just received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredSnapshotRef<'r> {
    /// See [`StoredSnapshot::originator_id`].
    pub originator_id: Uuid,
    /// See [`StoredSnapshot::originator_version`].
    pub originator_version: u64,
    /// See [`StoredSnapshot::topic`].
    pub topic: &'r str,
    /// See [`StoredSnapshot::fingerprint`].
    pub fingerprint: u64,
    /// See [`StoredSnapshot::state`].
    pub state: &'r [u8],
    /// See [`StoredSnapshot::checksum`].
    pub checksum: Option<u32>,
    /// See [`StoredSnapshot::append_id`].
    pub append_id: Uuid,
}

impl<'r> StoredSnapshotRef<'r> {
    /// Creates a snapshot without a checksum.
    pub const fn new(
        originator_id: Uuid,
        originator_version: u64,
        topic: &'r str,
        fingerprint: u64,
        state: &'r [u8],
        append_id: Uuid,
    ) -> Self {
        Self { originator_id, originator_version, topic, fingerprint, state, checksum: None, append_id }
    }

    /// Sets the checksum, if there is one.
    #[must_use]
    pub fn with_checksum(mut self, checksum: impl Into<Option<u32>>) -> Self {
        self.checksum = checksum.into();
        self
    }

    /// Returns an owned copy.
    pub fn to_owned(&self) -> StoredSnapshot {
        let Self { originator_id, originator_version, topic, fingerprint, state, checksum, append_id } = *self;
        StoredSnapshot::new(originator_id, originator_version, topic.to_owned(), fingerprint, state, append_id)
            .with_checksum(checksum)
    }
}

/// A query for the events of one aggregate, from its last snapshot on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReplayQuery {
    /// The id of the aggregate.
    pub originator_id: Uuid,
    /// The fingerprint of the code that reads the snapshot.
    pub fingerprint: u64,
    /// Only versions up to and including this one.
    pub up_to: Option<u64>,
}

impl ReplayQuery {
    /// Selects the last snapshot of an aggregate, and the events from its version on.
    pub fn of(originator_id: Uuid, fingerprint: u64) -> Self {
        Self { originator_id, fingerprint, up_to: None }
    }

    /// Selects only versions up to and including this one.
    #[must_use]
    pub fn up_to(mut self, version: impl Into<Option<u64>>) -> Self {
        self.up_to = version.into();
        self
    }

    /// Returns the query for the events alone, from this version on.
    pub fn events_from(&self, version: u64) -> EventQuery {
        EventQuery::of(self.originator_id).after(version.checked_sub(1)).up_to(self.up_to)
    }
}

/// What a replay consists of, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReplayItem<'r> {
    /// The last snapshot with the fingerprint of the query. The events from its version on follow, with that of its version.
    Snapshot(StoredSnapshotRef<'r>),
    /// There are only snapshots with other fingerprints. All events follow.
    OtherSnapshot,
    /// An event.
    Event(StoredEventRef<'r>),
}

/// A visitor that receives the items of a replay in order, and returns whether to continue.
pub type ReplayVisitor<'v> = dyn FnMut(ReplayItem<'_>) -> ControlFlow<()> + Send + 'v;

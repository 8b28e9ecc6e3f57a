//! What a recorder keeps: a stored event, and a notification, which is a stored event with its place in the log.

use std::borrow::Cow;
use std::sync::Arc;

use uuid::Uuid;

use super::{Kind, LogPosition, Place};

/// An event as it is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    /// The id of the aggregate.
    pub originator_id: Uuid,
    /// The number of the event in its aggregate: 0 to `i64::MAX`; aggregates count from 1.
    pub originator_version: u64,
    /// The name under which the event can be read, such as `World.Started`: borrowed from the program that records it.
    pub topic: Cow<'static, str>,
    /// The event's JSON, compressed and encrypted if so configured. Clones share it.
    pub state: Arc<[u8]>,
    /// CRC-32 of the state and its place; none where the cipher protects both.
    pub checksum: Option<u32>,
    /// The attempt that recorded it.
    ///
    /// An attempt whose outcome its caller does not know, because it was cancelled or the connection was lost, is repeated
    /// under the same id, and finds its own rows rather than a conflict. A recorder may change the last four bytes:
    /// [`is_same_attempt`](super::is_same_attempt) compares the others.
    pub append_id: Uuid,
}

/// A stored event and its place in the application's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// The place in the log, from 1, without gaps, in the order of commits.
    pub id: u64,
    /// The id of the aggregate.
    pub originator_id: Uuid,
    /// The number of the event in its aggregate.
    pub originator_version: u64,
    /// The name under which the event can be read, such as `World.Started`.
    pub topic: Cow<'static, str>,
    /// The event's JSON, compressed and encrypted if so configured. Clones share it.
    pub state: Arc<[u8]>,
    /// CRC-32 of the state and its place; none where the cipher protects both.
    pub checksum: Option<u32>,
    /// The attempt that recorded it: with the id, a position in this log and no other.
    pub append_id: Uuid,
}

impl StoredEvent {
    /// The notification of this event at a place in the log.
    pub fn into_notification(self, id: u64) -> Notification {
        let Self { originator_id, originator_version, topic, state, checksum, append_id } = self;
        Notification { id, originator_id, originator_version, topic, state, checksum, append_id }
    }
}

impl StoredEvent {
    /// The same, borrowed.
    pub fn as_ref(&self) -> StoredEventRef<'_> {
        let Self { originator_id, originator_version, ref topic, ref state, checksum, append_id } = *self;
        StoredEventRef { originator_id, originator_version, topic, state, checksum, append_id }
    }
}

impl Notification {
    /// The same, borrowed.
    pub fn as_ref(&self) -> NotificationRef<'_> {
        let Self { id, originator_id, originator_version, ref topic, ref state, checksum, append_id } = *self;
        NotificationRef { id, originator_id, originator_version, topic, state, checksum, append_id }
    }

    /// Its position in the log.
    pub fn position(&self) -> LogPosition {
        LogPosition::anchored(self.id, self.append_id)
    }
}

/// A stored event where it stands, for instance in a row that was just received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredEventRef<'r> {
    /// As [`StoredEvent::originator_id`].
    pub originator_id: Uuid,
    /// As [`StoredEvent::originator_version`].
    pub originator_version: u64,
    /// As [`StoredEvent::topic`].
    pub topic: &'r str,
    /// As [`StoredEvent::state`].
    pub state: &'r [u8],
    /// As [`StoredEvent::checksum`].
    pub checksum: Option<u32>,
    /// As [`StoredEvent::append_id`].
    pub append_id: Uuid,
}

/// A notification where it stands, for instance in a row that was just received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotificationRef<'r> {
    /// As [`Notification::id`].
    pub id: u64,
    /// As [`Notification::originator_id`].
    pub originator_id: Uuid,
    /// As [`Notification::originator_version`].
    pub originator_version: u64,
    /// As [`Notification::topic`].
    pub topic: &'r str,
    /// As [`Notification::state`].
    pub state: &'r [u8],
    /// As [`Notification::checksum`].
    pub checksum: Option<u32>,
    /// As [`Notification::append_id`].
    pub append_id: Uuid,
}

impl StoredEventRef<'_> {
    /// A copy that stands by itself.
    pub fn to_owned(&self) -> StoredEvent {
        let Self { originator_id, originator_version, topic, state, checksum, append_id } = *self;
        StoredEvent {
            originator_id,
            originator_version,
            topic: topic.to_owned().into(),
            state: state.into(),
            checksum,
            append_id,
        }
    }

    /// Where the state belongs.
    pub fn place(&self) -> Place<'_> {
        let Self { originator_id, originator_version, topic, .. } = *self;
        Place { kind: Kind::Event, originator_id, originator_version, topic }
    }
}

impl<'r> StoredEventRef<'r> {
    /// The notification of this event at a place in the log.
    pub fn notification(&self, id: u64) -> NotificationRef<'r> {
        let Self { originator_id, originator_version, topic, state, checksum, append_id } = *self;
        NotificationRef { id, originator_id, originator_version, topic, state, checksum, append_id }
    }
}

impl NotificationRef<'_> {
    /// A copy that stands by itself.
    pub fn to_owned(&self) -> Notification {
        let Self { id, originator_id, originator_version, topic, state, checksum, append_id } = *self;
        Notification {
            id,
            originator_id,
            originator_version,
            topic: topic.to_owned().into(),
            state: state.into(),
            checksum,
            append_id,
        }
    }

    /// Where the state belongs.
    pub fn place(&self) -> Place<'_> {
        let Self { originator_id, originator_version, topic, .. } = *self;
        Place { kind: Kind::Event, originator_id, originator_version, topic }
    }
}

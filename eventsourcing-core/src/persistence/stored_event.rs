//! What a recorder keeps: a stored event, and a notification, which is a stored event with its place in the log.

use uuid::Uuid;

/// An event as it is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    /// The id of the aggregate.
    pub originator_id: Uuid,
    /// The number of the event in its aggregate: 0 to `i64::MAX`; aggregates count from 1.
    pub originator_version: u64,
    /// The name under which the event can be read, such as `World.Started`.
    pub topic: String,
    /// The event's JSON, compressed and encrypted if so configured.
    pub state: Vec<u8>,
    /// CRC-32 of the state and its place; none where the cipher protects both.
    pub checksum: Option<u32>,
    /// The attempt that recorded it.
    ///
    /// An attempt whose outcome its caller does not know, because it was cancelled or the connection was lost, is repeated
    /// under the same id, and finds its own rows rather than a conflict.
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
    pub topic: String,
    /// The event's JSON, compressed and encrypted if so configured.
    pub state: Vec<u8>,
    /// CRC-32 of the state and its place; none where the cipher protects both.
    pub checksum: Option<u32>,
}

impl StoredEvent {
    /// The notification of this event at a place in the log.
    pub fn into_notification(self, id: u64) -> Notification {
        let Self { originator_id, originator_version, topic, state, checksum, append_id: _ } = self;
        Notification { id, originator_id, originator_version, topic, state, checksum }
    }
}

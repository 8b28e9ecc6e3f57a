//! The records of a recorder: a stored event, and a notification, which is a stored event with its notification id.

use std::borrow::Cow;
use std::sync::Arc;

use uuid::Uuid;

use super::{LogPosition, StateLocation};

/// An event as a recorder stores it.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use eventsourcing::{StoredEvent, Uuid};
///
/// let state = br#"{"timestamp":"2026-11-23T04:11:04.800139Z","name":"Earth"}"#.to_vec();
/// let event = StoredEvent::new(Uuid::new_v4(), 1, "World.Started", state, Uuid::new_v4()).checksummed();
/// assert_eq!(event.checksum, Some(event.location().checksum(&event.state)));
///
/// let notification = event.clone().into_notification(7);
/// assert_eq!(notification.id, 7);
/// assert_eq!(notification.into_stored_event(), event);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredEvent {
    /// The id of the aggregate.
    pub originator_id: Uuid,
    /// The version of the event in its aggregate: 0 to `i64::MAX`. Aggregates count from 1.
    pub originator_version: u64,
    /// The topic, by which the event is deserialized, such as `World.Started`. It is borrowed from the program that records it.
    pub topic: Cow<'static, str>,
    /// The serialized state: the event's JSON, compressed and encrypted if configured. Clones share it.
    pub state: Arc<[u8]>,
    /// The CRC-32 of the state and its location; `None` if the cipher protects both.
    pub checksum: Option<u32>,
    /// The append id, which identifies the attempt to record the event.
    ///
    /// A caller that does not know the result of an attempt, because it was cancelled or the connection was lost, repeats the attempt
    /// with the same id, which then finds its own rows instead of a conflict. A recorder may change the last four bytes:
    /// [`is_same_attempt`](crate::recording::is_same_attempt) ignores them.
    pub append_id: Uuid,
}

/// A stored event with its notification id in the application's log.
///
/// [`StoredEvent::into_notification`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Notification {
    /// The notification id: the position in the log, from 1, without gaps, in the order of commits.
    pub id: u64,
    /// The id of the aggregate.
    pub originator_id: Uuid,
    /// The version of the event in its aggregate.
    pub originator_version: u64,
    /// The topic, by which the event is deserialized, such as `World.Started`.
    pub topic: Cow<'static, str>,
    /// The serialized state: the event's JSON, compressed and encrypted if configured. Clones share it.
    pub state: Arc<[u8]>,
    /// The CRC-32 of the state and its location; `None` if the cipher protects both.
    pub checksum: Option<u32>,
    /// The append id, which anchors the position: together with the id it identifies the event in this log.
    pub append_id: Uuid,
}

impl StoredEvent {
    /// Creates an event without a checksum.
    #[inline]
    pub fn new(
        originator_id: Uuid,
        originator_version: u64,
        topic: impl Into<Cow<'static, str>>,
        state: impl Into<Arc<[u8]>>,
        append_id: Uuid,
    ) -> Self {
        let (topic, state) = (topic.into(), state.into());
        Self { originator_id, originator_version, topic, state, checksum: None, append_id }
    }

    /// Sets the checksum, if there is one.
    #[inline]
    #[must_use]
    pub fn with_checksum(mut self, checksum: impl Into<Option<u32>>) -> Self {
        self.checksum = checksum.into();
        self
    }

    /// Computes the checksum of the state in its location, as a [`Mapper`](crate::codec::Mapper) without a cipher does.
    #[must_use]
    pub fn checksummed(self) -> Self {
        let checksum = self.location().checksum(&self.state);
        self.with_checksum(checksum)
    }

    /// Returns the location of the state.
    #[inline]
    pub fn location(&self) -> StateLocation<'_> {
        StateLocation::event(self.originator_id, self.originator_version, &self.topic)
    }

    /// Converts the event to a notification with this id.
    #[inline]
    pub fn into_notification(self, id: u64) -> Notification {
        let Self { originator_id, originator_version, topic, state, checksum, append_id } = self;
        Notification { id, originator_id, originator_version, topic, state, checksum, append_id }
    }

    /// Borrows the event.
    #[inline]
    pub fn as_ref(&self) -> StoredEventRef<'_> {
        let Self { originator_id, originator_version, ref topic, ref state, checksum, append_id } = *self;
        StoredEventRef { originator_id, originator_version, topic, state, checksum, append_id }
    }
}

impl Notification {
    /// Converts the notification to the event without its id, for instance to record it in another log.
    #[inline]
    pub fn into_stored_event(self) -> StoredEvent {
        let Self { id: _, originator_id, originator_version, topic, state, checksum, append_id } = self;
        StoredEvent { originator_id, originator_version, topic, state, checksum, append_id }
    }

    /// Returns the location of the state.
    #[inline]
    pub fn location(&self) -> StateLocation<'_> {
        StateLocation::event(self.originator_id, self.originator_version, &self.topic)
    }

    /// Borrows the notification.
    #[inline]
    pub fn as_ref(&self) -> NotificationRef<'_> {
        let Self { id, originator_id, originator_version, ref topic, ref state, checksum, append_id } = *self;
        NotificationRef { id, originator_id, originator_version, topic, state, checksum, append_id }
    }

    /// Returns the anchored position of the notification in the log.
    pub fn position(&self) -> LogPosition {
        LogPosition::anchored(self.id, self.append_id)
    }
}

/// A borrowed stored event, for instance from a row that was just received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredEventRef<'r> {
    /// See [`StoredEvent::originator_id`].
    pub originator_id: Uuid,
    /// See [`StoredEvent::originator_version`].
    pub originator_version: u64,
    /// See [`StoredEvent::topic`].
    pub topic: &'r str,
    /// See [`StoredEvent::state`].
    pub state: &'r [u8],
    /// See [`StoredEvent::checksum`].
    pub checksum: Option<u32>,
    /// See [`StoredEvent::append_id`].
    pub append_id: Uuid,
}

/// A borrowed notification, for instance from a row that was just received.
///
/// [`StoredEventRef::notification`] makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotificationRef<'r> {
    /// See [`Notification::id`].
    pub id: u64,
    /// See [`Notification::originator_id`].
    pub originator_id: Uuid,
    /// See [`Notification::originator_version`].
    pub originator_version: u64,
    /// See [`Notification::topic`].
    pub topic: &'r str,
    /// See [`Notification::state`].
    pub state: &'r [u8],
    /// See [`Notification::checksum`].
    pub checksum: Option<u32>,
    /// See [`Notification::append_id`].
    pub append_id: Uuid,
}

impl StoredEventRef<'_> {
    /// Returns an owned copy.
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

    /// Returns the location of the state.
    #[inline]
    pub fn location(&self) -> StateLocation<'_> {
        StateLocation::event(self.originator_id, self.originator_version, self.topic)
    }
}

impl<'r> StoredEventRef<'r> {
    /// Creates an event without a checksum.
    #[inline]
    pub const fn new(
        originator_id: Uuid,
        originator_version: u64,
        topic: &'r str,
        state: &'r [u8],
        append_id: Uuid,
    ) -> Self {
        Self { originator_id, originator_version, topic, state, checksum: None, append_id }
    }

    /// Sets the checksum, if there is one.
    #[inline]
    #[must_use]
    pub fn with_checksum(mut self, checksum: impl Into<Option<u32>>) -> Self {
        self.checksum = checksum.into();
        self
    }

    /// Returns the notification of this event with this id.
    #[inline]
    pub fn notification(&self, id: u64) -> NotificationRef<'r> {
        let Self { originator_id, originator_version, topic, state, checksum, append_id } = *self;
        NotificationRef { id, originator_id, originator_version, topic, state, checksum, append_id }
    }
}

impl NotificationRef<'_> {
    /// Returns an owned copy.
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

    /// Returns the location of the state.
    #[inline]
    pub fn location(&self) -> StateLocation<'_> {
        StateLocation::event(self.originator_id, self.originator_version, self.topic)
    }
}

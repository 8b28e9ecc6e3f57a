//! The context of an event that a handler receives.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use crate::domain::{CausingEvent, Metadata};
use crate::state::NO_METADATA;

/// The context of an event: where, when and with which metadata it was recorded, and the names of the tables its handler writes to.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use eventsourcing::{EventContext, Timestamp, Uuid};
///
/// // for a test that calls a handler itself
/// let context = EventContext::new("Universe", 7, Uuid::new_v4(), 1, Timestamp::UNIX_EPOCH);
/// assert_eq!(context.table("worlds"), "worlds");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventContext {
    /// The name of the application that recorded it.
    pub upstream: Arc<str>,
    /// The id of its notification in that application's log.
    pub notification_id: u64,
    /// The id of the aggregate.
    pub originator_id: Uuid,
    /// The version of the event in its aggregate, from 1.
    pub originator_version: u64,
    /// The place of the event among the parts of a split event, from 0; 0 for an event that is not split.
    ///
    /// The parts of an event have the same notification id and the same version. Only the place tells them apart.
    pub part: u32,
    /// The time of the event, in microseconds, by the clock of the process that created it.
    pub timestamp: Timestamp,
    pub(super) metadata: Option<Arc<Metadata>>,
    /// The prefix of table names while the view is rebuilt.
    pub(super) prefix: Option<Arc<str>>,
}

impl EventContext {
    /// Creates the context of an event without metadata that is handled for the live version of a view.
    #[inline]
    pub fn new(
        upstream: impl Into<Arc<str>>,
        notification_id: u64,
        originator_id: Uuid,
        originator_version: u64,
        timestamp: Timestamp,
    ) -> Self {
        let upstream = upstream.into();
        Self {
            upstream,
            notification_id,
            originator_id,
            originator_version,
            part: 0,
            timestamp,
            metadata: None,
            prefix: None,
        }
    }

    /// Sets the metadata that the event was recorded with.
    #[must_use]
    pub fn with_metadata(self, metadata: Metadata) -> Self {
        Self { metadata: metadata.shared(), ..self }
    }

    /// The metadata that the event was recorded with. It is empty if there is none.
    pub fn metadata(&self) -> &Metadata {
        self.metadata.as_deref().unwrap_or(&NO_METADATA)
    }

    /// The metadata of what this event causes: the event as its cause, and its correlation id.
    ///
    /// A handler of a policy with `#[on]` runs in a [`scope`](Metadata::scope) of it. Other consumers, and projections that send commands,
    /// begin such a scope themselves.
    ///
    /// # Examples
    ///
    /// ```
    /// # use eventsourcing_core as eventsourcing;
    /// use eventsourcing::{EventContext, Metadata, Timestamp, Uuid};
    ///
    /// let context = EventContext::new("Orders", 7, Uuid::new_v4(), 1, Timestamp::UNIX_EPOCH)
    ///     .with_metadata(Metadata::new().with_correlation_id("request-1").with_actor("ada"));
    /// assert_eq!(context.effect_metadata(), Metadata::new().with_cause("Orders", 7).with_correlation_id("request-1"));
    /// ```
    pub fn effect_metadata(&self) -> Metadata {
        let cause = CausingEvent::new(Arc::clone(&self.upstream), self.notification_id);
        Metadata::of_effects(cause, self.metadata().correlation_id())
    }

    /// The name of this table of the view: unchanged, or with a prefix while the view is rebuilt beside the live version.
    ///
    /// A handler that does not call this would read and write the live tables during a rebuild; that is refused before it is committed.
    pub fn table<'t>(&self, name: &'t str) -> Cow<'t, str> {
        match &self.prefix {
            None => Cow::Borrowed(name),
            Some(prefix) => Cow::Owned(format!("{prefix}{name}")),
        }
    }
}

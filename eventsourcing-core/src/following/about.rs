//! What a handler is told about an event beside the event itself.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

/// Where and when an event was recorded, and in which tables its handler writes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct About {
    /// The name of the application that recorded it.
    pub upstream: Arc<str>,
    /// Its place in that application's log.
    pub notification_id: u64,
    /// The id of the aggregate.
    pub originator_id: Uuid,
    /// The number of the event in its aggregate, from 1.
    pub originator_version: u64,
    /// When it happened, to the microsecond, by the clock of whoever recorded it.
    pub timestamp: Timestamp,
    /// What the names of tables begin with while the view is rebuilt.
    pub(super) prefix: Option<Arc<str>>,
}

impl About {
    /// The name of this table of the view: itself or, while the view is rebuilt beside the one that serves, with a prefix.
    ///
    /// A handler that does not ask would read and write what serves while its view is rebuilt; that is refused before it is committed.
    pub fn table<'t>(&self, name: &'t str) -> Cow<'t, str> {
        match &self.prefix {
            None => Cow::Borrowed(name),
            Some(prefix) => Cow::Owned(format!("{prefix}{name}")),
        }
    }
}
